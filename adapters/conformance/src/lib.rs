//! The suite that every adapter passes.
//!
//! An adapter's `tests/conformance.rs` (`harness = false`) describes its fixtures and hands them to [`run`]:
//!
//! ```no_run
//! use idstore_conformance::{Fixture, run};
//! use std::process::ExitCode;
//!
//! fn prove(sqlite: &'static dyn Fixture) -> ExitCode {
//!     run(&[sqlite])
//! }
//! ```
//!
//! Every test opens its own store and is named after its fixture, `postgres-tls/find/…`. A fixture that can't open
//! fails, and so does a run without fixtures: this suite is never green with nothing run.
//!
//! It uses the types of the contract and nothing of any adapter, and it must not learn of one.

pub mod ask;
mod capture;
mod cases;
mod expect;
mod fixture;
mod gate;
mod method;
pub mod process;
pub mod sql;
mod world;

pub use fixture::{
    Backdoor, ELSEWHERE, Fault, Fixture, HOME, Key, Later, Offers, Opened, PARAMETER, Row, Sabotage, Scope,
    Setup, Uniqueness,
};
pub use gate::{Gate, Mode, Target};

use cases::Case;
use libtest_mimic::{Arguments, Failed, Trial};
use std::process::ExitCode;
use std::time::Duration;
use world::World;

/// How long one case may take, a busy machine included. A store that hangs fails its case and not the run.
const CASE_MAX: Duration = Duration::from_secs(90);

/// Runs every case that applies on every fixture, with the arguments of the command line, as test programs do.
pub fn run(fixtures: &[&'static dyn Fixture]) -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), trials(fixtures)).exit_code()
}

/// The names of the cases that apply to a fixture, without the fixture's own.
pub fn case_names(fixture: &dyn Fixture) -> Vec<String> {
    cases::all(&fixture.scope()).into_iter().map(|case| case.name).collect()
}

/// Runs one case on a fixture and answers what it found. For tests of the suite itself.
pub fn try_case(fixture: &dyn Fixture, name: &str) -> Result<(), String> {
    let case = cases::all(&fixture.scope()).into_iter().find(|case| case.name == name);
    attempt(fixture, case.ok_or_else(|| format!("no case is called {name}"))?)
}

fn trials(fixtures: &[&'static dyn Fixture]) -> Vec<Trial> {
    if fixtures.is_empty() {
        let none = || Err("no fixture was given, so nothing was tested".into());
        return vec![Trial::test("there_is_a_fixture", none)];
    }
    let of = |fixture: &&'static dyn Fixture| {
        let fixture = *fixture;
        cases::all(&fixture.scope()).into_iter().map(move |case| {
            Trial::test(format!("{}/{}", fixture.name(), case.name), move || {
                attempt(fixture, case).map_err(Failed::from)
            })
        })
    };
    fixtures.iter().flat_map(of).collect()
}

/// One case, on a store and a runtime of its own.
fn attempt(fixture: &dyn Fixture, case: Case) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let trial = async {
        let world = World::open(fixture, case.setup).await?;
        let outcome = (case.run)(&world).await;
        outcome.and(world.close().await)
    };
    let ended = runtime.block_on(async { tokio::time::timeout(CASE_MAX, trial).await });
    // What a frozen store left behind is not waited for.
    runtime.shutdown_background();
    ended.unwrap_or_else(|_| Err(format!("the case did not end within {CASE_MAX:?}")))
}
