//! The configuration as an operator meets it: files and variables in, types or a report out.

#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a helper of a test fails the test by panicking, and counts lines of a short text"
)]

use idstore_proxy::config::{self, Loaded, Name};
use proptest::prelude::*;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
#[cfg(all(feature = "postgres", feature = "sqlite"))]
use {
    idstore_proxy::config::preset::{self, OptionValue},
    std::collections::BTreeMap,
};

/// A folder with a configuration, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("idstore-config-{}-{number}", std::process::id()));
        fs::create_dir_all(path.join("conf.d")).unwrap();
        for (name, text) in files {
            fs::write(path.join(name), text).unwrap();
        }
        Self(path)
    }

    fn load(&self, environment: &[(&str, &str)]) -> Result<Loaded, String> {
        let environment = environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let folder = format!("{}/", self.0.display());
        config::load(&self.0.join("config.toml"), environment)
            .map_err(|report| report.to_string().replace(&folder, ""))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn load(text: &str) -> Result<Loaded, String> {
    Folder::new(&[("config.toml", text)]).load(&[])
}

/// A configuration that is right, for one thing to be wrong in.
const RIGHT: &str = "[callers.auth0]\nbearer.credential = \"t\"\nconnections = [\"a\"]\n\
                     [stores.memory.people]\npasswords.write = \"bcrypt\"\n\
                     [connections.a]\nstore = \"people\"\n";

fn refused(text: &str) -> String {
    load(text).map(|loaded| loaded.config).unwrap_err()
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

#[test]
#[cfg(all(feature = "postgres", feature = "sqlite"))]
fn every_mistake_is_reported_at_once_with_its_place() {
    let path = std::path::Path::new("tests/fixtures/config/mistakes");
    let report = config::load(&path.join("config.toml"), []).unwrap_err().to_string();
    let expected = fs::read_to_string(path.join("expected.txt")).unwrap();
    assert_eq!(format!("{report}\n"), expected);
}

#[test]
fn a_right_configuration_has_every_default() {
    let loaded = load(RIGHT).unwrap();
    let server = &loaded.config.server;
    assert_eq!((server.deadline_ms.get(), server.body_max_bytes.get()), (2500, 65_536));
    assert_eq!(loaded.config.connections[&name("a")].identifiers, config::Identifiers::default());
    assert!(loaded.config.stores[&name("people")].core.required);
    assert_eq!(loaded.warnings.to_string(), "0 errors, 0 warnings in the configuration");
}

#[test]
fn what_two_keys_say_together_is_refused_or_warned_about() {
    for (more, said) in [
        ("[server]\nlisten_mode = \"0600\"\n", "error: `listen_mode` is for a unix socket"),
        (
            "[server]\nlisten = \"127.0.0.1:9090\"\n",
            "error: the admin listener has the address of the server's",
        ),
        (
            "[connections.b]\nstore = \"people\"\n",
            "error: the connections `a` and `b` both have no `user_id_prefix`",
        ),
        (
            "[connections.b]\nstore = \"people\"\nuser_id_prefix = \"auth0\"\n",
            "error: the prefix `auth0` is reserved",
        ),
        ("[connections.b]\nstore = \"people\"\nuser_id_prefix = \"a|b\"\n", "error: a prefix can't hold `|`"),
        (
            "[connections.b]\nstore = \"peopel\"\nuser_id_prefix = \"b\"\n",
            "no store `peopel`; did you mean `people`?",
        ),
        (
            "[connections.b]\nstore = \"people\"\nuser_id_prefix = \"b\"\nidentifiers = {}\n",
            "nobody could sign in",
        ),
        (
            "[connections.b]\nstore = \"people\"\nuser_id_prefix = \"b\"\nmode = \"export\"\n",
            "not one of `proxy`, `import`",
        ),
        ("[callers.x]\nbearer.env = \"X\"\nconnections = [\"b\"]\n", "error: there is no connection `b`"),
        ("[hashing.limits]\nbcrypt_cost_max = 99\n", "99 is not in 4 to 31"),
        ("[throttle]\nenabled = true\n", "unknown key `throttle` in the configuration"),
        ("[server.tls]\ncert_file = \"x\"\n", "unknown key `tls` in [server]"),
        ("[stores.memory.other]\npasswords.accept = []\n", "stores.memory.other"),
    ] {
        let report = refused(&format!("{RIGHT}{more}"));
        assert!(report.contains(said), "{more}\n{report}");
    }
    assert!(refused("").contains("there is no caller"));
}

#[test]
fn what_may_be_meant_is_a_warning() {
    let loaded = load(&RIGHT.replace("connections = [\"a\"]\n", "")).unwrap();
    assert!(loaded.warnings.to_string().contains("the caller `auth0` may use every connection"));
    let limited = RIGHT.replace(
        "connections = [\"a\"]\n",
        "connections = [\"a\"]\norganizations = [\"acme\"]\nmay_know_accounts = true\n",
    );
    let loaded = load(&limited).unwrap();
    assert!(loaded.warnings.to_string().contains("never told which account"), "{}", loaded.warnings);
    let gate = "organization = { rule = \"checked\", match = \"name\" }\n";
    let loaded = load(&format!("{RIGHT}{gate}")).unwrap();
    assert!(loaded.warnings.to_string().contains("match by id"), "{}", loaded.warnings);
    let loaded = load(&format!("{RIGHT}import = {{ grace_secs = 0 }}\n")).unwrap();
    assert!(loaded.warnings.to_string().contains("does nothing while the mode is `proxy`"));
    let more = "[stores.memory.spare]\npasswords.write = \"bcrypt\"\n";
    let loaded = load(&format!("{RIGHT}{more}")).unwrap();
    assert!(loaded.warnings.to_string().contains("no connection uses the store `spare`"));
}

#[test]
fn a_kind_of_identifier_that_is_left_out_does_not_sign_in() {
    let loaded = load(&format!("{RIGHT}identifiers = {{ username = \"exact\" }}\n")).unwrap();
    let identifiers = loaded.config.connections[&name("a")].identifiers;
    assert!(
        identifiers.email.is_none() && identifiers.phone_number.is_none() && identifiers.username.is_some()
    );
}

#[test]
fn the_nearest_key_of_a_store_is_of_the_core_or_of_the_adapter() {
    let report = refused(&RIGHT.replace("[connections.a]", "requird = true\nabilites = []\n[connections.a]"));
    assert!(
        report.contains("did you mean `required`?") && report.contains("did you mean `abilities`?"),
        "{report}"
    );
}

#[test]
fn all_required_keys_that_are_missing_are_told() {
    let report = refused(&format!("{RIGHT}[callers.b]\n[connections.b]\nuser_id_prefix = \"b\"\n"));
    assert!(report.contains("[callers.b] needs the key `bearer`"), "{report}");
    assert!(report.contains("[connections.b] needs the key `store`"), "{report}");
}

#[test]
#[cfg(feature = "postgres")]
fn several_missing_keys_of_one_table_are_told_together() {
    let report = refused(&format!("{RIGHT}[stores.postgres.crm]\nprot = 1\n"));
    for key in ["host", "database", "user"] {
        assert!(report.contains(&format!("[stores.postgres.crm] needs the key `{key}`")), "{report}");
    }
    assert!(report.contains("unknown key `prot` in [stores.postgres.crm]; did you mean `port`?"), "{report}");
}

#[test]
#[cfg(not(feature = "postgres"))]
fn a_build_without_an_adapter_says_so() {
    let report = refused(&format!("{RIGHT}[stores.postgres.crm]\nhost = \"x\"\n"));
    assert!(report.contains("this build has no `postgres`; rebuild with `--features postgres`"), "{report}");
}

#[test]
fn two_stores_of_one_name_are_refused_whatever_their_adapters() {
    let report = refused(&format!("{RIGHT}[stores.sqlite.people]\npath = \"/x\"\n"));
    assert!(
        report.contains("there are two stores `people`") || report.contains("this build has no"),
        "{report}"
    );
}

#[test]
fn a_broken_file_hides_nothing_of_the_others_and_nothing_follows_from_it() {
    let folder = Folder::new(&[
        ("config.toml", RIGHT),
        ("conf.d/a.toml", "[callers.broken]\nbearer = = \"x\"\n"),
        ("conf.d/b.toml", "[log]\nlevl = \"info\"\n"),
        ("conf.d/.hidden.toml", "="),
        ("conf.d/notes.txt", "="),
    ]);
    let report = folder.load(&[]).unwrap_err();
    assert!(report.contains("error: no TOML: ") && report.contains("conf.d/a.toml:2:10"), "{report}");
    assert!(report.contains("unknown key `levl` in [log]; did you mean `level`?"), "{report}");
    assert!(
        !report.contains("needs the key") && report.ends_with("2 errors, 0 warnings in the configuration"),
        "{report}"
    );
}

#[test]
fn a_file_that_is_not_there_is_the_only_thing_that_is_told() {
    let report = Folder::new(&[]).load(&[]).unwrap_err();
    assert_eq!(
        report,
        "error: the file can't be read: No such file or directory (os error 2)\n --> config.toml\n\n1 error, 0 warnings in the configuration"
    );
}

#[test]
fn a_folder_of_files_is_one_configuration() {
    let folder = Folder::new(&[
        ("config.toml", RIGHT),
        ("conf.d/log.toml", "[log]\nlevel = \"debug\"\n"),
        ("conf.d/more.toml", "[log]\nformat = \"text\"\n[connections.a]\nuser_id_prefix = \"crm\"\n"),
    ]);
    let config = folder.load(&[]).unwrap().config;
    assert_eq!((config.log.level, config.log.format), (config::LogLevel::Debug, config::LogFormat::Text));
    assert_eq!(config.connections[&name("a")].user_id_prefix.as_ref().unwrap().as_str(), "crm");
}

#[test]
fn the_environment_overrides_keys_and_its_texts_take_their_types() {
    let folder = Folder::new(&[("config.toml", RIGHT)]);
    let loaded = folder.load(&[
        ("IDSTORE_SERVER__DEADLINE_MS", "3000"),
        ("IDSTORE_SERVER__LISTEN", "[::1]:81"),
        ("IDSTORE_CONNECTIONS__A__USER_ID_PREFIX", "0123"),
        ("IDSTORE_STORES__MEMORY__PEOPLE__REQUIRED", "false"),
    ]);
    let config = loaded.unwrap().config;
    assert_eq!(config.server.deadline_ms.get(), 3000);
    assert_eq!(config.connections[&name("a")].user_id_prefix.as_ref().unwrap().as_str(), "0123");
    assert!(!config.stores[&name("people")].core.required);
    let text = format!("{RIGHT}parameters = {{ org = \"x\" }}\n");
    let folder = Folder::new(&[("config.toml", &text)]);
    for value in ["0123", "[abc]", " pad ", "true", "{}", "1e3", ""] {
        let loaded = folder.load(&[("IDSTORE_CONNECTIONS__A__PARAMETERS__ORG", value)]).unwrap();
        assert_eq!(loaded.config.connections[&name("a")].parameters["org"], value);
    }
}

#[test]
fn a_variable_that_sets_nothing_is_refused_by_its_name() {
    let folder = Folder::new(&[("config.toml", RIGHT)]);
    for (variable, said) in [
        (
            "IDSTORE_SERVER__LISTNE",
            "there is no key `listne` in [server]; did you mean IDSTORE_SERVER__LISTEN?",
        ),
        ("IDSTORE_SERVER__DRAIN_SECS", "a text, where a whole number belongs"),
        ("IDSTORE_CONNECTIONS__B__STORE", "no file has a table [connections.b]"),
        ("IDSTORE_CALLERS__AUTH0__BEARER", "a secret never stands in the configuration"),
        ("IDSTORE_CALLERS__AUTH0__BEARER__FILE", "the place of a secret is not set by the environment"),
        ("IDSTORE_STORES__MEMORY__PEOPLE__ABILITIES", "a text, where a list belongs"),
    ] {
        let report = folder.load(&[(variable, "a-value-that-must-not-be-shown")]).unwrap_err();
        let (said, place) = (format!("error: {said}"), format!(" --> environment variable {variable}\n"));
        assert!(report.contains(&said) && report.contains(&place), "{report}");
        assert!(!report.contains("must-not-be-shown"), "{report}");
    }
}

#[test]
fn a_variable_that_holds_a_secret_is_no_configuration() {
    let text = RIGHT.replace("bearer.credential = \"t\"", "bearer.env = \"IDSTORE_TOKEN\"");
    assert!(Folder::new(&[("config.toml", &text)]).load(&[("IDSTORE_TOKEN", "x")]).is_ok());
}

#[test]
fn a_secret_in_the_file_is_never_shown() {
    for line in [
        "bearer = \"hunter2\"",
        "bearer = 'hunter2",
        "bearer = hunter2",
        "baerer = \"hunter2\"",
        "token = \"hunter2\"",
        "bearer = { literal = \"hunter2\" }",
        "bearer = \"\"\"\nhunter2\"\"\"",
        "bearer = [\"hunter2\"]",
    ] {
        let report = refused(&format!("[callers.a]\n{line}\n"));
        assert!(!report.contains("hunter2"), "{report}");
    }
}

#[test]
#[cfg(feature = "sqlite")]
fn what_is_written_wins_over_a_preset_key_by_key() {
    let text = preset_store(
        "preset_options = { table = \"people\", nickname = false }\n[stores.sqlite.app.statements]\n\
                             delete = \"UPDATE people SET gone = 1 WHERE id = :user_id\"\n",
    );
    let loaded = load(&text).unwrap_or_else(|report| panic!("{report}"));
    let shown = format!("{:?}", loaded.config.stores[&name("app")].adapter);
    assert!(shown.contains("SET gone = 1") && !shown.contains("DELETE FROM"), "{shown}");
    assert!(shown.contains("FROM people") && !shown.contains("nickname"), "{shown}");
    let identifiers = loaded.config.connections[&name("app")].identifiers;
    assert!(identifiers.email.is_some() && identifiers.username.is_none());
}

#[test]
#[cfg(feature = "sqlite")]
fn a_problem_of_a_presets_statement_has_its_place_in_the_preset() {
    let text = preset_store("passwords.write = \"store\"\n");
    let report = refused(&text);
    assert!(report.contains(" --> presets/generic.toml:"), "{report}");
}

#[test]
#[cfg(feature = "sqlite")]
fn options_that_a_preset_does_not_take_are_refused() {
    for (options, said) in [
        ("tabel = \"x\"", "this preset has no option `tabel`; did you mean `table`?"),
        ("table = \"users; DROP TABLE users\"", "the option `table` takes a name"),
        ("id = \"a.b\"", "the option `id` takes a name"),
        ("id = false", "the option `id` takes a name"),
        ("nickname = true", "or false"),
        ("table = 7", "a whole number, where `true`, `false` or a text belongs"),
    ] {
        let report = refused(&preset_store(&format!("preset_options = {{ {options} }}\n")));
        assert!(report.contains(said), "{options}\n{report}");
        assert!(report.contains(" --> config.toml:"), "{report}");
    }
    let report = refused(&preset_store("").replace("\"generic\"", "\"genric\""));
    assert!(report.contains("there is no preset `genric`; did you mean `generic`?"), "{report}");
    let report =
        refused(&format!("{RIGHT}[stores.memory.b]\npasswords.write = \"bcrypt\"\npreset = \"generic\"\n"));
    assert!(report.contains("this preset is for postgres and sqlite, and not for memory"), "{report}");
}

#[cfg(feature = "sqlite")]
fn preset_store(more: &str) -> String {
    format!(
        "[callers.a]\nbearer.credential = \"t\"\nconnections = [\"app\"]\n[connections.app]\nstore = \"app\"\n\
         [stores.sqlite.app]\npath = \"/var/lib/app.db\"\npreset = \"generic\"\n{more}"
    )
}

#[test]
#[cfg(all(feature = "postgres", feature = "sqlite"))]
fn every_preset_can_be_used_with_each_value_of_its_options() {
    let tables =
        [("postgres", "host = \"h\"\ndatabase = \"d\"\nuser = \"u\"\n"), ("sqlite", "path = \"/x\"\n")];
    for (preset, _) in preset::PRESETS {
        assert!(preset::about(preset).is_some_and(|about| !about.is_empty()), "{preset}");
        for (adapter, keys) in tables {
            for options in combinations(preset) {
                let given: Vec<String> =
                    options.iter().map(|(option, value)| format!("{option} = {}", shown(value))).collect();
                let text = format!(
                    "[callers.a]\nbearer.credential = \"t\"\nconnections = [\"c\"]\n[connections.c]\nstore = \"s\"\n\
                     [stores.{adapter}.s]\n{keys}preset = \"{preset}\"\npreset_options = {{ {} }}\n",
                    given.join(", ")
                );
                if let Err(report) = load(&text) {
                    panic!("{text}\n{report}");
                }
                let pasted = preset::show(preset, adapter, &options).unwrap();
                assert!(pasted.parse::<toml::Table>().is_ok(), "{pasted}");
            }
        }
    }
}

/// The defaults, and each option by itself with every value that it takes beside its default.
#[cfg(all(feature = "postgres", feature = "sqlite"))]
fn combinations(preset: &str) -> Vec<BTreeMap<String, OptionValue>> {
    let mut all = vec![BTreeMap::new()];
    for option in preset::options_of(preset) {
        let words: Vec<OptionValue> = match option.takes.strip_prefix("one of ") {
            Some(words) => {
                words.split(", ").map(|word| OptionValue::Text(word.trim_matches('"').to_owned())).collect()
            }
            None if option.takes == "true or false" => {
                vec![OptionValue::Flag(true), OptionValue::Flag(false)]
            }
            None if option.takes.ends_with("or false") => {
                vec![OptionValue::Flag(false), OptionValue::Text("other".to_owned())]
            }
            None => vec![OptionValue::Text("other".to_owned())],
        };
        all.extend(words.into_iter().map(|word| BTreeMap::from([(option.name.clone(), word)])));
    }
    all
}

#[cfg(all(feature = "postgres", feature = "sqlite"))]
fn shown(value: &OptionValue) -> String {
    match value {
        OptionValue::Flag(flag) => flag.to_string(),
        OptionValue::Text(text) => format!("{text:?}"),
    }
}

/// `config.example.toml` is the core's part and those of the adapters. `UPDATE_EXAMPLE=1` writes it anew.
#[test]
fn the_example_is_put_together_from_its_parts() {
    let mut whole = include_str!("../src/config/example.toml").to_owned();
    for adapter in ["postgres", "sqlite", "memory"] {
        let part = fs::read_to_string(format!("adapters/{adapter}/example.toml")).unwrap();
        whole = format!("{whole}\n{}\n", part.trim());
    }
    if std::env::var_os("UPDATE_EXAMPLE").is_some() {
        fs::write("config.example.toml", &whole).unwrap();
    }
    let written = fs::read_to_string("config.example.toml").unwrap();
    assert_eq!(written, whole, "run this test with UPDATE_EXAMPLE=1");
}

/// The example with every key set. Prose is what does not read like TOML.
fn example() -> String {
    let example = fs::read_to_string("config.example.toml").unwrap();
    let lines = example
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|line| line.strip_prefix(' ').unwrap_or(line));
    let is_key = |line: &&str| {
        let key = line.split(" =").next().unwrap_or_default();
        line.starts_with(['[', ']', '"'])
            || (line.contains(" =")
                && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.".contains(&b)))
    };
    lines.filter(is_key).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_names_every_key() {
    let example: toml::Table = example().parse().unwrap();
    for (table, keys) in config::core_keys() {
        let table: Vec<&str> = table.split('.').collect();
        for key in keys {
            assert!(has(&toml::Value::Table(example.clone()), &table, key), "{table:?} has no `{key}`");
        }
    }
    for adapter in idstore_proxy::adapters::ADAPTERS {
        for key in config::adapter_keys(adapter.name) {
            assert!(
                has(&toml::Value::Table(example.clone()), &["stores", adapter.name, "*"], key),
                "{adapter:?}: `{key}`"
            );
        }
    }
}

fn has(value: &toml::Value, path: &[&str], key: &str) -> bool {
    match path {
        [] => value.get(key).is_some(),
        ["*", rest @ ..] => {
            value.as_table().is_some_and(|table| table.values().any(|value| has(value, rest, key)))
        }
        [step, rest @ ..] => value.get(step).is_some_and(|value| has(value, rest, key)),
    }
}

#[test]
#[cfg(all(feature = "postgres", feature = "sqlite"))]
fn the_example_loads_with_every_key_set() {
    let text = example();
    let table: toml::Table = text.parse().unwrap();
    let mut write = String::new();
    for (adapter, stores) in table["stores"].as_table().unwrap() {
        for (store, keys) in
            stores.as_table().unwrap().iter().filter(|(_, keys)| keys.get("passwords").is_none())
        {
            assert!(keys.is_table());
            write = format!("{write}[stores.{adapter}.{store}.passwords]\nwrite = \"bcrypt\"\n");
        }
    }
    // The mode belongs to a unix socket, and the example listens at a port; an ellipsis is no statement.
    let text = text.replace("listen_mode = \"0660\"", "").replace("login = \"…\"", "");
    if let Err(report) = Folder::new(&[("config.toml", &text), ("conf.d/write.toml", &write)]).load(&[]) {
        panic!("{report}");
    }
}

/// Every place that a report names is a line and a column that the file has.
fn places_are_in(report: &str, text: &str) -> bool {
    let places = report.lines().filter_map(|line| line.strip_prefix(" --> config.toml:"));
    places.map(|place| place.split_once(':').unwrap()).all(|(line, column)| {
        let lines: Vec<&str> = text.split('\n').collect();
        let line = line.parse::<usize>().ok().and_then(|number| lines.get(number - 1));
        line.is_some_and(|line| {
            column.parse::<usize>().is_ok_and(|column| column <= line.chars().count() + 1)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_panics_and_every_place_is_in_the_file(
        lines in prop::collection::vec(prop_oneof![
            "\\[(server|log|stores|stores.memory|stores.memory.people|connections.a|callers.a|x)\\]",
            "(listen|level|store|bearer|parameters|deadline_ms|accounts|abilities|preset|passwords) = (1|'a'|true|\\[\\]|\\{\\}|1979-05-27|\\[1, 'a'\\])",
            "[a-z.=\\[\\]{}\"' 0-9é]{0,12}",
        ], 0..12),
    ) {
        let text = lines.join("\n");
        if let Err(report) = load(&text) {
            prop_assert!(places_are_in(&report, &text), "{}\n{}", text, report);
        }
    }
}
