//! A row's values, in the server's binary format, become cells.
//!
//! Which types can be read is said in one place, [`readable`]: the check of a prepared statement and the reading of a
//! row both ask it. Anything else is refused before the first row, with the cast that helps.

use idstore_contract::{Error, Result, Timestamp};
use idstore_sql::Cell;
use jiff::{SignedDuration, civil};
use postgres_protocol::types as wire;
use std::error::Error as StdError;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};

/// The most bytes of one row: an account is small, and metadata of more is somebody's mistake.
pub(crate) const ROW_BYTES_MAX: usize = 1 << 20;

/// Whether a value of that type can be read.
pub(crate) fn readable(kind: &Type) -> bool {
    reader(kind).is_some()
}

/// The cells of a row, in the order of its columns. Errors name the column, never a value.
pub(crate) fn cells(row: &Row) -> Result<Vec<Cell>> {
    if row.raw_size_bytes() > ROW_BYTES_MAX {
        return Err(Error::misconfigured("a row of a statement is larger than 1 MiB"));
    }
    row.columns()
        .iter()
        .enumerate()
        .map(|(index, column)| match row.try_get::<_, Read>(index) {
            Ok(Read(cell)) => Ok(cell),
            Err(_) => Err(Error::misconfigured("a column holds what can't be read as its type")
                .with("column", column.name())
                .with("type", column.type_().name())),
        })
        .collect()
}

type Raw<'a> = &'a [u8];
type Decoded = std::result::Result<Cell, Box<dyn StdError + Sync + Send>>;

/// How the binary form of a type is read.
enum Reader<'a> {
    Plain(fn(Raw<'_>) -> Decoded),
    Array(&'a Type),
}

fn reader(kind: &Type) -> Option<Reader<'_>> {
    let plain: fn(Raw<'_>) -> Decoded = match *kind {
        Type::BOOL => |raw| Ok(Cell::Flag(wire::bool_from_sql(raw)?)),
        Type::INT2 => |raw| Ok(Cell::Integer(wire::int2_from_sql(raw)?.into())),
        Type::INT4 => |raw| Ok(Cell::Integer(wire::int4_from_sql(raw)?.into())),
        Type::INT8 => |raw| Ok(Cell::Integer(wire::int8_from_sql(raw)?)),
        Type::OID => |raw| Ok(Cell::Integer(wire::oid_from_sql(raw)?.into())),
        Type::FLOAT4 => |raw| Ok(Cell::Number(wire::float4_from_sql(raw)?.to_string())),
        Type::FLOAT8 => |raw| Ok(Cell::Number(wire::float8_from_sql(raw)?.to_string())),
        Type::NUMERIC => numeric,
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::CHAR | Type::UNKNOWN => text,
        Type::BPCHAR => |raw| Ok(Cell::Text(wire::text_from_sql(raw)?.trim_end_matches(' ').to_owned())),
        Type::UUID => uuid,
        Type::TIMESTAMPTZ | Type::TIMESTAMP => timestamp,
        Type::DATE => date,
        Type::JSON => |raw| Ok(Cell::Json(serde_json::from_slice(raw)?)),
        Type::JSONB => jsonb,
        Type::BYTEA => |raw| Ok(Cell::Bytes(raw.to_vec())),
        _ => match kind.kind() {
            Kind::Enum(_) => text,
            // The extension's type; its binary form is the text.
            Kind::Simple if kind.name() == "citext" => text,
            Kind::Domain(base) => return reader(base),
            Kind::Array(element) => {
                let is_plain = *element != Type::BYTEA && matches!(reader(element), Some(Reader::Plain(_)));
                return is_plain.then_some(Reader::Array(element));
            }
            _ => return None,
        },
    };
    Some(Reader::Plain(plain))
}

struct Read(Cell);

impl<'a> FromSql<'a> for Read {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        match reader(kind) {
            Some(Reader::Plain(read)) => read(raw).map(Read),
            Some(Reader::Array(element)) => array(element, raw).map(Read),
            None => Err("a type that is not read".into()),
        }
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Read(Cell::Null))
    }

    fn accepts(kind: &Type) -> bool {
        readable(kind)
    }
}

fn text(raw: Raw<'_>) -> Decoded {
    Ok(Cell::Text(wire::text_from_sql(raw)?.to_owned()))
}

fn uuid(raw: Raw<'_>) -> Decoded {
    let hex = format!("{:032x}", u128::from_be_bytes(wire::uuid_from_sql(raw)?));
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| hex.get(range).unwrap_or_default());
    Ok(Cell::Text(parts.join("-")))
}

/// Version 1 is the only one so far: one byte, then the text.
fn jsonb(raw: Raw<'_>) -> Decoded {
    match raw.split_first() {
        Some((1, text)) => Ok(Cell::Json(serde_json::from_slice(text)?)),
        _ => Err("an unknown version of jsonb".into()),
    }
}

/// The zero of PostgreSQL's clock.
const EPOCH: civil::Date = civil::date(2000, 1, 1);

/// Microseconds since 2000 in UTC; a column without a zone is read as UTC. `infinity` and what lies beyond the years
/// that we know is the last moment of all, or the first.
fn timestamp(raw: Raw<'_>) -> Decoded {
    let micros = wire::timestamp_from_sql(raw)?;
    Ok(Cell::Time(since_epoch(SignedDuration::from_micros(micros))))
}

fn date(raw: Raw<'_>) -> Decoded {
    let days = wire::date_from_sql(raw)?;
    let hours = i64::from(days).saturating_mul(24);
    Ok(Cell::Time(since_epoch(SignedDuration::from_hours(hours))))
}

fn since_epoch(duration: SignedDuration) -> Timestamp {
    let limit = if duration.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    let epoch = jiff::tz::TimeZone::UTC.to_timestamp(EPOCH.to_datetime(civil::Time::midnight()));
    epoch.ok().and_then(|epoch| epoch.checked_add(duration).ok()).unwrap_or(limit)
}

/// The most digits of a number that are read; a key has twenty.
const DIGITS_MAX: usize = 2_000;

/// `numeric` as its decimal text. Format: `numeric_send` in PostgreSQL's numeric.c: the count of base-10000 digits,
/// the weight of the first, the sign, the number of decimals shown, and the digits, each in 16 bits.
fn numeric(raw: Raw<'_>) -> Decoded {
    let mut words = raw.as_chunks::<2>().0.iter().map(|pair| i16::from_be_bytes(*pair));
    let mut next = || words.next().ok_or("a number that is cut short");
    let count = usize::try_from(next()?)?;
    let weight = i32::from(next()?);
    let sign = next()?.cast_unsigned();
    let scale = usize::try_from(next()?)?;
    match sign {
        0 | 0x4000 => {}
        0xC000 => return Ok(Cell::Number("NaN".into())),
        0xD000 => return Ok(Cell::Number("Infinity".into())),
        0xF000 => return Ok(Cell::Number("-Infinity".into())),
        _ => return Err("a number with an unknown sign".into()),
    }
    let digits: Vec<i16> = words.collect();
    if digits.len() != count || digits.iter().any(|digit| !(0..10_000).contains(digit)) {
        return Err("a number whose digits are wrong".into());
    }
    let text = decimal(&digits, weight, sign == 0x4000, scale).ok_or("a number that is too long")?;
    Ok(text.parse().map_or(Cell::Number(text), Cell::Integer))
}

/// The decimal text of base-10000 digits, the first of which counts 10000 to the power of `weight`.
fn decimal(digits: &[i16], weight: i32, negative: bool, scale: usize) -> Option<String> {
    use std::fmt::Write as _;
    let group = |power: i32| {
        let index = weight.checked_sub(power).and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| digits.get(index)).copied().unwrap_or(0)
    };
    let highest = weight.max(0);
    if scale > DIGITS_MAX || usize::try_from(highest).ok()? > DIGITS_MAX {
        return None;
    }
    let mut whole = String::new();
    for power in (0..=highest).rev() {
        write!(whole, "{:04}", group(power)).ok()?;
    }
    let mut fraction = String::new();
    let mut power = 0_i32;
    while fraction.len() < scale {
        power = power.checked_sub(1)?;
        write!(fraction, "{:04}", group(power)).ok()?;
    }
    fraction.truncate(scale);
    let significant = whole.trim_start_matches('0');
    let mut text = String::from(if negative { "-" } else { "" });
    text.push_str(if significant.is_empty() { "0" } else { significant });
    if scale > 0 {
        text.push('.');
        text.push_str(&fraction);
    }
    Some(text)
}

/// An array of one dimension, as JSON.
fn array(element: &Type, raw: Raw<'_>) -> Decoded {
    use tokio_postgres::fallible_iterator::FallibleIterator as _;
    let array = wire::array_from_sql(raw)?;
    if array.dimensions().count()? > 1 {
        return Err("an array of several dimensions".into());
    }
    let mut items = Vec::new();
    let mut values = array.values();
    while let Some(value) = values.next()? {
        let cell = match (value, reader(element)) {
            (None, _) => Cell::Null,
            (Some(raw), Some(Reader::Plain(read))) => read(raw)?,
            (Some(_), _) => return Err("an array of a type that is not read".into()),
        };
        items.push(json(cell));
    }
    Ok(Cell::Json(serde_json::Value::Array(items)))
}

fn json(cell: Cell) -> serde_json::Value {
    use serde_json::Value;
    match cell {
        Cell::Null | Cell::Bytes(_) => Value::Null,
        Cell::Text(text) => Value::String(text),
        Cell::Integer(number) => Value::from(number),
        Cell::Number(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        Cell::Flag(flag) => Value::Bool(flag),
        Cell::Time(time) => Value::String(time.to_string()),
        Cell::Json(value) => value,
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "small numbers of the test's own")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(kind: &Type, raw: &[u8]) -> Option<Cell> {
        Read::from_sql(kind, raw).ok().map(|Read(cell)| cell)
    }

    #[test]
    fn infinity_is_the_last_moment() {
        assert!(read(&Type::TIMESTAMPTZ, &i64::MAX.to_be_bytes()) == Some(Cell::Time(Timestamp::MAX)));
        assert!(read(&Type::TIMESTAMP, &i64::MIN.to_be_bytes()) == Some(Cell::Time(Timestamp::MIN)));
        assert!(read(&Type::DATE, &i32::MAX.to_be_bytes()) == Some(Cell::Time(Timestamp::MAX)));
    }

    #[test]
    fn the_clock_starts_in_2000() {
        let expected = "2000-01-02T00:00:00Z".parse().unwrap();
        assert!(read(&Type::DATE, &1_i32.to_be_bytes()) == Some(Cell::Time(expected)));
    }

    #[test]
    fn a_type_without_a_reader_is_refused() {
        for kind in
            [Type::INTERVAL, Type::INET, Type::XML, Type::POINT, Type::BYTEA_ARRAY, Type::MONEY, Type::TIME]
        {
            assert!(!readable(&kind), "{kind}");
        }
        assert!(readable(&Type::TEXT_ARRAY) && readable(&Type::UUID_ARRAY));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..64)) {
            for kind in [
                Type::BOOL, Type::INT4, Type::NUMERIC, Type::UUID, Type::TIMESTAMPTZ, Type::DATE, Type::JSONB,
                Type::TEXT, Type::FLOAT8, Type::TEXT_ARRAY, Type::INT4_ARRAY, Type::NUMERIC_ARRAY,
            ] {
                read(&kind, &raw);
            }
        }

        #[test]
        fn a_whole_number_keeps_its_value(digits in proptest::collection::vec(0_i16..10_000, 1..5), negative: bool) {
            let whole = digits.iter().fold(0_i64, |whole, digit| whole * 10_000 + i64::from(*digit));
            let weight = i32::try_from(digits.len()).unwrap() - 1;
            let sign = if negative { "-" } else { "" };
            prop_assert_eq!(decimal(&digits, weight, negative, 0), Some(format!("{sign}{whole}")));
        }
    }
}
