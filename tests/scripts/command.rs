//! `scripts auth0` as an administrator types it: what is written, and what is refused before anything is.

use crate::daemon::{Folder, command, preamble};
use crate::sandbox::{options, script, subject, text, written};
use idstore_proxy::config::Action;
use idstore_proxy::scripts::auth0::{Mode, Options, files};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Output;

/// A configuration with one connection on a store in memory.
fn configured(store: &str, connection: &str, may_verify: bool) -> (Folder, PathBuf) {
    let folder = Folder::new();
    let preamble = preamble(&folder).replace("may_verify = true", &format!("may_verify = {may_verify}"));
    let text = format!(
        "{preamble}[stores.memory.people]\n{store}\n[stores.memory.people.passwords]\naccept = [\"bcrypt\"]\n\
         write = \"bcrypt\"\n[connections.customers]\nstore = \"people\"\n{connection}\n"
    );
    let path = folder.write("config.toml", &text);
    (folder, path)
}

fn run(config: &PathBuf, arguments: &[&str]) -> Output {
    command().args(["scripts", "auth0", "--config"]).arg(config).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

const URL: &str = "https://proxy.example.com";

#[test]
fn only_what_the_store_offers_gets_a_script() {
    let (folder, config) = configured("abilities = [\"verify\", \"change_username\"]", "", true);
    let out = folder.path().join("auth0");
    let output = run(&config, &["--connection", "customers", "--url", URL, "--out", out.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    let folder = out.join("database-connections/customers");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["database.json", "get_user.js", "login.js", "verify.js"]);
    let database: Value =
        serde_json::from_slice(&std::fs::read(folder.join("database.json")).unwrap()).unwrap();
    assert_eq!(database["name"], "customers");
    let expected = json!({
        "enabledDatabaseCustomization": true,
        "import_mode": false,
        "disable_signup": true,
        "brute_force_protection": true,
        "set_user_root_attributes": "on_each_login",
        "requires_username": false,
        "configuration": { "IDSTORE_URL": URL, "IDSTORE_TOKEN": "##IDSTORE_TOKEN##" },
        "customScripts": { "login": "./login.js", "get_user": "./get_user.js", "verify": "./verify.js" },
    });
    assert_eq!(database["options"], expected);
    assert!(
        said(&output).contains("change_username: their arguments are not documented"),
        "{}",
        said(&output)
    );
    assert!(said(&output).contains("a0deploy import"), "{}", said(&output));
    assert!(out.join("actions/idstore-customers-standing/code.js").exists());
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_written() {
    let (folder, config) = configured("", "identifiers = { email = \"ascii_case\" }", false);
    let (_other, reading) = configured("abilities = []", "", true);
    let (_slow, slow) = configured("", "deadline_ms = 9000", true);
    let texts = folder.write("texts.toml", "nonsense = \"a\"");
    let out = folder.path().join("auth0");
    let usual = ["--connection", "customers", "--url", URL];
    let cases: [(&PathBuf, Vec<&str>, &str); 18] = [
        (&config, vec!["--connection", "customers", "--url", "http://proxy.example.com"], "https"),
        (&config, vec!["--connection", "customers", "--url", "proxy.example.com"], "--url"),
        (&config, vec!["--connection", "Customers", "--url", URL], "a-z"),
        (&config, vec!["--connection", "-customers", "--url", URL], "--connection"),
        (&config, vec!["--connection", "a-name-of-more-than-thirty-five-bytes", "--url", URL], "35"),
        (&config, vec!["--connection", "others", "--url", URL], "there is no connection others"),
        (&config, [&usual[..], &["--messages", texts.to_str().unwrap()]].concat(), "nonsense"),
        (&config, [&usual[..], &["--passkeys"]].concat(), "--context"),
        (&config, [&usual[..], &["--finish"]].concat(), "import"),
        (&config, [&usual[..], &["--finish", "--unconfirmed"]].concat(), "--unconfirmed"),
        (&config, [&usual[..], &["--reset-verifies-email"]].concat(), "may_verify"),
        (&config, [&usual[..], &["--sign-in", "email,username"]].concat(), "identifiers"),
        (&config, [&usual[..], &["--sign-in", "shoe_size"]].concat(), "phone_number"),
        (&reading, [&usual[..], &["--fail", "ajar"]].concat(), "closed"),
        (&reading, [&usual[..], &["--unconfirmed"]].concat(), "change_username"),
        (&reading, [&usual[..], &["--verify-returns", "true"]].concat(), "verify"),
        (&reading, [&usual[..], &["--passkeys", "--context"]].concat(), "create"),
        (&slow, usual.to_vec(), "deadline_ms"),
    ];
    for (config, arguments, word) in cases {
        let output = run(config, &[&arguments[..], &["--out", out.to_str().unwrap()]].concat());
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(word), "{arguments:?}: {}", said(&output));
        assert!(!out.exists(), "{arguments:?}");
    }
    for arguments in [vec!["--connection", "customers"], [&usual[..], &["--test", URL]].concat()] {
        assert_eq!(run(&config, &arguments).status.code(), Some(64), "{arguments:?}");
    }
}

#[test]
fn flags_are_in_the_documents() {
    let database = |options: &Options| -> Value {
        serde_json::from_str(text(&written(&subject(), options), "database.json")).unwrap()
    };
    let of = |options: &Options| database(options)["options"].clone();
    assert_eq!(of(&Options { context: true, ..options() })["enable_script_context"], true);
    assert_eq!(of(&options()).get("enable_script_context"), None);
    assert_eq!(of(&options())["disable_signup"], false);
    assert_eq!(of(&Options { invite_only: true, ..options() })["disable_signup"], true);
    let all = Options { sign_in: idstore_contract::IdentifierKind::ALL.into(), ..options() };
    assert_eq!(of(&all)["attributes"].as_object().unwrap().len(), 3);
    assert_eq!(of(&all).get("requires_username"), None, "the two exclude each other");
    assert_eq!(of(&options()).get("attributes"), None);
    // The folder's reader knows seven scripts by file, and would deploy a path for the others.
    let scripts = of(&options())["customScripts"].clone();
    assert_eq!(scripts["change_email"], "./change_email.js");
    for action in [Action::ChangeUsername, Action::ChangePhoneNumber] {
        let inline = scripts[action.as_str()].as_str().unwrap();
        assert_eq!(inline, script(&written(&subject(), &options()), action));
    }
    let confirmed = of(&Options { unconfirmed: false, ..options() })["customScripts"].clone();
    assert_eq!(confirmed.as_object().unwrap().len(), 7);
}

#[test]
fn import_mode_has_the_scripts_that_auth0_runs_in_it_and_an_end() {
    let mut import = subject();
    import.mode = Mode::Import { grace: true };
    let options = Options { unconfirmed: false, ..options() };
    let names = |options: &Options| -> Vec<String> {
        let files = written(&import, options);
        files
            .iter()
            .filter(|file| file.path.extension().is_some_and(|kind| kind == "js"))
            .map(|file| file.path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&options), ["login.js", "get_user.js", "change_password.js"]);
    let database: Value = serde_json::from_str(text(&written(&import, &options), "database.json")).unwrap();
    assert_eq!(database["options"]["import_mode"], true);
    assert_eq!(database["options"].get("set_user_root_attributes"), None);
    let finish = Options { finish: true, ..options.clone() };
    assert_eq!(names(&finish), ["login.js", "get_user.js"]);
    let files = written(&import, &finish);
    let cases = [Action::Login, Action::GetUser].map(|action| {
        crate::sandbox::case(&script(&files, action), &crate::sandbox::arguments(action), &json!([]))
    });
    for result in crate::sandbox::run(&cases) {
        assert_eq!(crate::sandbox::told(&result), "null");
        assert_eq!(result["requests"], json!([]));
    }
    // Without a grace the second try of a login that has marked the account would find nobody.
    import.mode = Mode::Import { grace: false };
    let login = script(&written(&import, &options), Action::Login);
    let result =
        &crate::sandbox::run(&[crate::sandbox::case(&login, &json!(["ann", "CANARY-1"]), &json!(["reset"]))])
            [0];
    assert_eq!(crate::sandbox::asked(result), ["login"]);
    for refused in [
        Options { delete_auth0_only: true, ..options.clone() },
        Options { passkeys: true, context: true, ..options.clone() },
        Options { fail: Some(idstore_proxy::scripts::auth0::Fail::Open), ..options.clone() },
    ] {
        assert!(files_refused(&import, &refused));
    }
}

fn files_refused(subject: &idstore_proxy::scripts::auth0::Subject, options: &Options) -> bool {
    files(subject, options).is_err()
}

#[test]
fn every_script_is_one_function_within_auth0s_limits() {
    let named = [
        ("login", "login"),
        ("get_user", "getUser"),
        ("create", "create"),
        ("verify", "verify"),
        ("change_password", "changePassword"),
        ("change_email", "changeEmail"),
        ("delete", "deleteUser"),
        ("change_username", "changeUsername"),
        ("change_phone_number", "changePhoneNumber"),
    ];
    for options in [options(), Options { delete_auth0_only: true, ..options() }] {
        let files = written(&subject(), &options);
        for (key, function) in named {
            let text = script(&files, Action::parse(key).unwrap());
            assert!(text.starts_with(&format!("function {function}(")), "{key}");
            assert!(text.ends_with("\n}\n"), "{key}");
            assert!(
                text.lines().filter(|line| !line.starts_with([' ', '}']) && !line.is_empty()).count() == 1,
                "{key}"
            );
            assert!(text.len() < 100 * 1024, "{key}");
        }
        for file in files.iter().filter(|file| file.path.extension().is_some_and(|kind| kind == "js")) {
            let path = file.path.display();
            assert!(
                !file.text.contains('@') || !file.text.contains("@@"),
                "{path}: the deploy tool's marker"
            );
            for word in ["##", "@include", "@settings", "require(", "import(", "process."] {
                assert!(!file.text.contains(word), "{path} holds {word}");
            }
        }
    }
}

#[test]
fn texts_can_be_replaced() {
    let (folder, config) = configured("", "", true);
    let texts = folder.write("texts.toml", "blocked = \"Dieses Konto ist gesperrt.\"\n");
    let out = folder.path().join("auth0");
    let output = run(
        &config,
        &[
            "--connection",
            "customers",
            "--url",
            URL,
            "--out",
            out.to_str().unwrap(),
            "--messages",
            texts.to_str().unwrap(),
        ],
    );
    assert!(output.status.success(), "{}", said(&output));
    let login = std::fs::read_to_string(out.join("database-connections/customers/login.js")).unwrap();
    assert!(login.contains("Dieses Konto ist gesperrt.") && !login.contains("This account is blocked"));
}
