//! What the configuration names and the directory's schema does not have: told by a probe, and never as a wrong password.

use crate::server::ask::{account, call, create, find, kind, open, same};
use crate::server::ds389::Ds389;
use crate::server::samba::Samba;
use crate::server::{Options, Outcome, Slapd, change, ensure};
use idstore_contract::{Depth, ErrorKind, Problem, StoreHandle};
use serde_json::{Value, json};

const RIGHT: &str = "Correct-Horse-1";

/// The errors of a full probe, each with its key.
async fn errors(store: &StoreHandle) -> Result<Vec<Problem>, String> {
    let problems = store.probe(&call(10_000), Depth::Full).await.map_err(|error| format!("{error:?}"))?;
    Ok(problems.into_iter().filter(Problem::is_error).collect())
}

/// The configuration with one key changed, and the keys of the errors of its probe.
async fn keys_with(config: &Value, path: &str, value: &Value) -> Result<Vec<String>, String> {
    let mut config = config.clone();
    change(&mut config, path, value.clone());
    let found = errors(&open(config)?).await.map_err(|error| format!("{path} = {value}: {error}"))?;
    Ok(found.into_iter().map(|problem| problem.key).collect())
}

/// One that searches for groups, too.
fn with_groups(mut config: Value) -> Value {
    let groups = json!({
        "filter": "(&(objectClass=groupOfNames)(member={dn}))", "base": "ou=groups,dc=test",
        "name": "cn",
    });
    change(&mut config, "groups", groups);
    config
}

#[tokio::test]
async fn a_name_that_the_schema_does_not_have_is_told_with_its_key() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let config = with_groups(slapd.config());
    for (path, value, key) in [
        ("filter", json!("(|(mial={identifier})(uid={identifier}))"), "filter"),
        ("object_filter", json!("(&(objectClass=testPersn)(testOrganization={param.org}))"), "object_filter"),
        (
            "object_filter",
            json!("(&(objectClass=testPerson)(testOrganisation={param.org}))"),
            "object_filter",
        ),
        ("object_filter", json!("(&(testOrganization={param.org})(!(nsAccountLock=*)))"), "object_filter"),
        ("groups.filter", json!("(membr={dn})"), "groups.filter"),
        ("groups.filter", json!("(&(objectClass=groupOfName)(member={dn}))"), "groups.filter"),
        ("groups.name", json!("c"), ""),
        ("groups.name", json!("cnn"), "groups.name"),
        ("groups.member_of", json!("memberOff"), "groups.member_of"),
        ("create.dn", json!("ui={username},{base}"), "create.dn"),
        ("create.dn", json!("uid={username},o={param.org}+unit=x,{base}"), "create.dn"),
        ("create.object_classes", json!(["inetOrgPersons", "testPerson"]), "create.object_classes"),
        ("create.attributes.surname2", json!("{family_name}"), "create.attributes.surname2"),
        ("attributes.email", json!("mial"), "attributes.email"),
        ("attributes.app_metadata", json!({ "plan": "plan[]" }), "attributes.app_metadata.plan"),
        ("attributes.param.org", json!("ine"), "attributes.param.org"),
    ] {
        let expected: Vec<&str> = if key.is_empty() { vec![] } else { vec![key] };
        same(
            &format!("{path} = {value}"),
            &expected,
            &keys_with(&config, path, &value).await?.iter().map(String::as_str).collect(),
        )?;
    }
    Ok(())
}

/// Numbers, options and other names are names too, where nothing is read by them.
#[tokio::test]
async fn every_way_to_write_a_name_is_known() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let config = with_groups(slapd.config());
    for (path, value) in [
        ("attributes.email", json!("mail;lang-fr")),
        (
            "filter",
            json!(
                "(|(0.9.2342.19200300.100.1.3={identifier})(userid={identifier})(MAIL;lang-fr={identifier}))"
            ),
        ),
        ("object_filter", json!("(&(objectClass=1.3.6.1.4.1.32473.1.2.1)(testOrganization={param.org}))")),
        (
            "object_filter",
            json!("(&(objectclass=TESTPERSON)(o:dn:2.5.13.2:=test)(testOrganization={param.org}))"),
        ),
        ("create.attributes.commonName", json!("{username}")),
        ("create.object_classes", json!(["2.16.840.1.113730.3.2.2", "testperson"])),
    ] {
        same(&format!("{path} = {value}"), &Vec::<String>::new(), &keys_with(&config, path, &value).await?)?;
    }
    // What is made of nothing is not looked at: presets have a recipe for those who want it.
    let mut config = config;
    change(&mut config, "offers", json!(["list"]));
    same(
        "no create",
        &Vec::new(),
        &keys_with(&config, "create.dn", &json!("nobody={username},{base}")).await?,
    )
}

/// OpenLDAP answers the first name of an attribute, whatever it was asked for.
#[tokio::test]
async fn a_name_that_is_answered_as_another_one_is_told() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let config = with_groups(slapd.config());
    for (path, value, key, first) in [
        ("attributes.username", json!("userid"), "attributes.username", "write uid"),
        ("attributes.email", json!("rfc822Mailbox"), "attributes.email", "write mail"),
        ("attributes.email", json!("0.9.2342.19200300.100.1.3"), "attributes.email", "write mail"),
        ("groups.name", json!("commonName"), "groups.name", "write cn"),
        ("filter", json!("(|(uid={identifier})(commonName={identifier}))"), "filter", "write cn"),
    ] {
        let mut config = config.clone();
        change(&mut config, path, value);
        let found = errors(&open(config)?).await?;
        let [problem] = found.as_slice() else { return Err(format!("{path}: {found:?}")) };
        same(path, &key, &problem.key.as_str())?;
        ensure(problem.message.contains(first), format!("{problem:?}"))?;
    }
    Ok(())
}

/// 389 Directory Server answers what it was asked for.
#[tokio::test]
async fn a_second_name_is_good_where_it_is_answered() -> Outcome {
    let server = Ds389::create()?;
    let mut config = server.config(server.ldaps_port)?;
    change(&mut config, "attributes.username", "userid");
    change(&mut config, "attributes.email", "0.9.2342.19200300.100.1.3");
    change(&mut config, "create.attributes.uid", json!("{username}"));
    let store = open(config.clone())?;
    same("errors", &Vec::new(), &errors(&store).await?)?;
    create(&store, "ada", RIGHT).await.map_err(|error| format!("{error:?}"))?;
    same("the name", &Some("ada".to_owned()), &account(&store, "ada").await?.profile.username)?;
    let mistake = json!("(&(objectClass=testPersn)(testOrganization={param.org}))");
    same(
        "a mistake",
        &vec!["object_filter".to_owned()],
        &keys_with(&config, "object_filter", &mistake).await?,
    )
}

#[tokio::test]
async fn a_domain_is_compared_too() -> Outcome {
    let samba = Samba::create()?;
    let gate = idstore_conformance::Gate::open(idstore_conformance::Target::Tcp(samba.ldaps)).await;
    let gate = gate.map_err(|error| error.to_string())?;
    let config = samba.config(gate.port())?;
    same("as it is", &Vec::new(), &errors(&open(config.clone())?).await?)?;
    for (value, is_known) in [
        ("(|(anr={identifier})(1.2.840.113556.1.4.221={identifier}))", true),
        ("(samAccountNam={identifier})", false),
    ] {
        let found = keys_with(&config, "filter", &json!(value)).await?;
        same(value, &is_known, &found.is_empty())?;
    }
    Ok(())
}

/// As long as it is not mended, nobody is told that a password is wrong or a user unknown.
#[tokio::test]
async fn a_directory_that_does_not_fit_is_misconfigured_until_it_does() -> Outcome {
    let mut slapd = Slapd::start(&Options::default())?;
    create(&open(slapd.config())?, "ada", RIGHT).await.map_err(|error| format!("{error:?}"))?;
    let mut config = slapd.config();
    change(&mut config, "attributes.email", "mial");
    let store = open(config)?;
    same("before any probe", &ErrorKind::Misconfigured, &kind(find(&store, "ada", 5_000).await)?)?;
    same("errors", &1, &errors(&store).await?.len())?;
    let refused = find(&store, "ada", 5_000).await;
    let told = refused.as_ref().err().map(|error| format!("{error:?}")).unwrap_or_default();
    ensure(told.contains("attributes.email") && told.contains("mial"), told)?;
    same("find", &ErrorKind::Misconfigured, &kind(refused)?)?;
    same("create", &ErrorKind::Misconfigured, &kind(create(&store, "bob", RIGHT).await)?)?;
    same("list", &ErrorKind::Misconfigured, &kind(store.list(&call(5_000), None, 10).await)?)?;
    // The directory learns the name; nobody opens the store again.
    slapd.learn(
        "attributetype ( 1.3.6.1.4.1.32473.1.1.99 NAME 'mial' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
    )?;
    same("errors", &0, &errors(&store).await?.len())?;
    account(&store, "ada").await.map(drop)
}
