//! What the crates of the workspace may depend on, and what each adapter's folder holds.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::floors::mentions;
use crate::sources::{all_sources, files, root, text};

/// A crate of the workspace.
struct Package {
    name: String,
    /// Relative to the root: `adapters/sqlite`, or empty for the daemon's own.
    folder: String,
    /// What it is built with, and what only its tests use.
    normal: Vec<String>,
    dev: Vec<String>,
}

/// What lies in adapters/ and is no adapter.
const SHARED: [&str; 4] = ["idstore-contract", "idstore-conformance", "idstore-sql", "idstore-tls"];

/// What an adapter does without, for the reason given.
const WITHOUT: [&str; 1] = [
    // No driver, so no driver's errors.
    "adapters/memory/src/error.rs",
];

/// The crate with code for processors that have more than others.
const KERNELS: &str = "passwords";

/// The file of it that may call what not every processor has.
const UNSAFE: &str = "passwords/src/kdf/kernels.rs";

/// What compares, or makes, a password's hash.
const HASHES: [&str; 12] = [
    "argon2",
    "bcrypt",
    "blake2",
    "des",
    "hmac",
    "md-5",
    "md4",
    "pbkdf2",
    "scrypt",
    "sha-crypt",
    "sha1",
    "whirlpool",
];

/// The names of the adapters' crates.
pub(crate) fn adapters() -> Vec<String> {
    workspace().into_iter().filter(is_adapter).map(|package| package.name).collect()
}

#[test]
fn adapters_depend_on_the_contract_and_what_they_share_alone() {
    for package in workspace().iter().filter(|package| is_adapter(package)) {
        allow(&package.name, &ours(&package.normal), &["idstore-contract", "idstore-sql", "idstore-tls"]);
        allow(
            &package.name,
            &ours(&package.dev),
            &["idstore-contract", "idstore-sql", "idstore-tls", "idstore-conformance"],
        );
    }
}

#[test]
fn the_crates_under_the_adapters_only_know_the_contract() {
    let packages = by_name();
    allow("idstore-sql", &ours(&packages["idstore-sql"].normal), &["idstore-contract"]);
    allow("idstore-tls", &ours(&packages["idstore-tls"].normal), &["idstore-contract"]);
    allow("idstore-conformance", &ours(&packages["idstore-conformance"].normal), &["idstore-contract"]);
    allow("idstore-contract", &ours(&packages["idstore-contract"].normal), &["idstore-secret"]);
    allow("idstore-secret", &ours(&packages["idstore-secret"].normal), &[]);
}

/// A list of what it may have, not of what it may not: a driver, an HTTP or a configuration library is then anything
/// that is not on it.
#[test]
fn the_contract_depends_on_no_driver_no_http_and_no_configuration_library() {
    let packages = by_name();
    let allowed = ["idstore-secret", "jiff", "serde", "serde_json"];
    allow("idstore-contract", &packages["idstore-contract"].normal, &allowed);
    allow("idstore-secret", &packages["idstore-secret"].normal, &["serde", "subtle", "zeroize"]);
}

#[test]
fn passwords_know_neither_stores_nor_http() {
    allow("idstore-passwords", &ours(&by_name()["idstore-passwords"].normal), &["idstore-secret"]);
}

#[test]
fn only_passwords_compares_passwords_with_hashes() {
    for package in workspace().iter().filter(|package| package.name != "idstore-passwords") {
        let found: Vec<&String> =
            package.normal.iter().filter(|name| HASHES.contains(&name.as_str())).collect();
        assert!(
            found.is_empty(),
            "{} depends on {found:?}: what a hash is, and whether a password fits it, is known in passwords/ alone",
            package.name
        );
    }
}

/// A comparison with `==` ends at the first difference and tells by its time how far it came.
#[test]
fn a_secret_can_not_be_compared_with_the_equals_sign() {
    let sources = all_sources();
    let source = sources
        .iter()
        .find(|source| source.code.iter().any(|line| mentions(line, "struct Secret")))
        .expect("no file declares `struct Secret`: if it was renamed, this rule is too");
    assert!(
        !source.code.iter().any(|line| mentions(line, "PartialEq") || mentions(line, "Hash")),
        "{}: `Secret` implements neither PartialEq nor Hash: `Secret::same_as` takes the same time for every answer",
        source.path
    );
}

#[test]
fn every_crate_inherits_the_lints_that_forbid_unsafe_code() {
    assert!(
        text("Cargo.toml").contains("unsafe_code = \"forbid\""),
        "Cargo.toml: unsafe_code = \"forbid\" is gone"
    );
    for package in workspace().iter().filter(|package| package.folder != KERNELS) {
        let manifest = if package.folder.is_empty() {
            "Cargo.toml".to_owned()
        } else {
            format!("{}/Cargo.toml", package.folder)
        };
        assert!(
            text(&manifest).contains("[lints]\nworkspace = true"),
            "{manifest}: add `[lints]` with `workspace = true`"
        );
    }
}

/// What depends on the processor can't be called without it. A crate can't soften one lint of the workspace's, so this
/// one repeats them.
#[test]
fn one_file_alone_has_unsafe_code_and_its_crate_all_other_lints() {
    let lints = |manifest: &str, table: &str| {
        let text = text(manifest);
        let begin = text.find(table).unwrap_or_else(|| panic!("{manifest}: no {table}"));
        text[begin + table.len()..]
            .lines()
            .take_while(|line| !line.starts_with('['))
            .filter(|line| line.contains('='))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let own = format!("{KERNELS}/Cargo.toml");
    for table in ["rust", "clippy"] {
        let everywhere: Vec<_> = lints("Cargo.toml", &format!("[workspace.lints.{table}]"))
            .iter()
            .map(|line| line.replace("unsafe_code = \"forbid\"", "unsafe_code = \"deny\""))
            .collect();
        assert_eq!(lints(&own, &format!("[lints.{table}]")), everywhere, "{own}: as in Cargo.toml");
    }
    for source in all_sources() {
        let has = source.code.iter().any(|line| mentions(line, "unsafe") || mentions(line, "unsafe_code"));
        assert_eq!(has, source.path == UNSAFE, "{}: {UNSAFE} alone has unsafe code", source.path);
    }
}

#[test]
fn every_adapter_has_the_same_files() {
    let files_of_each = [
        "Cargo.toml",
        "README.md",
        "example.toml",
        "src/lib.rs",
        "src/config.rs",
        "src/store.rs",
        "src/error.rs",
        "tests/conformance.rs",
        "tests/specific.rs",
    ];
    let mut missing = Vec::new();
    for package in workspace().iter().filter(|package| is_adapter(package)) {
        for file in files_of_each {
            let path = format!("{}/{file}", package.folder);
            if !root().join(&path).is_file() && !WITHOUT.contains(&path.as_str()) {
                missing.push(path);
            }
        }
    }
    assert!(
        missing.is_empty(),
        "who knows one adapter finds his way in all, so each has the same files (adapters/README.md). Missing:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_adapter_but_the_reference_is_a_feature_of_the_daemon() {
    let manifest = text("Cargo.toml");
    for name in adapters().iter().filter(|name| *name != "idstore-memory") {
        assert!(
            manifest.contains(&format!("[\"dep:{name}\"]")),
            "Cargo.toml: add a feature that switches {name} on, so that a build can leave it out"
        );
    }
}

#[test]
fn the_presets_and_examples_are_toml() {
    for path in files("", ".toml") {
        let parsed = text(&path).parse::<toml::Table>();
        assert!(parsed.is_ok(), "{path}: {}", parsed.unwrap_err());
    }
}

fn is_adapter(package: &Package) -> bool {
    package.folder.starts_with("adapters/") && !SHARED.contains(&package.name.as_str())
}

fn ours(names: &[String]) -> Vec<String> {
    names.iter().filter(|name| name.starts_with("idstore-")).cloned().collect()
}

fn allow(package: &str, found: &[String], allowed: &[&str]) {
    let wrong: Vec<&String> = found.iter().filter(|name| !allowed.contains(&name.as_str())).collect();
    assert!(
        wrong.is_empty(),
        "{package} depends on {wrong:?}, and may depend on {allowed:?} alone. Move the code to where the dependency is, \
         or hand in what it needs"
    );
}

fn by_name() -> BTreeMap<String, Package> {
    workspace().into_iter().map(|package| (package.name.clone(), package)).collect()
}

/// Asks cargo, without the network and without resolving anything.
fn workspace() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages: Vec<Package> = metadata["packages"].as_array().unwrap().iter().map(package).collect();
    assert!(packages.len() > 5, "cargo metadata names {} packages", packages.len());
    packages
}

fn package(value: &Value) -> Package {
    let manifest = value["manifest_path"].as_str().unwrap();
    let folder = manifest.strip_prefix(root().to_str().unwrap()).unwrap().trim_end_matches("Cargo.toml");
    let depends = |kind: &[&str]| {
        value["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| kind.contains(&dependency["kind"].as_str().unwrap_or("normal")))
            .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
            .collect()
    };
    Package {
        name: value["name"].as_str().unwrap().to_owned(),
        folder: folder.trim_matches('/').to_owned(),
        normal: depends(&["normal", "build"]),
        dev: depends(&["dev"]),
    }
}
