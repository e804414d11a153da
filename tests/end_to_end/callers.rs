//! Who may call, and what each caller learns.

use crate::daemon::{Daemon, Folder, TOKEN};
use serde_json::json;

const NARROW: &str = "CANARY-narrow-token-4711";

/// Two callers: one with everything, one for a single connection and two actions.
fn daemon() -> Daemon {
    let folder = Folder::new();
    let (all, narrow) =
        (folder.write("all", &format!("CANARY-older-token-0815\n{TOKEN}\n")), folder.write("narrow", NARROW));
    let text = format!(
        r#"
[server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[callers.all]
bearer.file = "{}"
[callers.narrow]
bearer.file = "{}"
connections = ["customers"]
actions = ["login", "get_user"]
[stores.memory.people]
[[stores.memory.people.accounts]]
user_id = "1"
email = "ann@example.test"
password = "!"
[stores.memory.people.passwords]
write = "bcrypt"
[connections.customers]
store = "people"
user_id_prefix = "a"
[connections.staff]
store = "people"
user_id_prefix = "b"
"#,
        all.display(),
        narrow.display()
    );
    Daemon::start_whole(folder, &text)
}

#[test]
fn nobody_without_a_token_learns_anything() {
    let daemon = daemon();
    let first = daemon
        .post("/v1/customers/get_user", "CANARY-wrong-token-00000", b"{}")
        .expect(401, "caller_unauthenticated");
    for (path, token) in [
        ("/v1/nowhere/get_user", "CANARY-wrong-token-00000"),
        ("/v1/customers/nothing", ""),
        ("/v1/customers/login", "sha256:00"),
    ] {
        let answer = daemon.post(path, token, b"not even json");
        let mut same = answer.expect(401, "caller_unauthenticated");
        same["request_id"] = first["request_id"].clone();
        assert_eq!(same, first, "{path}");
        assert!(answer.head.to_lowercase().contains("www-authenticate: bearer"), "{}", answer.head);
    }
}

#[test]
fn every_line_of_the_token_file_counts() {
    let daemon = daemon();
    for token in ["CANARY-older-token-0815", TOKEN] {
        let body = json!({ "email": "ann@example.test" }).to_string();
        daemon.post("/v1/customers/get_user", token, body.as_bytes()).expect(200, "ok");
    }
}

#[test]
fn a_caller_is_held_to_its_connections_and_actions() {
    let daemon = daemon();
    let body = json!({ "email": "ann@example.test" }).to_string();
    daemon.post("/v1/customers/get_user", NARROW, body.as_bytes()).expect(200, "ok");
    daemon.post("/v1/staff/get_user", NARROW, body.as_bytes()).expect(403, "caller_forbidden");
    daemon.post("/v1/nowhere/get_user", NARROW, body.as_bytes()).expect(403, "caller_forbidden");
    daemon.post("/v1/customers/verify", NARROW, body.as_bytes()).expect(403, "caller_forbidden");
    daemon.post("/v1/customers/nothing", NARROW, body.as_bytes()).expect(404, "unknown_action");
    daemon.post("/v1/nowhere/get_user", TOKEN, body.as_bytes()).expect(404, "unknown_connection");
}

#[test]
fn only_a_caller_that_may_know_accounts_is_told_whose_password_was_wrong() {
    let daemon = daemon();
    let login = |name: &str| {
        let body = json!({ "identifier": name, "password": "CANARY-1" }).to_string();
        daemon.post("/v1/customers/login", NARROW, body.as_bytes()).expect(403, "invalid_credentials")
    };
    let (known, unknown) = (login("ann@example.test"), login("nobody@example.test"));
    assert!(known.get("user_id").is_none() && unknown.get("user_id").is_none(), "{known}");
    assert_eq!(known["title"], unknown["title"]);
}

#[test]
fn only_a_caller_that_may_verify_can_say_that_an_address_is_proven() {
    let daemon = daemon();
    let body = json!({ "email": "new@example.test", "password": "CANARY-1", "email_verified": true });
    let made = daemon.ask("customers", "create", &body).expect(201, "ok");
    assert_eq!(made["user"]["email_verified"], false);
    let body = json!({ "email": "new@example.test", "new_password": "CANARY-2", "email_verified": true });
    daemon.ask("customers", "change_password", &body).expect(403, "caller_forbidden");
    let login = json!({ "identifier": "new@example.test", "password": "CANARY-1" });
    daemon.ask("customers", "login", &login).expect(200, "ok");
}
