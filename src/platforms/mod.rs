//! Wire dialects: bytes to an action's request, and an action's answer to bytes. Decoding and encoding only; what is
//! decided, is decided in `actions/`.

pub mod json;
pub mod native;

/// What is wrong with a request's body: a JSON pointer (RFC 6901) and a sentence. Never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where; empty: the whole body.
    pub pointer: String,
    /// What.
    pub detail: &'static str,
}

impl Malformed {
    /// Something wrong at a place.
    pub fn at(pointer: impl Into<String>, detail: &'static str) -> Self {
        Self { pointer: pointer.into(), detail }
    }
}
