//! SQLite under the suite: a file of its own for each test.

mod file;

use file::{Behind, File};
use idstore_conformance::sql::{self, Dialect, SqlBackdoor};
use idstore_conformance::{Fault, Fixture, Key, Later, Opened, Scope, Setup, Uniqueness, run};
use idstore_contract::{IdentifierKind, PasswordCheck, PasswordWrite};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    run(&[&Way::Rollback, &Way::Wal, &Way::Salted, &Way::ByStore])
}

/// How the file keeps what is not committed yet, and how it keeps passwords.
#[derive(Clone, Copy)]
enum Way {
    Rollback,
    Wal,
    /// Salts in a column of their own.
    Salted,
    /// Passwords in clear, which a statement compares.
    ByStore,
}

impl Way {
    fn passwords(self) -> PasswordWrite {
        match self {
            Self::Rollback | Self::Wal => PasswordWrite::Hashed,
            Self::Salted => PasswordWrite::HashedWithSalt,
            Self::ByStore => PasswordWrite::ByStore,
        }
    }
}

impl Fixture for Way {
    fn name(&self) -> &'static str {
        match self {
            Self::Rollback => "sqlite",
            Self::Wal => "sqlite-wal",
            Self::Salted => "sqlite-salted",
            Self::ByStore => "sqlite-by-store",
        }
    }

    fn scope(&self) -> Scope {
        Scope {
            identifiers: &IdentifierKind::ALL,
            password_check: match self {
                Self::ByStore => PasswordCheck::ByStore,
                Self::Rollback | Self::Wal | Self::Salted => PasswordCheck::ByProxy,
            },
            password_write: self.passwords(),
            abilities: sql::abilities(self.passwords()),
            keys: &[Key::Integer, Key::Uuid, Key::Text],
            uniqueness: &[Uniqueness::Constraint, Uniqueness::Lock],
            isolates: true,
            without_mandatory: Some(|new| new.profile.family_name = None),
            organization: Some(sql::ORGANIZATION),
            // A file refuses when it is away, and stalls when another program has locked it; in a WAL nobody can.
            faults: match self {
                Self::Rollback | Self::Salted | Self::ByStore => {
                    &[Fault::Refused, Fault::Frozen, Fault::StatementBroken]
                }
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
                store: file.open(
                    &sql::statements_for(Dialect::Sqlite, setup, self.passwords()),
                    uniqueness,
                    self.passwords(),
                )?,
                backdoor: Box::new(SqlBackdoor { sql: behind, key: setup.key }),
                gate: None,
                keep: Box::new(file),
            })
        })
    }
}
