//! Logins on a real server: states of a password policy, stored formats, and whose session is whose.

use crate::server::ask::{account, call, find, login, open, same};
use crate::server::{Options, Outcome, PEOPLE, Slapd, change, ensure};
use idstore_conformance::{Gate, Target};
use idstore_contract::{Secret, Verdict};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};

const RIGHT: &str = "Correct-Horse-1";

/// An account with that name and password, and what comes on top.
fn add(slapd: &Slapd, name: &str, password: &str, more: &[(&str, &str)]) -> Outcome {
    let mut attributes = vec![
        ("objectClass", "inetOrgPerson"),
        ("objectClass", "testPerson"),
        ("uid", name),
        ("cn", name),
        ("sn", "Doe"),
        ("testOrganization", "acme"),
        ("userPassword", password),
    ];
    attributes.extend(more);
    slapd.add(&format!("uid={name},{PEOPLE}"), &attributes)
}

#[tokio::test]
async fn a_success_with_a_password_that_must_be_changed_is_no_login() -> Outcome {
    let slapd = Slapd::start(&Options { policy: "pwdMustChange: TRUE\n", ..Options::default() })?;
    add(&slapd, "ada", RIGHT, &[("pwdReset", "TRUE")])?;
    let store = open(slapd.config())?;
    same("must change", &"barred, password_expired".to_owned(), &login(&store, "ada", RIGHT).await?)?;
    same("wrong", &"mismatch".to_owned(), &login(&store, "ada", "wrong").await?)
}

#[tokio::test]
async fn an_expired_password_is_told_with_the_right_one_alone() -> Outcome {
    let policy = "pwdMaxAge: 86400\n";
    let slapd = Slapd::start(&Options { policy, ..Options::default() })?;
    add(&slapd, "ada", RIGHT, &[])?;
    slapd.modify(&format!("uid=ada,{PEOPLE}"), "replace: pwdChangedTime\npwdChangedTime: 20200101000000Z")?;
    let store = open(slapd.config())?;
    same("expired", &"barred, password_expired".to_owned(), &login(&store, "ada", RIGHT).await?)?;
    same("wrong", &"mismatch".to_owned(), &login(&store, "ada", "wrong").await?)
}

#[tokio::test]
async fn a_grace_login_is_one_where_that_is_wanted() -> Outcome {
    let policy = "pwdMaxAge: 86400\npwdGraceAuthNLimit: 5\n";
    let slapd = Slapd::start(&Options { policy, ..Options::default() })?;
    add(&slapd, "ada", RIGHT, &[])?;
    slapd.modify(&format!("uid=ada,{PEOPLE}"), "replace: pwdChangedTime\npwdChangedTime: 20200101000000Z")?;
    let mut config = slapd.config();
    let refuses = open(config.clone())?;
    same("refused", &"barred, password_expired".to_owned(), &login(&refuses, "ada", RIGHT).await?)?;
    change(&mut config, "grace_logins", "allow");
    same("allowed", &"match, ok".to_owned(), &login(&open(config)?, "ada", RIGHT).await?)
}

#[tokio::test]
async fn a_lock_shows_for_right_and_wrong_passwords_alike() -> Outcome {
    let policy = "pwdLockout: TRUE\npwdMaxFailure: 3\npwdLockoutDuration: 600\n";
    let slapd = Slapd::start(&Options { policy, ..Options::default() })?;
    add(&slapd, "ada", RIGHT, &[])?;
    let store = open(slapd.config())?;
    for _ in 0..3 {
        same("wrong", &"mismatch".to_owned(), &login(&store, "ada", "wrong").await?)?;
    }
    for password in ["wrong", RIGHT] {
        same("locked", &"too many attempts".to_owned(), &login(&store, "ada", password).await?)?;
    }
    let found = account(&store, "ada").await?;
    ensure(found.standings.locked, "the lock is not told by get_user")
}

#[tokio::test]
async fn an_account_locked_for_ever_is_blocked() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    add(&slapd, "ada", RIGHT, &[("pwdAccountLockedTime", "000001010000Z")])?;
    let found = account(&open(slapd.config())?, "ada").await?;
    ensure(found.standings.blocked && !found.standings.locked, "it is not told as blocked")
}

/// A server that takes an empty password for nobody's bind, and answers 0.
#[tokio::test]
async fn an_empty_password_opens_no_session() -> Outcome {
    let slapd = Slapd::start(&Options { global: "allow bind_anon_cred bind_anon_dn", ..Options::default() })?;
    add(&slapd, "ada", RIGHT, &[])?;
    let target = Target::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, slapd.port)));
    let gate = Gate::open(target).await.map_err(|error| error.to_string())?;
    let mut config = slapd.config();
    change(&mut config, "urls", json!([format!("ldap://127.0.0.1:{}", gate.port())]));
    let store = open(config)?;
    same("a login", &"match, ok".to_owned(), &login(&store, "ada", RIGHT).await?)?;
    let found = find(&store, "ada", 10_000).await.map_err(|error| format!("{error:?}"))?;
    let sessions = gate.sessions();
    let verdict = store.check(&call(10_000), &found[0], &Secret::from("")).await;
    ensure(matches!(verdict, Ok(Verdict::Mismatch)), format!("an empty password is told as {verdict:?}"))?;
    same("sessions", &sessions, &gate.sessions())
}

#[tokio::test]
async fn formats_of_the_server_are_the_servers_to_compare() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    // Both of "Correct-Horse-1".
    for (name, scheme, module) in [("argon", "{ARGON2}", "argon2"), ("pbkdf", "{PBKDF2-SHA256}", "pw-pbkdf2")]
    {
        add(&slapd, name, &Slapd::hashed(scheme, module, RIGHT)?, &[])?;
    }
    let store = open(slapd.config())?;
    for name in ["argon", "pbkdf"] {
        same(name, &"match, ok".to_owned(), &login(&store, name, RIGHT).await?)?;
        same(name, &"mismatch".to_owned(), &login(&store, name, "wrong").await?)?;
    }
    Ok(())
}

/// A user may read less than the service: were one bound on a session of the service, lookups would find nobody.
#[tokio::test]
async fn the_services_sessions_stay_the_services() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    for name in ["ada", "bob"] {
        add(&slapd, name, RIGHT, &[])?;
    }
    let mut config = slapd.config();
    change(&mut config, "pool_max", 1);
    let store = open(config)?;
    for password in [RIGHT, "wrong", RIGHT] {
        login(&store, "ada", password).await?;
        account(&store, "bob").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_dn_template_needs_no_account_of_the_service() -> Outcome {
    let slapd = Slapd::start(&Options { policy: "pwdMustChange: TRUE\n", ..Options::default() })?;
    add(&slapd, "ada", RIGHT, &[("mail", "ada@example.com")])?;
    add(&slapd, "new", RIGHT, &[("pwdReset", "TRUE")])?;
    add(&slapd, "a,ou=b", RIGHT, &[]).unwrap_err();
    let store = open(slapd.config_of_nobody())?;
    same("right", &"match, ok".to_owned(), &login(&store, "ada", RIGHT).await?)?;
    same("wrong", &"mismatch".to_owned(), &login(&store, "ada", "wrong").await?)?;
    same("nobody", &"mismatch".to_owned(), &login(&store, "nobody", RIGHT).await?)?;
    same("syntax", &"mismatch".to_owned(), &login(&store, "ada,ou=people", RIGHT).await?)?;
    same("must change", &"barred, password_expired".to_owned(), &login(&store, "new", RIGHT).await?)?;
    let found = find(&store, "ada", 10_000).await.map_err(|error| format!("{error:?}"))?;
    match store.check(&call(10_000), &found[0], &Secret::from(RIGHT)).await {
        Ok(Verdict::Match(after)) => {
            same("username", &Some("ada"), &after.profile.username.as_deref())?;
            same("email", &Some("ada@example.com"), &after.profile.email.as_deref())?;
            ensure(after.user_id.len() == 36, "the key is not the entry's own")
        }
        other => Err(format!("told as {other:?}")),
    }
}
