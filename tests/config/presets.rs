//! Presets and what an operator writes beside them.

use crate::{RIGHT, load, name, refused};
use idstore_proxy::config::preset::{self, OptionValue};
use std::collections::BTreeMap;

#[test]
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
fn a_problem_of_a_presets_statement_has_its_place_in_the_preset() {
    let text = preset_store("passwords.write = \"store\"\n");
    let report = refused(&text);
    assert!(report.contains(" --> presets/generic.toml:"), "{report}");
}

#[test]
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
    assert!(report.contains("this preset is for postgres, sqlite, mysql, and not for memory"), "{report}");
}

#[test]
fn what_freeipa_does_by_itself_is_refused_with_the_reason() {
    let text = |more: &str| {
        format!(
            "[callers.a]\nbearer.credential = \"t\"\nconnections = [\"c\"]\n[connections.c]\nstore = \"s\"\n\
             [stores.ldap.s]\nurls = [\"ldaps://ipa\"]\nbase = \"dc=x\"\npreset = \"freeipa\"\n{more}"
        )
    };
    for offers in
        ["offers = [\"change_password\"]\npassword_change = \"extended\"\n", "offers = [\"delete\"]\n"]
    {
        let report = refused(&text(offers));
        assert!(report.contains("FreeIPA's accounts are made and changed by its own interface"), "{report}");
    }
}

/// It hashes by itself: nobody has to say so, and nobody is warned of a statement that it does not have.
#[test]
fn a_directory_needs_no_word_about_how_new_passwords_are_stored() {
    let text = |preset: &str, keys: &str| {
        format!(
            "[callers.a]\nbearer.credential = \"t\"\nconnections = [\"c\"]\n[connections.c]\nstore = \"s\"\n\
             [stores.ldap.s]\nurls = [\"ldaps://h\"]\nbase = \"dc=x\"\n{preset}offers = [\"create\"]\n{keys}"
        )
    };
    let own = "filter = \"(uid={identifier})\"\nemail_verified = \"never\"\npassword_change = \"extended\"\n\
               attributes = { user_id = \"entryUUID\", username = \"uid\" }\n\
               create = { dn = \"uid={username},{base}\", object_classes = [\"account\"] }\n";
    for text in [text("preset = \"openldap\"\n", ""), text("", own)] {
        let loaded = load(&text).unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(loaded.warnings.to_string(), "0 errors, 0 warnings in the configuration", "{text}");
    }
}

fn preset_store(more: &str) -> String {
    format!(
        "[callers.a]\nbearer.credential = \"t\"\nconnections = [\"app\"]\n[connections.app]\nstore = \"app\"\n\
         [stores.sqlite.app]\npath = \"/var/lib/app.db\"\npreset = \"generic\"\n{more}"
    )
}

#[test]
fn every_preset_can_be_used_with_each_value_of_its_options() {
    let tables = [
        ("postgres", "host = \"h\"\ndatabase = \"d\"\nuser = \"u\"\n"),
        ("sqlite", "path = \"/x\"\n"),
        ("mysql", "host = \"h\"\ndatabase = \"d\"\nuser = \"u\"\n"),
        ("ldap", "urls = [\"ldaps://h\"]\nbase = \"dc=x\"\n"),
    ];
    for (preset, _) in preset::PRESETS {
        assert!(preset::about(preset).is_some_and(|about| !about.is_empty()), "{preset}");
        let adapters = preset::adapters_of(preset);
        assert!(!adapters.is_empty(), "{preset}");
        for (adapter, keys) in
            tables.into_iter().filter(|(adapter, _)| adapters.iter().any(|of| of == adapter))
        {
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

fn shown(value: &OptionValue) -> String {
    match value {
        OptionValue::Flag(flag) => flag.to_string(),
        OptionValue::Text(text) => format!("{text:?}"),
    }
}
