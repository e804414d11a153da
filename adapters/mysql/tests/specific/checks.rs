//! `check`: a comparison that folds (letter case, blanks at the end, forms of a letter) lets no other password in.

use crate::server::{Database, Outcome, Product, account, call, change, ensure, open_for};
use idstore_contract::{ErrorKind, PasswordWrite, Secret, Verdict};
use serde_json::json;

const RIGHT: &str = "Pässwörd-1";

/// Every way to fold it that a collation knows.
const NEAR: [&str; 9] = [
    "pässwörd-1",
    "PÄSSWÖRD-1",
    "Pässwörd-1 ",
    "Pässwörd-1   ",
    " Pässwörd-1",
    "Pa\u{308}sswo\u{308}rd-1",
    "Password-1",
    "Pässwörd-1\t",
    "Pässwörd-1\0",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_collation_lets_another_password_in() -> Outcome {
    for product in Product::EACH {
        let newest = if product == Product::MySql { "utf8mb4_0900_ai_ci" } else { "utf8mb4_uca1400_ai_ci" };
        for collation in
            ["utf8mb4_bin", "utf8mb4_general_ci", "utf8mb4_unicode_ci", "latin1_swedish_ci", newest]
        {
            let database = Database::create(product).await?;
            let charset = collation.split('_').next().unwrap_or_default();
            database
                .execute(&format!(
                    "CREATE TABLE people (id int PRIMARY KEY, email varchar(50),
                                          password varchar(50) CHARACTER SET {charset} COLLATE {collation});
                     INSERT INTO people VALUES (1, 'a@example.com', '{RIGHT}')"
                ))
                .await?;
            for check in [
                "SELECT password = :password AS matches FROM people WHERE id = :user_id",
                "SELECT :password = password AS matches FROM people WHERE id = :user_id",
                "SELECT 1 AS matches FROM people WHERE id = :user_id AND password = :password",
                "SELECT count(*) AS matches FROM people WHERE id = :user_id AND password IN (:password)",
            ] {
                compared(&database, check, &format!("{product:?}, {collation}, {check}")).await?;
            }
        }
    }
    Ok(())
}

/// The right password is a match, or the statement is refused as it stands; no other one ever is.
async fn compared(database: &Database, check: &str, case: &str) -> Outcome {
    let config = database.config(&json!({
        "get_user": "SELECT id AS user_id, email FROM people WHERE email = :identifier",
        "get_user_by_id": "SELECT id AS user_id, email FROM people WHERE id = :user_id",
        "check": check,
    }));
    let store = open_for(config, PasswordWrite::ByStore)?;
    let ann = account(&store, "a@example.com").await?;
    let right = store.check(&call(5_000), &ann, &Secret::from(RIGHT)).await;
    match &right {
        Ok(Verdict::Match(_)) => {}
        Err(error) if error.kind() == ErrorKind::Misconfigured => {}
        other => return Err(format!("{case}: the right password is told as {other:?}")),
    }
    for near in NEAR {
        match store.check(&call(5_000), &ann, &Secret::from(near)).await {
            Ok(Verdict::Mismatch) => {}
            Err(error) if right.is_err() && error.kind() == ErrorKind::Misconfigured => {}
            other => return Err(format!("{case}: {near:?} is told as {other:?}")),
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usual_comparisons_know_the_right_password() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database
            .execute(&format!(
                "CREATE TABLE people (id int PRIMARY KEY, email varchar(50), clear varbinary(50), folded varchar(50)
                                      COLLATE utf8mb4_general_ci, sha char(64));
                 INSERT INTO people VALUES (1, 'a@example.com', '{RIGHT}', '{RIGHT}', SHA2('{RIGHT}', 256))"
            ))
            .await?;
        for comparison in [
            "clear = :password",
            "BINARY folded = :password",
            "CAST(folded AS BINARY) = CAST(:password AS BINARY)",
            "sha = SHA2(:password, 256)",
            "sha = LOWER(HEX(UNHEX(SHA2(:password, 256))))",
        ] {
            let check = format!("SELECT {comparison} AS matches FROM people WHERE id = :user_id");
            let mut config = database.config(&json!({
                "get_user": "SELECT id AS user_id, email FROM people WHERE email = :identifier",
                "get_user_by_id": "SELECT id AS user_id, email FROM people WHERE id = :user_id",
            }));
            change(&mut config["statements"], "check", check);
            let store = open_for(config, PasswordWrite::ByStore)?;
            let ann = account(&store, "a@example.com").await?;
            let case = format!("{product:?}: {comparison}");
            let right = store.check(&call(5_000), &ann, &Secret::from(RIGHT)).await;
            ensure(
                matches!(right, Ok(Verdict::Match(_))),
                format!("{case}: the right password is {right:?}"),
            )?;
            for near in NEAR {
                let wrong = store.check(&call(5_000), &ann, &Secret::from(near)).await;
                ensure(matches!(wrong, Ok(Verdict::Mismatch)), format!("{case}: {near:?} is {wrong:?}"))?;
            }
        }
    }
    Ok(())
}

/// What compares in a way that no collation of the parameter changes is refused as it stands.
#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_that_can_not_be_made_exact_is_refused() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database
            .execute(&format!(
                "CREATE TABLE people (id int PRIMARY KEY, email varchar(50), password varchar(50) COLLATE utf8mb4_general_ci);
                 INSERT INTO people VALUES (1, 'a@example.com', '{RIGHT}')"
            ))
            .await?;
        for comparison in [
            "password COLLATE utf8mb4_general_ci = :password",
            "password = :password COLLATE utf8mb4_general_ci",
            "password LIKE :password",
        ] {
            let config = database.config(&json!({
                "get_user": "SELECT id AS user_id, email FROM people WHERE email = :identifier",
                "get_user_by_id": "SELECT id AS user_id, email FROM people WHERE id = :user_id",
                "check": format!("SELECT {comparison} AS matches FROM people WHERE id = :user_id"),
            }));
            let case = format!("{product:?}: {comparison}");
            // At start, or when the server has seen it.
            let Ok(store) = open_for(config, PasswordWrite::ByStore) else { continue };
            let ann = match crate::server::find(&store, "a@example.com", 5_000).await {
                Ok(mut found) => found.pop().ok_or("nobody was found")?,
                Err(error) => {
                    ensure(error.kind() == ErrorKind::Misconfigured, format!("{case}: {error:?}"))?;
                    continue;
                }
            };
            for near in NEAR.into_iter().chain(["%"]) {
                match store.check(&call(5_000), &ann, &Secret::from(near)).await {
                    Ok(Verdict::Mismatch) => {}
                    Err(error) if error.kind() == ErrorKind::Misconfigured => {}
                    other => return Err(format!("{case}: {near:?} is told as {other:?}")),
                }
            }
        }
    }
    Ok(())
}
