//! The Django preset on databases that Django filled: every user signs in exactly as the application's own login says.

use crate::daemon::{Daemon, Folder};
use crate::database::{Database, fixture};
use serde_json::{Value, json};

struct Django {
    daemon: Daemon,
    database: Database,
    users: Vec<Value>,
}

impl Django {
    fn start(database: Database, options: &str) -> Self {
        let name = match database {
            Database::Postgres(_) => "django",
            Database::Sqlite(_) => "django_sqlite",
            Database::MySql(_) => "django_mysql",
        };
        database.load_dump(&format!("{name}.sql"));
        let folder = Folder::new();
        let store = database.store(&folder);
        let text = format!(
            "{store}preset = \"django\"\npreset_options = {{ {options} }}\n[connections.customers]\nstore = \"users\"\ndeadline_ms = 20000\n"
        );
        let daemon = Daemon::start_in(folder, &text);
        daemon.wait_until_ready();
        let users: Value = serde_json::from_str(&fixture(&format!("{name}.users.json"))).unwrap();
        Self { daemon, database, users: users["users"].as_array().unwrap().clone() }
    }

    fn login(&self, identifier: &str, password: &str) -> crate::daemon::Response {
        self.daemon.ask("customers", "login", &json!({ "identifier": identifier, "password": password }))
    }
}

#[test]
fn every_user_of_the_dump_signs_in_as_the_application_says() {
    for database in Database::all() {
        let django = Django::start(database, "allauth = true, groups = true");
        for user in &django.users {
            let name = user["username"].as_str().unwrap();
            let password = user["password"].as_str().unwrap_or("no password at all");
            let answer = django.login(name, password);
            match user["expect"].as_str().unwrap() {
                "ok" => {
                    let body = answer.expect(200, "ok");
                    let told = &body["user"];
                    assert_eq!(told["user_id"], user["id"].to_string(), "{name}");
                    assert_eq!(told["username"], name);
                    assert_eq!(told["email_verified"], user["verified"].as_bool().unwrap_or(false), "{name}");
                    // An empty address is left out.
                    assert_eq!(told["email"].as_str().unwrap_or(""), user["email"].as_str().unwrap());
                    let mut groups = user["groups"].as_array().cloned().unwrap_or_default();
                    groups.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
                    let mut roles = told["app_metadata"]["roles"].as_array().unwrap().clone();
                    roles.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
                    assert_eq!(roles, groups, "{name}");
                    assert!(told["created_at"].as_str().unwrap().ends_with('Z'));
                    assert!(!answer.text.contains("password"), "{}", answer.text);
                }
                "blocked" => drop(answer.expect(403, "user_blocked")),
                "wrong_password" => drop(answer.expect(403, "invalid_credentials")),
                other => panic!("{name}: what does {other} mean?"),
            }
        }
    }
}

#[test]
fn a_near_miss_of_each_password_is_wrong() {
    let django = Django::start(Database::sqlite(), "allauth = true");
    for user in django.users.iter().filter(|user| user["password"].is_string()) {
        let password = user["password"].as_str().unwrap();
        let answer = django.login(user["username"].as_str().unwrap(), &format!("{password}x"));
        answer.expect(403, "invalid_credentials");
    }
}

#[test]
fn two_names_that_differ_in_case_are_two_people() {
    for database in Database::each() {
        let django = Django::start(database, "");
        let id = |name: &str| {
            django.daemon.ask("customers", "get_user", &json!({ "username": name })).expect(200, "ok")["user"]
                ["user_id"]
                .clone()
        };
        assert_eq!((id("MixedCase"), id("mixedcase")), (json!("11"), json!("12")));
        django.login("MixedCase", "MixedCase-1!").expect(200, "ok");
        django.login("mixedcase", "MixedCase-1!").expect(403, "invalid_credentials");
        django.login("MIXEDCASE", "MixedCase-1!").expect(403, "invalid_credentials");
        django.login("mixed.case@example.TEST", "MixedCase-1!").expect(200, "ok");
    }
}

/// There the application's own constraint and lookups compare without regard to case.
#[test]
fn on_mysql_a_name_in_another_case_is_the_same_person() {
    for database in [Database::mariadb(), Database::mysql()] {
        let django = Django::start(database, "");
        for name in ["MixedCase", "mixedcase", "MIXEDCASE", "mixed.case@example.TEST"] {
            assert_eq!(
                django.login(name, "MixedCase-1!").expect(200, "ok")["user"]["user_id"],
                "11",
                "{name}"
            );
        }
        let twice = json!({ "username": "mixedCASE", "password": "CANARY-1" });
        let refused = django.daemon.ask("customers", "create", &twice).expect(409, "user_exists");
        assert_eq!(refused["field"], "username");
        // What a collation folds beyond that is somebody else, or nobody.
        for name in ["MíxedCase", "MixedCase ", "\u{ff2d}ixedCase"] {
            django.login(name, "MixedCase-1!").expect(403, "invalid_credentials");
        }
    }
}

#[test]
fn the_smallest_and_the_fullest_user_are_made_and_go_their_way() {
    for database in Database::all() {
        let django = Django::start(database, "allauth = true");
        let ask = |action: &str, body: Value| django.daemon.ask("customers", action, &body);
        ask("create", json!({ "username": "small", "password": "CANARY-1" })).expect(201, "ok");
        ask("create", json!({ "email": "only@example.test", "password": "CANARY-1" })).expect(201, "ok");
        let full = json!({
            "email": "full@example.test", "username": "full", "password": "CANARY-1", "email_verified": true,
            "name": "Ann Lee", "given_name": "Ann", "family_name": "Lee", "nickname": "annie",
            "picture": "https://example.test/a.png", "user_metadata": { "a": 1 }, "app_metadata": { "b": [2] },
        });
        let made = ask("create", full).expect(201, "ok")["user"].clone();
        assert_eq!((&made["given_name"], &made["email_verified"]), (&json!("Ann"), &json!(true)));
        for name in ["small", "only@example.test", "full"] {
            django.login(name, "CANARY-1").expect(200, "ok");
        }
        assert_eq!(
            ask("create", json!({ "email": "FULL@example.test", "password": "CANARY-1" }))
                .expect(409, "user_exists")["field"],
            "email"
        );
        assert_eq!(
            ask("create", json!({ "username": "full", "password": "CANARY-1" })).expect(409, "user_exists")["field"],
            "username"
        );
        let refused = ask("create", json!({ "phone_number": "+4930123", "password": "CANARY-1" }));
        assert_eq!(refused.expect(422, "rejected_by_store")["field"], "phone_number");

        let verified = ask("verify", json!({ "email": "only@example.test" })).expect(200, "ok");
        assert_eq!(verified["user"]["email_verified"], true);
        ask("verify", json!({ "email": "only@example.test" })).expect(200, "ok");
        let changed =
            ask("change_email", json!({ "email": "only@example.test", "new_email": "Other@example.test" }))
                .expect(200, "ok");
        assert_eq!(
            (&changed["user"]["email_verified"], &changed["user"]["username"]),
            (&json!(false), &json!("Other@example.test"))
        );
        ask(
            "change_email",
            json!({ "username": "small", "new_email": "small@example.test", "verified": true }),
        )
        .expect(200, "ok");
        ask("change_username", json!({ "username": "full", "new_username": "fuller" })).expect(200, "ok");
        let body = json!({ "username": "fuller", "new_password": "CANARY-2", "email_verified": true });
        ask("change_password", body).expect(200, "ok");
        django.login("fuller", "CANARY-2").expect(200, "ok");
        ask("delete", json!({ "username": "fuller" })).expect(200, "ok");
        django.login("fuller", "CANARY-2").expect(403, "user_blocked");
        let rows = django.database.run("SELECT count(*) FROM auth_user WHERE username = 'fuller'");
        assert_eq!(rows, "1", "Django knows a deactivated state, and so the row stays");
    }
}

#[test]
fn removing_for_good_takes_the_rows_that_point_at_the_user() {
    for database in Database::all() {
        let django = Django::start(database, "allauth = true, delete = \"remove\"");
        let ask = |action: &str, body: Value| django.daemon.ask("customers", action, &body);
        // This user is in two groups and has a proven address.
        assert_eq!(ask("delete", json!({ "user_id": "1" })).expect(200, "ok"), json!({ "deleted": true }));
        assert_eq!(ask("delete", json!({ "user_id": "1" })).expect(200, "ok"), json!({ "deleted": false }));
        let left = "SELECT (SELECT count(*) FROM auth_user WHERE id = 1) + (SELECT count(*) FROM account_emailaddress WHERE user_id = 1)";
        assert_eq!(django.database.run(left), "0");
    }
}

#[test]
fn what_people_sign_in_with_is_an_option() {
    let django = Django::start(Database::sqlite(), "login = \"email\"");
    django.login("md5@example.test", "Pw-md5-1!").expect(200, "ok");
    django.login("u_md5", "Pw-md5-1!").expect(403, "invalid_credentials");
    let django = Django::start(Database::sqlite(), "login = \"username\"");
    django.login("u_md5", "Pw-md5-1!").expect(200, "ok");
    django.login("md5@example.test", "Pw-md5-1!").expect(403, "invalid_credentials");
    django.daemon.ask("customers", "get_user", &json!({ "email": "md5@example.test" })).expect(200, "ok");
}
