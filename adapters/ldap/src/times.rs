//! Times as directories write them: generalized time (RFC 4517, section 3.3.13) and Active Directory's FILETIME.

use idstore_contract::Timestamp;
use jiff::civil;

/// From 1601, where FILETIME begins, to 1970, in seconds.
const FILETIME_EPOCH_SECS: i64 = 11_644_473_600;
/// FILETIME counts tenths of a microsecond.
const FILETIME_PER_SEC: i64 = 10_000_000;

/// A generalized time: `YYYYMMDDHH[MM[SS]][.f]` and then `Z` or an offset such as `+0100`.
pub(crate) fn generalized(text: &str) -> Option<Timestamp> {
    let (stamp, offset_secs) = match text.strip_suffix(['Z', 'z']) {
        Some(stamp) => (stamp, 0),
        None => with_offset(text)?,
    };
    let stamp = stamp.split(['.', ',']).next()?;
    if !(10..=14).contains(&stamp.len()) || !stamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| -> Option<i8> {
        stamp.get(from..to).map_or(Some(0), |digits| digits.parse().ok())
    };
    let year: i16 = stamp.get(..4)?.parse().ok()?;
    // The last second of a minute may be a sixty-first.
    let second = part(12, 14)?.min(59);
    let time = civil::DateTime::new(year, part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 12)?, second, 0);
    let seconds = time
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?
        .timestamp()
        .as_second()
        .checked_sub(offset_secs)?;
    Timestamp::from_second(seconds).ok()
}

fn with_offset(text: &str) -> Option<(&str, i64)> {
    let at = text.rfind(['+', '-'])?;
    let (stamp, offset) = text.split_at_checked(at)?;
    let (sign, digits) = offset.split_at_checked(1)?;
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4).map_or(Some(0), |minutes| minutes.parse().ok())?;
    let seconds = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?;
    Some((stamp, if sign == "-" { seconds.checked_neg()? } else { seconds }))
}

/// Writes a generalized time, in whole seconds.
pub(crate) fn to_generalized(time: Timestamp) -> String {
    time.strftime("%Y%m%d%H%M%SZ").to_string()
}

/// A FILETIME; `None` where it says never (0 and the largest number).
pub(crate) fn filetime(text: &str) -> Option<Timestamp> {
    let ticks: i64 = text.parse().ok().filter(|ticks| *ticks > 0 && *ticks != i64::MAX)?;
    Timestamp::from_second(ticks.checked_div(FILETIME_PER_SEC)?.checked_sub(FILETIME_EPOCH_SECS)?).ok()
}

/// Either of the two: a FILETIME has no letter, and is longer than a stamp.
pub(crate) fn any(text: &str) -> Option<Timestamp> {
    if text.len() > 15 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        filetime(text)
    } else {
        generalized(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn generalized_times_are_read_in_every_form() {
        for (text, expected) in [
            ("20260131120000Z", "2026-01-31T12:00:00Z"),
            ("202601311200Z", "2026-01-31T12:00:00Z"),
            ("2026013112Z", "2026-01-31T12:00:00Z"),
            ("20260131120000.123Z", "2026-01-31T12:00:00Z"),
            ("20260131130000+0100", "2026-01-31T12:00:00Z"),
            ("20260131063000-0530", "2026-01-31T12:00:00Z"),
        ] {
            assert_eq!(generalized(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "Z", "2026Z", "20261331120000Z", "20260131120000", "+0100", "x0260131120000Z"] {
            assert_eq!(generalized(text), None, "{text}");
        }
    }

    #[test]
    fn a_filetime_counts_from_1601() {
        assert_eq!(filetime("132000000000000000").unwrap().to_string(), "2019-04-17T18:40:00Z");
        for never in ["0", "9223372036854775807", "-1", "x"] {
            assert_eq!(filetime(never), None);
        }
    }

    proptest! {
        #[test]
        fn a_time_is_read_as_it_was_written(seconds in 0_i64..253_402_300_000) {
            let time = Timestamp::from_second(seconds).unwrap();
            prop_assert_eq!(generalized(&to_generalized(time)), Some(time));
        }

        #[test]
        fn whatever_the_text_reading_ends(text in "\\PC{0,24}|[0-9Z+.-]{0,24}") {
            super::any(&text);
        }
    }
}
