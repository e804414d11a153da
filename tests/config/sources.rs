//! Where a configuration comes from: a folder of files, the environment, and secrets that are in none of them.

use crate::{Folder, RIGHT, name, refused};
use idstore_proxy::config;

#[test]
fn a_folder_of_files_is_one_configuration() {
    let folder = Folder::new(&[
        ("config.toml", RIGHT),
        ("conf.d/log.toml", "[log]\nlevel = \"debug\"\n"),
        ("conf.d/more.toml", "[log]\nformat = \"text\"\n[connections.a]\nuser_id_prefix = \"crm\"\n"),
    ]);
    let config = folder.load(&[]).unwrap().config;
    assert_eq!((config.log.level, config.log.format), (config::LogLevel::Debug, config::LogFormat::Text));
    assert_eq!(config.connections[&name("a")].user_id_prefix.as_ref().unwrap().as_str(), "crm");
}

#[test]
fn the_environment_overrides_keys_and_its_texts_take_their_types() {
    let folder = Folder::new(&[("config.toml", RIGHT)]);
    let loaded = folder.load(&[
        ("IDSTORE_SERVER__DEADLINE_MS", "3000"),
        ("IDSTORE_SERVER__LISTEN", "[::1]:81"),
        ("IDSTORE_CONNECTIONS__A__USER_ID_PREFIX", "0123"),
        ("IDSTORE_STORES__MEMORY__PEOPLE__REQUIRED", "false"),
    ]);
    let config = loaded.unwrap().config;
    assert_eq!(config.server.deadline_ms.get(), 3000);
    assert_eq!(config.connections[&name("a")].user_id_prefix.as_ref().unwrap().as_str(), "0123");
    assert!(!config.stores[&name("people")].core.required);
    let text = format!("{RIGHT}parameters = {{ org = \"x\" }}\n");
    let folder = Folder::new(&[("config.toml", &text)]);
    for value in ["0123", "[abc]", " pad ", "true", "{}", "1e3", ""] {
        let loaded = folder.load(&[("IDSTORE_CONNECTIONS__A__PARAMETERS__ORG", value)]).unwrap();
        assert_eq!(loaded.config.connections[&name("a")].parameters["org"], value);
    }
}

#[test]
fn a_variable_that_sets_nothing_is_refused_by_its_name() {
    let folder = Folder::new(&[("config.toml", RIGHT)]);
    for (variable, said) in [
        (
            "IDSTORE_SERVER__LISTNE",
            "there is no key `listne` in [server]; did you mean IDSTORE_SERVER__LISTEN?",
        ),
        ("IDSTORE_SERVER__DRAIN_SECS", "a text, where a whole number belongs"),
        ("IDSTORE_CONNECTIONS__B__STORE", "no file has a table [connections.b]"),
        ("IDSTORE_CALLERS__AUTH0__BEARER", "a secret never stands in the configuration"),
        ("IDSTORE_CALLERS__AUTH0__BEARER__FILE", "the place of a secret is not set by the environment"),
        ("IDSTORE_STORES__MEMORY__PEOPLE__ABILITIES", "a text, where a list belongs"),
    ] {
        let report = folder.load(&[(variable, "a-value-that-must-not-be-shown")]).unwrap_err();
        let (said, place) = (format!("error: {said}"), format!(" --> environment variable {variable}\n"));
        assert!(report.contains(&said) && report.contains(&place), "{report}");
        assert!(!report.contains("must-not-be-shown"), "{report}");
    }
}

#[test]
fn a_variable_that_holds_a_secret_is_no_configuration() {
    let text = RIGHT.replace("bearer.credential = \"t\"", "bearer.env = \"IDSTORE_TOKEN\"");
    assert!(Folder::new(&[("config.toml", &text)]).load(&[("IDSTORE_TOKEN", "x")]).is_ok());
}

#[test]
fn a_secret_in_the_file_is_never_shown() {
    for line in [
        "bearer = \"hunter2\"",
        "bearer = 'hunter2",
        "bearer = hunter2",
        "baerer = \"hunter2\"",
        "token = \"hunter2\"",
        "bearer = { literal = \"hunter2\" }",
        "bearer = \"\"\"\nhunter2\"\"\"",
        "bearer = [\"hunter2\"]",
    ] {
        let report = refused(&format!("[callers.a]\n{line}\n"));
        assert!(!report.contains("hunter2"), "{report}");
    }
}
