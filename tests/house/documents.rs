//! What the documents say about the code is checked against it.

use crate::sources::{files, root, text};
use idstore_proxy::adapters::ADAPTERS;
use idstore_proxy::config::Action;
use idstore_proxy::http::Code;
use std::collections::BTreeSet;

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

/// The README's table of refusals has every code that the daemon knows with its status, and no other.
#[test]
fn the_readme_has_every_code_with_its_status_and_no_other() {
    let known: BTreeSet<(u16, &str)> =
        Code::ALL.iter().map(|code| (code.status().as_u16(), code.as_str())).collect();
    let readme = text("README.md");
    let mut told = BTreeSet::new();
    for row in readme.lines().filter(|line| line.starts_with("| 4") || line.starts_with("| 5")) {
        let mut cells = row.split('|').skip(1);
        let statuses: Vec<u16> =
            cells.next().unwrap().split_whitespace().map(|status| status.parse().unwrap()).collect();
        let codes: Vec<&str> = cells.next().unwrap().split('`').skip(1).step_by(2).collect();
        assert!(
            statuses.len() == 1 || statuses.len() == codes.len(),
            "one status, or one for each code: {row}"
        );
        told.extend(statuses.iter().cycle().copied().zip(codes));
    }
    let missing: Vec<_> = known.difference(&told).collect();
    let invented: Vec<_> = told.difference(&known).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "README.md misses {missing:?} and invents {invented:?}"
    );
}

/// What can be configured is what the first table of the README says. Accounts in memory are for tests.
#[test]
fn the_readme_names_every_adapter_and_no_other() {
    let readme = text("README.md");
    let table = readme.split("\n## ").next().unwrap();
    let told: BTreeSet<&str> =
        table.split("`[stores.").skip(1).map(|rest| rest.split('.').next().unwrap()).collect();
    let known: BTreeSet<&str> =
        ADAPTERS.iter().map(|adapter| adapter.name).filter(|name| *name != "memory").collect();
    assert_eq!(told, known);
}

/// The README's table of the API and the changelog have every action; the changelog has every command and preset too.
#[test]
fn every_action_command_and_preset_is_told() {
    let (readme, changelog) = (text("README.md"), text("CHANGELOG.md"));
    for action in Action::ALL {
        assert!(readme.contains(&format!("\n| `{action}` |")), "README.md has no row for {action}");
        assert!(changelog.contains(&format!("`{action}`")), "CHANGELOG.md does not name {action}");
    }
    let commands = text("src/cli/mod.rs");
    let commands = commands.split("enum Command {").nth(1).unwrap().split('}').next().unwrap();
    let commands: Vec<String> = commands
        .lines()
        .filter_map(|line| line.trim().split_once('('))
        .map(|(variant, _)| variant.to_lowercase())
        .collect();
    assert!(commands.len() >= 6, "only {commands:?} were found");
    let presets = files("presets", ".toml")
        .into_iter()
        .map(|path| path.trim_start_matches("presets/").trim_end_matches(".toml").to_owned());
    for name in commands.into_iter().chain(presets) {
        assert!(changelog.contains(&format!("`{name}`")), "CHANGELOG.md does not name {name}");
    }
}

/// `try` makes sentences of the daemon's own lines: what it knows is logged somewhere, by the same words.
#[test]
fn every_line_that_try_explains_is_logged() {
    let story = text("src/cli/story.rs");
    let known: Vec<&str> = story
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('"') && (line.contains("\" =>") || line.contains("\" if ")))
        .filter_map(|line| line.split('"').nth(1))
        .chain(story.split("const WROTE: &str = \"").nth(1).and_then(|rest| rest.split('"').next()))
        // Single words are names of fields and numbers.
        .filter(|known| known.contains(' '))
        .collect();
    assert!(known.len() >= 10, "only {known:?} were found in the source");
    let logging: Vec<String> =
        ["src", "adapters/sql/src"].iter().flat_map(|folder| files(folder, ".rs")).collect();
    for line in known {
        let is_logged = logging
            .iter()
            .filter(|path| *path != "src/cli/story.rs")
            .any(|path| text(path).contains(&format!("\"{line}\"")));
        assert!(is_logged, "src/cli/story.rs explains {line:?}, and nothing logs it");
    }
}

/// ARCHITECTURE.md says of at least twenty changes where they start.
#[test]
fn architecture_says_of_twenty_changes_where_they_start() {
    let architecture = text("ARCHITECTURE.md");
    let section =
        architecture.split("\n## ").find(|section| section.starts_with("Where does it go?")).unwrap();
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with('|')).skip(2).collect();
    assert!(rows.len() >= 20, "ARCHITECTURE.md has {} rows under \"Where does it go?\"", rows.len());
    let unplaced: Vec<_> = rows.iter().filter(|row| !row.contains('`')).collect();
    assert!(unplaced.is_empty(), "these say no place: {unplaced:?}");
}

/// Every path that the documents for developers and operators name is there.
#[test]
fn the_places_that_the_documents_name_exist() {
    let mut gone = Vec::new();
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        let outside_of_code: String = text(document).split("```").step_by(2).collect();
        for path in outside_of_code.split('`').skip(1).step_by(2) {
            let is_ours = [
                "src/",
                "adapters/",
                "passwords/",
                "presets/",
                "secret/",
                "systemd/",
                "tests/",
                "docs/",
                "benches/",
            ]
            .iter()
            .any(|folder| path.starts_with(folder));
            if !is_ours {
                continue;
            }
            // Upper-case words stand for a name of the reader's choice; what is before them must exist.
            let known: Vec<&str> = path
                .split([' ', ':'])
                .next()
                .unwrap()
                .split('/')
                .take_while(|part| !part.chars().any(|letter| letter.is_ascii_uppercase()))
                .collect();
            if !root().join(known.join("/")).exists() {
                gone.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(gone.is_empty(), "the documents name places that are not there:\n{}", gone.join("\n"));
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
