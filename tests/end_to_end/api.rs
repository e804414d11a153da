//! The nine actions over HTTP, on the reference adapter: requests, answers, standings, statuses and codes.

use crate::daemon::Daemon;
use serde_json::{Value, json};

/// bcrypt of cost 4 of `CANARY-right-1`, made by the crypt(3) of libxcrypt.
const HASH: &str = "$2b$04$abcdefghijklmnopqrstuucH10QKEi9CX5V8vsgdSbRL2pqz1QSVO";

fn store() -> String {
    store_with("")
}

fn store_with(more: &str) -> String {
    format!(
        r#"
[stores.memory.people]
[stores.memory.people.passwords]
accept = ["bcrypt"]
write = "bcrypt"
[connections.customers]
store = "people"
user_id_prefix = "crm"
{more}
"#
    )
}

/// Makes a user and answers its id.
fn make(daemon: &Daemon, email: &str, username: &str) -> String {
    let body =
        json!({ "email": email, "username": username, "password": "CANARY-right-1", "given_name": "Ann" });
    let made = daemon.ask("customers", "create", &body).expect(201, "ok");
    made["user"]["user_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_user_is_made_signs_in_changes_and_goes() {
    let daemon = Daemon::start_ready(&store());
    let id = make(&daemon, "ann@example.test", "ann");
    assert!(id.starts_with("crm|"), "{id}");
    let login = |name: &str, password: &str| {
        daemon.ask("customers", "login", &json!({ "identifier": name, "password": password }))
    };
    let signed_in = login("ann@example.test", "CANARY-right-1").expect(200, "ok");
    assert_eq!(signed_in["standing"], "ok");
    assert_eq!(signed_in["user"]["email_verified"], false);
    assert_eq!(signed_in["user"]["given_name"], "Ann");
    login("ANN@example.test", "CANARY-right-1").expect(200, "ok");
    login("ann", "CANARY-right-1").expect(200, "ok");
    login("Ann", "CANARY-right-1").expect(403, "invalid_credentials");

    let verified =
        daemon.ask("customers", "verify", &json!({ "email": "ann@example.test" })).expect(200, "ok");
    assert_eq!(
        (&verified["email_verified"], &verified["user"]["email_verified"]),
        (&json!(true), &json!(true))
    );
    daemon.ask("customers", "verify", &json!({ "email": "ann@example.test" })).expect(200, "ok");

    let changed =
        daemon.ask("customers", "change_password", &json!({ "user_id": id, "new_password": "CANARY-new-1" }));
    assert!(changed.expect(200, "ok")["changed_at"].as_str().unwrap().ends_with('Z'));
    login("ann", "CANARY-right-1").expect(403, "invalid_credentials");
    login("ann", "CANARY-new-1").expect(200, "ok");

    let changed = daemon
        .ask("customers", "change_email", &json!({ "user_id": id, "new_email": "ann.lee@example.test" }))
        .expect(200, "ok");
    assert_eq!(changed["user"]["email_verified"], false, "another address is another proof");
    let body = json!({ "user_id": id, "new_email": "ann.lee@example.test", "verified": true });
    assert_eq!(
        daemon.ask("customers", "change_email", &body).expect(200, "ok")["user"]["email_verified"],
        true
    );
    daemon
        .ask("customers", "change_username", &json!({ "user_id": id, "new_username": "lee" }))
        .expect(200, "ok");
    let body = json!({ "user_id": id, "new_phone_number": "+4930123456", "verified": true });
    daemon.ask("customers", "change_phone_number", &body).expect(200, "ok");
    login("+4930123456", "CANARY-new-1").expect(200, "ok");

    for lookup in [
        json!({ "user_id": id }),
        json!({ "identifier": "lee" }),
        json!({ "email": "Ann.Lee@example.test" }),
        json!({ "username": "lee" }),
        json!({ "phone_number": "+4930123456" }),
    ] {
        assert_eq!(
            daemon.ask("customers", "get_user", &lookup).expect(200, "ok")["user"]["user_id"],
            id,
            "{lookup}"
        );
    }
    let gone = daemon.ask("customers", "delete", &json!({ "user_id": id })).expect(200, "ok");
    assert_eq!(gone, json!({ "deleted": true }));
    let gone = daemon.ask("customers", "delete", &json!({ "user_id": id })).expect(200, "ok");
    assert_eq!(gone, json!({ "deleted": false }));
    daemon.ask("customers", "get_user", &json!({ "user_id": id })).expect(404, "user_not_found");
}

#[test]
fn each_standing_is_told_after_the_right_password_only() {
    let accounts: String = ["blocked", "locked", "restricted", "password_expired"]
        .iter()
        .enumerate()
        .map(|(id, standing)| {
            format!("[[stores.memory.people.accounts]]\nuser_id = \"{id}\"\nusername = \"{standing}\"\npassword = \"{HASH}\"\n{standing} = true\n")
        })
        .collect();
    let daemon = Daemon::start_ready(&(store() + &accounts));
    for (standing, code, may_change) in [
        ("blocked", "user_blocked", false),
        ("locked", "user_locked", true),
        ("restricted", "user_restricted", true),
        ("password_expired", "password_expired", true),
    ] {
        let login = |password: &str| {
            daemon.ask("customers", "login", &json!({ "identifier": standing, "password": password }))
        };
        login("CANARY-wrong").expect(403, "invalid_credentials");
        let barred = login("CANARY-right-1").expect(403, code);
        assert!(barred["user_id"].as_str().unwrap().starts_with("crm|"), "{barred}");
        let known = daemon.ask("customers", "get_user", &json!({ "username": standing })).expect(200, "ok");
        assert_eq!(known["standing"], standing);
        let change = json!({ "username": standing, "new_password": "CANARY-new-1" });
        let changed = daemon.ask("customers", "change_password", &change);
        if may_change {
            changed.expect(200, "ok");
        } else {
            changed.expect(403, code);
        }
    }
    let login = json!({ "identifier": "password_expired", "password": "CANARY-new-1" });
    daemon.ask("customers", "login", &login).expect(200, "ok");
}

#[test]
fn who_exists_already_is_told_with_the_field() {
    let daemon = Daemon::start_ready(&store());
    make(&daemon, "ann@example.test", "ann");
    let other = make(&daemon, "bob@example.test", "bob");
    let create = |email: &str, username: &str| {
        daemon.ask(
            "customers",
            "create",
            &json!({ "email": email, "username": username, "password": "CANARY-1" }),
        )
    };
    assert_eq!(create("ann@example.test", "new").expect(409, "user_exists")["field"], "email");
    assert_eq!(create("new@example.test", "ann").expect(409, "user_exists")["field"], "username");
    let taken = json!({ "user_id": other, "new_email": "ann@example.test" });
    assert_eq!(daemon.ask("customers", "change_email", &taken).expect(409, "user_exists")["field"], "email");
    let own = json!({ "user_id": other, "new_email": "bob@example.test" });
    daemon.ask("customers", "change_email", &own).expect(200, "ok");
}

#[test]
fn new_passwords_and_names_have_rules() {
    let daemon = Daemon::start_ready(&store());
    let id = make(&daemon, "ann@example.test", "ann");
    let long = "CANARY".repeat(13);
    for (password, reason) in [
        ("", "malformed"),
        ("CANARY\0", "malformed"),
        (&*long, "too_long"),
        (&*"CANARY".repeat(200), "too_long"),
    ] {
        let body = json!({ "user_id": id, "new_password": password });
        let refused = daemon.ask("customers", "change_password", &body).expect(400, "invalid_password");
        assert_eq!(refused["reason"], reason);
        assert!(refused["detail"].is_string() && refused["rules"].is_array(), "{refused}");
        let body = json!({ "email": "new@example.test", "password": password });
        daemon.ask("customers", "create", &body).expect(400, "invalid_password");
    }
    // 72 bytes are what bcrypt reads, and they are all read.
    let body = json!({ "user_id": id, "new_password": long.get(..72) });
    daemon.ask("customers", "change_password", &body).expect(200, "ok");
    for name in ["ann@example.test", "+4930123456", "", "\0"] {
        let body = json!({ "user_id": id, "new_username": name });
        daemon.ask("customers", "change_username", &body).expect(400, "invalid_username");
    }
}

#[test]
fn a_value_that_can_be_no_identifier_is_told_with_its_member() {
    let daemon = Daemon::start_ready(&store());
    let id = make(&daemon, "ann@example.test", "ann");
    let long = "é".repeat(257);
    for value in ["", "a\0b", &*long] {
        for (action, member) in [
            ("create", "email"),
            ("create", "phone_number"),
            ("change_email", "new_email"),
            ("change_phone_number", "new_phone_number"),
        ] {
            let mut body =
                if action == "create" { json!({ "password": "CANARY-1" }) } else { json!({ "user_id": id }) };
            body[member] = value.into();
            let refused = daemon.ask("customers", action, &body).expect(400, "malformed_request");
            assert_eq!(refused["pointer"], format!("/{member}"), "{action}");
        }
    }
}

/// An address that reads as somebody's name would be found beside that somebody, and two candidates let nobody in.
#[test]
fn nobody_is_locked_out_by_an_address_or_a_number_that_reads_as_their_name() {
    let daemon = Daemon::start_ready(&store());
    make(&daemon, "ann@example.test", "ann");
    let other = make(&daemon, "bob@example.test", "bob");
    for member in ["email", "phone_number"] {
        let mut body = json!({ "password": "CANARY-1" });
        body[member] = json!("ann");
        let refused = daemon.ask("customers", "create", &body).expect(400, "malformed_request");
        assert_eq!(refused["pointer"], format!("/{member}"));
        let mut body = json!({ "user_id": other });
        body[format!("new_{member}")] = json!("ann");
        daemon.ask("customers", &format!("change_{member}"), &body).expect(400, "malformed_request");
    }
    let login = json!({ "identifier": "ann", "password": "CANARY-right-1" });
    daemon.ask("customers", "login", &login).expect(200, "ok");
}

#[test]
fn an_id_of_another_connection_names_nobody_here() {
    let daemon = Daemon::start_ready(&store_with(
        "[connections.staff]\nstore = \"people\"\nuser_id_prefix = \"hr\"\n",
    ));
    let id = make(&daemon, "ann@example.test", "ann");
    let elsewhere = id.replace("crm|", "hr|");
    daemon.ask("staff", "get_user", &json!({ "user_id": elsewhere })).expect(200, "ok");
    for foreign in [&*elsewhere, id.trim_start_matches("crm|"), "crm", "|1", ""] {
        for action in ["get_user", "delete"] {
            daemon.ask("customers", action, &json!({ "user_id": foreign })).expect(404, "user_not_found");
        }
    }
    daemon.ask("customers", "get_user", &json!({ "user_id": id })).expect(200, "ok");
}

#[test]
fn what_a_store_does_not_offer_is_told_as_such() {
    let daemon = Daemon::start_ready(
        &store().replace("people]\n", "people]\nabilities = []\nidentifiers = [\"email\"]\n"),
    );
    for (action, body) in [
        ("create", json!({ "email": "a@example.test", "password": "CANARY-1" })),
        ("verify", json!({ "email": "a@example.test" })),
        ("change_password", json!({ "email": "a@example.test", "new_password": "CANARY-1" })),
        ("change_email", json!({ "email": "a@example.test", "new_email": "b@example.test" })),
        ("change_username", json!({ "email": "a@example.test", "new_username": "b" })),
        ("change_phone_number", json!({ "email": "a@example.test", "new_phone_number": "+491" })),
        ("delete", json!({ "email": "a@example.test" })),
        ("get_user", json!({ "username": "a" })),
    ] {
        daemon.ask("customers", action, &body).expect(501, "action_not_supported");
    }
    daemon.ask("customers", "get_user", &json!({ "email": "a@example.test" })).expect(404, "user_not_found");
}

#[test]
fn a_hash_that_can_not_be_read_is_no_wrong_password() {
    let stored = [
        (
            "costly",
            "$2b$31$abcdefghijklmnopqrstuuxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            500,
            "unusable_stored_password",
        ),
        ("clear", "CANARY-right-1", 500, "unusable_stored_password"),
        ("unknown", "$9$what", 500, "unusable_stored_password"),
        ("locked", "!", 403, "invalid_credentials"),
        ("starred", "*", 403, "invalid_credentials"),
        ("fine", HASH, 200, "ok"),
    ];
    let accounts: String = stored
        .iter()
        .map(|(name, hash, ..)| {
            format!("[[stores.memory.people.accounts]]\nuser_id = \"{name}\"\nusername = \"{name}\"\npassword = \"{hash}\"\n")
        })
        .collect();
    let daemon = Daemon::start_ready(&(store() + &accounts));
    for (name, _, status, code) in stored {
        let body = json!({ "identifier": name, "password": "CANARY-right-1" });
        daemon.ask("customers", "login", &body).expect(status, code);
    }
}

/// The problem document is RFC 9457, and the request id is the caller's when it is plain.
#[test]
fn a_problem_document_carries_the_request_id() {
    let daemon = Daemon::start_ready(&store());
    let body = br#"{"user_id": "crm|0"}"#;
    let request = format!(
        "POST /v1/customers/get_user HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {}\r\nx-request-id: my-id.7\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        crate::daemon::TOKEN,
        body.len()
    );
    let answer = daemon.raw(&[request.as_bytes(), body].concat());
    let document: Value = answer.expect(404, "user_not_found");
    assert_eq!((&document["status"], &document["request_id"]), (&json!(404), &json!("my-id.7")));
    assert!(document["title"].is_string());
    let head = answer.head.to_lowercase();
    assert!(head.contains("x-request-id: my-id.7") && head.contains("cache-control: no-store"), "{head}");
}
