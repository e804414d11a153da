//! SQLite under the suite: a file of its own for each test.

mod file;

use file::{Behind, File};
use idstore_conformance::sql::{self, Dialect, SqlBackdoor};
use idstore_conformance::{Fault, Fixture, Key, Later, Opened, Scope, Setup, Uniqueness, run};
use idstore_contract::{IdentifierKind, PasswordCheck, PasswordWrite};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    run(&[&Way::Rollback, &Way::Wal])
}

/// How the file keeps what is not committed yet.
#[derive(Clone, Copy)]
enum Way {
    Rollback,
    Wal,
}

impl Fixture for Way {
    fn name(&self) -> &'static str {
        match self {
            Self::Rollback => "sqlite",
            Self::Wal => "sqlite-wal",
        }
    }

    fn scope(&self) -> Scope {
        Scope {
            identifiers: &IdentifierKind::ALL,
            password_check: PasswordCheck::ByProxy,
            password_write: PasswordWrite::Hashed,
            abilities: sql::abilities(),
            keys: &[Key::Integer, Key::Uuid, Key::Text],
            uniqueness: &[Uniqueness::Constraint, Uniqueness::Lock],
            isolates: true,
            without_mandatory: Some(|new| new.profile.family_name = None),
            organization: None,
            // A file refuses when it is away, and stalls when another program has locked it; in a WAL nobody can.
            faults: match self {
                Self::Rollback => &[Fault::Refused, Fault::Frozen, Fault::StatementBroken],
                Self::Wal => &[Fault::StatementBroken],
            },
            sabotages: sql::SABOTAGES,
            sessions_max: None,
            settles_within: Duration::ZERO,
        }
    }

    fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, Result<Opened, String>> {
        Box::pin(async move {
            let file = File::create()?;
            let behind = Behind::open(&file)?;
            if let Self::Wal = self {
                behind.batch("PRAGMA journal_mode = WAL")?;
            }
            behind.batch(&sql::tables(Dialect::Sqlite, setup))?;
            let uniqueness = sql::uniqueness(setup);
            Ok(Opened {
                store: file.open(&sql::statements(setup), uniqueness, PasswordWrite::Hashed)?,
                backdoor: Box::new(SqlBackdoor { sql: behind, key: setup.key }),
                gate: None,
                keep: Box::new(file),
            })
        })
    }
}
