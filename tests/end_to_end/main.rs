//! The built daemon, spoken to as platforms and operators do.
//!
//! Each test starts a daemon of its own on free ports. Passwords and tokens hold the word CANARY, and `tests/run` looks
//! for it in everything that the daemons of the whole run wrote.
#![cfg(test)]

mod api;
mod callers;
mod daemon;
mod database;
mod django;
mod input;
mod lifecycle;
mod outages;
mod stores;
mod users;
