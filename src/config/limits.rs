//! [`Bounded`]: a number that is inside its bounds, and says them when it is not.

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use std::fmt;

/// A whole number from `MIN` to `MAX`; `DEFAULT` where the configuration says nothing. The type of a key is its
/// documentation: `Bounded<1, 300, 20>` takes 1 to 300 and is 20.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bounded<const MIN: u64, const MAX: u64, const DEFAULT: u64>(u64);

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> Bounded<MIN, MAX, DEFAULT> {
    /// The number, `None` outside the bounds.
    pub fn new(number: u64) -> Option<Self> {
        (MIN..=MAX).contains(&number).then_some(Self(number))
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number as a count of things in memory; where the platform's is smaller, its largest.
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> Default for Bounded<MIN, MAX, DEFAULT> {
    fn default() -> Self {
        const { assert!(MIN <= DEFAULT && DEFAULT <= MAX, "the default is inside the bounds") };
        Self(DEFAULT)
    }
}

impl<const MIN: u64, const MAX: u64, const DEFAULT: u64> fmt::Debug for Bounded<MIN, MAX, DEFAULT> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl<'de, const MIN: u64, const MAX: u64, const DEFAULT: u64> Deserialize<'de>
    for Bounded<MIN, MAX, DEFAULT>
{
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = from.deserialize_i64(WholeNumber)?;
        u64::try_from(number)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| D::Error::custom(format!("out of its bounds: from {MIN} to {MAX}")))
    }
}

struct WholeNumber;

impl Visitor<'_> for WholeNumber {
    type Value = i128;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a whole number")
    }

    fn visit_i64<E>(self, number: i64) -> Result<i128, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<i128, E> {
        Ok(number.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Small = Bounded<1, 10, 4>;

    #[test]
    fn a_number_outside_its_bounds_is_told_the_bounds() {
        assert_eq!(serde_json::from_str::<Small>("10").unwrap().get(), 10);
        for outside in ["0", "11", "-1", "18446744073709551615"] {
            let error = serde_json::from_str::<Small>(outside).unwrap_err().to_string();
            assert!(error.contains("from 1 to 10"), "{error}");
        }
        assert_eq!(Small::default().get(), 4);
    }

    #[test]
    fn a_text_or_a_fraction_is_no_number() {
        for other in ["\"4\"", "4.0", "true", "[4]"] {
            assert!(serde_json::from_str::<Small>(other).is_err(), "{other}");
        }
    }
}
