//! Import mode: only a successful login marks, the grace heals a lost answer, and afterwards the account is nobody.

use crate::commands::{run, said};
use crate::daemon::{Daemon, Folder, TOKEN, preamble};
use crate::database::Database;
use crate::users::{COLUMNS, HASH, Statements, configuration};
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::TcpStream;

/// The type of a time that knows its zone, or is UTC by custom.
fn time(database: &Database) -> &'static str {
    match database {
        Database::Postgres(_) => "timestamptz",
        Database::Sqlite(_) => "timestamp",
        Database::MySql(_) => "datetime",
    }
}

/// The usual table with a column for the mark, and the statements that know it.
fn fill(database: &Database) {
    crate::users::fill(database, crate::users::key(database), "UNIQUE");
    database.run(&format!(
        "ALTER TABLE users ADD COLUMN migrated_at {};
         INSERT INTO users (email, username, password, blocked) VALUES ('bob@example.test', 'bob', '{HASH}', true);",
        time(database)
    ));
}

fn statements() -> Statements {
    let find =
        |condition: &str| format!("SELECT {COLUMNS}, migrated_at AS migrated FROM users WHERE {condition}");
    Statements::all()
        .with("get_user", &find("lower(email) = lower(:identifier) OR username = :identifier"))
        .with("get_user_by_id", &find("id = :user_id"))
        .with("list", &find(":after IS NULL OR id > :after ORDER BY id LIMIT :limit"))
        .with("mark_migrated", "UPDATE users SET migrated_at = CURRENT_TIMESTAMP WHERE id = :user_id")
        .with("unmark_migrated", "UPDATE users SET migrated_at = NULL WHERE id = :user_id")
}

fn text(database: &Database, folder: &Folder, import: &str, statements: &Statements) -> String {
    let import = format!("mode = \"import\"\nimport = {{ {import} }}\ndeadline_ms = 20000\n");
    configuration(database, &database.store(folder), "", statements) + &import
}

fn daemon(database: &Database, import: &str, statements: &Statements) -> Daemon {
    let folder = Folder::new();
    let text = text(database, &folder, import, statements);
    let daemon = Daemon::start_in(folder, &text);
    daemon.wait_until_ready();
    daemon
}

/// Django's weakest, of the same password, so that the test does not hash for long: `md5$salt$hex`.
const MD5: &str = "md5$salt$a14a409caca4b18d9b89f24a6a7f6ad4";

fn login(name: &str) -> Value {
    json!({ "identifier": name, "password": "CANARY-right-1" })
}

fn marked(database: &Database) -> String {
    database.run("SELECT count(*) FROM users WHERE migrated_at IS NOT NULL")
}

#[test]
fn only_a_successful_login_marks() {
    for database in Database::each() {
        fill(&database);
        let daemon = daemon(&database, "grace_secs = 0", &statements());
        for _ in 0..100 {
            daemon.ask("customers", "get_user", &json!({ "email": "ann@example.test" })).expect(200, "ok");
        }
        let wrong = json!({ "identifier": "ann", "password": "CANARY-wrong" });
        daemon.ask("customers", "login", &wrong).expect(403, "invalid_credentials");
        daemon.ask("customers", "login", &login("bob")).expect(403, "user_blocked");
        assert_eq!(marked(&database), "0");
        daemon.ask("customers", "login", &login("ann")).expect(200, "ok");
        assert_eq!(marked(&database), "1");
        // Without a grace the account is nobody from here on, with the same words as somebody who never was.
        let gone = daemon.ask("customers", "login", &login("ann")).expect(403, "invalid_credentials");
        assert_eq!(gone["user_id"], Value::Null);
        daemon
            .ask("customers", "get_user", &json!({ "email": "ann@example.test" }))
            .expect(404, "user_not_found");
        daemon.ask("customers", "get_user", &json!({ "user_id": "1" })).expect(404, "user_not_found");
        let change = json!({ "email": "ann@example.test", "new_password": "CANARY-2" });
        daemon.ask("customers", "change_password", &change).expect(404, "user_not_found");
        assert!(
            daemon
                .page("/metrics")
                .text
                .contains("idstore_migration_marks_total{connection=\"customers\",outcome=\"marked\"} 1")
        );
    }
}

#[test]
fn an_answer_that_was_lost_after_the_mark_heals_by_signing_in_again() {
    for database in Database::each() {
        fill(&database);
        let daemon = daemon(&database, "grace_secs = 3600", &statements());
        let body = login("ann").to_string();
        let mut stream = TcpStream::connect(daemon.address).unwrap();
        write!(
            stream,
            "POST /v1/customers/login HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {TOKEN}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        // The mark shows while nobody has read the answer; then the connection goes.
        let began = std::time::Instant::now();
        while marked(&database) == "0" {
            assert!(began.elapsed().as_secs() < 20, "never marked:\n{}", daemon.log());
            std::thread::yield_now();
        }
        drop(stream);
        let first = database.run("SELECT migrated_at FROM users WHERE username = 'ann'");
        daemon.ask("customers", "login", &login("ann")).expect(200, "ok");
        daemon.ask("customers", "get_user", &json!({ "email": "ann@example.test" })).expect(200, "ok");
        assert_eq!(
            database.run("SELECT migrated_at FROM users WHERE username = 'ann'"),
            first,
            "the grace counts from the first mark"
        );
        // After the grace: the mark is two hours old.
        let past = match &database {
            Database::Postgres(_) => "now() - interval '2 hours'",
            Database::Sqlite(_) => "datetime('now', '-2 hours')",
            Database::MySql(_) => "UTC_TIMESTAMP() - INTERVAL 2 HOUR",
        };
        database.run(&format!("UPDATE users SET migrated_at = {past} WHERE username = 'ann'"));
        daemon.ask("customers", "login", &login("ann")).expect(403, "invalid_credentials");
        daemon
            .ask("customers", "get_user", &json!({ "email": "ann@example.test" }))
            .expect(404, "user_not_found");
    }
}

#[test]
fn an_import_offers_three_actions() {
    let database = Database::sqlite();
    fill(&database);
    let daemon = daemon(&database, "", &statements());
    let change = json!({ "email": "ann@example.test", "new_password": "CANARY-2" });
    daemon.ask("customers", "change_password", &change).expect(200, "ok");
    for (action, body) in [
        ("create", json!({ "email": "eve@example.test", "password": "CANARY-3" })),
        ("verify", json!({ "email": "ann@example.test" })),
        ("change_email", json!({ "user_id": "1", "new_email": "a@example.test" })),
        ("delete", json!({ "user_id": "1" })),
    ] {
        daemon.ask("customers", action, &body).expect(501, "action_not_supported");
    }
}

/// A mark that fails is logged and counted, or fails the login, as configured; and the password stays right.
#[test]
fn a_mark_that_fails_does_what_is_configured() {
    for (mark, status, code) in [("best_effort", 200, "ok"), ("required", 500, "store_misconfigured")] {
        for database in Database::each() {
            fill(&database);
            let nowhere = "UPDATE users SET migrated_at = CURRENT_TIMESTAMP WHERE id = :user_id AND 1 = 0";
            let statements = statements().with("mark_migrated", nowhere);
            let daemon = daemon(&database, &format!("mark = \"{mark}\""), &statements);
            daemon.ask("customers", "login", &login("ann")).expect(status, code);
            assert_eq!(marked(&database), "0");
            let failed = "idstore_migration_marks_total{connection=\"customers\",outcome=\"failed\"} 1";
            assert!(daemon.page("/metrics").text.contains(failed));
            let told = daemon.log().contains("an account could not be marked as migrated");
            assert_eq!(told, mark == "best_effort", "{}", daemon.log());
        }
    }
}

#[test]
fn a_store_that_can_not_mark_is_refused_at_start() {
    let database = Database::postgres();
    fill(&database);
    let folder = Folder::new();
    let check = |statements: &Statements, import: &str, connect: bool| {
        let text = preamble(&folder) + &text(&database, &folder, import, statements);
        let config = folder.write("config.toml", &text);
        let arguments = ["check", "--config", config.to_str().unwrap(), "--connect"];
        let output = run(&arguments[..if connect { 4 } else { 3 }], "");
        (output.status.code(), said(&output))
    };
    assert_eq!(check(&statements(), "", true).0, Some(0), "{}", check(&statements(), "", true).1);
    let (code, said) = check(&statements().without("mark_migrated"), "", false);
    assert!(code == Some(78) && said.contains("has no `mark_migrated`") && said.contains("mode ="), "{said}");
    let unseen = format!("SELECT {COLUMNS} FROM users WHERE id = :user_id");
    let (code, said) = check(&statements().with("get_user_by_id", &unseen), "", true);
    assert!(code == Some(78) && said.contains("returns no migrated"), "{said}");
    // A flag tells no time to count from.
    let flag = |condition: &str| {
        format!("SELECT {COLUMNS}, migrated_at IS NOT NULL AS migrated FROM users WHERE {condition}")
    };
    let flags = statements()
        .with("get_user", &flag("email = :identifier OR username = :identifier"))
        .with("get_user_by_id", &flag("id = :user_id"))
        .without("list");
    let (code, said) = check(&flags, "", true);
    assert!(code == Some(78) && said.contains("grace_secs = 0"), "{said}");
    assert_eq!(check(&flags, "grace_secs = 0", true).0, Some(0));
}

#[test]
fn the_migration_is_counted_and_a_mark_taken_off() {
    for database in Database::each() {
        fill(&database);
        let folder = Folder::new();
        let text = preamble(&folder) + &text(&database, &folder, "grace_secs = 0", &statements());
        let config = folder.write("config.toml", &text);
        let migration = |arguments: &[&str]| {
            let config = ["--config", config.to_str().unwrap()];
            let output = run(&[&["migration"], arguments, &config[..]].concat(), "");
            (output.status.code(), said(&output))
        };
        assert!(migration(&["status"]).1.contains("0 of 2 accounts are migrated (0 %)"));
        database.run("UPDATE users SET migrated_at = '2026-03-01 12:00:00+00:00' WHERE username = 'ann'");
        let (code, told) = migration(&["status"]);
        assert!(
            code == Some(0) && told.contains("1 of 2 accounts are migrated (50 %)\n2026-03-01  1"),
            "{told}"
        );
        let (_, told) = migration(&["status", "--json"]);
        assert_eq!(
            serde_json::from_str::<Value>(&told).unwrap(),
            json!({ "accounts": 2, "migrated": 1, "days": { "2026-03-01": 1 } })
        );
        // Found although the platform has taken it over, and only once.
        assert_eq!(migration(&["unmark", "ann"]).0, Some(0));
        assert_eq!(marked(&database), "0");
        assert_eq!(migration(&["unmark", "--user-id", "1"]).0, Some(0), "twice is no error");
        assert_eq!(migration(&["unmark", "nobody"]).0, Some(1));
        assert_eq!(migration(&["unmark"]).0, Some(64));
        assert_eq!(migration(&["status", "--connection", "others"]).0, Some(64));
    }
}

/// The presets know where the mark is kept.
#[test]
fn the_presets_can_be_migrated_from() {
    for database in Database::all() {
        let time = time(&database);
        database.load_dump(match &database {
            Database::Postgres(_) => "django.sql",
            Database::Sqlite(_) => "django_sqlite.sql",
            Database::MySql(_) => "django_mysql.sql",
        });
        database.run(&format!(
            "CREATE TABLE idstore_migrated (user_id integer PRIMARY KEY, at {time} NOT NULL);
             UPDATE auth_user SET password = '{MD5}' WHERE username = 'u_md5';"
        ));
        let folder = Folder::new();
        let text = database.store(&folder)
            + "preset = \"django\"\npreset_options = { migration = true }\n\
               [connections.customers]\nstore = \"users\"\nmode = \"import\"\nimport = { grace_secs = 0 }\ndeadline_ms = 20000\n";
        let daemon = Daemon::start_in(folder, &text);
        daemon.wait_until_ready();
        daemon.ask("customers", "login", &login("u_md5")).expect(200, "ok");
        assert_eq!(database.run("SELECT count(*) FROM idstore_migrated"), "1");
        daemon.ask("customers", "get_user", &json!({ "username": "u_md5" })).expect(404, "user_not_found");

        let other = database.another();
        other.run(&format!(
            "CREATE TABLE users (id integer PRIMARY KEY, email text, password text, email_verified boolean, \
             nickname text, taken_at {time});
             INSERT INTO users (id, email, password, email_verified) VALUES (1, 'u_md5', '{HASH}', true);"
        ));
        let folder = Folder::new();
        let text = other.store(&folder)
            + "preset = \"generic\"\npreset_options = { migrated = \"taken_at\" }\n\
               [connections.customers]\nstore = \"users\"\nmode = \"import\"\nimport = { grace_secs = 0 }\ndeadline_ms = 20000\n";
        let daemon = Daemon::start_in(folder, &text);
        daemon.wait_until_ready();
        daemon.ask("customers", "login", &login("u_md5")).expect(200, "ok");
        assert_eq!(other.run("SELECT count(*) FROM users WHERE taken_at IS NOT NULL"), "1");
    }
}

/// A list that is more than one page, and one that never goes on.
#[test]
fn a_list_is_paged_through_to_its_end() {
    let database = Database::sqlite();
    fill(&database);
    database.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2400)
         INSERT INTO users (email, migrated_at) SELECT i || '@example.test', '2026-01-01' FROM n",
    );
    let folder = Folder::new();
    for (list, code, word) in [
        (":after IS NULL OR id > :after ORDER BY id LIMIT :limit", 0, "2400 of 2402 accounts"),
        ("(:after IS NULL OR :after IS NOT NULL) ORDER BY id LIMIT :limit", 78, "does not go on"),
        ("(:after IS NULL OR id > :after) AND :limit > 0 ORDER BY id", 78, "more rows"),
    ] {
        let list = format!("SELECT id AS user_id, migrated_at AS migrated FROM users WHERE {list}");
        let text = preamble(&folder) + &text(&database, &folder, "", &statements().with("list", &list));
        let config = folder.write("config.toml", &text);
        let output = run(&["migration", "status", "--config", config.to_str().unwrap()], "");
        assert_eq!(output.status.code(), Some(code), "{list}: {}", said(&output));
        assert!(said(&output).contains(word), "{list}: {}", said(&output));
    }
}
