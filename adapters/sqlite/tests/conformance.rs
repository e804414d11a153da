//! The conformance suite over SQLite files, with each of the two kinds of journal.

use idstore_conformance::sql::{self, Dialect, Sql, SqlBackdoor, TextRows};
use idstore_conformance::{Fault, Fixture, Key, Later, Opened, PARAMETER, Scope, Setup, Uniqueness, run};
use idstore_contract::{ConnectionParameters, IdentifierKind, PasswordCheck, PasswordWrite, Surroundings};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

fn main() -> ExitCode {
    run(&[
        &Sqlite { name: "sqlite", journal: "DELETE", faults: &[Fault::Frozen, Fault::StatementBroken] },
        // Beside this journal another program's writes stop no reader, so there is nothing that freezes one.
        &Sqlite { name: "sqlite-wal", journal: "WAL", faults: &[Fault::StatementBroken] },
    ])
}

struct Sqlite {
    name: &'static str,
    journal: &'static str,
    faults: &'static [Fault],
}

impl Fixture for Sqlite {
    fn name(&self) -> &'static str {
        self.name
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
            faults: self.faults,
            sabotages: sql::SABOTAGES,
            sessions_max: None,
            settles_within: Duration::ZERO,
        }
    }

    fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, Result<Opened, String>> {
        Box::pin(async move {
            let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
            let path = folder.path().join("users.db");
            let file = File(Mutex::new(Connection::open(&path).map_err(|error| error.to_string())?));
            file.query(&format!("PRAGMA journal_mode = {}", self.journal)).await?;
            file.execute(&sql::tables(Dialect::Sqlite, setup)).await?;
            let config = serde_json::from_value(serde_json::json!({
                "path": path,
                "uniqueness": sql::uniqueness(setup),
                "statements": sql::statements(setup),
            }));
            let store = idstore_sqlite::open(config.map_err(|error| error.to_string())?, &surroundings())
                .map_err(|problems| format!("{problems:?}"))?;
            let backdoor = Box::new(SqlBackdoor { sql: file, key: setup.key });
            Ok(Opened { store, backdoor, gate: None, keep: Box::new(folder) })
        })
    }
}

fn surroundings() -> Surroundings {
    Surroundings {
        password_write: Some(PasswordWrite::Hashed),
        connections: vec![ConnectionParameters {
            connection: "people".into(),
            parameters: [PARAMETER.to_owned()].into(),
        }],
        ..Surroundings::default()
    }
}

/// The same file, opened by another program.
struct File(Mutex<Connection>);

impl File {
    fn with<T>(&self, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, String> {
        run(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).map_err(|error| error.to_string())
    }
}

impl Sql for File {
    fn execute<'a>(&'a self, batch: &'a str) -> Later<'a, Result<(), String>> {
        Box::pin(async move { self.with(|file| file.execute_batch(batch)) })
    }

    fn query<'a>(&'a self, statement: &'a str) -> Later<'a, Result<TextRows, String>> {
        Box::pin(async move {
            self.with(|file| {
                let mut prepared = file.prepare(statement)?;
                let columns = prepared.column_count();
                let rows = prepared
                    .query_map([], |row| (0..columns).map(|at| row.get_ref(at).map(text)).collect())?;
                rows.collect()
            })
        })
    }

    /// Another program's exclusive lock is what freezes a file.
    fn strike(&self, _: Fault) -> Later<'_, Result<(), String>> {
        self.execute("BEGIN EXCLUSIVE")
    }

    fn heal(&self, _: Fault) -> Later<'_, Result<(), String>> {
        self.execute("ROLLBACK")
    }

    fn close(&self) -> Later<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

fn text(cell: ValueRef<'_>) -> Option<String> {
    match cell {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}
