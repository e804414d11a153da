//! Presets: files that already know the schema of a well-known application. `presets/README.md` has the format.
//!
//! A preset gives way to what the operator writes, key by key: its part of the configuration lies below the files'.
//! Nothing here knows an application; that is all in the files.

mod options;
mod template;

pub use options::OptionValue;

use super::locate::{Content, Document, Node, SyntaxError};
use super::nearest::hint;
use super::report::{Finding, Place};
use super::sources::{Aim, Layer, Sources};
use options::{Choices, Refused};
use std::collections::BTreeMap;

/// The presets of this build: a name and a file each.
pub const PRESETS: &[(&str, &str)] = &[
    ("389ds", include_str!("../../presets/389ds.toml")),
    ("active-directory", include_str!("../../presets/active-directory.toml")),
    ("django", include_str!("../../presets/django.toml")),
    ("freeipa", include_str!("../../presets/freeipa.toml")),
    ("generic", include_str!("../../presets/generic.toml")),
    ("openldap", include_str!("../../presets/openldap.toml")),
];

/// A store that asks for a preset.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The adapter of the store.
    pub(super) adapter: String,
    /// Its name.
    pub(super) store: String,
    /// The preset's name.
    pub(super) preset: String,
    /// The options that are written.
    pub(super) options: BTreeMap<String, OptionValue>,
    /// The connections on the store, each with whether it says what its identifiers are.
    pub(super) connections: Vec<(String, bool)>,
}

/// What a preset gives to one store.
#[derive(Debug)]
struct Expanded {
    /// For the store's table.
    store: Node,
    /// For the tables of its connections.
    connection: Node,
}

/// Lays the presets that are asked for below what is written.
pub(super) fn apply(wanted: &[Wanted], sources: &mut Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for wanted in wanted {
        let table: Vec<String> = ["stores", &wanted.adapter, &wanted.store].map(str::to_owned).into();
        let at = |key: &[&str]| {
            [table.as_slice(), &key.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>()].concat()
        };
        let Some((name, text)) = PRESETS.iter().find(|(name, _)| *name == wanted.preset) else {
            let hint = hint(&wanted.preset, PRESETS.iter().map(|(name, _)| *name));
            let message = format!("there is no preset `{}`{hint}", wanted.preset);
            findings.push(Finding::error(message, sources.place(&at(&["preset"]), Aim::Value)));
            continue;
        };
        let preset = Preset::read(name, text);
        match preset.expand(&wanted.adapter, &wanted.options) {
            Ok(expanded) => add(sources, preset.document, expanded, &table, wanted),
            Err(problems) => {
                let index = sources.documents.len();
                findings.extend(problems.into_iter().map(|problem| match problem {
                    Problem::Adapter(why) => Finding::error(why, sources.place(&at(&["preset"]), Aim::Value)),
                    Problem::Option(Refused { option, unknown, why }) => {
                        let aim = if unknown { Aim::Key } else { Aim::Value };
                        Finding::error(why, sources.place(&at(&["preset_options", &option]), aim))
                    }
                    Problem::File(error) => Finding::error(
                        error.message,
                        Place::Text { document: index, at: error.at.into(), inside: true },
                    ),
                }));
                sources.documents.push(preset.document);
            }
        }
    }
    findings
}

/// What can be pasted into a configuration instead of the preset: the store's table and the connection's, as TOML.
///
/// The error says what is wrong with the name, the adapter or an option.
pub fn show(
    preset: &str,
    adapter: &str,
    options: &BTreeMap<String, OptionValue>,
) -> Result<String, Vec<String>> {
    let Some((name, text)) = PRESETS.iter().find(|(name, _)| *name == preset) else {
        return Err(vec![format!(
            "there is no preset `{preset}`{}",
            hint(preset, PRESETS.iter().map(|(name, _)| *name))
        )]);
    };
    let expanded = Preset::read(name, text)
        .expand(adapter, options)
        .map_err(|problems| problems.into_iter().map(Problem::into_words).collect::<Vec<_>>())?;
    let store = template::paste(&expanded.store, &format!("stores.{adapter}.NAME"));
    let connection = template::paste(&expanded.connection, "connections.NAME");
    Ok([store, connection].join("\n").trim().to_owned() + "\n")
}

/// What a preset is for, in one sentence.
pub fn about(preset: &str) -> Option<String> {
    let (name, text) = PRESETS.iter().find(|(name, _)| *name == preset)?;
    let root = Preset::read(name, text).root;
    Some(root.get(&["about".to_owned()])?.text()?.to_owned())
}

/// The adapters that a preset is for.
pub fn adapters_of(preset: &str) -> Vec<String> {
    let Some((name, text)) = PRESETS.iter().find(|(name, _)| *name == preset) else { return Vec::new() };
    Preset::read(name, text).adapters().into_iter().map(str::to_owned).collect()
}

/// The options of a preset, each with what it takes, its default and its meaning; for help texts.
pub fn options_of(preset: &str) -> Vec<options::Described> {
    let Some((name, text)) = PRESETS.iter().find(|(name, _)| *name == preset) else { return Vec::new() };
    options::described(&Preset::read(name, text).root)
}

fn add(sources: &mut Sources, document: Document, expanded: Expanded, table: &[String], wanted: &Wanted) {
    let index = sources.documents.len();
    sources.documents.push(document);
    let mut lay = |below: Vec<String>, tree: Node| {
        sources.layers.push(Layer { document: index, below, tree, written: false });
    };
    lay(table.to_vec(), expanded.store);
    for (connection, has_identifiers) in &wanted.connections {
        let mut tree = expanded.connection.clone();
        if let (Content::Table(members), true) = (&mut tree.content, has_identifiers) {
            // `identifiers` says which kinds sign in by which of them it names: half of each would be a third thing.
            members.remove("identifiers");
        }
        lay(vec!["connections".to_owned(), connection.clone()], tree);
    }
}

/// A preset's file.
#[derive(Debug)]
struct Preset {
    document: Document,
    root: Node,
    broken: Vec<SyntaxError>,
}

/// Why a preset gives nothing.
#[derive(Debug)]
enum Problem {
    /// The preset is not for this adapter.
    Adapter(String),
    /// An option is unknown, or its value is not one that it takes.
    Option(Refused),
    /// The preset's own file is wrong.
    File(SyntaxError),
}

impl Problem {
    fn into_words(self) -> String {
        match self {
            Self::Adapter(why) | Self::Option(Refused { why, .. }) => why,
            Self::File(error) => error.message,
        }
    }
}

/// The tables of a preset's file.
const TABLES: [&str; 9] =
    ["about", "adapters", "leaves", "options", "fragments", "store", "connection", "statements", "variants"];

/// The tables of a variant.
const VARIANT_TABLES: [&str; 5] = ["when", "fragments", "store", "connection", "statements"];

impl Preset {
    fn read(name: &str, text: &str) -> Self {
        let (document, root, broken) = Document::parse(format!("presets/{name}.toml"), text.to_owned());
        Self { document, root, broken }
    }

    /// What it gives to a store of that adapter, with those options.
    fn expand(
        &self,
        adapter: &str,
        written: &BTreeMap<String, OptionValue>,
    ) -> Result<Expanded, Vec<Problem>> {
        let mut problems: Vec<Problem> = Vec::new();
        problems.extend(self.broken.iter().map(|error| Problem::File(error.clone())));
        problems.extend(unknown_tables(&self.root, &TABLES).map(Problem::File));
        let adapters = self.adapters();
        if !adapters.contains(&adapter) {
            let why = format!("this preset is for {}, and not for {adapter}", adapters.join(", "));
            return Err(vec![Problem::Adapter(why)]);
        }
        let (choices, refused, wrong) = Choices::read(&self.root, written);
        problems.extend(refused.into_iter().map(Problem::Option));
        problems.extend(wrong.into_iter().map(Problem::File));
        let [mut fragments, mut store, mut connection, mut statements] =
            std::array::from_fn(|_| Node::empty_table());
        let mut layers = vec![&self.root];
        for variant in self.variants() {
            problems.extend(unknown_tables(variant, &VARIANT_TABLES).map(Problem::File));
            match choices.fit(variant) {
                Ok(true) => layers.push(variant),
                Ok(false) => {}
                Err(wrong) => problems.push(Problem::File(wrong)),
            }
        }
        for layer in layers {
            let tables = [
                ("fragments", &mut fragments),
                ("store", &mut store),
                ("connection", &mut connection),
                ("statements", &mut statements),
            ];
            for (key, into) in tables {
                if let Some(table) = layer.get(&[key.to_owned()]) {
                    overlay(into, table, &adapters, adapter);
                }
            }
        }
        if let Content::Table(members) = &mut store.content
            && statements.members().next().is_some()
        {
            members.insert("statements".to_owned(), statements);
        }
        let leaves = self.list("leaves");
        let filling = template::Filling::new(&choices, &fragments, &leaves);
        for table in [&mut store, &mut connection] {
            problems.extend(filling.fill(table, &self.document).into_iter().map(Problem::File));
        }
        if problems.is_empty() { Ok(Expanded { store, connection }) } else { Err(problems) }
    }

    fn adapters(&self) -> Vec<&str> {
        self.list("adapters")
    }

    /// A list of texts.
    fn list(&self, key: &str) -> Vec<&str> {
        match self.root.get(&[key.to_owned()]).map(|node| &node.content) {
            Some(Content::List(names)) => names.iter().filter_map(Node::text).collect(),
            _ => Vec::new(),
        }
    }

    fn variants(&self) -> &[Node] {
        match self.root.get(&["variants".to_owned()]).map(|node| &node.content) {
            Some(Content::List(variants)) => variants,
            _ => &[],
        }
    }
}

/// Lays a table over another: first what holds for every adapter, then what stands below this adapter's name. `false`
/// takes a text, a list or a table away.
fn overlay(into: &mut Node, table: &Node, adapters: &[&str], adapter: &str) {
    let Content::Table(members) = &mut into.content else { return };
    for (key, node) in table.members().filter(|(key, _)| !adapters.contains(&key.as_str())) {
        match (&node.content, members.get_mut(key)) {
            (
                Content::Flag(false),
                Some(Node { content: Content::Text(_) | Content::List(_) | Content::Table(_), .. }),
            ) => {
                members.remove(key);
            }
            (Content::Table(_), Some(below)) if below.is_table() => overlay(below, node, adapters, adapter),
            _ => {
                members.insert(key.clone(), node.clone());
            }
        }
    }
    if let Some(of_adapter) = table.get(&[adapter.to_owned()]) {
        overlay(into, of_adapter, &[], adapter);
    }
}

fn unknown_tables<'a>(node: &'a Node, known: &'a [&'a str]) -> impl Iterator<Item = SyntaxError> + 'a {
    node.members().filter(|(key, _)| !known.contains(&key.as_str())).map(|(key, member)| SyntaxError {
        message: format!("unknown key `{key}` in a preset{}", hint(key, known.iter().copied())),
        at: member.key.clone().unwrap_or(member.value.clone()),
    })
}
