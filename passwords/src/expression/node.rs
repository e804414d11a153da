//! The tree of an expression.

use super::functions::Function;
use crate::kdf::Algorithm;

/// A part of an expression: something that evaluates to bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Input(Input),
    Literal(Vec<u8>),
    Join(Vec<Node>),
    Digest(Algorithm, Box<Node>),
    Hmac {
        algorithm: Algorithm,
        key: Box<Node>,
        message: Box<Node>,
    },
    Apply(Function, Box<Node>),
    /// AES-256 in counter mode, the counter from zero, over the second with the key in the first.
    Aes(Box<Node>, Box<Node>),
    /// The second taken over again for as many bytes as the first says.
    Fill(usize, Box<Node>),
    Slice {
        of: Box<Node>,
        from: usize,
        count: usize,
    },
    Repeat {
        start: Box<Node>,
        count: Number,
        step: Box<Node>,
    },
}

/// What comes from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Pass,
    Salt,
    User,
    /// The configured key; there must be one.
    Key,
    /// The configured key, or nothing.
    Pepper,
    /// What stands in the salt's column beside a stored text with a salt of its own.
    Column,
    /// The value that a repetition goes on from.
    It,
    /// What the key derivation made.
    Derived,
}

/// A number that stands in the expression, or in the stored value under this name, and what is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Fixed(u32),
    Stored { name: Stored, more: i32 },
}

/// The numbers that a stored value can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Rounds,
    /// scrypt's N as a power of two.
    LogN,
    N,
    R,
    P,
}

/// The key derivation of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    None,
    /// The one that stands in the stored value, of this kind: `bcrypt`, `argon2`, `crypt`.
    Own {
        name: String,
        salt: Option<Node>,
    },
    Pbkdf2 {
        algorithm: Algorithm,
        salt: Node,
        rounds: Number,
        len: Option<usize>,
    },
    /// Argon2id of version 19; twice, once more of the digest in hex.
    Argon2 {
        twice: bool,
        salt: Node,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        len: usize,
    },
    Scrypt {
        salt: Node,
        n: Number,
        r: Number,
        p: Number,
        len: Option<usize>,
    },
}

impl Stage {
    pub(super) fn salt(&self) -> Option<&Node> {
        match self {
            Self::None => None,
            Self::Own { salt, .. } => salt.as_ref(),
            Self::Pbkdf2 { salt, .. } | Self::Argon2 { salt, .. } | Self::Scrypt { salt, .. } => Some(salt),
        }
    }

    /// The number of bytes that are derived, where the expression says so.
    pub(crate) fn len(&self) -> Option<usize> {
        match self {
            Self::None | Self::Own { .. } => None,
            Self::Pbkdf2 { algorithm, len, .. } => Some(len.unwrap_or(algorithm.len())),
            Self::Argon2 { len, .. } => Some(*len),
            Self::Scrypt { len, .. } => Some(len.unwrap_or(32)),
        }
    }
}

impl Node {
    /// Whether the bytes are a digest's own, which stand in hex wherever text is meant.
    pub(super) fn is_raw(&self, it_is_raw: bool) -> bool {
        match self {
            Self::Digest(..) | Self::Hmac { .. } | Self::Input(Input::Derived) => true,
            Self::Input(Input::It) => it_is_raw,
            Self::Apply(function, _) => function.makes_digest(),
            Self::Repeat { start, .. } => start.is_raw(false),
            _ => false,
        }
    }

    /// Whether the bytes are a spelling of others, or a part of one: text as it is stored.
    pub(super) fn is_text(&self) -> bool {
        match self {
            Self::Apply(function, _) => function.makes_text(),
            Self::Slice { of, .. } | Self::Fill(_, of) => of.is_text(),
            Self::Repeat { step, .. } => step.is_text(),
            Self::Join(parts) => parts.iter().any(Self::is_text),
            _ => false,
        }
    }

    /// Whether guessing is the only way back.
    pub(super) fn is_one_way(&self) -> bool {
        match self {
            Self::Digest(..) | Self::Hmac { .. } => true,
            Self::Apply(function, of) => function.makes_digest() || of.is_one_way(),
            Self::Slice { of, .. } | Self::Fill(_, of) => of.is_one_way(),
            Self::Repeat { start, step, .. } => start.is_one_way() || step.is_one_way(),
            Self::Join(parts) => parts.iter().all(Self::is_one_way),
            _ => false,
        }
    }

    pub(super) fn fits_bcrypt(&self) -> bool {
        matches!(self, Self::Apply(Function::FitBcrypt, _))
    }

    pub(super) fn uses(&self, input: &Input) -> bool {
        match self {
            Self::Input(own) => own == input,
            _ => self.children().into_iter().any(|child| child.uses(input)),
        }
    }

    pub(super) fn repeats(&self) -> Option<Number> {
        match self {
            Self::Repeat { count, .. } => Some(*count),
            _ => self.children().into_iter().find_map(Self::repeats),
        }
    }

    fn children(&self) -> Vec<&Self> {
        match self {
            Self::Input(_) | Self::Literal(_) => Vec::new(),
            Self::Join(parts) => parts.iter().collect(),
            Self::Digest(_, of) | Self::Apply(_, of) | Self::Fill(_, of) | Self::Slice { of, .. } => vec![of],
            Self::Hmac { key: one, message: other, .. }
            | Self::Aes(one, other)
            | Self::Repeat { start: one, step: other, .. } => vec![one, other],
        }
    }
}
