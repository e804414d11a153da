//! Each refusal before there is a server, with its place.

use crate::{Dialect, StatementKey, StatementsConfig, Uniqueness};
use idstore_contract::{ConnectionNeeds, PasswordWrite, Problem, Severity, Surroundings};
use serde_json::{Value, json};

const GET_USER: &str = "SELECT id AS user_id, email FROM users WHERE email = :identifier";
const BY_ID: &str = "SELECT id AS user_id, email FROM users WHERE id = :user_id";

fn parsed(statements: Value) -> StatementsConfig {
    serde_json::from_value(statements).unwrap()
}

fn around(write: Option<PasswordWrite>, parameters: &[&str]) -> Surroundings {
    let connection = ConnectionNeeds {
        connection: "customers".into(),
        parameters: parameters.iter().map(|name| (*name).to_owned()).collect(),
        ..ConnectionNeeds::default()
    };
    Surroundings { password_write: write, connections: vec![connection], ..Surroundings::default() }
}

fn hashed() -> Surroundings {
    around(Some(PasswordWrite::Hashed), &[])
}

/// The problems of a configuration that, but for these keys, is a good one.
fn problems_with(keys: Value, around: &Surroundings) -> Vec<Problem> {
    let mut statements = json!({ "get_user": GET_USER, "get_user_by_id": BY_ID });
    statements.as_object_mut().unwrap().extend(table(keys));
    parsed(statements).check(Dialect::Sqlite, Uniqueness::Constraint, around)
}

/// The only problem: its key, its offset and its message.
fn problem_with(keys: Value, around: &Surroundings) -> (String, Option<usize>, String) {
    let mut problems = problems_with(keys, around);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let problem = problems.remove(0);
    (problem.key, problem.offset, problem.message)
}

#[test]
fn a_good_configuration_compiles() {
    let config = parsed(json!({
        "get_user": GET_USER,
        "get_user_by_id": BY_ID,
        "create": ["INSERT INTO users (email, hash) VALUES (:email, :password_hash) RETURNING id AS user_id",
                   "INSERT INTO mails (user_id) VALUES (:new.user_id)"],
    }));
    assert_eq!(config.check(Dialect::Sqlite, Uniqueness::Constraint, &hashed()), []);
    let statements = config.compile(Dialect::Sqlite, Uniqueness::Constraint, &hashed()).unwrap();
    let create = statements.of(StatementKey::Create);
    assert_eq!(create[1].place(), "statements.create[1]");
    assert_eq!(create[0].sql(), "INSERT INTO users (email, hash) VALUES (?1, ?2) RETURNING id AS user_id");
    assert!(statements.all().enumerate().all(|(number, statement)| statement.number() == number));
}

#[test]
fn an_unknown_key_is_refused_with_the_known_ones() {
    let refused =
        serde_json::from_value::<StatementsConfig>(json!({ "role": "SELECT 1" })).unwrap_err().to_string();
    assert!(refused.contains("unknown field `role`") && refused.contains("get_user_by_id"), "{refused}");
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let keys = json!({ "create": ["INSERT INTO t VALUES (:emial, :password_hash)", "SELECT ':email'"],
                       "delete": "DELETE FROM t" });
    let found = problems_with(keys, &hashed());
    let places: Vec<(&str, Option<usize>)> = found.iter().map(|p| (p.key.as_str(), p.offset)).collect();
    assert_eq!(
        places,
        [("statements.create[0]", Some(22)), ("statements.create[1]", Some(8)), ("statements.delete", None)]
    );
}

#[test]
fn a_parameter_stands_only_where_it_has_a_value() {
    for (key, text, at) in [
        ("verify", "UPDATE t SET a = :password_hash WHERE id = :user_id", 17),
        ("verify", "UPDATE t SET a = :identifier WHERE id = :user_id", 17),
        ("delete", "DELETE FROM t WHERE a = :new_email AND id = :user_id", 24),
        ("delete", "DELETE FROM t WHERE a = :organization AND id = :user_id", 24),
        ("change_email", "UPDATE t SET a = :new_username, e = :new_email WHERE id = :user_id", 17),
        ("get_user_by_id", "SELECT id AS user_id, :email AS email FROM t WHERE id = :user_id", 22),
        ("delete", "DELETE FROM t WHERE a = :new.x AND id = :user_id", 24),
        ("probe", "SELECT :param.org", 7),
    ] {
        let found = problems_with(json!({ key: text }), &around(Some(PasswordWrite::Hashed), &["org"]));
        assert!(
            found.iter().any(|p| p.key == format!("statements.{key}") && p.offset == Some(at)),
            "{key}: {found:?}"
        );
    }
}

#[test]
fn a_password_goes_where_the_configuration_says() {
    let clear = json!({ "change_password": "UPDATE t SET a = :password WHERE id = :user_id" });
    let hash = json!({ "change_password": "UPDATE t SET a = :password_hash WHERE id = :user_id" });
    let by_store = around(Some(PasswordWrite::ByStore), &[]);
    let salted = around(Some(PasswordWrite::HashedWithSalt), &[]);
    assert_eq!(problems_with(hash.clone(), &hashed()), []);
    let in_clear = problems_with(clear.clone(), &by_store);
    assert!(matches!(in_clear.as_slice(), [warned] if warned.key == "passwords.write" && !warned.is_error()));
    assert_eq!(problems_with(json!({}), &by_store), [], "there is no statement that could store one");
    assert!(problems_with(clear, &hashed())[0].message.contains("in clear"));
    assert!(problems_with(hash.clone(), &by_store)[0].message.contains("there is no hash"));
    assert!(problem_with(hash.clone(), &salted).2.contains(":password_salt"));
    let (key, _, _) = problem_with(hash, &around(None, &[]));
    assert_eq!(key, "passwords.write");
    let salt = json!({ "change_password": "UPDATE t SET a = :password_hash, b = :password_salt WHERE id = :user_id" });
    assert_eq!(problems_with(salt.clone(), &salted), []);
    assert_eq!(problem_with(salt, &hashed()).1, Some(37));
}

#[test]
fn a_write_without_a_lookup_by_key_is_refused() {
    let config = parsed(json!({ "get_user": GET_USER, "delete": "DELETE FROM t WHERE id = :user_id" }));
    let found = config.check(Dialect::Sqlite, Uniqueness::Constraint, &hashed());
    assert!(found.len() == 1 && found[0].key == "statements.delete", "{found:?}");
    let both = "SELECT id AS user_id FROM t WHERE email = :identifier OR id = :user_id";
    let config = parsed(json!({ "get_user": both, "delete": "DELETE FROM t WHERE id = :user_id" }));
    assert_eq!(config.check(Dialect::Sqlite, Uniqueness::Constraint, &hashed()), []);
}

#[test]
fn an_identifier_that_is_claimed_under_a_lock_needs_a_lookup() {
    let create =
        "INSERT INTO t (email, name) VALUES (:email, :username, :password_hash) RETURNING id AS user_id";
    let rename = "UPDATE t SET name = :new_username WHERE id = :user_id";
    let by_email = "SELECT id AS user_id, email, name AS username FROM t WHERE email = :email";
    let config = |get_user: &str| {
        parsed(
            json!({ "get_user": get_user, "get_user_by_id": BY_ID, "create": create, "change_username": rename }),
        )
    };
    let found = |get_user: &str, uniqueness| {
        let problems = config(get_user).check(Dialect::Sqlite, uniqueness, &hashed());
        problems
            .into_iter()
            .filter(Problem::is_error)
            .map(|problem| (problem.key, problem.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(found(by_email, Uniqueness::Constraint), []);
    assert_eq!(found(GET_USER, Uniqueness::Lock), []);
    let refused = found(by_email, Uniqueness::Lock);
    let keys: Vec<&str> = refused.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["statements.create", "statements.change_username"]);
    assert!(refused.iter().all(|(_, message)| message.contains(":username")), "{refused:?}");
    assert!(config(by_email).compile(Dialect::Sqlite, Uniqueness::Lock, &hashed()).is_err());
}

#[test]
fn a_statement_that_would_touch_everybody_is_refused() {
    for (key, text) in [
        ("get_user", "SELECT id AS user_id FROM t"),
        ("get_user_by_id", "SELECT id AS user_id FROM t"),
        ("verify", "UPDATE t SET verified = 1"),
        ("change_email", "UPDATE t SET email = :new_email"),
        ("check", "SELECT a = :password AS matches FROM t"),
    ] {
        let found = problems_with(json!({ key: text }), &hashed());
        assert!(
            found.iter().any(|p| p.is_error() && p.key == format!("statements.{key}")),
            "{key}: {found:?}"
        );
    }
    let lost = json!({ "change_email": "UPDATE t SET a = 1 WHERE id = :user_id" });
    assert!(problem_with(lost, &hashed()).2.contains(":new_email"));
}

#[test]
fn a_store_without_a_lookup_is_refused() {
    let found = StatementsConfig::default().check(Dialect::Sqlite, Uniqueness::Constraint, &hashed());
    assert!(found.len() == 1 && found[0].key == "statements", "{found:?}");
}

#[test]
fn a_lookup_is_one_statement_that_reads() {
    assert!(problem_with(json!({ "get_user": [GET_USER, GET_USER] }), &hashed()).2.contains("not a list"));
    assert!(problem_with(json!({ "delete": [] }), &hashed()).2.contains("no statement"));
    let writing = "DELETE FROM t WHERE email = :identifier RETURNING id AS user_id";
    assert!(problem_with(json!({ "get_user": writing }), &hashed()).2.contains("only reads"));
    let on_its_way =
        "WITH x AS (UPDATE t SET seen = 1 RETURNING *) SELECT id AS user_id FROM x WHERE a = :identifier";
    assert!(problem_with(json!({ "get_user": on_its_way }), &hashed()).2.contains("only reads"));
    let locking =
        "WITH x AS (SELECT * FROM t FOR NO KEY UPDATE) SELECT id AS user_id FROM x WHERE a = :identifier";
    assert_eq!(problems_with(json!({ "get_user": locking }), &hashed()), []);
    let ending = json!({ "delete": ["DELETE FROM t WHERE id = :user_id", "COMMIT"] });
    assert_eq!(problem_with(ending, &hashed()).0, "statements.delete[1]");
}

#[test]
fn a_parameter_that_a_connection_lacks_is_refused() {
    let limited = json!({
        "get_user": "SELECT id AS user_id FROM t WHERE a = :identifier AND b = :param.org",
        "get_user_by_id": "SELECT id AS user_id FROM t WHERE id = :user_id AND b = :param.org",
    });
    assert_eq!(problems_with(limited.clone(), &around(None, &["org"])), []);
    let found = problems_with(limited, &hashed());
    assert_eq!(found[0].offset, Some(58));
    assert!(found[0].message.contains("customers"), "{found:?}");
}

#[test]
fn a_lookup_that_forgets_what_limits_another_one_is_refused() {
    let limited =
        json!({ "get_user": "SELECT id AS user_id FROM t WHERE a = :identifier AND b = :param.org" });
    let (key, _, message) = problem_with(limited, &around(None, &["org"]));
    assert!(key == "statements.get_user_by_id" && message.contains(":param.org"), "{message}");
}

#[test]
fn a_parameter_that_no_lookup_uses_is_a_warning() {
    let found = problems_with(json!({}), &around(None, &["org"]));
    assert!(found.len() == 1 && found[0].severity == Severity::Warning, "{found:?}");
    assert!(
        parsed(json!({ "get_user": GET_USER }))
            .compile(Dialect::Sqlite, Uniqueness::Constraint, &around(None, &["org"]))
            .is_ok()
    );
}

fn table(keys: Value) -> serde_json::Map<String, Value> {
    if let Value::Object(keys) = keys { keys } else { panic!("keys are a table") }
}
