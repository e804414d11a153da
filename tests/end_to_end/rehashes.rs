//! `rehash_on_login`: a right password replaces an older hash, and whatever becomes of that, the login succeeds.

use crate::commands::{run, said};
use crate::daemon::{Daemon, Folder, preamble};
use crate::database::Database;
use crate::users::{self, HASH, Statements, configuration};
use serde_json::json;

/// SHA-256 of `CANARY-right-1` in hexadecimal.
const DIGEST: &str = "0d0bce2508e56bb9ac92e1fdab211c57be038714c696a348d77a6a344674f6fd";

const REHASH: &str =
    "UPDATE users SET password = :password_hash WHERE id = :user_id AND password = :old_password_hash";

fn text(database: &Database, folder: &Folder, statements: &Statements) -> String {
    configuration(database, &database.store(folder), "", statements)
        .replace("accept = [\"bcrypt\"]", "accept = [\"bcrypt\", \"hex_sha256\"]\nrehash_on_login = true")
        + "deadline_ms = 20000\n"
}

fn daemon(database: &Database, statements: &Statements) -> Daemon {
    users::fill(database, users::key(database), "UNIQUE");
    database.run(&format!(
        "INSERT INTO users (email, username, password) VALUES ('old@example.test', 'old', '{DIGEST}')"
    ));
    let folder = Folder::new();
    let text = text(database, &folder, statements);
    let daemon = Daemon::start_in(folder, &text);
    daemon.wait_until_ready();
    daemon
}

fn login(daemon: &Daemon, name: &str, password: &str, status: u16, code: &str) {
    let body = json!({ "identifier": name, "password": password });
    daemon.ask("customers", "login", &body).expect(status, code);
}

fn stored(database: &Database, name: &str) -> String {
    database.run(&format!("SELECT password FROM users WHERE username = '{name}'"))
}

#[test]
fn a_right_password_replaces_a_hash_of_another_scheme_or_a_lower_cost() {
    for database in Database::each() {
        let daemon = daemon(&database, &Statements::all().with("rehash", REHASH));
        for (name, before) in [("old", DIGEST), ("ann", HASH)] {
            login(&daemon, name, "CANARY-wrong", 403, "invalid_credentials");
            assert_eq!(stored(&database, name), before, "a wrong password replaces nothing");
            login(&daemon, name, "CANARY-right-1", 200, "ok");
            let after = stored(&database, name);
            assert!(after.starts_with("$2b$12$"), "{after}");
            login(&daemon, name, "CANARY-right-1", 200, "ok");
            assert_eq!(stored(&database, name), after, "what is as it would be written stays");
            login(&daemon, name, "CANARY-wrong", 403, "invalid_credentials");
        }
        let metrics = daemon.page("/metrics").text;
        assert!(
            metrics.contains("idstore_rehashes_total{store=\"users\",outcome=\"replaced\"} 2"),
            "{metrics}"
        );
    }
}

#[test]
fn a_hash_that_can_not_be_replaced_fails_no_login() {
    for database in Database::each() {
        for (rehash, what) in [
            (REHASH.replace(":password_hash", "substr(:password_hash, 1, 20)"), "it is cut"),
            (format!("{REHASH} AND 1 = 0"), "nothing is touched"),
            (REHASH.replace("password = :password_hash", "blocked = true, password = NULL"), "it is lost"),
        ] {
            let statements = Statements::all().with("rehash", &rehash);
            database.run("DROP TABLE IF EXISTS users");
            if !rehash.contains("= :password_hash") && !rehash.contains("(:password_hash") {
                // Refused at start: the new hash would go nowhere.
                users::fill(&database, users::key(&database), "UNIQUE");
                let folder = Folder::new();
                let config = folder
                    .write("config.toml", &(preamble(&folder) + &text(&database, &folder, &statements)));
                let output = run(&["check", "--config", config.to_str().unwrap()], "");
                assert_eq!(output.status.code(), Some(78), "{what}: {}", said(&output));
                continue;
            }
            let daemon = daemon(&database, &statements);
            login(&daemon, "old", "CANARY-right-1", 200, "ok");
            assert_eq!(stored(&database, "old"), DIGEST, "{what}");
            let failed = "idstore_rehashes_total{store=\"users\",outcome=\"failed\"} 1";
            assert!(daemon.page("/metrics").text.contains(failed), "{what}");
            assert!(daemon.log().contains("a stored hash could not be replaced"), "{what}: {}", daemon.log());
        }
    }
}

#[test]
fn without_a_way_to_replace_a_hash_it_is_refused_at_start() {
    let database = Database::sqlite();
    users::fill(&database, users::key(&database), "UNIQUE");
    let folder = Folder::new();
    let check = |text: &str| {
        let config = folder.write("config.toml", &(preamble(&folder) + text));
        let output = run(&["check", "--config", config.to_str().unwrap()], "");
        (output.status.code(), said(&output))
    };
    let right = text(&database, &folder, &Statements::all().with("rehash", REHASH));
    assert_eq!(check(&right).0, Some(0), "{}", check(&right).1);
    let (code, said) = check(&text(&database, &folder, &Statements::all()));
    assert!(
        code == Some(78) && said.contains("a statement `rehash`") && said.contains("rehash_on_login"),
        "{said}"
    );
    let careless = "UPDATE users SET password = :password_hash WHERE id = :user_id";
    let (code, said) = check(&text(&database, &folder, &Statements::all().with("rehash", careless)));
    assert!(code == Some(78) && said.contains("would overwrite a newer password"), "{said}");
}
