//! What is MySQL's and MariaDB's own: their types, their collations, their sessions, their faults, the ways to reach
//! them. Against the real servers that `tests/run` starts; without them every test fails and says so.

#[path = "specific/binding.rs"]
mod binding;
#[path = "specific/checks.rs"]
mod checks;
#[path = "specific/faults.rs"]
mod faults;
#[path = "specific/injection.rs"]
mod injection;
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
