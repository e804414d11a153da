//! The floors of `src/`: imports only go down.

use crate::sources::{Source, sources};

/// From the roof to the cellar. A module may use those of the lines below its own, and itself.
const FLOORS: &[&[&str]] = &[
    &["main", "lib"],
    &["cli"],
    &["scripts", "http"],
    &["platforms"],
    &["actions"],
    &["connections"],
    &["stores", "throttle"],
    &["config"],
    &["adapters"],
    &["telemetry"],
    &["clock"],
];

#[test]
fn every_module_of_the_daemon_has_a_floor() {
    for source in sources("src") {
        let module = module_path(&source.path);
        assert!(
            floor(&module[0]).is_some(),
            "{}: the module `{}` is on no floor. Put it into FLOORS of tests/house/floors.rs, and ask first whether it \
             belongs into one of the modules that are there",
            source.path,
            module[0]
        );
    }
}

#[test]
fn imports_only_go_down_the_floors() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let own = module_path(&source.path).swap_remove(0);
        for (line, used) in used_modules(&source) {
            let (Some(from), Some(to)) = (floor(&own), floor(&used)) else { continue };
            if used != own && to <= from {
                wrong.push(format!("{}:{line}: `{own}` uses `{used}`", source.path));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports go down only ({}).\nMove what is shared to the lower floor, or hand it down as an argument:\n{}",
        FLOORS.iter().map(|floor| floor.join(", ")).collect::<Vec<_>>().join(" > "),
        wrong.join("\n")
    );
}

#[test]
fn actions_know_neither_http_nor_platforms() {
    forbid(
        "src/actions",
        &["crate::http", "crate::platforms", "hyper", "http_body_util"],
        "an action is told a request and gives an answer; what they look like on the wire is decided in src/platforms \
         and src/http",
    );
}

#[test]
fn platforms_decide_nothing() {
    forbid(
        "src/platforms",
        &["crate::stores", "crate::connections", "idstore_passwords", "idstore_contract::Store"],
        "a platform's file decodes and encodes; what happens in between is decided in src/actions",
    );
}

#[test]
fn only_the_registry_names_adapters() {
    let adapters: Vec<String> = super::crates::adapters().iter().map(|name| name.replace('-', "_")).collect();
    assert!(!adapters.is_empty());
    let names: Vec<&str> = adapters.iter().map(String::as_str).collect();
    forbid_in(
        sources("src").iter().filter(|source| source.path != "src/adapters.rs"),
        &names,
        "adapters are named in src/adapters.rs alone, so that one file shows what a new one needs; ask the registry",
    );
}

#[test]
fn only_the_loader_knows_figment() {
    forbid_in(
        sources("src").iter().filter(|source| !source.path.starts_with("src/config/load")),
        &["figment"],
        "figment stays behind src/config/load.rs, so that it can be replaced there",
    );
}

/// The listener may hold the worker threads, to hand them on; that is all it knows of passwords.
#[test]
fn only_actions_and_commands_ask_about_passwords() {
    let may = ["src/actions/", "src/config/", "src/cli/", "src/connections/"];
    let mut others = sources("src");
    others.retain(|source| !may.iter().any(|folder| source.path.starts_with(folder)));
    for source in &mut others {
        source.code.retain(|line| line != "use idstore_passwords::Workers;");
    }
    forbid_in(
        others.iter(),
        &["idstore_passwords"],
        "whether a password fits a hash is asked in src/actions, of the crate `passwords`",
    );
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// `src/http/router.rs` → `["http", "router"]`, `src/http/mod.rs` → `["http"]`, `src/lib.rs` → `["lib"]`.
fn module_path(path: &str) -> Vec<String> {
    let mut parts: Vec<String> =
        path.trim_start_matches("src/").trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.len() > 1 && parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// Every module of the daemon that the file's code names, with the line: `crate::x`, `crate::{x, y::z}`, the same after
/// as many `super` as lead to the root, and `idstore_proxy::x` in the binary.
fn used_modules(source: &Source) -> Vec<(usize, String)> {
    let depth = module_path(&source.path).len();
    let code = source.code.join("\n");
    let climb = "super::".repeat(depth);
    let mut used = Vec::new();
    for start in ["crate::", "idstore_proxy::", climb.as_str()] {
        for (at, _) in code.match_indices(start) {
            // `mycrate::`, or more `super` than this one: no path from here.
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            used.extend(first_names(&code[at + start.len()..]).into_iter().map(|name| (line, name)));
        }
    }
    used
}

/// `x::y` → `x`; `{x, y::{a, b}, z}` → `x y z`.
fn first_names(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()];
    };
    let (mut names, mut depth, mut name) = (Vec::new(), 0_u32, Some(String::new()));
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.extend(name.replace(String::new())),
            c if c.is_alphanumeric() || c == '_' => {
                if let (0, Some(name)) = (depth, name.as_mut()) {
                    name.push(c);
                }
            }
            c if c.is_whitespace() => {}
            _ => names.extend(name.take()),
        }
    }
    names.extend(name);
    names.retain(|name| !name.is_empty());
    names
}

fn forbid(folder: &str, words: &[&str], remedy: &str) {
    let files = sources(folder);
    assert!(!files.is_empty(), "no source in {folder}: if it moved, this rule moves with it");
    forbid_in(files.iter(), words, remedy);
}

fn forbid_in<'a>(files: impl Iterator<Item = &'a Source>, words: &[&str], remedy: &str) {
    let mut wrong = Vec::new();
    for source in files {
        for (number, line) in source.code.iter().enumerate() {
            for word in words.iter().filter(|word| mentions(line, word)) {
                wrong.push(format!("{}:{}: `{word}`", source.path, number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{remedy}:\n{}", wrong.join("\n"));
}

/// Whether the word stands in the line as a whole word.
pub(crate) fn mentions(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, found)| !line[..at].ends_with(inside) && !line[at + found.len()..].starts_with(inside))
}

#[test]
fn paths_are_read_in_every_form() {
    let source = Source {
        path: "src/http/router.rs".to_owned(),
        text: String::new(),
        code: vec![
            "use crate::stores::Guarded;".to_owned(),
            "use crate::{actions, config::{self, Limits}, telemetry::log};".to_owned(),
            "super::super::platforms::native(mycrate::cli)".to_owned(),
            "use super::errors;".to_owned(),
        ],
    };
    let used: Vec<(usize, String)> = used_modules(&source);
    let names: Vec<(usize, &str)> = used.iter().map(|(line, name)| (*line, name.as_str())).collect();
    assert_eq!(names, [(1, "stores"), (2, "actions"), (2, "config"), (2, "telemetry"), (3, "platforms")]);
}
