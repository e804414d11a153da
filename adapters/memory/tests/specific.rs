//! What only the memory adapter has: its configuration.

use idstore_contract::{Call, Lookup, PasswordWrite, Problem, Purpose, Surroundings, Timestamp};
use idstore_memory::{Config, open};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn around(write: Option<PasswordWrite>) -> Surroundings {
    Surroundings { password_write: write, ..Surroundings::default() }
}

fn read(text: &str) -> Result<Config, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

fn keys(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.key.as_str()).collect()
}

/// The example without its comment signs: `# ` begins prose, and `#` alone a line of the configuration.
fn example() -> String {
    let lines = include_str!("../example.toml").lines().filter_map(|line| line.strip_prefix('#'));
    lines.filter(|line| !line.starts_with(' ')).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_is_a_configuration() {
    let text = example();
    let table: toml::Table = toml::from_str(&text).unwrap();
    let store = table["stores"]["memory"]["people"].clone();
    let config: Config = store.try_into().unwrap();
    assert!(config.check(&around(Some(PasswordWrite::Hashed))).is_empty());
}

#[test]
fn every_known_key_is_in_the_example() {
    let table: toml::Table = toml::from_str(&example()).unwrap();
    let store = table["stores"]["memory"]["people"].as_table().unwrap();
    let account = store["accounts"][0].as_table().unwrap();
    for (text, shown) in [("nonsense = 1", store), ("[[accounts]]\nnonsense = 1", account)] {
        let error = read(text).unwrap_err();
        let expected = error.split("expected one of").nth(1).unwrap();
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        assert_eq!(known.len(), shown.len(), "{error}");
        assert!(known.iter().all(|key| shown.contains_key(*key)), "{known:?}");
    }
}

#[test]
fn unknown_abilities_and_identifiers_are_refused_with_the_known_ones() {
    let ability = read("abilities = [\"fly\"]").unwrap_err();
    assert!(ability.contains("fly") && ability.contains("mark_migrated"), "{ability}");
    let identifier = read("identifiers = [\"shoe_size\"]").unwrap_err();
    assert!(identifier.contains("shoe_size") && identifier.contains("phone_number"), "{identifier}");
}

#[test]
fn every_problem_is_reported_at_once() {
    let config = read(
        "parameters = [\"org\"]
         [[accounts]]
         user_id = \"1\"
         [[accounts]]
         user_id = \"1\"
         [[accounts]]
         email = \"ada@example.com\"",
    )
    .unwrap();
    let mut around = around(None);
    around.connections.push(idstore_contract::ConnectionNeeds {
        connection: "people".into(),
        ..idstore_contract::ConnectionNeeds::default()
    });
    let problems = config.check(&around);
    assert_eq!(
        keys(&problems),
        ["passwords.write", "parameters", "accounts[1].user_id", "accounts[2].user_id"]
    );
    assert_eq!(keys(&open(config, &around).err().unwrap()).len(), problems.len());
}

#[test]
fn a_form_of_password_that_the_store_does_not_keep_is_refused_at_start() {
    let by_store = read("password_check = \"by_store\"").unwrap();
    assert_eq!(keys(&by_store.check(&around(Some(PasswordWrite::Hashed)))), ["passwords.write"]);
    assert!(by_store.check(&around(Some(PasswordWrite::ByStore))).is_empty());
    let by_proxy = Config::default();
    assert_eq!(keys(&by_proxy.check(&around(Some(PasswordWrite::ByStore)))), ["passwords.write"]);
    assert!(by_proxy.check(&around(Some(PasswordWrite::HashedWithSalt))).is_empty());
}

#[test]
fn a_store_without_password_writes_needs_no_scheme() {
    for text in ["abilities = [\"verify\", \"delete\"]", "password_check = \"none\""] {
        assert!(read(text).unwrap().check(&around(None)).is_empty(), "{text}");
    }
}

#[tokio::test]
async fn the_accounts_of_the_configuration_are_there_with_their_salts() {
    let config = read(
        "abilities = []
         [[accounts]]
         user_id = \"ada\"
         email = \"ada@example.com\"
         password = \"5f4dcc3b\"
         password_salt = \"pepper\"
         password_scheme = \"md5\"
         [accounts.app_metadata]
         plan = \"gold\"",
    )
    .unwrap();
    let store = open(config, &around(None)).unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    let call = Call::new("test", deadline, Timestamp::UNIX_EPOCH, Arc::default());
    let lookup = Lookup::Identifier("ADA@example.com".into());
    let found = store.find(&call, &lookup, Purpose::Login).await.unwrap();
    assert_eq!(found.len(), 1);
    let password = found[0].password.clone().unwrap();
    assert!(password.hash.same_as(&"5f4dcc3b".into()));
    assert!(password.salt.unwrap().same_as(&"pepper".into()));
    assert_eq!(password.scheme.as_deref(), Some("md5"));
    assert_eq!(found[0].profile.app_metadata["plan"], "gold");
}

#[test]
fn nothing_of_an_account_is_in_the_debug_text_of_a_configuration() {
    let config =
        read("[[accounts]]\nuser_id = \"1\"\npassword = \"hunter2\"\nemail = \"ada@example.com\"").unwrap();
    let text = format!("{config:?}");
    assert!(!text.contains("hunter2") && !text.contains("ada"), "{text}");
}
