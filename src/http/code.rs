//! [`Code`]: the words by which callers decide, each with its status, its title and how loud it is logged.

use hyper::StatusCode;

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
    OrganizationDenied,
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
    pub const ALL: [Self; 31] = [
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
        Self::OrganizationDenied,
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
            Self::OrganizationDenied => {
                ("organization_denied", S::FORBIDDEN, "The account is no member of the organization", Info)
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

#[cfg(test)]
mod tests {
    use super::*;
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
}
