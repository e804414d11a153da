//! What is wrong with a configuration: told at once, and at its place.

use crate::{Folder, RIGHT, load, name, refused};
use idstore_proxy::config;
use proptest::prelude::*;

#[test]
#[cfg(all(feature = "postgres", feature = "sqlite"))]
fn every_mistake_is_reported_at_once_with_its_place() {
    let path = std::path::Path::new("tests/fixtures/config/mistakes");
    let report = config::load(&path.join("config.toml"), []).unwrap_err().to_string();
    let expected = std::fs::read_to_string(path.join("expected.txt")).unwrap();
    assert_eq!(format!("{report}\n"), expected);
}

#[test]
fn a_right_configuration_has_every_default() {
    let loaded = load(RIGHT).unwrap();
    let server = &loaded.config.server;
    assert_eq!((server.deadline_ms.get(), server.body_max_bytes.get()), (2500, 65_536));
    assert_eq!(loaded.config.connections[&name("a")].identifiers, config::Identifiers::default());
    assert!(loaded.config.stores[&name("people")].core.required);
    assert_eq!(loaded.warnings.to_string(), "0 errors, 0 warnings in the configuration");
}

#[test]
fn what_two_keys_say_together_is_refused_or_warned_about() {
    for (more, said) in [
        ("[server]\nlisten_mode = \"0600\"\n", "error: `listen_mode` is for a unix socket"),
        (
            "[server]\nlisten = \"127.0.0.1:9090\"\n",
            "error: the admin listener has the address of the server's",
        ),
        (
            "[connections.b]\nstore = \"people\"\n",
            "error: the connections `a` and `b` both have no `user_id_prefix`",
        ),
        (
            "[connections.b]\nstore = \"people\"\nuser_id_prefix = \"auth0\"\n",
            "error: the prefix `auth0` is reserved",
        ),
        ("[connections.b]\nstore = \"people\"\nuser_id_prefix = \"a|b\"\n", "error: a prefix can't hold `|`"),
        (
            "[connections.b]\nstore = \"peopel\"\nuser_id_prefix = \"b\"\n",
            "no store `peopel`; did you mean `people`?",
        ),
        (
            "[connections.b]\nstore = \"people\"\nuser_id_prefix = \"b\"\nidentifiers = {}\n",
            "nobody could sign in",
        ),
        (
            "[connections.b]\nstore = \"people\"\nuser_id_prefix = \"b\"\nmode = \"export\"\n",
            "not one of `proxy`, `import`",
        ),
        ("[callers.x]\nbearer.env = \"X\"\nconnections = [\"b\"]\n", "error: there is no connection `b`"),
        ("[hashing.limits]\nbcrypt_cost_max = 99\n", "99 is not in 4 to 31"),
        ("[throttle]\nenabled = true\n", "unknown key `throttle` in the configuration"),
        ("[server.tls]\ncert_file = \"x\"\n", "unknown key `tls` in [server]"),
        ("[stores.memory.other]\npasswords.accept = []\n", "stores.memory.other"),
    ] {
        let report = refused(&format!("{RIGHT}{more}"));
        assert!(report.contains(said), "{more}\n{report}");
    }
    assert!(refused("").contains("there is no caller"));
}

#[test]
fn what_may_be_meant_is_a_warning() {
    let loaded = load(&RIGHT.replace("connections = [\"a\"]\n", "")).unwrap();
    assert!(loaded.warnings.to_string().contains("the caller `auth0` may use every connection"));
    let limited = RIGHT.replace(
        "connections = [\"a\"]\n",
        "connections = [\"a\"]\norganizations = [\"acme\"]\nmay_know_accounts = true\n",
    );
    let loaded = load(&limited).unwrap();
    assert!(loaded.warnings.to_string().contains("never told which account"), "{}", loaded.warnings);
    let gate = "organization = { rule = \"checked\", match = \"name\" }\n";
    let loaded = load(&format!("{RIGHT}{gate}")).unwrap();
    assert!(loaded.warnings.to_string().contains("match by id"), "{}", loaded.warnings);
    let loaded = load(&format!("{RIGHT}import = {{ grace_secs = 0 }}\n")).unwrap();
    assert!(loaded.warnings.to_string().contains("does nothing while the mode is `proxy`"));
    let more = "[stores.memory.spare]\npasswords.write = \"bcrypt\"\n";
    let loaded = load(&format!("{RIGHT}{more}")).unwrap();
    assert!(loaded.warnings.to_string().contains("no connection uses the store `spare`"));
}

#[test]
fn a_kind_of_identifier_that_is_left_out_does_not_sign_in() {
    let loaded = load(&format!("{RIGHT}identifiers = {{ username = \"exact\" }}\n")).unwrap();
    let identifiers = loaded.config.connections[&name("a")].identifiers;
    assert!(
        identifiers.email.is_none() && identifiers.phone_number.is_none() && identifiers.username.is_some()
    );
}

#[test]
fn the_nearest_key_of_a_store_is_of_the_core_or_of_the_adapter() {
    let report = refused(&RIGHT.replace("[connections.a]", "requird = true\nabilites = []\n[connections.a]"));
    assert!(
        report.contains("did you mean `required`?") && report.contains("did you mean `abilities`?"),
        "{report}"
    );
}

#[test]
fn all_required_keys_that_are_missing_are_told() {
    let report = refused(&format!("{RIGHT}[callers.b]\n[connections.b]\nuser_id_prefix = \"b\"\n"));
    assert!(report.contains("[callers.b] needs the key `bearer`"), "{report}");
    assert!(report.contains("[connections.b] needs the key `store`"), "{report}");
}

#[test]
#[cfg(feature = "postgres")]
fn several_missing_keys_of_one_table_are_told_together() {
    let report = refused(&format!("{RIGHT}[stores.postgres.crm]\nprot = 1\n"));
    for key in ["host", "database", "user"] {
        assert!(report.contains(&format!("[stores.postgres.crm] needs the key `{key}`")), "{report}");
    }
    assert!(report.contains("unknown key `prot` in [stores.postgres.crm]; did you mean `port`?"), "{report}");
}

#[test]
#[cfg(not(feature = "postgres"))]
fn a_build_without_an_adapter_says_so() {
    let report = refused(&format!("{RIGHT}[stores.postgres.crm]\nhost = \"x\"\n"));
    assert!(report.contains("this build has no `postgres`; rebuild with `--features postgres`"), "{report}");
}

#[test]
fn two_stores_of_one_name_are_refused_whatever_their_adapters() {
    let report = refused(&format!("{RIGHT}[stores.sqlite.people]\npath = \"/x\"\n"));
    assert!(
        report.contains("there are two stores `people`") || report.contains("this build has no"),
        "{report}"
    );
}

#[test]
fn a_broken_file_hides_nothing_of_the_others_and_nothing_follows_from_it() {
    let folder = Folder::new(&[
        ("config.toml", RIGHT),
        ("conf.d/a.toml", "[callers.broken]\nbearer = = \"x\"\n"),
        ("conf.d/b.toml", "[log]\nlevl = \"info\"\n"),
        ("conf.d/.hidden.toml", "="),
        ("conf.d/notes.txt", "="),
    ]);
    let report = folder.load(&[]).unwrap_err();
    assert!(report.contains("error: no TOML: ") && report.contains("conf.d/a.toml:2:10"), "{report}");
    assert!(report.contains("unknown key `levl` in [log]; did you mean `level`?"), "{report}");
    assert!(
        !report.contains("needs the key") && report.ends_with("2 errors, 0 warnings in the configuration"),
        "{report}"
    );
}

#[test]
fn a_file_that_is_not_there_is_the_only_thing_that_is_told() {
    let report = Folder::new(&[]).load(&[]).unwrap_err();
    assert_eq!(
        report,
        "error: the file can't be read: No such file or directory (os error 2)\n --> config.toml\n\n1 error, 0 warnings in the configuration"
    );
}

/// Every place that a report names is a line and a column that the file has.
fn places_are_in(report: &str, text: &str) -> bool {
    let places = report.lines().filter_map(|line| line.strip_prefix(" --> config.toml:"));
    places.map(|place| place.split_once(':').unwrap()).all(|(line, column)| {
        let lines: Vec<&str> = text.split('\n').collect();
        let line = line.parse::<usize>().ok().and_then(|number| lines.get(number - 1));
        line.is_some_and(|line| {
            column.parse::<usize>().is_ok_and(|column| column <= line.chars().count() + 1)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_panics_and_every_place_is_in_the_file(
        lines in prop::collection::vec(prop_oneof![
            "\\[(server|log|stores|stores.memory|stores.memory.people|connections.a|callers.a|x)\\]",
            "(listen|level|store|bearer|parameters|deadline_ms|accounts|abilities|preset|passwords) = (1|'a'|true|\\[\\]|\\{\\}|1979-05-27|\\[1, 'a'\\])",
            "[a-z.=\\[\\]{}\"' 0-9é]{0,12}",
        ], 0..12),
    ) {
        let text = lines.join("\n");
        if let Err(report) = load(&text) {
            prop_assert!(places_are_in(&report, &text), "{}\n{}", text, report);
        }
    }
}
