//! The digest expressions: `sha1(salt . sha1(salt . sha1(pass)))`, one line that says how a password becomes the bytes
//! that are compared.
//!
//! An expression has up to three stages: what is done to the password, a key derivation, and what is done to its
//! result. It is parsed once, into a tree with bounded length, depth and number of steps, and evaluates without
//! panicking. The grammar is in `docs/password-schemes.md`.

mod charset;
mod evaluate;
mod functions;
mod lexer;
mod node;
mod parser;

pub(crate) use evaluate::{Inputs, NoValue};
pub(crate) use node::{Number, Stage, Stored};

use crate::scheme::Strength;
use node::{Input, Node};
use std::cmp::Ordering;
use std::fmt;
use zeroize::Zeroizing;

/// The longest expression, in bytes. The longest of the catalogue has 150.
pub(crate) const EXPRESSION_BYTES_MAX: usize = 1024;

/// A parsed expression. Two are the same when their text is.
pub(crate) struct Expression {
    text: String,
    /// Before the derivation; all there is where there is none.
    before: Node,
    stage: Stage,
    /// After the derivation, with its result as `derived`.
    after: Option<Node>,
}

impl Expression {
    /// Parses an expression in which `pass` stands for the password's bytes.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Self::parse_with(text, "pass")
    }

    /// Parses an expression whose `pass` is itself an expression: `utf16le(trim(pass))`.
    pub(crate) fn parse_with(text: &str, password: &str) -> Result<Self, String> {
        let (before, stage, after) = parser::parse(text, password)?;
        let text =
            if password == "pass" { text.to_owned() } else { format!("{text} where pass is {password}") };
        Ok(Self { text, before, stage, after })
    }

    /// The password as it is.
    pub(crate) fn pass() -> Self {
        Self { text: "pass".to_owned(), before: Node::Input(Input::Pass), stage: Stage::None, after: None }
    }

    pub(crate) fn stage(&self) -> &Stage {
        &self.stage
    }

    /// What goes into the derivation; without a derivation, the digest.
    pub(crate) fn before(&self, inputs: &Inputs<'_>) -> Result<Zeroizing<Vec<u8>>, NoValue> {
        evaluate::evaluate(&self.before, inputs)
    }

    /// The salt as the derivation takes it.
    pub(crate) fn salt(&self, inputs: &Inputs<'_>) -> Result<Zeroizing<Vec<u8>>, NoValue> {
        match self.stage.salt() {
            Some(salt) => evaluate::evaluate(salt, inputs),
            None => Ok(Zeroizing::new(inputs.salt.to_vec())),
        }
    }

    /// Whether something is done to the derivation's result.
    pub(crate) fn has_after(&self) -> bool {
        self.after.is_some()
    }

    /// The digest from the derivation's result.
    pub(crate) fn after(&self, inputs: &Inputs<'_>) -> Result<Zeroizing<Vec<u8>>, NoValue> {
        match &self.after {
            Some(after) => evaluate::evaluate(after, inputs),
            None => Ok(Zeroizing::new(inputs.derived.to_vec())),
        }
    }

    /// The number of bytes that the expression makes of an empty password; `None` where the derivation's stored digest
    /// decides.
    pub(crate) fn len(&self) -> Option<usize> {
        let mut inputs = Inputs { rounds: 1, brief: true, ..Inputs::default() };
        if matches!(self.stage, Stage::None) {
            let len = |pass| self.before(&Inputs { pass, ..inputs }).ok().map(|bytes| bytes.len());
            return len(b"").filter(|empty| len(b"x") == Some(*empty));
        }
        let derived = vec![0; self.stage.len().unwrap_or(0)];
        inputs.derived = &derived;
        match &self.after {
            Some(_) => self.after(&inputs).ok().map(|bytes| bytes.len()),
            None => self.stage.len(),
        }
    }

    /// Whether what is compared is text: a digest's spelling, or a part of it.
    pub(crate) fn makes_text(&self) -> bool {
        match (&self.after, &self.stage) {
            (Some(after), _) => after.is_text(),
            (None, Stage::None) => self.before.is_text(),
            (None, _) => false,
        }
    }

    /// As it is written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn uses_salt(&self) -> bool {
        self.uses(&Input::Salt)
    }

    pub(crate) fn uses_column(&self) -> bool {
        self.uses(&Input::Column)
    }

    pub(crate) fn uses_user(&self) -> bool {
        self.uses(&Input::User)
    }

    /// Whether it can't be computed without a configured key.
    pub(crate) fn needs_key(&self) -> bool {
        self.uses(&Input::Key)
    }

    /// Whether a configured key goes in, needed or not.
    pub(crate) fn takes_key(&self) -> bool {
        self.uses(&Input::Key) || self.uses(&Input::Pepper)
    }

    /// How many rounds it repeats, where it does: a number of its own, or the stored one.
    pub(crate) fn repeats(&self) -> Option<Number> {
        self.nodes().find_map(Node::repeats)
    }

    /// Whether the stored value tells the password: nothing one-way is done to it.
    pub(crate) fn is_reversible(&self) -> bool {
        matches!(self.stage, Stage::None) && !self.before.is_one_way()
    }

    /// Weak: no key derivation, and fewer than a thousand rounds.
    pub(crate) fn strength(&self) -> Strength {
        let few = match self.repeats() {
            Some(Number::Fixed(rounds)) => rounds < 999,
            Some(Number::Stored { .. }) => false,
            None => true,
        };
        Strength::of(matches!(self.stage, Stage::None) && few)
    }

    /// Whether the derivation takes a digest in, so that cutting it leaves no part of the password out.
    pub(crate) fn digests_first(&self) -> bool {
        self.before.is_one_way() || self.before.fits_bcrypt()
    }

    fn uses(&self, input: &Input) -> bool {
        self.nodes().any(|node| node.uses(input))
    }

    fn nodes(&self) -> impl Iterator<Item = &Node> {
        std::iter::once(&self.before).chain(self.stage.salt()).chain(self.after.as_ref())
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

impl PartialOrd for Expression {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Expression {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
