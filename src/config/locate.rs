//! [`Document`]: a text of TOML that knows where everything in it stands.
//!
//! The only file that knows the TOML parser. A document is parsed once, with what can be saved of a broken one, and
//! from then on a key path leads to bytes of the text: to the key, to its value, to a place inside a value's text.

use super::literal;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How deep tables and lists may nest. The deepest key that exists is at five; the parser has a limit of its own.
const DEPTH_MAX: usize = 32;

/// One text of TOML.
#[derive(Debug)]
pub(super) struct Document {
    /// What it is called in a report: the path of a file, `presets/NAME.toml`.
    pub(super) name: String,
    /// The text.
    pub(super) text: String,
}

/// A value, where it stands, and where its key does.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The bytes of the key; nothing for the root and for what stands in a list.
    pub(super) key: Option<Range<usize>>,
    /// The bytes of the value. For a table with a header, those of the header.
    pub(super) value: Range<usize>,
    /// The value.
    pub(super) content: Content,
    /// For a text in which a preset's placeholders were replaced: how its bytes lie in the text as written.
    pub(super) pieces: Option<Pieces>,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// `true` or `false`.
    Flag(bool),
    /// What no key takes: a date, a number of more than 64 bits. Its name.
    Other(&'static str),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(BTreeMap<String, Node>),
}

/// Something that is wrong with the text itself.
#[derive(Clone, Debug)]
pub(super) struct SyntaxError {
    /// What was met or missed.
    pub(super) message: String,
    /// Where.
    pub(super) at: Range<usize>,
}

/// The runs of bytes of an expanded text, in order: where each begins there, and where it came from.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces(pub(super) Vec<Piece>);

/// One run of bytes of an expanded text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// Where it begins in the expanded text.
    pub(super) expanded: usize,
    /// Where it begins in the text as written.
    pub(super) written: usize,
    /// Whether it was copied byte for byte; else it stands for a placeholder, and all of it lies at `written`.
    pub(super) copied: bool,
}

impl Document {
    /// Parses a text: the document, what it says, and what is no TOML. Always says something: what could not be read
    /// is missing from it and is in the errors.
    pub(super) fn parse(name: impl Into<String>, text: String) -> (Self, Node, Vec<SyntaxError>) {
        let (root, broken) = DeTable::parse_recoverable(&text);
        let end = text.len();
        let mut root = table(root.into_inner(), 0..0, None, 0);
        let document = Self { name: name.into(), text };
        let mut errors: Vec<SyntaxError> = Vec::new();
        for error in broken {
            let at = error.span().map_or(end..end, |span| within(span, end));
            let line = document.line(at.start);
            // One slip makes several errors on its line; the first is the one to mend.
            if errors.last().is_none_or(|last| document.line(last.at.start) != line) {
                errors.push(SyntaxError { message: error.message().to_owned(), at });
            }
            forget(&mut root, &line);
        }
        (document, root, errors)
    }

    /// The bytes at which the text of a value has its byte `offset`; the value itself where it is no text.
    pub(super) fn inside(&self, node: &Node, offset: usize) -> Range<usize> {
        let written = node.pieces.as_ref().map_or(offset, |pieces| pieces.written(offset));
        let at = self
            .text
            .get(node.value.clone())
            .and_then(|raw| literal::position(raw, written))
            .and_then(|at| node.value.start.checked_add(at));
        match at {
            Some(at) => at..at,
            None => node.value.clone(),
        }
    }

    /// Line and column of a byte, both from 1, the column in characters.
    pub(super) fn line_and_column(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
        let start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let column = before.get(start..).unwrap_or_default().chars().count().saturating_add(1);
        (line, column)
    }

    /// The bytes of the line that a byte is in, without its end.
    pub(super) fn line(&self, at: usize) -> Range<usize> {
        let (before, after) = self.text.split_at_checked(at).unwrap_or((&self.text, ""));
        let start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let end = after.find('\n').map_or(self.text.len(), |length| at.saturating_add(length));
        let end = if self.text.get(start..end).is_some_and(|line| line.ends_with('\r')) {
            end.saturating_sub(1)
        } else {
            end
        };
        start..end.max(start)
    }
}

impl Node {
    /// A table of our own making, without a place.
    pub(super) fn empty_table() -> Self {
        Self { key: None, value: 0..0, content: Content::Table(BTreeMap::new()), pieces: None }
    }

    /// What the path leads to, as far as it leads: the node, and how many of its steps exist.
    pub(super) fn follow(&self, path: &[String]) -> (&Self, usize) {
        let mut node = self;
        for (depth, step) in path.iter().enumerate() {
            match node.child(step) {
                Some(child) => node = child,
                None => return (node, depth),
            }
        }
        (node, path.len())
    }

    /// What the whole path leads to.
    pub(super) fn get(&self, path: &[String]) -> Option<&Self> {
        let (node, depth) = self.follow(path);
        (depth == path.len()).then_some(node)
    }

    /// The members of a table; none for anything else.
    pub(super) fn members(&self) -> impl Iterator<Item = (&String, &Self)> {
        match &self.content {
            Content::Table(members) => Some(members.iter()),
            _ => None,
        }
        .into_iter()
        .flatten()
    }

    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is a table.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.content, Content::Table(_))
    }

    fn child(&self, step: &str) -> Option<&Self> {
        match &self.content {
            Content::Table(members) => members.get(step),
            Content::List(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        }
    }
}

impl Pieces {
    /// Where a byte of the expanded text lies in the text as written.
    pub(super) fn written(&self, offset: usize) -> usize {
        let piece = self.0.iter().rfind(|piece| piece.expanded <= offset);
        piece.map_or(offset, |piece| {
            if piece.copied {
                piece.written.saturating_add(offset.saturating_sub(piece.expanded))
            } else {
                piece.written
            }
        })
    }
}

fn table(members: DeTable<'_>, value: Range<usize>, key: Option<Range<usize>>, depth: usize) -> Node {
    let members = members
        .into_iter()
        .map(|(name, member)| {
            let key = name.span();
            (name.into_inner().into_owned(), node(member, Some(key), depth.saturating_add(1)))
        })
        .collect();
    Node { key, value, content: Content::Table(members), pieces: None }
}

fn node(spanned: Spanned<DeValue<'_>>, key: Option<Range<usize>>, depth: usize) -> Node {
    let value = spanned.span();
    let content = match spanned.into_inner() {
        DeValue::String(text) => Content::Text(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Content::Integer(number),
            Err(_) => Content::Other("a number of more than 64 bits"),
        },
        DeValue::Float(number) => number.as_str().parse().map_or(Content::Other("a number"), Content::Float),
        DeValue::Boolean(flag) => Content::Flag(flag),
        DeValue::Datetime(_) => Content::Other("a date or time"),
        DeValue::Array(_) | DeValue::Table(_) if depth >= DEPTH_MAX => {
            Content::Other("something nested too deep")
        }
        DeValue::Array(items) => {
            Content::List(items.into_iter().map(|item| node(item, None, depth.saturating_add(1))).collect())
        }
        DeValue::Table(members) => return table(members, value, key, depth),
    };
    Node { key, value, content, pieces: None }
}

/// Takes out what was read of a line that is broken: half of a value says nothing.
fn forget(node: &mut Node, line: &Range<usize>) {
    let touches =
        |range: &Range<usize>| range.is_empty() || (range.start <= line.end && line.start <= range.end);
    if let Content::Table(members) = &mut node.content {
        members.retain(|_, member| {
            member.is_table() || !(touches(&member.value) || member.key.as_ref().is_some_and(touches))
        });
        for member in members.values_mut() {
            forget(member, line);
        }
    }
}

fn within(span: Range<usize>, end: usize) -> Range<usize> {
    let start = span.start.min(end);
    start..span.end.clamp(start, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    fn shown<'a>(document: &'a Document, root: &Node, at: &str) -> (&'a str, &'a str) {
        let node = root.get(&path(at)).unwrap();
        (
            document.text.get(node.key.clone().unwrap()).unwrap(),
            document.text.get(node.value.clone()).unwrap(),
        )
    }

    #[test]
    fn every_way_of_writing_a_key_leads_to_its_place() {
        let text = "[server]\nlisten = 'a'\n[stores.postgres.\"crm\"]\nport = 5432\npassword.env = \"X\"\nt = { a = [1, 22] }\n";
        let (document, root, errors) = Document::parse("x", text.to_owned());
        assert!(errors.is_empty());
        assert_eq!(shown(&document, &root, "server.listen"), ("listen", "'a'"));
        assert_eq!(shown(&document, &root, "stores.postgres.crm.port"), ("port", "5432"));
        assert_eq!(shown(&document, &root, "stores.postgres.crm.password.env"), ("env", "\"X\""));
        assert_eq!(shown(&document, &root, "stores.postgres.crm").0, "\"crm\"");
        let second = root.get(&path("stores.postgres.crm.t.a.1")).unwrap();
        assert_eq!((text.get(second.value.clone()), &second.key), (Some("22"), &None));
    }

    #[test]
    fn a_place_inside_a_text_is_found_behind_escapes_and_line_ends() {
        let text = "a = \"\"\"\n\\u00e9 x \\\n    y\"\"\"\n";
        let (document, root, _) = Document::parse("x", text.to_owned());
        let node = root.get(&path("a")).unwrap();
        assert_eq!(node.text(), Some("é x y"));
        let at = document.inside(node, 5);
        assert_eq!(document.line_and_column(at.start), (3, 5));
    }

    #[test]
    fn what_can_be_read_of_a_broken_file_is_read() {
        let (_, root, errors) = Document::parse("x", "[a]\nb = \nc = 1\n[d]\ne = 2\n".to_owned());
        assert_eq!(errors.len(), 1);
        assert!(root.get(&path("d.e")).is_some());
    }

    fn inside_the_file(document: &Document, node: &Node) -> bool {
        let fits = |range: &Range<usize>| document.text.get(range.clone()).is_some();
        let text = node.text().is_none_or(|text| (0..=text.len()).all(|at| fits(&document.inside(node, at))));
        let below = match &node.content {
            Content::List(items) => items.iter().all(|item| inside_the_file(document, item)),
            Content::Table(members) => members.values().all(|member| inside_the_file(document, member)),
            _ => true,
        };
        fits(&node.value) && node.key.as_ref().is_none_or(fits) && text && below
    }

    proptest! {
        #[test]
        fn no_text_panics_and_every_place_is_inside_it(text in "([a-c.=\\[\\]{}\"'\\\\\n\r ,0-9é#-]|\"\"\"|'''|\\PC){0,80}") {
            let (document, root, errors) = Document::parse("x", text.clone());
            prop_assert!(inside_the_file(&document, &root));
            for error in errors {
                prop_assert!(text.get(error.at.clone()).is_some());
                let (line, column) = document.line_and_column(error.at.start);
                prop_assert!(line >= 1 && column >= 1);
                prop_assert!(text.get(document.line(error.at.start)).is_some());
            }
        }
    }
}
