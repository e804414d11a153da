//! Invitations: an account whose password nobody learns, and the request that makes Auth0 send its mail.

use crate::commands::{run, said};
use crate::daemon::{Folder, preamble};
use crate::database::Database;
use crate::users::{self, Statements, configuration};
use serde_json::{Value, json};

#[test]
fn an_invited_account_has_a_password_that_nobody_knows() {
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        let daemon = users::daemon(&database, "", &Statements::all());
        let invite = json!({ "email": "eve@example.test", "invite": true });
        let made = daemon.ask("customers", "create", &invite).expect(201, "ok");
        assert_eq!(made["user"]["email_verified"], false);
        let stored = database.run("SELECT password FROM users WHERE email = 'eve@example.test'");
        assert!(stored.starts_with("$2b$12$"), "{stored}");
        for guess in ["", "invite", "true", "null"] {
            let guess = json!({ "identifier": "eve@example.test", "password": guess });
            daemon.ask("customers", "login", &guess).expect(403, "invalid_credentials");
        }
        // The mail leads to change_password, and that is how the user gets in.
        let chosen = json!({ "email": "eve@example.test", "new_password": "CANARY-chosen-1" });
        daemon.ask("customers", "change_password", &chosen).expect(200, "ok");
        let login = json!({ "identifier": "eve@example.test", "password": "CANARY-chosen-1" });
        daemon.ask("customers", "login", &login).expect(200, "ok");
        daemon.ask("customers", "create", &invite).expect(409, "user_exists");
        for (wrong, pointer) in [
            (json!({ "email": "a@example.test", "password": "CANARY-1", "invite": true }), "/invite"),
            (json!({ "email": "a@example.test", "invite": false }), "/password"),
            (json!({ "email": "a@example.test" }), "/password"),
            (json!({ "email": "a@example.test", "invite": "yes" }), "/invite"),
        ] {
            let told = daemon.ask("customers", "create", &wrong).expect(400, "malformed_request");
            assert_eq!(told["pointer"], pointer, "{wrong}");
        }
    }
}

/// Whatever the scheme makes count of a password, the random one fits; and where the store hashes, it gets one in clear.
#[test]
fn every_scheme_and_a_store_that_hashes_take_the_random_password() {
    for (scheme, write) in
        [("bcrypt", ":password_hash"), ("hex_sha256", ":password_hash"), ("store", "'{' || :password || '}'")]
    {
        let database = Database::postgres();
        users::fill(&database, users::key(&database), "UNIQUE");
        let create = format!(
            "INSERT INTO users (email, username, email_verified, password) \
             VALUES (:email, :username, :email_verified, {write}) RETURNING id AS user_id"
        );
        let change = format!("UPDATE users SET password = {write} WHERE id = :user_id");
        let statements = Statements::all().with("create", &create).with("change_password", &change);
        let folder = Folder::new();
        let text = preamble(&folder)
            + &configuration(&database, &database.store(&folder), "", &statements)
                .replace("accept = [\"bcrypt\"]", "accept = [\"bcrypt\", \"hex_sha256\"]")
                .replace("write = \"bcrypt\"", &format!("write = \"{scheme}\""));
        let config = folder.write("config.toml", &text);
        let output = run(&["invite", "eve@example.test", "--config", config.to_str().unwrap()], "");
        assert_eq!(output.status.code(), Some(0), "{scheme}: {}", said(&output));
        let stored = database.run("SELECT password FROM users WHERE email = 'eve@example.test'");
        assert!(!stored.is_empty(), "{scheme}");
        let clear = stored.trim_matches(['{', '}']);
        assert!(!said(&output).contains(clear), "{scheme}: it turns up nowhere: {}", said(&output));
    }
}

#[test]
fn the_command_prints_the_request_of_the_mail() {
    let database = Database::sqlite();
    users::fill(&database, users::key(&database), "UNIQUE");
    let folder = Folder::new();
    let text =
        preamble(&folder) + &configuration(&database, &database.store(&folder), "", &Statements::all());
    let config = folder.write("config.toml", &text);
    let invite = |arguments: &[&str]| {
        let config = ["--config", config.to_str().unwrap()];
        run(&[&["invite"], arguments, &config[..]].concat(), "")
    };
    let auth0 = ["--auth0", "acme.eu.auth0.com", "--client-id", "7XqExampleClient"];
    let output = invite(&[&["o'brien@example.test"], &auth0[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let line = String::from_utf8(output.stdout).unwrap();
    // A shell reads it as the one request that it is.
    let typed = std::process::Command::new("sh")
        .args(["-c", &line.replacen("curl ", "printf '%s\\n' ", 1)])
        .output()
        .unwrap();
    let words = String::from_utf8(typed.stdout).unwrap();
    assert!(words.contains("https://acme.eu.auth0.com/dbconnections/change_password\n"), "{words}");
    let body: Value = serde_json::from_str(words.lines().last().unwrap()).unwrap();
    let expected = json!({
        "client_id": "7XqExampleClient", "email": "o'brien@example.test", "connection": "customers",
    });
    assert_eq!(body, expected);
    let again = invite(&["o'brien@example.test"]);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    assert!(said(&again).contains("nothing was changed"), "{}", said(&again));
    let json = invite(&[&["eve@example.test", "--json"], &auth0[..]].concat());
    let told: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (&told["user_id"], &told["request"]["body"]["email"]),
        (&json!("3"), &json!("eve@example.test"))
    );
    // A store that keeps no organizations can't begin an account in one: nothing is made.
    let nowhere = invite(&["joe@example.test", "--organization", "acme"]);
    assert_eq!(nowhere.status.code(), Some(1), "{}", said(&nowhere));
    assert!(said(&nowhere).contains(":organization"), "{}", said(&nowhere));
    assert_eq!(database.run("SELECT count(*) FROM users"), "3");
    for wrong in
        [&["eve"][..], &["x@example.test", "--auth0", "https://a.b"], &["x@example.test", "--auth0", "a.b"]]
    {
        assert_eq!(invite(wrong).status.code(), Some(64), "{wrong:?}: {}", said(&invite(wrong)));
    }
}
