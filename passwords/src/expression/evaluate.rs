//! A tree to bytes.

use super::node::{Input, Node, Number};
use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use zeroize::Zeroizing;

/// The longest value on the way, in bytes: many times what the longest password makes in the widest spelling.
const VALUE_BYTES_MAX: usize = 1 << 16;

/// What goes into an expression.
#[derive(Clone, Copy, Default)]
pub(crate) struct Inputs<'a> {
    pub(crate) pass: &'a [u8],
    pub(crate) salt: &'a [u8],
    pub(crate) user: &'a [u8],
    /// The configured key; empty where there is none.
    pub(crate) key: &'a [u8],
    /// What stands in the salt's column, where the stored text has a salt of its own.
    pub(crate) column: &'a [u8],
    /// The key derivation's result, in what stands around it.
    pub(crate) derived: &'a [u8],
    /// The number of rounds of the stored value.
    pub(crate) rounds: u32,
    /// For the length of the result alone: a round stands for all.
    pub(crate) brief: bool,
}

/// The password has no form in the charset, or no preparation, that the expression asks for: it can't be the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoValue;

type Value = Zeroizing<Vec<u8>>;

pub(super) fn evaluate(node: &Node, inputs: &Inputs<'_>) -> Result<Value, NoValue> {
    value(node, inputs, &[])
}

fn value(node: &Node, inputs: &Inputs<'_>, it: &[u8]) -> Result<Value, NoValue> {
    let value = match node {
        Node::Input(input) => Zeroizing::new(input_bytes(input, inputs, it).to_vec()),
        Node::Literal(bytes) => Zeroizing::new(bytes.clone()),
        Node::Join(parts) => join(parts, inputs, it)?,
        Node::Digest(algorithm, of) => algorithm.hash(&[&value(of, inputs, it)?]),
        Node::Hmac { algorithm, key, message } => {
            algorithm.hmac(&value(key, inputs, it)?, &value(message, inputs, it)?)
        }
        Node::Apply(function, of) => function.apply(value(of, inputs, it)?).ok_or(NoValue)?,
        Node::Aes(key, data) => aes256_ctr(&value(key, inputs, it)?, value(data, inputs, it)?)?,
        Node::Fill(count, of) => fill(*count, &value(of, inputs, it)?),
        Node::Slice { of, from, count } => {
            let whole = value(of, inputs, it)?;
            Zeroizing::new(whole.iter().skip(*from).take(*count).copied().collect())
        }
        Node::Repeat { start, count, step } => repeat(start, *count, step, inputs)?,
    };
    if value.len() > VALUE_BYTES_MAX { Err(NoValue) } else { Ok(value) }
}

fn input_bytes<'a>(input: &Input, inputs: &Inputs<'a>, it: &'a [u8]) -> &'a [u8] {
    match input {
        Input::Pass => inputs.pass,
        Input::Salt => inputs.salt,
        Input::User => inputs.user,
        Input::Key | Input::Pepper => inputs.key,
        Input::Column => inputs.column,
        Input::It => it,
        Input::Derived => inputs.derived,
    }
}

fn join(parts: &[Node], inputs: &Inputs<'_>, it: &[u8]) -> Result<Value, NoValue> {
    let values = parts.iter().map(|part| value(part, inputs, it)).collect::<Result<Vec<_>, _>>()?;
    // One allocation, so that no copy is left behind unwiped.
    let mut joined = Zeroizing::new(Vec::with_capacity(values.iter().map(|value| value.len()).sum()));
    for value in &values {
        joined.extend_from_slice(value);
    }
    Ok(joined)
}

fn repeat(start: &Node, count: Number, step: &Node, inputs: &Inputs<'_>) -> Result<Value, NoValue> {
    let rounds = match count {
        Number::Fixed(rounds) => rounds,
        Number::Stored { more, .. } => inputs.rounds.saturating_add_signed(more),
    };
    let rounds = if inputs.brief { rounds.min(1) } else { rounds };
    let mut it = value(start, inputs, &[])?;
    for _ in 0..rounds {
        it = value(step, inputs, &it)?;
    }
    Ok(it)
}

fn fill(count: usize, of: &[u8]) -> Value {
    Zeroizing::new(of.iter().copied().cycle().take(count).collect())
}

fn aes256_ctr(key: &[u8], mut data: Value) -> Result<Value, NoValue> {
    let mut cipher = ctr::Ctr128BE::<aes::Aes256>::new_from_slices(key, &[0; 16]).map_err(|_| NoValue)?;
    cipher.apply_keystream(&mut data);
    Ok(data)
}
