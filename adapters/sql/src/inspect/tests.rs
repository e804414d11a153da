//! Each refusal when the store connects.

use crate::{Dialect, Prepared, PreparedColumn, Statements, StatementsConfig, Uniqueness};
use idstore_contract::{PasswordWrite, Problem, Severity, Surroundings};
use serde_json::{Value, json};

const GET_USER: &str = "SELECT * FROM users WHERE a = :identifier";
const BY_ID: &str = "SELECT * FROM users WHERE id = :user_id";
const PROFILE: &[&str] = &["user_id", "email", "email_verified", "password_hash"];

fn compiled(statements: Value, write: PasswordWrite) -> Statements {
    let config: StatementsConfig = serde_json::from_value(statements).unwrap();
    let around = Surroundings { password_write: Some(write), ..Surroundings::default() };
    config
        .compile(Dialect::Postgres, Uniqueness::Constraint, &around)
        .unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// What a server would say of statements that return these columns, in the order of the keys.
fn inspected(statements: &Statements, columns: &[&[&str]]) -> Vec<Problem> {
    let column =
        |name: &&str| PreparedColumn { name: (*name).into(), type_name: Some("text".into()), cast: None };
    let prepared: Vec<Option<Prepared>> = statements
        .all()
        .zip(columns)
        .map(|(statement, columns)| {
            let parameters = vec![None; statement.parameters().len()];
            Some(Prepared { columns: Some(columns.iter().map(column).collect()), parameters })
        })
        .collect();
    assert_eq!(prepared.len(), statements.all().count());
    statements.inspect(&prepared)
}

fn problem(keys: Value, columns: &[&[&str]]) -> (String, String) {
    let mut statements = json!({ "get_user": GET_USER, "get_user_by_id": BY_ID });
    statements.as_object_mut().unwrap().extend(table(keys));
    let mut found = inspected(&compiled(statements, PasswordWrite::Hashed), columns);
    assert_eq!(found.len(), 1, "{found:?}");
    let problem = found.remove(0);
    (problem.key, problem.message)
}

#[test]
fn what_fits_together_has_no_problem() {
    let statements = compiled(
        json!({
            "get_user": GET_USER, "get_user_by_id": BY_ID,
            "create": ["INSERT INTO t VALUES (:email, :password_hash) RETURNING id AS user_id",
                       "INSERT INTO m VALUES (:new.user_id)"],
            "verify": "UPDATE t SET v = true WHERE id = :user_id",
            "change_email": "UPDATE t SET e = :new_email, v = :email_verified WHERE id = :user_id",
        }),
        PasswordWrite::Hashed,
    );
    assert_eq!(inspected(&statements, &[PROFILE, PROFILE, &["user_id"], &[], &[], &[]]), []);
}

#[test]
fn an_unknown_column_is_refused_with_the_nearest_known_one() {
    let shown: &[&str] = &["user_id", "email", "password_hash", "emial_verified"];
    let (key, message) = problem(json!({}), &[shown, &["user_id", "email", "password_hash"]]);
    assert!(key == "statements.get_user" && message.contains("did you mean email_verified?"), "{message}");
}

#[test]
fn a_lookup_returns_the_key_and_something_to_compare() {
    let lookup = json!({ "get_user": "SELECT * FROM users WHERE a = :identifier" });
    let statements = compiled(lookup, PasswordWrite::Hashed);
    let messages =
        |columns| inspected(&statements, &[columns]).into_iter().map(|p| p.message).collect::<Vec<_>>();
    assert!(messages(&["email", "password_hash"])[0].contains("no user_id"));
    assert!(messages(&["user_id", "password_hash"])[0].contains("no email"));
    assert!(messages(&["user_id", "email", "email", "password_hash"])[0].contains("two columns"));
    assert!(messages(&["user_id", "signed_in_as", "password_hash"]).is_empty());
}

#[test]
fn a_login_shows_the_same_profile_as_get_user() {
    let login = json!({ "login": GET_USER });
    let columns: &[&[&str]] = &[PROFILE, PROFILE, &["user_id", "email", "name", "password_hash"]];
    let (key, message) = problem(login, columns);
    assert_eq!(
        (key.as_str(), message.contains("lacks email_verified, it adds name")),
        ("statements.login", true)
    );
}

#[test]
fn a_login_without_a_hash_needs_a_check() {
    let login = json!({ "login": GET_USER });
    let shown: &[&str] = &["user_id", "email"];
    assert_eq!(problem(login, &[shown, shown, shown]).0, "statements.login");
    let check = json!({ "login": GET_USER, "check": "SELECT f(:user_id, :password) AS matches" });
    let mut statements = json!({ "get_user": GET_USER, "get_user_by_id": BY_ID });
    statements.as_object_mut().unwrap().extend(table(check));
    let statements = compiled(statements, PasswordWrite::Hashed);
    assert_eq!(inspected(&statements, &[shown, shown, shown, &["matches"]]), []);
    assert_eq!(inspected(&statements, &[shown, shown, shown, &["f"]])[0].key, "statements.check");
}

#[test]
fn a_parameter_that_limits_a_lookup_is_returned_by_it() {
    let limited = "SELECT * FROM users WHERE a = :identifier AND org = :param.org";
    let statements = compiled(json!({ "get_user": limited }), PasswordWrite::Hashed);
    let found = inspected(&statements, &[&["user_id", "email", "password_hash"]]);
    assert!(found.len() == 1 && found[0].message.contains("\"param.org\""), "{found:?}");
    assert_eq!(inspected(&statements, &[&["user_id", "email", "password_hash", "param.org"]]), []);
}

#[test]
fn a_change_of_address_says_whether_the_new_one_is_proven() {
    let change = json!({ "change_email": "UPDATE t SET e = :new_email WHERE id = :user_id" });
    let (key, message) = problem(change, &[PROFILE, PROFILE, &[]]);
    assert!(key == "statements.change_email" && message.contains(":email_verified"), "{message}");
}

#[test]
fn a_write_whose_result_no_lookup_shows_is_refused() {
    let shown: &[&str] = &["user_id", "email", "password_hash"];
    let verify = json!({ "verify": "UPDATE t SET v = true WHERE id = :user_id" });
    assert_eq!(problem(verify, &[shown, shown, &[]]).0, "statements.verify");
    let username = json!({ "change_username": "UPDATE t SET u = :new_username WHERE id = :user_id" });
    assert_eq!(problem(username, &[shown, shown, &[]]).0, "statements.change_username");
    let password = json!({ "change_password": "UPDATE t SET p = :password_hash WHERE id = :user_id" });
    let hashless: &[&str] = &["user_id", "email"];
    let with_login = json!({ "get_user": GET_USER, "get_user_by_id": BY_ID, "login": GET_USER,
                             "change_password": password["change_password"] });
    let statements = compiled(with_login, PasswordWrite::Hashed);
    assert_eq!(inspected(&statements, &[hashless, hashless, shown, &[]]), []);
    let by_store = json!({ "get_user": GET_USER, "get_user_by_id": BY_ID,
                           "change_password": "UPDATE t SET p = h(:password) WHERE id = :user_id" });
    let found = inspected(&compiled(by_store, PasswordWrite::ByStore), &[hashless, hashless, &[]]);
    assert!(found.iter().any(|p| p.is_error() && p.key == "statements.change_password"), "{found:?}");
}

#[test]
fn a_column_of_an_earlier_statement_must_be_returned_by_it() {
    let create = json!({ "create": ["INSERT INTO t VALUES (:email, :password_hash)", "INSERT INTO m VALUES (:new.user_id)"] });
    let (key, message) = problem(create, &[PROFILE, PROFILE, &[], &[]]);
    assert!(key == "statements.create[1]" && message.contains(":new.user_id"), "{message}");
}

#[test]
fn a_type_that_is_not_read_is_told_with_its_cast() {
    let statements = compiled(json!({ "get_user": GET_USER }), PasswordWrite::Hashed);
    let column = |name: &str, cast: Option<&str>| PreparedColumn {
        name: name.into(),
        type_name: Some("point".into()),
        cast: cast.map(str::to_owned),
    };
    let columns = vec![
        column("user_id", Some("CAST(x AS text)")),
        column("email", None),
        column("password_hash", None),
    ];
    let found = statements.inspect(&[Some(Prepared { columns: Some(columns), parameters: vec![None] })]);
    assert!(found.len() == 1 && found[0].message.contains("CAST(x AS text)"), "{found:?}");
}

#[test]
fn types_that_can_not_take_a_flag_or_fold_a_password_are_told() {
    let statements = compiled(
        json!({
            "get_user": GET_USER, "get_user_by_id": BY_ID,
            "change_email": "UPDATE t SET e = :new_email, confirmed_at = :email_verified WHERE id = :user_id",
            "check": "SELECT pass = :password AS matches FROM t WHERE id = :user_id",
        }),
        PasswordWrite::Hashed,
    );
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|n| PreparedColumn { name: (*n).into(), type_name: None, cast: None })
            .collect::<Vec<_>>()
    };
    let types = |types: &[&str]| types.iter().map(|t| Some((*t).to_owned())).collect::<Vec<_>>();
    let found = statements.inspect(&[
        Some(Prepared { columns: Some(names(PROFILE)), parameters: types(&["text"]) }),
        Some(Prepared { columns: Some(names(PROFILE)), parameters: types(&["int8"]) }),
        Some(Prepared { columns: Some(vec![]), parameters: types(&["text", "timestamptz", "int8"]) }),
        Some(Prepared { columns: Some(names(&["matches"])), parameters: types(&["citext", "int8"]) }),
    ]);
    let told: Vec<(Severity, &str)> = found.iter().map(|p| (p.severity, p.key.as_str())).collect();
    assert_eq!(told, [(Severity::Error, "statements.change_email"), (Severity::Warning, "statements.check")]);
}

#[test]
fn columns_that_the_server_tells_only_with_the_answer_are_no_problem_before() {
    let statements = compiled(
        json!({
            "get_user": GET_USER, "get_user_by_id": BY_ID,
            "create": ["INSERT INTO t VALUES (:email, :password_hash) RETURNING id AS user_id",
                       "INSERT INTO m VALUES (:new.user_id)"],
        }),
        PasswordWrite::Hashed,
    );
    let column = |name: &&str| PreparedColumn { name: (*name).into(), type_name: None, cast: None };
    let told = |names: &[&str], count| {
        Some(Prepared { columns: Some(names.iter().map(column).collect()), parameters: vec![None; count] })
    };
    let untold = |count| Some(Prepared { columns: None, parameters: vec![None; count] });
    let found = statements.inspect(&[told(PROFILE, 1), told(PROFILE, 1), untold(2), told(&[], 1)]);
    assert_eq!(found, []);
    let by_procedure = statements.inspect(&[untold(1), told(PROFILE, 1), untold(2), told(&[], 1)]);
    assert_eq!(by_procedure, []);
}

#[test]
fn what_could_not_be_prepared_is_not_told_twice() {
    let statements =
        compiled(json!({ "get_user": GET_USER, "get_user_by_id": BY_ID }), PasswordWrite::Hashed);
    assert_eq!(statements.inspect(&[None, None]), []);
}

fn table(keys: Value) -> serde_json::Map<String, Value> {
    if let Value::Object(keys) = keys { keys } else { panic!("keys are a table") }
}
