//! Every refusal, once: which status, which code, which words (RFC 9457), and how loud in the log.
//!
//! Nothing of a driver, a statement, a host or a stored value gets into a problem document.

use crate::actions::Refusal;
use crate::platforms::Malformed;
use crate::stores::Failure;
use hyper::StatusCode;
use idstore_contract::{ErrorKind, IdentifierKind, PasswordReason, Standing};
use serde_json::{Map, Value, json};

/// What callers decide by. The spelling is part of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is its own code, in the table below")]
pub enum Code {
    MalformedRequest,
    InvalidPassword,
    InvalidUsername,
    CallerUnauthenticated,
    CallerForbidden,
    UnknownConnection,
    UnknownAction,
    InvalidCredentials,
    UserBlocked,
    UserLocked,
    UserRestricted,
    PasswordExpired,
    UserNotFound,
    RequestTimeout,
    UserExists,
    BodyTooLarge,
    UnsupportedMediaType,
    MethodNotAllowed,
    HeadersTooLarge,
    RejectedByStore,
    TooManyAttempts,
    UnusableStoredPassword,
    StoreMisconfigured,
    Internal,
    ActionNotSupported,
    StoreAmbiguous,
    StoreUnavailable,
    Busy,
    StoreTimeout,
    OutcomeUnknown,
}

/// How a refusal is logged: by who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loudness {
    /// A normal no.
    Info,
    /// Somebody should look.
    Warn,
    /// The operator must act.
    Error,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 30] = [
        Self::MalformedRequest,
        Self::InvalidPassword,
        Self::InvalidUsername,
        Self::CallerUnauthenticated,
        Self::CallerForbidden,
        Self::UnknownConnection,
        Self::UnknownAction,
        Self::InvalidCredentials,
        Self::UserBlocked,
        Self::UserLocked,
        Self::UserRestricted,
        Self::PasswordExpired,
        Self::UserNotFound,
        Self::RequestTimeout,
        Self::UserExists,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::MethodNotAllowed,
        Self::HeadersTooLarge,
        Self::RejectedByStore,
        Self::TooManyAttempts,
        Self::UnusableStoredPassword,
        Self::StoreMisconfigured,
        Self::Internal,
        Self::ActionNotSupported,
        Self::StoreAmbiguous,
        Self::StoreUnavailable,
        Self::Busy,
        Self::StoreTimeout,
        Self::OutcomeUnknown,
    ];

    /// Code, status, title and loudness, in one row each.
    #[allow(clippy::too_many_lines, reason = "one table; a row is read at a glance")]
    const fn row(self) -> (&'static str, StatusCode, &'static str, Loudness) {
        use Loudness::{Error, Info, Warn};
        type S = StatusCode;
        match self {
            Self::MalformedRequest => {
                ("malformed_request", S::BAD_REQUEST, "The request can't be read", Info)
            }
            Self::InvalidPassword => {
                ("invalid_password", S::BAD_REQUEST, "The new password is not allowed", Info)
            }
            Self::InvalidUsername => {
                ("invalid_username", S::BAD_REQUEST, "The new user name is not allowed", Info)
            }
            Self::CallerUnauthenticated => {
                ("caller_unauthenticated", S::UNAUTHORIZED, "The caller is not known", Warn)
            }
            Self::CallerForbidden => ("caller_forbidden", S::FORBIDDEN, "The caller may not do this", Warn),
            Self::UnknownConnection => {
                ("unknown_connection", S::NOT_FOUND, "There is no such connection", Warn)
            }
            Self::UnknownAction => ("unknown_action", S::NOT_FOUND, "There is no such action", Warn),
            Self::InvalidCredentials => {
                ("invalid_credentials", S::FORBIDDEN, "The user is unknown or the password is wrong", Info)
            }
            Self::UserBlocked => ("user_blocked", S::FORBIDDEN, "The account is blocked", Info),
            Self::UserLocked => ("user_locked", S::FORBIDDEN, "The account is locked", Info),
            Self::UserRestricted => {
                ("user_restricted", S::FORBIDDEN, "The account may not sign in now or from here", Info)
            }
            Self::PasswordExpired => {
                ("password_expired", S::FORBIDDEN, "The password must be changed first", Info)
            }
            Self::UserNotFound => ("user_not_found", S::NOT_FOUND, "There is no such user", Info),
            Self::RequestTimeout => ("request_timeout", S::REQUEST_TIMEOUT, "The body came too slowly", Info),
            Self::UserExists => ("user_exists", S::CONFLICT, "There is such a user already", Info),
            Self::BodyTooLarge => ("body_too_large", S::PAYLOAD_TOO_LARGE, "The body is too large", Info),
            Self::UnsupportedMediaType => (
                "unsupported_media_type",
                S::UNSUPPORTED_MEDIA_TYPE,
                "The body must be application/json",
                Info,
            ),
            Self::MethodNotAllowed => {
                ("method_not_allowed", S::METHOD_NOT_ALLOWED, "Only POST is answered here", Info)
            }
            Self::HeadersTooLarge => {
                ("headers_too_large", S::REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large", Info)
            }
            Self::RejectedByStore => {
                ("rejected_by_store", S::UNPROCESSABLE_ENTITY, "The store refused the value", Info)
            }
            Self::TooManyAttempts => ("too_many_attempts", S::TOO_MANY_REQUESTS, "Too many attempts", Info),
            Self::UnusableStoredPassword => (
                "unusable_stored_password",
                S::INTERNAL_SERVER_ERROR,
                "The stored password can't be used",
                Error,
            ),
            Self::StoreMisconfigured => {
                ("store_misconfigured", S::INTERNAL_SERVER_ERROR, "The store is not configured right", Error)
            }
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "An error of the daemon", Error),
            Self::ActionNotSupported => {
                ("action_not_supported", S::NOT_IMPLEMENTED, "This store does not offer the action", Info)
            }
            Self::StoreAmbiguous => {
                ("store_ambiguous", S::BAD_GATEWAY, "More than one account matches", Error)
            }
            Self::StoreUnavailable => {
                ("store_unavailable", S::SERVICE_UNAVAILABLE, "The store is not available", Warn)
            }
            Self::Busy => ("busy", S::SERVICE_UNAVAILABLE, "Too much at once", Warn),
            Self::StoreTimeout => {
                ("store_timeout", S::GATEWAY_TIMEOUT, "The store did not answer in time", Warn)
            }
            Self::OutcomeUnknown => {
                ("outcome_unknown", S::GATEWAY_TIMEOUT, "Whether the store has changed is not known", Warn)
            }
        }
    }

    /// The word that callers decide by.
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    /// A sentence for people who debug; the same for every request.
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// How it is logged.
    pub const fn loudness(self) -> Loudness {
        self.row().3
    }

    /// Seconds after which trying again makes sense.
    pub const fn retry_after_secs(self) -> Option<u32> {
        match self {
            Self::Busy | Self::StoreUnavailable => Some(1),
            Self::TooManyAttempts => Some(60),
            _ => None,
        }
    }
}

/// A problem: its code, what goes into the document, and what only the log is told.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The code.
    pub code: Code,
    /// Further members of the document.
    members: Map<String, Value>,
    /// For the operator.
    pub log: Option<String>,
}

impl Problem {
    /// A problem that its code says all about.
    pub fn new(code: Code) -> Self {
        Self { code, members: Map::new(), log: None }
    }

    /// The document (RFC 9457).
    pub fn document(&self, request_id: &str) -> Value {
        let mut document = json!({
            "status": self.code.status().as_u16(),
            "title": self.code.title(),
            "code": self.code.as_str(),
            "request_id": request_id,
        });
        if let Value::Object(members) = &mut document {
            members.extend(self.members.clone());
        }
        document
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// With a sentence for the operator, which the caller never sees.
    #[must_use]
    pub fn logged(mut self, text: impl Into<String>) -> Self {
        self.log = Some(text.into());
        self
    }

    fn field(self, field: Option<IdentifierKind>) -> Self {
        match field {
            Some(kind) => self.with("field", kind.as_str()),
            None => self,
        }
    }

    /// What a refusal is told as. `may_know_accounts`: the caller is told which account a wrong password was for.
    pub fn of(refusal: Refusal, may_know_accounts: bool) -> Self {
        match refusal {
            Refusal::InvalidCredentials(account) => {
                let problem = Self::new(Code::InvalidCredentials);
                if may_know_accounts { problem.with("user_id", account) } else { problem }
            }
            Refusal::Barred { standing, user_id } => Self::new(barred(standing)).with("user_id", user_id),
            Refusal::UserNotFound => Self::new(Code::UserNotFound),
            Refusal::UserExists(field) => Self::new(Code::UserExists).field(field),
            Refusal::InvalidPassword(reason) => Self::new(Code::InvalidPassword)
                .with("reason", reason.as_str())
                .with("detail", detail(reason))
                .with("rules", rules(reason)),
            Refusal::InvalidUsername(detail) => {
                Self::new(Code::InvalidUsername).with("field", "username").with("detail", detail)
            }
            Refusal::Malformed(pointer, detail) => Self::from(Malformed::at(pointer, detail)),
            Refusal::CallerForbidden(why) => Self::new(Code::CallerForbidden).logged(why),
            Refusal::RejectedByStore(field, failure) => {
                Self::new(Code::RejectedByStore).field(field).logged(of_store(&failure))
            }
            Refusal::TooManyAttempts => Self::new(Code::TooManyAttempts),
            Refusal::UnusableStoredPassword(why) => Self::new(Code::UnusableStoredPassword).logged(why),
            Refusal::Ambiguous => Self::new(Code::StoreAmbiguous),
            Refusal::NotSupported => Self::new(Code::ActionNotSupported),
            Refusal::Busy => Self::new(Code::Busy).logged("no hash worker was free in time"),
            Refusal::Store(failure) => Self::new(store(&failure)).logged(of_store(&failure)),
            Refusal::Internal(why) => Self::new(Code::Internal).logged(why),
        }
    }
}

impl From<Malformed> for Problem {
    fn from(malformed: Malformed) -> Self {
        Self::new(Code::MalformedRequest).with("pointer", malformed.pointer).with("detail", malformed.detail)
    }
}

fn barred(standing: Standing) -> Code {
    match standing {
        Standing::Blocked => Code::UserBlocked,
        Standing::Locked => Code::UserLocked,
        Standing::Restricted => Code::UserRestricted,
        Standing::PasswordExpired => Code::PasswordExpired,
        // Nobody is barred for being fine; whoever says so has a bug.
        Standing::Ok => Code::Internal,
    }
}

/// What of a store's failure the operator is told.
fn of_store(failure: &Failure) -> String {
    format!("store {}, {}: {}", failure.store, failure.operation, failure.error)
}

/// What of a store's failure the caller is told.
fn store(failure: &Failure) -> Code {
    match failure.error.kind() {
        ErrorKind::Unavailable => Code::StoreUnavailable,
        ErrorKind::Timeout if failure.write_begun => Code::OutcomeUnknown,
        ErrorKind::Timeout => Code::StoreTimeout,
        ErrorKind::Busy => Code::Busy,
        ErrorKind::Misconfigured => Code::StoreMisconfigured,
        ErrorKind::Ambiguous => Code::StoreAmbiguous,
        ErrorKind::Unsupported => Code::ActionNotSupported,
        ErrorKind::NotFound
        | ErrorKind::AlreadyExists(_)
        | ErrorKind::Rejected(_)
        | ErrorKind::Unexpected => Code::Internal,
    }
}

fn detail(reason: PasswordReason) -> &'static str {
    match reason {
        PasswordReason::Strength => "The password is too easy to guess.",
        PasswordReason::Dictionary => "The password is a common one.",
        PasswordReason::PersonalData => "The password contains personal data.",
        PasswordReason::History => "The password was used before.",
        PasswordReason::TooLong => "The password is too long.",
        PasswordReason::Malformed => "The password is empty or contains a character that can't be stored.",
        PasswordReason::StorePolicy => "The password does not meet the policy of the user store.",
    }
}

/// The rules that were broken, one word each, for callers that show a list.
fn rules(reason: PasswordReason) -> Value {
    json!([reason.as_str()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use idstore_contract::{Error, Rejection};
    use std::collections::BTreeSet;

    #[test]
    fn each_code_is_spelled_once_and_401_belongs_to_the_caller_alone() {
        let words: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        let unauthorized: Vec<_> =
            Code::ALL.iter().filter(|code| code.status() == StatusCode::UNAUTHORIZED).collect();
        assert_eq!(unauthorized, [&Code::CallerUnauthenticated]);
        assert!(
            Code::ALL.iter().all(|code| code.status().is_client_error() || code.status().is_server_error())
        );
    }

    fn told(kind: ErrorKind, write_begun: bool) -> Problem {
        let error = Error::new(kind, "a sentence for the operator").with("column", "secret_column");
        Problem::of(Failure { store: "crm".into(), operation: "find", write_begun, error }.into(), true)
    }

    #[test]
    fn no_failure_of_a_store_reads_as_a_wrong_password_or_an_unknown_user() {
        for (kind, read, write) in [
            (ErrorKind::Unavailable, "store_unavailable", "store_unavailable"),
            (ErrorKind::Timeout, "store_timeout", "outcome_unknown"),
            (ErrorKind::Busy, "busy", "busy"),
            (ErrorKind::Misconfigured, "store_misconfigured", "store_misconfigured"),
            (ErrorKind::Ambiguous, "store_ambiguous", "store_ambiguous"),
            (ErrorKind::Unexpected, "internal", "internal"),
            (ErrorKind::Unsupported, "action_not_supported", "action_not_supported"),
        ] {
            assert_eq!(told(kind, false).code.as_str(), read);
            assert_eq!(told(kind, true).code.as_str(), write);
        }
    }

    #[test]
    fn what_the_operator_is_told_never_gets_into_the_document() {
        let problem = told(ErrorKind::Misconfigured, false);
        assert!(problem.log.as_ref().is_some_and(|log| log.contains("secret_column")));
        assert!(!problem.document("r").to_string().contains("secret_column"));
        assert!(!problem.document("r").to_string().contains("crm"));
    }

    #[test]
    fn a_refused_value_is_told_to_the_operator_with_what_refused_it() {
        let rejected = ErrorKind::Rejected(Rejection::Value(Some(IdentifierKind::Email)));
        let problem = told(rejected, true);
        assert_eq!((problem.code, &problem.document("r")["field"]), (Code::RejectedByStore, &json!("email")));
        assert!(problem.log.as_ref().is_some_and(|log| log.contains("secret_column")), "{:?}", problem.log);
        assert!(!problem.document("r").to_string().contains("secret_column"));
    }

    #[test]
    fn a_caller_that_may_not_know_accounts_sees_one_answer_for_all() {
        let unknown = Problem::of(Refusal::InvalidCredentials(None), false).document("r");
        let wrong = Problem::of(Refusal::InvalidCredentials(Some("1".into())), false).document("r");
        assert_eq!(unknown, wrong);
        let known = Problem::of(Refusal::InvalidCredentials(None), true).document("r");
        assert_eq!(known.get("user_id"), Some(&Value::Null));
    }
}
