//! Values on their way in, and cells on their way out.
//!
//! SQLite's columns have no types, only values have; the declared type of a column is looked at where it tells a flag
//! from a number and JSON from text.

use idstore_sql::{Cell, Value};
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A value as SQLite takes it: text as text, flags as 1 and 0, never a number for a string.
pub(crate) struct Bound<'a>(pub(crate) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Flag(set) => ValueRef::Integer(i64::from(*set)),
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Secret(secret) => match secret.expose_text() {
                Some(text) => ValueRef::Text(text.as_bytes()),
                None => ValueRef::Blob(secret.expose()),
            },
        }))
    }
}

/// A cell as the shared code reads it.
pub(crate) fn cell(declared: Option<&str>, value: ValueRef<'_>) -> Cell {
    let declared_as = |name: &str| declared.is_some_and(|declared| declared.eq_ignore_ascii_case(name));
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number @ (0 | 1)) if declared_as("boolean") || declared_as("bool") => {
            Cell::Flag(number == 1)
        }
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Number(number.to_string()),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if declared_as("json") => {
                serde_json::from_str(text).map_or_else(|_| Cell::Text(text.to_owned()), Cell::Json)
            }
            Ok(text) => Cell::Text(text.to_owned()),
            Err(_) => Cell::Bytes(bytes.to_vec()),
        },
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declared_type_tells_flags_and_json() {
        assert!(cell(Some("BOOLEAN"), ValueRef::Integer(1)) == Cell::Flag(true));
        assert!(cell(Some("INTEGER"), ValueRef::Integer(1)) == Cell::Integer(1));
        assert!(cell(Some("boolean"), ValueRef::Integer(7)) == Cell::Integer(7));
        assert!(cell(Some("JSON"), ValueRef::Text(b"[1]")) == Cell::Json(serde_json::json!([1])));
        assert!(cell(None, ValueRef::Text(b"[1]")) == Cell::Text("[1]".into()));
    }

    #[test]
    fn text_that_is_no_text_is_bytes() {
        assert!(cell(Some("TEXT"), ValueRef::Text(&[0xff])) == Cell::Bytes(vec![0xff]));
    }
}
