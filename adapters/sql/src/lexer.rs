//! Reads SQL text as far as it takes to know what is text, what is a comment and what is a placeholder.
//!
//! It understands no grammar and decides nothing: the tokens, put together again, are the text, byte for byte.

use crate::Dialect;
use crate::parameter::DOTTED;

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    pub(crate) text: &'a str,
}

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Blank,
    Comment,
    /// A keyword or a bare name.
    Word,
    Number,
    /// `'…'`, `E'…'`, `$tag$…$tag$`.
    Text,
    /// A quoted name: `"…"`, `` `…` ``, `[…]`.
    Name,
    /// `:name` or `:head.member`.
    Parameter,
    /// A placeholder of the driver's own: `?`, `$1`, `@x`.
    Placeholder,
    /// Anything else.
    Symbol,
}

/// The tokens of a text.
pub(crate) struct Lexed<'a> {
    pub(crate) tokens: Vec<Token<'a>>,
    /// Where a quote or a comment begins that never ends.
    pub(crate) unended: Option<usize>,
}

/// Splits a text into its tokens. Total: every text has tokens.
pub(crate) fn lex(dialect: Dialect, text: &str) -> Lexed<'_> {
    let mut lexed = Lexed { tokens: Vec::new(), unended: None };
    let mut rest = text;
    let mut start = 0_usize;
    while let Some(first) = rest.chars().next() {
        let Scan { kind, len, ended } = scan(dialect, first, rest);
        let (token, after) = rest.split_at_checked(len.max(first.len_utf8())).unwrap_or((rest, ""));
        if !ended {
            lexed.unended = Some(start);
        }
        lexed.tokens.push(Token { kind, start, text: token });
        start = start.saturating_add(token.len());
        rest = after;
    }
    lexed
}

/// What the next token is, and how many bytes it has.
struct Scan {
    kind: TokenKind,
    len: usize,
    ended: bool,
}

impl Scan {
    fn whole(kind: TokenKind, len: usize) -> Self {
        Self { kind, len, ended: true }
    }

    /// A token that goes on to its closing mark, or to the end of the text where there is none.
    fn until(kind: TokenKind, len: Option<usize>, rest: &str) -> Self {
        Self { kind, len: len.unwrap_or(rest.len()), ended: len.is_some() }
    }
}

fn scan(dialect: Dialect, first: char, rest: &str) -> Scan {
    use TokenKind::{Blank, Comment, Name, Number, Symbol, Text, Word};
    let mysql = dialect == Dialect::MySql;
    match first {
        blank if blank.is_whitespace() => Scan::whole(Blank, run(rest, char::is_whitespace)),
        '-' if line_comment(dialect, rest) => Scan::whole(Comment, run(rest, |c| c != '\n')),
        '#' if mysql => Scan::whole(Comment, run(rest, |c| c != '\n')),
        '/' if rest.starts_with("/*") => {
            Scan::until(Comment, block_comment(rest, dialect == Dialect::Postgres), rest)
        }
        '\'' => Scan::until(Text, quoted(rest, '\'', mysql), rest),
        'e' | 'E' if dialect == Dialect::Postgres && rest.chars().nth(1) == Some('\'') => {
            let inner = rest.get(1..).and_then(|text| quoted(text, '\'', true));
            Scan::until(Text, inner.map(|len| len.saturating_add(1)), rest)
        }
        '"' => Scan::until(if mysql { Text } else { Name }, quoted(rest, '"', mysql), rest),
        '`' if dialect != Dialect::Postgres => Scan::until(Name, quoted(rest, '`', false), rest),
        '[' if dialect == Dialect::Sqlite => {
            Scan::until(Name, rest.find(']').map(|at| at.saturating_add(1)), rest)
        }
        '$' if dialect == Dialect::Postgres => dollar(rest),
        ':' => colon(dialect, rest),
        letter if starts_word(letter) => Scan::whole(Word, run(rest, in_word)),
        digit if digit.is_ascii_digit() => Scan::whole(Number, run(rest, |c| in_word(c) || c == '.')),
        _ => marks(dialect, first, rest).unwrap_or_else(|| Scan::whole(Symbol, first.len_utf8())),
    }
}

/// Marks that some dialect reads as a placeholder, and PostgreSQL's operators, which may hold the same marks.
fn marks(dialect: Dialect, first: char, rest: &str) -> Option<Scan> {
    use TokenKind::{Placeholder, Symbol};
    let after = rest.chars().nth(1);
    match dialect {
        Dialect::Postgres => {
            let len = operator(rest);
            let text = rest.get(..len).filter(|text| !text.is_empty())?;
            let question = text.ends_with('?') && text != "@?";
            let variable = text == "@" && rest.chars().nth(1).is_some_and(starts_word);
            Some(Scan::whole(if question || variable { Placeholder } else { Symbol }, len))
        }
        Dialect::Sqlite if matches!(first, '@' | '#' | '$') && after.is_some_and(in_word) => {
            Some(Scan::whole(Placeholder, run(rest, |c| in_word(c) || c == first)))
        }
        Dialect::MySql if rest.starts_with("@@") => Some(Scan::whole(Symbol, 2)),
        Dialect::MySql if first == '@' && after.is_some_and(in_word) => {
            Some(Scan::whole(Placeholder, run(rest, |c| in_word(c) || c == '@')))
        }
        Dialect::Sqlite | Dialect::MySql if first == '?' => {
            Some(Scan::whole(Placeholder, run(rest, |c| c == '?' || c.is_ascii_digit())))
        }
        Dialect::Sqlite | Dialect::MySql => None,
    }
}

/// The length of PostgreSQL's longest operator here; a comment ends it.
fn operator(rest: &str) -> usize {
    let run = rest.get(..run(rest, |c| "+-*/<>=~!@#%^&|?".contains(c))).unwrap_or_default();
    [run.find("--"), run.find("/*")].into_iter().flatten().min().unwrap_or(run.len())
}

/// `::` and `:=` are marks of the language, `:name` is a parameter.
fn colon(dialect: Dialect, rest: &str) -> Scan {
    use TokenKind::{Parameter, Placeholder, Symbol};
    let name = rest.get(1..).unwrap_or_default();
    match name.chars().next() {
        Some(':' | '=') => Scan::whole(Symbol, 2),
        Some(letter) if starts_word(letter) => {
            let head = run(name, |c| c == '_' || c.is_alphanumeric());
            let member = name.get(..head).filter(|head| DOTTED.contains(head)).and_then(|_| {
                let member = name.get(head..)?.strip_prefix('.')?;
                Some(run(member, |c| c == '_' || c.is_alphanumeric())).filter(|len| *len > 0)
            });
            let len = head.saturating_add(1).saturating_add(member.map_or(0, |len| len.saturating_add(1)));
            Scan::whole(Parameter, len)
        }
        Some(mark) if dialect == Dialect::Sqlite && in_word(mark) => {
            Scan::whole(Placeholder, run(name, in_word).saturating_add(1))
        }
        _ => Scan::whole(Symbol, 1),
    }
}

/// `$tag$…$tag$`, `$1`, or a mark.
fn dollar(rest: &str) -> Scan {
    let inner = rest.get(1..).unwrap_or_default();
    let digits = run(inner, |c| c.is_ascii_digit());
    if digits > 0 {
        return Scan::whole(TokenKind::Placeholder, digits.saturating_add(1));
    }
    let tag = run(inner, |c| c == '_' || c.is_alphanumeric());
    let opening = tag.saturating_add(2);
    match rest.get(..opening).filter(|mark| mark.ends_with('$')) {
        Some(mark) => {
            let close = rest.get(opening..).and_then(|body| body.find(mark));
            let len = close.map(|at| opening.saturating_add(at).saturating_add(mark.len()));
            Scan::until(TokenKind::Text, len, rest)
        }
        None => Scan::whole(TokenKind::Symbol, 1),
    }
}

/// The length up to and with the closing quote; a doubled quote is one of the text.
fn quoted(rest: &str, quote: char, backslashes: bool) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if backslashes && c == '\\' {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at.saturating_add(quote.len_utf8()));
        }
    }
    None
}

/// The length of `/* … */`.
fn block_comment(rest: &str, nested: bool) -> Option<usize> {
    let mut depth = 0_usize;
    let mut bytes = rest.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        let next = bytes.peek().map(|(_, next)| *next);
        if byte == b'/' && next == Some(b'*') && (nested || depth == 0) {
            depth = depth.saturating_add(1);
            bytes.next();
        } else if byte == b'*' && next == Some(b'/') {
            bytes.next();
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(at.saturating_add(2));
            }
        }
    }
    None
}

/// MySQL wants a blank behind the two dashes, for `5--3` is a number there.
fn line_comment(dialect: Dialect, rest: &str) -> bool {
    rest.strip_prefix("--").is_some_and(|after| {
        dialect != Dialect::MySql || after.chars().next().is_none_or(|c| c.is_whitespace() || c.is_control())
    })
}

/// The length of the longest beginning whose characters all fit.
fn run(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|c| !fits(c)).unwrap_or(text.len())
}

fn starts_word(c: char) -> bool {
    c == '_' || c.is_alphabetic() || !c.is_ascii() && !c.is_whitespace()
}

/// Whether a character goes on with a word. Every server takes `$` for one inside a name.
pub(crate) fn in_word(c: char) -> bool {
    starts_word(c) || c == '$' || c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(dialect: Dialect, text: &str) -> Vec<(TokenKind, &str)> {
        let tokens = lex(dialect, text).tokens;
        tokens.into_iter().filter(|t| t.kind != TokenKind::Blank).map(|t| (t.kind, t.text)).collect()
    }

    #[test]
    fn quotes_hide_what_they_hold() {
        use TokenKind::{Name, Text, Word};
        assert_eq!(kinds(Dialect::Sqlite, "'it''s :x' \"a:b\""), [(Text, "'it''s :x'"), (Name, "\"a:b\"")]);
        assert_eq!(kinds(Dialect::Sqlite, "[a b] `c`"), [(Name, "[a b]"), (Name, "`c`")]);
        assert_eq!(kinds(Dialect::Postgres, r"E'a\'b' x"), [(Text, r"E'a\'b'"), (Word, "x")]);
        assert_eq!(kinds(Dialect::Postgres, r"'a\' x"), [(Text, r"'a\'"), (Word, "x")]);
        assert_eq!(kinds(Dialect::MySql, r#"'a\'b' "c""#), [(Text, r"'a\'b'"), (Text, "\"c\"")]);
        assert_eq!(kinds(Dialect::Postgres, "$f$ :x $$ $f$"), [(Text, "$f$ :x $$ $f$")]);
    }

    #[test]
    fn comments_end_where_the_server_ends_them() {
        use TokenKind::{Comment, Number, Symbol, Word};
        assert_eq!(kinds(Dialect::Postgres, "/* /* */ */x"), [(Comment, "/* /* */ */"), (Word, "x")]);
        assert_eq!(kinds(Dialect::Sqlite, "/* /* */x"), [(Comment, "/* /* */"), (Word, "x")]);
        assert_eq!(kinds(Dialect::Sqlite, "-- :a\nx"), [(Comment, "-- :a"), (Word, "x")]);
        assert_eq!(
            kinds(Dialect::MySql, "5--3"),
            [(Number, "5"), (Symbol, "-"), (Symbol, "-"), (Number, "3")]
        );
    }

    #[test]
    fn casts_and_assignments_are_no_parameters() {
        use TokenKind::{Parameter, Symbol, Word};
        assert_eq!(kinds(Dialect::Postgres, ":a::text"), [(Parameter, ":a"), (Symbol, "::"), (Word, "text")]);
        assert_eq!(kinds(Dialect::MySql, "a := b"), [(Word, "a"), (Symbol, ":="), (Word, "b")]);
    }

    #[test]
    fn a_dot_belongs_to_the_four_names_that_have_members() {
        use TokenKind::{Parameter, Symbol, Word};
        assert_eq!(kinds(Dialect::Sqlite, ":param.org"), [(Parameter, ":param.org")]);
        assert_eq!(kinds(Dialect::Sqlite, ":email.x"), [(Parameter, ":email"), (Symbol, "."), (Word, "x")]);
    }

    #[test]
    fn placeholders_of_the_drivers_are_seen_and_operators_are_not_taken_for_them() {
        use TokenKind::{Placeholder, Symbol, Word};
        assert_eq!(kinds(Dialect::Postgres, "$1"), [(Placeholder, "$1")]);
        assert_eq!(kinds(Dialect::Postgres, "a ? b"), [(Word, "a"), (Placeholder, "?"), (Word, "b")]);
        for operator in ["@>", "<@", "@@", "?|", "?&", "@?", "||"] {
            assert_eq!(kinds(Dialect::Postgres, operator), [(Symbol, operator)]);
        }
        for (dialect, text) in [
            (Dialect::Postgres, "@x"),
            (Dialect::Sqlite, "@x"),
            (Dialect::Sqlite, "$x"),
            (Dialect::Sqlite, "#x"),
            (Dialect::Sqlite, "?1"),
            (Dialect::Sqlite, ":1"),
            (Dialect::MySql, "@x"),
            (Dialect::MySql, "?"),
        ] {
            assert_eq!(kinds(dialect, text)[0].0, Placeholder, "{text}");
        }
    }

    fn dialects() -> impl Strategy<Value = Dialect> {
        prop_oneof![Just(Dialect::Postgres), Just(Dialect::Sqlite), Just(Dialect::MySql)]
    }

    proptest! {
        #[test]
        fn the_tokens_put_together_are_the_text(dialect in dialects(), text in r#"([-'"`$:;/*\\?@#\[\]() .eEx1é]|:email|\PC){0,40}"#) {
            let tokens = lex(dialect, &text).tokens;
            prop_assert_eq!(tokens.iter().map(|token| token.text).collect::<String>(), text.clone());
            for token in tokens {
                prop_assert!(!token.text.is_empty());
                prop_assert!(text.get(token.start..).is_some_and(|rest| rest.starts_with(token.text)));
            }
        }
    }
}
