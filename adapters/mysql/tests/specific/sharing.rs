//! Sessions: what they keep from call to call, who waits for whom, and what is left behind.

use crate::server::own::OwnServer;
use crate::server::{
    Database, Outcome, Product, account, around, call, change, change_email, ensure, find, kind, open, within,
};
use idstore_contract::{
    ErrorKind, IdentifierKind, Lookup, Mark, PasswordWrite, Purpose, StoreHandle, Surroundings,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// People, of whom `slow@example.com` takes eight seconds to be found and to be changed.
const PEOPLE: &str = "
    CREATE TABLE people (id int PRIMARY KEY AUTO_INCREMENT, email varchar(100) UNIQUE);
    INSERT INTO people (email) VALUES ('person1@example.com'), ('person2@example.com'), ('slow@example.com')";

fn statements() -> Value {
    let columns = "SELECT id AS user_id, email, CONNECTION_ID() AS nickname FROM people";
    json!({
        "get_user": format!("{columns} WHERE email = :identifier AND IF(email = 'slow@example.com', SLEEP(8), 0) = 0"),
        "get_user_by_id": format!("{columns} WHERE id = :user_id"),
        "change_email": "UPDATE people SET email = :new_email
                          WHERE id = :user_id AND IF(:new_email = 'slow@example.org', SLEEP(8), 0) = 0",
    })
}

async fn people(product: Product, keys: &[(&str, Value)]) -> Result<(Database, StoreHandle), String> {
    let database = Database::create(product).await?;
    database.execute(PEOPLE).await?;
    let mut config = database.config(&statements());
    for (key, value) in keys {
        change(&mut config, key, value.clone());
    }
    let store = open(config)?;
    account(&store, "person1@example.com").await?;
    Ok((database, store))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_prepared_once_on_a_session_that_is_never_reset() -> Outcome {
    for product in Product::EACH {
        let server = OwnServer::start(product, &[]).await?;
        let database = Database::create_on(server.address.clone()).await?;
        database.execute(PEOPLE).await?;
        let mut config = database.config(&statements());
        change(&mut config, "pool_max", 1);
        let store = open(config)?;
        let first = account(&store, "person1@example.com").await?;
        let prepared = "SHOW GLOBAL STATUS LIKE 'Com_stmt_prepare'";
        let count = async || {
            let last = database.rows(prepared).await?.into_iter().flatten().next_back();
            last.flatten().ok_or_else(|| "no count".to_owned())
        };
        let before = count().await?;
        for _ in 0..50 {
            let found = account(&store, "person1@example.com").await?;
            ensure(
                found.profile.nickname == first.profile.nickname,
                format!("{product:?}: another session"),
            )?;
            change_email(&store, &found, "person1@example.com", 5_000)
                .await
                .map_err(|error| format!("{error:?}"))?;
        }
        let after = count().await?;
        ensure(before == after, format!("{product:?}: prepared {before} times, then {after}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_statement_does_not_hold_up_its_neighbours() -> Outcome {
    for product in Product::EACH {
        let (_database, store) = people(product, &[("pool_max", 4.into())]).await?;
        let mut slow = JoinSet::new();
        for _ in 0..3 {
            let store = store.clone();
            slow.spawn(async move { find(&store, "slow@example.com", 2_000).await });
        }
        for _ in 0..30 {
            let began = Instant::now();
            account(&store, "person1@example.com").await?;
            ensure(
                began.elapsed() < Duration::from_millis(700),
                format!("{product:?}: {:?}", began.elapsed()),
            )?;
        }
        while let Some(done) = slow.join_next().await {
            let answer = kind(done.map_err(|error| error.to_string())?)?;
            ensure(answer == ErrorKind::Timeout, format!("{product:?}: {answer:?}"))?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_passed_leaves_no_statement_running() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database.execute(PEOPLE).await?;
        let config =
            serde_json::from_value(database.config(&statements())).map_err(|error| error.to_string())?;
        // Nobody on this store waits longer than that.
        let around =
            Surroundings { deadline_max: Some(Duration::from_secs(1)), ..around(PasswordWrite::Hashed) };
        let store = idstore_mysql::open(config, &around).map_err(|problems| format!("{problems:?}"))?;
        let one = account(&store, "person1@example.com").await?;
        let began = Instant::now();
        ensure(kind(find(&store, "slow@example.com", 300).await)? == ErrorKind::Timeout, "a read")?;
        ensure(
            kind(change_email(&store, &one, "slow@example.org", 300).await)? == ErrorKind::Timeout,
            "a write",
        )?;
        let dropped =
            tokio::time::timeout(Duration::from_millis(100), find(&store, "slow@example.com", 1_000)).await;
        ensure(dropped.is_err(), "the slow one was not slow")?;
        ensure(began.elapsed() < Duration::from_secs(2), format!("{product:?}: {:?}", began.elapsed()))?;
        within(Duration::from_secs(4), "no statement runs", || async { Ok(database.running().await? == 0) })
            .await
            .map_err(|why| format!("{product:?}: {why}"))?;
        let email = database.value("SELECT email FROM people WHERE id = 1").await?;
        ensure(
            email == "person1@example.com",
            format!("{product:?}: the write that nobody waits for: {email}"),
        )?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_timed_out_leaves_nothing_and_gives_its_place_back() -> Outcome {
    for product in Product::EACH {
        let (database, store) = people(product, &[("pool_max", 1.into())]).await?;
        let one = account(&store, "person1@example.com").await?;
        let timed_out = kind(change_email(&store, &one, "slow@example.org", 300).await)?;
        ensure(timed_out == ErrorKind::Timeout, format!("{timed_out:?}"))?;
        let two = account(&store, "person2@example.com").await?;
        let began = Instant::now();
        change_email(&store, &two, "other@example.com", 5_000).await.map_err(|error| format!("{error:?}"))?;
        ensure(began.elapsed() < Duration::from_secs(1), format!("{product:?}: {:?}", began.elapsed()))?;
        let left = database.value("SELECT group_concat(email ORDER BY id) FROM people").await?;
        let expected = "person1@example.com,other@example.com,slow@example.com";
        ensure(left == expected, format!("{product:?}: {left}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_dropped_again_and_again_do_not_fill_the_server() -> Outcome {
    for product in Product::EACH {
        let (database, store) = people(product, &[("pool_max", 2.into())]).await?;
        let mut most = 0;
        for _ in 0..20 {
            let dropped =
                tokio::time::timeout(Duration::from_millis(40), find(&store, "slow@example.com", 10_000))
                    .await;
            ensure(dropped.is_err(), "the slow one was not slow")?;
            most = most.max(database.sessions().await?.len());
        }
        // Two that work, two whose statement runs on, and for a moment those that end them.
        ensure(most <= 6, format!("{product:?}: {most} sessions at once"))?;
        let found =
            find(&store, "person1@example.com", 10_000).await.map_err(|error| format!("{error:?}"))?;
        ensure(found.len() == 1, "not found")?;
        within(Duration::from_secs(15), "two sessions are left", || async {
            Ok(database.sessions().await?.len() <= 2)
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_stay_few() -> Outcome {
    for product in Product::EACH {
        let (database, store) = people(product, &[("pool_max", 3.into())]).await?;
        let mut work = JoinSet::new();
        for number in 0..120 {
            let store = store.clone();
            work.spawn(async move {
                let name = format!("person{}@example.com", number % 2 + 1);
                let found = account(&store, &name).await?;
                // Half of them write, and some of those give up.
                if number % 2 == 0 {
                    let within_ms = if number % 10 == 0 { 1 } else { 10_000 };
                    change_email(&store, &found, &name, within_ms).await.map(drop).or_else(|error| {
                        match error.kind() {
                            ErrorKind::Timeout | ErrorKind::Busy => Ok(()),
                            _ => Err(format!("{error:?}")),
                        }
                    })?;
                }
                Ok::<_, String>(())
            });
        }
        let mut most = 0;
        while !work.is_empty() {
            most = most.max(database.sessions().await?.len());
            while let Some(done) = work.try_join_next() {
                done.map_err(|error| error.to_string())??;
            }
        }
        ensure(most <= 7, format!("{product:?}: {most} sessions at once"))?;
        within(Duration::from_secs(3), "three sessions are left", || async {
            Ok(database.sessions().await?.len() <= 3)
        })
        .await?;
    }
    Ok(())
}

/// An UPDATE that finds everything as it should be changes nothing, and so a transaction that keeps to what it saw
/// first would still see the row as it was before the other one.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_write_of_somebody_else_in_between_is_seen() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database.execute("CREATE TABLE people (id int PRIMARY KEY, migrated datetime); INSERT INTO people VALUES (1, NULL)").await?;
        let store = open(database.config(&json!({
            "get_user_by_id": "SELECT id AS user_id, migrated FROM people WHERE id = :user_id",
            "mark_migrated": "UPDATE people SET migrated = coalesce(migrated, '1970-01-01') WHERE id = :user_id",
        })))?;
        let found = store.find(&call(5_000), &Lookup::UserId("1".into()), Purpose::Profile).await;
        let found = found.ok().and_then(|found| found.into_iter().next()).ok_or("nobody was found")?;
        let mark = "UPDATE people SET migrated = '1970-01-01'";
        database.execute(&format!("START TRANSACTION; {mark}")).await?;
        let write =
            tokio::spawn(async move { store.mark_migrated(&call(5_000), &found, Mark::Migrated).await });
        within(Duration::from_secs(3), "the mark waits", || async { Ok(database.running().await? == 1) })
            .await?;
        database.execute("COMMIT").await?;
        let marked = write.await.map_err(|error| error.to_string())?;
        marked.map_err(|error| format!("{product:?}: {error}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_without_its_where_does_not_load_the_table() -> Outcome {
    for product in Product::EACH {
        let database = Database::create(product).await?;
        database
            .execute(
                "CREATE TABLE people (id int PRIMARY KEY AUTO_INCREMENT, email varchar(1000));
                 INSERT INTO people (email) VALUES (repeat('x', 1000)), (repeat('x', 1000));",
            )
            .await?;
        for _ in 0..13 {
            database.execute("INSERT INTO people (email) SELECT email FROM people").await?;
        }
        let everything = "SELECT id AS user_id, email FROM people WHERE :identifier <> '' AND email <> ''";
        let store = open(database.config(&json!({ "get_user": everything })))?;
        for _ in 0..3 {
            let began = Instant::now();
            let found = store.find(&call(5_000), &Lookup::Identifier("a".into()), Purpose::Profile).await;
            ensure(kind(found)? == ErrorKind::Ambiguous, format!("{product:?}: not ambiguous"))?;
            ensure(began.elapsed() < Duration::from_secs(1), format!("{product:?}: {:?}", began.elapsed()))?;
        }
        within(Duration::from_secs(3), "nothing is sent on", || async { Ok(database.running().await? == 0) })
            .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_uses_the_index_of_its_column() -> Outcome {
    for product in Product::EACH {
        let server = OwnServer::start(product, &[]).await?;
        let database = Database::create_on(server.address.clone()).await?;
        database
            .execute(
                "CREATE TABLE people (id bigint PRIMARY KEY AUTO_INCREMENT, email varchar(100), KEY (email),
                                      old varchar(100) CHARACTER SET latin1, KEY (old)) COLLATE utf8mb4_general_ci;
                 INSERT INTO people (email, old) VALUES ('0@example.com', '0@example.com')",
            )
            .await?;
        for number in 1..14 {
            let double = "INSERT INTO people (email, old) SELECT concat(id, '-{N}@example.com'), concat(id, '-{N}@example.com') FROM people";
            database.execute(&double.replace("{N}", &number.to_string())).await?;
        }
        database.execute("ANALYZE TABLE people").await?;
        let store = open(database.config(&json!({
            "get_user": "SELECT id AS user_id, email, old AS username FROM people WHERE email = :email OR old = :username",
            "get_user_by_id": "SELECT id AS user_id, email, old AS username FROM people WHERE id = :user_id",
        })))?;
        for lookup in [
            Lookup::UserId("1".into()),
            Lookup::Named(IdentifierKind::Email, "0@example.com".into()),
            Lookup::Named(IdentifierKind::Username, "0@example.com".into()),
        ] {
            let before = rows_read(&database).await?;
            for _ in 0..20 {
                let found = store.find(&call(5_000), &lookup, Purpose::Profile).await;
                ensure(found.is_ok_and(|found| found.len() == 1), format!("{product:?}: {lookup:?}"))?;
            }
            let read = rows_read(&database).await?.saturating_sub(before);
            // The table has 8,192 rows; the look at the counter reads some hundreds.
            ensure(read < 8_000, format!("{product:?}: {lookup:?} read {read} rows for twenty"))?;
        }
    }
    Ok(())
}

/// How many rows the server has read one after the other, whoever asked.
async fn rows_read(database: &Database) -> Result<u64, String> {
    let counters = "SHOW GLOBAL STATUS WHERE variable_name IN ('Handler_read_next', 'Handler_read_rnd_next')";
    let rows = database.rows(counters).await?;
    let counts =
        rows.into_iter().filter_map(|row| row.into_iter().next_back().flatten()?.parse::<u64>().ok());
    Ok(counts.sum())
}
