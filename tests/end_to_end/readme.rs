//! What the README shows is what happens: its commands, its configurations, its demo.

use crate::commands::{COMMANDS, help, run, said};
use crate::daemon::{Folder, command};
use crate::database::Database;
use std::path::Path;
use std::process::{Output, Stdio};

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The whole configurations that it shows: one with a preset, one with statements.
fn configurations(readme: &str) -> Vec<String> {
    let blocks = readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    let whole: Vec<String> = blocks.filter(|block| block.contains("[stores.")).collect();
    assert_eq!(whole.len(), 2, "the README shows {} whole configurations", whole.len());
    whole
}

/// Runs `check` on a configuration whose secrets are credentials.
fn check(configuration: &str, folder: &Folder, arguments: &[&str]) -> Output {
    folder.write("auth0-token", "CANARY-token-of-the-readme\n");
    let config = folder.write("config.toml", configuration);
    let mut check = command();
    check
        .env("CREDENTIALS_DIRECTORY", folder.path())
        .arg("check")
        .args(arguments)
        .arg("--config")
        .arg(config);
    check.output().unwrap()
}

/// The configurations are right as they stand, and nothing about them is worth a warning.
#[test]
fn the_configurations_of_the_readme_pass_check() {
    for block in configurations(&readme()) {
        let folder = Folder::new();
        folder.write("crm-db", "CANARY-password-of-the-readme\n");
        let output = check(&block, &folder, &[]);
        assert_eq!(output.status.code(), Some(0), "{block}\n{}", said(&output));
        assert!(!said(&output).contains("warning"), "{block}\n{}", said(&output));
    }
}

/// They fit the tables that they are about, once they say where the test's database is.
#[test]
fn the_configurations_of_the_readme_fit_a_real_database() {
    let django = |database: &Database| database.load_dump("django.sql");
    let own = |database: &Database| {
        let table = "CREATE TABLE users (id serial PRIMARY KEY, email text UNIQUE, password text, first_name text, \
                     email_verified boolean NOT NULL, is_active boolean NOT NULL);";
        database.run(table);
    };
    let fills: [&dyn Fn(&Database); 2] = [&django, &own];
    for (block, fill) in configurations(&readme()).into_iter().zip(fills) {
        let database = Database::postgres();
        fill(&database);
        let folder = Folder::new();
        let place = database.store(&folder).replacen("[stores.postgres.users]", "[stores.postgres.crm]", 1);
        let says_where = |line: &&str| {
            ["host =", "database =", "user =", "password.", "[stores.postgres.crm]"]
                .iter()
                .any(|key| line.starts_with(key))
        };
        let header = "[stores.postgres.crm]";
        let without: String = block
            .lines()
            .filter(|line| line.starts_with(header) || !says_where(line))
            .map(|line| if line.starts_with(header) { place.clone() } else { line.to_owned() + "\n" })
            .collect();
        let output = check(&without, &folder, &["--connect"]);
        assert_eq!(output.status.code(), Some(0), "{without}\n{}", said(&output));
        assert!(said(&output).contains("store crm: ok"), "{}", said(&output));
    }
}

/// What the README tells people to type is there.
#[test]
fn the_commands_and_flags_of_the_readme_exist() {
    let readme = readme();
    let mut seen = Vec::new();
    for typed in readme.split("idstore-proxy ").skip(1).chain(readme.split("--release -- ").skip(1)) {
        let typed = typed.split(['\n', '`', ';', '|']).next().unwrap();
        let words: Vec<&str> = typed.split_whitespace().collect();
        let Some(first) = words.first().filter(|word| COMMANDS[1..].contains(word)) else { continue };
        let both = words.get(1).map(|second| format!("{first} {second}"));
        let command = both.filter(|both| COMMANDS.contains(&both.as_str())).unwrap_or((*first).to_owned());
        let help = help(&command);
        for flag in words.iter().filter(|word| word.starts_with("--") && word.len() > 2) {
            assert!(help.contains(*flag), "README.md: {command} has no {flag}");
        }
        seen.push(command);
    }
    for command in ["demo", "check", "try", "preset show"] {
        assert!(
            seen.iter().any(|seen| seen == command),
            "README.md does not show {command}; it shows {seen:?}"
        );
    }
}

/// The first command of the README: everything that it prints works.
#[test]
fn the_demo_serves_at_once_and_its_lines_work() {
    let folder = Folder::new();
    let port = |_: u8| std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (listen, admin) = (port(1), port(2));
    let arguments =
        ["demo", "--listen", &listen, "--admin", &admin, "--folder", folder.path().to_str().unwrap()];
    let mut child = command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut printed = String::new();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    while !printed.contains("Control-C ends it") {
        printed += &(lines.next().unwrap().unwrap() + "\n");
    }
    let token = printed.split("Bearer ").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    let mut expected = ["ok", "invalid_credentials", "user_blocked", "ok", "ok", "ok"].into_iter();
    for (path, body) in curl_lines(&printed, &listen) {
        let answer = crate::daemon::post(listen.parse().unwrap(), &path, &token, body.as_bytes());
        assert_eq!(answer.code(), expected.next().unwrap(), "{path} {body}: {}", answer.text);
    }
    assert_eq!(expected.next(), None, "every line was found:\n{printed}");
    let config = folder.path().join("config.toml");
    assert!(printed.contains(config.to_str().unwrap()));
    let output =
        run(&["try", "login", "ann@example.test", "--config", config.to_str().unwrap()], "demo-Ann-1\n");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}

/// The path and the body of each curl line that posts something.
fn curl_lines(printed: &str, listen: &str) -> Vec<(String, String)> {
    let address = format!("http://{listen}");
    printed
        .split(&format!("curl -s {address}"))
        .skip(1)
        .map(|line| {
            let body = line.split("-d '").nth(1).unwrap().split('\'').next().unwrap();
            (line.split(' ').next().unwrap().to_owned(), body.to_owned())
        })
        .collect()
}
