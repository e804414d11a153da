//! The options of a preset: what each takes, and what was chosen.

use crate::config::locate::{Content, Node, SyntaxError};
use crate::config::nearest::hint;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// The longest identifier that is put into a statement, in bytes: PostgreSQL cuts longer ones.
const IDENTIFIER_BYTES_MAX: usize = 63;

/// The value of a preset's option.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OptionValue {
    /// `true` or `false`.
    Flag(bool),
    /// Anything else: which texts an option takes is the preset's to say.
    Text(String),
}

/// An option, for help texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// What it takes, in words.
    pub takes: String,
    /// What holds when it is not written.
    pub default: OptionValue,
    /// What it means.
    pub about: String,
}

/// An option of the operator's that can't be used.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) option: String,
    /// Whether there is no such option; else its value is wrong.
    pub(super) unknown: bool,
    pub(super) why: String,
}

/// What was chosen for every option of a preset.
#[derive(Debug, Default)]
pub(super) struct Choices(BTreeMap<String, (Kind, OptionValue)>);

/// What an option takes.
#[derive(Clone, Debug)]
enum Kind {
    /// A name of the schema, with a schema's name before it where `qualified`, or `false` where `optional`.
    Identifier { qualified: bool, optional: bool },
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(Vec<String>),
}

impl Choices {
    /// Reads the preset's options and what is written for them.
    pub(super) fn read(
        root: &Node,
        written: &BTreeMap<String, OptionValue>,
    ) -> (Self, Vec<Refused>, Vec<SyntaxError>) {
        let (mut choices, mut refused, mut wrong) = (Self::default(), Vec::new(), Vec::new());
        for (name, node) in options(root) {
            let (kind, default) = match (kind(node), default(node)) {
                (Ok(kind), Some(default)) if kind.takes(&default) => (kind, default),
                (Ok(_), _) => {
                    wrong.push(mistake(
                        node,
                        format!("the option `{name}` needs a `default` that it takes itself"),
                    ));
                    continue;
                }
                (Err(why), _) => {
                    wrong.push(mistake(node, why));
                    continue;
                }
            };
            let value = match written.get(name) {
                Some(value) if kind.takes(value) => value.clone(),
                Some(_) => {
                    let why = format!("the option `{name}` takes {kind}");
                    refused.push(Refused { option: name.clone(), unknown: false, why });
                    default
                }
                None => default,
            };
            choices.0.insert(name.clone(), (kind, value));
        }
        for option in written.keys().filter(|option| !options(root).any(|(name, _)| name == *option)) {
            let hint = hint(option, options(root).map(|(name, _)| name.as_str()));
            let why = format!("this preset has no option `{option}`{hint}");
            refused.push(Refused { option: option.clone(), unknown: true, why });
        }
        (choices, refused, wrong)
    }

    /// The identifier that an option puts into a text. `None`: no such option, or none that is an identifier.
    pub(super) fn identifier(&self, option: &str) -> Option<&str> {
        match self.0.get(option)? {
            (Kind::Identifier { .. }, OptionValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether a variant's `when` fits: every option that it names has that value, or one of that list. `true` fits any
    /// identifier.
    pub(super) fn fit(&self, variant: &Node) -> Result<bool, SyntaxError> {
        let when = variant.get(&["when".to_owned()]).filter(|when| when.is_table());
        let Some(when) = when else { return Err(mistake(variant, "a variant needs `when`".to_owned())) };
        let mut fits = true;
        for (option, wanted) in when.members() {
            let Some((_, chosen)) = self.0.get(option) else {
                return Err(mistake(wanted, format!("there is no option `{option}`")));
            };
            let wanted: Vec<&Node> = match &wanted.content {
                Content::List(items) => items.iter().collect(),
                _ => vec![wanted],
            };
            fits &= wanted.iter().any(|wanted| match (value(wanted), chosen) {
                (Some(OptionValue::Flag(true)), OptionValue::Text(_)) => true,
                (Some(wanted), chosen) => wanted == *chosen,
                (None, _) => false,
            });
        }
        Ok(fits)
    }
}

/// All options of a preset, for help texts.
pub(super) fn described(root: &Node) -> Vec<Described> {
    let describe = |(name, node): (&String, &Node)| {
        let about = node.get(&["about".to_owned()]).and_then(Node::text).unwrap_or_default().to_owned();
        Some(Described {
            name: name.clone(),
            takes: kind(node).ok()?.to_string(),
            default: default(node)?,
            about,
        })
    };
    options(root).filter_map(describe).collect()
}

fn options(root: &Node) -> impl Iterator<Item = (&String, &Node)> {
    root.get(&["options".to_owned()]).into_iter().flat_map(Node::members)
}

fn kind(node: &Node) -> Result<Kind, String> {
    let member = |key: &str| node.get(&[key.to_owned()]);
    let optional = member("optional").is_some_and(|node| matches!(node.content, Content::Flag(true)));
    match member("type").and_then(Node::text) {
        Some("identifier") => Ok(Kind::Identifier { qualified: false, optional }),
        Some("table") => Ok(Kind::Identifier { qualified: true, optional }),
        Some("boolean") => Ok(Kind::Flag),
        Some("choice") => match member("values").map(|node| &node.content) {
            Some(Content::List(values)) => {
                Ok(Kind::Choice(values.iter().filter_map(Node::text).map(str::to_owned).collect()))
            }
            _ => Err("a choice needs a list `values`".to_owned()),
        },
        _ => Err("the `type` of an option is identifier, table, boolean or choice".to_owned()),
    }
}

fn default(node: &Node) -> Option<OptionValue> {
    value(node.get(&["default".to_owned()])?)
}

fn value(node: &Node) -> Option<OptionValue> {
    match &node.content {
        Content::Flag(flag) => Some(OptionValue::Flag(*flag)),
        Content::Text(text) => Some(OptionValue::Text(text.clone())),
        _ => None,
    }
}

fn mistake(node: &Node, message: String) -> SyntaxError {
    SyntaxError { message, at: node.key.clone().unwrap_or(node.value.clone()) }
}

impl Kind {
    fn takes(&self, value: &OptionValue) -> bool {
        match (self, value) {
            (Self::Identifier { optional, .. }, OptionValue::Flag(flag)) => *optional && !flag,
            (Self::Identifier { qualified: false, .. }, OptionValue::Text(text)) => is_identifier(text),
            (Self::Identifier { qualified: true, .. }, OptionValue::Text(text)) => match text.split_once('.')
            {
                Some((schema, table)) => is_identifier(schema) && is_identifier(table),
                None => is_identifier(text),
            },
            (Self::Flag, OptionValue::Flag(_)) => true,
            (Self::Choice(words), OptionValue::Text(text)) => words.contains(text),
            (Self::Flag, OptionValue::Text(_)) | (Self::Choice(_), OptionValue::Flag(_)) => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identifier { qualified, optional } => {
                out.write_str("a name of letters, digits and _ that begins with no digit")?;
                out.write_str(if *qualified { ", or two of them with a dot between" } else { "" })?;
                out.write_str(if *optional { "; or false" } else { "" })
            }
            Self::Flag => out.write_str("true or false"),
            Self::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                write!(out, "one of {}", words.join(", "))
            }
        }
    }
}

/// `[A-Za-z_][A-Za-z0-9_]*`: what needs no quotes, and can't end a statement.
fn is_identifier(text: &str) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    text.len() <= IDENTIFIER_BYTES_MAX
        && text.as_bytes().first().is_some_and(letter)
        && text.bytes().all(|byte| letter(&byte) || byte.is_ascii_digit())
}

impl<'de> Deserialize<'de> for OptionValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FlagOrText)
    }
}

struct FlagOrText;

impl Visitor<'_> for FlagOrText {
    type Value = OptionValue;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("`true`, `false` or a text")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<OptionValue, E> {
        Ok(OptionValue::Flag(flag))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<OptionValue, E> {
        Ok(OptionValue::Text(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_identifier_can_not_end_a_statement() {
        for good in ["users", "_", "A1", "auth_user"] {
            assert!(is_identifier(good), "{good}");
        }
        for bad in ["", "1a", "a b", "a;b", "a\"b", "a.b", "a-b", "ä", "a'--", &"a".repeat(64)] {
            assert!(!is_identifier(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_table_is_at_most_two_identifiers(text in "[a-z.; \"']{0,12}") {
            let table = Kind::Identifier { qualified: true, optional: false };
            if table.takes(&OptionValue::Text(text.clone())) {
                prop_assert!(text.split('.').count() <= 2 && text.split('.').all(is_identifier));
            }
        }
    }
}
