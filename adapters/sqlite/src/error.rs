//! The driver's error becomes the contract's: one function.
//!
//! Kept of what SQLite says: its result code, and names of the schema that it names. Never its text, for a trigger may
//! put values there.

use idstore_contract::{Error, ErrorKind, Rejection};
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// What a driver's error means.
pub(crate) fn translate(error: &rusqlite::Error) -> Error {
    let (code, text) = match error {
        rusqlite::Error::SqliteFailure(failure, text) => (failure, text.as_deref().unwrap_or_default()),
        rusqlite::Error::SqlInputError { error, msg, .. } => (error, msg.as_str()),
        _ => return Error::unexpected("the driver refused the call"),
    };
    let error = match code.code {
        ErrorCode::ConstraintViolation => constraint(code.extended_code, text),
        ErrorCode::TypeMismatch | ErrorCode::TooBig => {
            Error::new(ErrorKind::Rejected(Rejection::Value(None)), "a column can't hold the value")
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            Error::busy("another program holds the file's lock; nothing was written")
        }
        ErrorCode::OperationInterrupted => Error::timeout(),
        ErrorCode::CannotOpen => Error::unavailable("the database file can't be opened"),
        ErrorCode::SystemIoFailure => Error::unavailable("the database file can't be read or written"),
        ErrorCode::DiskFull => Error::unavailable("there is no room left for the database"),
        ErrorCode::OutOfMemory => Error::unavailable("there is no memory left"),
        ErrorCode::DatabaseCorrupt => Error::unavailable("the database file is damaged"),
        ErrorCode::FileLockingProtocolFailed => Error::unavailable("the file system does not keep locks"),
        ErrorCode::NotADatabase => Error::misconfigured("the file is no SQLite database"),
        // Another program has to finish or undo its work in the file first, or the file has moved.
        ErrorCode::ReadOnly
            if !matches!(code.extended_code, ffi::SQLITE_READONLY | ffi::SQLITE_READONLY_DIRECTORY) =>
        {
            Error::unavailable("the database file can't be read as it is")
        }
        ErrorCode::ReadOnly => Error::misconfigured("the database may only be read"),
        ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => {
            Error::misconfigured("the daemon lacks the right to do this")
        }
        ErrorCode::SchemaChanged | ErrorCode::Unknown => statement(text),
        _ => Error::unexpected("the driver failed"),
    };
    error.with("sqlite_code", code.extended_code.to_string())
}

/// A constraint of the schema. Unique ones and NOT NULL name columns; anything else may hold a trigger's own text.
fn constraint(extended_code: i32, text: &str) -> Error {
    let kind = match extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            ErrorKind::AlreadyExists(None)
        }
        _ => ErrorKind::Rejected(Rejection::Value(None)),
    };
    let error = Error::new(kind, "a constraint of the schema refuses the value");
    let names = match extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_NOTNULL => text.split_once("constraint failed: ").map(|(_, names)| names),
        _ => None,
    };
    match names {
        Some(names) => error.with("columns", names),
        None => error,
    }
}

/// What a statement names and the schema does not have.
fn statement(text: &str) -> Error {
    let missing = |what: &'static str, prefix: &str| text.strip_prefix(prefix).map(|name| (what, name));
    let named = missing("column", "no such column: ")
        .or_else(|| missing("table", "no such table: "))
        .or_else(|| missing("function", "no such function: "));
    match named {
        Some((what, name)) => {
            Error::misconfigured("a statement names what the schema does not have").with(what, name)
        }
        None => Error::misconfigured("SQLite can't run a statement"),
    }
}
