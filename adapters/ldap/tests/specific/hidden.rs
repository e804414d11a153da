//! What the service may not see, and what moved while it was looked at: never told as a wrong password or as nobody.

use crate::server::ask::{account, call, create, find, kind, login, open, same};
use crate::server::ds389::Ds389;
use crate::server::{Options, Outcome, PEOPLE, Slapd, change, ensure};
use idstore_contract::{
    Depth, ErrorKind, IdentifierKind, Lookup, NewAccount, NewPassword, Profile, Purpose, Rejection, Secret,
};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const RIGHT: &str = "Correct-Horse-1";

fn add(slapd: &Slapd, name: &str, more: &[(&str, &str)]) -> Outcome {
    let mut attributes = vec![
        ("objectClass", "inetOrgPerson"),
        ("objectClass", "testPerson"),
        ("uid", name),
        ("cn", name),
        ("sn", "Doe"),
        ("userPassword", RIGHT),
    ];
    attributes.extend(more);
    slapd.add(&format!("uid={name},{PEOPLE}"), &attributes)
}

#[tokio::test]
async fn a_service_that_lost_its_rights_finds_out_and_nobody_is_gone() -> Outcome {
    let server = Ds389::create()?;
    let store = open(server.config(server.ldaps_port)?)?;
    let made = create(&store, "ada", RIGHT).await.map_err(|error| format!("{error:?}"))?;
    let nobody = find(&store, "nobody", 10_000).await.map_err(|error| format!("{error:?}"))?;
    same("nobody", &0, &nobody.len())?;
    server.tools.modify(&server.suffix, "delete: aci")?;
    same("find", &ErrorKind::Misconfigured, &kind(find(&store, "ada", 10_000).await)?)?;
    same("delete", &ErrorKind::Misconfigured, &kind(store.delete(&call(10_000), &made).await)?)
}

#[tokio::test]
async fn an_attribute_that_may_be_searched_and_not_read_is_no_unknown_user() -> Outcome {
    let named = Lookup::Named(IdentifierKind::Email, "ada@example.com".into());
    for (access, by_name) in [
        ("access to attrs=mail by dn.exact=\"cn=idstore,dc=test\" search by * none\n", None),
        (
            "access to attrs=mail,uid by dn.exact=\"cn=idstore,dc=test\" search by * none\n",
            Some(ErrorKind::Misconfigured),
        ),
    ] {
        let slapd = Slapd::start(&Options { access, ..Options::default() })?;
        add(&slapd, "ada", &[("mail", "ada@example.com"), ("testOrganization", "acme")])?;
        let store = open(slapd.config())?;
        let found = store.find(&call(10_000), &named, Purpose::Profile).await;
        same("by address", &ErrorKind::Misconfigured, &kind(found)?)?;
        let found = find(&store, "ada", 10_000).await;
        same("by name", &by_name, &found.err().map(|error| error.kind()))?;
        let problems = store.probe(&call(10_000), Depth::Full).await.map_err(|error| format!("{error:?}"))?;
        let told = problems.iter().any(|problem| problem.key == "attributes.email");
        ensure(told, format!("the operator is told {problems:?}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_user_who_may_not_read_the_own_entry_is_the_operators_matter() -> Outcome {
    let slapd = Slapd::start(&Options {
        access: "access to dn.subtree=\"ou=people,dc=test\" by anonymous auth by * none\n",
        ..Options::default()
    })?;
    add(&slapd, "ada", &[("testOrganization", "acme")])?;
    let store = open(slapd.config_of_nobody())?;
    same("right", &"Misconfigured".to_owned(), &login(&store, "ada", RIGHT).await?)?;
    same("wrong", &"mismatch".to_owned(), &login(&store, "ada", "wrong").await?)
}

#[tokio::test]
async fn a_dn_template_finds_nobody_outside_the_filter_and_invents_no_key() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    add(&slapd, "ada", &[("testOrganization", "acme")])?;
    add(&slapd, "eve", &[("testOrganization", "globex")])?;
    let store = open(slapd.config_of_nobody())?;
    same("inside", &"match, ok".to_owned(), &login(&store, "ada", RIGHT).await?)?;
    same("outside", &"mismatch".to_owned(), &login(&store, "eve", RIGHT).await?)?;
    let found = find(&store, "ada", 10_000).await.map_err(|error| format!("{error:?}"))?;
    same("the key", &None, &found[0].known_id())
}

/// A bind under the old DN says nothing about the password.
#[tokio::test(flavor = "multi_thread")]
async fn a_rename_during_a_login_is_no_wrong_password() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    add(&slapd, "ada", &[("mail", "ada@example.com"), ("testOrganization", "acme")])?;
    let store = open(slapd.config())?;
    let over = Arc::new(AtomicBool::new(false));
    let (tools, until) = (slapd.tools(), over.clone());
    let renames = std::thread::spawn(move || {
        let mut names = ["ada", "bob"];
        while !until.load(Ordering::Relaxed) {
            tools.rename(&format!("uid={},{PEOPLE}", names[0]), &format!("uid={}", names[1]))?;
            names.reverse();
        }
        Ok::<(), String>(())
    });
    let mut told = Vec::new();
    for _ in 0..150 {
        told.push(login(&store, "ada@example.com", RIGHT).await?);
    }
    over.store(true, Ordering::Relaxed);
    renames.join().map_err(|_| "the renames ended badly")??;
    let wrong = told.iter().filter(|told| *told != "match, ok").count();
    same("logins that were refused", &0, &wrong)
}

#[tokio::test]
async fn who_has_no_name_is_in_no_group_by_it() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let dn = format!("cn=ada,{PEOPLE}");
    let person =
        [("objectClass", "inetOrgPerson"), ("objectClass", "testPerson"), ("cn", "ada"), ("sn", "Doe")];
    let more = [("mail", "ada@example.com"), ("testOrganization", "acme")];
    slapd.add(&dn, &[person.as_slice(), &more].concat())?;
    let group = [("objectClass", "groupOfNames"), ("cn", "app"), ("member", dn.as_str())];
    slapd.add("cn=app,ou=groups,dc=test", &group)?;
    let mut config = slapd.config();
    let groups = json!({ "base": "ou=groups,dc=test", "filter": "(|(memberUid={username})(member={dn}))" });
    change(&mut config, "groups", groups);
    let found = account(&open(config.clone())?, "ada@example.com").await?;
    same("by DN", &Some(&json!(["app"])), &found.profile.app_metadata.get("groups"))?;
    change(&mut config, "groups.filter", "(memberUid={username})");
    let found = account(&open(config)?, "ada@example.com").await?;
    same("by name", &Some(&json!([])), &found.profile.app_metadata.get("groups"))
}

#[tokio::test]
async fn a_flag_that_can_not_be_read_is_no_no() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    for (name, flag) in [("yes", "Y"), ("no", "n"), ("odd", "perhaps")] {
        add(&slapd, name, &[("employeeType", flag), ("testOrganization", "acme")])?;
    }
    let mut config = slapd.config();
    change(&mut config, "attributes.blocked", "employeeType");
    let store = open(config)?;
    same("yes", &true, &account(&store, "yes").await?.standings.blocked)?;
    same("no", &false, &account(&store, "no").await?.standings.blocked)?;
    same("odd", &ErrorKind::Misconfigured, &kind(find(&store, "odd", 10_000).await)?)
}

fn new(name: &str) -> NewAccount {
    NewAccount {
        profile: Profile {
            username: Some(name.into()),
            family_name: Some("Doe".into()),
            ..Profile::default()
        },
        password: NewPassword::Clear(Secret::from(RIGHT)),
        organization: None,
    }
}

/// A DN that something else has which is no account here.
#[tokio::test]
async fn a_name_that_no_account_has_is_not_told_to_be_taken() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    add(&slapd, "printer", &[])?;
    let store = open(slapd.config())?;
    let refused = kind(store.create(&call(10_000), &new("printer")).await)?;
    same("create", &ErrorKind::Rejected(Rejection::Value(None)), &refused)
}

/// Whatever `filter` compares belongs to who signs in with it.
#[tokio::test]
async fn with_a_lock_nobody_takes_what_somebody_else_signs_in_with() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    add(&slapd, "ada", &[("employeeNumber", "E4711"), ("testOrganization", "acme")])?;
    let mut config = slapd.config();
    change(&mut config, "filter", "(|(uid={identifier})(employeeNumber={identifier}))");
    change(&mut config, "uniqueness", "lock");
    let store = open(config)?;
    let refused = kind(store.create(&call(10_000), &new("E4711")).await)?;
    same("create", &ErrorKind::AlreadyExists(Some(IdentifierKind::Username)), &refused)?;
    let left = find(&store, "E4711", 10_000).await.map_err(|error| format!("{error:?}"))?;
    ensure(left.len() == 1, "two people sign in with one name")
}
