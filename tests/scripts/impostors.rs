//! What is not the daemon and answers in its place: an ingress, a firewall, a portal, nobody. Never is that a wrong
//! password, an unknown user, or anything else about a user.

use crate::sandbox::{arguments, asked, case, options, reply, run, script, subject, told, written};
use idstore_proxy::config::Action;
use serde_json::{Value, json};

fn html(status: u16) -> Value {
    json!({ "status": status, "headers": { "content-type": "text/html" }, "body": "<html><h1>user_not_found</h1>" })
}

/// Everything that may come back, each with a name.
fn impostors() -> Vec<(&'static str, Value)> {
    let named = |code: &str| json!({ "code": code, "status": 404, "request_id": "x" });
    let problem = "application/problem+json";
    let mut half = reply(200, "application/json", &json!({ "user": { "user_id": "7" }, "standing": "ok" }));
    half["headers"]["content-length"] = "5000".into();
    half["half"] = true.into();
    let redirect = json!({ "status": 302, "headers": { "location": "/login" }, "body": "" });
    // Everything that any script looks for.
    let whole = json!({
        "user": { "user_id": "7", "email": "a@b" }, "standing": "ok", "email_verified": true, "deleted": true,
        "changed_at": "2026-01-01T00:00:00Z",
    });
    vec![
        ("the right body of a wrong type", reply(200, "text/plain", &whole)),
        ("the right body of a problem", reply(200, problem, &whole)),
        ("403 in HTML", html(403)),
        ("404 in HTML", html(404)),
        ("409 in HTML", html(409)),
        ("429 in HTML", html(429)),
        ("502 in HTML", html(502)),
        ("200 in HTML", html(200)),
        ("a redirect", redirect),
        ("a 204", json!({ "status": 204, "headers": {}, "body": "" })),
        ("a 404 of another service", reply(404, "application/json", &named("user_not_found"))),
        (
            "a problem of another service",
            reply(404, problem, &json!({ "type": "about:blank", "status": 404 })),
        ),
        ("an unknown code", reply(404, problem, &named("no_such_tenant"))),
        ("a code that is a member of every object", reply(403, problem, &named("constructor"))),
        ("a code that claims success", reply(403, problem, &named("ok"))),
        ("a problem with status 200", reply(200, problem, &named("user_not_found"))),
        ("an empty object", reply(200, "application/json", &json!({}))),
        ("a list", reply(200, "application/json", &json!([]))),
        ("null", reply(200, "application/json", &Value::Null)),
        (
            "a user without an id",
            reply(200, "application/json", &json!({ "user": { "email": "a@b" }, "standing": "ok" })),
        ),
        (
            "a user with an empty id",
            reply(200, "application/json", &json!({ "user": { "user_id": "" }, "standing": "ok" })),
        ),
        ("half an answer", half),
        ("a reset", json!("reset")),
        ("silence", json!("silence")),
    ]
}

#[test]
fn no_answer_but_the_daemons_is_about_a_user() {
    let files = written(&subject(), &options());
    let cells: Vec<(Action, (&str, Value))> = Action::OF_PLATFORMS
        .into_iter()
        .flat_map(|action| impostors().into_iter().map(move |it| (action, it)))
        .collect();
    let cases: Vec<Value> = cells
        .iter()
        .map(|(action, (_, it))| case(&script(&files, *action), &arguments(*action), &json!([it])))
        .collect();
    for ((action, (what, _)), result) in cells.iter().zip(run(&cases)) {
        let told = told(&result);
        assert!(told.starts_with("E("), "{action}, {what}: {told}");
        assert!(told.contains(", ref ") && !told.contains("script_failed"), "{action}, {what}: {told}");
        for word in ["ann@", "typed", "CANARY", "new@", "127.0.0.1"] {
            assert!(!told.contains(word), "{action}, {what}: {told}");
        }
        assert!(result["ms"].as_u64().unwrap() < 9_500, "{action}, {what}: {result}");
    }
}

#[test]
fn nobody_who_listens_is_no_user_who_is_unknown() {
    let files = written(&subject(), &options());
    let cases =
        Action::OF_PLATFORMS.map(|action| case(&script(&files, action), &arguments(action), &json!([])));
    for (action, result) in Action::OF_PLATFORMS.iter().zip(run(&cases)) {
        let told = told(&result);
        assert!(told.starts_with("E(This is not possible"), "{action}: the request never left: {told}");
        assert!(told.contains("(no_answer, ref "), "{action}: {told}");
        assert!(result["ms"].as_u64().unwrap() < 1000, "{action}: nothing is waited for: {result}");
    }
}

#[test]
fn what_was_lost_is_asked_again_only_where_that_changes_nothing() {
    let files = written(&subject(), &options());
    let user = json!({ "user": { "user_id": "7", "email": "ann@example.test" }, "standing": "ok", "email_verified": true });
    let back = reply(200, "application/json", &user);
    let cases = Action::OF_PLATFORMS
        .map(|action| case(&script(&files, action), &arguments(action), &json!(["reset", back])));
    for (action, result) in Action::OF_PLATFORMS.iter().zip(run(&cases)) {
        let (asked, told) = (asked(&result), told(&result));
        let twice = |second: &str| vec![action.as_str().to_owned(), second.to_owned()];
        match action {
            Action::Login | Action::GetUser | Action::Verify => assert_eq!(asked, twice(action.as_str())),
            Action::Create | Action::Delete => assert_eq!(asked, twice("get_user")),
            Action::ChangePassword => {
                assert_eq!(asked, [action.as_str()]);
                assert!(told.starts_with("E(It is not certain"), "{told}");
            }
            _ => assert_eq!(asked, [action.as_str()]),
        }
        let done = ["login", "get_user", "verify", "create"].contains(&action.as_str());
        assert_eq!(!told.starts_with("E("), done, "{action}: {told}");
    }
}

#[test]
fn a_script_sends_what_is_needed_and_logs_nothing_about_a_user() {
    let files = written(&subject(), &options());
    let cases = Action::OF_PLATFORMS
        .map(|action| case(&script(&files, action), &arguments(action), &json!([html(403)])));
    for (action, result) in Action::OF_PLATFORMS.iter().zip(run(&cases)) {
        let request = &result["requests"][0];
        let headers = &request["headers"];
        assert_eq!(request["path"], format!("/v1/customers/{action}"));
        assert_eq!(headers["user-agent"], "idstore-auth0-scripts/1");
        assert_eq!(headers["authorization"], format!("Bearer {}", crate::sandbox::TOKEN));
        assert_eq!(headers["content-type"], "application/json");
        let reference = headers["x-request-id"].as_str().unwrap();
        let log = result["log"].to_string();
        assert!(log.contains(reference) && log.contains("not_understood"), "{log}");
        for word in ["ann@", "typed", "CANARY", "new@", "<html>"] {
            assert!(!log.contains(word), "{action}: {log}");
        }
    }
}

#[test]
fn a_user_who_is_not_said_to_be_all_right_does_not_sign_in() {
    let login = script(&written(&subject(), &options()), Action::Login);
    for standing in [json!("blocked"), json!("a_new_one"), Value::Null] {
        let body = json!({ "user": { "user_id": "7" }, "standing": standing });
        let replies = json!([reply(200, "application/json", &body)]);
        let result = &run(&[case(&login, &arguments(Action::Login), &replies)])[0];
        assert!(told(result).starts_with("E("), "{result}");
    }
}

#[test]
fn whoever_has_waited_long_does_not_wait_again() {
    let mut slow = subject();
    slow.deadline = std::time::Duration::from_millis(2600);
    let login = script(&written(&slow, &options()), Action::Login);
    let result = &run(&[case(&login, &arguments(Action::Login), &json!(["silence"]))])[0];
    assert_eq!(asked(result), ["login"]);
}

#[test]
fn what_comes_after_the_end_is_not_told() {
    let files = written(&subject(), &options());
    let cases = Action::OF_PLATFORMS.map(|action| {
        let mut case = case(&script(&files, action), &arguments(action), &json!(["silence"]));
        case["impatient"] = true.into();
        case
    });
    for (action, result) in Action::OF_PLATFORMS.iter().zip(run(&cases)) {
        let told = told(&result);
        assert!(told.starts_with("E(") && told.contains("(out_of_time, ref "), "{action}: {told}");
    }
}

#[test]
fn a_script_gives_up_at_ten_seconds() {
    if std::env::var_os("IDSTORE_LONG").is_none() {
        return;
    }
    let mut slow = subject();
    slow.deadline = std::time::Duration::from_secs(8);
    let files = written(&slow, &options());
    let cases = Action::OF_PLATFORMS
        .map(|action| case(&script(&files, action), &arguments(action), &json!(["silence"])));
    for (action, result) in Action::OF_PLATFORMS.iter().zip(run(&cases)) {
        let (ms, told) = (result["ms"].as_u64().unwrap(), told(&result));
        assert!((9_000..10_500).contains(&ms), "{action}: {ms} ms");
        assert!(told.starts_with("E("), "{action}: {told}");
    }
}
