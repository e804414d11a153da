//! The server's own rules about passwords: what locks an account, and whether a password that is set here works.

use crate::server::ask::{account, call, change_password, create, kind, login, open, same};
use crate::server::ds389::Ds389;
use crate::server::samba::{LOCKS_AFTER, Samba};
use crate::server::{Options, Outcome, PEOPLE, Slapd, change, ensure};
use idstore_contract::{Depth, ErrorKind, Problem, StoreHandle};
use serde_json::{Value, json};

const FIRST: &str = "Correct-Horse-1";
const SECOND: &str = "Correct-Horse-2";

/// What a probe says of a key.
async fn said(store: &StoreHandle, key: &str) -> Result<Option<String>, String> {
    let problems = store.probe(&call(10_000), Depth::Full).await.map_err(|error| format!("{error:?}"))?;
    ensure(!problems.iter().any(Problem::is_error), format!("{problems:?}"))?;
    Ok(problems.into_iter().find(|problem| problem.key == key).map(|problem| problem.message))
}

/// Told where the configured number is missing or above the directory's own.
async fn is_compared(config: &Value, after: usize) -> Outcome {
    for (configured, told) in
        [(None, true), (Some(after), false), (Some(after - 1), false), (Some(after + 1), true)]
    {
        let mut config = config.clone();
        change(&mut config, "lockout_after", json!(configured));
        let message = said(&open(config)?, "lockout_after").await?;
        same(&format!("{configured:?}: {message:?}"), &told, &message.is_some())?;
        let names_it = message.is_none_or(|message| message.contains(&format!("after {after} wrong")));
        ensure(names_it, format!("{after} is not named"))?;
    }
    Ok(())
}

#[tokio::test]
async fn what_locks_an_account_of_openldap_is_compared_with_the_configuration() -> Outcome {
    let slapd =
        Slapd::start(&Options { policy: "pwdLockout: TRUE\npwdMaxFailure: 4\n", ..Options::default() })?;
    is_compared(&slapd.config(), 4).await?;
    // The server writes its DN in its own way.
    let mut blank = slapd.config();
    change(&mut blank, "base", "OU=people, dc=test");
    is_compared(&blank, 4).await?;
    // A stricter policy of some people counts.
    slapd.add(
        "cn=strict,dc=test",
        &[
            ("objectClass", "device"),
            ("objectClass", "pwdPolicy"),
            ("cn", "strict"),
            ("pwdAttribute", "userPassword"),
            ("pwdLockout", "TRUE"),
            ("pwdMaxFailure", "3"),
        ],
    )?;
    is_compared(&slapd.config(), 3).await
}

#[tokio::test]
async fn where_nothing_locks_or_nothing_may_be_read_nothing_is_said() -> Outcome {
    let hidden = "access to filter=(objectClass=pwdPolicy) by * none\n";
    for (policy, access) in [("pwdMaxFailure: 4\n", ""), ("pwdLockout: TRUE\npwdMaxFailure: 4\n", hidden)] {
        let slapd = Slapd::start(&Options { policy, access, ..Options::default() })?;
        let mut config = slapd.config();
        change(&mut config, "lockout_after", 9);
        same(policy, &None, &said(&open(config)?, "lockout_after").await?)?;
    }
    Ok(())
}

#[tokio::test]
async fn what_locks_an_account_of_a_domain_is_compared_with_the_configuration() -> Outcome {
    let samba = Samba::create()?;
    let gate = idstore_conformance::Gate::open(idstore_conformance::Target::Tcp(samba.ldaps)).await;
    let gate = gate.map_err(|error| error.to_string())?;
    is_compared(&samba.config(gate.port())?, LOCKS_AFTER).await
}

/// 389 Directory Server shows its rules to few; here the service is one of them.
#[tokio::test]
async fn what_locks_an_account_of_389_is_compared_with_the_configuration() -> Outcome {
    let server = Ds389::create()?;
    let config = server.config(server.ldaps_port)?;
    let mut hidden = config.clone();
    change(&mut hidden, "lockout_after", 99);
    same("hidden", &None, &said(&open(hidden)?, "lockout_after").await?)?;
    is_compared(&server.as_root(config)?, 30).await
}

/// The server wants a change of whatever the service sets, the service may not take that away, and users may not set
/// their own.
#[tokio::test]
async fn a_password_that_would_not_work_is_not_set_at_all() -> Outcome {
    let slapd = Slapd::start(&Options {
        policy: "pwdMustChange: TRUE\npwdAllowUserChange: FALSE\n",
        access: "access to attrs=pwdReset by * read\n",
        ..Options::default()
    })?;
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
    let message = said(&store, "offers").await?.ok_or("nothing is said")?;
    ensure(message.contains("not offered"), message)?;
    let ada = account(&store, "ada").await?;
    same("change", &ErrorKind::Unsupported, &kind(change_password(&store, &ada, SECOND).await)?)?;
    same("create", &ErrorKind::Unsupported, &kind(create(&store, "bob", FIRST).await)?)?;
    same("the old one", &"match, ok".to_owned(), &login(&store, "ada", FIRST).await?)?;
    // Once the directory lets users, the next look at it offers both again.
    slapd.modify("cn=policy,dc=test", "replace: pwdAllowUserChange\npwdAllowUserChange: TRUE")?;
    let message = said(&store, "offers").await?.ok_or("nothing is said of the two steps")?;
    ensure(message.contains("as the user"), message)?;
    change_password(&store, &ada, SECOND).await.map_err(|error| format!("{error:?}"))?;
    same("after a change", &"match, ok".to_owned(), &login(&store, "ada", SECOND).await?)
}

#[tokio::test]
async fn nothing_is_said_where_a_password_works_that_was_set_here() -> Outcome {
    let must = "pwdMustChange: TRUE\n";
    for (policy, access) in [(must, ""), ("", "access to attrs=pwdReset by * read\n")] {
        let slapd = Slapd::start(&Options { policy, access, ..Options::default() })?;
        let store = open(slapd.config())?;
        create(&store, "ada", FIRST).await.map_err(|error| format!("{error:?}"))?;
        same("said", &None, &said(&store, "offers").await?)?;
        // To look is not to change.
        same("a login", &"match, ok".to_owned(), &login(&store, "ada", FIRST).await?)?;
    }
    Ok(())
}

/// A password that is written into an attribute takes the second step, too.
#[tokio::test]
async fn the_user_sets_a_password_in_an_attribute() -> Outcome {
    let slapd = Slapd::start(&Options {
        policy: "pwdMustChange: TRUE\n",
        access: "access to attrs=pwdReset by * read\n",
        ..Options::default()
    })?;
    let mut config = slapd.config();
    change(&mut config, "password_change", "attribute");
    let store = open(config)?;
    let made = create(&store, "ada", FIRST).await.map_err(|error| format!("{error:?}"))?;
    same("after create", &"match, ok".to_owned(), &login(&store, "ada", FIRST).await?)?;
    change_password(&store, &made, SECOND).await.map_err(|error| format!("{error:?}"))?;
    same("after a change", &"match, ok".to_owned(), &login(&store, "ada", SECOND).await?)
}
