//! Reads the project's own sources. Knows nothing of the rules.

use std::fs;
use std::path::{Path, PathBuf};

/// One Rust file of ours.
pub(crate) struct Source {
    /// Relative to the project's root, with `/`.
    pub(crate) path: String,
    /// As it stands.
    pub(crate) text: String,
    /// The code that ships, line by line: without comments, the insides of string literals, and the test module that
    /// ends a file. Lines keep their numbers; an emptied line is blank.
    pub(crate) code: Vec<String>,
}

/// The project's root folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file under the folder that ends so, as paths relative to the root, sorted. What git ignores is left out.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&root().join(folder), &mut |path| {
        let relative = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        if relative.ends_with(ending) {
            found.push(relative);
        }
    });
    found.sort();
    found
}

/// The text of a file of the project.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust source under the folder but tests, which may know everything.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    files(folder, ".rs").into_iter().filter(|path| !is_test(path)).map(|path| source(&path)).collect()
}

/// Every Rust source that ships: the daemon's and all crates'.
pub(crate) fn all_sources() -> Vec<Source> {
    ["src", "adapters", "passwords", "secret"].into_iter().flat_map(sources).collect()
}

fn source(path: &str) -> Source {
    let text = text(path);
    Source { path: path.to_owned(), code: code_of(&text), text }
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.split('/').any(|part| part == "tests" || part == "benches")
}

fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "target" || (name.starts_with('.') && ![".ci", ".config"].contains(&name)) {
            continue;
        }
        if path.is_dir() {
            walk(&path, visit);
        } else {
            visit(&path);
        }
    }
}

/// The code without comments, string contents and the closing test module. A scanner of a few states, no parser: it
/// knows line and block comments, character and string literals, raw ones with any number of `#`.
fn code_of(text: &str) -> Vec<String> {
    let shipped = text.find("\n#[cfg(test)]\nmod tests {").map_or(text, |end| &text[..=end]);
    let mut out = String::with_capacity(shipped.len());
    let mut rest = shipped;
    while let Some(first) = rest.chars().next() {
        let (kept, length) = if rest.starts_with("//") {
            (String::new(), rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            let length = rest.find("*/").map_or(rest.len(), |end| end + 2);
            (newlines(&rest[..length]), length)
        } else if let Some(length) = raw_string(rest, &out) {
            (format!("\"{}\"", newlines(&rest[..length])), length)
        } else if first == '"' {
            let length = quoted(rest, '"');
            (format!("\"{}\"", newlines(&rest[..length])), length)
        } else if let Some(length) = character(rest) {
            ("' '".to_owned(), length)
        } else {
            (first.to_string(), first.len_utf8())
        };
        out.push_str(&kept);
        rest = &rest[length..];
    }
    out.lines().map(str::to_owned).collect()
}

fn newlines(text: &str) -> String {
    "\n".repeat(text.matches('\n').count())
}

/// The length of the raw string that starts here: `r"…"`, `br#"…"#`. An identifier that ends in r is none.
fn raw_string(rest: &str, before: &str) -> Option<usize> {
    if before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        rest.strip_prefix(prefix).is_some_and(|after| after.trim_start_matches('#').starts_with('"'))
    })?;
    let hashes = rest[prefix.len()..].chars().take_while(|c| *c == '#').count();
    let opened = prefix.len() + hashes + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    Some(rest[opened..].find(&closing).map_or(rest.len(), |end| opened + end + closing.len()))
}

/// The length of the literal that starts with this quote, up to the same quote that no backslash escapes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of the character literal that starts here; a lifetime (`'a`) is none.
fn character(rest: &str) -> Option<usize> {
    let mut inside = rest.strip_prefix('\'')?.chars();
    match inside.next()? {
        '\\' => Some(quoted(rest, '\'')),
        c if inside.next()? == '\'' => Some(c.len_utf8() + 2),
        _ => None,
    }
}

#[test]
fn comments_strings_and_tests_are_not_code() {
    let text = "let a = \"crate::x // no\"; // crate::y\nlet b = r#\"crate::z \" \"#;\n/* crate::\nw */ let c = '\"';\n\
                fn f<'a>(_: &'a str) {} // '\nlet d = b'\\'';\n#[cfg(test)]\nmod tests {\n use crate::v;\n}\n";
    let code = code_of(text);
    assert_eq!(
        code,
        ["let a = \"\"; ", "let b = \"\";", "", " let c = ' ';", "fn f<'a>(_: &'a str) {} ", "let d = b' ';",]
    );
}
