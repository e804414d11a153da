//! What comes out of the servers' types.

use crate::server::{Database, Outcome, Product, account, call, ensure, find, kind, open};
use idstore_contract::{Depth, ErrorKind, Lookup, Purpose, StoreHandle};
use serde_json::json;

/// A table with a column of each type, and a row in which each of them has a value.
const KINDS: &str = "
    CREATE TABLE kinds (
        id bigint unsigned PRIMARY KEY, email varbinary(100), flag tinyint(1), tiny tinyint(4), bits bit(1), word bit(16),
        large bigint, huge bigint unsigned, whole decimal(30,0), price decimal(12,4), real8 double, year_of year,
        padded char(8), bytes varbinary(40), fixed binary(32), digest binary(4), notes blob, letters tinyblob,
        mood enum('sad','glad'), moods set('a','b','c'), doc json, at datetime(3), stamp timestamp NULL, day date,
        clock time, old varchar(40) CHARACTER SET latin1, made varchar(80) GENERATED ALWAYS AS (concat(large, '!')) STORED,
        seen varchar(80) GENERATED ALWAYS AS (upper(old)) VIRTUAL, zero datetime, zero_day date, nothing text);
    INSERT INTO kinds (id, email, flag, tiny, bits, word, large, huge, whole, price, real8, year_of, padded, bytes, fixed,
                       digest, notes, letters, mood, moods, doc, at, stamp, day, clock, old, zero, zero_day)
    VALUES (18446744073709551615, 'a@example.com', TRUE, 1, b'1', b'100000010', -9007199254740993, 18446744073709551615,
            123456789012345678901234567890, -120.0050, 1.5, 2024, 'ab', 'some bytes', 'token', 'ab', 'a note', 'é',
            'glad', 'a,c', '{\"a\": [1, null]}', '2024-05-01 12:00:00.250', '2024-05-01 12:00:00', '2024-05-01',
            '-01:02:03', 'Zoé', '0000-00-00 00:00:00', '0000-00-00')";

/// A store that shows columns of `kinds`, each as a member of `app_metadata`.
async fn showing(database: &Database, columns: &[&str]) -> Result<StoreHandle, String> {
    database.execute(KINDS).await?;
    let shown: Vec<String> =
        columns.iter().map(|column| format!(", {column} AS `app_metadata.{column}`")).collect();
    let shown = shown.concat();
    open(database.config(&json!({
        "get_user": format!("SELECT id AS user_id, email{shown} FROM kinds WHERE email = :identifier"),
    })))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_arrives_as_what_it_is() -> Outcome {
    let expected = json!({
        "flag": true, "tiny": 1, "bits": true, "word": 258, "large": -9_007_199_254_740_993_i64,
        "huge": u64::MAX, "price": -120.005, "real8": 1.5, "year_of": 2024, "padded": "ab",
        "bytes": "some bytes", "fixed": "token", "digest": "ab", "notes": "a note", "letters": "é",
        "mood": "glad", "moods": "a,c", "at": "2024-05-01T12:00:00.25Z", "stamp": "2024-05-01T12:00:00Z",
        "day": "2024-05-01T00:00:00Z", "clock": "-01:02:03", "old": "Zoé",
        "made": "-9007199254740993!", "seen": "ZOÉ",
    });
    let columns: Vec<&str> =
        expected.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    for product in Product::EACH {
        let database = Database::create(product).await?;
        let store = showing(&database, &columns).await?;
        let found = account(&store, "a@example.com").await?;
        ensure(found.user_id == u64::MAX.to_string(), format!("{product:?}: the key is {}", found.user_id))?;
        for (name, value) in expected.as_object().into_iter().flatten() {
            let got = found.profile.app_metadata.get(name);
            ensure(got == Some(value), format!("{product:?}: {name} arrived as {got:?}, not as {value}"))?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zero_date_and_null_are_none() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        let store = showing(&database, &["zero", "zero_day", "nothing"]).await?;
        let found = account(&store, "a@example.com").await?;
        ensure(
            found.profile.app_metadata.is_empty(),
            format!("{product:?}: {:?}", found.profile.app_metadata),
        )?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_arrives_as_a_document() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database.execute(KINDS).await?;
        let lookup = "SELECT id AS user_id, email, doc AS user_metadata FROM kinds WHERE email = :identifier";
        let store = open(database.config(&json!({ "get_user": lookup })))?;
        let found = account(&store, "a@example.com").await?.profile.user_metadata;
        ensure(found.get("a") == Some(&json!([1, null])), format!("{product:?}: {found:?}"))?;
    }
    Ok(())
}

/// Flags and times of a standing, in every type that applications keep them in.
#[tokio::test(flavor = "multi_thread")]
async fn a_standing_is_read_from_every_type_of_flag_and_time() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        for (number, (column, blocks)) in [
            ("tinyint(1)", ["1", "0"]),
            ("tinyint unsigned", ["1", "0"]),
            ("bit(1)", ["b'1'", "b'0'"]),
            ("int", ["1", "0"]),
            ("char(1)", ["'Y'", "'N'"]),
            ("enum('y','n')", ["'y'", "'n'"]),
            ("datetime", ["'1970-01-01 00:00:00'", "'0000-00-00 00:00:00'"]),
            ("timestamp NULL", ["'1970-01-01 00:00:01'", "NULL"]),
        ]
        .into_iter()
        .enumerate()
        {
            database
                .execute(&format!(
                    "CREATE TABLE flags{number} (id int PRIMARY KEY, email varchar(50), state {column});
                     INSERT INTO flags{number} VALUES (1, 'yes@example.com', {}), (2, 'no@example.com', {})",
                    blocks[0], blocks[1]
                ))
                .await?;
            let lookup = format!(
                "SELECT id AS user_id, email, state AS blocked FROM flags{number} WHERE email = :identifier"
            );
            let store = open(database.config(&json!({ "get_user": lookup })))?;
            for (name, is_blocked) in [("yes@example.com", true), ("no@example.com", false)] {
                // The suite's clock stands at 1970-01-01T00:00:00Z.
                let is_blocked = is_blocked && column != "timestamp NULL";
                let found = account(&store, name).await?;
                ensure(found.standings.blocked == is_blocked, format!("{product:?}: {name} by {column}"))?;
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_is_utc_whatever_the_server_s_zone_is() -> Outcome {
    for product in Product::EACH {
        let server = crate::server::own::OwnServer::start(product, &["--default-time-zone=+09:00"]).await?;
        let database = Database::create_on(server.address.clone()).await?;
        let store = showing(&database, &["at", "stamp"]).await?;
        let found = account(&store, "a@example.com").await?.profile.app_metadata;
        let expected = json!({ "at": "2024-05-01T12:00:00.25Z", "stamp": "2024-05-01T12:00:00Z" });
        ensure(json!(found) == expected, format!("{product:?}: {found:?}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_bytes_is_refused_with_what_helps() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database
            .execute(
                "CREATE TABLE people (id binary(16) PRIMARY KEY, email varchar(50));
                 INSERT INTO people VALUES (x'5EED5EED000040008000000000000001', 'a@example.com')",
            )
            .await?;
        let lookup = |key: &str| {
            json!({
                "get_user": format!("SELECT {key} AS user_id, email FROM people WHERE email = :identifier"),
                "get_user_by_id": format!("SELECT {key} AS user_id, email FROM people WHERE id = UNHEX(:user_id)"),
            })
        };
        let store = open(database.config(&lookup("id")))?;
        let error = find(&store, "a@example.com", 5_000).await.err().ok_or("it was read")?;
        ensure(
            error.kind() == ErrorKind::Misconfigured && error.to_string().contains("HEX("),
            format!("{product:?}: {error}"),
        )?;
        let problems = store.probe(&call(5_000), Depth::Full).await.map_err(|error| error.to_string())?;
        ensure(
            problems.iter().any(|problem| problem.key == "statements.get_user"),
            format!("{product:?}: {problems:?}"),
        )?;
        let store = open(database.config(&lookup("HEX(id)")))?;
        let found = account(&store, "a@example.com").await?;
        ensure(found.user_id == "5EED5EED000040008000000000000001", found.user_id.clone())?;
        let again = store.find(&call(5_000), &Lookup::UserId(found.user_id), Purpose::Profile).await;
        ensure(again.is_ok_and(|again| again.len() == 1), format!("{product:?}: not found by the key"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_can_not_be_read_is_refused_with_the_remedy() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database.execute("CREATE TABLE people (id int, email varchar(50), home point)").await?;
        let lookup =
            "SELECT id AS user_id, email, home AS `app_metadata.home` FROM people WHERE email = :identifier";
        let store = open(database.config(&json!({ "get_user": lookup })))?;
        let error = find(&store, "a@example.com", 5_000).await.err().ok_or("it was read")?;
        ensure(
            error.kind() == ErrorKind::Misconfigured && error.to_string().contains("ST_AsText("),
            format!("{product:?}: {error}"),
        )?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_larger_than_an_account_is_refused_and_the_store_serves_on() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database
            .execute(
                "CREATE TABLE people (id int PRIMARY KEY, email varchar(50), notes longtext);
                 INSERT INTO people VALUES (1, 'large@example.com', repeat('x', 3000000)), (2, 'small@example.com', 'x')",
            )
            .await?;
        let lookup = "SELECT id AS user_id, email, notes AS `app_metadata.notes` FROM people WHERE email = :identifier";
        let store = open(database.config(&json!({ "get_user": lookup })))?;
        for _ in 0..3 {
            let refused = kind(find(&store, "large@example.com", 5_000).await)?;
            ensure(
                matches!(refused, ErrorKind::Misconfigured | ErrorKind::Unexpected | ErrorKind::Unavailable),
                format!("{product:?}: {refused:?}"),
            )?;
            account(&store, "small@example.com").await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_number_keeps_every_digit_as_a_key() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database.execute(KINDS).await?;
        let lookup = "SELECT whole AS user_id, email FROM kinds WHERE email = :identifier";
        let store = open(database.config(&json!({ "get_user": lookup })))?;
        let found = account(&store, "a@example.com").await?;
        ensure(found.user_id == "123456789012345678901234567890", found.user_id.clone())?;
    }
    Ok(())
}
