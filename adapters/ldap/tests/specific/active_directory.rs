//! Active Directory, as Samba plays it: every state of an account, keys, groups, and what a new password heals.

use crate::server::ask::{account, call, change_password, create, find, kind, login, open, same};
use crate::server::samba::{LOCKS_AFTER, Samba};
use crate::server::{Outcome, change, ensure};
use idstore_conformance::{Gate, Target};
use idstore_contract::{
    Account, Deleted, ErrorKind, IdentifierChange, IdentifierKind, Lookup, Purpose, StoreHandle,
};
use serde_json::{Value, json};

const RIGHT: &str = "Correct-Horse-1";
const OTHER: &str = "Correct-Horse-2";

/// The domain, and a way to it under the name that its certificate has.
async fn domain() -> Result<(Samba, Gate), String> {
    let samba = Samba::create()?;
    let gate = Gate::open(Target::Tcp(samba.ldaps)).await.map_err(|error| error.to_string())?;
    Ok((samba, gate))
}

fn store(samba: &Samba, gate: &Gate, more: &[(&str, Value)]) -> Result<StoreHandle, String> {
    let mut config = samba.config(gate.port())?;
    for (key, value) in more {
        change(&mut config, key, value.clone());
    }
    open(config)
}

fn add(samba: &Samba, name: &str, more: &[(&str, &str)]) -> Result<String, String> {
    let dn = format!("CN={name},{}", samba.people);
    let mut attributes = vec![("uid", name), ("company", "acme"), ("sn", "Doe")];
    attributes.extend(more);
    samba.person(&dn, Some(RIGHT), &attributes)?;
    Ok(dn)
}

/// What logins with the right and with a wrong password are told, and the standing that `get_user` shows.
async fn told(store: &StoreHandle, name: &str) -> Result<(String, String, &'static str), String> {
    let standing = account(store, name).await?.standings.worst().as_str();
    Ok((login(store, name, RIGHT).await?, login(store, name, "wrong").await?, standing))
}

#[tokio::test]
async fn each_state_is_told_after_the_right_password_alone() -> Outcome {
    let (samba, gate) = domain().await?;
    let store = store(&samba, &gate, &[])?;
    let hours = "logonHours:: AAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for (name, line, right, standing) in [
        ("ok", "", "match, ok", "ok"),
        ("disabled", "userAccountControl: 514", "barred, blocked", "blocked"),
        ("expired", "accountExpires: 132000000000000000", "barred, blocked", "blocked"),
        ("mustchange", "pwdLastSet: 0", "barred, password_expired", "password_expired"),
        ("hours", hours, "barred, restricted", "ok"),
        ("elsewhere", "userWorkstations: OTHERPC", "barred, restricted", "ok"),
    ] {
        let dn = add(&samba, name, &[])?;
        if let Some((attribute, _)) = line.split_once(':') {
            samba.tools.modify(&dn, &format!("replace: {attribute}\n{line}"))?;
        }
        let expected = (right.to_owned(), "mismatch".to_owned(), standing);
        same(name, &expected, &told(&store, name).await?)?;
    }
    let dn = add(&samba, "old", &[])?;
    Samba::force(&dn, "pwdLastSet: 132000000000000000")?;
    let expected = ("barred, password_expired".to_owned(), "mismatch".to_owned(), "password_expired");
    same("old", &expected, &told(&store, "old").await?)
}

#[tokio::test]
async fn a_lock_shows_for_right_and_wrong_passwords_alike_and_ends_with_a_new_one() -> Outcome {
    let (samba, gate) = domain().await?;
    let store = store(&samba, &gate, &[])?;
    add(&samba, "locked", &[])?;
    for _ in 0..LOCKS_AFTER {
        login(&store, "locked", "wrong").await?;
    }
    let expected = ("too many attempts".to_owned(), "too many attempts".to_owned(), "locked");
    same("locked", &expected, &told(&store, "locked").await?)?;
    let found = account(&store, "locked").await?;
    change_password(&store, &found, OTHER).await.map_err(|error| format!("{error:?}"))?;
    same("healed", &"match, ok".to_owned(), &login(&store, "locked", OTHER).await?)
}

#[tokio::test]
async fn a_new_password_heals_one_that_had_to_be_changed() -> Outcome {
    let (samba, gate) = domain().await?;
    let store = store(&samba, &gate, &[])?;
    let must = add(&samba, "must", &[])?;
    samba.tools.modify(&must, "replace: pwdLastSet\npwdLastSet: 0")?;
    let old = add(&samba, "old", &[])?;
    Samba::force(&old, "pwdLastSet: 132000000000000000")?;
    for name in ["must", "old"] {
        let found = account(&store, name).await?;
        ensure(found.standings.password_expired, format!("{name} is not told as expired"))?;
        change_password(&store, &found, OTHER).await.map_err(|error| format!("{name}: {error:?}"))?;
        same(name, &"match, ok".to_owned(), &login(&store, name, OTHER).await?)?;
        same(name, &"mismatch".to_owned(), &login(&store, name, RIGHT).await?)?;
    }
    Ok(())
}

#[tokio::test]
async fn an_account_is_made_in_steps_and_signs_in_at_once() -> Outcome {
    let (samba, gate) = domain().await?;
    let store = store(&samba, &gate, &[])?;
    let made = create(&store, "ada", RIGHT).await.map_err(|error| format!("{error:?}"))?;
    same("a login", &"match, ok".to_owned(), &login(&store, "ada", RIGHT).await?)?;
    let found = store.find(&call(10_000), &Lookup::UserId(made.user_id.clone()), Purpose::Profile).await;
    let found: Vec<Account> = found.map_err(|error| format!("{error:?}"))?;
    same(
        "by objectGUID",
        &vec![made.user_id.as_str()],
        &found.iter().map(|one| one.user_id.as_str()).collect(),
    )?;
    ensure(found[0].profile.created_at.is_some(), "whenCreated is not read")?;
    ensure(found[0].password_changed_at.is_some(), "pwdLastSet is not read")?;
    // Too short for the domain: what was made before the password is removed again.
    create(&store, "bob", "x").await.unwrap_err();
    ensure(find(&store, "bob", 10_000).await.is_ok_and(|found| found.is_empty()), "half an account is left")?;
    let left = samba.tools.search(&samba.people, "one", "(uid=bob)", &["uid"])?;
    same("what is left of it", &0, &left.len())
}

#[tokio::test]
async fn an_account_is_renamed_and_disabled_under_one_key() -> Outcome {
    let (samba, gate) = domain().await?;
    let more = [
        ("attributes.username", json!("cn")),
        ("filter", json!("(cn={identifier})")),
        ("delete", json!("disable")),
    ];
    let store = store(&samba, &gate, &more)?;
    add(&samba, "ada", &[])?;
    let found = account(&store, "ada").await?;
    for name in ["a\u{e9}, #b", "__a=b+c__", " leading", "#x", "\u{1f40b}"] {
        let asked = IdentifierChange { kind: IdentifierKind::Username, value: name.into(), verified: false };
        let renamed = store.change_identifier(&call(10_000), &found, &asked).await;
        let renamed = renamed.map_err(|error| format!("{name}: {error:?}"))?;
        same("user_id", &found.user_id, &renamed.user_id)?;
        same(name, &"match, ok".to_owned(), &login(&store, name, RIGHT).await?)?;
    }
    let deleted = store.delete(&call(10_000), &found).await.map_err(|error| format!("{error:?}"))?;
    same("deleted", &Deleted::Deactivated, &deleted)?;
    same("a login", &"barred, blocked".to_owned(), &login(&store, "\u{1f40b}", RIGHT).await?)
}

#[tokio::test]
async fn groups_are_direct_nested_and_primary() -> Outcome {
    let (samba, gate) = domain().await?;
    let ada = add(&samba, "ada", &[])?;
    let inner = format!("CN=app-inner,{}", samba.suffix);
    let unique = samba.suffix.split(['=', ',']).nth(1).unwrap_or_default().to_owned();
    let (first, second) = (format!("{unique}a"), format!("{unique}b"));
    samba.tools.add(&inner, &[("objectClass", "group"), ("sAMAccountName", &first), ("member", &ada)])?;
    let outer = format!("CN=app-outer,{}", samba.suffix);
    samba.tools.add(&outer, &[("objectClass", "group"), ("sAMAccountName", &second), ("member", &inner)])?;
    let nested = json!("(&(objectClass=group)(member:1.2.840.113556.1.4.1941:={dn}))");
    for (groups, expected) in [
        (json!({ "member_of": "memberOf" }), json!(["app-inner"])),
        (json!({ "filter": nested, "base": samba.suffix }), json!(["app-inner", "app-outer"])),
        // It lies outside of the base, as in most domains.
        (json!({ "member_of": "memberOf", "primary": true }), json!(["Domain Users", "app-inner"])),
        (
            json!({ "filter": nested, "base": samba.suffix, "primary": true }),
            json!(["Domain Users", "app-inner", "app-outer"]),
        ),
    ] {
        let store = store(&samba, &gate, &[("groups", groups)])?;
        let found = account(&store, "ada").await?;
        same("groups", &Some(&expected), &found.profile.app_metadata.get("groups"))?;
    }
    Ok(())
}

#[tokio::test]
async fn the_domain_is_told_by_its_root() -> Outcome {
    let (samba, gate) = domain().await?;
    let store = store(&samba, &gate, &[("directory", json!(null))])?;
    let dn = add(&samba, "ada", &[])?;
    samba.tools.modify(&dn, "replace: userAccountControl\nuserAccountControl: 514")?;
    same("disabled", &"barred, blocked".to_owned(), &login(&store, "ada", RIGHT).await?)
}

/// It is the configuration that is wrong, and no password.
#[tokio::test]
async fn a_domain_that_wants_encryption_says_nothing_of_passwords() -> Outcome {
    let (samba, _) = domain().await?;
    let plain = std::net::SocketAddr::new(samba.ldaps.ip(), 389);
    let gate = Gate::open(Target::Tcp(plain)).await.map_err(|error| error.to_string())?;
    let url = format!("ldap://127.0.0.1:{}", gate.port());
    let more = [("urls", json!([url])), ("ca_file", json!(null)), ("offers", json!([]))];
    let store = store(&samba, &gate, &more)?;
    add(&samba, "ada", &[])?;
    same("find", &ErrorKind::Misconfigured, &kind(find(&store, "ada", 5_000).await)?)
}

#[tokio::test]
async fn passwords_are_not_offered_over_a_way_that_is_not_encrypted() -> Outcome {
    let (samba, gate) = domain().await?;
    let refused = store(&samba, &gate, &[("urls", json!(["ldap://localhost"])), ("ca_file", json!(null))]);
    ensure(refused.is_err_and(|problems| problems.contains("over TLS alone")), "it is offered")
}

/// 66048 is the account of a person whose password does not expire; disabled it is 66050.
#[tokio::test]
async fn what_the_template_says_of_a_new_account_holds() -> Outcome {
    let (samba, gate) = domain().await?;
    for (template, expected) in [(None, "512"), (Some("66050"), "66048")] {
        let more = template.map(|control| ("create.attributes.userAccountControl", json!(control)));
        let store = store(&samba, &gate, more.as_slice())?;
        let name = format!("new{expected}");
        create(&store, &name, RIGHT).await.map_err(|error| format!("{name}: {error:?}"))?;
        let shown =
            samba.tools.search(&samba.people, "sub", &format!("(uid={name})"), &["userAccountControl"])?;
        same("userAccountControl", &expected, &shown[0].1[0].1.as_str())?;
        same(&name, &"match, ok".to_owned(), &login(&store, &name, RIGHT).await?)?;
    }
    Ok(())
}
