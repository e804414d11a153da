//! Attributes with several values and in several languages: who is found by one of them is that account, shown with the
//! value that was asked for, and a change is one of that value.

use crate::server::ask::{account, call, change_password, create, find, kind, login, open, same};
use crate::server::{Options, Outcome, PEOPLE, Slapd, change, ensure};
use idstore_contract::{
    Account, ErrorKind, IdentifierChange, IdentifierKind, Lookup, Purpose, Rejection, Secret, StoreHandle,
    Verdict,
};
use serde_json::json;

const RIGHT: &str = "Correct-Horse-1";
const ADA: &str = "uid=ada,ou=people,dc=test";

/// Ada has two names and two addresses, and a number that nothing maps.
fn server() -> Result<Slapd, String> {
    let slapd = Slapd::start(&Options::default())?;
    slapd.add(
        ADA,
        &[
            ("objectClass", "inetOrgPerson"),
            ("objectClass", "testPerson"),
            ("uid", "ada"),
            ("uid", "ada-the-second"),
            ("cn", "ada"),
            ("sn", "Doe"),
            ("mail;lang-fr", "en-francais@example.com"),
            ("mail", "first@example.com"),
            ("mail", "second@example.com"),
            ("employeeNumber", "E4711"),
            ("testOrganization", "acme"),
            ("userPassword", RIGHT),
        ],
    )?;
    Ok(slapd)
}

fn store(slapd: &Slapd) -> Result<StoreHandle, String> {
    let mut config = slapd.config();
    change(&mut config, "filter", "(|(mail={identifier})(uid={identifier})(employeeNumber={identifier}))");
    open(config)
}

async fn one(store: &StoreHandle, lookup: Lookup) -> Result<Account, String> {
    let found = store.find(&call(10_000), &lookup, Purpose::Profile).await;
    let mut found = found.map_err(|error| format!("{lookup:?}: {error:?}"))?;
    found.pop().ok_or_else(|| format!("{lookup:?} finds nobody"))
}

async fn by_email(store: &StoreHandle, email: &str) -> Result<Account, String> {
    one(store, Lookup::Named(IdentifierKind::Email, email.into())).await
}

fn asked(kind: IdentifierKind, value: &str) -> IdentifierChange {
    IdentifierChange { kind, value: value.into(), verified: false }
}

fn values(slapd: &Slapd, attribute: &str) -> Result<Vec<String>, String> {
    let found = slapd.search(PEOPLE, "one", "(sn=Doe)", &[attribute])?;
    let plain = |(name, value): (String, String)| name.eq_ignore_ascii_case(attribute).then_some(value);
    Ok(found.into_iter().flat_map(|(_, attributes)| attributes).filter_map(plain).collect())
}

/// What the core looks at to see that the account is still the one that was asked for.
#[tokio::test]
async fn an_account_shows_after_a_login_what_it_was_found_by() -> Outcome {
    let slapd = server()?;
    let store = store(&slapd)?;
    for name in ["ada", "ada-the-second", "first@example.com", "second@example.com", "E4711"] {
        let found = find(&store, name, 10_000).await.map_err(|error| format!("{name}: {error:?}"))?;
        match store.check(&call(10_000), &found[0], &Secret::from(RIGHT)).await {
            Ok(Verdict::Match(after)) => {
                same(name, &found[0].signed_in_as, &after.signed_in_as)?;
                same(name, &found[0].profile.email, &after.profile.email)?;
            }
            other => return Err(format!("{name} is told as {other:?}")),
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_value_in_another_language_is_not_the_attribute() -> Outcome {
    let slapd = server()?;
    let store = store(&slapd)?;
    let found = account(&store, "ada").await?;
    same("the address", &Some("first@example.com"), &found.profile.email.as_deref())
}

#[tokio::test]
async fn a_changed_address_takes_the_place_of_the_one_that_was_asked_for() -> Outcome {
    let slapd = server()?;
    let store = store(&slapd)?;
    let by_first = account(&store, "ada").await?;
    let new = asked(IdentifierKind::Email, "new@example.com");
    let changed = store.change_identifier(&call(10_000), &by_first, &new).await;
    let changed = changed.map_err(|error| format!("the first: {error:?}"))?;
    same("told", &Some("new@example.com"), &changed.profile.email.as_deref())?;
    same(
        "the first",
        &vec!["new@example.com".into(), "second@example.com".into()],
        &values(&slapd, "mail")?,
    )?;
    let by_second = by_email(&store, "second@example.com").await?;
    let newer = asked(IdentifierKind::Email, "newer@example.com");
    let changed = store.change_identifier(&call(10_000), &by_second, &newer).await;
    changed.map_err(|error| format!("the second: {error:?}"))?;
    same(
        "the second",
        &vec!["new@example.com".into(), "newer@example.com".into()],
        &values(&slapd, "mail")?,
    )?;
    // One that the account has already takes the place of the other one.
    let both = asked(IdentifierKind::Email, "newer@example.com");
    let first = by_email(&store, "new@example.com").await?;
    store
        .change_identifier(&call(10_000), &first, &both)
        .await
        .map_err(|error| format!("both: {error:?}"))?;
    same("both", &vec!["newer@example.com".to_owned()], &values(&slapd, "mail")?)
}

/// The flag is about the first address, and stays what it is where another one is changed.
#[tokio::test]
async fn a_change_of_another_address_says_nothing_of_the_first() -> Outcome {
    let slapd = server()?;
    let store = store(&slapd)?;
    let first = account(&store, "ada").await?;
    store.verify(&call(10_000), &first).await.map_err(|error| format!("{error:?}"))?;
    let second = by_email(&store, "second@example.com").await?;
    let proven = IdentifierChange { verified: true, ..asked(IdentifierKind::Email, "new@example.com") };
    let refused = kind(store.change_identifier(&call(10_000), &second, &proven).await)?;
    same("proven", &ErrorKind::Rejected(Rejection::Value(Some(IdentifierKind::Email))), &refused)?;
    let open = asked(IdentifierKind::Email, "new@example.com");
    store.change_identifier(&call(10_000), &second, &open).await.map_err(|error| format!("{error:?}"))?;
    for (email, expected) in [("first@example.com", true), ("new@example.com", false)] {
        let shown = by_email(&store, email).await?;
        same(email, &Some(expected), &shown.profile.email_verified)?;
    }
    Ok(())
}

/// A server puts the new value of a name behind the others.
#[tokio::test]
async fn an_address_in_the_dn_stays_the_first() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    slapd.add(
        "mail=m1@example.com,ou=people,dc=test",
        &[
            ("objectClass", "inetOrgPerson"),
            ("objectClass", "testPerson"),
            ("uid", "ada"),
            ("cn", "ada"),
            ("sn", "Doe"),
            ("mail", "m1@example.com"),
            ("mail", "m2@example.com"),
            ("testEmailVerified", "TRUE"),
            ("testOrganization", "acme"),
        ],
    )?;
    let mut config = slapd.config();
    change(&mut config, "object_filter", "(&(testOrganization={param.org})(!(mail=invisible@example.com)))");
    let store = open(config)?;
    let refused = asked(IdentifierKind::Email, "invisible@example.com");
    let found = by_email(&store, "m1@example.com").await?;
    store
        .change_identifier(&call(10_000), &found, &refused)
        .await
        .err()
        .ok_or("nobody sees it, and it is told")?;
    same("undone", &vec!["m1@example.com".to_owned(), "m2@example.com".into()], &values(&slapd, "mail")?)?;
    let proven = IdentifierChange { verified: true, ..asked(IdentifierKind::Email, "m3@example.com") };
    let changed = store.change_identifier(&call(10_000), &found, &proven).await;
    let changed = changed.map_err(|error| format!("{error:?}"))?;
    same("told", &Some(true), &changed.profile.email_verified)?;
    same("changed", &vec!["m3@example.com".to_owned(), "m2@example.com".into()], &values(&slapd, "mail")?)
}

#[tokio::test]
async fn a_name_among_several_is_changed_wherever_it_stands() -> Outcome {
    let slapd = server()?;
    let store = store(&slapd)?;
    let in_the_dn = one(&store, Lookup::Named(IdentifierKind::Username, "ada".into())).await?;
    let changed = asked(IdentifierKind::Username, "bob");
    let changed = store.change_identifier(&call(10_000), &in_the_dn, &changed).await;
    let changed = changed.map_err(|error| format!("in the DN: {error:?}"))?;
    same("told", &Some("bob"), &changed.profile.username.as_deref())?;
    let beside = one(&store, Lookup::Named(IdentifierKind::Username, "ada-the-second".into())).await?;
    let changed = asked(IdentifierKind::Username, "bob-the-second");
    let changed = store.change_identifier(&call(10_000), &beside, &changed).await;
    changed.map_err(|error| format!("beside it: {error:?}"))?;
    same("names", &vec!["bob".to_owned(), "bob-the-second".into()], &values(&slapd, "uid")?)
}

/// Nobody sees the entry under its new name: then it has its old one again.
#[tokio::test]
async fn a_rename_that_can_not_be_proven_is_taken_back() -> Outcome {
    let slapd = server()?;
    let mut config = slapd.config();
    // Nobody who is called so is seen any more.
    change(&mut config, "object_filter", "(&(testOrganization={param.org})(!(uid=invisible)))");
    let store = open(config)?;
    let found = account(&store, "ada").await?;
    let change = asked(IdentifierKind::Username, "invisible");
    let refused = kind(store.change_identifier(&call(10_000), &found, &change).await)?;
    ensure(refused != ErrorKind::NotFound, "an account that is there is told to be gone")?;
    let left = slapd.search(PEOPLE, "one", "(sn=Doe)", &["uid"])?;
    same("the DN", &ADA.to_owned(), &left[0].0)
}

/// An entry has one flag for all its addresses.
#[tokio::test]
async fn the_flag_of_a_proven_address_is_about_the_first() -> Outcome {
    let slapd = server()?;
    let store = store(&slapd)?;
    let second = by_email(&store, "second@example.com").await?;
    let refused = kind(store.verify(&call(10_000), &second).await)?;
    same("verify", &ErrorKind::Rejected(Rejection::Value(Some(IdentifierKind::Email))), &refused)?;
    let first = by_email(&store, "first@example.com").await?;
    store.verify(&call(10_000), &first).await.map_err(|error| format!("the first: {error:?}"))?;
    for (email, expected) in [("first@example.com", true), ("second@example.com", false)] {
        let shown = by_email(&store, email).await?;
        same(email, &Some(expected), &shown.profile.email_verified)?;
    }
    Ok(())
}

#[tokio::test]
async fn who_belongs_to_several_organizations_belongs_to_each() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    for (name, organizations) in [("ada", ["acme", "globex"]), ("bob", ["globex", "acme"])] {
        slapd.add(
            &format!("uid={name},{PEOPLE}"),
            &[
                ("objectClass", "inetOrgPerson"),
                ("uid", name),
                ("cn", name),
                ("sn", "Doe"),
                ("o", organizations[0]),
                ("o", organizations[1]),
            ],
        )?;
    }
    let mut config = slapd.config();
    change(&mut config, "object_filter", "(o={param.org})");
    change(&mut config, "attributes.param", json!({ "org": "o" }));
    let store = open(config)?;
    for name in ["ada", "bob"] {
        let found = account(&store, name).await?;
        same(name, &Some(&Some("acme".to_owned())), &found.parameters.get("org"))?;
    }
    Ok(())
}

/// One of two changes at once may lose, and then says so: what was acknowledged is there, or was written over by the other
/// one that was.
#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_change_is_not_undone_by_another_one() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let store = open(slapd.config())?;
    let made = create(&store, "ada", RIGHT).await.map_err(|error| format!("{error:?}"))?;
    for round in 0..40 {
        let [left, right] = ["a", "b"].map(|side| format!("{side}{round}@example.com"));
        let change = async |value: &String| {
            store.change_identifier(&call(10_000), &made, &asked(IdentifierKind::Email, value)).await.is_ok()
        };
        let done = tokio::join!(change(&left), change(&right));
        let stands = values(&slapd, "mail")?;
        let expected: Vec<&String> = [(done.0, &left), (done.1, &right)]
            .into_iter()
            .filter_map(|(ok, value)| ok.then_some(value))
            .collect();
        ensure(!expected.is_empty(), format!("{round}: neither was done"))?;
        ensure(
            stands.len() == 1 && expected.contains(&&stands[0]),
            format!("{round}: {stands:?} stands, acknowledged was {expected:?}"),
        )?;
    }
    change_password(&store, &made, "Correct-Horse-2")
        .await
        .map(drop)
        .map_err(|error| format!("{error:?}"))?;
    same("afterwards", &"match, ok".to_owned(), &login(&store, "ada", "Correct-Horse-2").await?)
}
