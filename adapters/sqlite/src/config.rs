//! The adapter's part of `[stores.sqlite.NAME]`, and what can be said of it without opening the file.

use idstore_contract::{Problem, Surroundings};
use idstore_sql::{Dialect, Hints, StatementsConfig, Uniqueness};
use serde::Deserialize;
use std::path::PathBuf;

/// The longest time that another program's lock may be waited for, in milliseconds: no request lives longer.
const BUSY_TIMEOUT_MAX_MS: u32 = 60_000;

/// `[stores.sqlite.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The database file. It must exist: a store is never made by asking it.
    pub path: PathBuf,
    /// How long a lock that another program holds on the file is waited for, in milliseconds; never past a call's
    /// deadline.
    #[serde(default = "busy_timeout_ms")]
    pub busy_timeout_ms: u32,
    /// What keeps two accounts from having the same identifier.
    #[serde(default)]
    pub uniqueness: Uniqueness,
    /// What is said when the database shows something that the configuration leaves unused; presets have some.
    #[serde(default)]
    pub hints: Hints,
    /// The statements.
    #[serde(default)]
    pub statements: StatementsConfig,
}

fn busy_timeout_ms() -> u32 {
    2_000
}

impl Config {
    /// What is wrong, or worth knowing. Pure.
    pub fn check(&self, around: &Surroundings) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.path.as_os_str().is_empty() {
            problems.push(Problem::error("path", "the path is empty"));
        } else if self.path.as_os_str() == ":memory:" {
            problems
                .push(Problem::error("path", "this would be an empty database of its own for each session"));
        } else if self.path.is_relative() {
            let message = "the path is relative: what it means depends on where the daemon is started";
            problems.push(Problem::warning("path", message));
        }
        if self.busy_timeout_ms > BUSY_TIMEOUT_MAX_MS {
            let message = format!("at most {BUSY_TIMEOUT_MAX_MS}");
            problems.push(Problem::error("busy_timeout_ms", message));
        }
        problems.extend(self.statements.check(Dialect::Sqlite, around));
        problems
    }
}
