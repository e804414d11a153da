//! What can go wrong in a store. *No* is a value (an empty list, a verdict); everything here is *broken*.

use crate::IdentifierKind;
use std::fmt;

/// The result of a call to a store.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a store could not do what was asked. Exhaustive on purpose: a new kind must break the mapping to HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Not offered by this store as configured.
    Unsupported,
    /// The account is gone.
    NotFound,
    /// The store's own constraint says that there is such an account already; the field where it could be found out.
    AlreadyExists(Option<IdentifierKind>),
    /// The store refuses the value.
    Rejected(Rejection),
    /// More than one account, or more rows than there can be candidates.
    Ambiguous,
    /// The store can't be reached, or does not serve.
    Unavailable,
    /// The store did not answer in time; after [`crate::Call::begin_write`] also: what became of the write is unknown,
    /// because its answer was lost or because it could neither be proven nor undone.
    Timeout,
    /// No session or permit was free in time; nothing was sent to the store.
    Busy,
    /// A statement, a column, an attribute or a right is wrong: the operator must act.
    Misconfigured,
    /// A bug of ours or of the driver.
    Unexpected,
}

/// What a store refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The new password, by the store's own policy.
    Password(PasswordReason),
    /// A value; the field where it is known.
    Value(Option<IdentifierKind>),
}

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordReason {
    /// Too easy to guess.
    Strength,
    /// In a list of common ones.
    Dictionary,
    /// Contains the user's own data.
    PersonalData,
    /// Used before.
    History,
    /// Longer than the scheme or the limit can hold.
    TooLong,
    /// Can't be a password: empty, or with NUL.
    Malformed,
    /// The store's policy, without a nearer reason.
    StorePolicy,
}

impl PasswordReason {
    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strength => "strength",
            Self::Dictionary => "dictionary",
            Self::PersonalData => "personal_data",
            Self::History => "history",
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
            Self::StorePolicy => "store_policy",
        }
    }
}

/// An error of a store: a kind, one fixed sentence, and names that help the operator.
///
/// The sentence is `&'static str` so that nothing read from a row can enter it; the details are names from the
/// configuration and the schema (a column, a statement's key, an SQLSTATE), never values and never a driver's text.
#[derive(Clone)]
pub struct Error {
    kind: ErrorKind,
    message: &'static str,
    details: Vec<(&'static str, String)>,
}

impl Error {
    /// An error of a kind, with one sentence that says what happened.
    pub fn new(kind: ErrorKind, message: &'static str) -> Self {
        Self { kind, message, details: Vec::new() }
    }

    /// `Misconfigured`, with its sentence.
    pub fn misconfigured(message: &'static str) -> Self {
        Self::new(ErrorKind::Misconfigured, message)
    }

    /// `Unavailable`, with its sentence.
    pub fn unavailable(message: &'static str) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// `Unexpected`, with its sentence.
    pub fn unexpected(message: &'static str) -> Self {
        Self::new(ErrorKind::Unexpected, message)
    }

    /// `Unsupported`.
    pub fn unsupported() -> Self {
        Self::new(ErrorKind::Unsupported, "not offered by this store as configured")
    }

    /// `Ambiguous`.
    pub fn ambiguous() -> Self {
        Self::new(ErrorKind::Ambiguous, "more than one account matches")
    }

    /// `NotFound`.
    pub fn not_found() -> Self {
        Self::new(ErrorKind::NotFound, "the account is gone")
    }

    /// `Timeout`.
    pub fn timeout() -> Self {
        Self::new(ErrorKind::Timeout, "the store did not answer in time")
    }

    /// `Busy`.
    pub fn busy(message: &'static str) -> Self {
        Self::new(ErrorKind::Busy, message)
    }

    /// Adds a name that helps the operator: a column, a statement, an SQLSTATE. Never a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    /// The same error as another kind, where a caller knows better what it means.
    #[must_use]
    pub fn as_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The fixed sentence.
    pub fn message(&self) -> &'static str {
        self.message
    }

    /// The details, in the order in which they were added.
    pub fn details(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.details.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

/// One line for the operator's log: the sentence, then the details.
impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.message)?;
        for (index, (name, value)) in self.details.iter().enumerate() {
            write!(out, "{}{name}: {value}", if index == 0 { " (" } else { ", " })?;
        }
        if self.details.is_empty() { Ok(()) } else { out.write_str(")") }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}: {self}", self.kind)
    }
}

impl std::error::Error for Error {}
