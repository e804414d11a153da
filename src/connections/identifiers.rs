//! When two spellings of an identifier are one, and which kinds of identifier sign in.
//!
//! A database compares by its collations, which let U+212A in as K and ı as i. So the row that came back is compared
//! here, under one of three small rules.

use crate::config::{IdentifierRule as Rule, Identifiers};
use idstore_contract::IdentifierKind;
use std::borrow::Cow;

impl Rule {
    /// What a spelling becomes under the rule; equal results are the same identifier.
    pub fn fold(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Exact => Cow::Borrowed(text),
            Self::AsciiCase => Cow::Owned(text.to_ascii_lowercase()),
            Self::E164 => e164(text).map_or(Cow::Borrowed(text), Cow::Owned),
        }
    }

    /// Whether two spellings are one.
    pub fn same(self, one: &str, other: &str) -> bool {
        self.fold(one) == self.fold(other)
    }
}

impl Identifiers {
    /// The kinds in which people sign in, each with its rule.
    pub fn sign_in(&self) -> impl Iterator<Item = (IdentifierKind, Rule)> + '_ {
        IdentifierKind::ALL.into_iter().filter_map(|kind| self.rule(kind).map(|rule| (kind, rule)))
    }

    /// The rule by which a kind is compared, whether or not people sign in with it.
    pub fn comparison(&self, kind: IdentifierKind) -> Rule {
        self.rule(kind).or_else(|| Self::default().rule(kind)).unwrap_or(Rule::Exact)
    }

    /// The rule for what a row was found by where that is none of its identifiers: an address where it has an `@`.
    pub fn comparison_of_alias(&self, alias: &str) -> Rule {
        self.comparison(if alias.contains('@') { IdentifierKind::Email } else { IdentifierKind::Username })
    }
}

/// One spelling for all that may be the same identifier: the key under which an unknown name keeps its cost.
pub fn fold_any(identifier: &str) -> String {
    e164(identifier).unwrap_or_else(|| identifier.trim().to_ascii_lowercase())
}

/// Whether a user name would be read as an e-mail address or a phone number, and so let its owner sign in as another.
pub fn looks_like_address_or_number(username: &str) -> bool {
    username.contains('@') || looks_like_number(username)
}

/// Whether a text is a phone number as E.164 has it, whatever separates its digits.
pub fn looks_like_number(text: &str) -> bool {
    e164(text).is_some()
}

/// The digits of an E.164 number: at most 15 behind the `+`, with the separators that people write taken out.
pub(super) fn e164(text: &str) -> Option<String> {
    let digits: String = text
        .trim()
        .strip_prefix('+')?
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-' | '.' | '/' | '(' | ')'))
        .collect();
    ((2..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_outside_ascii_are_never_folded() {
        for (one, other) in [("\u{212a}elvin", "kelvin"), ("mıke", "mike"), ("straße", "strasse"), ("É", "é")]
        {
            assert!(!Rule::AsciiCase.same(one, other), "{one} {other}");
        }
        assert!(Rule::AsciiCase.same("Mike@Example.TEST", "mike@example.test"));
    }

    #[test]
    fn separators_of_a_phone_number_do_not_count() {
        assert!(Rule::E164.same("+49 (30) 123-456", "+4930123456"));
        assert!(!Rule::E164.same("030 123456", "030123456"), "a national number is compared as written");
        assert!(!Rule::E164.same("+49x30", "+4930"));
    }

    #[test]
    fn a_user_name_must_not_read_as_an_address_or_a_number() {
        assert!(looks_like_address_or_number("a@b") && looks_like_address_or_number("+49 30 123"));
        assert!(!looks_like_address_or_number("007") && !looks_like_address_or_number("ann.lee"));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in ".{0,40}") {
            for rule in [Rule::Exact, Rule::AsciiCase, Rule::E164] {
                let once = rule.fold(&text).into_owned();
                prop_assert_eq!(rule.fold(&once), once.as_str());
            }
        }
    }
}
