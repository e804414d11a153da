//! Values become parameters in text format: the type that the server reports for a position decides how a value is
//! spelled there, and whether it can be sent at all.
//!
//! A value that the type can't hold is found out here, before sending: the server's own error would abort the
//! transaction, and NULL instead of the value would match what nobody asked for. Whatever is accepted here, the server
//! accepts too; where it accepts more (blanks around a number), nothing is lost, for accounts are compared as text.

use bytes::BytesMut;
use idstore_contract::{Secret, Timestamp};
use idstore_sql::Value;
use jiff::civil;
use std::error::Error as StdError;
use std::fmt;
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type, to_sql_checked};

/// The most bytes of a number's text: longer ones are no key of anybody.
const NUMBER_BYTES_MAX: usize = 256;
/// PostgreSQL silently cuts a `name` to 63 bytes, and another account could be found.
const NAME_BYTES_MAX: usize = 63;

/// One parameter, ready to be sent. Prints nothing: the driver logs parameters.
pub(crate) struct Parameter(Option<Secret>);

impl fmt::Debug for Parameter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Parameter(..)")
    }
}

/// The values as parameters of these types; `Err` is the index of the first value that its type can't hold.
///
/// There are as many types as values: both come from the bind positions of one statement.
pub(crate) fn bind(values: &[Value], types: &[Type]) -> Result<Vec<Parameter>, usize> {
    values
        .iter()
        .zip(types)
        .enumerate()
        .map(|(index, (value, kind))| spell(value, kind).map(Parameter).ok_or(index))
        .collect()
}

/// The text of a value for a type: `Some(None)` is NULL, `None` is a value that does not fit.
#[allow(
    clippy::option_option,
    reason = "NULL fits everywhere, and is not the same as a value that does not fit"
)]
fn spell(value: &Value, kind: &Type) -> Option<Option<Secret>> {
    let kind = base(kind);
    match value {
        Value::Null => Some(None),
        Value::Flag(flag) => Some(Some(Secret::from(flag_for(*flag, kind)))),
        Value::Integer(number) => spell_text(&number.to_string(), kind).map(Some),
        Value::Text(text) => spell_text(text, kind).map(Some),
        Value::Secret(secret) if *kind == Type::BYTEA => Some(Some(hex(secret.expose()))),
        Value::Secret(secret) => spell_text(secret.expose_text()?, kind).map(Some),
    }
}

/// A domain holds what its base type holds; its own CHECK is for the server to say.
fn base(kind: &Type) -> &Type {
    match kind.kind() {
        Kind::Domain(inner) => base(inner),
        _ => kind,
    }
}

/// Numbers spell flags as 1 and 0, texts as t and f (a CHAR(1) holds them too).
fn flag_for(flag: bool, kind: &Type) -> &'static str {
    let is_number =
        [Type::INT2, Type::INT4, Type::INT8, Type::OID, Type::NUMERIC, Type::FLOAT4, Type::FLOAT8, Type::BIT]
            .contains(kind);
    match (is_number, flag) {
        (true, true) => "1",
        (true, false) => "0",
        (false, true) => "t",
        (false, false) => "f",
    }
}

fn spell_text(text: &str, kind: &Type) -> Option<Secret> {
    // No text of PostgreSQL holds a NUL.
    if text.contains('\0') && *kind != Type::BYTEA {
        return None;
    }
    let as_written = |fits: bool| fits.then(|| Secret::from(text));
    match *kind {
        Type::BOOL => as_written(is_flag(text)),
        Type::INT2 => as_written(text.parse::<i16>().is_ok()),
        Type::INT4 => as_written(text.parse::<i32>().is_ok()),
        Type::INT8 => as_written(text.parse::<i64>().is_ok()),
        Type::OID => as_written(text.parse::<u32>().is_ok()),
        Type::NUMERIC => as_written(is_decimal(text)),
        Type::FLOAT4 => as_written(
            is_decimal(text) && text.parse().is_ok_and(|number: f32| number.is_normal() || number == 0.0),
        ),
        Type::FLOAT8 => as_written(
            is_decimal(text) && text.parse().is_ok_and(|number: f64| number.is_normal() || number == 0.0),
        ),
        Type::UUID => as_written(is_uuid(text)),
        Type::NAME => as_written(text.len() <= NAME_BYTES_MAX),
        Type::CHAR => as_written(text.len() <= 1),
        Type::JSON | Type::JSONB => as_written(is_json(text)),
        Type::BYTEA => Some(hex(text.as_bytes())),
        Type::DATE => date(text).map(Secret::from),
        Type::TIMESTAMP => time(text).map(|time| Secret::from(time.to_string())),
        Type::TIMESTAMPTZ => time(text).map(|time| Secret::from(format!("{time}+00"))),
        _ => match kind.kind() {
            Kind::Enum(labels) => as_written(labels.iter().any(|label| label == text)),
            _ => as_written(true),
        },
    }
}

/// What both worlds call a flag; the server takes prefixes too (`tru`), and nobody writes them.
fn is_flag(text: &str) -> bool {
    ["t", "f", "true", "false", "1", "0", "yes", "no", "y", "n", "on", "off"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(text))
}

/// `-12`, `+1.50`, `.5`, without an exponent: keys have none, and a large one is a number of a million digits.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= NUMBER_BYTES_MAX
        && all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
}

/// 32 hexadecimal digits, with the four usual hyphens or without any.
fn is_uuid(text: &str) -> bool {
    let hyphens = text.bytes().enumerate().filter(|(_, byte)| *byte == b'-').map(|(at, _)| at);
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    digits == 32 && (text.len() == 32 || (text.len() == 36 && hyphens.eq([8, 13, 18, 23])))
}

/// JSON that jsonb can hold: it has no NUL, however it is written.
fn is_json(text: &str) -> bool {
    !text.contains("\\u0000") && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn hex(bytes: &[u8]) -> Secret {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]);
    Secret::new([b'\\', b'x'].into_iter().chain(digits).collect::<Vec<u8>>())
}

/// Years that both sides write with four digits.
const YEARS: std::ops::RangeInclusive<i16> = 1..=9999;

fn date(text: &str) -> Option<String> {
    let date: civil::Date = text.parse().ok()?;
    YEARS.contains(&date.year()).then(|| date.to_string())
}

/// A time in UTC; without a zone it is UTC already. The words of PostgreSQL (`now`, `infinity`) are no values.
fn time(text: &str) -> Option<civil::DateTime> {
    let time = match text.parse::<Timestamp>() {
        Ok(instant) => jiff::tz::TimeZone::UTC.to_datetime(instant),
        Err(_) => text.parse().ok()?,
    };
    YEARS.contains(&time.year()).then_some(time)
}

impl ToSql for Parameter {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match &self.0 {
            None => Ok(IsNull::Yes),
            Some(text) => {
                out.extend_from_slice(text.expose());
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spelled(text: &str, kind: &Type) -> Option<String> {
        let secret = spell(&Value::Text(text.into()), kind)?.unwrap();
        Some(secret.expose_text().unwrap().to_owned())
    }

    #[test]
    fn a_flag_is_spelled_as_its_type_wants_it() {
        for (kind, yes, no) in [
            (Type::BOOL, "t", "f"),
            (Type::INT2, "1", "0"),
            (Type::NUMERIC, "1", "0"),
            (Type::BPCHAR, "t", "f"),
        ] {
            for (flag, word) in [(true, yes), (false, no)] {
                let secret = spell(&Value::Flag(flag), &kind).unwrap().unwrap();
                assert_eq!(secret.expose_text(), Some(word), "{kind}");
            }
        }
    }

    #[test]
    fn a_value_that_the_type_can_not_hold_does_not_fit_and_is_never_null() {
        for (text, kind) in [
            ("seven", Type::INT4),
            ("7.0", Type::INT4),
            (" 7", Type::INT4),
            ("", Type::INT8),
            ("32768", Type::INT2),
            ("2147483648", Type::INT4),
            ("9223372036854775808", Type::INT8),
            ("-1", Type::OID),
            ("1e9", Type::NUMERIC),
            ("NaN", Type::NUMERIC),
            (".", Type::NUMERIC),
            ("infinity", Type::FLOAT8),
            ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", Type::UUID),
            ("a0eebc999-c0b-4ef8-bb6d-6bb9bd380a11", Type::UUID),
            ("maybe", Type::BOOL),
            ("2024-02-30", Type::DATE),
            ("now", Type::TIMESTAMPTZ),
            ("infinity", Type::TIMESTAMP),
            ("{\"a\":", Type::JSONB),
            ("\"\\u0000\"", Type::JSONB),
            ("a\0b", Type::TEXT),
            ("ab", Type::CHAR),
        ] {
            assert_eq!(
                bind(&[Value::Null, Value::Text(text.into())], &[Type::TEXT, kind.clone()]).err(),
                Some(1),
                "{text:?} {kind}"
            );
        }
        assert_eq!(spelled(&"n".repeat(64), &Type::NAME), None);
        let not_text = Value::Secret(Secret::new(vec![0xff]));
        assert!(spell(&not_text, &Type::TEXT).is_none());
    }

    #[test]
    fn a_time_goes_out_in_utc() {
        let zoned = "2024-05-01T12:00:00+02:00";
        assert_eq!(spelled(zoned, &Type::TIMESTAMP).as_deref(), Some("2024-05-01T10:00:00"));
        assert_eq!(spelled(zoned, &Type::TIMESTAMPTZ).as_deref(), Some("2024-05-01T10:00:00+00"));
        assert_eq!(
            spelled("2024-05-01 12:00:00", &Type::TIMESTAMPTZ).as_deref(),
            Some("2024-05-01T12:00:00+00")
        );
    }

    #[test]
    fn bytes_are_never_read_as_escapes() {
        assert_eq!(spelled("a\\000", &Type::BYTEA).as_deref(), Some("\\x615c303030"));
    }

    #[test]
    fn a_domain_is_judged_as_its_base() {
        let domain = Type::new("key".into(), 90_000, Kind::Domain(Type::INT4), "public".into());
        assert_eq!(spelled("7", &domain).as_deref(), Some("7"));
        assert_eq!(spelled("x", &domain), None);
    }

    #[test]
    fn a_parameter_prints_nothing() {
        let parameters = bind(&[Value::Text("hunter2".into())], &[Type::TEXT]).unwrap();
        assert_eq!(format!("{parameters:?}"), "[Parameter(..)]");
    }

    proptest! {
        #[test]
        fn whatever_fits_an_integer_is_one(text in ".{0,24}") {
            prop_assert_eq!(spelled(&text, &Type::INT8).is_some(), text.parse::<i64>().is_ok());
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            for kind in [Type::BOOL, Type::NUMERIC, Type::FLOAT4, Type::UUID, Type::DATE, Type::TIMESTAMPTZ, Type::JSON, Type::BYTEA] {
                spelled(&text, &kind);
            }
        }
    }
}
