//! [`Refusal`]: why an action was not done.

use crate::stores::Failure;
use idstore_contract::{ErrorKind, IdentifierKind, PasswordReason, Rejection, Standing};
use idstore_passwords::WorkError;

/// Why an action was not done, in the words of the caller's contract.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// No such user, or a wrong password: nobody can tell which. Holds the account's public id for callers that may know.
    InvalidCredentials(Option<String>),
    /// The right password of an account that may not sign in, or a change that a blocked account may not make.
    Barred {
        /// Why it is barred.
        standing: Standing,
        /// Whose account it is, where that is known.
        user_id: Option<String>,
    },
    /// The right password of somebody who is no member of the organization that the login is for, or a new account for
    /// another one. Holds the account's public id, where there is one.
    OrganizationDenied(Option<String>),
    /// No such user.
    UserNotFound,
    /// Somebody has that identifier.
    UserExists(Option<IdentifierKind>),
    /// The new password breaks a policy.
    InvalidPassword(PasswordReason),
    /// The new user name breaks a policy; with a sentence.
    InvalidUsername(&'static str),
    /// The request's value can't be one: a JSON pointer and a sentence.
    Malformed(&'static str, &'static str),
    /// The caller may not say this.
    CallerForbidden(&'static str),
    /// The store refuses the value: the field where it is known, and for the operator what the store said.
    RejectedByStore(Option<IdentifierKind>, Failure),
    /// The store bars further guesses.
    TooManyAttempts,
    /// The stored password can't be read; the reason is for the operator.
    UnusableStoredPassword(String),
    /// Two accounts match.
    Ambiguous,
    /// Not offered by this store.
    NotSupported,
    /// No worker was free in time.
    Busy,
    /// The store failed.
    Store(Failure),
    /// A bug of ours; the sentence is for the operator.
    Internal(&'static str),
}

/// What the store says of a value or an account is told as such; what broke stays a failure.
impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure.error.kind() {
            ErrorKind::Unsupported => Self::NotSupported,
            ErrorKind::NotFound => Self::UserNotFound,
            ErrorKind::AlreadyExists(field) => Self::UserExists(field),
            ErrorKind::Rejected(Rejection::Password(reason)) => Self::InvalidPassword(reason),
            ErrorKind::Rejected(Rejection::Value(field)) => Self::RejectedByStore(field, failure),
            ErrorKind::Ambiguous => Self::Ambiguous,
            ErrorKind::Unavailable
            | ErrorKind::Timeout
            | ErrorKind::Busy
            | ErrorKind::Misconfigured
            | ErrorKind::Unexpected => Self::Store(failure),
        }
    }
}

impl From<WorkError> for Refusal {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Busy => Self::Busy,
            WorkError::Lost => Self::Internal("a hash worker panicked"),
            WorkError::Failed(_) => Self::Internal("the new password could not be hashed"),
        }
    }
}
