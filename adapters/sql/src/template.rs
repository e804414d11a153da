//! One SQL text with named parameters becomes one in the server's own spelling.
//!
//! Text outside the parameters is never changed, and no value ever enters it: values are bound later, by position.

mod exact;

use self::exact::Folded;
use crate::lexer::{Token, TokenKind, in_word, lex};
use crate::{Dialect, Parameter, StatementKey};

/// What became of a text.
pub(crate) struct Template {
    /// In the server's spelling.
    pub(crate) sql: String,
    /// One for each bind position, with the place in the text where it stands.
    pub(crate) parameters: Vec<(Parameter, usize)>,
    /// The first word, in lower case; empty where there is none.
    pub(crate) verb: String,
    /// One SELECT that locks and stores nothing.
    pub(crate) is_select: bool,
    /// A WITH that changes something on its way.
    pub(crate) is_writing_with: bool,
    /// A change that says nothing of what it changed.
    pub(crate) answers_nothing: bool,
}

/// Something in a text that can't be meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// In bytes.
    pub(crate) offset: usize,
    pub(crate) message: String,
}

/// Compiles the text of a key. Total: whatever the text, there are a template and all of its faults.
pub(crate) fn compile(dialect: Dialect, key: StatementKey, text: &str) -> (Template, Vec<Fault>) {
    let lexed = lex(dialect, text);
    let mut walk = Walk::new(dialect, key);
    for (index, token) in lexed.tokens.iter().enumerate() {
        let next = lexed.tokens.get(index.saturating_add(1)).map_or("", |next| next.text);
        walk.step(*token, next);
    }
    if let Some(offset) = lexed.unended {
        walk.fault(offset, "this quote or comment is never closed");
    } else if walk.template.verb.is_empty() {
        walk.fault(0, "there is no statement here");
    }
    walk.template.is_writing_with = walk.template.verb == "with" && walk.writes;
    walk.template.answers_nothing &=
        matches!(walk.template.verb.as_str(), "insert" | "update" | "delete" | "replace");
    walk.template.is_select =
        matches!(walk.template.verb.as_str(), "select" | "with" | "values") && !walk.modifies;
    (walk.template, walk.faults)
}

/// What is known inside one pair of parentheses.
#[derive(Clone, Copy, Default)]
struct Level<'a> {
    /// The word before the parenthesis: a function's name, where it is one.
    function: Option<Token<'a>>,
    /// A CAST or CONVERT of the password, and where that stands. Nothing is wrong if its type turns out to be BINARY.
    converts: Option<usize>,
    /// There was a SELECT or DELETE, so that a FROM is followed by a table.
    query: bool,
    /// Behind ORDER BY or GROUP BY.
    ordering: bool,
}

struct Walk<'a> {
    dialect: Dialect,
    key: StatementKey,
    template: Template,
    faults: Vec<Fault>,
    levels: Vec<Level<'a>>,
    /// The last token that is neither blank nor comment, and the one before it.
    last: Option<Token<'a>>,
    last_but_one: Option<Token<'a>>,
    /// A word that a plain SELECT has not.
    modifies: bool,
    /// A word with which a change begins.
    writes: bool,
    closed: bool,
}

impl<'a> Walk<'a> {
    fn new(dialect: Dialect, key: StatementKey) -> Self {
        let template = Template {
            sql: String::new(),
            parameters: Vec::new(),
            verb: String::new(),
            is_select: false,
            is_writing_with: false,
            answers_nothing: true,
        };
        Self {
            dialect,
            key,
            template,
            faults: Vec::new(),
            levels: vec![Level::default()],
            last: None,
            last_but_one: None,
            modifies: false,
            writes: false,
            closed: false,
        }
    }

    fn step(&mut self, token: Token<'a>, next: &str) {
        let significant = !matches!(token.kind, TokenKind::Blank | TokenKind::Comment);
        if significant && self.closed {
            self.closed = false;
            self.fault(token.start, "a second statement; write a list of statements instead of one text");
        }
        match token.kind {
            TokenKind::Parameter => self.parameter(token, next),
            TokenKind::Word => self.word(token),
            TokenKind::Symbol => self.symbol(token),
            TokenKind::Placeholder => self.placeholder(token),
            TokenKind::Text => self.hidden(token, IN_TEXT),
            TokenKind::Name => self.hidden(token, IN_NAME),
            TokenKind::Comment if self.runs(token.text) => {
                self.fault(token.start, "the server runs what stands in this comment; write it without");
            }
            TokenKind::Blank | TokenKind::Comment | TokenKind::Number => {}
        }
        if token.kind != TokenKind::Parameter {
            self.template.sql.push_str(token.text);
        }
        if significant {
            self.last_but_one = self.last.replace(token);
        }
    }

    fn parameter(&mut self, token: Token<'a>, next: &str) {
        let name = token.text.strip_prefix(':').unwrap_or_default();
        let parsed = Parameter::parse(name);
        let compares = self.key == StatementKey::Check && parsed == Some(Parameter::Password);
        match parsed {
            None => {
                let meant = Parameter::nearest(name).map_or_else(
                    || " (for an array slice put a blank behind the colon)".to_owned(),
                    |near| format!("; did you mean :{near}?"),
                );
                self.fault(token.start, format!("unknown parameter :{name}{meant}"));
            }
            Some(parameter) => {
                if self.is_name_position(token, next) {
                    self.fault(
                        token.start,
                        format!("{parameter} stands where a name belongs; only values can be bound"),
                    );
                }
                if compares {
                    self.stays_exact(token);
                }
                self.template.parameters.push((parameter, token.start));
            }
        }
        // PostgreSQL and SQLite would read a placeholder right behind a word as a part of it.
        if self.template.sql.chars().next_back().is_some_and(in_word) {
            self.template.sql.push(' ');
        }
        let position = self.template.parameters.len().max(1);
        let placeholder =
            if compares { self.dialect.compared(position) } else { self.dialect.placeholder(position) };
        self.template.sql.push_str(&placeholder);
    }

    /// Whether what stands around the password leaves it what it is.
    fn stays_exact(&mut self, password: Token<'_>) {
        let function = |level: &Level<'_>| {
            level.function.map(|token| token.text.to_ascii_lowercase()).unwrap_or_default()
        };
        match exact::folded_by(self.dialect, self.levels.iter().rev().map(function)) {
            None => {}
            Some(Folded::Converted(depth)) => {
                if let Some(level) = self.levels.iter_mut().rev().nth(depth) {
                    level.converts = Some(password.start);
                }
            }
            Some(Folded::By(function, what)) => {
                self.fault(password.start, format!("{} around :password {what}", function.to_uppercase()));
            }
        }
    }

    /// Whether a placeholder at this token would have to be the name of a table, a column or a function.
    fn is_name_position(&self, token: Token<'_>, next: &str) -> bool {
        let touches_dot =
            next.starts_with('.') || self.last.is_some_and(|last| last.text == "." && touches(last, token));
        let level = self.levels.last().copied().unwrap_or_default();
        let last = self.last.filter(|last| matches!(last.kind, TokenKind::Word | TokenKind::Symbol));
        let follows = match last.map(|last| last.text.to_ascii_lowercase()).as_deref() {
            Some("from") => {
                level.query && !self.last_but_one.is_some_and(|before| is_word(before, "distinct"))
            }
            Some("join" | "into" | "update" | "table" | "by" | "as" | "collate") => true,
            Some(",") => level.ordering,
            _ => false,
        };
        touches_dot || next == "(" || follows
    }

    fn word(&mut self, token: Token<'a>) {
        let word = token.text.to_ascii_lowercase();
        if word == "collate" && self.key == StatementKey::Check && self.dialect == Dialect::MySql {
            self.fault(
                token.start,
                ":password has a collation here that compares exactly; leave COLLATE out",
            );
        }
        if self.key == StatementKey::Check && exact::is_pattern(&word) {
            self.fault(token.start, format!("{} compares with a pattern; write =", token.text));
        }
        if let Some(level) = self.levels.last_mut() {
            match word.as_str() {
                "binary" | "varbinary" => level.converts = None,
                "select" | "delete" => *level = Level { query: true, ordering: false, ..*level },
                "by" => level.ordering = true,
                "limit" | "offset" | "fetch" | "having" | "union" | "rows" | "range" | "window" | "for" => {
                    level.ordering = false;
                }
                _ => {}
            }
        }
        self.modifies |= matches!(
            word.as_str(),
            "insert" | "update" | "delete" | "merge" | "into" | "share" | "truncate" | "call"
        );
        // `FOR UPDATE` and `FOR NO KEY UPDATE` only lock.
        let locks = self.last.is_some_and(|last| is_word(last, "for") || is_word(last, "key"));
        self.writes |= matches!(word.as_str(), "insert" | "update" | "delete") && !locks;
        self.template.answers_nothing &= word != "returning";
        if self.template.verb.is_empty() {
            self.template.verb = word;
        }
    }

    fn symbol(&mut self, token: Token<'a>) {
        let joins =
            token.text == "|" && self.last.is_some_and(|last| last.text == "|" && touches(last, token));
        if joins && self.dialect == Dialect::MySql {
            self.fault(token.start, "|| means OR here, and joins texts elsewhere; write OR or CONCAT(…)");
        }
        match token.text {
            "(" => {
                let function = self.last.filter(|last| last.kind == TokenKind::Word);
                self.levels.push(Level { function, ..Level::default() });
            }
            operator
                if operator.contains('~')
                    && self.key == StatementKey::Check
                    && self.dialect == Dialect::Postgres =>
            {
                self.fault(token.start, format!("{operator} compares with a pattern; write ="));
            }
            ")" if self.levels.len() > 1 => {
                if let Some(offset) = self.levels.pop().and_then(|level| level.converts) {
                    self.fault(offset, exact::CONVERTED);
                }
            }
            ";" => self.closed = true,
            _ => {}
        }
    }

    fn placeholder(&mut self, token: Token<'_>) {
        let remedy = match (self.dialect, token.text) {
            (Dialect::Postgres, text) if text.ends_with('?') => {
                "; for the JSON operator write jsonb_exists(column, 'key')"
            }
            (Dialect::MySql, text) if text.starts_with('@') => "; variables of a session are not used here",
            _ => "",
        };
        let text = token.text;
        self.fault(
            token.start,
            format!("{text} is the driver's own spelling; write a name such as :identifier{remedy}"),
        );
    }

    /// A known parameter inside quotes is a mistake; any other colon there is ordinary text.
    fn hidden(&mut self, token: Token<'_>, why: &str) {
        let mut before = ' ';
        for (at, c) in token.text.char_indices() {
            if c == ':' && before != ':' && !in_word(before) {
                let inner = token.text.get(at..).unwrap_or_default();
                let name = lex(self.dialect, inner).tokens.first().map_or("", |first| first.text);
                if let Some(parameter) = name.strip_prefix(':').and_then(Parameter::parse) {
                    self.fault(token.start.saturating_add(at), format!("{parameter} {why}"));
                }
            }
            before = c;
        }
    }

    /// Whether a comment is none to the server: MySQL and MariaDB run what stands in theirs.
    fn runs(&self, comment: &str) -> bool {
        self.dialect == Dialect::MySql && (comment.starts_with("/*!") || comment.starts_with("/*M!"))
    }

    fn fault(&mut self, offset: usize, message: impl Into<String>) {
        self.faults.push(Fault { offset, message: message.into() });
    }
}

const IN_TEXT: &str = "stands inside quotes, where it is ordinary text; write it without them, and join texts with || \
                       (MySQL: CONCAT)";
const IN_NAME: &str = "stands inside a quoted name; only values can be bound";

fn touches(left: Token<'_>, right: Token<'_>) -> bool {
    left.start.saturating_add(left.text.len()) == right.start
}

fn is_word(token: Token<'_>, word: &str) -> bool {
    token.kind == TokenKind::Word && token.text.eq_ignore_ascii_case(word)
}

#[cfg(test)]
mod tests;
