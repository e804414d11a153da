//! The adapter's part of `[stores.sqlite.NAME]`, and what can be said of it without opening the file.

use idstore_contract::{Problem, Surroundings};
use idstore_sql::{Dialect, Hints, StatementsConfig, Uniqueness};
use serde::Deserialize;
use std::path::PathBuf;

/// The longest time that another program's lock may be waited for, in milliseconds: no request lives longer.
const BUSY_TIMEOUT_MAX_MS: u32 = 60_000;

/// `[stores.sqlite.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The database file. It must exist: a store is never made by asking it.
    pub path: PathBuf,
    /// How long a lock that another program holds on the file is waited for, in milliseconds; never past a call's
    /// deadline.
    #[serde(default = "busy_timeout_ms")]
    pub busy_timeout_ms: u32,
    /// What keeps two accounts from having the same identifier.
    #[serde(default)]
    pub uniqueness: Uniqueness,
    /// What is said when the database shows something that the configuration leaves unused; presets have some.
    #[serde(default)]
    pub hints: Hints,
    /// The statements.
    #[serde(default)]
    pub statements: StatementsConfig,
}

fn busy_timeout_ms() -> u32 {
    2_000
}

impl Config {
    /// What is wrong, or worth knowing. Pure.
    pub fn check(&self, around: &Surroundings) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.path.as_os_str().is_empty() {
            problems.push(Problem::error("path", "the path is empty"));
        } else if self.path.as_os_str() == ":memory:" {
            problems
                .push(Problem::error("path", "this would be an empty database of its own for each session"));
        } else if self.path.is_relative() {
            let message = "the path is relative: what it means depends on where the daemon is started";
            problems.push(Problem::warning("path", message));
        }
        if self.busy_timeout_ms > BUSY_TIMEOUT_MAX_MS {
            let message = format!("at most {BUSY_TIMEOUT_MAX_MS}");
            problems.push(Problem::error("busy_timeout_ms", message));
        }
        problems.extend(self.statements.check(Dialect::Sqlite, self.uniqueness, around));
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idstore_contract::Severity;
    use idstore_sql::StatementKey;
    use serde_json::{Value, json};

    fn problems(keys: &Value) -> Vec<(Severity, String)> {
        let mut config = json!({ "path": "/var/lib/app/users.db",
            "statements": { "get_user": "SELECT id AS user_id, email FROM users WHERE email = :identifier" } });
        for (key, value) in keys.as_object().unwrap() {
            config[key] = value.clone();
        }
        let config: Config = serde_json::from_value(config).unwrap();
        let told = config.check(&Surroundings::default());
        told.into_iter().map(|problem| (problem.severity, problem.key)).collect()
    }

    #[test]
    fn each_key_has_its_limits() {
        assert_eq!(problems(&json!({})), []);
        assert_eq!(problems(&json!({ "path": "" })), [(Severity::Error, "path".into())]);
        assert_eq!(problems(&json!({ "path": ":memory:" })), [(Severity::Error, "path".into())]);
        assert_eq!(problems(&json!({ "path": "users.db" })), [(Severity::Warning, "path".into())]);
        assert_eq!(
            problems(&json!({ "busy_timeout_ms": 60_001 })),
            [(Severity::Error, "busy_timeout_ms".into())]
        );
        assert_eq!(problems(&json!({ "statements": {} })), [(Severity::Error, "statements".into())]);
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let refused = serde_json::from_value::<Config>(json!({ "path": "/a", "pool_max": 3 })).unwrap_err();
        assert!(refused.to_string().contains("unknown field `pool_max`"));
    }

    #[test]
    fn the_example_names_every_key_with_its_default() {
        let example = include_str!("../example.toml");
        let lines = example.lines().skip(1).map(|line| line.strip_prefix("# ").unwrap_or(line));
        let table: toml::Table = lines.collect::<Vec<_>>().join("\n").parse().unwrap();
        let store = table["stores"]["sqlite"]["app"].clone();
        let config: Config = store.clone().try_into().unwrap();
        assert_eq!((config.busy_timeout_ms, config.uniqueness), (busy_timeout_ms(), Uniqueness::default()));
        let missing: Vec<_> =
            StatementKey::NAMES.into_iter().filter(|name| store["statements"].get(name).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
