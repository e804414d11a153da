//! Scripts, put together as the command does it, and Node, which runs them in `sandbox.js`.

use idstore_proxy::config::Action;
use idstore_proxy::scripts::auth0::{BaseUrl, File, Messages, Mode, Options, Organizations, Subject, files};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The caller's token in the sandbox; the daemon's in these tests.
pub(crate) use crate::daemon::TOKEN;

/// A connection that offers everything, of a daemon that is quick.
pub(crate) fn subject() -> Subject {
    Subject {
        connection: "customers".to_owned(),
        deadline: Duration::from_millis(500),
        mode: Mode::Proxy,
        offers: Action::OF_PLATFORMS.into(),
        finds_by_id: true,
        invites: true,
        reset_can_verify: true,
        identifiers: idstore_contract::IdentifierKind::ALL.into(),
        organizations: Organizations::Off,
    }
}

/// Every script there is, and nothing else out of the ordinary.
pub(crate) fn options() -> Options {
    let url = BaseUrl::parse("https://proxy.example.com").unwrap();
    Options { unconfirmed: true, ..Options::new(url, Messages::english().unwrap()) }
}

/// What is written for them.
pub(crate) fn written(subject: &Subject, options: &Options) -> Vec<File> {
    files(subject, options).unwrap()
}

/// The text of the one file whose path ends so.
pub(crate) fn text<'f>(files: &'f [File], ending: &str) -> &'f str {
    let mut found = files.iter().filter(|file| file.path.ends_with(ending));
    let file = found.next().unwrap_or_else(|| panic!("nothing ends with {ending}"));
    assert!(found.next().is_none(), "two files end with {ending}");
    &file.text
}

/// The script of an action.
pub(crate) fn script(files: &[File], action: Action) -> String {
    text(files, &format!("{action}.js")).to_owned()
}

/// The smallest arguments of an action's script.
pub(crate) fn arguments(action: Action) -> Value {
    match action {
        Action::Login => json!(["typed", "CANARY-1"]),
        Action::GetUser => json!(["typed"]),
        Action::Create => {
            json!([{ "email": "new@example.test", "password": "CANARY-1", "tenant": "t", "client_id": "c" }])
        }
        Action::Verify => json!(["ann@example.test"]),
        Action::ChangePassword => json!(["typed", "CANARY-2"]),
        Action::ChangeEmail => json!(["ann@example.test", "other@example.test", true]),
        Action::ChangeUsername => json!(["typed", "anna"]),
        Action::ChangePhoneNumber => json!(["typed", "+442079460001", true]),
        Action::Delete => json!(["1"]),
        Action::JoinOrganization | Action::LeaveOrganization => panic!("Auth0 does not ask this"),
    }
}

/// A case for the sandbox: a script, its arguments, and what answers it.
pub(crate) fn case(script: &str, arguments: &Value, replies: &Value) -> Value {
    json!({ "script": script, "args": arguments, "replies": replies, "token": TOKEN })
}

/// A reply with a JSON body.
pub(crate) fn reply(status: u16, media_type: &str, body: &Value) -> Value {
    json!({ "status": status, "headers": { "content-type": media_type }, "body": body.to_string() })
}

/// Runs all cases at once, and answers what came of each.
pub(crate) fn run(cases: &[Value]) -> Vec<Value> {
    let sandbox = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/sandbox.js");
    let mut child = Command::new("node")
        .arg(sandbox)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node is not there: tests/run installs it");
    let mut input = child.stdin.take().unwrap();
    let text = Value::from(cases.to_vec()).to_string();
    let writing = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let results: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results.len(), cases.len());
    results
}

/// The one call of the callback, in the words of `table.md`; the error's texts whole.
pub(crate) fn told(result: &Value) -> String {
    let calls = result["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 1, "the callback is called exactly once: {result}");
    assert_eq!(result["globals"], true, "a script leaves nothing behind: {result}");
    let call = &calls[0];
    if call["error"].is_null() {
        return call.get("result").map_or_else(|| "null".to_owned(), Value::to_string);
    }
    assert!(call.get("result").is_none(), "{result}");
    let with: Vec<String> = call["error"]["with"]
        .as_array()
        .unwrap()
        .iter()
        .map(|term| term.as_str().map_or_else(|| term.to_string(), str::to_owned))
        .collect();
    let letter = match call["error"]["kind"].as_str().unwrap() {
        "WrongUsernameOrPasswordError" => "W",
        "ValidationError" => "V",
        "UnauthorizedError" => "U",
        _ => "E",
    };
    format!("{letter}({})", with.join(", "))
}

/// The actions that were asked for, in order.
pub(crate) fn asked(result: &Value) -> Vec<String> {
    let requests = result["requests"].as_array().unwrap();
    requests
        .iter()
        .map(|request| request["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect()
}
