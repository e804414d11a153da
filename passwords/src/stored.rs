//! [`Stored`]: what a store keeps of a password; [`Reading`]: what it turned out to be.

use crate::hash::Hash;
use idstore_secret::Secret;
use std::fmt;

/// The columns of one account's password. Blanks that only fill a CHAR(n) are already removed.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// `password_hash`.
    pub hash: &'a Secret,
    /// `password_salt`, where the store has it.
    pub salt: Option<&'a Secret>,
    /// `password_scheme`, where the store has it: a scheme's or a family's name.
    pub scheme: Option<&'a str>,
    /// The account's name, for the schemes that take it.
    pub user: Option<&'a str>,
    /// Rounds and their like, where the store has them in a column of their own: the rounds alone, a JSON object, or text
    /// with `i=600000` in it.
    pub parameters: Option<&'a Secret>,
}

impl<'a> Stored<'a> {
    /// A hash with nothing beside it.
    pub fn new(hash: &'a Secret) -> Self {
        Self { hash, salt: None, scheme: None, user: None, parameters: None }
    }
}

/// What stands in the columns.
#[derive(Clone, Debug)]
pub enum Reading {
    /// A hash that can be verified within the limits.
    Hash(Hash),
    /// The account has no password: the columns are empty or hold a marker that never matches (`!`, `*`, `*LK*` …).
    NoPassword,
    /// Something that can't be verified.
    Unusable(Unusable),
}

/// Why a stored value can't be verified. Its text names the reason and at most a scheme, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// No accepted scheme has this form.
    Unknown,
    /// The form is that of a scheme which the store does not accept.
    NotAccepted {
        /// The scheme's name.
        scheme: &'static str,
    },
    /// The scheme column holds no scheme's name.
    UnknownSchemeName,
    /// The form is that of this scheme, and something in it is wrong or cut off.
    Malformed {
        /// The scheme's name.
        scheme: &'static str,
    },
    /// The scheme takes its salt from a column of its own, and the store returned none.
    MissingSalt {
        /// The scheme's name.
        scheme: &'static str,
    },
    /// The scheme takes the account's name, and the store returned none.
    MissingUser {
        /// The scheme's name.
        scheme: &'static str,
    },
    /// The scheme takes a key of the application's configuration, and none is configured here.
    MissingKey {
        /// The scheme's name.
        scheme: &'static str,
    },
    /// The scheme's rounds or their like stand in a column of their own, and the store returned none that fit.
    MissingParameters {
        /// The scheme's name.
        scheme: &'static str,
    },
    /// It asks for more work than a limit allows.
    TooCostly {
        /// The scheme's name.
        scheme: &'static str,
        /// The limit's key in `[hashing.limits]`.
        limit: &'static str,
    },
    /// The hash has more than 4,096 bytes, or the salt more than 1,024: no scheme writes that much.
    TooLong,
}

impl fmt::Display for Unusable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => out.write_str("the stored password has the form of no accepted scheme"),
            Self::NotAccepted { scheme } => {
                write!(out, "the stored password is of the scheme {scheme}, which the store does not accept")
            }
            Self::UnknownSchemeName => {
                out.write_str("the column password_scheme holds no known scheme's name")
            }
            Self::Malformed { scheme } => write!(out, "the stored password is a malformed {scheme}"),
            Self::MissingSalt { scheme } => {
                write!(out, "the stored password may be of the scheme {scheme}, and password_salt is missing")
            }
            Self::MissingUser { scheme } => {
                write!(out, "the stored password may be of the scheme {scheme}, and the account has no name")
            }
            Self::MissingKey { scheme } => {
                write!(
                    out,
                    "the stored password may be of the scheme {scheme}, and no pepper is configured for it"
                )
            }
            Self::MissingParameters { scheme } => {
                write!(
                    out,
                    "the stored password may be of the scheme {scheme}, and its parameters are missing"
                )
            }
            Self::TooCostly { scheme, limit } => {
                write!(out, "the stored password ({scheme}) costs more than {limit} allows")
            }
            Self::TooLong => out.write_str("the stored password is longer than any scheme writes"),
        }
    }
}

impl std::error::Error for Unusable {}

/// The longest stored hash that is looked at, in bytes. The longest known ones have about 1,100.
pub(crate) const HASH_BYTES_MAX: usize = 4096;

/// The longest salt that is looked at, in bytes. The longest known ones have 512.
pub(crate) const SALT_BYTES_MAX: usize = 1024;

/// Whether the text says that the account has no password of its own here.
///
/// A leading `!` counts whatever follows: `usermod -L` and Django put one before what must no longer match.
pub(crate) fn is_disabled(text: &str) -> bool {
    const MARKERS: [&str; 8] = ["*", "x", "NP", "*NP*", "*0", "*1", "*NO-PASSWORD*", "not cached"];
    // In a directory: the password is kept by somebody else.
    const ELSEWHERE: [&str; 4] = ["{K5KEY}", "{SASL}", "{UNIX}", "{KERBEROS}"];
    // Request Tracker begins its hashes so, and nobody else's marker goes on like this.
    const HASHES: [&str; 2] = ["!bcrypt!", "!sha512!"];
    let starts_with = |prefix: &str| {
        text.as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    text.bytes().all(|byte| byte == b' ')
        || text.starts_with('!') && !HASHES.iter().any(|prefix| text.starts_with(prefix))
        || text.starts_with("*LK*")
        || MARKERS.contains(&text)
        || ELSEWHERE.iter().any(|prefix| starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_no_passwords_and_hashes_are_no_markers() {
        for text in
            ["", " ", "!", "!!", "!$6$salt$abc", "*", "*0", "*LK*", "*LK*$1$x", "x", "NP", "{sasl}a@B"]
        {
            assert!(is_disabled(text), "{text:?}");
        }
        for text in [
            "!bcrypt!05!x",
            "$2b$",
            "xx",
            "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
            "{SSHA}",
            "password",
            "\0",
            "{é",
        ] {
            assert!(!is_disabled(text), "{text:?}");
        }
    }
}
