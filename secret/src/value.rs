//! [`Secret`]: the one type in which passwords, stored hashes and tokens travel.

use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes that are wiped when dropped, print as `Secret(..)` and have no `==`.
///
/// Holds passwords, stored hashes, salts and tokens. Compare two with [`Secret::same_as`], and look inside only
/// where the bytes leave the process: a bound parameter, a hash function, a bind request.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over; nothing of them is left in another copy if the caller gives its only one.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes themselves.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, `None` where they are no UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether both hold the same bytes, in a time that depends on their lengths only.
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no byte at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Without the blanks at its end, as a CHAR(n) column pads them.
    #[must_use]
    pub fn without_trailing_blanks(&self) -> Self {
        let kept = self.0.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last.saturating_add(1));
        Self::new(self.0.iter().copied().take(kept).collect::<Vec<u8>>())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_nothing_of_itself() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "Secret(..) Some(Secret(..))");
    }

    #[test]
    fn the_blanks_of_a_fixed_width_column_are_no_part_of_the_value() {
        assert!(Secret::from("abc  ").without_trailing_blanks().same_as(&Secret::from("abc")));
        assert!(Secret::from("   ").without_trailing_blanks().is_empty());
        assert!(Secret::from(" a b").without_trailing_blanks().same_as(&Secret::from(" a b")));
    }

    #[test]
    fn a_prefix_is_not_the_same() {
        assert!(!Secret::from("abc").same_as(&Secret::from("abcd")));
    }
}
