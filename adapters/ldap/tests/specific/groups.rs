//! Groups, as names in `app_metadata`: from the account's own entry, by search, nested, and by name instead of DN.

use crate::server::ask::{account, create, open, same};
use crate::server::{Options, Outcome, PEOPLE, Slapd, change};
use serde_json::{Value, json};

const GROUPS: &str = "ou=groups,dc=test";

/// Ada is in three groups, one of them with a comma in its name, and through one of these in another.
fn server() -> Result<Slapd, String> {
    let slapd = Slapd::start(&Options::default())?;
    let ada = format!("uid=ada,{PEOPLE}");
    slapd.add(
        &ada,
        &[
            ("objectClass", "inetOrgPerson"),
            ("objectClass", "testPerson"),
            ("uid", "ada"),
            ("cn", "ada"),
            ("sn", "Doe"),
            ("testOrganization", "acme"),
        ],
    )?;
    for (rdn, name, member) in [
        ("app-crm", "app-crm", ada.as_str()),
        ("app-mail", "app-mail", &ada),
        ("staff\\2C all", "staff, all", &ada),
        ("others", "others", "cn=idstore,dc=test"),
    ] {
        let dn = format!("cn={rdn},{GROUPS}");
        slapd.add(&dn, &[("objectClass", "groupOfNames"), ("cn", name), ("member", member)])?;
    }
    slapd.add(
        &format!("cn=posix,{GROUPS}"),
        &[("objectClass", "posixGroup"), ("cn", "posix"), ("gidNumber", "100"), ("memberUid", "ada")],
    )?;
    Ok(slapd)
}

async fn told(slapd: &Slapd, groups: Value) -> Result<Value, String> {
    let mut config = slapd.config();
    change(&mut config, "groups", groups);
    let found = account(&open(config)?, "ada").await?;
    Ok(found.profile.app_metadata.get("groups").cloned().unwrap_or_default())
}

#[tokio::test]
async fn groups_are_names_wherever_they_come_from() -> Outcome {
    let slapd = server()?;
    let all = json!(["app-crm", "app-mail", "staff, all"]);
    same("memberOf", &all, &told(&slapd, json!({ "member_of": "memberOf" })).await?)?;
    let by_search = json!({ "filter": "(&(objectClass=groupOfNames)(member={dn}))", "base": GROUPS });
    same("by search", &all, &told(&slapd, by_search).await?)?;
    let posix = json!({ "filter": "(&(objectClass=posixGroup)(memberUid={username}))", "base": GROUPS });
    same("by name", &json!(["posix"]), &told(&slapd, posix).await?)?;
    let both = json!({ "member_of": "memberOf", "filter": "(memberUid={username})", "base": GROUPS });
    same("both", &json!(["app-crm", "app-mail", "posix", "staff, all"]), &told(&slapd, both).await?)?;
    let included = json!({ "member_of": "memberOf", "include": ["app-*"] });
    same("included", &json!(["app-crm", "app-mail"]), &told(&slapd, included).await?)
}

#[tokio::test]
async fn no_more_groups_are_told_than_are_wanted() -> Outcome {
    let slapd = server()?;
    let mut config = slapd.config();
    change(&mut config, "groups", json!({ "member_of": "memberOf" }));
    change(&mut config, "groups_max", 2);
    let found = account(&open(config)?, "ada").await?;
    same("groups", &Some(&json!(["app-crm", "app-mail"])), &found.profile.app_metadata.get("groups"))
}

#[tokio::test]
async fn an_account_in_no_group_has_an_empty_list() -> Outcome {
    let slapd = server()?;
    let mut config = slapd.config();
    change(&mut config, "groups", json!({ "member_of": "memberOf" }));
    let store = open(config)?;
    create(&store, "bob", "Correct-Horse-1").await.map_err(|error| format!("{error:?}"))?;
    let found = account(&store, "bob").await?;
    same("groups", &Some(&json!([])), &found.profile.app_metadata.get("groups"))
}

/// What is left out must not use up the room of what is told.
#[tokio::test]
async fn groups_are_chosen_among_all_before_they_are_limited() -> Outcome {
    let slapd = server()?;
    let ada = format!("uid=ada,{PEOPLE}");
    for number in 0..20 {
        let (dn, name) = (format!("cn=a{number},{GROUPS}"), format!("a{number}"));
        slapd.add(&dn, &[("objectClass", "groupOfNames"), ("cn", &name), ("member", &ada)])?;
    }
    slapd.add(
        &format!("cn=z-late,{GROUPS}"),
        &[("objectClass", "groupOfNames"), ("cn", "z-late"), ("member", &ada)],
    )?;
    let mut config = slapd.config();
    change(&mut config, "groups_max", 2);
    for groups in [
        json!({ "member_of": "memberOf", "include": ["z-*", "app-m*"] }),
        json!({ "filter": "(member={dn})", "base": GROUPS, "include": ["z-*", "app-m*"] }),
    ] {
        change(&mut config, "groups", groups.clone());
        let found = account(&open(config.clone())?, "ada").await?;
        let told = found.profile.app_metadata.get("groups");
        same(&groups.to_string(), &Some(&json!(["app-mail", "z-late"])), &told)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_posix_account_is_told_with_its_primary_group() -> Outcome {
    let slapd = server()?;
    slapd.modify(
        &format!("uid=ada,{PEOPLE}"),
        "add: objectClass\nobjectClass: posixAccount\n-\nadd: uidNumber\nuidNumber: 7\n-\nadd: gidNumber\ngidNumber: 200\n-\n\
         add: homeDirectory\nhomeDirectory: /",
    )?;
    slapd.add(
        &format!("cn=primary,{GROUPS}"),
        &[("objectClass", "posixGroup"), ("cn", "primary"), ("gidNumber", "200")],
    )?;
    let groups = json!({ "filter": "(&(objectClass=posixGroup)(memberUid={username}))", "base": GROUPS, "primary": true });
    same("groups", &json!(["posix", "primary"]), &told(&slapd, groups).await?)
}
