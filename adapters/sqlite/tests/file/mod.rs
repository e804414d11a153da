//! A database file for one test, the store on it, and a session behind the adapter's back.

use idstore_conformance::sql::{Sql, TextRows};
use idstore_conformance::{Fault, HOME, Later, PARAMETER};
use idstore_contract::{ConnectionNeeds, PasswordWrite, StoreHandle, Surroundings};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A file in a folder that goes with the test.
pub(crate) struct File {
    folder: tempfile::TempDir,
}

impl File {
    pub(crate) fn create() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let file = Self { folder };
        std::fs::File::create(file.path()).map_err(|error| error.to_string())?;
        Ok(file)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("users.db")
    }

    /// The store with these statements.
    pub(crate) fn open(
        &self,
        statements: &Value,
        uniqueness: &str,
        write: PasswordWrite,
    ) -> Result<StoreHandle, String> {
        let config = json!({ "path": self.path(), "uniqueness": uniqueness, "statements": statements });
        let config = serde_json::from_value(config).map_err(|error| error.to_string())?;
        let around = Surroundings {
            password_write: Some(write),
            connections: vec![ConnectionNeeds {
                connection: HOME.to_owned(),
                parameters: [PARAMETER.to_owned()].into(),
                ..ConnectionNeeds::default()
            }],
            ..Surroundings::default()
        };
        idstore_sqlite::open(config, &around).map_err(|problems| format!("{problems:?}"))
    }
}

/// A session behind the adapter's back.
pub(crate) struct Behind {
    connection: Mutex<Connection>,
    path: PathBuf,
}

impl Behind {
    pub(crate) fn open(file: &File) -> Result<Self, String> {
        let path = file.path();
        let connection = Connection::open(&path).map_err(|error| error.to_string())?;
        Ok(Self { connection: Mutex::new(connection), path })
    }

    pub(crate) fn batch(&self, batch: &str) -> Result<(), String> {
        self.connection().execute_batch(batch).map_err(|error| error.to_string())
    }

    pub(crate) fn rows(&self, statement: &str) -> Result<TextRows, String> {
        let read = |connection: &Connection| -> rusqlite::Result<TextRows> {
            let mut statement = connection.prepare(statement)?;
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| {
                (0..columns).map(|index| row.get_ref(index).map(text)).collect::<rusqlite::Result<Vec<_>>>()
            })?;
            rows.collect()
        };
        read(&self.connection()).map_err(|error| error.to_string())
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn away(&self) -> PathBuf {
        self.path.with_extension("away")
    }
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::rename(from, to).map_err(|error| error.to_string())
}

impl Sql for Behind {
    fn execute<'a>(&'a self, batch: &'a str) -> Later<'a, Result<(), String>> {
        Box::pin(async { self.batch(batch) })
    }

    fn query<'a>(&'a self, statement: &'a str) -> Later<'a, Result<TextRows, String>> {
        Box::pin(async { self.rows(statement) })
    }

    fn strike(&self, fault: Fault) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            match fault {
                Fault::Refused => rename(&self.path, &self.away()),
                Fault::Frozen => self.batch("BEGIN EXCLUSIVE"),
                other => Err(format!("a file can't be {}", other.as_str())),
            }
        })
    }

    fn heal(&self, fault: Fault) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            match fault {
                Fault::Refused => rename(&self.away(), &self.path),
                Fault::Frozen => self.batch("COMMIT"),
                other => Err(format!("a file can't be {}", other.as_str())),
            }
        })
    }

    fn close(&self) -> Later<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}
