//! A value that nobody can print, and the place where the configuration says it is kept.
//!
//! This crate stands below everything: the adapters get it through the contract, and the password formats,
//! which know no stores, get it from here. It must not learn to serialise, print or compare a secret with `==`.

mod reference;
mod value;

pub use reference::{LITERAL_REFUSED, Resolved, SecretError, SecretRef};
pub use value::Secret;
