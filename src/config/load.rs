//! Puts together everything that was read, and reads types from it. The only file that knows figment.
//!
//! Serde stops at the first mistake. Here it is noted, what it is about is taken away, and the rest is read again,
//! until there is nothing left to say. A text of the environment is tried as a text, and where its key wants a number
//! or a flag, as that: nothing of it is parsed before, trimmed or guessed.

use super::explain::{Mistake, What};
use super::locate::{Content, Node};
use super::sources::Sources;
use figment::error::{Actual, Kind};
use figment::value::{Dict, Map, Value as Figure};
use figment::{Error, Figment, Metadata, Profile, Provider};
use serde::de::DeserializeSeed;
use std::collections::{BTreeMap, BTreeSet};

/// A value of the whole configuration.
#[derive(Clone, Debug)]
pub(super) struct Value(Figure);

impl Value {
    /// Everything that was read, with what wins where two sources set a key.
    pub(super) fn whole(sources: &Sources) -> Self {
        let mut figment = Figment::new();
        for variable in &sources.variables {
            figment = figment.join(Part { below: &variable.path, value: variable.text.as_str().into() });
        }
        for layer in &sources.layers {
            figment = figment.join(Part { below: &layer.below, value: figure(&layer.tree) });
        }
        // Nothing is interpreted here, so nothing can be wrong.
        Self(figment.extract::<Dict>().unwrap_or_default().into())
    }

    /// An empty table.
    pub(super) fn empty() -> Self {
        Self(Dict::new().into())
    }

    /// The members of a table, `None` for anything else.
    pub(super) fn members(&self) -> Option<impl Iterator<Item = (&str, Self)>> {
        Some(self.0.as_dict()?.iter().map(|(key, value)| (key.as_str(), Self(value.clone()))))
    }

    /// The value at the end of a path.
    pub(super) fn at(&self, path: &[&str]) -> Option<Self> {
        let found = path.iter().try_fold(&self.0, |value, key| value.as_dict()?.get(*key))?;
        Some(Self(found.clone()))
    }

    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        self.0.as_str()
    }

    /// The flag, where it is one.
    pub(super) fn flag(&self) -> Option<bool> {
        self.0.to_bool()
    }

    /// The members that are named, and the others; what is no table goes to the named ones, which refuse it.
    pub(super) fn split(self, named: &[&str]) -> (Self, Self) {
        match self.0.into_dict() {
            Some(members) => {
                let (named, others) =
                    members.into_iter().partition::<Dict, _>(|(key, _)| named.contains(&key.as_str()));
                (Self(named.into()), Self(others.into()))
            }
            None => (Self::empty(), Self::empty()),
        }
    }
}

/// A part of the configuration, for figment.
struct Part<'a> {
    below: &'a [String],
    value: Figure,
}

impl Provider for Part<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named("configuration")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let wrap = |value: Figure, key: &String| Figure::from(Dict::from([(key.clone(), value)]));
        let whole = self.below.iter().rev().fold(self.value.clone(), wrap);
        Ok(Map::from([(Profile::Default, whole.into_dict().unwrap_or_default())]))
    }
}

/// What no key takes (a date) was reported where the document was read; it is left out of tables.
fn figure(node: &Node) -> Figure {
    match &node.content {
        Content::Text(text) => text.as_str().into(),
        Content::Integer(number) => (*number).into(),
        Content::Float(number) => (*number).into(),
        Content::Flag(flag) => (*flag).into(),
        Content::Other(_) => figment::value::Empty::Unit.into(),
        Content::List(items) => items.iter().map(figure).collect::<Vec<_>>().into(),
        Content::Table(members) => members
            .iter()
            .filter(|(_, member)| !matches!(member.content, Content::Other(_)))
            .map(|(key, member)| (key.clone(), figure(member)))
            .collect::<Dict>()
            .into(),
    }
}

/// Reads a table until there is nothing left to say. `None` when it can't be read at all; then there is a mistake.
///
/// `at` is where the table lies in the whole; mistakes carry whole paths.
pub(super) fn read<T, S>(
    at: &[String],
    value: Value,
    seed: S,
    sources: &Sources,
    mistakes: &mut Vec<Mistake>,
) -> Option<T>
where
    S: for<'de> DeserializeSeed<'de, Value = T> + Copy,
{
    let mut reading = Reading {
        at,
        sources,
        value: value.0,
        taken: Vec::new(),
        filled: BTreeMap::new(),
        retyped: BTreeSet::new(),
        broken: false,
    };
    loop {
        match seed.deserialize(&reading.value) {
            Ok(read) => return (!reading.broken).then_some(read),
            Err(error) => {
                let below = reading.pointed_at(&error);
                if !reading.repair(&below, error.kind, mistakes) {
                    return None;
                }
            }
        }
    }
}

/// What stands in for a required key that is missing, so that the keys behind it are looked at too: whatever type it
/// has, one of these is of it or it is the last mistake that is found. Nothing read with them is ever used.
fn stand_ins() -> [Figure; 6] {
    let secret = Dict::from([("env".to_owned(), "a".into())]);
    ["a".into(), 1.into(), true.into(), Dict::new().into(), secret.into(), Vec::<Figure>::new().into()]
}

struct Reading<'a> {
    at: &'a [String],
    sources: &'a Sources,
    value: Figure,
    /// The paths that were taken away, with the indexes that they had as written.
    taken: Vec<Vec<String>>,
    /// The missing keys that are stood in for, and by how many so far.
    filled: BTreeMap<Vec<String>, usize>,
    /// The variables whose text was tried as another type.
    retyped: BTreeSet<Vec<String>>,
    broken: bool,
}

impl Reading<'_> {
    /// The path of an error below the table. Whoever reads a map by hand reports an unknown key at the map.
    fn pointed_at(&self, error: &Error) -> Vec<String> {
        let mut path = error.path.clone();
        if let Kind::UnknownField(key, _) = &error.kind {
            path.push(key.clone());
            if find(&self.value, &path).is_none() {
                path.pop();
            }
        }
        path
    }

    /// Notes the mistake and takes it away. False when that leaves nothing to read.
    fn repair(&mut self, below: &[String], kind: Kind, mistakes: &mut Vec<Mistake>) -> bool {
        if let Some((path, tried)) = self.filled.iter().find(|(path, _)| below.starts_with(path)) {
            let (path, tried) = (path.clone(), *tried);
            return self.fill(path, tried);
        }
        let written = self.as_written(below);
        let whole: Vec<String> = self.at.iter().chain(&written).cloned().collect();
        if let Kind::MissingField(key) = &kind {
            let mut missing = written.clone();
            missing.push(key.to_string());
            if !self.taken.contains(&missing) {
                mistakes.push(Mistake { path: whole, what: What::Missing { key: key.to_string() } });
            }
            self.broken = true;
            let mut path = below.to_vec();
            path.push(key.to_string());
            return self.fill(path, 0);
        }
        if let Some(value) = self.as_its_type(&whole, &kind) {
            return replace(&mut self.value, below, value);
        }
        mistakes.push(Mistake { path: whole, what: what(kind) });
        if below.is_empty() || !take(&mut self.value, below) {
            return false;
        }
        self.taken.push(written);
        true
    }

    /// Puts the next stand-in where a key is missing.
    fn fill(&mut self, path: Vec<String>, tried: usize) -> bool {
        let Some(next) = stand_ins().into_iter().nth(tried) else { return false };
        let put = replace(&mut self.value, &path, next);
        self.filled.insert(path, tried.saturating_add(1));
        put
    }

    /// The text of a variable as a number or a flag, the first time that its key wants no text.
    fn as_its_type(&mut self, whole: &[String], kind: &Kind) -> Option<Figure> {
        let variable = self.sources.variable(whole)?;
        if !matches!(kind, Kind::InvalidType(Actual::Str(_), _)) || !self.retyped.insert(whole.to_vec()) {
            return None;
        }
        match variable.text.as_str() {
            "true" => Some(true.into()),
            "false" => Some(false.into()),
            text => text.parse::<i64>().ok().map(Figure::from),
        }
    }

    /// The path as the file has it: the items that were taken out of a list count again.
    fn as_written(&self, below: &[String]) -> Vec<String> {
        let mut written: Vec<String> = Vec::new();
        for step in below {
            let mut taken: Vec<usize> = self
                .taken
                .iter()
                .filter_map(|path| path.strip_prefix(written.as_slice()))
                .filter_map(|rest| match rest {
                    [index] => index.parse().ok(),
                    _ => None,
                })
                .collect();
            taken.sort_unstable();
            let step = match step.parse::<usize>() {
                Ok(index) => taken
                    .into_iter()
                    .fold(index, |index, gone| if gone <= index { index.saturating_add(1) } else { index })
                    .to_string(),
                Err(_) => step.clone(),
            };
            written.push(step);
        }
        written
    }
}

/// What serde says, without the values that it repeats: one of them may be a password.
fn what(kind: Kind) -> What {
    match kind {
        Kind::UnknownField(key, known) => What::UnknownKey { key, known: known.to_vec() },
        Kind::UnknownVariant(value, known) => What::UnknownWord { word: value, known: known.to_vec() },
        Kind::InvalidType(met, wanted) => What::WrongType { met: kind_of(&met), wanted },
        Kind::InvalidValue(_, wanted) => What::OutOfRange { wanted },
        Kind::InvalidLength(_, wanted) => What::WrongType { met: "a list of another length", wanted },
        Kind::MissingField(key) => What::Missing { key: key.into_owned() },
        Kind::Message(message) => What::Said(message),
        Kind::DuplicateField(key) => What::Said(format!("`{key}` stands there twice")),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => {
            What::Said("this number is too large".to_owned())
        }
        Kind::Unsupported(met) | Kind::UnsupportedKey(met, _) => {
            What::Said(format!("{} can't stand here", kind_of(&met)))
        }
    }
}

fn kind_of(met: &Actual) -> &'static str {
    match met {
        Actual::Bool(_) => "a flag",
        Actual::Unsigned(_) | Actual::Signed(_) => "a whole number",
        Actual::Float(_) => "a number with a fraction",
        Actual::Char(_) | Actual::Str(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "something else",
    }
}

fn find<'a>(value: &'a Figure, path: &[String]) -> Option<&'a Figure> {
    path.iter().try_fold(value, |value, step| match value {
        Figure::Dict(_, members) => members.get(step),
        Figure::Array(_, items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

fn find_mut<'a>(value: &'a mut Figure, path: &[String]) -> Option<&'a mut Figure> {
    path.iter().try_fold(value, |value, step| match value {
        Figure::Dict(_, members) => members.get_mut(step),
        Figure::Array(_, items) => items.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    })
}

fn replace(value: &mut Figure, path: &[String], by: Figure) -> bool {
    let Some((key, above)) = path.split_last() else { return false };
    match find_mut(value, above) {
        Some(Figure::Dict(_, members)) => {
            members.insert(key.clone(), by);
            true
        }
        _ => false,
    }
}

fn take(value: &mut Figure, path: &[String]) -> bool {
    let Some((key, above)) = path.split_last() else { return false };
    match (find_mut(value, above), key.parse::<usize>()) {
        (Some(Figure::Dict(_, members)), _) => members.remove(key).is_some(),
        (Some(Figure::Array(_, items)), Ok(index)) if index < items.len() => {
            items.remove(index);
            true
        }
        _ => false,
    }
}
