//! The mistakes that people make in a configuration, each reported at its place and with what mends it.

use crate::commands::{run, said};
use crate::daemon::{Folder, preamble};
use crate::database::Database;
use crate::users::{self, Statements};

/// What is written, what stands there instead, and what the report says to the operator.
const MISTAKES: [(&str, &str, &str); 22] = [
    ("path = ", "pth = ", "did you mean `path`?"),
    ("[connections.", "[connection.", "did you mean `connections`?"),
    ("bearer.file = ", "bearer = ", "never stands in the configuration"),
    ("bearer.file = ", "bearer.env = \"X\"\nbearer.file = ", "exactly one of"),
    ("store = \"users\"", "store = \"usres\"", "did you mean `users`?"),
    ("store = \"users\"", "store = \"users\"\nuser_id_prefix = \"auth0\"", "auth0"),
    ("store = \"users\"", "store = \"users\"\nidentifiers = { email = \"folded\" }", "`ascii_case`"),
    ("store = \"users\"", "store = \"users\"\ndeadline_ms = 1", "out of its bounds"),
    (
        "store = \"users\"",
        "store = \"users\"\n[connections.other]\nstore = \"users\"",
        "both have no `user_id_prefix`",
    ),
    ("[callers.test]", "[callers.test]\nconnections = [\"custmers\"]", "did you mean `customers`?"),
    ("[callers.test]", "[callers.test]\nactions = [\"logn\"]", "login"),
    ("level = \"trace\"", "level = \"verbose\"", "`debug`"),
    ("[stores.sqlite.", "[stores.sqlight.", "there is no adapter"),
    ("write = \"bcrypt\"", "write = \"bcrpt\"", "did you mean"),
    ("write = \"bcrypt\"", "", "this must say how"),
    ("write = \"bcrypt\"", "write = \"bcrypt", "no TOML"),
    ("get_user_by_id = ", "get_user_by_ids = ", "did you mean `get_user_by_id`?"),
    ("username = :identifier", "username = ':identifier'", "inside quotes"),
    ("username = :identifier", "username = ?", "the driver's own spelling"),
    ("username = :identifier", "username = :identifer", "did you mean :identifier?"),
    ("DELETE FROM users WHERE", "DELETE FROM :user_id WHERE", "only values can be bound"),
    (
        "DELETE FROM users WHERE id = :user_id",
        "DELETE FROM users WHERE id = :user_id; SELECT 1",
        "a list of statements",
    ),
];

#[test]
fn a_mistake_is_reported_at_its_place_and_with_what_mends_it() {
    let database = Database::sqlite();
    let folder = Folder::new();
    let right = preamble(&folder)
        + &users::configuration(&database, &database.store(&folder), "", &Statements::all());
    for (written, instead, told) in MISTAKES {
        assert!(right.contains(written), "{written} is not in:\n{right}");
        let config = folder.write("config.toml", &right.replacen(written, instead, 1));
        let output = run(&["check", "--config", config.to_str().unwrap()], "");
        let said = said(&output);
        assert_eq!(output.status.code(), Some(78), "{instead}: {said}");
        assert!(said.contains(told), "{instead} is not told as {told:?}:\n{said}");
        assert!(said.contains("config.toml:"), "{instead} has no place:\n{said}");
        assert!(said.contains("1 error") || said.contains(" errors"), "{instead} is not counted:\n{said}");
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let database = Database::sqlite();
    let folder = Folder::new();
    let wrong = (preamble(&folder)
        + &users::configuration(&database, &database.store(&folder), "", &Statements::all()))
        .replace("write = \"bcrypt\"", "write = \"bcrpt\"")
        .replace("store = \"users\"", "store = \"usres\"")
        .replace("level = \"trace\"", "level = \"verbose\"");
    let config = folder.write("config.toml", &wrong);
    let said = said(&run(&["check", "--config", config.to_str().unwrap()], ""));
    for told in ["bcrpt", "usres", "`debug`"] {
        assert!(said.contains(told), "{told} is missing in:\n{said}");
    }
}

/// A secret that others can read keeps nobody from serving, and is told all the same.
#[test]
fn check_warns_of_a_secret_that_others_can_read() {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    let database = Database::sqlite();
    let folder = Folder::new();
    let text = preamble(&folder)
        + &users::configuration(&database, &database.store(&folder), "", &Statements::all());
    let config = folder.write("config.toml", &text);
    for (mode, warned) in [(0o644, true), (0o600, false)] {
        std::fs::set_permissions(folder.path().join("token"), Permissions::from_mode(mode)).unwrap();
        let output = run(&["check", "--config", config.to_str().unwrap()], "");
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(said(&output).contains("chmod 0600"), warned, "{}", said(&output));
    }
}

/// A credential or a certificate that is not there shows when everything is opened, and is told in the same way.
#[test]
fn a_secret_that_is_not_there_is_told_with_its_file() {
    let database = Database::sqlite();
    let folder = Folder::new();
    let wrong = (preamble(&folder)
        + &users::configuration(&database, &database.store(&folder), "", &Statements::all()))
        .replace("/token\"", "/tokne\"");
    let config = folder.write("config.toml", &wrong);
    let output = run(&["check", "--config", config.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(78), "{}", said(&output));
    for told in ["tokne: No such file or directory", "config.toml:", "1 error in the configuration"] {
        assert!(said(&output).contains(told), "{told} is missing in:\n{}", said(&output));
    }
}

/// What nothing reads yet is an unknown key: nobody may believe that it protects something.
#[test]
fn a_key_that_does_nothing_yet_is_unknown() {
    let database = Database::sqlite();
    let keys: [(&str, &str, &str); 12] = [
        ("[server]\n", "trusted_proxies = []\n", "trusted_proxies"),
        ("[admin]\n", "control = \"/run/control.sock\"\n", "control"),
        ("[callers.test]\n", "basic.file = \"/basic\"\n", "basic"),
        ("[connections.customers]\n", "new_passwords = { policy = \"good\" }\n", "new_passwords"),
        ("[connections.customers]\n", "stores = []\n", "stores"),
        ("[stores.sqlite.users]\n", "lockout_after = 5\n", "lockout_after"),
        ("[stores.sqlite.users]\n", "replica = { path = \"/r\" }\n", "replica"),
        ("[server]\n", "tls = { cert_file = \"/c\", key_file = \"/k\" }\n", "tls"),
        ("[log]\n", "to = \"journal\"\n", "to"),
        ("[callers.test]\n", "jwt = { issuer = \"i\" }\n", "jwt"),
        ("[server]\n", "[throttle]\nenabled = true\n[server]\n", "throttle"),
        ("[server]\n", "[redis]\nurl = \"redis://r\"\n[server]\n", "redis"),
    ];
    let folder = Folder::new();
    let right = preamble(&folder)
        + &users::configuration(&database, &database.store(&folder), "", &Statements::all());
    for (table, added, key) in keys {
        let text = right.replacen(table, &format!("{table}{added}"), 1);
        let text = text.replacen("[server]\n[throttle]", "[throttle]", 1).replacen(
            "[server]\n[redis]",
            "[redis]",
            1,
        );
        assert!(text.contains(added), "{table} is not in:\n{right}");
        let config = folder.write("config.toml", &text);
        let output = run(&["check", "--config", config.to_str().unwrap()], "");
        let said = said(&output);
        assert_eq!(output.status.code(), Some(78), "{key}: {said}");
        assert!(said.contains(&format!("`{key}`")) && said.contains("config.toml:"), "{key}: {said}");
    }
}
