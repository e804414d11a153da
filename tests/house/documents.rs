//! What the documents say about the code is checked against it.

use crate::sources::{files, root, text};

/// ARCHITECTURE.md has a table under "Invariants" whose last column names tests in backticks.
#[test]
fn every_invariant_names_a_test_that_exists() {
    let tests = test_names();
    let architecture = text("ARCHITECTURE.md");
    let section = architecture
        .split("\n## ")
        .find(|section| section.starts_with("Invariants"))
        .expect("ARCHITECTURE.md has no section \"## Invariants\"");
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with('|')).skip(2).collect();
    assert!(rows.len() >= 5, "ARCHITECTURE.md lists {} invariants", rows.len());
    for row in rows {
        let named: Vec<&str> =
            row.trim_end_matches('|').rsplit('|').next().unwrap().split('`').skip(1).step_by(2).collect();
        assert!(
            !named.is_empty(),
            "ARCHITECTURE.md: this invariant names no test, so nothing keeps it:\n{row}"
        );
        for name in named {
            assert!(
                tests.iter().any(|test| test == name),
                "ARCHITECTURE.md names the test `{name}`, and there is none. Correct the table, or write it:\n{row}"
            );
        }
    }
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for path in files("", ".md") {
        let folder = root().join(&path).parent().unwrap().to_owned();
        for target in links(&text(&path)) {
            let file = target.split('#').next().unwrap();
            if file.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !folder.join(file).exists() {
                broken.push(format!("{path}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "links to files that are not there:\n{}", broken.join("\n"));
}

/// docs/statements.md names every key, every parameter and every result column that the code knows.
#[test]
fn the_page_about_statements_names_everything_that_a_statement_may_hold() {
    let page = text("docs/statements.md");
    let mut missing = Vec::new();
    for (source, prefix) in [("key", ""), ("parameter", ":"), ("column", "")] {
        let source = text(&format!("adapters/sql/src/{source}.rs"));
        // Each name stands in a table of its file as `("name", …`.
        let names: Vec<&str> = source
            .split("(\"")
            .skip(1)
            .filter_map(|rest| rest.split_once("\", ").map(|(name, _)| name))
            .collect();
        let names: Vec<&str> = names
            .into_iter()
            .filter(|name| {
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            })
            .collect();
        assert!(names.len() >= 12, "only {names:?} were found in the source");
        missing
            .extend(names.iter().map(|name| format!("`{prefix}{name}`")).filter(|name| !page.contains(name)));
    }
    assert!(missing.is_empty(), "docs/statements.md does not name {}", missing.join(", "));
}

/// The README's table of refusals has every code that the daemon knows, and no other.
#[test]
fn the_readme_names_every_code() {
    let source = text("src/http/problem.rs");
    let table = source.split("const fn row(self)").nth(1).unwrap().split("\n    }\n").next().unwrap();
    // A row holds its code and its title; only a code is a single word.
    let is_code = |quoted: &&str| quoted.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let codes: Vec<&str> = table.split('"').skip(1).step_by(2).filter(is_code).collect();
    assert!(codes.len() >= 30, "only {codes:?} were found in the source");
    let readme = text("README.md");
    let missing: Vec<_> = codes.iter().filter(|code| !readme.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "README.md does not name {missing:?}");
}

/// ARCHITECTURE.md says of at least twenty changes where they start, at places that exist.
#[test]
fn every_change_starts_at_a_place_that_exists() {
    let architecture = text("ARCHITECTURE.md");
    let section =
        architecture.split("\n## ").find(|section| section.starts_with("Where does it go?")).unwrap();
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with('|')).skip(2).collect();
    assert!(rows.len() >= 20, "ARCHITECTURE.md has {} rows under \"Where does it go?\"", rows.len());
    let mut gone = Vec::new();
    for path in
        rows.iter().flat_map(|row| row.split('`').skip(1).step_by(2)).filter(|word| word.contains('/'))
    {
        // Upper-case words stand for a name of the reader's choice; what is before them must exist.
        let known: Vec<&str> = path
            .split('/')
            .take_while(|part| !part.chars().any(|letter| letter.is_ascii_uppercase()))
            .collect();
        if !root().join(known.join("/")).exists() {
            gone.push(path);
        }
    }
    assert!(gone.is_empty(), "ARCHITECTURE.md sends the reader to {gone:?}, and there is no such place");
}

/// The targets of `[text](target)`.
fn links(markdown: &str) -> Vec<String> {
    markdown
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ', '\n']).next())
        .map(str::to_owned)
        .collect()
}

/// Every function of ours that is a test: those under `#[test]` and the like, and the cases of the conformance suite,
/// which are named by a string.
fn test_names() -> Vec<String> {
    let mut names = Vec::new();
    for path in files("", ".rs") {
        let text = text(&path);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            if let Some(name) = function(line)
                && lines[..number]
                    .iter()
                    .rev()
                    .take_while(|above| above.starts_with("#[") || above.starts_with("//"))
                    .any(|above| above.starts_with("#[test]") || above.contains("::test"))
            {
                names.push(name);
            }
            if path.starts_with("adapters/conformance/") {
                names.extend(line.split('"').skip(1).step_by(2).map(str::to_owned));
                names.extend(function(line));
            }
        }
        names.extend(proptests(&text));
    }
    names
}

/// The functions inside `proptest! { … }` blocks.
fn proptests(text: &str) -> Vec<String> {
    text.split("proptest! {")
        .skip(1)
        .flat_map(|block| block.lines().filter_map(|line| function(line.trim())))
        .collect()
}

fn function(line: &str) -> Option<String> {
    let mut words = line.split(' ').skip_while(|word| ["pub", "pub(crate)", "async"].contains(word));
    (words.next() == Some("fn")).then(|| words.next())??.split(['(', '<']).next().map(str::to_owned)
}
