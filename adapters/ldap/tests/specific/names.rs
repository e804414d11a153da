//! Names that are syntax in a DN or a filter: each signs in, changes, is renamed and removed, under one key throughout.

use crate::server::ask::{account, call, change_password, create, find, login, open, same};
use crate::server::tools::Found;
use crate::server::{Options, Outcome, PEOPLE, Slapd, ensure};
use idstore_contract::{Deleted, IdentifierChange, IdentifierKind, StoreHandle};

const NAMES: [&str; 13] = [
    "a,ou=admins",
    "a=b",
    "#x",
    "a+b=c",
    "__a__",
    " leading",
    " #x ",
    "andr\u{e9}",
    "\u{1f40b}whale",
    "back\\slash",
    "\"quoted\"",
    "semi;colon<>",
    "*)(uid=*",
];

const FIRST: &str = "Correct-Horse-1";
const SECOND: &str = "Correct-Horse-2";

#[tokio::test]
async fn a_name_that_is_syntax_is_a_name_like_others() -> Outcome {
    let slapd =
        Slapd::start(&Options { unique: true, policy: "pwdMustChange: TRUE\n", ..Options::default() })?;
    let store = open(slapd.config())?;
    a_life_under_every_name(&store, || slapd.search(PEOPLE, "one", "(objectClass=testPerson)", &["uid"]))
        .await
}

/// Makes, changes, renames and removes an account under each name; `below` is what lies right below the base.
pub(super) async fn a_life_under_every_name(
    store: &StoreHandle,
    below: impl Fn() -> Result<Vec<Found>, String>,
) -> Outcome {
    for (number, name) in NAMES.into_iter().enumerate() {
        let failed = |what: &str, error: &dyn std::fmt::Debug| format!("{what} of {name:?}: {error:?}");
        let made = create(store, name, FIRST).await.map_err(|error| failed("create", &error))?;
        same("entries right below the base", &1, &below()?.len())?;
        same(name, &"match, ok".to_owned(), &login(store, name, FIRST).await?)?;
        let changed =
            change_password(store, &made, SECOND).await.map_err(|error| failed("change", &error))?;
        same("user_id", &made.user_id, &changed.user_id)?;
        same(name, &"match, ok".to_owned(), &login(store, name, SECOND).await?)?;

        let other = format!("{name} & {number}");
        let asked =
            IdentifierChange { kind: IdentifierKind::Username, value: other.clone(), verified: false };
        let renamed = store.change_identifier(&call(10_000), &changed, &asked).await;
        let renamed = renamed.map_err(|error| failed("rename", &error))?;
        same("user_id", &made.user_id, &renamed.user_id)?;
        ensure(renamed.handle != made.handle, "the entry was not renamed")?;
        same("the new name", &Some(other.as_str()), &renamed.profile.username.as_deref())?;
        same(&other, &"match, ok".to_owned(), &login(store, &other, SECOND).await?)?;
        ensure(
            find(store, name, 10_000).await.is_ok_and(|found| found.is_empty()),
            "the old name finds somebody",
        )?;
        // With the account as it was found before the rename.
        let gone = store.delete(&call(10_000), &made).await.map_err(|error| failed("delete", &error))?;
        same("deleted", &Deleted::Removed, &gone)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_name_that_differs_in_case_alone_can_be_given() -> Outcome {
    let slapd = Slapd::start(&Options { unique: true, ..Options::default() })?;
    let store = open(slapd.config())?;
    let made = create(&store, "ada", FIRST).await.map_err(|error| format!("{error:?}"))?;
    let asked = IdentifierChange { kind: IdentifierKind::Username, value: "Ada".into(), verified: false };
    let renamed = store.change_identifier(&call(10_000), &made, &asked).await;
    let renamed = renamed.map_err(|error| format!("{error:?}"))?;
    same("the name", &Some("Ada"), &renamed.profile.username.as_deref())
}

#[tokio::test]
async fn another_address_of_an_account_finds_it_and_is_told_as_what_was_typed() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let store = open(slapd.config())?;
    create(&store, "ada", FIRST).await.map_err(|error| format!("{error:?}"))?;
    slapd.modify(
        &format!("uid=ada,{PEOPLE}"),
        "add: mail\nmail: ada@example.com\nmail: lovelace@example.com",
    )?;
    let found = account(&store, "Lovelace@example.com").await?;
    same("email", &Some("ada@example.com"), &found.profile.email.as_deref())?;
    same("signed in as", &Some("lovelace@example.com"), &found.signed_in_as.as_deref())
}
