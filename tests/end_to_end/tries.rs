//! `try`: one action from the shell, explained so that an operator understands what happened.

use crate::commands::{configured, run};
use crate::daemon::{Folder, preamble};
use crate::database::Database;
use crate::users::{self, Statements};
use serde_json::{Value, json};
use std::process::Output;

/// What is explained, and then the answer: two streams, the explanation first.
fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout))
}

/// Fails unless all of these stand in the text, one after the other.
#[track_caller]
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => panic!("no {part:?} in its place in:\n{text}"),
        }
    }
}

#[test]
fn try_login_explains_and_tells_no_secret() {
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        let (_folder, config) = configured(&database, &Statements::all());
        let output = run(&["try", "login", "ann@example.test", "--config", &config], "CANARY-right-1\n");
        let said = said(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        // Which statement, how many rows, which mapping, which candidate, which scheme, how long.
        let parts = [
            "asks the store users",
            "statements.get_user found 1 row",
            "Columns of the profile: user_id, email, username, email_verified",
            "never sent: password_hash, blocked",
            "1 candidate by identifier",
            "one candidate has it as written",
            "scheme bcrypt",
            "it is right",
            "standing: ok",
            "answered with 200",
            "\"user_id\"",
        ];
        in_order(&said, &parts);
        assert!(!said.contains("CANARY") && !said.contains("$2b$"), "{said}");
        let wrong = run(&["try", "login", "ann@example.test", "--config", &config], "CANARY-wrong\n");
        assert_eq!(wrong.status.code(), Some(1), "{}", self::said(&wrong));
        in_order(&self::said(&wrong), &["as written", "it is wrong", "invalid_credentials"]);
        let unknown = run(&["try", "login", "nobody@example.test", "--config", &config], "CANARY-wrong\n");
        assert_eq!(unknown.status.code(), Some(1), "{}", self::said(&unknown));
        let parts = ["found no row", "no candidate has it", "no hash to compare with", "invalid_credentials"];
        in_order(&self::said(&unknown), &parts);
    }
}

#[test]
fn try_explains_a_write_from_the_search_to_the_commit() {
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        let (_folder, config) = configured(&database, &Statements::all());
        let renew = ["try", "change_password", "--email", "ann@example.test", "--config", &config];
        let output = run(&renew, "CANARY-new-1\n");
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let parts = [
            "statements.get_user found 1 row",
            "1 candidate by email",
            "The new password was hashed (scheme bcrypt)",
            "statements.change_password touched 1 row",
            "Read back: statements.get_user_by_id found 1 row",
            "shows what was asked, so the transaction is committed",
            "answered with 200",
        ];
        in_order(&said(&output), &parts);
        assert!(!said(&output).contains("CANARY") && !said(&output).contains("$2b$"), "{}", said(&output));
        let taken = run(&["try", "create", "--email", "ann@example.test", "--config", &config], "CANARY-2\n");
        assert_eq!(taken.status.code(), Some(1), "{}", said(&taken));
        in_order(
            &said(&taken),
            &["rolled back: nothing was changed", "409 user_exists", "\"field\": \"email\""],
        );
    }
}

/// What is broken, and where the operator looks next.
#[test]
fn try_says_what_is_broken_and_ends_with_its_code() {
    let database = Database::sqlite();
    users::fill(&database, users::key(&database), "UNIQUE");
    let bad = Statements::all().with("verify", "UPDATE users SET proven = true WHERE id = :user_id");
    let (_folder, config) = configured(&database, &bad);
    let output = run(&["try", "verify", "ann@example.test", "--config", &config], "");
    assert_eq!(output.status.code(), Some(78), "{}", said(&output));
    in_order(&said(&output), &["store_misconfigured", "For the operator alone", "check --connect"]);
    let (_folder, config) =
        configured(&database, &Statements::all().with("delete", "DELETE FROM users WHERE id = :user_id"));
    let change = ["try", "change_phone_number", "--user-id", "1", "--new", "+4912345", "--config", &config];
    let output = run(&change, "");
    assert_eq!(output.status.code(), Some(78), "{}", said(&output));
    in_order(&said(&output), &["action_not_supported", "docs/statements.md"]);
    let folder = Folder::new();
    let store = format!("[stores.sqlite.users]\npath = \"{}\"\n", folder.path().join("nowhere.db").display());
    let text = preamble(&folder) + &users::configuration(&database, &store, "", &Statements::all());
    let down = folder.write("config.toml", &text);
    let output = run(&["try", "get_user", "ann@example.test", "--config", down.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
    in_order(&said(&output), &["503 store_unavailable", "For the operator alone"]);
}

#[test]
fn try_runs_every_action_and_answers_json_for_scripts() {
    let database = Database::sqlite();
    users::fill(&database, users::key(&database), "UNIQUE");
    let (_folder, config) = configured(&database, &Statements::all());
    let json = |arguments: &[&str], input: &str| -> Value {
        let output = run(&[&["try"], arguments, &["--json", "--config", &config]].concat(), input);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {}", said(&output)))
    };
    let made = json(&["create", "--email", "new@example.test", "--set", "username=new"], "CANARY-1\n");
    assert_eq!(made["status"], 201, "{made}");
    let id = made["body"]["user"]["user_id"].as_str().unwrap();
    assert_eq!(json(&["get_user", "--user-id", id], "")["status"], 200);
    assert_eq!(json(&["verify", "--email", "new@example.test"], "")["body"]["email_verified"], true);
    assert_eq!(json(&["change_password", "--user-id", id], "CANARY-2\n")["status"], 200);
    assert_eq!(json(&["change_email", "--user-id", id, "--new", "other@example.test"], "")["status"], 200);
    assert_eq!(json(&["change_username", "--user-id", id, "--new", "other"], "")["status"], 200);
    assert_eq!(json(&["login", "other"], "CANARY-2\n")["status"], 200);
    assert_eq!(json(&["delete", "--user-id", id], "")["body"], json!({ "deleted": true }));
    let gone = run(&["try", "get_user", "--user-id", id, "--config", &config], "");
    assert_eq!(gone.status.code(), Some(1));
}
