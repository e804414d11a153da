//! What is wrong with a configuration, in a form that can be shown beside the line that it is about.

use std::collections::BTreeSet;
use std::time::Duration;

/// One thing that is wrong, or worth a warning, in a store's configuration or in what the server shows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether it stops the store.
    pub severity: Severity,
    /// The key below the store's own table, as a dotted path: `statements.get_user`, `password`. Empty: the table.
    pub key: String,
    /// Where in the text of that key's value the problem is, in bytes, if it is at one place of it.
    pub offset: Option<usize>,
    /// What is wrong and what to do about it; one or two sentences, without a value read from a store.
    pub message: String,
}

impl Problem {
    /// Something that stops the store.
    pub fn error(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, key: key.into(), offset: None, message: message.into() }
    }

    /// Something that the operator should know.
    pub fn warning(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, key: key.into(), offset: None, message: message.into() }
    }

    /// The same problem at a place inside the value.
    #[must_use]
    pub fn at(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Whether it stops the store.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Warning,
    /// The store can't serve with it.
    Error,
}

/// What an adapter's pure check is told of the configuration around its own table.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// How new passwords are stored; `None` where the configuration does not say (`passwords.write`).
    pub password_write: Option<PasswordWrite>,
    /// The connections on this store.
    pub connections: Vec<ConnectionNeeds>,
    /// The longest deadline of those connections: no statement of a shared session runs longer. `None`: not known.
    pub deadline_max: Option<Duration>,
}

/// How new passwords are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordWrite {
    /// The daemon hashes; everything is in one text.
    Hashed,
    /// The daemon hashes; the salt goes into a column of its own.
    HashedWithSalt,
    /// The store hashes: it gets the password in clear.
    ByStore,
}

/// What one connection on a store needs of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionNeeds {
    /// The connection's name.
    pub connection: String,
    /// The names of its parameters.
    pub parameters: BTreeSet<String>,
    /// Its organizations are told apart by their names, so that each must have one.
    pub organization_names: bool,
    /// Its mark of migration must tell since when it holds, and not only that it does.
    pub migration_times: bool,
}
