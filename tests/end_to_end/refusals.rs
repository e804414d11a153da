//! Each statement that is refused, through `check`: at start with the very character, with `--connect` on each kind of
//! server with the statement's line.

use crate::commands::{run, said};
use crate::daemon::{Daemon, Folder, preamble};
use crate::database::Database;
use crate::users::{self, COLUMNS, HASH, Statements};
use serde_json::json;

/// What else is changed in a configuration.
type Change = fn(String) -> String;

fn same(text: String) -> String {
    text
}

fn with_parameter(text: String) -> String {
    text + "parameters = { org = \"acme\" }\n"
}

/// Writes a configuration with these statements and checks it. Its text, its path, the exit code and what was said.
fn check(
    database: &Database,
    statements: &Statements,
    change: Change,
    connect: &[&str],
) -> (String, String, Option<i32>, String) {
    let folder = Folder::new();
    let store = database.store(&folder);
    let text = change(preamble(&folder) + &users::configuration(database, &store, "", statements));
    let path = folder.write("config.toml", &text).to_str().unwrap().to_owned();
    let output = run(&[&["check", "--config", &path], connect].concat(), "");
    (text, path, output.status.code(), said(&output))
}

/// The place of `token` in the statement `sql` of a configuration, as a report writes it.
fn place(text: &str, sql: &str, token: &str) -> String {
    let at = text.find(sql).unwrap() + sql.find(token).unwrap();
    let before = text.get(..at).unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    format!("{line}:{column}\n")
}

/// What is refused before there is a server: the statement, its text, the token that is pointed at, and the sentence.
const AT_START: [(&str, &str, &str, &str); 15] = [
    (
        "get_user",
        "SELECT id AS user_id, 'ü' AS name FROM users WHERE email = ':identifier' OR email = :identifier",
        ":identifier",
        "inside quotes",
    ),
    (
        "get_user",
        "SELECT id AS user_id FROM users WHERE email LIKE '%:email%' OR email = :identifier",
        ":email",
        "inside quotes",
    ),
    (
        "get_user",
        "SELECT id AS user_id FROM users WHERE email = ?\n   OR username = :identifier",
        "?",
        "the driver's own",
    ),
    (
        "get_user",
        "SELECT id AS user_id FROM users WHERE email = :identifier OR username = $1",
        "$1",
        "the driver's own",
    ),
    (
        "get_user",
        "SELECT id AS user_id FROM users\nWHERE email = :identifier\n  AND id <> :user_ids",
        ":user_ids",
        "did you mean :user_id?",
    ),
    (
        "get_user",
        "SELECT id AS user_id FROM users WHERE email = :identifier; SELECT 1",
        "SELECT 1",
        "a second statement",
    ),
    (
        "get_user",
        "SELECT id AS user_id FROM users WHERE email = :identifier ORDER BY :email",
        ":email",
        "only values can be bound",
    ),
    ("delete", "DELETE FROM :username WHERE id = :user_id", ":username", "only values can be bound"),
    (
        "verify",
        "UPDATE users SET email_verified = true WHERE id = :user_id AND email = :identifier",
        ":identifier",
        "no value in verify",
    ),
    (
        "change_email",
        "UPDATE users SET email = :new_username WHERE id = :user_id",
        ":new_username",
        "no value in change_email",
    ),
    (
        "change_password",
        "UPDATE users SET password = :password WHERE id = :user_id",
        ":password ",
        "bind :password_hash",
    ),
    (
        "change_password",
        "UPDATE users SET password = :password_hash WHERE id = :user_id AND org = :param.org",
        ":param.org",
        "has no parameter org",
    ),
    (
        "create",
        "[\"INSERT INTO users (email, password) VALUES (:new.email, :password_hash)\"]",
        ":new.email",
        "earlier statement",
    ),
    (
        "create",
        "INSERT INTO users (id, password) VALUES (:user_id, :password_hash)",
        ":user_id",
        ":new.user_id",
    ),
    (
        "get_user_by_id",
        "SELECT id AS user_id FROM users WHERE id = :user_id AND note = 'never closed",
        "'never",
        "never closed",
    ),
];

#[test]
fn a_statement_is_refused_at_start_at_the_very_character() {
    for database in Database::each() {
        for (key, sql, token, told) in AT_START {
            let statements = Statements::all().with(key, sql);
            let (text, path, code, said) = check(&database, &statements, same, &[]);
            assert_eq!(code, Some(78), "{sql}: {said}");
            assert!(said.contains(told), "{sql} is not told as {told:?}:\n{said}");
            let place = place(&text, sql, token);
            assert!(said.contains(&format!("{path}:{place}")), "{sql} is not at {place}:\n{said}");
        }
    }
}

#[test]
fn colons_that_are_no_parameters_are_left_alone() {
    let find = |more: &str| {
        format!(
            "SELECT {COLUMNS} FROM users WHERE (email = :identifier OR username = :identifier) AND {more}"
        )
    };
    for (database, more) in [
        (Database::postgres(), "'HH24:MI:SS' <> 'https://a.example/' AND id::text <> '::email'"),
        (Database::sqlite(), "'HH24:MI:SS' <> 'https://a.example/' AND \"id\" <> 'urn:email'"),
    ] {
        users::fill(&database, users::key(&database), "UNIQUE");
        let statements = Statements::all().with("get_user", &find(more));
        let (_, _, code, said) = check(&database, &statements, same, &["--connect"]);
        assert_eq!(code, Some(0), "{said}");
    }
}

/// What no statement says by itself: the report points at the statement, the table or the connection.
#[test]
fn what_statements_say_together_is_refused_at_start() {
    let database = Database::sqlite();
    let by_email = "SELECT id AS user_id, email FROM users WHERE email = :email";
    let cases: [(&str, Statements, Change, &str, &str); 6] = [
        (
            "a write without a lookup by key",
            Statements::all().without("get_user_by_id"),
            same,
            "create = ",
            "no lookup by :user_id",
        ),
        (
            "a missing write",
            Statements::all(),
            |text| text.replace("write = \"bcrypt\"\n", ""),
            "[stores.sqlite.users.passwords]",
            "must say how",
        ),
        (
            "a hash that is not bound",
            Statements::all().with("change_password", "UPDATE users SET password = NULL WHERE id = :user_id"),
            same,
            "change_password = ",
            "the password would be lost",
        ),
        (
            "a write to everybody",
            Statements::all().with("delete", "DELETE FROM users"),
            same,
            "delete = ",
            "would touch every account",
        ),
        (
            "a lock without a lookup",
            Statements::all().with("get_user", by_email),
            |text| text.replacen("path = ", "uniqueness = \"lock\"\npath = ", 1),
            "create = ",
            "bind :username or :identifier there",
        ),
        (
            "equal prefixes",
            Statements::all(),
            |text| {
                text + "user_id_prefix = \"a\"\n"
                    + "[connections.other]\nstore = \"users\"\nuser_id_prefix = \"a\"\n"
            },
            "user_id_prefix = \"a\"\n[connections.other]",
            "prefix",
        ),
    ];
    for (what, statements, change, at, told) in cases {
        let (text, path, code, said) = check(&database, &statements, change, &[]);
        assert_eq!(code, Some(78), "{what}: {said}");
        assert!(said.contains(told), "{what} is not told as {told:?}:\n{said}");
        let line = place(&text, at, at);
        let line = line.split(':').next().unwrap();
        assert!(said.contains(&format!("{path}:{line}:")), "{what} is not in line {line}:\n{said}");
    }
}

#[test]
fn a_parameter_that_no_lookup_uses_is_a_warning() {
    let database = Database::sqlite();
    let (_, _, code, said) = check(&database, &Statements::all(), with_parameter, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("warning") && said.contains(":param.org"), "{said}");
}

/// What a server alone can show, beyond columns and tables that are not there.
fn on_the_server() -> [(&'static str, Statements, Change, &'static str, &'static str); 7] {
    let unflagged = COLUMNS.replace("email_verified, ", "");
    let by = |columns: &str, condition: &str| format!("SELECT {columns} FROM users WHERE {condition}");
    let either = "email = :identifier OR username = :identifier";
    let lookups = |columns: &str, condition: &str| {
        Statements::all()
            .with("get_user", &by(columns, &format!("({either}){condition}")))
            .with("get_user_by_id", &by(columns, &format!("id = :user_id{condition}")))
    };
    let later = "[\"INSERT INTO users (email, username, password) VALUES (:email, :username, :password_hash)\", \
                 \"UPDATE users SET blocked = false WHERE id = :new.user_id\"]";
    [
        ("verify without its flag", lookups(&unflagged, ""), same, "verify", "returns email_verified"),
        (
            "a parameter that is not returned",
            lookups(COLUMNS, " AND username <> :param.org"),
            with_parameter,
            "get_user",
            "param.org",
        ),
        (
            "a column that nothing returned before",
            Statements::all().with("create", later),
            same,
            "create",
            ":new.user_id",
        ),
        (
            "a hash that is not shown",
            lookups(&COLUMNS.replace("password AS password_hash, ", ""), ""),
            same,
            "change_password",
            "password_hash",
        ),
        (
            "a name that is not shown",
            lookups(&COLUMNS.replace("username, ", ""), ""),
            same,
            "change_username",
            "returns username",
        ),
        (
            "a column twice",
            lookups(&format!("{COLUMNS}, username AS email"), ""),
            same,
            "get_user",
            "two columns are named email",
        ),
        (
            "nothing to compare",
            lookups("id AS user_id, password AS password_hash, email_verified", ""),
            same,
            "get_user",
            "could be compared",
        ),
    ]
}

#[test]
fn what_only_the_server_shows_is_refused_at_the_statement() {
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        for (what, statements, change, key, told) in on_the_server() {
            let (text, path, code, said) = check(&database, &statements, change, &["--connect"]);
            let adapter = database.adapter();
            assert_eq!(code, Some(78), "{what} on {adapter}: {said}");
            assert!(said.contains(told), "{what} on {adapter} is not told as {told:?}:\n{said}");
            let place = place(&text, &format!("\n{key} = "), key);
            let line = place.split(':').next().unwrap();
            assert!(
                said.contains(&format!("{path}:{line}:")),
                "{what} on {adapter} is not in line {line}:\n{said}"
            );
        }
    }
}

/// PostgreSQL tells types as well.
#[test]
fn types_that_do_not_fit_are_refused_with_what_to_write() {
    let database = Database::postgres();
    users::fill(&database, users::key(&database), "UNIQUE");
    database.run("ALTER TABLE users ADD COLUMN place point, ADD COLUMN proven_at timestamptz");
    let with_place = format!("{COLUMNS}, place AS nickname");
    let find = |condition: &str| format!("SELECT {with_place} FROM users WHERE {condition}");
    for (statements, key, told) in [
        (
            Statements::all()
                .with("get_user", &find("email = :identifier OR username = :identifier"))
                .with("get_user_by_id", &find("id = :user_id")),
            "get_user",
            "point",
        ),
        (
            Statements::all().with(
                "change_email",
                "UPDATE users SET email = :new_email, proven_at = :email_verified WHERE id = :user_id",
            ),
            "change_email",
            "CASE WHEN :email_verified",
        ),
    ] {
        let (text, path, code, said) = check(&database, &statements, same, &["--connect"]);
        assert_eq!(code, Some(78), "{said}");
        assert!(said.contains(told), "{told} is missing in:\n{said}");
        let place = place(&text, &format!("\n{key} = "), key);
        assert!(said.contains(&format!("{path}:{}:", place.split(':').next().unwrap())), "{said}");
    }
}

/// What only a server shows keeps that one store from serving, whichever statement it is about, and no other store.
#[test]
fn a_store_that_does_not_fit_answers_as_misconfigured_and_the_others_serve() {
    let other = format!(
        "user_id_prefix = \"u\"\n[stores.memory.people]\nabilities = []\n[[stores.memory.people.accounts]]\n\
         user_id = \"1\"\nemail = \"ada@example.test\"\npassword = \"{HASH}\"\n\
         [connections.people]\nstore = \"people\"\n"
    );
    let wrong = Statements::all().with("verify", "UPDATE users SET proven = true WHERE id = :user_id");
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        let folder = Folder::new();
        let text = users::configuration(&database, &database.store(&folder), "", &wrong) + &other;
        let daemon = Daemon::start_in(folder, &text);
        daemon.wait_for("/readyz/people", 200);
        let right = json!({ "identifier": "ann", "password": "CANARY-right-1" });
        daemon.ask("customers", "login", &right).expect(500, "store_misconfigured");
        daemon
            .ask("customers", "get_user", &json!({ "username": "nobody" }))
            .expect(500, "store_misconfigured");
        let ada = json!({ "identifier": "ada@example.test", "password": "CANARY-right-1" });
        daemon.ask("people", "login", &ada).expect(200, "ok");
        daemon.wait_for_text("/readyz/users", "statements.verify");
        assert_eq!(daemon.page("/readyz").status, 503);
    }
}
