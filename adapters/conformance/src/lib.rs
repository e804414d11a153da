//! The suite that every adapter passes.
//!
//! An adapter's `tests/conformance.rs` (`harness = false`) describes its fixtures and hands them to [`run`]:
//!
//! ```no_run
//! # struct Sqlite;
//! # impl idstore_conformance::Fixture for Sqlite {
//! #     fn name(&self) -> &'static str { "sqlite" }
//! #     fn scope(&self) -> idstore_conformance::Scope { unimplemented!() }
//! #     fn open<'a>(&'a self, _: &'a idstore_conformance::Setup)
//! #         -> idstore_conformance::Later<'a, Result<idstore_conformance::Opened, String>> { unimplemented!() }
//! # }
//! fn main() -> std::process::ExitCode {
//!     idstore_conformance::run(&[&Sqlite])
//! }
//! ```
//!
//! Every test opens its own store and is named after its fixture, `postgres-tls/find/…`. A fixture that can't open
//! fails, and so does a run without fixtures: this suite is never green with nothing run.
//!
//! It uses the types of the contract and nothing of any adapter, and it must not learn of one.

mod fixture;
mod gate;
pub mod sql;

pub use fixture::{
    Backdoor, ELSEWHERE, Fault, Fixture, HOME, Key, Later, Offers, Opened, PARAMETER, Row, Sabotage, Scope,
    Setup, Uniqueness,
};
pub use gate::{Gate, Mode, Target};

use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

/// Runs every case that applies on every fixture, with the arguments of the command line, as test programs do.
pub fn run(fixtures: &[&'static dyn Fixture]) -> ExitCode {
    let mut trials = Vec::new();
    if fixtures.is_empty() {
        trials.push(Trial::test("there_is_a_fixture", || {
            Err("no fixture was given, so nothing was tested".into())
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
