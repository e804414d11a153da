//! The server's error becomes the contract's: one function, by error number and SQLSTATE.
//!
//! Kept of what the server says: the number and the SQLSTATE. Never its message, for it repeats values; a name of the
//! schema that it tells is kept only where our own statement has it too.

use idstore_contract::{Error, ErrorKind, Rejection};
use idstore_sql::{Doing, Fate};
use idstore_tls::{handshake_reason, way_reason};
use std::io;

/// An error, and what it says of the session.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) fate: Fate,
    /// The server can't convert a bound text to a column's character set: nothing there can be equal to it.
    pub(crate) is_unfit: bool,
}

impl Failure {
    /// An error with which the session ends.
    pub(crate) fn lost(error: Error) -> Self {
        Self { error, fate: Fate::Lost, is_unfit: false }
    }

    /// The same, where what was being done changes what it means: a session lost at COMMIT leaves the outcome unknown.
    pub(crate) fn while_doing(mut self, doing: Doing) -> Self {
        if doing == Doing::Committing
            && (self.fate == Fate::Lost || self.error.kind() == ErrorKind::Unavailable)
        {
            self.error = self.error.as_kind(ErrorKind::Timeout);
        }
        self
    }
}

impl From<Error> for Failure {
    /// An error that says nothing bad of the session.
    fn from(error: Error) -> Self {
        Self { error, fate: Fate::Usable, is_unfit: false }
    }
}

/// What the server said when it refused something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal {
    /// Its error number.
    pub(crate) number: u16,
    /// The SQLSTATE; empty where it came before the login.
    pub(crate) sqlstate: String,
    /// Its message, which may repeat values.
    pub(crate) message: String,
}

/// The one mapping. `sql` is the text of the statement that failed, empty where there is none.
///
/// The numbers: MySQL 9 "Server Error Message Reference", MariaDB "Error Codes"; below 1900 they mean the same on both.
pub(crate) fn failure(refusal: &Refusal, doing: Doing, sql: &str) -> Failure {
    let (kind, message, fate) = of_session(refusal.number)
        .or_else(|| of_value(refusal, doing))
        .or_else(|| of_schema(refusal))
        .or_else(|| of_way(refusal))
        .unwrap_or((
            ErrorKind::Unexpected,
            "the server answered with an error that is not expected here",
            Fate::Usable,
        ));
    let mut error = Error::new(kind, message).with("number", refusal.number.to_string());
    // It goes to logs and terminals: nothing but what it may consist of.
    if !refusal.sqlstate.is_empty() && refusal.sqlstate.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        error = error.with("sqlstate", refusal.sqlstate.clone());
    }
    if let Some(name) = named(refusal, sql) {
        error = error.with("name", name);
    }
    // 1267: two collations that nothing can convert; 3988: no conversion for what is bound here.
    let is_unfit = matches!(refusal.number, 1267 | 3988);
    Failure { error, fate, is_unfit }.while_doing(doing)
}

type Meaning = (ErrorKind, &'static str, Fate);

/// What has nothing to do with the statement.
fn of_session(number: u16) -> Option<Meaning> {
    use ErrorKind::{Busy, Misconfigured, Timeout, Unavailable};
    Some(match number {
        1045 | 1698 | 1251 => (
            Misconfigured,
            "the server refuses the login of this service; see `user`, `password`, and `tls` where the account requires it",
            Fate::Lost,
        ),
        1820 | 1862 => {
            (Misconfigured, "the password of this service's account has expired; set a new one", Fate::Lost)
        }
        3118 | 4151 => (Misconfigured, "this service's account is locked on the server", Fate::Lost),
        1130 => (Misconfigured, "the server takes no session from this host", Fate::Lost),
        3159 => (Misconfigured, "the server wants TLS for this account; see `tls`", Fate::Lost),
        1044 => (Misconfigured, "this service may not use the database", Fate::Lost),
        1049 | 1046 => (Misconfigured, "there is no such database; see `database`", Fate::Lost),
        1129 => (Unavailable, "the server blocks this host after failed connections", Fate::Lost),
        1040 | 1203 | 1226 => (Busy, "the server has no session left", Fate::Lost),
        // An expired account's own statement, or a lock that another session has for longer than is waited.
        1205 | 3572 => (Timeout, "a lock was not free in time", Fate::Usable),
        1317 | 1969 | 3024 => (Timeout, "the store did not answer in time", Fate::Usable),
        4031 => (Timeout, "the store ended an idle session", Fate::Lost),
        1020 | 1213 | 1614 => {
            (Unavailable, "the server ended a transaction that another one needed to end", Fate::Usable)
        }
        1290 | 1792 | 1836 => (Unavailable, "the server is read-only", Fate::Lost),
        // Galera's 1047 and group replication's 3100; ProxySQL's own, as a client would number them; and 3032, offline.
        1047
        | 1053
        | 1077..=1080
        | 1152..=1161
        | 1184
        | 1835
        | 1927
        | 2000..=2099
        | 3032
        | 3100
        | 3168
        | 3169
        | 9001 => (Unavailable, "the server does not serve", Fate::Lost),
        1021 | 1023..=1030 | 1034..=1038 | 1041 | 1114 | 1135 | 1180 | 1181 | 1194 | 1195 | 1461 | 3019 => {
            (Unavailable, "the server can't work", Fate::Usable)
        }
        1243 | 1615 => (Misconfigured, "a prepared statement is not where it was prepared", Fate::Stale),
        _ => return None,
    })
}

/// What is about a value.
fn of_value(refusal: &Refusal, doing: Doing) -> Option<Meaning> {
    let class = refusal.sqlstate.get(..2).unwrap_or_default();
    let reading = matches!(doing, Doing::Reading | Doing::Preparing);
    match refusal.number {
        1062 | 1169 | 1586 if !reading => {
            Some((ErrorKind::AlreadyExists(None), "the store has such an account", Fate::Usable))
        }
        // Of class 23, and yet about the statement.
        1052 => None,
        1267 if doing == Doing::Preparing => None,
        // Too long, out of range, cut, no default, not NULL, a constraint, what a trigger or a check says, and what a
        // column's character set or JSON type can't hold.
        1048 | 1062 | 1169 | 1216 | 1217 | 1264 | 1265 | 1267 | 1292 | 1300 | 1364 | 1365 | 1366 | 1367
        | 1369 | 1406 | 1411 | 1441 | 1451 | 1452 | 1586 | 1644 | 1690 | 3140 | 3141 | 3819 | 3854 | 3988
        | 4025 | 4078 => Some(value(reading)),
        _ if matches!(class, "22" | "23" | "44" | "45") => Some(value(reading)),
        _ => None,
    }
}

fn value(reading: bool) -> Meaning {
    if reading {
        (ErrorKind::Misconfigured, "a lookup fails on a value inside the statement", Fate::Usable)
    } else {
        (ErrorKind::Rejected(Rejection::Value(None)), "the store refuses a value", Fate::Usable)
    }
}

/// What is wrong with the statement, the schema or a right.
fn of_schema(refusal: &Refusal) -> Option<Meaning> {
    let class = refusal.sqlstate.get(..2).unwrap_or_default();
    let (message, fate) = match refusal.number {
        1142 | 1143 | 1227 | 1370 | 1419 => {
            ("this service lacks a right on what the statement names: GRANT it", Fate::Usable)
        }
        1052 => ("a column is ambiguous: name its table as well", Fate::Usable),
        1054 => ("a column is missing", Fate::Stale),
        1051 | 1146 => ("a table is missing", Fate::Stale),
        1305 => ("a function or procedure is missing", Fate::Stale),
        1267 | 1271 => ("a statement compares texts of two collations", Fate::Usable),
        1295 => ("the server can't prepare this kind of statement", Fate::Usable),
        1030..=1033 | 1412 | 1932 => ("the schema changed under a statement", Fate::Stale),
        _ if matches!(class, "42" | "21" | "0A" | "3D") => {
            ("the server does not accept a statement", Fate::Stale)
        }
        _ => return None,
    };
    Some((ErrorKind::Misconfigured, message, fate))
}

/// SQLSTATE's class of connections, whatever the number.
fn of_way(refusal: &Refusal) -> Option<Meaning> {
    refusal.sqlstate.starts_with("08").then_some((
        ErrorKind::Unavailable,
        "the server does not serve",
        Fate::Lost,
    ))
}

/// What answers does not speak the protocol, or says more or less than it may. Nothing is read on from it.
pub(crate) fn nonsense() -> Failure {
    Failure::lost(Error::unavailable("what answers does not speak as a MySQL server does"))
}

/// The way to the server broke.
#[allow(clippy::needless_pass_by_value, reason = "it stands behind `map_err`")]
pub(crate) fn lost(error: io::Error) -> Failure {
    Failure::lost(of_tls(&error).unwrap_or_else(|| Error::unavailable("the session was lost")))
}

/// Nobody could be reached, or no TLS was made.
#[allow(clippy::needless_pass_by_value, reason = "it stands behind `map_err`")]
pub(crate) fn unreachable(error: io::Error) -> Failure {
    Failure::lost(of_tls(&error).unwrap_or_else(|| {
        Error::unavailable("the server can't be reached").with("reason", way_reason(&error, "host"))
    }))
}

fn of_tls(error: &io::Error) -> Option<Error> {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())?;
    Some(Error::unavailable("TLS with the server failed").with("reason", handshake_reason(tls, "host")))
}

/// The most characters of a name that are repeated: a qualified one has three of at most 64.
const NAME_CHARS_MAX: usize = 200;

/// The name that the server does not know. Its message quotes that first, in every language; it is repeated only where
/// our own statement has it, so that no value can be taken for one.
fn named(refusal: &Refusal, sql: &str) -> Option<String> {
    if !matches!(refusal.number, 1054 | 1146 | 1305) {
        return None;
    }
    let name = refusal.message.split(['\'', '"', '`']).nth(1)?;
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_ours = !last.is_empty() && name.chars().count() <= NAME_CHARS_MAX && sql.contains(last);
    is_ours.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(number: u16, sqlstate: &str, message: &str) -> Refusal {
        Refusal { number, sqlstate: sqlstate.into(), message: message.into() }
    }

    #[test]
    fn the_same_number_means_something_else_in_a_lookup_and_in_a_write() {
        let cut = refused(1406, "22001", "Data too long for column 'password' at row 1");
        let kind = |doing| failure(&cut, doing, "").error.kind();
        assert_eq!(kind(Doing::Writing), ErrorKind::Rejected(Rejection::Value(None)));
        assert_eq!(kind(Doing::Reading), ErrorKind::Misconfigured);
        let twice = refused(1062, "23000", "Duplicate entry 'ann@example.org' for key 'users.email'");
        let found = failure(&twice, Doing::Writing, "INSERT INTO users VALUES (?)").error;
        assert_eq!(found.kind(), ErrorKind::AlreadyExists(None));
        assert!(!format!("{found}").contains("ann"), "{found}");
    }

    #[test]
    fn a_server_that_does_not_serve_is_no_fault_of_the_configuration() {
        for (number, sqlstate) in
            [(3032, "HY000"), (1047, "08S01"), (9001, "HY000"), (2013, "HY000"), (4999, "08004")]
        {
            let failure = failure(&refused(number, sqlstate, ""), Doing::Writing, "");
            assert_eq!(
                (failure.error.kind(), failure.fate),
                (ErrorKind::Unavailable, Fate::Lost),
                "{number}"
            );
        }
        assert_eq!(
            failure(&refused(1020, "HY000", ""), Doing::Writing, "").error.kind(),
            ErrorKind::Unavailable
        );
    }

    #[test]
    fn what_a_server_calls_a_sqlstate_reaches_no_terminal_unless_it_is_one() {
        let strange = refused(1146, "\u{1b}[31m", "");
        assert!(!failure(&strange, Doing::Reading, "").error.to_string().contains('\u{1b}'));
    }

    #[test]
    fn a_session_lost_at_commit_leaves_the_outcome_unknown() {
        let shutdown = refused(1053, "08S01", "Server shutdown in progress");
        assert_eq!(failure(&shutdown, Doing::Committing, "").error.kind(), ErrorKind::Timeout);
        assert_eq!(failure(&shutdown, Doing::Writing, "").error.kind(), ErrorKind::Unavailable);
        let lost = lost(io::ErrorKind::ConnectionReset.into()).while_doing(Doing::Committing);
        assert_eq!(lost.error.kind(), ErrorKind::Timeout);
    }

    #[test]
    fn a_name_is_repeated_only_where_our_own_statement_has_it() {
        let missing = refused(1054, "42S22", "Unknown column 'u.emial' in 'field list'");
        let told = failure(&missing, Doing::Preparing, "SELECT u.emial FROM users u").error.to_string();
        assert!(told.contains("name: u.emial"), "{told}");
        let strange = refused(1054, "42S22", "Unknown column 'hunter2' in 'field list'");
        let told = failure(&strange, Doing::Preparing, "SELECT 1").error.to_string();
        assert!(!told.contains("hunter2"), "{told}");
    }
}
