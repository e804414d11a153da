//! [`Report`]: what is wrong with a configuration, each with its line of the file and a caret under the place.
//!
//! The line that is shown may be the one into which somebody wrote a password. Whatever stands behind a key that reads
//! like a secret's is left out, and so is the password of a URL.

use super::sources::Sources;
use idstore_contract::Severity;
use std::fmt::{self, Write as _};
use std::ops::Range;

/// The most problems that are shown; more than that come from one cause.
const SHOWN_MAX: usize = 200;

/// The most characters of a line that are shown, and how many of them stand before the place.
const LINE_CHARS_MAX: usize = 140;
const LINE_CHARS_BEFORE: usize = 60;

/// Problems, rendered, in the order of the files. Displays as all of them and a line that counts them.
#[derive(Clone, Debug, Default)]
pub struct Report {
    problems: Vec<Rendered>,
    hidden: usize,
}

/// One problem, ready to be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Whether the configuration can't be used.
    pub severity: Severity,
    /// The text, of several lines.
    pub text: String,
}

impl Report {
    /// All problems, those of the first file first.
    pub fn problems(&self) -> &[Rendered] {
        &self.problems
    }

    /// Whether one of them stops the daemon.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    pub(super) fn new(sources: &Sources, mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|a, b| a.order().cmp(&b.order()));
        findings.dedup();
        let hidden = findings.len().saturating_sub(SHOWN_MAX);
        let errors_first = |finding: &Finding| finding.severity == Severity::Error;
        if hidden > 0 && findings.iter().take(SHOWN_MAX).all(|finding| !errors_first(finding)) {
            findings.sort_by_key(|finding| !errors_first(finding));
        }
        let problems = findings
            .iter()
            .take(SHOWN_MAX)
            .map(|finding| Rendered { severity: finding.severity, text: render(sources, finding) })
            .collect();
        Self { problems, hidden }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(out, "{}", problem.text)?;
        }
        let errors = self.errors();
        let warnings = self.problems.len().saturating_sub(errors);
        write!(out, "{}, {} in the configuration", counted(errors, "error"), counted(warnings, "warning"))?;
        match self.hidden {
            0 => Ok(()),
            more => write!(out, "; {more} more are not shown"),
        }
    }
}

impl std::error::Error for Report {}

/// One problem, before it is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) place: Place,
    /// Whether the value at the place is left out of the line that is shown.
    pub(super) hidden: bool,
    /// Another place that belongs to it, and why.
    pub(super) note: Option<(&'static str, Place)>,
}

/// Where a problem is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// In a document.
    Text {
        /// Its index.
        document: usize,
        /// The bytes.
        at: Span,
        /// Whether that is inside the text of a value, which then is no secret.
        inside: bool,
    },
    /// A file that could not be read.
    File(String),
    /// A variable of the environment.
    Variable(String),
    /// In none: nothing was read.
    Nowhere,
}

/// A range that has an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

impl Finding {
    pub(super) fn error(message: impl Into<String>, place: Place) -> Self {
        Self { severity: Severity::Error, message: message.into(), place, hidden: false, note: None }
    }

    pub(super) fn warning(message: impl Into<String>, place: Place) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message, place) }
    }

    pub(super) fn with_note(self, why: &'static str, place: Place) -> Self {
        Self { note: Some((why, place)), ..self }
    }

    pub(super) fn hiding_the_value(self) -> Self {
        Self { hidden: true, ..self }
    }

    fn order(&self) -> (&Place, &str) {
        (&self.place, &self.message)
    }
}

/// A problem as it is printed: `error: …`, where, the line, and a caret under the place.
pub(super) fn render(sources: &Sources, finding: &Finding) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = format!("{word}: {}\n", finding.message);
    show(&mut text, sources, &finding.place, finding.hidden);
    if let Some((why, place)) = &finding.note {
        text.push_str("note: ");
        text.push_str(why);
        text.push('\n');
        show(&mut text, sources, place, finding.hidden);
    }
    text
}

fn show(text: &mut String, sources: &Sources, place: &Place, hidden: bool) {
    let written = match place {
        Place::Text { document, at, inside } => {
            show_line(text, sources, *document, at, Cover::of(hidden, *inside))
        }
        Place::File(name) => writeln!(text, " --> {name}"),
        Place::Variable(name) => writeln!(text, " --> environment variable {name}"),
        Place::Nowhere => Ok(()),
    };
    debug_assert!(written.is_ok(), "writing to a text does not fail");
}

/// What of a line is covered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cover {
    /// All from the place on: a secret stands there.
    Place,
    /// What stands behind a key that reads like a secret's.
    Suspects,
    /// Nothing: the place is inside a text that is no secret.
    Nothing,
}

impl Cover {
    fn of(hidden: bool, inside: bool) -> Self {
        match (hidden, inside) {
            (true, _) => Self::Place,
            (false, true) => Self::Nothing,
            (false, false) => Self::Suspects,
        }
    }
}

fn show_line(text: &mut String, sources: &Sources, document: usize, at: &Span, cover: Cover) -> fmt::Result {
    let Some(document) = sources.documents.get(document) else { return Ok(()) };
    let (number, column) = document.line_and_column(at.start);
    writeln!(text, " --> {}:{number}:{column}", document.name)?;
    let line = document.text.get(document.line(at.start)).unwrap_or_default();
    let before = column.saturating_sub(1);
    let marked = document.text.get(at.start..at.end).unwrap_or_default().lines().next().unwrap_or_default();
    let shown = match cover {
        Cover::Place => format!("{}…", line.chars().take(before).collect::<String>()),
        Cover::Suspects => covered(line),
        Cover::Nothing => line.to_owned(),
    };
    let (shown, before) = windowed(&shown, before);
    let left = shown.chars().count().saturating_sub(before).max(1);
    let carets = marked.chars().count().clamp(1, left);
    let gutter = " ".repeat(number.to_string().len());
    let padding: String = shown.chars().take(before).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    writeln!(text, "{gutter} |")?;
    writeln!(text, "{number} | {}", shown.trim_end())?;
    writeln!(text, "{gutter} | {padding}{}", "^".repeat(carets))
}

/// The part of a long line around the place, and where the place is in it.
fn windowed(line: &str, before: usize) -> (String, usize) {
    // A control character would move what is printed; the terminal is the operator's, the file may not be.
    let plain = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
    if line.chars().count() <= LINE_CHARS_MAX {
        return (line.chars().map(plain).collect(), before.min(line.chars().count()));
    }
    let skipped = before.saturating_sub(LINE_CHARS_BEFORE);
    let part: String = line.chars().skip(skipped).take(LINE_CHARS_MAX).map(plain).collect();
    let before = before.saturating_sub(skipped).min(part.chars().count());
    match skipped {
        0 => (format!("{part}…"), before),
        _ => (format!("…{part}…"), before.saturating_add(1)),
    }
}

/// The line, without what may be a secret.
fn covered(line: &str) -> String {
    let mut from = 0;
    while let Some(equals) =
        line.get(from..).and_then(|rest| rest.find('=')).and_then(|at| at.checked_add(from))
    {
        let end = equals.saturating_add(1);
        if line.get(..equals).is_some_and(|before| reads_like_a_secret(last_word(before))) {
            return format!("{} …", line.get(..end).unwrap_or_default());
        }
        from = end;
    }
    without_url_password(line)
}

fn last_word(text: &str) -> &str {
    let text = text.trim_end_matches([' ', '\t', '"', '\'']);
    text.rsplit(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).next().unwrap_or_default()
}

fn reads_like_a_secret(key: &str) -> bool {
    const WORDS: [&str; 8] =
        ["password", "passwd", "passphrase", "pwd", "secret", "token", "bearer", "pepper"];
    const OTHERS: [&str; 4] = ["passwords", "change_password", "password_check", "password_change"];
    let key = key.to_ascii_lowercase();
    !OTHERS.contains(&key.as_str())
        && WORDS
            .iter()
            .any(|word| key.contains(word) || (word.len() > 4 && strsim::osa_distance(word, &key) <= 2))
}

fn without_url_password(line: &str) -> String {
    let Some((scheme, rest)) = line.split_once("://") else { return line.to_owned() };
    let authority = rest.split(['/', '"', '\'']).next().unwrap_or_default();
    match authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':')) {
        Some((user, _)) => format!("{scheme}://{user}:…"),
        None => line.to_owned(),
    }
}

fn counted(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        more => format!("{more} {word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for line in [
            "password = \"hunter2\"",
            "pasword = hunter2",
            "\"db_password\"='hunter2'",
            "auth0 = { bearer = \"hunter2\", actions = [] }",
            "url = \"postgres://me:hunter2@host/db\"",
            "url = \"postgres://me:hunt@hunter2@host\"",
        ] {
            let shown = covered(line);
            assert!(shown.contains('…') && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_secret_is_shown_as_it_is() {
        for line in [
            "password.credential = \"crm-db\"",
            "passwords = { write = \"bcrypt\" }",
            "port = 5432",
            "[a]",
            "url = \"https://x\"",
        ] {
            assert_eq!(covered(line), line);
        }
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let (shown, before) = windowed(&line, 500);
        assert_eq!(shown.chars().nth(before), Some('X'));
        assert!(shown.chars().count() <= LINE_CHARS_MAX + 2);
    }
}
