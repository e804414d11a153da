//! The words that an operator makes up: [`Name`], [`Prefix`], [`ParameterName`]. Each is parsed once, here, and below
//! the configuration nobody looks at their characters again.

use serde::de::{Deserialize, Deserializer, Error as _};
use std::borrow::Borrow;
use std::fmt;

/// The longest name of a store, a connection or a caller, in bytes: what Auth0 allows for a connection.
const NAME_BYTES_MAX: usize = 35;

/// The longest prefix of a user id, in bytes: a name's length, so that `prefix|key` stays a short column.
const PREFIX_BYTES_MAX: usize = 35;

/// The longest key of an organization, in bytes: twice what the platforms' own ids and slugs have.
const ORGANIZATION_BYTES_MAX: usize = 128;

/// The longest name of a parameter, in bytes.
const PARAMETER_BYTES_MAX: usize = 64;

/// The name of a store, a connection or a caller: `[a-z0-9]([a-z0-9-]{0,33}[a-z0-9])?`. It stands in URLs, metric
/// labels and file names as it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The name, or why the text is none.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
            return Err("a name can't be empty");
        };
        if bytes.len() > NAME_BYTES_MAX {
            return Err("a name has at most 35 characters");
        }
        if !bytes.iter().all(|byte| letter(*byte) || *byte == b'-') {
            return Err("a name has only the characters a-z, 0-9 and -");
        }
        if !letter(*first) || !letter(*last) {
            return Err("a name can't begin or end with -");
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The prefix of a connection's user ids: `crm` in `crm|1042`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix(String);

impl Prefix {
    /// The prefix, or why the text is none.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("a prefix can't be empty; leave the key out to send the store's bare key");
        }
        if text.len() > PREFIX_BYTES_MAX {
            return Err("a prefix has at most 35 characters");
        }
        if text.contains('|') {
            return Err("a prefix can't hold `|`: it is what stands between the prefix and the store's key");
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
            return Err("a prefix has only the characters a-z, A-Z, 0-9, `-`, `_` and `.`");
        }
        if text.eq_ignore_ascii_case("auth0") {
            return Err("the prefix `auth0` is reserved: Auth0 writes it before the ids of its own users");
        }
        Ok(Self(text.to_owned()))
    }

    /// The text, without the `|` that follows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a connection's parameter, bound as `:param.<name>`: `[a-z0-9_]+`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ParameterName(String);

impl ParameterName {
    /// The name, or why the text is none.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("the name of a parameter can't be empty");
        }
        if text.len() > PARAMETER_BYTES_MAX {
            return Err("the name of a parameter has at most 64 characters");
        }
        if !text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            return Err("the name of a parameter has only the characters a-z, 0-9 and _");
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The key of an organization, as the store has it: 1 to 128 bytes without control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrganizationKey(String);

impl OrganizationKey {
    /// The key, or why the text is none.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("the key of an organization can't be empty");
        }
        if text.len() > ORGANIZATION_BYTES_MAX {
            return Err("the key of an organization has at most 128 bytes");
        }
        if text.chars().any(char::is_control) {
            return Err("the key of an organization has no control characters");
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What all of them have in common: they print as their text, and are read through their `parse`.
macro_rules! word {
    ($($word:ident)*) => {$(
        impl fmt::Display for $word {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $word {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, out)
            }
        }

        impl Borrow<str> for $word {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $word {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(from)?).map_err(D::Error::custom)
            }
        }
    )*};
}

word!(Name Prefix ParameterName OrganizationKey);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_short_lower_case_and_plain() {
        for good in ["a", "0", "crm", "crm-eu-2", &"a".repeat(35)] {
            assert_eq!(Name::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "-", "-a", "a-", "A", "a_b", "a.b", "ä", "a b", &"a".repeat(36)] {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_prefix_is_never_the_one_of_auth0_and_holds_no_bar() {
        assert_eq!(Prefix::parse("crm").unwrap().as_str(), "crm");
        for bad in ["", "auth0", "Auth0", "a|b", "a b", "ä", &"a".repeat(36)] {
            assert!(Prefix::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_is_kept_as_it_is(text in "\\PC{0,40}") {
            if let Ok(name) = Name::parse(&text) {
                prop_assert_eq!(name.as_str(), &text);
            }
            if let Ok(prefix) = Prefix::parse(&text) {
                prop_assert_eq!(prefix.as_str(), &text);
            }
            if let Ok(name) = ParameterName::parse(&text) {
                prop_assert_eq!(name.as_str(), &text);
            }
        }
    }
}
