//! The post-login Action: what ends a live session.

use crate::sandbox::{TOKEN, options, reply, run, subject, text, written};
use idstore_proxy::http::{Code, Problem};
use idstore_proxy::scripts::auth0::{Fail, Options, Organizations};
use serde_json::{Value, json};

fn code(options: &Options, organizations: Organizations) -> String {
    let mut subject = subject();
    subject.organizations = organizations;
    text(&written(&subject, options), "code.js").to_owned()
}

/// A sign-in of the user `crm|1`, to an organization where there is one.
fn sign_in(organization: Option<&str>) -> Value {
    let mut event = json!({
        "connection": { "name": "customers" },
        "user": { "user_id": "auth0|crm|1", "identities": [{ "connection": "customers", "user_id": "crm|1" }] },
    });
    if let Some(id) = organization {
        event["organization"] = json!({ "id": id, "name": format!("{id}-name") });
    }
    event
}

fn case(code: &str, event: &Value, replies: &Value) -> Value {
    json!({ "script": code, "event": event, "replies": replies, "token": TOKEN })
}

fn user(standing: &str, organizations: &[&str]) -> Value {
    let user = json!({ "user_id": "crm|1", "app_metadata": { "organizations": organizations } });
    reply(200, "application/json", &json!({ "user": user, "standing": standing }))
}

fn problem(code: Code) -> Value {
    reply(code.status().as_u16(), "application/problem+json", &Problem::new(code).document("ref-1"))
}

fn denied(result: &Value) -> Option<String> {
    let denied = result["denied"].as_array().unwrap();
    assert!(denied.len() < 2, "{result}");
    denied.first().map(|why| why[0].as_str().unwrap().to_owned())
}

#[test]
fn whoever_is_barred_or_gone_is_denied_whatever_an_outage_does() {
    for fail in [Fail::Open, Fail::Closed] {
        let code = code(&Options { fail: Some(fail), ..options() }, Organizations::Off);
        for (reply, text) in [
            (user("blocked", &[]), "This account is blocked."),
            (user("locked", &[]), "This account is locked."),
            (user("restricted", &[]), "Sign-in is not allowed"),
            (user("password_expired", &[]), "Your password has expired."),
            (user("a_new_one", &[]), "This is not possible"),
            (problem(Code::UserNotFound), "This account is blocked."),
        ] {
            let result = &run(&[case(&code, &sign_in(None), &json!([reply]))])[0];
            assert!(denied(result).unwrap().starts_with(text), "{result}");
            assert_eq!(result["requests"][0]["body"], json!({ "user_id": "crm|1" }));
        }
        let result = &run(&[case(&code, &sign_in(Some("org_1")), &json!([user("ok", &[])]))])[0];
        assert_eq!(denied(result), None, "a store that knows no memberships denies none");
    }
}

#[test]
fn an_outage_lets_everybody_in_or_nobody() {
    let html = json!({ "status": 404, "headers": { "content-type": "text/html" }, "body": "<html>" });
    let forbidden = problem(Code::CallerForbidden);
    let outages = [
        json!([]),
        json!(["reset"]),
        json!([html]),
        json!([forbidden]),
        json!([problem(Code::StoreUnavailable)]),
    ];
    for (fail, barred) in [(None, true), (Some(Fail::Closed), true), (Some(Fail::Open), false)] {
        let code = code(&Options { fail, ..options() }, Organizations::Off);
        let cases: Vec<_> = outages.iter().map(|replies| case(&code, &sign_in(None), replies)).collect();
        for result in run(&cases) {
            assert_eq!(denied(&result).is_some(), barred, "{fail:?}: {result}");
        }
    }
}

#[test]
fn whoever_left_the_organization_is_denied() {
    for (organizations, member) in [(Organizations::ById, "org_1"), (Organizations::ByName, "org_1-name")] {
        let code = code(&options(), organizations);
        let cases = [
            case(&code, &sign_in(Some("org_1")), &json!([user("ok", &["org_0", member])])),
            case(&code, &sign_in(Some("org_1")), &json!([user("ok", &["org_2"])])),
            case(&code, &sign_in(Some("org_1")), &json!([user("ok", &[])])),
            case(&code, &sign_in(None), &json!([user("ok", &[])])),
        ];
        let denied: Vec<_> = run(&cases).iter().map(|result| denied(result).is_some()).collect();
        assert_eq!(denied, [false, true, true, false], "{organizations:?}");
    }
}

#[test]
fn where_an_organization_is_required_nobody_goes_on_without_one() {
    let mut subject = subject();
    subject.organizations = Organizations::ById;
    subject.organization_required = true;
    let files = written(&subject, &options());
    let code = text(&files, "code.js");
    let cases = [
        case(code, &sign_in(None), &json!([user("ok", &["org_1"])])),
        case(code, &sign_in(Some("org_1")), &json!([user("ok", &["org_1"])])),
    ];
    let denied: Vec<_> = run(&cases).iter().map(|result| denied(result).is_some()).collect();
    assert_eq!(denied, [true, false]);
    let database: Value = serde_json::from_str(text(&files, "database.json")).unwrap();
    assert_eq!(database["options"]["disable_signup"], true, "nobody who signs up could sign in");
}

#[test]
fn another_connections_sign_in_is_none_of_its_business_and_a_linked_identity_is_found() {
    let code = code(&options(), Organizations::Off);
    let mut other = sign_in(None);
    other["connection"]["name"] = "google-oauth2".into();
    let mut linked = sign_in(None);
    linked["user"]["user_id"] = "google-oauth2|1".into();
    let results = run(&[
        case(&code, &other, &json!([user("blocked", &[])])),
        case(&code, &linked, &json!([user("blocked", &[])])),
    ]);
    assert_eq!((denied(&results[0]), results[0]["requests"].as_array().unwrap().len()), (None, 0));
    assert_eq!(results[1]["requests"][0]["body"], json!({ "user_id": "crm|1" }));
    assert!(denied(&results[1]).is_some());
}
