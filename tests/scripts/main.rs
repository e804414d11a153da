//! What `scripts auth0` writes, run in Node in a sandbox that offers what Auth0's does and nothing else: against the
//! running daemon, and against everything that may answer in its place.
#![cfg(test)]
#![allow(clippy::arithmetic_side_effects, reason = "counts of a test: small, and an overflow is a failure")]

mod action;
mod cells;
mod command;
#[path = "../end_to_end/daemon.rs"]
#[allow(dead_code, reason = "shared with the end-to-end tests, which use all of it")]
mod daemon;
#[path = "../end_to_end/database/mod.rs"]
#[allow(dead_code, reason = "shared with the end-to-end tests, which use all of it")]
mod database;
mod deployed;
mod impostors;
mod sandbox;
mod sequences;
mod trial;
