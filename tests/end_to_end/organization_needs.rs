//! What organizations need of a store is refused at start where the store has it not.

use crate::commands::{run, said};
use crate::daemon::{Folder, preamble};
use crate::database::Database;
use crate::organizations::{fill, find, shared};

#[test]
fn what_an_organization_needs_is_refused_at_start_where_the_store_has_it_not() {
    let database = Database::sqlite();
    fill(&database);
    let folder = Folder::new();
    let check = |connection: &str, caller: &str, drop: &str| {
        let statements: String = shared("sqlite")
            .lines()
            .filter(|line| drop.is_empty() || !line.starts_with(drop))
            .map(|line| line.to_owned() + "\n")
            .collect();
        let text = preamble(&folder)
            + caller
            + &database.store(&folder)
            + "[stores.sqlite.users.passwords]\naccept = [\"bcrypt\"]\nwrite = \"bcrypt\"\n"
            + &statements
            + "[connections.customers]\nstore = \"users\"\n"
            + connection;
        let config = folder.write("config.toml", &text);
        let output = run(&["check", "--config", config.to_str().unwrap(), "--connect"], "");
        (output.status.code(), said(&output))
    };
    let gate = "organization = { rule = \"checked\" }\n";
    assert_eq!(check(gate, "", "").0, Some(0), "{}", check(gate, "", "").1);
    for (connection, caller, drop, word) in [
        (gate, "", "organizations =", "join_organization can't be proven without a statement organizations"),
        ("", "organizations = [\"acme\"]\n", "organizations =", "join_organization can't be proven"),
    ] {
        let (code, said) = check(connection, caller, drop);
        assert!(code == Some(78) && said.contains(word), "{said}");
    }
    // Without any statement about organizations, the connection and the caller are what is wrong.
    let store = "[stores.sqlite.users.statements]\n".to_owned()
        + &format!("get_user = \"{}\"\n", find("email = :identifier"));
    for (connection, caller, word) in [
        (gate, "", "this rule asks for the organizations of a user"),
        ("", "organizations = [\"acme\"]\n", "who belongs to these is not known"),
    ] {
        let text = preamble(&folder)
            + caller
            + &database.store(&folder)
            + "[stores.sqlite.users.passwords]\naccept = [\"bcrypt\"]\n"
            + &store
            + "[connections.customers]\nstore = \"users\"\n"
            + connection;
        let config = folder.write("config.toml", &text);
        let output = run(&["check", "--config", config.to_str().unwrap()], "");
        assert_eq!(output.status.code(), Some(78), "{}", said(&output));
        assert!(said(&output).contains(word) && said(&output).contains("config.toml:"), "{}", said(&output));
    }
    // By name, each organization must have one.
    let nameless = shared("sqlite").replace("organization AS name, ", "");
    let text = preamble(&folder)
        + &database.store(&folder)
        + "[stores.sqlite.users.passwords]\naccept = [\"bcrypt\"]\nwrite = \"bcrypt\"\n"
        + &nameless
        + "[connections.customers]\nstore = \"users\"\norganization = { rule = \"checked\", match = \"name\" }\n";
    let config = folder.write("config.toml", &text);
    let output = run(&["check", "--config", config.to_str().unwrap(), "--connect"], "");
    assert!(said(&output).contains("matches organizations by name"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(78));
}

/// An account that a limited caller makes must be able to begin in its organization.
#[test]
fn a_limited_caller_that_could_only_make_strangers_is_refused_at_start() {
    let database = Database::sqlite();
    fill(&database);
    let folder = Folder::new();
    let unbound = shared("sqlite").replacen(":organization IN ('acme', 'globex')", "1 = 0", 1).replacen(
        "SELECT u.id, :organization FROM",
        "SELECT u.id, 'x' FROM",
        1,
    );
    let text = preamble(&folder)
        + "organizations = [\"acme\"]\n"
        + &database.store(&folder)
        + "[stores.sqlite.users.passwords]\naccept = [\"bcrypt\"]\nwrite = \"bcrypt\"\n"
        + &unbound
        + "[connections.customers]\nstore = \"users\"\n";
    let config = folder.write("config.toml", &text);
    let output = run(&["check", "--config", config.to_str().unwrap()], "");
    assert!(said(&output).contains("would begin in none of these"), "{}", said(&output));
}
