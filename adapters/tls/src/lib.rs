//! TLS with a store's server, and the words for a server that can't be reached.
//!
//! Adapters whose server is somewhere in a network share it, so that `verify-full` means one thing in all of them.

mod client;
mod keys;
mod reason;
mod verifier;

pub use client::verifying;
pub use keys::{Reach, Tls, TlsKeys};
pub use reason::{handshake_reason, way_reason};
