//! A row's values become cells, by the type that the server gives each column.

use idstore_contract::{Error, Result, Timestamp};
use idstore_sql::{Cell, PreparedColumn};
use jiff::civil::DateTime;
use mysql_common::constants::ColumnType;
use mysql_common::packets::Column;
use mysql_common::value::Value;

/// The character set of bytes that are no text.
const BINARY: u16 = 63;

/// What is known of a column before the first row.
pub(crate) fn describe(column: &Column) -> PreparedColumn {
    let name = column.name_str().into_owned();
    let source = Some(column.org_name_str().into_owned()).filter(|source| !source.is_empty());
    let source = source.unwrap_or_else(|| name.clone());
    let cast = match kind(column) {
        Kind::Unreadable => Some(format!("CAST({source} AS CHAR) AS {name}")),
        Kind::Geometry => Some(format!("ST_AsText({source}) AS {name}")),
        // Bytes make no key: sixteen of them may be text by chance.
        Kind::Bytes | Kind::Padded if name == "user_id" => Some(format!(
            "HEX({source}) AS user_id, or CONVERT({source} USING utf8mb4) AS user_id where the bytes are text"
        )),
        _ => None,
    };
    PreparedColumn { type_name: Some(type_name(column).to_owned()), name, cast }
}

/// The cells of a row. Errors name the column, never a value.
pub(crate) fn cells(columns: &[Column], values: Vec<Value>) -> Result<Vec<Cell>> {
    columns
        .iter()
        .zip(values)
        .map(|(column, value)| {
            cell(column, value).ok_or_else(|| {
                Error::misconfigured("a column holds what can't be read as its type")
                    .with("column", column.name_str().into_owned())
                    .with("type", type_name(column))
            })
        })
        .collect()
}

/// How a column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A TINYINT(1), which is what BOOLEAN stands for.
    Flag,
    Number,
    Decimal,
    /// So many bits.
    Bits(u32),
    Time,
    /// A time of the day, or a span.
    Clock,
    Text,
    Json,
    /// VARBINARY and BLOB.
    Bytes,
    /// BINARY(n), filled up with zeros.
    Padded,
    Geometry,
    Unreadable,
}

fn kind(column: &Column) -> Kind {
    use ColumnType as T;
    let is_text = column.character_set() != BINARY;
    match column.column_type() {
        T::MYSQL_TYPE_TINY if column.column_length() == 1 => Kind::Flag,
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_LONGLONG
        | T::MYSQL_TYPE_YEAR
        | T::MYSQL_TYPE_FLOAT
        | T::MYSQL_TYPE_DOUBLE
        | T::MYSQL_TYPE_NULL => Kind::Number,
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => Kind::Decimal,
        T::MYSQL_TYPE_BIT => Kind::Bits(column.column_length()),
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE | T::MYSQL_TYPE_DATETIME => {
            Kind::Time
        }
        T::MYSQL_TYPE_TIME => Kind::Clock,
        T::MYSQL_TYPE_JSON => Kind::Json,
        T::MYSQL_TYPE_STRING if !is_text => Kind::Padded,
        T::MYSQL_TYPE_STRING | T::MYSQL_TYPE_ENUM | T::MYSQL_TYPE_SET => Kind::Text,
        T::MYSQL_TYPE_VAR_STRING
        | T::MYSQL_TYPE_VARCHAR
        | T::MYSQL_TYPE_TINY_BLOB
        | T::MYSQL_TYPE_MEDIUM_BLOB
        | T::MYSQL_TYPE_LONG_BLOB
        | T::MYSQL_TYPE_BLOB => bytes_or(is_text),
        T::MYSQL_TYPE_GEOMETRY => Kind::Geometry,
        T::MYSQL_TYPE_VECTOR
        | T::MYSQL_TYPE_TIMESTAMP2
        | T::MYSQL_TYPE_DATETIME2
        | T::MYSQL_TYPE_TIME2
        | T::MYSQL_TYPE_TYPED_ARRAY
        | T::MYSQL_TYPE_UNKNOWN => Kind::Unreadable,
    }
}

fn bytes_or(is_text: bool) -> Kind {
    if is_text { Kind::Text } else { Kind::Bytes }
}

fn cell(column: &Column, value: Value) -> Option<Cell> {
    Some(match (kind(column), value) {
        (Kind::Flag, Value::Int(flag @ (0 | 1))) => Cell::Flag(flag == 1),
        (Kind::Flag | Kind::Number, Value::Int(number)) => Cell::Integer(number),
        (Kind::Number, Value::UInt(number)) => Cell::Number(number.to_string()),
        (Kind::Number, Value::Float(number)) => Cell::Number(number.to_string()),
        (Kind::Number, Value::Double(number)) => Cell::Number(number.to_string()),
        (Kind::Decimal, Value::Bytes(text)) => decimal(String::from_utf8(text).ok()?),
        (Kind::Bits(count), Value::Bytes(bytes)) => bits(count, &bytes)?,
        // Columns without NULL hold the zero date instead.
        (_, Value::NULL) | (Kind::Time, Value::Date(0, 0, 0, ..)) => Cell::Null,
        (Kind::Time, Value::Date(year, month, day, hour, minute, second, micros)) => {
            Cell::Time(time([month, day, hour, minute, second], year, micros)?)
        }
        (Kind::Clock, Value::Time(negative, days, hours, minutes, seconds, micros)) => {
            let hours = u64::from(days).saturating_mul(24).saturating_add(u64::from(hours));
            let sign = if negative { "-" } else { "" };
            let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
            Cell::Text(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}"))
        }
        (Kind::Text, Value::Bytes(text)) => Cell::Text(String::from_utf8(text).ok()?),
        (Kind::Json, Value::Bytes(text)) => Cell::Json(serde_json::from_slice(&text).ok()?),
        (Kind::Bytes, Value::Bytes(bytes)) => Cell::Bytes(bytes),
        (Kind::Padded, Value::Bytes(bytes)) => Cell::Bytes(without_padding(bytes)),
        _ => return None,
    })
}

fn decimal(text: String) -> Cell {
    text.parse().map_or(Cell::Number(text), Cell::Integer)
}

/// One bit is a flag, more are a number, the highest first.
fn bits(count: u32, bytes: &[u8]) -> Option<Cell> {
    if let (1, [flag @ (0 | 1)]) = (count, bytes) {
        return Some(Cell::Flag(*flag == 1));
    }
    let add = |number: u64, byte: &u8| Some(number.checked_mul(256)? | u64::from(*byte));
    let number = bytes.iter().try_fold(0, add)?;
    Some(i64::try_from(number).map_or_else(|_| Cell::Number(number.to_string()), Cell::Integer))
}

/// A time of a session whose zone is UTC. A month or day that is zero alone is no time, and not *none* either.
fn time(parts: [u8; 5], year: u16, micros: u32) -> Option<Timestamp> {
    let [month, day, hour, minute, second] = parts.map(|part| i8::try_from(part).ok());
    let nanos = i32::try_from(micros.checked_mul(1_000)?).ok()?;
    let local =
        DateTime::new(i16::try_from(year).ok()?, month?, day?, hour?, minute?, second?, nanos).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(local).ok()
}

/// A BINARY(n) without the zeros that fill it, where what is left is text. A digest may end with a zero of its own.
fn without_padding(bytes: Vec<u8>) -> Vec<u8> {
    let filled = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    let text = bytes.get(..bytes.len().saturating_sub(filled)).unwrap_or_default();
    let is_text = std::str::from_utf8(text).is_ok_and(|text| !text.contains(char::is_control));
    if is_text { text.to_vec() } else { bytes }
}

/// The server's name of a column's type.
fn type_name(column: &Column) -> &'static str {
    use ColumnType as T;
    let is_text = column.character_set() != BINARY;
    match column.column_type() {
        T::MYSQL_TYPE_TINY => "tinyint",
        T::MYSQL_TYPE_SHORT => "smallint",
        T::MYSQL_TYPE_INT24 => "mediumint",
        T::MYSQL_TYPE_LONG => "int",
        T::MYSQL_TYPE_LONGLONG => "bigint",
        T::MYSQL_TYPE_YEAR => "year",
        T::MYSQL_TYPE_FLOAT => "float",
        T::MYSQL_TYPE_DOUBLE => "double",
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => "decimal",
        T::MYSQL_TYPE_BIT => "bit",
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => "timestamp",
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => "date",
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => "datetime",
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => "time",
        T::MYSQL_TYPE_JSON => "json",
        T::MYSQL_TYPE_ENUM => "enum",
        T::MYSQL_TYPE_SET => "set",
        T::MYSQL_TYPE_STRING if is_text => "char",
        T::MYSQL_TYPE_STRING => "binary",
        T::MYSQL_TYPE_VAR_STRING | T::MYSQL_TYPE_VARCHAR if is_text => "varchar",
        T::MYSQL_TYPE_VAR_STRING | T::MYSQL_TYPE_VARCHAR => "varbinary",
        T::MYSQL_TYPE_TINY_BLOB
        | T::MYSQL_TYPE_MEDIUM_BLOB
        | T::MYSQL_TYPE_LONG_BLOB
        | T::MYSQL_TYPE_BLOB => {
            if is_text {
                "text"
            } else {
                "blob"
            }
        }
        T::MYSQL_TYPE_GEOMETRY => "geometry",
        T::MYSQL_TYPE_VECTOR => "vector",
        T::MYSQL_TYPE_NULL => "null",
        T::MYSQL_TYPE_TYPED_ARRAY | T::MYSQL_TYPE_UNKNOWN => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column(kind: ColumnType, charset: u16, length: u32) -> Column {
        Column::new(kind).with_character_set(charset).with_column_length(length)
    }

    #[test]
    fn a_zero_date_is_none_and_half_of_one_is_an_error() {
        let datetime = column(ColumnType::MYSQL_TYPE_DATETIME, BINARY, 19);
        assert!(cell(&datetime, Value::Date(0, 0, 0, 0, 0, 0, 0)) == Some(Cell::Null));
        assert!(cell(&datetime, Value::Date(2024, 0, 7, 0, 0, 0, 0)).is_none());
        let expected = Cell::Time("2024-05-01T12:30:00.000005Z".parse().unwrap());
        assert!(cell(&datetime, Value::Date(2024, 5, 1, 12, 30, 0, 5)) == Some(expected));
    }

    #[test]
    fn one_bit_and_a_tinyint_of_one_digit_are_flags() {
        let tiny = column(ColumnType::MYSQL_TYPE_TINY, BINARY, 1);
        assert!(cell(&tiny, Value::Int(1)) == Some(Cell::Flag(true)));
        assert!(cell(&tiny, Value::Int(2)) == Some(Cell::Integer(2)));
        let wide = column(ColumnType::MYSQL_TYPE_TINY, BINARY, 4);
        assert!(cell(&wide, Value::Int(1)) == Some(Cell::Integer(1)));
        let bit = column(ColumnType::MYSQL_TYPE_BIT, BINARY, 1);
        assert!(cell(&bit, Value::Bytes(vec![1])) == Some(Cell::Flag(true)));
        let bits = column(ColumnType::MYSQL_TYPE_BIT, BINARY, 16);
        assert!(cell(&bits, Value::Bytes(vec![1, 2])) == Some(Cell::Integer(258)));
    }

    #[test]
    fn padding_goes_only_where_a_text_is_left() {
        let binary = column(ColumnType::MYSQL_TYPE_STRING, BINARY, 8);
        let read = |bytes: &[u8]| cell(&binary, Value::Bytes(bytes.to_vec()));
        assert!(read(b"ann\0\0\0\0\0") == Some(Cell::Bytes(b"ann".to_vec())));
        assert!(
            read(b"\xff\x01\xfe\x07\x80\x81\x82\0")
                == Some(Cell::Bytes(b"\xff\x01\xfe\x07\x80\x81\x82\0".to_vec()))
        );
    }

    #[test]
    fn bytes_make_no_key_and_the_remedy_is_told_before_the_first_row() {
        let id = column(ColumnType::MYSQL_TYPE_STRING, BINARY, 16).with_name(b"user_id");
        assert!(describe(&id).cast.unwrap().contains("HEX"));
        let text = column(ColumnType::MYSQL_TYPE_STRING, 255, 64).with_name(b"user_id");
        assert!(describe(&text).cast.is_none());
    }

    #[test]
    fn an_unsigned_number_keeps_its_value() {
        let big = column(ColumnType::MYSQL_TYPE_LONGLONG, BINARY, 20);
        assert!(cell(&big, Value::UInt(u64::MAX)) == Some(Cell::Number(u64::MAX.to_string())));
        let decimal = column(ColumnType::MYSQL_TYPE_NEWDECIMAL, BINARY, 10);
        assert!(cell(&decimal, Value::Bytes(b"12.50".to_vec())) == Some(Cell::Number("12.50".into())));
        assert!(cell(&decimal, Value::Bytes(b"12".to_vec())) == Some(Cell::Integer(12)));
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(
            byte: u8, charset in prop_oneof![Just(BINARY), Just(255_u16)], length: u32,
            bytes in proptest::collection::vec(any::<u8>(), 0..24), number: i64,
            date: (u16, u8, u8, u8, u8, u8, u32), clock: (bool, u32, u8, u8, u8, u32),
        ) {
            let Ok(kind) = ColumnType::try_from(byte) else { return Ok(()) };
            let column = column(kind, charset, length);
            let (a, b, c, d, e, f, g) = date;
            let (h, i, j, k, l, m) = clock;
            for value in [
                Value::NULL, Value::Bytes(bytes), Value::Int(number), Value::UInt(number.unsigned_abs()),
                Value::Date(a, b, c, d, e, f, g), Value::Time(h, i, j, k, l, m), Value::Double(0.5),
            ] {
                cell(&column, value);
            }
            describe(&column);
        }
    }
}
