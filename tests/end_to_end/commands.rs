//! The commands, as an operator types them.

use crate::daemon::{Folder, command, preamble};
use crate::database::Database;
use crate::users::{self, Statements};
use serde_json::Value;
use std::io::Write as _;
use std::process::{Output, Stdio};

/// Runs a command with these lines on its standard input.
pub(crate) fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = command()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    child.wait_with_output().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A configuration file on a filled table of this database.
pub(crate) fn configured(database: &Database, statements: &Statements) -> (Folder, String) {
    let folder = Folder::new();
    let text = preamble(&folder)
        + &users::configuration(database, &database.store(&folder), "", statements)
        + "deadline_ms = 20000\n";
    let path = folder.write("config.toml", &text);
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn check_says_that_a_good_configuration_is_good() {
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        let (_folder, config) = configured(&database, &Statements::all());
        for arguments in [&["check", "--config", &config][..], &["check", "--config", &config, "--connect"]] {
            let output = run(arguments, "");
            assert_eq!(output.status.code(), Some(0), "{}", said(&output));
            assert!(said(&output).contains("the configuration is good"), "{}", said(&output));
        }
    }
}

/// What a server alone can show, each with the statement's place in the file.
#[test]
fn check_connect_finds_what_only_the_server_shows() {
    let columns = users::COLUMNS;
    let by_id = format!("SELECT {columns} FROM users WHERE id = :user_id");
    let cases: [(&str, &'static str, String, &str); 7] = [
        (
            "an unknown result column",
            "get_user_by_id",
            by_id.replace("id AS user_id", "id AS user_id, id AS shoe_size"),
            "shoe_size",
        ),
        (
            "an unknown column",
            "verify",
            "UPDATE users SET proven = true WHERE id = :user_id".to_owned(),
            "proven",
        ),
        ("an unknown table", "delete", "DELETE FROM people WHERE id = :user_id".to_owned(), "people"),
        (
            "another profile at login",
            "login",
            "SELECT id AS user_id, email, password AS password_hash FROM users WHERE email = :identifier"
                .to_owned(),
            "login",
        ),
        (
            "no hash to compare",
            "login",
            format!(
                "SELECT {} FROM users WHERE email = :identifier",
                columns.replace("password AS password_hash, ", "")
            ),
            "password_hash",
        ),
        (
            "a flag that is not taken back",
            "change_email",
            "UPDATE users SET email = :new_email WHERE id = :user_id".to_owned(),
            "email_verified",
        ),
        (
            "no key",
            "get_user",
            format!("SELECT {} FROM users WHERE email = :identifier", columns.replace("id AS user_id, ", "")),
            "user_id",
        ),
    ];
    for database in Database::each() {
        users::fill(&database, users::key(&database), "UNIQUE");
        for (what, key, sql, word) in &cases {
            let (_folder, config) = configured(&database, &Statements::all().with(key, sql));
            let output = run(&["check", "--config", &config, "--connect"], "");
            let said = said(&output);
            assert_eq!(output.status.code(), Some(78), "{what} on {}: {said}", database.adapter());
            assert!(
                said.contains(word) && said.contains("config.toml:"),
                "{what} on {}: {said}",
                database.adapter()
            );
        }
    }
}

#[test]
fn check_connect_proposes_what_the_database_has_and_the_preset_leaves_unused() {
    for (database, name) in [(Database::postgres(), "django"), (Database::sqlite(), "django_sqlite")] {
        database.load_dump(&format!("{name}.sql"));
        let folder = Folder::new();
        for (options, proposed) in [("", true), ("preset_options = { allauth = true }\n", false)] {
            let text = preamble(&folder)
                + &database.store(&folder)
                + "preset = \"django\"\n"
                + options
                + "[connections.customers]\nstore = \"users\"\n";
            let config = folder.write("config.toml", &text);
            let output = run(&["check", "--config", config.to_str().unwrap(), "--connect"], "");
            let said = said(&output);
            assert_eq!(output.status.code(), Some(0), "{said}");
            assert_eq!(said.contains("allauth = true"), proposed, "{said}");
        }
    }
}

#[test]
fn check_connect_of_a_store_that_is_down_ends_with_69() {
    let folder = Folder::new();
    let store = format!("[stores.sqlite.users]\npath = \"{}\"\n", folder.path().join("nowhere.db").display());
    let text = preamble(&folder) + &users::configuration(&Database::sqlite(), &store, "", &Statements::all());
    let config = folder.write("config.toml", &text);
    let config = config.to_str().unwrap();
    assert_eq!(run(&["check", "--config", config], "").status.code(), Some(0));
    let output = run(&["check", "--config", config, "--connect"], "");
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
}

#[test]
fn hash_makes_what_it_verifies_and_identifies() {
    for scheme in ["bcrypt", "argon2", "django:pbkdf2_sha256", "passlib:pbkdf2_sha512"] {
        let made = run(&["hash", "make", "--scheme", scheme], "CANARY-1\n");
        assert_eq!(made.status.code(), Some(0), "{}", said(&made));
        let stored = String::from_utf8(made.stdout).unwrap();
        let verify = |password: &str| run(&["hash", "verify"], &format!("{stored}{password}\n"));
        assert_eq!(verify("CANARY-1").status.code(), Some(0), "{scheme}: {}", said(&verify("CANARY-1")));
        assert_eq!(verify("CANARY-2").status.code(), Some(1), "{scheme}");
        let identified = run(&["hash", "identify"], &stored);
        assert!(said(&identified).contains(scheme), "{scheme}: {}", said(&identified));
    }
    assert_eq!(run(&["hash", "make", "--scheme", "bcrypd"], "CANARY-1\n").status.code(), Some(64));
    assert_eq!(run(&["hash", "identify"], "what is this\n").status.code(), Some(1));
    // No password is not an empty password.
    assert_eq!(run(&["hash", "make", "--scheme", "bcrypt"], "").status.code(), Some(64));
    assert_eq!(run(&["hash", "make", "--scheme", "bcrypt"], "\n").status.code(), Some(1));
    let named = run(&["hash", "verify"], "5ebe2294ecd0e0f08eab7690d2a6ee69\nsecret\n");
    assert!(named.status.code() == Some(1) && said(&named).contains("--scheme"), "{}", said(&named));
    let listed = run(&["hash", "schemes", "--json"], "");
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert!(listed["schemes"].as_array().unwrap().contains(&"bcrypt".into()));
}

/// A scheme of the operator's own, and the key of one of the catalogue, are in the configuration alone.
#[test]
fn hash_knows_what_a_store_knows() {
    let folder = Folder::new();
    let key = folder.write("pepper", "pepper!");
    let text = preamble(&folder)
        + &format!(
            "[stores.memory.people]\n[connections.people]\nstore = \"people\"\n[stores.memory.people.passwords]\n\
             accept = [\"intranet\", \"moodle:md5\"]\nwrite = \"intranet\"\n\
             [stores.memory.people.passwords.schemes.intranet]\ndigest = \"left(md5(salt . pass), 20)\"\n\
             layout = \"<salt>:<digest>\"\n\
             [stores.memory.people.passwords.schemes.\"moodle:md5\"]\npepper.file = {key:?}\n"
        );
    let config = folder.write("config.toml", &text);
    let of_store = ["--store", "people", "--config", config.to_str().unwrap()];
    let hash = |command: &[&str], input: &str| run(&[&["hash"], command, &of_store].concat(), input);
    let made = hash(&["make"], "CANARY-1\n");
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    // The second is the MD5 of the password and the key.
    for stored in [String::from_utf8(made.stdout).unwrap(), "a830bc1e8f2f46ecb8b263671b022664\n".to_owned()] {
        let verify = |password: &str| hash(&["verify"], &format!("{stored}{password}\n"));
        assert_eq!(verify("CANARY-1").status.code(), Some(0), "{stored}{}", said(&verify("CANARY-1")));
        assert_eq!(verify("CANARY-2").status.code(), Some(1), "{stored}");
    }
    let nobody =
        run(&["hash", "make", "--store", "nobody", "--config", config.to_str().unwrap()], "CANARY-1\n");
    assert_eq!(nobody.status.code(), Some(64), "{}", said(&nobody));
}

/// What is printed is a line of the configuration, which the daemon takes as it stands.
#[test]
fn what_identify_prints_can_be_pasted() {
    for stored in [
        "5ebe2294ecd0e0f08eab7690d2a6ee69",
        "5ebe2294ecd0e0f08eab7690d2a6ee69:ab",
        "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9gqs2vQ",
    ] {
        let identified = run(&["hash", "identify"], &format!("{stored}\n"));
        let printed = String::from_utf8(identified.stdout).unwrap();
        let folder = Folder::new();
        let text = preamble(&folder)
            + "[stores.memory.people]\n[connections.people]\nstore = \"people\"\n[stores.memory.people.passwords]\n"
            + &printed
            + "write = \"bcrypt\"\n";
        let text = text.replacen("accept = [", "accept = [\"bcrypt\", ", 1);
        let config = folder.write("config.toml", &text);
        let check = run(&["check", "--config", config.to_str().unwrap()], "");
        assert_eq!(check.status.code(), Some(0), "{printed}{}", said(&check));
    }
}

/// Each command, by its words.
pub(crate) const COMMANDS: [&str; 19] = [
    "",
    "serve",
    "check",
    "try",
    "demo",
    "preset",
    "preset list",
    "preset show",
    "hash",
    "hash make",
    "hash verify",
    "hash identify",
    "hash schemes",
    "invite",
    "migration",
    "migration status",
    "migration unmark",
    "scripts",
    "scripts auth0",
];

pub(crate) fn help(of: &str) -> String {
    let arguments: Vec<&str> = of.split_whitespace().chain(["--help"]).collect();
    let output = run(&arguments, "");
    assert_eq!(output.status.code(), Some(0), "{of}");
    said(&output)
}

#[test]
fn every_help_text_is_plain_and_explains_every_flag() {
    for name in COMMANDS {
        let text = help(name);
        assert!(!text.contains('`') && !text.contains("[`"), "{name}: marks of rustdoc in\n{text}");
        assert!(text.contains("Usage: idstore-proxy"), "{name}:\n{text}");
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let Some(flag) = line.trim_start().strip_prefix("--").or(line.trim_start().strip_prefix('-'))
            else {
                continue;
            };
            // What explains it stands behind at least two blanks, or on the next line.
            let beside = flag.split_once("  ").is_some_and(|(_, words)| !words.trim().is_empty());
            let below = lines.get(number + 1).is_some_and(|next| next.starts_with("          "));
            assert!(beside || below, "{name}: {line} is not explained");
        }
    }
    assert!(help("try").contains("really write"), "who tries a write is warned");
    assert!(help("").contains("Exit codes"), "{}", help(""));
    assert!(help("").contains("LDAP directory"), "{}", help(""));
}

#[test]
fn a_wrong_command_line_ends_with_64_and_a_missing_configuration_with_78() {
    let cases: [(&[&str], i32); 12] = [
        (&[], 64),
        (&["serv"], 64),
        (&["check", "--conect"], 64),
        (&["try", "logn", "ann"], 64),
        (&["try", "login"], 64),
        (&["try", "change_email", "--user-id", "1"], 64),
        (&["try", "create", "ann@example.test"], 64),
        (&["preset", "show", "django", "--adapter", "ldap"], 64),
        (&["preset", "show", "django", "--option", "allauth"], 64),
        (&["hash", "verify", "--scheme", "bcrypd"], 64),
        (&["check", "--config", "nowhere/config.toml"], 78),
        (&["serve", "--config", "nowhere/config.toml"], 78),
    ];
    for (arguments, code) in cases {
        let output = run(arguments, "CANARY-1\n");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(!said(&output).is_empty(), "{arguments:?} says nothing");
    }
    for arguments in [&["--version"][..], &["--help"], &["help", "try"]] {
        assert_eq!(run(arguments, "").status.code(), Some(0), "{arguments:?}");
    }
}

/// An address that is taken is no fault of the configuration.
#[test]
fn serve_ends_with_69_where_its_address_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let database = Database::sqlite();
    users::fill(&database, users::key(&database), "UNIQUE");
    let folder = Folder::new();
    let text = preamble(&folder).replacen("127.0.0.1:0", &taken.local_addr().unwrap().to_string(), 1)
        + &users::configuration(&database, &database.store(&folder), "", &Statements::all());
    let config = folder.write("config.toml", &text);
    let output = run(&["serve", "--config", config.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(69), "{}", said(&output));
}

#[test]
fn a_preset_that_is_shown_can_be_pasted() {
    for preset in ["generic", "django"] {
        assert!(said(&run(&["preset", "list"], "")).contains(preset));
        for adapter in ["postgres", "sqlite"] {
            let shown = run(&["preset", "show", preset, "--adapter", adapter], "");
            assert_eq!(shown.status.code(), Some(0), "{}", said(&shown));
            let folder = Folder::new();
            let pasted = String::from_utf8(shown.stdout).unwrap().replace(".NAME", ".users");
            let place = match adapter {
                "postgres" => {
                    "host = \"/run/postgresql\"\ndatabase = \"crm\"\nuser = \"idstore\"\n".to_owned()
                }
                _ => format!("path = \"{}\"\n", folder.path().join("users.db").display()),
            };
            // The operator adds where the database is, and which store the connection is on.
            let table = format!("[stores.{adapter}.users]\n");
            let with_place = if pasted.contains(&table) {
                pasted.replace(&table, &(table.clone() + &place))
            } else {
                table + &place + &pasted
            };
            let text = preamble(&folder) + &with_place + "[connections.users]\nstore = \"users\"\n";
            let config = folder.write("config.toml", &text);
            let output = run(&["check", "--config", config.to_str().unwrap()], "");
            assert_eq!(output.status.code(), Some(0), "{preset} {adapter}:\n{text}\n{}", said(&output));
        }
    }
    assert_eq!(run(&["preset", "show", "djanog"], "").status.code(), Some(64));
}
