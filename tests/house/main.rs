//! The rules of the house as tests: which way dependencies point, who may name whom, what each folder holds, how long
//! a file may be. They read the sources and `cargo metadata`, run nothing, and each failure says what to do.
//!
//! A rule that stands in the way is changed here, on purpose and in a commit of its own, never worked around.
#![cfg(test)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "it reads our own sources: what would panic is a failed test"
)]

mod crates;
mod documents;
mod files;
mod floors;
mod sources;
