//! MariaDB and MySQL behind the built daemon: who a name is whatever a collation folds, and every action over TLS.

use crate::daemon::{Daemon, Folder};
use crate::database::Database;
use crate::users::{self, COLUMNS, HASH, Statements};
use serde_json::{Value, json};

fn servers() -> [Database; 2] {
    [Database::mariadb(), Database::mysql()]
}

/// The usual statements; there is no RETURNING on MySQL.
fn statements() -> Statements {
    let insert = "INSERT INTO users (email, username, email_verified, password) \
                  VALUES (:email, :username, :email_verified, :password_hash)";
    Statements::all().with("create", &format!("[\"{insert}\", \"SELECT LAST_INSERT_ID() AS user_id\"]")).with(
        "list",
        &format!("SELECT {COLUMNS} FROM users WHERE :after IS NULL OR id > :after ORDER BY id LIMIT :limit"),
    )
}

#[test]
fn every_action_goes_over_verified_tls() {
    for database in servers() {
        users::fill(&database, users::key(&database), "UNIQUE");
        let folder = Folder::new();
        let Database::MySql(own) = &database else { unreachable!() };
        let store = database.store_behind(own.port(), &folder);
        let text = users::configuration(&database, &store, "", &statements()) + "deadline_ms = 20000\n";
        let daemon = Daemon::start_in(folder, &text);
        daemon.wait_until_ready();
        let ask = |action: &str, body: Value| daemon.ask("customers", action, &body);
        let login =
            |name: &str, password: &str| ask("login", json!({ "identifier": name, "password": password }));
        login("ann", "CANARY-right-1").expect(200, "ok");
        login("ann", "CANARY-right-2").expect(403, "invalid_credentials");
        login("nobody", "CANARY-right-1").expect(403, "invalid_credentials");
        let new = json!({ "email": "bob@example.test", "username": "bob", "password": "CANARY-1" });
        assert_eq!(ask("create", new.clone()).expect(201, "ok")["user"]["user_id"], "2");
        assert_eq!(ask("create", new).expect(409, "user_exists")["field"], "email");
        for _ in 0..2 {
            let verified = ask("verify", json!({ "email": "bob@example.test" })).expect(200, "ok");
            assert_eq!(verified["user"]["email_verified"], true);
        }
        ask("change_email", json!({ "username": "bob", "new_email": "rob@example.test" })).expect(200, "ok");
        ask("change_username", json!({ "user_id": "2", "new_username": "rob" })).expect(200, "ok");
        ask("change_password", json!({ "username": "rob", "new_password": "CANARY-2" })).expect(200, "ok");
        login("rob@example.test", "CANARY-2").expect(200, "ok");
        assert_eq!(ask("delete", json!({ "username": "rob" })).expect(200, "ok"), json!({ "deleted": true }));
        assert_eq!(
            ask("delete", json!({ "username": "rob" })).expect(200, "ok"),
            json!({ "deleted": false })
        );
        assert_eq!(database.run("SELECT group_concat(username) FROM users"), "ann");
    }
}

/// What each collation finds is one thing, who it is another: letter case of ASCII, and nothing else.
#[test]
fn what_a_collation_folds_is_nobody() {
    for database in servers() {
        for collation in ["utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_bin"] {
            database.run("DROP TABLE IF EXISTS users");
            database.run(&format!(
                "CREATE TABLE users (id integer PRIMARY KEY, email varchar(100), username varchar(100), email_verified boolean,
                                     password varchar(100), blocked boolean) CHARACTER SET utf8mb4 COLLATE {collation};
                 INSERT INTO users VALUES (1, 'mike@example.org', 'mike', TRUE, '{HASH}', FALSE),
                                          (2, 'strasse@example.org', 'strasse', TRUE, '{HASH}', FALSE)"
            ));
            let find =
                format!("SELECT {COLUMNS} FROM users WHERE email = :identifier OR username = :identifier");
            let daemon = users::daemon(&database, "", &statements().with("get_user", &find));
            let login = |name: Value| {
                daemon.ask("customers", "login", &json!({ "identifier": name, "password": "CANARY-right-1" }))
            };
            for name in ["mike@example.org", "strasse@example.org", "mike"] {
                login(json!(name)).expect(200, "ok");
            }
            for name in [
                "m\u{131}ke@example.org",
                "m\u{ec}ke@example.org",
                "mi\u{212a}e@example.org",
                "stra\u{df}e@example.org",
                "mike@example.org   ",
                " mike@example.org",
                "mike ",
                "MIKE",
                "m\u{131}ke",
                "mike\u{200b}",
                "\u{ff4d}ike",
                "0",
                "false",
            ] {
                let told = login(json!(name)).expect(403, "invalid_credentials");
                assert!(told["user_id"].is_null(), "{collation}: {name:?} is {told}");
                daemon
                    .ask("customers", "get_user", &json!({ "identifier": name }))
                    .expect(404, "user_not_found");
            }
            if collation != "utf8mb4_bin" {
                assert_eq!(
                    login(json!("MIKE@EXAMPLE.ORG")).expect(200, "ok")["user"]["email"],
                    "mike@example.org"
                );
            }
            // To a database that is given them, each of these would match every row.
            for name in
                [json!(0), json!(false), json!(true), json!(null), json!(["mike"]), json!({ "email": 1 })]
            {
                login(name).expect(400, "malformed_request");
            }
        }
    }
}

#[test]
fn an_account_of_another_letter_case_or_accent_exists_where_the_table_says_so() {
    for database in servers() {
        users::fill(&database, users::key(&database), "UNIQUE");
        let daemon = users::daemon(&database, "", &statements());
        let create = |name: &str| {
            daemon.ask("customers", "create", &json!({ "username": name, "password": "CANARY-1" }))
        };
        // The table's constraint folds more than the connection's rule; the store has the last word.
        for name in ["ANN", "Änn", "ánn"] {
            let refused = create(name);
            assert!([409, 422].contains(&refused.status), "{name}: {}", refused.text);
        }
        assert_eq!(database.run("SELECT count(*) FROM users"), "1");
        create("anna").expect(201, "ok");
    }
}

#[test]
fn check_connect_finds_what_only_the_server_shows() {
    for database in servers() {
        users::fill(&database, users::key(&database), "UNIQUE");
        let check = |statements: &Statements| {
            let (_folder, config) = crate::commands::configured(&database, statements);
            let output = crate::commands::run(&["check", "--config", &config, "--connect"], "");
            (output.status.code(), crate::commands::said(&output))
        };
        let (code, said) = check(&statements());
        assert_eq!(code, Some(0), "{said}");
        for (key, text, told) in [
            (
                "get_user",
                format!("SELECT {COLUMNS}, 1 AS shoe_size FROM users WHERE email = :identifier"),
                "shoe_size",
            ),
            ("get_user", format!("SELECT {COLUMNS} FROM uzers WHERE email = :identifier"), "uzers"),
            ("verify", "UPDATE users SET verifyed = TRUE WHERE id = :user_id".to_owned(), "verifyed"),
        ] {
            let (code, said) = check(&statements().with(key, &text));
            assert_eq!(code, Some(78), "{told}: {said}");
            assert!(said.contains(told), "{told}: {said}");
        }
    }
}
