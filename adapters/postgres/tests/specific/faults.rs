//! What goes wrong on the server's side: each told as what it is, and over without a restart.

use crate::server::own::OwnServer;
use crate::server::{Database, Outcome, account, change, change_email, ensure, find, kind, open, within};
use idstore_conformance::process::{freeze, thaw};
use idstore_contract::{ErrorKind, StoreHandle};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PEOPLE: &str = "CREATE TABLE people (id int PRIMARY KEY, email text UNIQUE, given_name varchar(40));
                      INSERT INTO people VALUES (1, 'a@example.com', 'Ada'), (2, 'slow@example.com', 'Slow')";

fn statements() -> Value {
    json!({
        "get_user": "SELECT id AS user_id, email, given_name FROM people WHERE email = :identifier
                        AND CASE WHEN email = 'slow@example.com' THEN pg_sleep(1) IS NOT NULL ELSE true END",
        "get_user_by_id": "SELECT id AS user_id, email, given_name FROM people WHERE id = :user_id",
        "change_email": "UPDATE people SET email = :new_email WHERE id = :user_id
                        AND CASE WHEN :new_email LIKE 'slow%' THEN pg_sleep(1) IS NOT NULL ELSE true END",
    })
}

async fn people() -> Result<(Database, StoreHandle), String> {
    let database = Database::create().await?;
    database.execute(PEOPLE).await?;
    let store = open(database.config(&statements()))?;
    account(&store, "a@example.com").await?;
    Ok((database, store))
}

async fn recovers(store: &StoreHandle) -> Outcome {
    within(Duration::from_secs(1), "the store serves again", || async {
        Ok(find(store, "a@example.com", 1_000).await.is_ok_and(|found| found.len() == 1))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_died_unseen_cost_nobody_an_error() -> Outcome {
    let (database, store) = people().await?;
    let ada = account(&store, "a@example.com").await?;
    for number in 0..5 {
        change_email(&store, &ada, "a@example.com", 5_000)
            .await
            .map_err(|error| format!("{number}: {error:?}"))?;
        database.kill_sessions().await?;
        account(&store, "a@example.com").await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_session_dies_is_never_repeated() -> Outcome {
    let (database, store) = people().await?;
    let ada = account(&store, "a@example.com").await?;
    let (writer, same) = (store.clone(), ada.clone());
    let write =
        tokio::spawn(async move { change_email(&writer, &same, "slow-write@example.com", 5_000).await });
    let active = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'UPDATE%'
                     AND state = 'active'";
    within(Duration::from_secs(2), "the write runs", || async { Ok(database.value(active).await? == "t") })
        .await?;
    database.kill_sessions().await?;
    let failed = kind(write.await.map_err(|error| error.to_string())?)?;
    ensure(matches!(failed, ErrorKind::Unavailable | ErrorKind::Timeout), format!("{failed:?}"))?;
    let email = database.value("SELECT email FROM people WHERE id = 1").await?;
    ensure(email == "a@example.com", email)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_the_middle_of_calls_is_an_outage_and_then_back() -> Outcome {
    let server = OwnServer::start()?;
    let database = Database::create_on(server.address.clone(), Some("postgres")).await?;
    database.execute(PEOPLE).await?;
    let store = open(database.config_at(server.address.port, "disable", &statements()))?;
    let ada = account(&store, "a@example.com").await?;
    let reader = store.clone();
    let read = tokio::spawn(async move { find(&reader, "slow@example.com", 3_000).await });
    let active = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'idstore-proxy' AND state = 'active'";
    within(Duration::from_secs(2), "the read runs", || async { Ok(database.value(active).await? == "t") })
        .await?;
    server.kill()?;
    let failed = kind(read.await.map_err(|error| error.to_string())?)?;
    ensure(failed == ErrorKind::Unavailable, format!("the read in the middle: {failed:?}"))?;
    for _ in 0..20 {
        let began = Instant::now();
        ensure(
            kind(find(&store, "a@example.com", 2_000).await)? == ErrorKind::Unavailable,
            "a read while down",
        )?;
        ensure(
            kind(change_email(&store, &ada, "b@example.com", 2_000).await)? == ErrorKind::Unavailable,
            "a write",
        )?;
        ensure(began.elapsed() < Duration::from_secs(1), format!("down, and told in {:?}", began.elapsed()))?;
    }
    server.up()?;
    recovers(&store).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_at_start_is_found_within_a_second() -> Outcome {
    let server = OwnServer::start()?;
    let database = Database::create_on(server.address.clone(), Some("postgres")).await?;
    database.execute(PEOPLE).await?;
    server.kill()?;
    let store = open(database.config_at(server.address.port, "disable", &statements()))?;
    ensure(kind(find(&store, "a@example.com", 2_000).await)? == ErrorKind::Unavailable, "down at start")?;
    server.up()?;
    recovers(&store).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_is_a_timeout_at_the_deadline() -> Outcome {
    let server = OwnServer::start()?;
    let database = Database::create_on(server.address.clone(), Some("postgres")).await?;
    database.execute(PEOPLE).await?;
    let store = open(database.config_at(server.address.port, "disable", &statements()))?;
    let ada = account(&store, "a@example.com").await?;
    freeze(&server.processes()?).await?;
    for _ in 0..3 {
        for is_write in [false, true] {
            let began = Instant::now();
            let answer = if is_write {
                kind(change_email(&store, &ada, "b@example.com", 300).await)?
            } else {
                kind(find(&store, "a@example.com", 300).await)?
            };
            ensure(answer == ErrorKind::Timeout, format!("{answer:?}"))?;
            ensure(began.elapsed() < Duration::from_secs(2), format!("after {:?}", began.elapsed()))?;
        }
    }
    thaw(&server.processes()?)?;
    recovers(&store).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_is_unavailable_for_writes_and_left_behind() -> Outcome {
    let (database, store) = people().await?;
    let ada = account(&store, "a@example.com").await?;
    let set =
        |word: &str| format!("ALTER DATABASE {} SET default_transaction_read_only = {word}", database.name);
    database.as_superuser(&set("on")).await?;
    database.kill_sessions().await?;
    account(&store, "a@example.com").await?;
    let refused = kind(change_email(&store, &ada, "b@example.com", 2_000).await)?;
    ensure(refused == ErrorKind::Unavailable, format!("{refused:?}"))?;
    // As after a failover: new sessions find a server that writes.
    database.as_superuser(&set("off")).await?;
    change_email(&store, &ada, "b@example.com", 2_000).await.map(drop).map_err(|error| format!("{error:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_session_left_is_unavailable_until_it_has_one() -> Outcome {
    let (database, store) = people().await?;
    database.as_superuser(&format!("ALTER ROLE {} CONNECTION LIMIT 0", database.role)).await?;
    database.kill_sessions().await?;
    within(Duration::from_secs(1), "the sessions are gone", || async { Ok(database.sessions().await? == 0) })
        .await?;
    let error = find(&store, "a@example.com", 2_000).await.err().ok_or("it was found")?;
    ensure(error.kind() == ErrorKind::Unavailable && error.to_string().contains("53300"), error.to_string())?;
    database.as_superuser(&format!("ALTER ROLE {} CONNECTION LIMIT -1", database.role)).await?;
    recovers(&store).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_column_is_named_and_its_return_noticed() -> Outcome {
    let (database, store) = people().await?;
    database.execute("ALTER TABLE people RENAME COLUMN given_name TO first_name").await?;
    let error = find(&store, "a@example.com", 2_000).await.err().ok_or("it was found")?;
    ensure(error.kind() == ErrorKind::Misconfigured, format!("{error:?}"))?;
    ensure(error.to_string().contains("given_name"), error.to_string())?;
    database.execute("ALTER TABLE people RENAME COLUMN first_name TO given_name").await?;
    recovers(&store).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_type_is_prepared_again_without_an_error() -> Outcome {
    let (database, store) = people().await?;
    // What was prepared a moment ago is not taken for stale.
    tokio::time::sleep(Duration::from_millis(300)).await;
    database.execute("ALTER TABLE people ALTER COLUMN given_name TYPE text").await?;
    let ada = account(&store, "a@example.com").await?;
    ensure(ada.profile.given_name.as_deref() == Some("Ada"), "the column is lost")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_of_the_service_is_an_outage() -> Outcome {
    let (database, _store) = people().await?;
    let mut config = database.config(&statements());
    change(&mut config, "password", json!({ "file": database.file("wrong", "not-the-password")? }));
    let store = open(config)?;
    let error = find(&store, "a@example.com", 2_000).await.err().ok_or("it was found")?;
    ensure(error.kind() == ErrorKind::Unavailable && error.to_string().contains("28P01"), error.to_string())?;
    ensure(!error.to_string().contains("not-the-password"), "the password is told")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_enters_an_error() -> Outcome {
    let (database, store) = people().await?;
    let ada = account(&store, "a@example.com").await?;
    database.execute("ALTER TABLE people ADD CONSTRAINT no_canary CHECK (email NOT LIKE '%canary%')").await?;
    let refused =
        change_email(&store, &ada, "zq7canary@example.com", 2_000).await.err().ok_or("it was written")?;
    ensure(!refused.to_string().contains("zq7"), refused.to_string())?;
    ensure(refused.to_string().contains("no_canary"), refused.to_string())
}
