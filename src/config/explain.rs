//! What is said of a mistake: in the operator's words, with the nearest known key, and never with a value.

use super::environment;
use super::names::ParameterName;
use super::nearest::{hint, nearest};
use super::report::{Finding, Place};
use super::sources::{Aim, Sources};

/// Something in a table that can't be read.
#[derive(Debug)]
pub(super) struct Mistake {
    /// The key, or for a missing one the table.
    pub(super) path: Vec<String>,
    pub(super) what: What,
}

/// What is wrong with it.
#[derive(Debug)]
pub(super) enum What {
    /// No such key.
    UnknownKey { key: String, known: Vec<&'static str> },
    /// Not one of the words that the key takes.
    UnknownWord { word: String, known: Vec<&'static str> },
    /// A value of another type; what is wanted is in serde's words.
    WrongType { met: &'static str, wanted: String },
    /// A number that does not fit.
    OutOfRange { wanted: String },
    /// A key that must be there is not.
    Missing { key: String },
    /// What the key's own type says.
    Said(String),
}

/// The mistake with its place, in words.
pub(super) fn explain(mistake: Mistake, sources: &Sources) -> Finding {
    let Mistake { path, what } = mistake;
    let (aim, message, hidden) = match what {
        What::UnknownKey { key, known } => (Aim::Key, unknown_key(&path, &key, &known, sources), false),
        What::UnknownWord { word, known } => {
            let known: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
            let hint = nearest(&word, known.iter().map(|word| word.trim_matches('`')))
                .map(|word| format!("; did you mean `{word}`?"))
                .unwrap_or_default();
            (Aim::Value, format!("not one of {}{hint}", known.join(", ")), false)
        }
        What::WrongType { met, wanted } => {
            (Aim::Value, format!("{met}, where {} belongs", plain(&wanted)), false)
        }
        What::OutOfRange { wanted } => {
            (Aim::Value, format!("this does not fit: {} belongs here", plain(&wanted)), false)
        }
        What::Missing { key } => (Aim::Key, format!("{} needs the key `{key}`", table(&path)), false),
        What::Said(message) => {
            let hidden = message.starts_with(idstore_contract::LITERAL_REFUSED);
            (aim_of(&path), message, hidden)
        }
    };
    let finding = Finding::error(message, sources.place(&path, aim));
    if hidden { finding.hiding_the_value() } else { finding }
}

/// `[a.b.c]`, or what stands for the whole.
pub(super) fn table(path: &[String]) -> String {
    match path {
        [] => "the configuration".to_owned(),
        path => format!("[{}]", path.join(".")),
    }
}

fn unknown_key(path: &[String], key: &str, known: &[&'static str], sources: &Sources) -> String {
    let above = path.split_last().map_or(path, |(_, above)| above);
    if matches!(sources.place(path, Aim::Key), Place::Variable(_)) {
        let variables: Vec<String> =
            known.iter().map(|key| environment::name_of(&[above, &[(*key).to_owned()]].concat())).collect();
        let name = environment::name_of(path);
        let hint = nearest(&name, variables.iter().map(String::as_str));
        let hint = hint.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        return format!("there is no key `{key}` in {}{hint}", table(above));
    }
    match hint(key, known.iter().copied()) {
        near if !near.is_empty() => format!("unknown key `{key}` in {}{near}", table(above)),
        _ if known.is_empty() => format!("unknown key `{key}` in {}", table(above)),
        _ => format!("unknown key `{key}` in {}; it takes {}", table(above), known.join(", ")),
    }
}

/// The names of parameters are the operator's: there the key itself can be wrong.
fn aim_of(path: &[String]) -> Aim {
    match path {
        [.., table, name] if table == "parameters" && ParameterName::parse(name).is_err() => Aim::Key,
        _ => Aim::Value,
    }
}

/// What serde calls a type, in words.
fn plain(wanted: &str) -> &str {
    match wanted {
        "a boolean" => "`true` or `false`",
        "a string" | "string" | "path string" => "a text",
        "a sequence" => "a list",
        "a map" => "a table",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        other if other.starts_with("struct ") => "a table",
        other if other.starts_with("enum ") => "a text",
        other => other,
    }
}
