//! Mistakes in a configuration, each told with its key.

use crate::config::Config;
use idstore_contract::{Ability, ConnectionNeeds, PasswordWrite, Surroundings, Transport};
use serde_json::{Value, json};

/// The shortest configuration, with these keys set; a dotted path leads into a table.
fn table(more: &[(&str, Value)]) -> Value {
    let mut table = json!({
        "urls": ["ldaps://dc1"], "base": "dc=x", "filter": "(uid={identifier})", "email_verified": "never",
        "attributes": { "user_id": "entryUUID", "username": "uid" },
    });
    for (path, value) in more {
        let mut place = &mut table;
        for key in path.split('.') {
            place = &mut place[key];
        }
        *place = value.clone();
    }
    table
}

fn config(more: &[(&str, Value)]) -> Config {
    serde_json::from_value(table(more)).unwrap()
}

fn around() -> Surroundings {
    Surroundings {
        password_write: Some(PasswordWrite::ByStore),
        connections: vec![ConnectionNeeds { connection: "people".into(), ..ConnectionNeeds::default() }],
        deadline_max: None,
    }
}

/// The keys of the problems; warnings with a question mark.
fn problems(more: &[(&str, Value)]) -> Vec<String> {
    let found = config(more).check(&around());
    let told = |problem: idstore_contract::Problem| {
        if problem.is_error() { problem.key } else { format!("{}?", problem.key) }
    };
    found.into_iter().map(told).collect()
}

#[test]
fn the_shortest_configuration_has_no_problem_and_offers_no_write() {
    assert_eq!(problems(&[]), [""; 0]);
    let (plan, _) = crate::plan::Plan::compile(&config(&[]), &around());
    let plan = plan.unwrap();
    assert!(plan.abilities.is_empty());
    assert_eq!(plan.transport(), Transport::Verified);
}

#[test]
fn unknown_keys_are_refused_in_every_table() {
    for path in ["urlz", "attributes.emial", "groups.x", "create.x"] {
        let mut table =
            table(&[("groups", json!({})), ("create", json!({ "dn": "", "object_classes": [] }))]);
        let mut place = &mut table;
        for key in path.split('.') {
            place = &mut place[key];
        }
        *place = json!("x");
        assert!(serde_json::from_value::<Config>(table).is_err(), "{path}");
    }
}

#[test]
fn each_mistake_is_told_with_its_key() {
    let plain = json!(["ldap://dc1"]);
    for (more, expected) in [
        (vec![("urls", json!([]))], vec!["urls"]),
        (vec![("urls", json!(["http://dc1"]))], vec!["urls[0]"]),
        (vec![("urls", plain.clone())], vec!["urls[0]"]),
        (vec![("urls", plain.clone()), ("allow_plain_ldap", json!(true))], vec!["urls[0]?"]),
        (vec![("urls", json!(["ldap://localhost"]))], vec![]),
        (vec![("urls", json!(["ldap://localhost"])), ("ca_file", json!("/ca"))], vec!["ca_file"]),
        (vec![("start_tls", json!(true))], vec!["urls[0]"]),
        (vec![("urls", plain), ("start_tls", json!(true))], vec![]),
        (vec![("bind_dn", json!("cn=x"))], vec!["bind_password"]),
        (vec![("pool_max", json!(0))], vec!["pool_max"]),
        (vec![("lockout_after", json!(0))], vec!["lockout_after"]),
        (vec![("base", json!(" "))], vec!["base"]),
        (vec![("base", json!("people"))], vec!["base"]),
        (vec![("base", json!("ou=people, dc=x"))], vec![]),
        (vec![("base", json!("<GUID=0123>"))], vec![]),
        (vec![("base", json!("<GUID=0123>")), ("directory", json!("openldap"))], vec!["base"]),
        (vec![("groups", json!({ "filter": "(member={dn})", "base": "groups,dc=x" }))], vec!["groups.base"]),
        (vec![("filter", json!("(uid=x)"))], vec!["filter"]),
        (vec![("filter", json!("uid={identifier}"))], vec!["filter"]),
        (vec![("object_filter", json!("(o={identifier})"))], vec!["object_filter"]),
        (vec![("object_filter", json!("(o={param.org})"))], vec!["object_filter"]),
        (vec![("attributes.param", json!({ "org": "o" }))], vec!["attributes.param.org"]),
        (vec![("attributes.user_id", json!("uid"))], vec!["attributes.user_id"]),
        (vec![("attributes.user_id", json!("entryDN"))], vec!["attributes.user_id"]),
        (vec![("attributes.user_id", json!("distinguishedName"))], vec!["attributes.user_id"]),
        (vec![("attributes.email", json!("ma il"))], vec!["attributes.email"]),
        (vec![("attributes.username", json!(null))], vec!["attributes"]),
        (vec![("email_verified", json!("attribute"))], vec!["email_verified"]),
        (vec![("attributes.email_verified", json!("x"))], vec!["email_verified"]),
        (vec![("password_check", json!("dn_template"))], vec!["dn_template"]),
        (vec![("dn_template", json!("uid={identifier}"))], vec!["dn_template"]),
        (vec![("password_check", json!("compare_hash"))], vec!["attributes.password_hash"]),
        (vec![("groups", json!({}))], vec!["groups"]),
        (vec![("offers", json!(["create"])), ("password_change", json!("extended"))], vec!["offers"]),
        (vec![("offers", json!(["change_password"]))], vec!["password_change"]),
        (vec![("offers", json!(["change_email"]))], vec!["offers"]),
        (vec![("offers", json!(["verify"]))], vec!["offers"]),
        (vec![("offers", json!(["mark_migrated"]))], vec!["offers"]),
        (vec![("offers", json!(["delete"])), ("delete", json!("disable"))], vec!["offers"]),
        (vec![("offers", json!(["list"])), ("directory", json!("freeipa"))], vec![]),
        (vec![("offers", json!(["delete"])), ("directory", json!("freeipa"))], vec!["offers"]),
    ] {
        assert_eq!(problems(&more), expected, "{more:?}");
    }
}

#[test]
fn the_service_has_a_dn_or_a_name_that_its_directory_takes() {
    for (name, directory, is_right) in [
        ("cn=idstore,dc=x", "openldap", true),
        ("idstore", "openldap", false),
        ("idstore@x.example", "openldap", false),
        ("idstore@x.example", "active_directory", true),
        ("X\\idstore", "active_directory", true),
        ("idstore", "active_directory", false),
    ] {
        let more = [
            ("bind_dn", json!(name)),
            ("bind_password", json!({ "env": "X" })),
            ("directory", json!(directory)),
        ];
        assert_eq!(problems(&more).is_empty(), is_right, "{name} {directory}");
    }
}

#[test]
fn a_new_entry_has_a_dn() {
    for (dn, is_right) in
        [("uid={username},{base}", true), ("{username},{base}", false), ("uid={username},{uuid}", false)]
    {
        let create = json!({ "dn": dn, "object_classes": ["inetOrgPerson"] });
        assert_eq!(problems(&[("create", create)]).is_empty(), is_right, "{dn}");
    }
}

#[test]
fn a_domain_keeps_no_address_unique() {
    for (directory, email, uniqueness, offer, expected) in [
        ("active_directory", "mail", "constraint", "create", vec!["uniqueness?"]),
        ("active_directory", "mail", "constraint", "change_email", vec!["uniqueness?"]),
        ("active_directory", "mail", "lock", "create", vec![]),
        ("active_directory", "mail", "constraint", "list", vec![]),
        ("active_directory", "userPrincipalName", "constraint", "create", vec![]),
        ("openldap", "mail", "constraint", "create", vec![]),
    ] {
        let more = [
            ("directory", json!(directory)),
            ("attributes.email", json!(email)),
            ("uniqueness", json!(uniqueness)),
            ("offers", json!([offer])),
            ("password_change", json!("extended")),
            ("create", json!({ "dn": "uid={username},{base}", "object_classes": ["user"] })),
        ];
        assert_eq!(problems(&more), expected, "{directory} {email} {uniqueness} {offer}");
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let more = [("urls", json!(["x"])), ("base", json!("")), ("filter", json!("(")), ("pool_max", json!(0))];
    assert_eq!(problems(&more), ["urls[0]", "pool_max", "base", "filter"]);
}

#[test]
fn a_problem_inside_a_text_has_its_place() {
    let found = config(&[("filter", json!("(|(mail={identifier})(uid={nobody}))"))]).check(&around());
    assert_eq!((found[0].key.as_str(), found[0].offset), ("filter", Some(26)));
}

/// A server takes `unicodePwd` over TLS alone, whatever else it lets through.
#[test]
fn active_directorys_passwords_need_tls() {
    let more = |url: &str| {
        vec![
            ("urls", json!([url])),
            ("offers", json!(["change_password"])),
            ("password_change", json!("unicode_pwd")),
        ]
    };
    assert_eq!(problems(&more("ldap://localhost")), ["password_change"]);
    assert_eq!(problems(&more("ldaps://localhost")), [""; 0]);
}

#[test]
fn how_passwords_are_written_has_to_fit_the_directory() {
    let more = |change: &str, check: &str| {
        config(&[
            ("offers", json!(["change_password"])),
            ("password_change", json!(change)),
            ("password_check", json!(check)),
            ("attributes.password_hash", json!("userPassword")),
        ])
    };
    for (change, check, write, is_right) in [
        ("extended", "bind", Some(PasswordWrite::ByStore), true),
        ("extended", "bind", Some(PasswordWrite::Hashed), false),
        ("extended", "bind", Some(PasswordWrite::HashedWithSalt), false),
        ("extended", "bind", None, true),
        ("attribute", "compare_hash", None, false),
        ("attribute", "bind", Some(PasswordWrite::ByStore), true),
        ("attribute", "bind", Some(PasswordWrite::Hashed), true),
        ("attribute", "compare_hash", Some(PasswordWrite::Hashed), true),
        ("attribute", "compare_hash", Some(PasswordWrite::ByStore), false),
    ] {
        let around = Surroundings { password_write: write, ..around() };
        let found = more(change, check).check(&around);
        assert_eq!(found.is_empty(), is_right, "{change} {check} {write:?}: {found:?}");
    }
    let around = Surroundings { password_write: Some(PasswordWrite::Hashed), ..around() };
    let (plan, _) = crate::plan::Plan::compile(&more("attribute", "compare_hash"), &around);
    assert!(plan.unwrap().abilities.contains(&Ability::Rehash));
}
