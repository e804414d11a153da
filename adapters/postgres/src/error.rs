//! The driver's error becomes the contract's: one function, by SQLSTATE.
//!
//! Kept of what the server says: the SQLSTATE, and names of the schema (constraint, table, column). Never its message
//! or detail, for they repeat values; a name that only the message tells is read from our own statement's text, at the
//! position that the server gives.

use idstore_contract::{Error, ErrorKind, Rejection};
use idstore_sql::{Doing, Fate};
use idstore_tls::{handshake_reason, way_reason};
use std::error::Error as _;
use std::io;
use tokio_postgres::error::{DbError, ErrorPosition};

/// An error, and what it says of the session.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) fate: Fate,
}

impl From<Error> for Failure {
    /// An error that says nothing bad of the session.
    fn from(error: Error) -> Self {
        Self { error, fate: Fate::Usable }
    }
}

/// The one mapping. `sql` is the text of the statement that failed, empty where there is none.
pub(crate) fn failure(error: &tokio_postgres::Error, doing: Doing, sql: &str) -> Failure {
    let mut failure = match error.as_db_error() {
        Some(answer) => of_server(answer, doing, sql),
        None => of_way(error, doing),
    };
    if doing == Doing::Committing
        && (failure.fate == Fate::Lost || failure.error.kind() == ErrorKind::Unavailable)
    {
        failure.error = failure.error.as_kind(ErrorKind::Timeout);
    }
    failure
}

/// The server answered with an error. The classes: PostgreSQL 15, appendix A.
fn of_server(answer: &DbError, doing: Doing, sql: &str) -> Failure {
    let code = answer.code().code();
    let reading = matches!(doing, Doing::Reading | Doing::Preparing);
    let (kind, message, fate) = match (code.get(..2).unwrap_or_default(), code) {
        (_, "23505") if !reading => {
            (ErrorKind::AlreadyExists(None), "the store has such an account", Fate::Usable)
        }
        ("22" | "23" | "44" | "P0", _) if !reading => {
            (ErrorKind::Rejected(Rejection::Value(None)), "the store refuses a value", Fate::Usable)
        }
        ("22" | "23" | "P0", _) => {
            (ErrorKind::Misconfigured, "a lookup fails on a value inside the statement", Fate::Usable)
        }
        (_, "57014") => (ErrorKind::Timeout, "the store did not answer in time", Fate::Usable),
        (_, "25P03" | "25P04" | "57P05") => {
            (ErrorKind::Timeout, "the store ended an idle session", Fate::Lost)
        }
        (_, "55P03") => (ErrorKind::Timeout, "a lock was not free in time", Fate::Usable),
        ("28", _) => (
            ErrorKind::Unavailable,
            "the server refuses the login of this service; see `user`, `password` and its pg_hba.conf",
            Fate::Lost,
        ),
        (_, "25006") => (ErrorKind::Unavailable, "the server is read-only", Fate::Lost),
        (_, "53300") => (ErrorKind::Unavailable, "the server has no session left", Fate::Lost),
        ("08" | "57", _) => (ErrorKind::Unavailable, "the server does not serve", Fate::Lost),
        ("40", _) => (
            ErrorKind::Unavailable,
            "the server ended a transaction that another one needed to end",
            Fate::Usable,
        ),
        ("53" | "58" | "XX" | "F0", _) => (ErrorKind::Unavailable, "the server can't work", Fate::Usable),
        (_, "26000" | "42P05") => (ErrorKind::Misconfigured, PER_CALL, Fate::Stale),
        (_, "0A000") => (ErrorKind::Misconfigured, "the schema changed under a statement", Fate::Stale),
        (_, "42501") => (ErrorKind::Misconfigured, "this service lacks a right", Fate::Usable),
        (_, "42703") => (ErrorKind::Misconfigured, "a column is missing", Fate::Stale),
        (_, "42P01") => (ErrorKind::Misconfigured, "a table is missing", Fate::Stale),
        (_, "3D000") => (ErrorKind::Misconfigured, "there is no such database", Fate::Usable),
        ("42" | "3F", _) => (ErrorKind::Misconfigured, "the server does not accept a statement", Fate::Stale),
        _ => (
            ErrorKind::Unexpected,
            "the server answered with an error that is not expected here",
            Fate::Usable,
        ),
    };
    let mut error = Error::new(kind, message).with("sqlstate", code);
    for (name, value) in
        [("constraint", answer.constraint()), ("table", answer.table()), ("column", answer.column())]
    {
        if let Some(value) = value {
            error = error.with(name, value);
        }
    }
    if let Some(named) = named(answer, sql) {
        error = error.with("name", named);
    }
    Failure { error, fate }
}

const PER_CALL: &str = "a prepared statement is not where it was prepared: behind a pooler in transaction mode, write \
                        prepare = \"call\"";

/// The session or the way to it failed; the server said nothing.
fn of_way(error: &tokio_postgres::Error, doing: Doing) -> Failure {
    let cause = error.source();
    let io = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    if let Some(tls) = io.and_then(io::Error::get_ref).and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        let error =
            Error::unavailable("TLS with the server failed").with("reason", handshake_reason(tls, "host"));
        return Failure { error, fate: Fate::Lost };
    }
    let error = match (io, doing) {
        (Some(io), Doing::Connecting) => {
            Error::unavailable("the server can't be reached").with("reason", way_reason(io, "host"))
        }
        (None, Doing::Connecting) if error.is_closed() => {
            Error::unavailable("the server closed a session that was being opened")
        }
        (None, Doing::Connecting) => Error::unavailable("a session can't be opened")
            .with("reason", driver_reason(&cause.map_or_else(|| error.to_string(), ToString::to_string))),
        (Some(_), _) => Error::unavailable("the session was lost"),
        (None, _) if error.is_closed() => Error::unavailable("the session was lost"),
        (None, _) => Error::unexpected("the driver failed"),
    };
    Failure { error, fate: Fate::Lost }
}

/// What the driver itself refuses while it opens a session; it tells only in words.
fn driver_reason(words: &str) -> &'static str {
    match words {
        "password missing" => "the server asks for a password; see `password`",
        "server does not support TLS" => "the server does not offer TLS; see `tls`",
        "unsupported authentication method" | "unsupported SASL mechanism" => {
            "the server asks for a login other than by password or certificate"
        }
        _ => "what answers there does not speak as a PostgreSQL server does",
    }
}

/// The most characters of a name that are repeated: PostgreSQL's names have 63 bytes, and a qualified one has three.
const NAME_CHARS_MAX: usize = 200;

/// The name at the place of our own text that the server points at, where an undefined name is the complaint.
fn named(answer: &DbError, sql: &str) -> Option<String> {
    if !matches!(answer.code().code(), "42703" | "42P01" | "42883" | "42704" | "42702" | "3F000") {
        return None;
    }
    let Some(ErrorPosition::Original(position)) = answer.position() else { return None };
    let start = usize::try_from(*position).ok()?.checked_sub(1)?;
    let name: String = sql
        .chars()
        .skip(start)
        .take_while(|char| char.is_alphanumeric() || matches!(char, '_' | '.' | '"' | '$'))
        .take(NAME_CHARS_MAX)
        .collect();
    (!name.is_empty()).then_some(name)
}
