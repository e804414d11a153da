//! `config.example.toml`.

use idstore_proxy::config;
use std::fs;

/// `config.example.toml` is the core's part and those of the adapters. `UPDATE_EXAMPLE=1` writes it anew.
#[test]
fn the_example_is_put_together_from_its_parts() {
    let mut whole = include_str!("../../src/config/example.toml").to_owned();
    for adapter in ["postgres", "mysql", "sqlite", "ldap", "memory"] {
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
#[cfg(all(feature = "postgres", feature = "mysql", feature = "sqlite", feature = "ldap"))]
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
    if let Err(report) =
        crate::Folder::new(&[("config.toml", &text), ("conf.d/write.toml", &write)]).load(&[])
    {
        panic!("{report}");
    }
}
