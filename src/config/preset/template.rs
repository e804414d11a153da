//! `{option}` and `{fragment}` in the texts of a preset, and the text that can be pasted.

use super::options::Choices;
use crate::config::locate::{Content, Document, Node, Piece, Pieces, SyntaxError};

/// What placeholders are replaced by: identifiers that were chosen, and the preset's fragments.
pub(super) struct Filling<'a> {
    choices: &'a Choices,
    fragments: &'a Node,
    /// Names that are the adapter's own, and stay as they stand.
    leaves: &'a [&'a str],
}

/// A placeholder that stands for nothing, at a byte of the text.
struct Wrong {
    at: usize,
    why: String,
}

impl<'a> Filling<'a> {
    pub(super) fn new(choices: &'a Choices, fragments: &'a Node, leaves: &'a [&'a str]) -> Self {
        Self { choices, fragments, leaves }
    }

    /// Replaces every placeholder in a table.
    pub(super) fn fill(&self, node: &mut Node, document: &Document) -> Vec<SyntaxError> {
        match &mut node.content {
            Content::Table(members) => {
                members.values_mut().flat_map(|member| self.fill(member, document)).collect()
            }
            Content::List(items) => items.iter_mut().flat_map(|item| self.fill(item, document)).collect(),
            Content::Text(text) => match self.expand(text, true) {
                Ok((expanded, pieces)) => {
                    *text = expanded;
                    node.pieces = Some(pieces);
                    Vec::new()
                }
                Err(Wrong { at, why }) => vec![SyntaxError { message: why, at: document.inside(node, at) }],
            },
            Content::Integer(_) | Content::Float(_) | Content::Flag(_) | Content::Other(_) => Vec::new(),
        }
    }

    /// The text with its placeholders replaced. A fragment holds identifiers, and no other fragment.
    fn expand(&self, text: &str, with_fragments: bool) -> Result<(String, Pieces), Wrong> {
        let (mut expanded, mut pieces, mut from) = (String::new(), Vec::new(), 0_usize);
        let mut quotes = 0_usize;
        while let Some((at, name)) = placeholder(text, from) {
            let before = text.get(from..at).unwrap_or_default();
            pieces.push(Piece { expanded: expanded.len(), written: from, copied: true });
            expanded.push_str(before);
            quotes = quotes.saturating_add(before.matches('\'').count());
            if quotes % 2 == 1 {
                return Err(Wrong {
                    at,
                    why: format!("`{{{name}}}` stands inside quotes, where no name is"),
                });
            }
            pieces.push(Piece { expanded: expanded.len(), written: at, copied: false });
            expanded.push_str(&self.value(name, with_fragments).map_err(|why| Wrong { at, why })?);
            from = at.saturating_add(name.len()).saturating_add(2);
        }
        pieces.push(Piece { expanded: expanded.len(), written: from, copied: true });
        expanded.push_str(text.get(from..).unwrap_or_default());
        Ok((expanded, Pieces(pieces)))
    }

    fn value(&self, name: &str, with_fragments: bool) -> Result<String, String> {
        if self.leaves.contains(&name) {
            return Ok(format!("{{{name}}}"));
        }
        if let Some(identifier) = self.choices.identifier(name) {
            return Ok(identifier.to_owned());
        }
        let fragment = self.fragments.get(&[name.to_owned()]).and_then(Node::text).filter(|_| with_fragments);
        let Some(fragment) = fragment else {
            return Err(format!("`{{{name}}}` is neither a fragment nor an option that is a name here"));
        };
        let expanded = self.expand(fragment, false);
        expanded.map(|(text, _)| text).map_err(|wrong| format!("in the fragment `{name}`: {}", wrong.why))
    }
}

/// The next `{name}`: where it begins, and the name. Other braces are text of the statement.
fn placeholder(text: &str, from: usize) -> Option<(usize, &str)> {
    let mut at = from;
    loop {
        at = at.checked_add(text.get(at..)?.find('{')?)?;
        let behind = text.get(at.checked_add(1)?..)?;
        let name = behind.split_once('}').map(|(name, _)| name).unwrap_or_default();
        let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase()) && name.bytes().all(word) {
            return Some((at, name));
        }
        at = at.checked_add(1)?;
    }
}

/// A table as TOML, below a name; what stands in it alone first, then the tables in it.
pub(super) fn paste(node: &Node, name: &str) -> String {
    let mut text = String::new();
    let (tables, values): (Vec<_>, Vec<_>) = node.members().partition(|(_, member)| member.is_table());
    if !values.is_empty() {
        text.extend(["[", name, "]\n"]);
        for (key, member) in values {
            text.extend([key.as_str(), " = ", literal(member).as_str(), "\n"]);
        }
        text.push('\n');
    }
    for (key, member) in tables {
        text.push_str(&paste(member, &format!("{name}.{key}")));
    }
    text
}

fn literal(node: &Node) -> String {
    match &node.content {
        Content::Text(text) if text.contains('\n') && !text.contains("'''") => format!("'''\n{text}'''"),
        Content::Text(text) => toml::Value::String(text.clone()).to_string(),
        Content::Integer(number) => number.to_string(),
        Content::Float(number) => toml::Value::Float(*number).to_string(),
        Content::Flag(flag) => flag.to_string(),
        Content::Other(_) => String::new(),
        Content::List(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Content::Table(members) => {
            let mut text = String::new();
            for (key, member) in members {
                let comma = if text.is_empty() { "" } else { ", " };
                text.extend([comma, key.as_str(), " = ", literal(member).as_str()]);
            }
            format!("{{ {text} }}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn filled(text: &str) -> Result<(String, Pieces), String> {
        let preset = "[options.table]\ntype = 'table'\ndefault = 'users'\n[fragments]\nname = ', {table}.name'\n\
                      nested = '{name}'\n";
        let (_, root, _) = Document::parse("x", preset.to_owned());
        let (choices, _, _) = Choices::read(&root, &BTreeMap::new());
        let fragments = root.get(&["fragments".to_owned()]).unwrap();
        Filling::new(&choices, fragments, &["uid"]).expand(text, true).map_err(|wrong| wrong.why)
    }

    #[test]
    fn names_and_fragments_are_put_in_and_other_braces_are_text() {
        let (text, pieces) = filled("SELECT id{name} FROM {table} WHERE a = '{\"b\":{}}'").unwrap();
        assert_eq!(text, "SELECT id, users.name FROM users WHERE a = '{\"b\":{}}'");
        assert_eq!(pieces.written(text.find("WHERE").unwrap()), 29);
        assert_eq!(pieces.written(text.find("users.name").unwrap()), 9);
    }

    #[test]
    fn a_name_that_is_the_adapters_stays() {
        assert_eq!(filled("(uid={uid})").unwrap().0, "(uid={uid})");
    }

    #[test]
    fn a_placeholder_that_stands_for_nothing_is_refused() {
        for text in ["{other}", "'{table}'", "{nested}"] {
            assert!(filled(text).is_err(), "{text}");
        }
    }
}
