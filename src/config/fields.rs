//! The names of a type's keys, as serde knows them: so that no list of keys is written a second time.

use serde::de::value::Error;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, Visitor};
use std::marker::PhantomData;

/// The keys of the struct that is read; none for anything else.
pub(super) fn field_names<'de>(seed: impl DeserializeSeed<'de>) -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    match seed.deserialize(Asked(&mut names)) {
        Ok(_) | Err(_) => names,
    }
}

/// Reads a `T`: the type itself as a seed.
pub(super) struct Typed<T>(PhantomData<T>);

impl<T> Default for Typed<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T> Clone for Typed<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Typed<T> {}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Typed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        T::deserialize(from)
    }
}

/// A deserializer that only listens to which fields it is asked for.
struct Asked<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("nothing here"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::types::{Log, StoreCore};

    #[test]
    fn the_keys_of_a_type_are_the_ones_it_reads() {
        assert_eq!(field_names(Typed::<Log>::default()), ["level", "format"]);
        assert!(field_names(Typed::<StoreCore>::default()).contains(&"preset_options"));
        assert!(field_names(Typed::<String>::default()).is_empty());
    }
}
