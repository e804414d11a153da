//! One cell, read as what its column means. What can't be read is [`Unreadable`]: its value goes nowhere.

use crate::Cell;
use idstore_contract::{Secret, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::{Number, Value};

/// The cell holds something that its column can't mean.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// What a flag's cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    No,
    Yes,
    /// Since then or until then, as the column means it.
    Time(Timestamp),
}

impl Flag {
    /// For a column in which a time means *since then*.
    pub(crate) fn since(self, now: Timestamp) -> bool {
        self == Self::Yes || matches!(self, Self::Time(time) if time <= now)
    }

    /// For a column in which a time means *until then*.
    pub(crate) fn until(self, now: Timestamp) -> bool {
        self == Self::Yes || matches!(self, Self::Time(time) if time > now)
    }
}

/// Booleans, 0 and 1, t/f, y/n, true/false, yes/no in any case, a time; NULL and empty text mean no.
pub(crate) fn flag(cell: &Cell) -> Result<Flag, Unreadable> {
    let yes = |yes: bool| if yes { Flag::Yes } else { Flag::No };
    match cell {
        Cell::Null | Cell::Integer(0) => Ok(Flag::No),
        Cell::Flag(set) => Ok(yes(*set)),
        Cell::Integer(1) => Ok(Flag::Yes),
        Cell::Time(time) => Ok(Flag::Time(*time)),
        Cell::Text(text) | Cell::Number(text) => match text.trim().to_ascii_lowercase().as_str() {
            "" | "0" | "f" | "n" | "false" | "no" => Ok(Flag::No),
            "1" | "t" | "y" | "true" | "yes" => Ok(Flag::Yes),
            _ => parse_time(text).map(Flag::Time),
        },
        // A BIT(1) comes as one byte.
        Cell::Bytes(bytes) => match bytes.as_slice() {
            [0] => Ok(Flag::No),
            [1] => Ok(Flag::Yes),
            _ => Err(Unreadable),
        },
        Cell::Integer(_) | Cell::Json(_) => Err(Unreadable),
    }
}

/// A time; NULL and empty text mean none.
pub(crate) fn time(cell: &Cell) -> Result<Option<Timestamp>, Unreadable> {
    match cell {
        Cell::Null => Ok(None),
        Cell::Time(time) => Ok(Some(*time)),
        Cell::Text(text) if text.is_empty() => Ok(None),
        Cell::Text(text) => parse_time(text).map(Some),
        Cell::Integer(_) | Cell::Number(_) | Cell::Flag(_) | Cell::Json(_) | Cell::Bytes(_) => {
            Err(Unreadable)
        }
    }
}

/// A time with its zone, or one without, which is UTC; a date alone is its midnight.
fn parse_time(text: &str) -> Result<Timestamp, Unreadable> {
    let text = text.trim();
    text.parse::<Timestamp>()
        .or_else(|_| text.parse::<DateTime>().and_then(|time| Offset::UTC.to_timestamp(time)))
        .map_err(|_| Unreadable)
}

/// Text or a number as text; NULL and empty text mean none.
pub(crate) fn text(cell: Cell) -> Result<Option<String>, Unreadable> {
    let text = match cell {
        Cell::Null => return Ok(None),
        Cell::Text(text) | Cell::Number(text) | Cell::Json(Value::String(text)) => text,
        Cell::Integer(number) => number.to_string(),
        Cell::Bytes(bytes) => String::from_utf8(bytes).map_err(|_| Unreadable)?,
        Cell::Time(time) => time.to_string(),
        Cell::Flag(_) | Cell::Json(_) => return Err(Unreadable),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Several texts: an array, JSON or a list with commas between, as `string_agg` and `GROUP_CONCAT` make one.
pub(crate) fn texts(cell: Cell) -> Result<Vec<String>, Unreadable> {
    let array = match cell {
        Cell::Json(value) => value,
        other => {
            let Some(text) = text(other)? else { return Ok(Vec::new()) };
            if !text.trim_start().starts_with('[') {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                return Ok(parts.map(str::to_owned).collect());
            }
            serde_json::from_str(&text).map_err(|_| Unreadable)?
        }
    };
    let Value::Array(items) = array else { return Err(Unreadable) };
    let text = |item| match item {
        Value::String(text) => Some(Ok(text)),
        // An aggregate over an outer join's empty side.
        Value::Null => None,
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(Err(Unreadable)),
    };
    items.into_iter().filter_map(text).collect()
}

/// A key as text. Bytes are refused even where they happen to be text: a UUID of 16 bytes may be, by chance.
pub(crate) fn key(cell: Cell) -> Result<Option<String>, Unreadable> {
    match cell {
        Cell::Bytes(_) | Cell::Time(_) | Cell::Json(_) | Cell::Flag(_) => Err(Unreadable),
        Cell::Null | Cell::Text(_) | Cell::Integer(_) | Cell::Number(_) => text(cell),
    }
}

/// A stored hash or salt, byte for byte; NULL means none.
pub(crate) fn secret(cell: Cell) -> Result<Option<Secret>, Unreadable> {
    match cell {
        Cell::Null => Ok(None),
        Cell::Text(text) | Cell::Number(text) => Ok(Some(Secret::from(text))),
        Cell::Integer(number) => Ok(Some(Secret::from(number.to_string()))),
        Cell::Bytes(bytes) => Ok(Some(Secret::new(bytes))),
        // A document that holds the hash beside other things (Meteor's, Kratos's), or its parameters.
        Cell::Json(value) => Ok(Some(value).filter(|value| !value.is_null()).map(|value| match value {
            Value::String(text) => Secret::from(text),
            document => Secret::from(document.to_string()),
        })),
        Cell::Flag(_) | Cell::Time(_) => Err(Unreadable),
    }
}

/// A member of an object; NULL and empty text leave it out.
pub(crate) fn member(cell: Cell) -> Result<Option<Value>, Unreadable> {
    match cell {
        Cell::Flag(set) => Ok(Some(Value::Bool(set))),
        Cell::Integer(number) => Ok(Some(number.into())),
        Cell::Number(text) => Ok(Some(number(text))),
        Cell::Json(value) => Ok(Some(value).filter(|value| !value.is_null())),
        Cell::Null | Cell::Text(_) | Cell::Time(_) | Cell::Bytes(_) => Ok(text(cell)?.map(Value::String)),
    }
}

/// A whole object, as JSON or as text that is JSON.
pub(crate) fn object(cell: Cell) -> Result<serde_json::Map<String, Value>, Unreadable> {
    let value = if let Cell::Json(value) = cell {
        value
    } else {
        let parsed = text(cell)?.map(|text| serde_json::from_str(&text)).transpose();
        parsed.map_err(|_| Unreadable)?.unwrap_or_default()
    };
    match value {
        Value::Object(object) => Ok(object),
        Value::Null => Ok(serde_json::Map::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Err(Unreadable),
    }
}

/// A decimal as a JSON number where JSON can hold it, else as its text.
fn number(text: String) -> Value {
    text.parse::<u64>()
        .ok()
        .map(Number::from)
        .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
        .map_or(Value::String(text), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text_cell(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn a_flag_is_read_in_every_spelling() {
        for no in ["", "0", "f", "F", "n", "N", "false", "No"] {
            assert_eq!(flag(&text_cell(no)), Ok(Flag::No), "{no}");
        }
        for yes in ["1", "t", "T", "y", "Y", "TRUE", "yes", "y "] {
            assert_eq!(flag(&text_cell(yes)), Ok(Flag::Yes), "{yes}");
        }
        assert_eq!(flag(&Cell::Null), Ok(Flag::No));
        assert_eq!(flag(&Cell::Integer(1)), Ok(Flag::Yes));
        assert_eq!(flag(&Cell::Bytes(vec![1])), Ok(Flag::Yes));
        assert_eq!(flag(&Cell::Flag(true)), Ok(Flag::Yes));
    }

    #[test]
    fn what_is_neither_yes_nor_no_nor_a_time_is_refused() {
        for cell in [
            text_cell("maybe"),
            Cell::Integer(2),
            Cell::Integer(-1),
            Cell::Bytes(vec![2]),
            text_cell("2024-13-01"),
        ] {
            assert_eq!(flag(&cell), Err(Unreadable), "{cell:?}");
        }
    }

    #[test]
    fn a_time_means_until_then_or_since_then() {
        let now: Timestamp = "2024-06-01T00:00:00Z".parse().unwrap();
        let past = flag(&text_cell("2024-05-31 23:59:59")).unwrap();
        let future = flag(&text_cell("2024-06-01T00:00:01Z")).unwrap();
        assert!(past.since(now) && !future.since(now));
        assert!(!past.until(now) && future.until(now));
        assert!(Flag::Yes.until(now) && Flag::Yes.since(now) && !Flag::No.until(now) && !Flag::No.since(now));
    }

    #[test]
    fn a_time_without_a_zone_is_utc() {
        let expected: Timestamp = "2024-01-02T03:04:05Z".parse().unwrap();
        for text in [
            "2024-01-02 03:04:05",
            "2024-01-02T03:04:05Z",
            "2024-01-02 05:04:05+02",
            "2024-01-02 05:04:05+02:00",
        ] {
            assert_eq!(time(&text_cell(text)), Ok(Some(expected)), "{text}");
        }
        assert_eq!(time(&text_cell("2024-01-02")), Ok(Some("2024-01-02T00:00:00Z".parse().unwrap())));
        assert_eq!(time(&text_cell("")), Ok(None));
        assert_eq!(time(&Cell::Integer(1_700_000_000)), Err(Unreadable));
    }

    #[test]
    fn a_key_is_never_made_of_bytes() {
        assert_eq!(key(Cell::Integer(7)), Ok(Some("7".into())));
        assert_eq!(key(Cell::Number("18446744073709551615".into())), Ok(Some("18446744073709551615".into())));
        assert_eq!(key(Cell::Bytes(b"0123456789abcdef".to_vec())), Err(Unreadable));
    }

    #[test]
    fn members_keep_their_type() {
        assert_eq!(member(Cell::Flag(true)), Ok(Some(true.into())));
        assert_eq!(member(Cell::Integer(7)), Ok(Some(7.into())));
        assert_eq!(member(Cell::Number("2.5".into())), Ok(Some(2.5.into())));
        assert_eq!(member(Cell::Json(serde_json::json!(["a"]))), Ok(Some(serde_json::json!(["a"]))));
        assert_eq!(member(text_cell("")), Ok(None));
        assert_eq!(member(Cell::Json(Value::Null)), Ok(None));
    }

    #[test]
    fn several_texts_are_an_array_or_have_commas_between() {
        for cell in [
            Cell::Json(serde_json::json!(["admin", null, "a b"])),
            text_cell("[\"admin\", \"a b\"]"),
            text_cell("admin, a b,"),
        ] {
            assert_eq!(texts(cell), Ok(vec!["admin".to_owned(), "a b".to_owned()]));
        }
        assert_eq!(texts(Cell::Null), Ok(Vec::new()));
        for refused in [Cell::Json(serde_json::json!([1])), text_cell("[1"), Cell::Flag(true)] {
            assert_eq!(texts(refused), Err(Unreadable));
        }
    }

    #[test]
    fn an_object_is_json_or_text_that_is_json() {
        assert_eq!(object(text_cell("{\"a\":1}")).unwrap().len(), 1);
        assert_eq!(object(Cell::Null), Ok(serde_json::Map::new()));
        assert_eq!(object(text_cell("[1]")), Err(Unreadable));
        assert_eq!(object(text_cell("{")), Err(Unreadable));
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "\\PC{0,40}|[-0-9TZ: +.]{0,30}") {
            let cell = text_cell(&text);
            drop((flag(&cell), time(&cell), member(cell.clone()), object(cell.clone()), texts(cell.clone())));
            drop(secret(cell));
        }
    }
}
