//! What a file may hold, whatever it is about.

use crate::floors::mentions;
use crate::sources::{all_sources, files, sources, text};

/// Lines of code that ships, comments included, the closing test module not: what a reader takes in at one go.
const LINES_MAX: usize = 400;

/// Names that say nothing, or that mean something else than our words do (ARCHITECTURE.md, "Words").
const EMPTY_NAMES: [&str; 7] = ["provider", "backend", "connector", "manager", "util", "helper", "common"];

#[test]
fn a_source_file_is_read_at_one_go() {
    let long: Vec<String> = all_sources()
        .iter()
        .filter(|source| source.code.len() > LINES_MAX)
        .map(|source| format!("{}: {} lines", source.path, source.code.len()))
        .collect();
    assert!(long.is_empty(), "split by meaning what is longer than {LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn every_module_opens_with_what_it_is_for() {
    let silent: Vec<String> = all_sources()
        .into_iter()
        .filter(|source| !opens_with_a_comment(&source.text))
        .map(|s| s.path)
        .collect();
    assert!(
        silent.is_empty(),
        "begin with a `//!` comment: what the module is for, and what it must not do:\n{}",
        silent.join("\n")
    );
}

#[test]
fn names_say_what_a_thing_is() {
    let mut wrong = Vec::new();
    for source in all_sources() {
        for (number, line) in source.code.iter().enumerate() {
            for name in declared(line) {
                if EMPTY_NAMES.iter().any(|empty| parts_of(&name).iter().any(|part| part == empty)) {
                    wrong.push(format!("{}:{}: {name}", source.path, number + 1));
                }
            }
        }
        let file = source.path.rsplit('/').next().unwrap().trim_end_matches(".rs").to_owned();
        if EMPTY_NAMES.contains(&file.trim_end_matches('s')) {
            wrong.push(source.path);
        }
    }
    assert!(wrong.is_empty(), "name it after what it is or does, not {EMPTY_NAMES:?}:\n{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    // Written in two halves, for this file is searched as well.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
    let mut wrong = Vec::new();
    for path in all_rust_and_scripts() {
        for (number, line) in text(&path).lines().enumerate() {
            if words.iter().any(|word| mentions(line, word)) {
                wrong.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    for source in all_sources() {
        for (number, line) in source.code.iter().enumerate() {
            if ["todo!", "unimplemented!"].iter().any(|word| mentions(line, word)) {
                wrong.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "finish it, or file it where work is planned:\n{}", wrong.join("\n"));
}

#[test]
fn no_test_is_switched_off() {
    for path in all_rust_and_scripts() {
        assert!(
            !text(&path).contains(concat!("#[ig", "nore")),
            "{path}: a test that does not run proves nothing. One that takes minutes looks at IDSTORE_LONG and takes its \
             short form without it; one that can't work is deleted"
        );
    }
}

#[test]
fn tests_wait_for_events_and_not_for_time() {
    for path in files("", ".rs") {
        if path == "tests/house/files.rs" {
            continue;
        }
        assert!(
            !text(&path).contains("thread::sleep"),
            "{path}: await the event, or poll for it with a deadline; a fixed sleep is too long on a fast machine and \
             too short on a slow one"
        );
    }
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let places =
        [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/opt/", "wheels")];
    let mut wrong = Vec::new();
    for path in files("", "") {
        let Ok(bytes) = std::fs::read(crate::sources::root().join(&path)) else { continue };
        let Ok(text) = String::from_utf8(bytes) else { continue };
        for (number, line) in text.lines().enumerate() {
            if places.iter().any(|place| line.contains(place)) {
                wrong.push(format!(
                    "{path}:{}: {}",
                    number + 1,
                    line.trim().chars().take(120).collect::<String>()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "take the place from an argument or the environment:\n{}", wrong.join("\n"));
}

#[test]
fn the_binary_is_short() {
    for source in sources("src").iter().filter(|source| source.path == "src/main.rs") {
        assert!(
            source.code.len() < 80,
            "src/main.rs: from arguments to exit code, under 80 lines; the rest is src/cli"
        );
    }
}

fn all_rust_and_scripts() -> Vec<String> {
    ["src", "adapters", "passwords", "secret", "tests", ".ci", "systemd"]
        .into_iter()
        .flat_map(|folder| files(folder, ""))
        .filter(|path| !path.contains("/fixtures/"))
        .filter(|path| std::fs::read_to_string(crate::sources::root().join(path)).is_ok())
        .collect()
}

fn opens_with_a_comment(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && (!line.starts_with("#![") || line.starts_with("#![doc")))
        .is_some_and(|line| line.starts_with("//!") || line.starts_with("#![doc"))
}

/// The names that a line of code declares.
fn declared(line: &str) -> Vec<String> {
    let words: Vec<&str> =
        line.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).collect();
    let kinds = ["fn", "struct", "enum", "trait", "type", "mod", "const", "static"];
    words.windows(2).filter(|pair| kinds.contains(&pair[0])).map(|pair| pair[1].to_owned()).collect()
}

/// `PoolManager`, `pool_manager` → `pool`, `manager`; a plural counts as its singular.
fn parts_of(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() {
            parts.push(String::new());
        }
        if c != '_' {
            parts.last_mut().unwrap().extend(c.to_lowercase());
        }
    }
    parts.into_iter().map(|part| part.trim_end_matches('s').to_owned()).collect()
}

#[test]
fn names_are_taken_apart() {
    assert_eq!(parts_of("PoolManagers"), ["", "pool", "manager"]);
    assert_eq!(declared("pub(crate) fn common_name(x: u8) {"), ["common_name"]);
}
