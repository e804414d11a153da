//! The built daemon, spoken to as platforms and operators do.
//!
//! Each test starts a daemon of its own on free ports. Passwords and tokens hold the word CANARY, and `tests/run` looks
//! for it in everything that the daemons of the whole run wrote.
#![cfg(test)]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::similar_names,
    reason = "a configuration and a count of a test: small, and an overflow is a failure"
)]

mod api;
mod by_store;
mod callers;
mod commands;
mod daemon;
mod database;
mod directories;
mod django;
mod formats;
mod generic;
mod imports;
mod input;
mod invites;
mod lifecycle;
mod mistakes;
mod mysql;
mod organization_needs;
mod organizations;
mod outages;
mod pages;
mod parameters;
mod profiles;
mod readme;
mod refusals;
mod rehashes;
mod rogues;
mod stores;
mod timing;
mod tries;
mod users;
mod writes;
