//! JSON as it comes from outside, read strictly: what two readers could understand differently is refused.
//!
//! Duplicate members at any depth, lone surrogates, a byte order mark and anything that is no UTF-8 are errors.

use super::Malformed;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::fmt;

/// How deep objects and arrays may nest: far more than any profile needs, and no stack is ever at risk.
pub const DEPTH_MAX: usize = 16;

/// Reads one object.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, Malformed> {
    let fault = RefCell::new(None);
    let seed = Strict { pointer: String::new(), depth: 0, fault: &fault };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match (read, fault.into_inner()) {
        (_, Some(fault)) => Err(fault),
        (Ok(Value::Object(members)), None) => Ok(members),
        (Ok(_), None) => Err(Malformed::at("", "the body must be a JSON object")),
        (Err(_), None) => Err(Malformed::at("", "the body is not JSON (RFC 8259)")),
    }
}

/// One value at a place.
struct Strict<'f> {
    pointer: String,
    depth: usize,
    fault: &'f RefCell<Option<Malformed>>,
}

impl Strict<'_> {
    fn below(&self, member: &str) -> Self
    where
        Self: Sized,
    {
        let escaped = member.replace('~', "~0").replace('/', "~1");
        Self {
            pointer: format!("{}/{escaped}", self.pointer),
            depth: self.depth.saturating_add(1),
            fault: self.fault,
        }
    }

    fn refuse<T, E: serde::de::Error>(&self, pointer: String, detail: &'static str) -> Result<T, E> {
        self.fault.replace(Some(Malformed::at(pointer, detail)));
        Err(E::custom(detail))
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        if self.depth >= DEPTH_MAX {
            return self.refuse(self.pointer.clone(), "nested too deep");
        }
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(self.below(&items.len().to_string()))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        if self.depth >= DEPTH_MAX {
            return self.refuse(self.pointer.clone(), "nested too deep");
        }
        let mut members = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            let below = self.below(&name);
            if members.contains_key(&name) {
                return self.refuse(below.pointer, "this member stands twice");
            }
            let value = from.next_value_seed(below)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_member_that_stands_twice_is_refused_at_every_depth() {
        for (body, pointer) in [
            (r#"{"a": 1, "a": 1}"#, "/a"),
            (r#"{"a": {"b": [{"c/d": 1, "c/d": 2}]}}"#, "/a/b/0/c~1d"),
            (r#"{"a": 1, "\u0061": 2}"#, "/a"),
        ] {
            assert_eq!(
                object(body.as_bytes()),
                Err(Malformed::at(pointer, "this member stands twice")),
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        for body in [
            &b""[..],
            b"[]",
            b"1",
            b"{",
            b"{} {}",
            b"{\"a\": \"\\ud800\"}",
            b"{\"a\": \"\xff\"}",
            b"\xef\xbb\xbf{}",
            b"{'a': 1}",
            b"{\"a\": NaN}",
            b"{\"a\": 01}",
            b"null",
        ] {
            assert!(object(body).is_err(), "{:?}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(object(nested(DEPTH_MAX - 1).as_bytes()).is_ok());
        assert_eq!(object(nested(DEPTH_MAX).as_bytes()).unwrap_err().detail, "nested too deep");
        assert!(object(nested(30_000).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(object(&bytes).is_ok() || object(&bytes).is_err());
        }

        #[test]
        fn what_a_lenient_reader_reads_without_duplicates_is_read_alike(
            members in proptest::collection::btree_map("[a-c~/]{1,3}", "\\PC{0,8}", 0..6),
        ) {
            let text = serde_json::to_string(&members).unwrap();
            let lenient: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(Value::Object(object(text.as_bytes()).unwrap()), lenient);
        }
    }
}
