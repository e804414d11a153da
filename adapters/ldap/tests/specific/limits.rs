//! Limits, filters and referrals: what a search must not reach, and what it must not be told as.

use super::peer::{Peer, swallow};
use crate::server::ask::{account, call, change_password, create, find, kind, login, open, same};
use crate::server::{Options, Outcome, PEOPLE, Slapd, change, ensure};
use idstore_contract::{
    Depth, ErrorKind, IdentifierChange, IdentifierKind, Lookup, Mark, Problem, Purpose, Rejection,
};
use serde_json::json;
use std::sync::atomic::Ordering;

const RIGHT: &str = "Correct-Horse-1";

#[tokio::test]
async fn who_does_not_fit_the_object_filter_is_invisible_to_every_method() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let store = open(slapd.config())?;
    let made = create(&store, "ada", RIGHT).await.map_err(|error| format!("{error:?}"))?;
    slapd.modify(&format!("uid=ada,{PEOPLE}"), "replace: testOrganization\ntestOrganization: globex")?;
    for lookup in [Lookup::Identifier("ada".into()), Lookup::UserId(made.user_id.clone())] {
        let found = store.find(&call(10_000), &lookup, Purpose::Profile).await;
        ensure(found.is_ok_and(|found| found.is_empty()), "it is found")?;
    }
    same("change", &ErrorKind::NotFound, &kind(change_password(&store, &made, "Correct-Horse-2").await)?)?;
    same("verify", &ErrorKind::NotFound, &kind(store.verify(&call(10_000), &made).await)?)?;
    same("delete", &ErrorKind::NotFound, &kind(store.delete(&call(10_000), &made).await)?)?;
    let asked =
        IdentifierChange { kind: IdentifierKind::Email, value: "x@example.com".into(), verified: false };
    let renamed = store.change_identifier(&call(10_000), &made, &asked).await;
    same("change_identifier", &ErrorKind::NotFound, &kind(renamed)?)?;
    let marked = store.mark_migrated(&call(10_000), &made, Mark::Migrated).await;
    same("mark_migrated", &ErrorKind::NotFound, &kind(marked)?)?;
    let checked = store.check(&call(10_000), &made, &RIGHT.into()).await;
    same("check", &ErrorKind::NotFound, &kind(checked)?)?;
    let listed = store.list(&call(10_000), None, 10).await.map_err(|error| format!("{error:?}"))?;
    same("listed", &0, &listed.len())
}

#[tokio::test]
async fn a_list_goes_through_all_pages_of_the_protocol() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let one = |number: usize| {
        format!(
            "dn: uid=u{number},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: testPerson\nuid: u{number}\ncn: u\nsn: u\n\
             testOrganization: acme\n\n"
        )
    };
    let ldif: Vec<String> = (0..1200).map(one).collect();
    slapd.tools().run("ldapadd", &["-e", "!relax"], Some(&ldif.concat()))?;
    let store = open(slapd.config())?;
    let (mut ids, mut after) = (Vec::new(), None::<String>);
    loop {
        let page =
            store.list(&call(10_000), after.as_deref(), 500).await.map_err(|error| format!("{error:?}"))?;
        let Some(last) = page.last() else { break };
        after = Some(last.user_id.clone());
        ids.extend(page.into_iter().map(|account| account.user_id));
    }
    ensure(ids.is_sorted(), "they are not in the order of their keys")?;
    ids.dedup();
    same("accounts", &1200, &ids.len())
}

#[tokio::test]
async fn no_referral_is_followed() -> Outcome {
    let elsewhere = Peer::open(|mut stream| async move { swallow(&mut stream).await }).await?;
    let slapd = Slapd::start(&Options::default())?;
    slapd.add(
        &format!("ou=elsewhere,{PEOPLE}"),
        &[
            ("objectClass", "referral"),
            ("objectClass", "extensibleObject"),
            ("ou", "elsewhere"),
            ("ref", &format!("ldap://127.0.0.1:{}/dc=elsewhere", elsewhere.port)),
        ],
    )?;
    let store = open(slapd.config())?;
    create(&store, "ada", RIGHT).await.map_err(|error| format!("{error:?}"))?;
    account(&store, "ada").await?;
    let mut config = slapd.config();
    change(&mut config, "base", format!("ou=x,ou=elsewhere,{PEOPLE}"));
    same(
        "a base that is elsewhere",
        &ErrorKind::Misconfigured,
        &kind(find(&open(config)?, "ada", 5_000).await)?,
    )?;
    same("sessions there", &0, &elsewhere.came.load(Ordering::Relaxed))
}

#[tokio::test]
async fn what_the_server_lacks_is_told_by_a_probe() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let mut config = slapd.config();
    change(&mut config, "attributes.nickname", "noSuchAttribute");
    change(&mut config, "directory", "ds389");
    let problems =
        open(config)?.probe(&call(10_000), Depth::Full).await.map_err(|error| format!("{error:?}"))?;
    let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    ensure(keys.contains(&"attributes.nickname") && keys.contains(&"directory"), format!("{problems:?}"))?;
    let mut config = slapd.config();
    change(&mut config, "base", "ou=nowhere,dc=test");
    let store = open(config)?;
    let problems = store.probe(&call(10_000), Depth::Full).await.map_err(|error| format!("{error:?}"))?;
    ensure(problems.iter().any(|problem| problem.key == "base"), format!("{problems:?}"))?;
    same("a lookup there", &ErrorKind::Misconfigured, &kind(find(&store, "ada", 5_000).await)?)
}

/// Some keep the devices of a user below the user.
#[tokio::test]
async fn an_entry_with_others_below_it_is_not_removed_and_the_store_refuses() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let store = open(slapd.config())?;
    let made = create(&store, "ada", RIGHT).await.map_err(|error| format!("{error:?}"))?;
    let below = format!("cn=phone,uid=ada,{PEOPLE}");
    slapd.add(&below, &[("objectClass", "device"), ("cn", "phone")])?;
    let refused = store.delete(&call(5_000), &made).await;
    let told = refused.as_ref().err().map(|error| format!("{error:?}")).unwrap_or_default();
    ensure(told.contains("below this one") && !told.contains("ada"), told)?;
    same("delete", &ErrorKind::Rejected(Rejection::Value(None)), &kind(refused)?)?;
    account(&store, "ada").await.map(drop)
}

#[tokio::test]
async fn the_directory_is_told_by_its_root() -> Outcome {
    let slapd = Slapd::start(&Options { policy: "pwdMustChange: TRUE\n", ..Options::default() })?;
    let mut config = slapd.config();
    change(&mut config, "directory", json!(null));
    let store = open(config)?;
    create(&store, "ada", RIGHT).await.map_err(|error| format!("{error:?}"))?;
    account(&store, "ada").await.map(drop)
}

/// An account that may read all, and has the limit that all have.
const LIMITED: &str = "access to * by dn.exact=\"cn=limited,dc=test\" read by * break\n";

/// The entry of that account.
fn add_limited(slapd: &Slapd) -> Outcome {
    slapd.add(
        "cn=limited,dc=test",
        &[
            ("objectClass", "organizationalRole"),
            ("objectClass", "simpleSecurityObject"),
            ("cn", "limited"),
            ("userPassword", crate::server::PASSWORD),
        ],
    )
}

#[tokio::test]
async fn a_list_that_the_server_cuts_off_is_no_list() -> Outcome {
    let slapd = Slapd::start(&Options { global: "sizelimit 2", access: LIMITED, ..Options::default() })?;
    add_limited(&slapd)?;
    let all = open(slapd.config())?;
    for name in ["ada", "bob", "eve"] {
        create(&all, name, RIGHT).await.map_err(|error| format!("{error:?}"))?;
    }
    let mut config = slapd.config();
    change(&mut config, "bind_dn", "cn=limited,dc=test");
    let listed = open(config)?.list(&call(5_000), None, 10).await;
    same("a list of some", &ErrorKind::Misconfigured, &kind(listed)?)
}

#[tokio::test]
async fn a_smaller_limit_of_the_server_is_ambiguous_too() -> Outcome {
    let slapd = Slapd::start(&Options { global: "sizelimit 2", access: LIMITED, ..Options::default() })?;
    for number in 0..3 {
        slapd.add(
            &format!("cn=same-{number},{PEOPLE}"),
            &[
                ("objectClass", "inetOrgPerson"),
                ("objectClass", "testPerson"),
                ("uid", "same"),
                ("cn", &format!("same-{number}")),
                ("sn", "Doe"),
                ("testOrganization", "acme"),
            ],
        )?;
    }
    let mut config = slapd.config();
    change(&mut config, "bind_dn", "cn=limited,dc=test");
    add_limited(&slapd)?;
    let found = kind(find(&open(config)?, "same", 5_000).await)?;
    same("more than the server tells", &ErrorKind::Ambiguous, &found)
}

/// The root DSE, which a server answers without looking at any data, is no proof that it serves.
#[tokio::test]
async fn a_base_that_is_gone_is_told_by_every_probe_and_never_as_nobody() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let store = open(slapd.config())?;
    let made = create(&store, "ada", RIGHT).await.map_err(|error| format!("{error:?}"))?;
    store.probe(&call(5_000), Depth::Alive).await.map_err(|error| format!("{error:?}"))?;
    slapd.tools().rename(PEOPLE, "ou=gone")?;
    ensure(slapd.search("", "base", "(objectClass=*)", &["1.1"])?.len() == 1, "the root DSE is gone too")?;
    same("alive", &ErrorKind::Misconfigured, &kind(store.probe(&call(5_000), Depth::Alive).await)?)?;
    same("find", &ErrorKind::Misconfigured, &kind(find(&store, "ada", 5_000).await)?)?;
    same("check", &ErrorKind::Misconfigured, &kind(store.check(&call(5_000), &made, &RIGHT.into()).await)?)?;
    same("list", &ErrorKind::Misconfigured, &kind(store.list(&call(5_000), None, 10).await)?)?;
    same("delete", &ErrorKind::Misconfigured, &kind(store.delete(&call(5_000), &made).await)?)
}

/// Some servers answer who may see nothing as if there were nothing.
#[tokio::test]
async fn who_may_see_nothing_without_a_bind_is_not_told_that_there_is_nobody() -> Outcome {
    let slapd = Slapd::start(&Options {
        access: "access to dn.exact=\"ou=people,dc=test\" attrs=entry by anonymous disclose by * break\n",
        ..Options::default()
    })?;
    create(&open(slapd.config())?, "ada", RIGHT).await.map_err(|error| format!("{error:?}"))?;
    let mut config = slapd.config();
    for key in ["bind_dn", "bind_password", "password_change", "create"] {
        change(&mut config, key, json!(null));
    }
    change(&mut config, "offers", json!([]));
    let nobody = open(config.clone())?;
    same("find", &ErrorKind::Misconfigured, &kind(find(&nobody, "ada", 5_000).await)?)?;
    // Where a DN is made of what users type nobody else has to see anything.
    change(&mut config, "password_check", "dn_template");
    change(&mut config, "dn_template", "uid={identifier},ou=people,dc=test");
    let by_template = open(config)?;
    by_template.probe(&call(5_000), Depth::Alive).await.map_err(|error| format!("{error:?}"))?;
    let problems =
        by_template.probe(&call(5_000), Depth::Full).await.map_err(|error| format!("{error:?}"))?;
    ensure(!problems.iter().any(Problem::is_error), format!("{problems:?}"))?;
    same("a login", &"match, ok".to_owned(), &login(&by_template, "ada", RIGHT).await?)
}
