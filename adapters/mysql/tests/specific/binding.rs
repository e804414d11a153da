//! What goes into the servers' types: text as text always, so that neither a number nor a collation finds somebody else.

use crate::server::{Database, Outcome, Product, account, call, ensure, find, kind, open};
use idstore_contract::{
    ErrorKind, IdentifierKind, Lookup, NewAccount, NewPassword, Profile, Purpose, Rejection, Secret,
    StoredPassword,
};
use serde_json::json;

const PEOPLE: &str = "
    INSERT INTO people (email) VALUES ('a@example.com'), ('1a@example.com'), ('b@example.com')";

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_reads_as_a_number_or_a_flag_matches_no_text() -> Outcome {
    for product in Product::EACH {
        for collation in ["utf8mb4_bin", "utf8mb4_general_ci", "utf8mb4_unicode_ci", "latin1_swedish_ci"] {
            let database = Database::create(product).await?;
            let charset = collation.split('_').next().unwrap_or_default();
            database
                .execute(&format!(
                    "CREATE TABLE people (id int PRIMARY KEY AUTO_INCREMENT,
                                          email varchar(50) CHARACTER SET {charset} COLLATE {collation}); {PEOPLE}"
                ))
                .await?;
            let store = open(database.config(&json!({
                "get_user": "SELECT id AS user_id, email FROM people WHERE email = :identifier",
            })))?;
            for text in ["0", "false", "1", "0.0", "0e0", "0x0", "null", "", " ", "\0", "-0"] {
                let found =
                    find(&store, text, 5_000).await.map_err(|error| format!("{text:?}: {error:?}"))?;
                ensure(
                    found.is_empty(),
                    format!("{product:?}, {collation}: {text:?} finds {}", found.len()),
                )?;
            }
            ensure(
                account(&store, "1a@example.com").await?.user_id == "2",
                "not the one that was asked for",
            )?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_only_begins_as_a_key_is_nobody_s() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database
            .execute(&format!(
                "CREATE TABLE people (id int PRIMARY KEY AUTO_INCREMENT, email varchar(50)); {PEOPLE}"
            ))
            .await?;
        let store = open(database.config(&json!({
            "get_user": "SELECT id AS user_id, email FROM people WHERE email = :identifier",
            "get_user_by_id": "SELECT id AS user_id, email FROM people WHERE id = :user_id",
        })))?;
        for text in ["1x", "1 OR 1=1", "01", "1.0", "1e0", "0x1", "true", "99999999999999999999999", "-1", ""]
        {
            let found = store.find(&call(5_000), &Lookup::UserId(text.into()), Purpose::Profile).await;
            let found = found.map_err(|error| format!("{product:?} {text:?}: {error:?}"))?;
            // The core compares the key as text; the server may not say that it is another one's.
            let is_taken = found.iter().any(|found| found.user_id == text);
            ensure(!is_taken && found.len() <= 1, format!("{product:?}: {text:?} finds {}", found.len()))?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_is_one_or_zero_in_a_column_of_any_type() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        for (number, column) in ["tinyint(1)", "int", "bit(1)", "char(1)", "varchar(5)"].iter().enumerate() {
            database
                .execute(&format!(
                    "CREATE TABLE p{number} (id int PRIMARY KEY AUTO_INCREMENT, email varchar(50), password varchar(99), ok {column})"
                ))
                .await?;
            let lookup = format!(
                "SELECT id AS user_id, email, password AS password_hash, ok AS email_verified FROM p{number}"
            );
            let store = open(database.config(&json!({
                "get_user": format!("{lookup} WHERE email = :identifier"),
                "get_user_by_id": format!("{lookup} WHERE id = :user_id"),
                "create": [
                    format!("INSERT INTO p{number} (email, password, ok) VALUES (:email, :password_hash, :email_verified)"),
                    "SELECT LAST_INSERT_ID() AS user_id",
                ],
            })))?;
            for verified in [true, false] {
                let email = format!("{verified}@example.com");
                let made = store.create(&call(5_000), &new(&email, verified, None)).await;
                let made = made.map_err(|error| format!("{product:?}, {column}: {error:?}"))?;
                ensure(
                    made.profile.email_verified == Some(verified),
                    format!("{product:?}, {column}: {verified}"),
                )?;
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_a_column_can_not_hold_finds_nobody_and_is_not_written() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database
            .execute(
                "CREATE TABLE people (id int PRIMARY KEY AUTO_INCREMENT, email varchar(50), password varchar(99),
                                      given_name varchar(20)) CHARACTER SET latin1;
                 INSERT INTO people (email, given_name) VALUES ('zoé@example.com', 'Zoé')",
            )
            .await?;
        let lookup = "SELECT id AS user_id, email, password AS password_hash, given_name FROM people WHERE";
        let store = open(database.config(&json!({
            "get_user": format!("{lookup} email = :identifier"), "get_user_by_id": format!("{lookup} id = :user_id"),
            "create": ["INSERT INTO people (email, password, given_name) VALUES (:email, :password_hash, :given_name)",
                       "SELECT LAST_INSERT_ID() AS user_id"],
        })))?;
        let found = account(&store, "zoé@example.com").await?;
        ensure(
            found.profile.given_name.as_deref() == Some("Zoé"),
            format!("{:?}", found.profile.given_name),
        )?;
        for text in
            ["日本@example.com", "\u{1f40b}@example.com", "?@example.com", "zo\u{65}\u{301}@example.com"]
        {
            let found =
                find(&store, text, 5_000).await.map_err(|error| format!("{product:?} {text}: {error:?}"))?;
            ensure(found.is_empty(), format!("{product:?}: {text} finds somebody"))?;
        }
        let refused = kind(store.create(&call(5_000), &new("w@example.com", false, Some("日本"))).await)?;
        ensure(
            matches!(refused, ErrorKind::Rejected(Rejection::Value(_))),
            format!("{product:?}: {refused:?}"),
        )?;
        ensure(database.value("SELECT count(*) FROM people").await? == "1", "something was written")?;
        let made = store.create(&call(5_000), &new("w@example.com", false, Some("Noël"))).await;
        ensure(
            made.is_ok_and(|made| made.profile.given_name.as_deref() == Some("Noël")),
            "Noël is not made",
        )?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_a_column_can_not_hold_is_rejected_and_nothing_written() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database
            .execute(
                "CREATE TABLE people (id int PRIMARY KEY AUTO_INCREMENT, email varchar(50) UNIQUE, password varchar(99),
                                      given_name varchar(4), age tinyint unsigned, mood enum('sad','glad'))",
            )
            .await?;
        let lookup = "SELECT id AS user_id, email, password AS password_hash, given_name FROM people WHERE";
        let store = open(database.config(&json!({
            "get_user": format!("{lookup} email = :identifier"), "get_user_by_id": format!("{lookup} id = :user_id"),
            "create": ["INSERT INTO people (email, password, given_name, age, mood)
                        VALUES (:email, :password_hash, :given_name, :nickname, :family_name)",
                       "SELECT LAST_INSERT_ID() AS user_id"],
        })))?;
        let with = |given_name: &str, age: &str, mood: &str| {
            let mut new = new("a@example.com", false, Some(given_name));
            new.profile.nickname = Some(age.into());
            new.profile.family_name = Some(mood.into());
            new
        };
        for (given_name, age, mood) in [
            ("too long", "1", "sad"),
            ("x", "256", "sad"),
            ("x", "-1", "sad"),
            ("x", "one", "sad"),
            ("x", "1", "mad"),
        ] {
            let refused = kind(store.create(&call(5_000), &with(given_name, age, mood)).await)?;
            ensure(
                matches!(refused, ErrorKind::Rejected(Rejection::Value(_))),
                format!("{product:?}, {given_name}, {age}, {mood}: {refused:?}"),
            )?;
        }
        ensure(database.value("SELECT count(*) FROM people").await? == "0", "something was written")?;
        store.create(&call(5_000), &with("x", "40", "glad")).await.map_err(|error| format!("{error:?}"))?;
        let twice = kind(store.create(&call(5_000), &with("y", "41", "sad")).await)?;
        ensure(
            twice == ErrorKind::AlreadyExists(Some(IdentifierKind::Email)),
            format!("{product:?}: {twice:?}"),
        )?;
    }
    Ok(())
}

fn new(email: &str, verified: bool, given_name: Option<&str>) -> NewAccount {
    NewAccount {
        profile: Profile {
            email: Some(email.into()),
            email_verified: Some(verified),
            given_name: given_name.map(str::to_owned),
            ..Profile::default()
        },
        password: NewPassword::Hashed(StoredPassword::new(Secret::from("hash"))),
        organization: None,
    }
}
