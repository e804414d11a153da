//! What a write leaves behind on real databases, and what is told of it: proofs, refused values, values that are made up.

use crate::daemon::{Daemon, Folder};
use crate::database::Database;
use crate::users::{self, COLUMNS, Statements};
use serde_json::{Value, json};

#[test]
fn a_create_of_several_statements_leaves_nothing_behind_when_it_fails_half_way() {
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        database.run("CREATE TABLE mails (user_id integer NOT NULL, kind varchar(20) CHECK (kind <> 'no'))");
        let insert = "\"INSERT INTO users (email, email_verified, password) VALUES (:email, :email_verified, :password_hash) RETURNING id AS user_id\"";
        let list =
            format!("[{insert}, \"INSERT INTO mails (user_id, kind) VALUES (:new.user_id, :nickname)\"]");
        let daemon = users::daemon(&database, "", &Statements::all().with("create", &list));
        let create = |kind: &str| {
            daemon.ask(
                "customers",
                "create",
                &json!({ "email": "new@example.test", "password": "CANARY-1", "nickname": kind }),
            )
        };
        create("no").expect(422, "rejected_by_store");
        assert_eq!(database.run("SELECT count(*) FROM users"), "1");
        create("welcome").expect(201, "ok");
        assert_eq!(database.run("SELECT count(*) FROM mails m JOIN users u ON u.id = m.user_id"), "1");
    }
}

/// Found by name and not by key: told as what it is. Else a platform would take the user for gone.
#[test]
fn an_account_that_its_key_does_not_find_is_misconfigured_and_not_unknown() {
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        let nobody = format!("SELECT {COLUMNS} FROM users WHERE id = :user_id AND blocked");
        let daemon = users::daemon(&database, "", &Statements::all().with("get_user_by_id", &nobody));
        let before = database.run("SELECT * FROM users");
        for (action, body) in [
            ("change_password", json!({ "username": "ann", "new_password": "CANARY-2" })),
            ("change_email", json!({ "username": "ann", "new_email": "new@example.test" })),
            ("change_username", json!({ "identifier": "ann", "new_username": "new" })),
            ("verify", json!({ "email": "ann@example.test" })),
            ("delete", json!({ "username": "ann" })),
        ] {
            daemon.ask("customers", action, &body).expect(500, "store_misconfigured");
            assert_eq!(database.run("SELECT * FROM users"), before, "{action}");
        }
    }
}

#[test]
fn a_write_that_does_not_show_is_rolled_back_and_told_as_misconfigured() {
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        let nothing = Statements::all()
            .with("change_password", "UPDATE users SET password = :password_hash WHERE id = :user_id AND 1 = 0")
            .with("change_email", "UPDATE users SET email = 'x' || :new_email, email_verified = :email_verified WHERE id = :user_id")
            .with("verify", "UPDATE users SET blocked = blocked WHERE id = :user_id")
            .with("delete", "UPDATE users SET username = 'gone' WHERE id = :user_id");
        let daemon = users::daemon(&database, "", &nothing);
        let before = database.run("SELECT * FROM users");
        for (action, body) in [
            ("change_password", json!({ "username": "ann", "new_password": "CANARY-2" })),
            ("change_email", json!({ "username": "ann", "new_email": "new@example.test" })),
            ("verify", json!({ "email": "ann@example.test" })),
            ("delete", json!({ "username": "ann" })),
        ] {
            daemon.ask("customers", action, &body).expect(500, "store_misconfigured");
            assert_eq!(database.run("SELECT * FROM users"), before, "{action}");
        }
        daemon
            .ask("customers", "login", &json!({ "identifier": "ann", "password": "CANARY-right-1" }))
            .expect(200, "ok");
    }
}

#[test]
fn a_refused_value_is_told_with_its_field_where_that_is_known() {
    for database in Database::each() {
        let rule = "CHECK (coalesce(email, '') <> 'no@example.test' AND coalesce(username, '') <> 'nobody')";
        users::fill(&database, users::key(&database), rule);
        let daemon = users::daemon(&database, "", &Statements::all());
        let field = |action: &str, body: Value| {
            daemon.ask("customers", action, &body).expect(422, "rejected_by_store")["field"].clone()
        };
        let email = field("change_email", json!({ "username": "ann", "new_email": "no@example.test" }));
        assert_eq!(email, "email");
        let username = field("change_username", json!({ "username": "ann", "new_username": "nobody" }));
        assert_eq!(username, "username");
        if database.adapter() == "postgres" {
            let long = json!({ "username": "ann", "new_username": "a".repeat(101) });
            assert_eq!(field("change_username", long), "username");
        }
        let homeless =
            json!({ "email": "a@example.test", "phone_number": "+4930123456", "password": "CANARY-1" });
        assert_eq!(field("create", homeless), "phone_number");
        // The database does not say which of several values it was.
        let refused = json!({ "email": "no@example.test", "username": "no", "password": "CANARY-1" });
        assert_eq!(field("create", refused), Value::Null);
        assert_eq!(database.run("SELECT count(*) FROM users WHERE email = 'ann@example.test'"), "1");
    }
}

/// A column that may not be NULL takes an account without an address or a number, too.
#[test]
fn a_flag_that_nothing_was_said_of_is_false() {
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        database.run(
            "ALTER TABLE users ADD COLUMN phone varchar(20);
             ALTER TABLE users ADD COLUMN phone_verified boolean NOT NULL DEFAULT true",
        );
        let create = "INSERT INTO users (email, username, email_verified, phone, phone_verified, password)
             VALUES (:email, :username, :email_verified, :phone_number, :phone_verified, :password_hash)
             RETURNING id AS user_id";
        let find = |condition: &str| {
            format!("SELECT {COLUMNS}, phone AS phone_number, phone_verified FROM users WHERE {condition}")
        };
        let statements = Statements::all()
            .with("create", create)
            .with("get_user", &find("email = :identifier OR username = :identifier OR phone = :identifier"))
            .with("get_user_by_id", &find("id = :user_id"));
        let daemon = users::daemon(&database, "", &statements);
        let create = |mut body: Value| {
            body["password"] = "CANARY-1".into();
            daemon.ask("customers", "create", &body).expect(201, "ok")["user"].clone()
        };
        create(json!({ "username": "bob", "email_verified": true }));
        create(json!({ "email": "c@example.test" }));
        create(json!({ "phone_number": "+4930123456" }));
        assert_eq!(
            database.run("SELECT count(*) FROM users WHERE email_verified OR id > 1 AND phone_verified"),
            "0"
        );
    }
}

#[test]
fn made_up_values_are_the_same_within_one_call_and_parameters_are_bound() {
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        database.run(
            "ALTER TABLE users ADD COLUMN org varchar(20); ALTER TABLE users ADD COLUMN token varchar(40);
             CREATE TABLE seals (user_id integer, token varchar(40), uuid varchar(36), code varchar(40))",
        );
        let columns = format!("{COLUMNS}, org AS \"param.org\"");
        let find =
            |condition: &str| format!("SELECT {columns} FROM users WHERE {condition} AND org = :param.org");
        let create = "[\"INSERT INTO users (email, username, password, org, token) \
                       VALUES (:email, :username, :password_hash, :param.org, :random_hex_32) RETURNING id AS user_id\", \
                      \"INSERT INTO seals (user_id, token, uuid, code) \
                       VALUES (:new.user_id, :random_hex_32, :uuid, :random_alnum_32)\"]";
        let statements = Statements::all()
            .with("get_user", &find("(email = :identifier OR username = :identifier)"))
            .with("get_user_by_id", &find("id = :user_id"))
            .with("create", create);
        let folder = Folder::new();
        let text = users::configuration(&database, &database.store(&folder), "", &statements)
            + "deadline_ms = 20000\nparameters = { org = \"acme\" }\n";
        let daemon = Daemon::start_in(folder, &text);
        daemon.wait_until_ready();
        for name in ["bob", "eve"] {
            let new =
                json!({ "email": format!("{name}@example.test"), "username": name, "password": "CANARY-1" });
            daemon.ask("customers", "create", &new).expect(201, "ok");
        }
        let both = database.run("SELECT u.org, u.token = s.token, length(s.token), length(s.uuid), length(s.code) FROM users u JOIN seals s ON s.user_id = u.id");
        for row in both.lines() {
            let fits = ["acme|t|32|36|32", "acme|1|32|36|32"].contains(&row);
            assert!(fits, "{both}");
        }
        assert_eq!(
            database
                .run("SELECT count(DISTINCT token) + count(DISTINCT uuid) + count(DISTINCT code) FROM seals"),
            "6"
        );
        // Ann is of no organization, and so nobody here.
        daemon.ask("customers", "get_user", &json!({ "username": "ann" })).expect(404, "user_not_found");
    }
}

#[test]
fn a_change_of_password_is_told_with_its_own_time() {
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        database.run("ALTER TABLE users ADD COLUMN changed timestamp; UPDATE users SET changed = '2020-01-01 00:00:00'");
        let find = |condition: &str| {
            format!("SELECT {COLUMNS}, changed AS password_changed_at FROM users WHERE {condition}")
        };
        let statements = Statements::all()
            .with("get_user", &find("email = :identifier OR username = :identifier"))
            .with("get_user_by_id", &find("id = :user_id"));
        let touching =
            "UPDATE users SET password = :password_hash, changed = '2021-01-01 00:00:00' WHERE id = :user_id";
        let change = |statements: &Statements| {
            let daemon = users::daemon(&database, "", statements);
            let body = json!({ "username": "ann", "new_password": "CANARY-2" });
            let answer = daemon.ask("customers", "change_password", &body).expect(200, "ok");
            answer["changed_at"].as_str().unwrap().to_owned()
        };
        let untouched = change(&statements);
        assert!(!untouched.starts_with("2020"), "{untouched} is the time of an earlier change");
        assert_eq!(change(&statements.with("change_password", touching)), "2021-01-01T00:00:00Z");
    }
}

#[test]
fn a_change_of_password_proves_the_address_where_a_statement_says_how() {
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        let bound = "UPDATE users SET password = :password_hash, email_verified = :email_verified WHERE id = :user_id";
        let nothing = "UPDATE users SET blocked = blocked WHERE id = :user_id";
        let reset =
            |proven: bool| json!({ "username": "ann", "new_password": "CANARY-2", "email_verified": proven });
        for (statements, proven) in [
            (Statements::all(), (200, "ok")),
            (Statements::all().without("verify").with("change_password", bound), (200, "ok")),
            (Statements::all().without("verify"), (501, "action_not_supported")),
            (Statements::all().with("verify", nothing), (500, "store_misconfigured")),
        ] {
            database.run("UPDATE users SET email_verified = false");
            let daemon = users::daemon(&database, "", &statements);
            let ask = |body: Value| daemon.ask("customers", "change_password", &body);
            let plain = ask(reset(false)).expect(200, "ok");
            assert_eq!(plain["user"]["email_verified"], false, "{plain}");
            let answer = ask(reset(true)).expect(proven.0, proven.1);
            if proven.0 == 200 {
                assert_eq!(answer["user"]["email_verified"], true, "{answer}");
                let again = ask(reset(false)).expect(200, "ok");
                assert_eq!(again["user"]["email_verified"], true, "a proof is never taken back: {again}");
            } else {
                let count = database.run("SELECT count(*) FROM users WHERE email_verified");
                assert_eq!(count, "0", "nothing is left of what was not offered or not proven");
            }
        }
    }
}

#[test]
fn a_hash_column_that_cuts_or_changes_is_found_and_one_that_pads_is_right() {
    let database = Database::postgres();
    users::fill(&database, users::key(&database), "UNIQUE");
    let daemon = users::daemon(&database, "", &Statements::all());
    let change = |password: &str| {
        daemon.ask("customers", "change_password", &json!({ "username": "ann", "new_password": password }))
    };
    database.run("ALTER TABLE users ALTER password TYPE char(128)");
    change("CANARY-2").expect(200, "ok");
    daemon
        .ask("customers", "login", &json!({ "identifier": "ann", "password": "CANARY-2" }))
        .expect(200, "ok");
    database.run(
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.password := lower(NEW.password); RETURN NEW; END $$;
         CREATE TRIGGER spoil BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION spoil()",
    );
    change("CANARY-3").expect(500, "store_misconfigured");
    daemon
        .ask("customers", "login", &json!({ "identifier": "ann", "password": "CANARY-2" }))
        .expect(200, "ok");
    database.run("DROP TRIGGER spoil ON users; UPDATE users SET password = NULL; ALTER TABLE users ALTER password TYPE varchar(40)");
    // PostgreSQL refuses what is too long, and the hash was made here: the column is wrong and no password is.
    change("CANARY-4").expect(500, "store_misconfigured");
}
