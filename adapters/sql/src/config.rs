//! The part of a store's table that all SQL adapters share: `statements` and `uniqueness`.
//!
//! Only the shape is read here; what the texts mean is checked in `check`.

use crate::StatementKey;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// `[stores.*.*.statements]`: a text, or a list of texts that run in one transaction, for each key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatementsConfig(BTreeMap<StatementKey, Texts>);

/// The texts of one key.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(untagged, expecting = "an SQL text or a list of SQL texts")]
pub enum Texts {
    /// One statement.
    One(String),
    /// Statements that run in this order in one transaction.
    List(Vec<String>),
}

/// What keeps two accounts from having the same identifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uniqueness {
    /// A constraint of the schema.
    #[default]
    Constraint,
    /// Nothing in the schema: a lock named after the identifier, and then the store's own lookups.
    Lock,
}

/// `[stores.*.*.hints]`: what is said when the database shows something that the configuration leaves unused.
pub type Hints = BTreeMap<String, Hint>;

/// One hint, as presets have them: "there is such a table: such an option uses it".
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hint {
    /// A SELECT that the database accepts when the hint is due, and refuses when a name in it is unknown.
    pub when: String,
    /// The sentence, which `check --connect` and the log say.
    pub say: String,
}

impl StatementsConfig {
    /// The texts of a key.
    pub fn get(&self, key: StatementKey) -> Option<&Texts> {
        self.0.get(&key)
    }

    /// Sets the texts of a key.
    pub fn set(&mut self, key: StatementKey, texts: Texts) {
        self.0.insert(key, texts);
    }
}

impl Texts {
    /// The texts, each with its place in the list where there is a list.
    pub fn iter(&self) -> impl Iterator<Item = (Option<usize>, &str)> {
        let (one, list) = match self {
            Self::One(text) => (Some(text), None),
            Self::List(texts) => (None, Some(texts)),
        };
        let listed = list.into_iter().flatten().enumerate().map(|(index, text)| (Some(index), text.as_str()));
        one.into_iter().map(|text| (None, text.as_str())).chain(listed)
    }
}

impl<'de> Deserialize<'de> for StatementsConfig {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_map(Table)
    }
}

struct Table;

impl<'de> Visitor<'de> for Table {
    type Value = StatementsConfig;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a table of SQL statements")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut statements = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let key = StatementKey::from_name(&name)
                .ok_or_else(|| de::Error::unknown_field(&name, &StatementKey::NAMES))?;
            statements.insert(key, map.next_value()?);
        }
        Ok(StatementsConfig(statements))
    }
}
