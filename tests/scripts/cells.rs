//! Every cell of `table.md`: each code of the daemon, at each script.

use crate::sandbox::{arguments, asked, case, options, reply, run, script, subject, told, written};
use idstore_proxy::config::Action;
use idstore_proxy::http::{Code, Problem};
use idstore_proxy::scripts::auth0::Answers;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The usual text of an error.
const UNAVAILABLE: &str = "This is not possible at the moment. Please try again later.";

/// Code → action → cell.
fn table() -> BTreeMap<String, BTreeMap<Action, String>> {
    let lines = include_str!("table.md").lines().filter(|line| line.starts_with('|'));
    let mut rows = lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let head: Vec<Action> =
        rows.next().unwrap()[1..].iter().map(|name| Action::parse(name).unwrap()).collect();
    assert_eq!(head.iter().copied().collect::<BTreeSet<_>>(), Action::OF_PLATFORMS.into());
    rows.skip(1)
        .map(|row| {
            assert_eq!(row.len(), head.len() + 1, "{row:?}");
            let cells = head.iter().copied().zip(row[1..].iter().map(|cell| (*cell).to_owned()));
            (row[0].to_owned(), cells.collect())
        })
        .collect()
}

#[test]
fn every_code_of_the_daemon_has_a_cell_for_every_script() {
    let (table, answers) = (table(), Answers::read().unwrap());
    let known: BTreeSet<&str> = answers.codes().collect();
    for code in Code::ALL {
        assert!(table.contains_key(code.as_str()), "tests/scripts/table.md has no row for {}", code.as_str());
        assert!(known.contains(code.as_str()), "answers.toml has no row for {}", code.as_str());
    }
    assert_eq!(table.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
}

/// The daemon's own document for a code, with a sentence in it.
fn problem(code: Code) -> Value {
    let mut document = Problem::new(code).document("ref-1");
    document["detail"] = "The daemon's sentence.".into();
    let mut reply = reply(code.status().as_u16(), "application/problem+json", &document);
    if let Some(seconds) = code.retry_after_secs() {
        reply["headers"]["retry-after"] = seconds.to_string().into();
    }
    reply
}

#[test]
fn every_script_does_with_every_code_what_the_table_says() {
    let (table, files) = (table(), written(&subject(), &options()));
    let cells: Vec<(Action, Code)> =
        Action::OF_PLATFORMS.into_iter().flat_map(|action| Code::ALL.map(|code| (action, code))).collect();
    let cases: Vec<Value> = cells
        .iter()
        .map(|(action, code)| case(&script(&files, *action), &arguments(*action), &json!([problem(*code)])))
        .collect();
    for ((action, code), result) in cells.iter().zip(run(&cases)) {
        let cell = &table[code.as_str()][action];
        let (times, cell) = cell.strip_prefix("2 ").map_or((1, cell.as_str()), |cell| (2, cell));
        let (told, what) = (told(&result), format!("{action} {}", code.as_str()));
        let behind = format!(" ({}, ref ref-1))", code.as_str());
        if cell == "E" {
            assert_eq!(told, format!("E({UNAVAILABLE}{behind}"), "{what}");
        } else if let Some(text) = cell.strip_prefix("E(") {
            assert!(told.starts_with(&format!("E({}", text.trim_end_matches(')'))), "{what}: {told}");
            assert!(told.ends_with(&behind), "{what}: {told}");
        } else if cell.ends_with(')') {
            assert!(told.starts_with(cell.trim_end_matches(')')), "{what}: {told} is not {cell}");
            assert!(!told.contains("ref-1"), "{what}: {told}");
        } else {
            assert_eq!(told, cell, "{what}");
        }
        assert_eq!(asked(&result).len(), times, "{what}: {:?}", asked(&result));
    }
}

#[test]
fn a_wrong_password_is_told_for_the_account_that_the_daemon_names() {
    let files = written(&subject(), &options());
    let login = script(&files, Action::Login);
    let wrong = |user_id: Value| {
        let mut document = Problem::new(Code::InvalidCredentials).document("ref-1");
        document["user_id"] = user_id;
        case(&login, &arguments(Action::Login), &json!([reply(403, "application/problem+json", &document)]))
    };
    let results = run(&[wrong(json!("crm|7")), wrong(Value::Null)]);
    assert_eq!(results.iter().map(told).collect::<Vec<_>>(), ["W(crm|7)", "W(null)"]);
    // And no text: Auth0 says the same of both.
    assert!(results.iter().all(|result| result["calls"][0]["error"]["with"].as_array().unwrap().len() == 1));
}

#[test]
fn one_setting_says_which_error_shows_a_text() {
    let login = script(&written(&subject(), &options()), Action::Login);
    assert_eq!(login.matches("\"show\": \"UnauthorizedError\"").count(), 1);
    let other = login.replace("\"show\": \"UnauthorizedError\"", "\"show\": \"ValidationError\"");
    let result = &run(&[case(&other, &arguments(Action::Login), &json!([problem(Code::UserLocked)]))])[0];
    assert_eq!(told(result), "V(user_locked, This account is locked. Try later or reset your password.)");
}

#[test]
fn what_is_taken_is_named() {
    let files = written(&subject(), &options());
    let mut document = Problem::new(Code::UserExists).document("ref-1");
    document["field"] = "username".into();
    let reply = reply(409, "application/problem+json", &document);
    let result =
        &run(&[case(&script(&files, Action::Create), &arguments(Action::Create), &json!([reply]))])[0];
    assert_eq!(told(result), "V(username_exists, This user name is taken.)");
}

#[test]
fn a_second_attempt_is_believed() {
    let files = written(&subject(), &options());
    let user = json!({ "user": { "user_id": "7", "email": null, "app_metadata": {} }, "standing": "ok" });
    let cases = [Action::Login, Action::GetUser].map(|action| {
        let replies = json!([problem(Code::Busy), reply(200, "application/json", &user)]);
        case(&script(&files, action), &arguments(action), &replies)
    });
    for result in run(&cases) {
        assert_eq!(told(&result), r#"{"user_id":"7","app_metadata":{}}"#);
        let at = |request: usize| result["requests"][request]["at"].as_u64().unwrap();
        assert!(at(1) - at(0) >= 990, "the second that the daemon asks for is waited: {result}");
    }
    let mut later = problem(Code::Busy);
    later["headers"]["retry-after"] = "2".into();
    let result = &run(&[case(&script(&files, Action::Login), &arguments(Action::Login), &json!([later]))])[0];
    assert_eq!(asked(result), ["login"], "two seconds are too long");
}

#[test]
fn an_uncertain_write_is_looked_after() {
    let files = written(&subject(), &options());
    let user = |standing: &str| {
        let body = json!({ "user": { "user_id": "7", "email": "ann@example.test" }, "standing": standing, "email_verified": true });
        reply(200, "application/json", &body)
    };
    let unknown = problem(Code::OutcomeUnknown);
    let nobody = problem(Code::UserNotFound);
    let look =
        |action, second: Value| case(&script(&files, action), &arguments(action), &json!([unknown, second]));
    let results = run(&[
        look(Action::Create, user("ok")),
        look(Action::Create, nobody.clone()),
        look(Action::Delete, nobody),
        look(Action::Delete, user("blocked")),
        look(Action::Delete, user("ok")),
        look(Action::Verify, user("ok")),
    ]);
    let error = format!("E({UNAVAILABLE} (outcome_unknown, ref ref-1))");
    let verified = r#"{"user_id":"7","email":"ann@example.test","email_verified":true}"#;
    let expected = ["null", &error, "null", "null", &error, verified];
    assert_eq!(results.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(asked(&results[0]), ["create", "get_user"]);
    assert_eq!(asked(&results[2]), ["delete", "get_user"]);
    assert_eq!(asked(&results[5]), ["verify", "verify"]);
    let at = |request: usize| results[0]["requests"][request]["at"].as_u64().unwrap();
    assert!(at(1) - at(0) >= 490, "{}", results[0]);
}
