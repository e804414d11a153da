//! Hashes whose rounds stand in another column, and hashes that are documents: Keycloak's own rows, on both databases.

use crate::daemon::{Daemon, Folder};
use crate::database::Database;
use serde_json::{Value, json};

/// The vectors of these formats: value, parameters, right password, wrong password.
fn vectors(format: &str) -> Vec<[String; 4]> {
    let lines = include_str!("../../passwords/tests/fixtures/vectors.jsonl").lines();
    let of = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
    let texts = |vector: Value| {
        let text = |key: &str| vector[key].as_str().unwrap().to_owned();
        [
            text("stored"),
            vector["params"]["credential_data"].to_string(),
            text("password"),
            text("wrong_password"),
        ]
    };
    lines.map(of).filter(|vector| vector["format"] == format).map(texts).collect()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A daemon on a table of `columns`, which accepts what `passwords` says.
fn daemon(database: &Database, columns: &str, passwords: &str) -> Daemon {
    let folder = Folder::new();
    let (store, adapter) = (database.store(&folder), database.adapter());
    let find = |condition: &str| {
        format!("SELECT id AS user_id, id AS username, {columns} FROM users WHERE id = {condition}")
    };
    let text = format!(
        "{store}[stores.{adapter}.users.statements]\nget_user = \"\"\"{}\"\"\"\nget_user_by_id = \"\"\"{}\"\"\"\n\
         [stores.{adapter}.users.passwords]\n{passwords}\n[connections.customers]\nstore = \"users\"\ndeadline_ms = 20000\n",
        find(":identifier"),
        find(":user_id"),
    )
    .replace("ADAPTER", adapter);
    let daemon = Daemon::start_in(folder, &text);
    daemon.wait_until_ready();
    daemon
}

fn sign_in(daemon: &Daemon, name: &str, right: &str, wrong: &str) {
    let login = |password: &str| {
        daemon.ask("customers", "login", &json!({ "identifier": name, "password": password }))
    };
    login(right).expect(200, "ok");
    login(wrong).expect(403, "invalid_credentials");
}

#[test]
fn keycloaks_two_documents_make_one_password() {
    for database in Database::each() {
        let json = if matches!(database, Database::Postgres(_)) { "jsonb" } else { "text" };
        database.run(&format!("CREATE TABLE users (id text, secret {json}, credential {json}, kind text)"));
        let columns = "secret AS password_hash, credential AS password_parameters, kind AS password_scheme";
        let daemon = daemon(&database, columns, "accept = [\"keycloak\"]");
        for format in ["keycloak:pbkdf2", "keycloak:argon2"] {
            let vectors = vectors(format);
            assert!(!vectors.is_empty());
            for (number, [stored, parameters, right, wrong]) in vectors.iter().enumerate() {
                let name = format!("{format}{number}");
                database.run(&format!(
                    "INSERT INTO users VALUES ('{name}', {}, {}, '{format}')",
                    quoted(stored),
                    quoted(parameters)
                ));
                sign_in(&daemon, &name, right, wrong);
            }
        }
    }
}

/// The vectors of RFC 6070 with HMAC-SHA256 in the place of HMAC-SHA1, as OpenSSL computes them.
#[test]
fn the_rounds_may_be_a_column_of_their_own() {
    for database in Database::each() {
        database.run(
            "CREATE TABLE users (id text, digest text, salt text, rounds integer);
             INSERT INTO users VALUES
             ('one', '120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b', 'salt', 1),
             ('two', 'ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43', 'salt', 2),
             ('many', 'c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a', 'salt', 4096),
             ('none', 'c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a', 'salt', NULL);",
        );
        let columns = "digest AS password_hash, salt AS password_salt, rounds AS password_parameters";
        let own = "accept = [\"own\"]\n[stores.ADAPTER.users.passwords.schemes.own]\n\
                   digest = \"pbkdf2_sha256(pass, salt, rounds, 32)\"";
        let daemon = daemon(&database, columns, own);
        for name in ["one", "two", "many"] {
            sign_in(&daemon, name, "password", "passwords");
        }
        let login = json!({ "identifier": "none", "password": "password" });
        daemon.ask("customers", "login", &login).expect(500, "unusable_stored_password");
    }
}
