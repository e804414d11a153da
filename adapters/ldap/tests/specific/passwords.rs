//! New passwords: one that was set here works at the next login, and one that is refused says why.

use crate::server::ask::{account, call, change_password, create, kind, login, open, same};
use crate::server::{Options, Outcome, PEOPLE, Slapd, change, ensure};
use idstore_contract::{ErrorKind, PasswordReason, Rejection};
use serde_json::json;

const FIRST: &str = "Correct-Horse-1";
const SECOND: &str = "Correct-Horse-2";

/// The service may do all: then the server wants whatever it sets to be changed again.
const MUST_CHANGE: &str = "pwdMustChange: TRUE\npwdMinLength: 8\n";

#[tokio::test]
async fn what_was_set_here_need_not_be_changed_again() -> Outcome {
    let slapd = Slapd::start(&Options { policy: MUST_CHANGE, ..Options::default() })?;
    let store = open(slapd.config())?;
    let made = create(&store, "ada", FIRST).await.map_err(|error| format!("{error:?}"))?;
    same("after create", &"match, ok".to_owned(), &login(&store, "ada", FIRST).await?)?;
    change_password(&store, &made, SECOND).await.map_err(|error| format!("{error:?}"))?;
    same("after a change", &"match, ok".to_owned(), &login(&store, "ada", SECOND).await?)?;
    same("the old one", &"mismatch".to_owned(), &login(&store, "ada", FIRST).await?)
}

/// The service may set passwords and not take the flag away: the last step is the user's own.
#[tokio::test]
async fn where_the_flag_can_not_be_taken_away_the_user_sets_the_password() -> Outcome {
    let slapd = Slapd::start(&Options {
        policy: MUST_CHANGE,
        access: "access to attrs=pwdReset by * read\n",
        ..Options::default()
    })?;
    let store = open(slapd.config())?;
    let made = create(&store, "ada", FIRST).await.map_err(|error| format!("{error:?}"))?;
    same("after create", &"match, ok".to_owned(), &login(&store, "ada", FIRST).await?)?;
    change_password(&store, &made, SECOND).await.map_err(|error| format!("{error:?}"))?;
    same("after a change", &"match, ok".to_owned(), &login(&store, "ada", SECOND).await?)
}

/// What the service sets stands in the account's history, and would be refused when the user sets it once more.
#[tokio::test]
async fn with_a_history_too_the_user_sets_the_password() -> Outcome {
    let slapd = Slapd::start(&Options {
        policy: "pwdMustChange: TRUE\npwdMinLength: 8\npwdInHistory: 3\n",
        access: "access to attrs=pwdReset by * read\n",
        ..Options::default()
    })?;
    slapd.add(
        &format!("uid=somebody,{PEOPLE}"),
        &[
            ("objectClass", "inetOrgPerson"),
            ("objectClass", "testPerson"),
            ("uid", "somebody"),
            ("cn", "somebody"),
            ("sn", "Doe"),
            ("testOrganization", "acme"),
        ],
    )?;
    // Before anything was asked of it.
    let store = open(slapd.config())?;
    let made = create(&store, "ada", FIRST).await.map_err(|error| format!("{error:?}"))?;
    same("after create", &"match, ok".to_owned(), &login(&store, "ada", FIRST).await?)?;
    change_password(&store, &made, SECOND).await.map_err(|error| format!("{error:?}"))?;
    same("after a change", &"match, ok".to_owned(), &login(&store, "ada", SECOND).await?)?;
    // Users are held to the policy.
    let refused = kind(change_password(&store, &made, "short").await)?;
    same("too short", &ErrorKind::Rejected(Rejection::Password(PasswordReason::Strength)), &refused)?;
    change_password(&store, &made, "Correct-Horse-3").await.map_err(|error| format!("{error:?}"))?;
    same("afterwards", &"match, ok".to_owned(), &login(&store, "ada", "Correct-Horse-3").await?)
}

#[tokio::test]
async fn a_lock_ends_with_a_new_password() -> Outcome {
    let policy = "pwdLockout: TRUE\npwdMaxFailure: 2\n";
    let slapd = Slapd::start(&Options { policy, ..Options::default() })?;
    let store = open(slapd.config())?;
    create(&store, "ada", FIRST).await.map_err(|error| format!("{error:?}"))?;
    for _ in 0..2 {
        login(&store, "ada", "wrong").await?;
    }
    same("locked", &"too many attempts".to_owned(), &login(&store, "ada", FIRST).await?)?;
    let locked = account(&store, "ada").await?;
    let changed = change_password(&store, &locked, SECOND).await.map_err(|error| format!("{error:?}"))?;
    ensure(!changed.standings.locked, "the account is told to be locked still")?;
    same("after a change", &"match, ok".to_owned(), &login(&store, "ada", SECOND).await?)
}

#[tokio::test]
async fn a_refused_password_says_why_and_leaves_the_old_one() -> Outcome {
    let policy = "pwdMinLength: 12\npwdInHistory: 3\n";
    let slapd = Slapd::start(&Options { policy, service_may: "write", ..Options::default() })?;
    let store = open(slapd.config())?;
    let made = create(&store, "ada", FIRST).await.map_err(|error| format!("{error:?}"))?;
    for (password, reason) in [("short", PasswordReason::Strength), (FIRST, PasswordReason::History)] {
        let refused = kind(change_password(&store, &made, password).await)?;
        same(password, &ErrorKind::Rejected(Rejection::Password(reason)), &refused)?;
    }
    same("the old one", &"match, ok".to_owned(), &login(&store, "ada", FIRST).await?)?;
    let refused = kind(create(&store, "bob", "short").await)?;
    same("create", &ErrorKind::Rejected(Rejection::Password(PasswordReason::Strength)), &refused)?;
    let left = slapd.search(PEOPLE, "one", "(uid=bob)", &["uid"])?;
    same("what is left of it", &0, &left.len())
}

/// A server would take it for a reference to another service, and let that one decide.
#[tokio::test]
async fn a_password_that_looks_like_a_stored_one_is_not_stored_as_such() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let store = open(slapd.config())?;
    let text = "{SASL}ada@example.com";
    let made = create(&store, "ada", text).await.map_err(|error| format!("{error:?}"))?;
    same("as a password", &"match, ok".to_owned(), &login(&store, "ada", text).await?)?;
    let stored = slapd.search(PEOPLE, "one", "(uid=ada)", &["userPassword"])?;
    let hash = stored[0].1[0].1.clone();
    ensure(hash.starts_with("{SSHA}"), "it was stored in clear")?;

    let mut config = slapd.config();
    change(&mut config, "password_change", "attribute");
    let by_attribute = open(config)?;
    let refused = kind(change_password(&by_attribute, &made, text).await)?;
    let expected = ErrorKind::Rejected(Rejection::Password(PasswordReason::StorePolicy));
    same("by attribute", &expected, &refused)
}

#[tokio::test]
async fn a_service_that_may_not_set_passwords_is_told_so() -> Outcome {
    let slapd = Slapd::start(&Options { service_may: "read", ..Options::default() })?;
    slapd.add(
        &format!("uid=ada,{PEOPLE}"),
        &[
            ("objectClass", "inetOrgPerson"),
            ("objectClass", "testPerson"),
            ("uid", "ada"),
            ("cn", "ada"),
            ("sn", "Doe"),
            ("testOrganization", "acme"),
            ("userPassword", FIRST),
        ],
    )?;
    let store = open(slapd.config())?;
    let found = account(&store, "ada").await?;
    same("change", &ErrorKind::Misconfigured, &kind(change_password(&store, &found, SECOND).await)?)?;
    same("create", &ErrorKind::Misconfigured, &kind(create(&store, "bob", FIRST).await)?)?;
    let answer = kind(store.delete(&call(10_000), &found).await)?;
    same("delete", &ErrorKind::Misconfigured, &answer)?;
    same("the old one", &"match, ok".to_owned(), &login(&store, "ada", FIRST).await?)
}

#[tokio::test]
async fn a_service_that_must_change_its_own_password_is_told_by_name() -> Outcome {
    let slapd = Slapd::start(&Options { policy: MUST_CHANGE, ..Options::default() })?;
    slapd.modify("cn=idstore,dc=test", "replace: pwdReset\npwdReset: TRUE")?;
    let store = open(slapd.config())?;
    let failed = store.probe(&call(5_000), idstore_contract::Depth::Full).await;
    let error = failed.err().ok_or("a probe finds nothing wrong")?;
    ensure(error.message().contains("service's own account"), format!("told as {error:?}"))
}

/// Deleting as blocking, by the flag that the configuration names.
#[tokio::test]
async fn deleting_may_mean_blocking() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let mut config = slapd.config();
    change(&mut config, "delete", json!("disable"));
    let store = open(config)?;
    let made = create(&store, "ada", FIRST).await.map_err(|error| format!("{error:?}"))?;
    let deleted = store.delete(&call(10_000), &made).await.map_err(|error| format!("{error:?}"))?;
    same("deleted", &idstore_contract::Deleted::Deactivated, &deleted)?;
    same("a login", &"match, blocked".to_owned(), &login(&store, "ada", FIRST).await?)
}
