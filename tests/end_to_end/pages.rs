//! The pages of `docs/` are typed from top to bottom: their tables, their configuration, their commands.

use crate::commands::said;
use crate::daemon::{Daemon, Folder, command};
use crate::database::Database;
use crate::users::HASH;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

/// The token that the pages call `auth0-token`.
const TOKEN: &str = "CANARY-token-of-the-pages-41";

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap()
}

/// The blocks of a kind, in order.
fn blocks(page: &str, kind: &str) -> Vec<String> {
    let fence = format!("```{kind}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// A database with the page's tables and Ann, and the page's configuration with the place of that database in it.
fn configured(page: &str, database: &Database, folder: &Folder, more: &str) -> String {
    for sql in blocks(page, "sql") {
        database.run(&sql);
    }
    database.run(&format!(
        "INSERT INTO users (id, email, password, email_verified) VALUES (1, 'ann@example.com', '{HASH}', true)"
    ));
    for (name, text) in [("auth0-token", TOKEN), ("acme-token", "CANARY-token-of-acme-77")] {
        folder.write(name, &format!("{text}\n"));
    }
    let place = database.store(folder).replacen("[stores.postgres.users]", "[stores.postgres.crm]", 1);
    let configuration = blocks(page, "toml").concat() + more;
    assert!(configuration.contains("[stores.postgres.crm]\n"), "no store in:\n{configuration}");
    let is_place = |line: &str| ["host =", "database =", "user ="].iter().any(|key| line.starts_with(key));
    let configuration: String = configuration
        .lines()
        .filter(|line| !is_place(line))
        .map(|line| if line == "[stores.postgres.crm]" { place.clone() } else { line.to_owned() + "\n" })
        .collect();
    let listen = "[server]\nlisten = \"127.0.0.1:0\"\ndeadline_ms = 8000\n[admin]\nlisten = \"127.0.0.1:0\"\n\
                  [log]\nlevel = \"trace\"\n";
    // The daemon and the shell read the tokens where systemd would put them.
    let files = configuration
        .replace("bearer.credential = \"", &format!("bearer.file = \"{}/", folder.path().display()));
    format!("{listen}{files}")
}

/// Types one line of a page in the folder.
fn typed(line: &str, config: &Path, folder: &Path) -> Output {
    let mut words = line.split_whitespace();
    assert_eq!(words.next(), Some("idstore-proxy"), "{line}");
    let mut child = command()
        .args(words)
        .arg("--config")
        .arg(config)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"CANARY-right-1\n").ok();
    child.wait_with_output().unwrap()
}

/// Types every command of a page, and answers what each said.
fn type_all(name: &str, more: &str) -> (Vec<String>, Database, Daemon) {
    let page = page(name);
    let (database, folder) = (Database::postgres(), Folder::new());
    let text = configured(&page, &database, &folder, more);
    let config = folder.write("page.toml", &text);
    let path = folder.path().to_owned();
    let daemon = Daemon::start_whole(folder, &text);
    daemon.wait_until_ready();
    let mut told = Vec::new();
    for line in blocks(&page, "sh").iter().flat_map(|block| block.lines()) {
        let line = line
            .replace("--test https://idstore.example.com", &format!("--test http://{}", daemon.address))
            .replace("/etc/credstore", path.to_str().unwrap());
        let output = typed(&line, &config, &path);
        assert_eq!(output.status.code(), Some(0), "{name}: {line}\n{}", said(&output));
        told.push(format!("{line}\n{}", said(&output)));
    }
    assert!(told.len() >= 4, "{name} has only {} commands", told.len());
    (told, database, daemon)
}

const STORE: &str = "[stores.postgres.crm]\n[stores.postgres.crm.passwords]\naccept = [\"bcrypt\"]\nwrite = \"bcrypt\"\n\
    [stores.postgres.crm.statements]\n\
    get_user = \"SELECT id AS user_id, email, email_verified, password AS password_hash FROM users WHERE email = :identifier\"\n\
    get_user_by_id = \"SELECT id AS user_id, email, email_verified, password AS password_hash FROM users WHERE id = :user_id\"\n\
    create = \"INSERT INTO users (id, email, password, email_verified) VALUES (2, :email, :password_hash, :email_verified) RETURNING id AS user_id\"\n\
    verify = \"UPDATE users SET email_verified = true WHERE id = :user_id\"\n\
    change_password = \"UPDATE users SET password = :password_hash WHERE id = :user_id\"\n";

#[test]
fn the_page_about_auth0_leads_to_a_working_connection() {
    // The page begins with a store that works.
    let name = "auth0.md";
    let table = "```sql\nCREATE TABLE users (id integer PRIMARY KEY, email varchar(200) UNIQUE, \
                 password varchar(200), email_verified boolean NOT NULL);\n```";
    let page = page(name) + table;
    let (database, folder) = (Database::postgres(), Folder::new());
    let text = configured(&page, &database, &folder, STORE);
    let config = folder.write("page.toml", &text);
    let path = folder.path().to_owned();
    let daemon = Daemon::start_whole(folder, &text);
    daemon.wait_until_ready();
    let mut trial = String::new();
    for line in blocks(&page, "sh").iter().flat_map(|block| block.lines()) {
        let line = line
            .replace("--test https://idstore.example.com", &format!("--test http://{}", daemon.address))
            .replace("/etc/credstore", path.to_str().unwrap());
        let output = typed(&line, &config, &path);
        assert_eq!(output.status.code(), Some(0), "{line}\n{}", said(&output));
        trial += &said(&output);
    }
    assert!(
        trial.contains("login, somebody who does not exist: ") && !trial.contains("NOT AS EXPECTED"),
        "{trial}"
    );
    // The deployment that the page shows is the one that the command asks for.
    assert!(trial.contains("a0deploy import -c config.json -i auth0"), "{trial}");
    assert!(page.contains("`a0deploy import -c config.json -i auth0`"));
    assert!(trial.contains("https://acme.eu.auth0.com/dbconnections/change_password"), "{trial}");
    assert!(path.join("auth0/database-connections/customers/login.js").exists());
    assert_eq!(database.run("SELECT count(*) FROM users WHERE email = 'eve@example.com'"), "1");
    // The metric that its alert rule is about.
    daemon.post("/v1/customers/get_user", TOKEN, br#"{"email": "ann@example.com"}"#).expect(200, "ok");
    assert!(daemon.page("/metrics").text.contains("# TYPE idstore_auth0_script_requests counter"));
}

#[test]
fn the_page_about_migration_can_be_typed() {
    let (told, database, daemon) = type_all("migration.md", "");
    assert!(told.iter().any(|told| told.contains("0 of 1 accounts are migrated")), "{told:?}");
    let login = br#"{"identifier": "ann@example.com", "password": "CANARY-right-1"}"#;
    daemon.post("/v1/customers/login", TOKEN, login).expect(200, "ok");
    assert_eq!(database.run("SELECT count(*) FROM idstore_migrated"), "1");
    assert!(
        daemon
            .page("/metrics")
            .text
            .contains("idstore_migration_marks_total{connection=\"customers\",outcome=\"marked\"} 1")
    );
}

#[test]
fn the_page_about_organizations_can_be_typed() {
    let (told, database, daemon) = type_all("organizations.md", "");
    assert!(told.iter().any(|told| told.contains("\"organizations\": [\n        \"org_acme\"")), "{told:?}");
    assert!(
        told.iter().any(|told| told.contains("\"organization\":\"org_acme\"")),
        "Auth0 is told where: {told:?}"
    );
    let members = database.run("SELECT u.email FROM members m JOIN users u ON u.id = m.user_id ORDER BY 1");
    assert_eq!(members, "eve@example.com", "Ann has left, and Eve was invited");
    // The customer's back office sees its own people alone.
    let ask = |email: &str| {
        daemon.post(
            "/v1/customers/get_user",
            "CANARY-token-of-acme-77",
            format!("{{\"email\": \"{email}\"}}").as_bytes(),
        )
    };
    ask("eve@example.com").expect(200, "ok");
    ask("ann@example.com").expect(404, "user_not_found");
}
