//! How an account is asked for.

use std::fmt;

/// The most candidates that a lookup may answer; one more row is [`crate::ErrorKind::Ambiguous`].
///
/// Two people may share an address under a folding comparison, a few more under a bad collation; a lookup that finds
/// dozens is a statement without its WHERE.
pub const CANDIDATES_MAX: usize = 8;

/// The longest page that [`crate::Store::list`] is asked for, in accounts: a few hundred kilobytes.
pub const PAGE_MAX: usize = 1000;

/// The three identifiers by which people sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierKind {
    /// An e-mail address.
    Email,
    /// A user name.
    Username,
    /// A phone number.
    PhoneNumber,
}

impl IdentifierKind {
    /// All kinds, in the order in which they are documented.
    pub const ALL: [Self; 3] = [Self::Email, Self::Username, Self::PhoneNumber];

    /// The name in profiles, statements and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Username => "username",
            Self::PhoneNumber => "phone_number",
        }
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// What an account is looked up by. The text is as the caller wrote it (1 to 512 bytes, no NUL); a store compares it
/// as a value and never reads it as syntax.
#[derive(Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The bare key, without a connection's prefix.
    UserId(String),
    /// Whatever the user typed: any kind in which the store lets people sign in.
    Identifier(String),
    /// One kind, named by the caller.
    Named(IdentifierKind, String),
}

impl Lookup {
    /// The text that is looked for.
    pub fn text(&self) -> &str {
        match self {
            Self::UserId(text) | Self::Identifier(text) | Self::Named(_, text) => text,
        }
    }

    /// The member of the request that it came in.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UserId(_) => "user_id",
            Self::Identifier(_) => "identifier",
            Self::Named(kind, _) => kind.as_str(),
        }
    }
}

/// Shows what is looked up by, never the text: people type their password into the name field.
impl fmt::Debug for Lookup {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Lookup({})", self.name())
    }
}

/// Why an account is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A password will be compared: the answer must hold what that takes.
    Login,
    /// The profile is asked for, or a write follows.
    Profile,
}
