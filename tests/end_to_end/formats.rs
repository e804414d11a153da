//! One value of every format that the fixture has, from a table through the daemon's API, and new passwords of schemes
//! that take the account's name.

use crate::daemon::{Daemon, Folder};
use crate::database::Database;
use crate::users::{self, Statements, configuration};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The parameters that are keys of an application's configuration.
const KEYS: [&str; 13] = [
    "pepper",
    "security_salt",
    "security_password_salt",
    "passwordsalt",
    "cookie_key",
    "hash_key",
    "secret",
    "site_key",
    "static_salt",
    "userAuthSalt",
    "passwordsaltmain",
    "key",
    "signerKey",
];

/// A line of the fixture.
struct Vector {
    format: String,
    stored: String,
    salt: Option<String>,
    user: Option<String>,
    key: Option<String>,
    parameters: Option<String>,
    right: String,
    wrong: String,
}

impl Vector {
    /// `None` for passwords that no caller can send: empty, with a NUL, or too long.
    fn of(vector: &Value) -> Option<Self> {
        let text = |key: &str| vector[key].as_str().map(str::to_owned);
        let mut rest = vector["params"].as_object().cloned().unwrap_or_default();
        let mut take = |key: &str| rest.remove(key).and_then(|value| value.as_str().map(str::to_owned));
        let (user, key) = (take("user"), KEYS.iter().find_map(|key| take(key)));
        let salt = text("salt").or_else(|| take("realm"));
        let (right, wrong) = (text("password").unwrap(), text("wrong_password").unwrap());
        let sendable = |password: &str| (1..=1024).contains(&password.len()) && !password.contains('\0');
        (sendable(&right) && sendable(&wrong)).then(|| Self {
            format: text("format").unwrap(),
            stored: text("stored").unwrap(),
            parameters: parameters(&rest),
            salt,
            user,
            key,
            right,
            wrong,
        })
    }
}

/// One text is the column's own; several members are a document.
fn parameters(rest: &Map<String, Value>) -> Option<String> {
    match rest.values().next() {
        None => None,
        Some(Value::String(text)) if rest.len() == 1 => Some(text.clone()),
        Some(_) => Some(serde_json::to_string(rest).unwrap()),
    }
}

fn quoted(text: Option<&str>) -> String {
    text.map_or("NULL".to_owned(), |text| format!("'{}'", text.replace('\'', "''")))
}

#[test]
fn every_format_signs_in_with_its_password_and_with_no_other() {
    let lines = [
        include_str!("../../passwords/tests/fixtures/vectors.jsonl"),
        include_str!("../../passwords/tests/fixtures/described.jsonl"),
    ];
    let all: Vec<Value> =
        lines.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str(line).unwrap()).collect();
    let is_slow = |vector: &&Value| vector["note"].as_str().unwrap().contains("slow ~");
    let (slow, quick): (Vec<&Value>, Vec<&Value>) = all.iter().partition(is_slow);
    let mut vectors = BTreeMap::new();
    for vector in quick.into_iter().chain(slow).filter_map(Vector::of) {
        vectors.entry(vector.format.clone()).or_insert(vector);
    }
    for vector in &all {
        let format = vector["format"].as_str().unwrap();
        assert!(vectors.contains_key(format), "{format}: no value has passwords that a caller can send");
    }
    let (database, folder) = (Database::sqlite(), Folder::new());
    let mut rows =
        "CREATE TABLE users (id text, username text, hash text, salt text, scheme text, more text);"
            .to_owned();
    let mut tables = String::new();
    for (number, vector) in vectors.values().enumerate() {
        rows.push_str(&format!(
            "INSERT INTO users VALUES ('{number}@example.test', {}, {}, {}, '{}', {});",
            quoted(vector.user.as_deref()),
            quoted(Some(&vector.stored)),
            quoted(vector.salt.as_deref()),
            vector.format,
            quoted(vector.parameters.as_deref())
        ));
        if let Some(key) = &vector.key {
            let file = folder.write(&format!("{number}.key"), key);
            let format = &vector.format;
            tables.push_str(&format!(
                "[stores.sqlite.users.passwords.schemes.\"{format}\"]\npepper.file = {:?}\n",
                file.to_str().unwrap()
            ));
        }
    }
    database.run(&rows);
    let find = |condition: &str| {
        format!(
            "SELECT id AS user_id, id AS email, username, hash AS password_hash, salt AS password_salt, \
             scheme AS password_scheme, more AS password_parameters FROM users WHERE id = {condition}"
        )
    };
    let accept: Vec<_> = vectors.keys().map(|format| format!("{format:?}")).collect();
    let text = format!(
        "{}[stores.sqlite.users.statements]\nget_user = \"{}\"\nget_user_by_id = \"{}\"\n\
         [stores.sqlite.users.passwords]\naccept = [{}]\n{tables}\
         [connections.customers]\nstore = \"users\"\ndeadline_ms = 20000\n",
        database.store(&folder),
        find(":identifier"),
        find(":user_id"),
        accept.join(", ")
    );
    let daemon = Daemon::start_in(folder, &text);
    daemon.wait_until_ready();
    let problems = sign_in(&daemon, vectors.values());
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), vectors.len(), problems.join("\n"));
}

fn sign_in<'a>(daemon: &Daemon, vectors: impl Iterator<Item = &'a Vector>) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, vector) in vectors.enumerate() {
        for (password, status) in [(&vector.right, 200), (&vector.wrong, 403)] {
            let login = json!({ "identifier": format!("{number}@example.test"), "password": password });
            let answer = daemon.ask("customers", "login", &login);
            let right = answer.status == status
                && (status == 200 || answer.json()["code"].as_str() == Some("invalid_credentials"));
            if !right {
                problems.push(format!("{} {password:?}: {} {}", vector.format, answer.status, answer.text));
            }
        }
    }
    problems
}

/// SHA-256 of `CANARY-right-1` in hexadecimal.
const DIGEST: &str = "0d0bce2508e56bb9ac92e1fdab211c57be038714c696a348d77a6a344674f6fd";

#[test]
fn a_new_password_takes_the_accounts_name_in_where_its_scheme_does() {
    for scheme in ["smf1:sha1", "smf21:bcrypt", "postgres_md5"] {
        let (database, folder) = (Database::sqlite(), Folder::new());
        users::fill(&database, users::key(&database), "UNIQUE");
        database.run(&format!(
            "INSERT INTO users (email, username, password) VALUES ('old@example.test', 'Old', '{DIGEST}')"
        ));
        let rehash = "UPDATE users SET password = :password_hash WHERE id = :user_id AND password = :old_password_hash";
        let statements = Statements::all().with("rehash", rehash);
        let text = configuration(&database, &database.store(&folder), "", &statements)
            .replace(
                "accept = [\"bcrypt\"]",
                &format!("accept = [\"{scheme}\", \"hex_sha256\"]\nrehash_on_login = true"),
            )
            .replace("write = \"bcrypt\"", &format!("write = \"{scheme}\""));
        let daemon = Daemon::start_in(folder, &text);
        daemon.wait_until_ready();
        let login = |name: &str, password: &str, status: u16| {
            let body = json!({ "identifier": name, "password": password });
            let answer = daemon.ask("customers", "login", &body);
            assert_eq!(answer.status, status, "{scheme} {name} {password}: {}", answer.text);
        };
        let new = json!({ "email": "eve@example.test", "username": "Eve", "password": "CANARY-one" });
        assert_eq!(daemon.ask("customers", "create", &new).status, 201, "{scheme}");
        login("Eve", "CANARY-one", 200);
        login("eve@example.test", "CANARY-one", 200);
        let change = json!({ "username": "Eve", "new_password": "CANARY-two" });
        daemon.ask("customers", "change_password", &change).expect(200, "ok");
        login("Eve", "CANARY-one", 403);
        login("Eve", "CANARY-two", 200);
        login("Old", "CANARY-right-1", 200);
        let stored = database.run("SELECT password FROM users WHERE username = 'Old'");
        assert_ne!(stored, DIGEST, "{scheme}: it was replaced");
        login("Old", "CANARY-right-1", 200);
        login("Old", "CANARY-right-2", 403);
    }
}
