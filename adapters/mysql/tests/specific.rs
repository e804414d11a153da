//! What is MySQL's and MariaDB's own: their types, their collations, their sessions, their faults, the ways to reach
//! them. Against the real servers that `tests/run` starts; without them every test fails and says so.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "counts and packets of a test: small, and a slip is a failure"
)]

#[path = "specific/binding.rs"]
mod binding;
#[path = "specific/checks.rs"]
mod checks;
#[path = "specific/faults.rs"]
mod faults;
#[path = "specific/injection.rs"]
mod injection;
#[path = "specific/load.rs"]
mod load;
#[path = "specific/peer.rs"]
mod peer;
#[path = "specific/rogue.rs"]
mod rogue;
#[path = "specific/sharing.rs"]
mod sharing;
#[path = "specific/types.rs"]
mod types;
#[path = "specific/ways.rs"]
mod ways;
#[path = "specific/writes.rs"]
mod writes;

mod server;
