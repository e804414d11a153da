//! What a server says becomes the contract's error: one function, by result code.
//!
//! Kept of what it says: the code, and which of our own steps it was about. Never its text or a DN, for they repeat
//! values.

use crate::message::Outcome;
use idstore_contract::{Error, ErrorKind, Rejection};
use idstore_tls::{handshake_reason, way_reason};
use std::io;

/// What was being done: the same code means something else in a lookup and in a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Opening a session: the bind of the service.
    Binding,
    /// A search.
    Reading,
    /// Anything that changes an entry.
    Writing,
}

/// An error, and what it says of the session that it came from.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// The session was dead, or nobody's, before the server looked at the request: a read may be sent again, on another
    /// one.
    pub(crate) repeat: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, repeat: false }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Result codes (RFC 4511, appendix A) that are looked at one by one.
pub(crate) mod code {
    pub(crate) const SUCCESS: i64 = 0;
    pub(crate) const SIZE_LIMIT: i64 = 4;
    pub(crate) const NO_SUCH_ATTRIBUTE: i64 = 16;
    pub(crate) const CONSTRAINT: i64 = 19;
    pub(crate) const VALUE_EXISTS: i64 = 20;
    pub(crate) const NO_SUCH_OBJECT: i64 = 32;
    pub(crate) const INAPPROPRIATE_AUTHENTICATION: i64 = 48;
    pub(crate) const INVALID_CREDENTIALS: i64 = 49;
    pub(crate) const INSUFFICIENT_ACCESS: i64 = 50;
    pub(crate) const UNWILLING: i64 = 53;

    /// Whether an answer to a bind is about its password, or the account, and not about the server.
    pub(crate) fn refuses(code: i64) -> bool {
        matches!(code, SUCCESS | CONSTRAINT | INAPPROPRIATE_AUTHENTICATION | INVALID_CREDENTIALS | UNWILLING)
    }
}

/// The one mapping. For an outcome that is no success.
pub(crate) fn failed(outcome: &Outcome, doing: Doing) -> Error {
    use ErrorKind::{Misconfigured, NotFound, Rejected, Timeout, Unavailable, Unexpected};
    if forgotten(outcome) {
        return told(Unavailable, "the server has forgotten the bind of this session", outcome);
    }
    // Active Directory writes its own code in front, with result 1, 19 or 53 (ERROR_USER_EXISTS, ERROR_NO_SUCH_USER).
    match (outcome.text.get(..8), doing) {
        (Some("00000524"), Doing::Writing) => {
            return told(ErrorKind::AlreadyExists(None), "the directory has such an account", outcome);
        }
        (Some("00000525"), Doing::Writing) => return told(NotFound, "the account is gone", outcome),
        _ => {}
    }
    let (kind, message) = match (outcome.code, doing) {
        (49 | 48, Doing::Binding) => {
            (Unavailable, "the server refuses the bind of this service; see `bind_dn` and `bind_password`")
        }
        (8 | 13, _) => (Misconfigured, "the server wants encryption; use ldaps:// or `start_tls`"),
        (3 | 85, _) => (Timeout, "the server did not end in time"),
        // Nothing was written: Active Directory says so of an entry or an attribute that has grown too large.
        (11, Doing::Writing) => {
            (Rejected(Rejection::Value(None)), "the directory's own limit does not allow it")
        }
        (11, _) => (Timeout, "the server's own limit ended the operation"),
        (51 | 52 | 80 | 81, _) => (Unavailable, "the server does not serve"),
        (10, _) => (Misconfigured, "the server refers to another one; referrals are not followed"),
        (32, Doing::Writing) => (NotFound, "the entry is gone"),
        (32, _) => (Misconfigured, "the base is not there, or this service may not see it"),
        (68, Doing::Writing) => (ErrorKind::AlreadyExists(None), "the directory has such an entry"),
        (16..=18, _) => (Misconfigured, "the directory does not know an attribute"),
        (19 | 20 | 21 | 64 | 65 | 34, Doing::Writing) => {
            (Rejected(Rejection::Value(None)), "the directory refuses a value")
        }
        (66, Doing::Writing) => (
            Rejected(Rejection::Value(None)),
            "other entries are below this one, and a directory removes and moves none that has some",
        ),
        (67 | 69, Doing::Writing) => (
            Rejected(Rejection::Value(None)),
            "the directory does not let that attribute be changed like this",
        ),
        (71, Doing::Writing) => {
            (Rejected(Rejection::Value(None)), "the entry would have to go to another server")
        }
        (50, _) => (Misconfigured, "this service lacks a right"),
        (53, Doing::Writing) => (Rejected(Rejection::Value(None)), "the directory is unwilling"),
        (53, _) => (Misconfigured, "the directory is unwilling to answer this service"),
        (12 | 2, _) => (Misconfigured, "the server does not know the operation or a control"),
        (7 | 14, _) => (Misconfigured, "the server takes no simple bind, a DN with a password"),
        (33 | 36 | 54, _) => (Misconfigured, "an alias or a reference in the directory leads nowhere"),
        (34 | 21, Doing::Binding) => {
            (Misconfigured, "the server does not take `bind_dn` for the name of an account")
        }
        (34 | 21, _) => (Misconfigured, "the server does not accept a DN or a value of the configuration"),
        _ => (Unexpected, "the server answered with a result that is not expected here"),
    };
    told(kind, message, outcome)
}

/// Active Directory has lost the bind of a session whose connection still stands (000004DC): nothing
/// was done, and every further request on it is answered like this.
pub(crate) fn forgotten(outcome: &Outcome) -> bool {
    outcome.code == 1 && outcome.text.starts_with("000004DC")
}

/// An error with the code that the server answered.
pub(crate) fn told(kind: ErrorKind, message: &'static str, outcome: &Outcome) -> Error {
    Error::new(kind, message).with("result", outcome.code.to_string())
}

/// The way to the server failed; `repeat` as in [`Failure`].
pub(crate) fn lost(repeat: bool) -> Failure {
    Failure { error: Error::unavailable("the session was lost"), repeat }
}

/// The server sent what no server should.
pub(crate) fn nonsense(message: &'static str) -> Failure {
    Failure { error: Error::unavailable(message), repeat: false }
}

/// Why nobody could be reached, in words that say where to look.
pub(crate) fn unreachable(error: &io::Error) -> Error {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(tls) = tls {
        return Error::unavailable("TLS with the server failed")
            .with("reason", handshake_reason(tls, "urls"));
    }
    Error::unavailable("the server can't be reached").with("reason", way_reason(error, "urls"))
}

/// Why there is no TLS, in words that say where to look.
pub(crate) fn no_tls(error: &io::Error) -> Error {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    if matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof) {
        return Error::unavailable("TLS with the server failed")
            .with("reason", "the server ended the connection: that port may not speak TLS; see `urls`");
    }
    unreachable(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: i64, doing: Doing) -> ErrorKind {
        failed(&Outcome { code, text: String::new() }, doing).kind()
    }

    #[test]
    fn a_base_that_is_missing_is_never_nobody() {
        assert_eq!(kind(32, Doing::Reading), ErrorKind::Misconfigured);
        assert_eq!(kind(10, Doing::Reading), ErrorKind::Misconfigured);
        let forgotten = Outcome { code: 1, text: "000004DC: LdapErr: DSID-0C090A5C".into() };
        assert_eq!(failed(&forgotten, Doing::Reading).kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn active_directorys_own_code_decides_where_the_result_is_vague() {
        for result in [1, 19, 53] {
            let kind =
                |text: &str| failed(&Outcome { code: result, text: text.into() }, Doing::Writing).kind();
            assert_eq!(kind("00000524: SvcErr: DSID-031A12D2, problem 5003"), ErrorKind::AlreadyExists(None));
            assert_eq!(kind("00000525: SvcErr"), ErrorKind::NotFound);
        }
    }

    #[test]
    fn what_a_server_says_is_not_repeated() {
        let outcome = Outcome { code: 19, text: "uid=ada,ou=people".into() };
        assert!(!format!("{:?}", failed(&outcome, Doing::Writing)).contains("ada"));
    }

    /// Result codes of RFC 4511, appendix A, that are neither an answer nor a bug of ours: each is the store's refusal, its
    /// configuration, or an outage.
    #[test]
    fn what_the_directory_refuses_is_no_bug_of_ours() {
        use ErrorKind::{Misconfigured, Rejected, Timeout, Unavailable};
        let refused = || Rejected(Rejection::Value(None));
        for (codes, reading, writing) in [
            (&[19, 20, 64, 65][..], None, Some(refused())),
            (&[11], Some(Timeout), Some(refused())),
            (&[66, 67, 69, 71], None, Some(refused())),
            (&[21, 34, 53], Some(Misconfigured), Some(refused())),
            (
                &[2, 7, 8, 10, 12, 13, 14, 16, 17, 18, 33, 36, 50, 54],
                Some(Misconfigured),
                Some(Misconfigured),
            ),
            (&[3], Some(Timeout), Some(Timeout)),
            (&[51, 52, 80], Some(Unavailable), Some(Unavailable)),
        ] {
            for code in codes {
                let unexpected = || ErrorKind::Unexpected;
                assert_eq!(
                    kind(*code, Doing::Reading),
                    reading.unwrap_or_else(unexpected),
                    "reading: {code}"
                );
                assert_eq!(
                    kind(*code, Doing::Writing),
                    writing.unwrap_or_else(unexpected),
                    "writing: {code}"
                );
            }
        }
    }

    #[test]
    fn limits_of_the_server_are_timeouts_and_a_busy_one_is_unavailable() {
        assert_eq!(kind(3, Doing::Reading), ErrorKind::Timeout);
        assert_eq!(kind(11, Doing::Reading), ErrorKind::Timeout);
        assert_eq!(kind(51, Doing::Writing), ErrorKind::Unavailable);
    }
}
