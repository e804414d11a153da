//! [`Sources`]: everything that was read, in the order of who wins, and where a key of the whole stands in it.
//!
//! A variable of the environment wins over the files, the files are one configuration in several places, and what a
//! preset brings gives way to all of them.

use super::locate::{Content, Document, Node};
use super::report::{Finding, Place};
use idstore_contract::{Problem, Severity};
use std::collections::BTreeMap;
use std::ops::Range;

/// What was read. Kept for as long as something may still have to be shown with its place.
#[derive(Debug, Default)]
pub struct Sources {
    pub(super) documents: Vec<Document>,
    pub(super) layers: Vec<Layer>,
    pub(super) variables: Vec<Variable>,
    /// The table of each store, by the store's name.
    pub(super) stores: BTreeMap<String, Vec<String>>,
}

/// A part of the configuration that one document gives.
#[derive(Debug)]
pub(super) struct Layer {
    /// The index of the document.
    pub(super) document: usize,
    /// Below which key of the whole it lies; empty for a file.
    pub(super) below: Vec<String>,
    /// What it says.
    pub(super) tree: Node,
    /// Whether it is a file of the operator's; else it comes from a preset.
    pub(super) written: bool,
}

/// A variable of the environment that sets a key.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    /// Its name, as the environment has it.
    pub(super) name: String,
    /// The key that it sets.
    pub(super) path: Vec<String>,
    /// Its text, as it is.
    pub(super) text: String,
}

/// What of a key a report points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// The key itself: it is unknown, or badly named, or something is missing below it.
    Key,
    /// Its value.
    Value,
    /// A byte of the value's text.
    Inside(usize),
}

impl Sources {
    /// A problem of a store, as its adapter tells it, with its place; for what only the server can show.
    pub fn render(&self, store: &str, problem: &Problem) -> String {
        super::report::render(self, &self.finding(store, problem))
    }

    /// A problem of a key that only showed when it was used, such as a token file that is not there.
    pub fn render_key(&self, path: &[&str], message: &str) -> String {
        let path: Vec<String> = path.iter().map(|step| (*step).to_owned()).collect();
        super::report::render(self, &Finding::error(message, self.place(&path, Aim::Value)))
    }

    pub(super) fn finding(&self, store: &str, problem: &Problem) -> Finding {
        let table = self.stores.get(store).cloned().unwrap_or_default();
        let below: Vec<String> = steps(&problem.key).collect();
        let aim = match (problem.offset, below.is_empty()) {
            (Some(offset), _) => Aim::Inside(offset),
            (None, true) => Aim::Key,
            (None, false) => Aim::Value,
        };
        let path: Vec<String> = table.into_iter().chain(below).collect();
        let place = self.place(&path, aim);
        let message = format!("store `{store}`: {}", problem.message);
        match problem.severity {
            Severity::Error => Finding::error(message, place),
            Severity::Warning => Finding::warning(message, place),
        }
    }

    /// Where a key stands, or the nearest table around it that stands somewhere.
    pub(super) fn place(&self, path: &[String], aim: Aim) -> Place {
        if let Some(variable) = self.variable(path) {
            return Place::Variable(variable.name.clone());
        }
        let mut best: Option<(usize, usize, &Node)> = None;
        for layer in &self.layers {
            let Some(rest) = path.strip_prefix(layer.below.as_slice()) else { continue };
            let (node, depth) = layer.tree.follow(rest);
            let depth = depth.saturating_add(layer.below.len());
            if best.is_none_or(|(deepest, ..)| depth > deepest) {
                best = Some((depth, layer.document, node));
            }
        }
        let Some((depth, document, node)) = best else { return Place::Nowhere };
        let aim = if depth == path.len() { aim } else { Aim::Key };
        Place::Text {
            document,
            at: self.span(document, node, aim).into(),
            inside: matches!(aim, Aim::Inside(_)),
        }
    }

    /// The keys that two files set.
    pub(super) fn conflicts(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for (index, later) in self.layers.iter().enumerate() {
            for earlier in self.layers.iter().take(index) {
                conflicts(earlier, later, &earlier.tree, &later.tree, &mut Vec::new(), &mut found);
            }
        }
        found
    }

    /// The values of a kind that no key takes, such as a date. They are left out of what is read.
    pub(super) fn misfits(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for layer in self.layers.iter().filter(|layer| layer.written) {
            misfits(layer.document, &layer.tree, &mut found);
        }
        found
    }

    /// Whether a file of the operator's has a table of that path.
    pub(super) fn has_table(&self, path: &[String]) -> bool {
        self.written().any(|tree| tree.get(path).is_some_and(Node::is_table))
    }

    /// What the operator's files say.
    pub(super) fn written(&self) -> impl Iterator<Item = &Node> {
        self.layers.iter().filter(|layer| layer.written).map(|layer| &layer.tree)
    }

    pub(super) fn variable(&self, path: &[String]) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.path == path)
    }

    fn span(&self, document: usize, node: &Node, aim: Aim) -> Range<usize> {
        match (aim, &node.key) {
            (Aim::Inside(offset), _) => self
                .documents
                .get(document)
                .map_or(node.value.clone(), |document| document.inside(node, offset)),
            (Aim::Key, Some(key)) => key.clone(),
            (Aim::Value, Some(key)) if node.is_table() => key.clone(),
            _ => node.value.clone(),
        }
    }
}

fn conflicts(
    one: &Layer,
    other: &Layer,
    first: &Node,
    second: &Node,
    path: &mut Vec<String>,
    found: &mut Vec<Finding>,
) {
    for (key, earlier) in first.members() {
        let Some(later) = second.get(std::slice::from_ref(key)) else { continue };
        path.push(key.clone());
        if earlier.is_table() && later.is_table() {
            conflicts(one, other, earlier, later, path, found);
        } else {
            let place = |layer: &Layer, node: &Node| Place::Text {
                document: layer.document,
                at: node.key.clone().unwrap_or(node.value.clone()).into(),
                inside: false,
            };
            let message = format!("two files set `{}`", path.join("."));
            found.push(
                Finding::error(message, place(other, later)).with_note("the first one", place(one, earlier)),
            );
        }
        path.pop();
    }
}

fn misfits(document: usize, node: &Node, found: &mut Vec<Finding>) {
    match &node.content {
        Content::Other(kind) => {
            let place = Place::Text { document, at: node.value.clone().into(), inside: false };
            found.push(Finding::error(format!("{kind}: no key takes one"), place));
        }
        Content::List(items) => items.iter().for_each(|item| misfits(document, item, found)),
        Content::Table(members) => members.values().for_each(|member| misfits(document, member, found)),
        Content::Text(_) | Content::Integer(_) | Content::Float(_) | Content::Flag(_) => {}
    }
}

/// The steps of a dotted key; an index stands as `.1` or `[1]`.
pub(super) fn steps(key: &str) -> impl Iterator<Item = String> {
    key.split(['.', '[', ']']).filter(|step| !step.is_empty()).map(str::to_owned)
}
