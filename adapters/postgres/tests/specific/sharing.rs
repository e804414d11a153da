//! Shared and exclusive sessions: who waits for whom, and what is left behind.

use crate::server::{
    Database, Outcome, account, call, change, change_email, ensure, find, kind, open, within,
};
use idstore_contract::{ErrorKind, Lookup, Purpose, StoreHandle};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// People, of whom `slow@example.com` takes three seconds to be found.
const PEOPLE: &str = "
    CREATE TABLE people (id int PRIMARY KEY, email text UNIQUE);
    INSERT INTO people SELECT n, 'person' || n || '@example.com' FROM generate_series(1, 50) AS n;
    INSERT INTO people VALUES (99, 'slow@example.com')";

fn statements() -> Value {
    let columns = "SELECT id AS user_id, email, pg_backend_pid() AS nickname,
                          current_setting('statement_timeout') AS name FROM people";
    json!({
        "get_user": format!(
            "{columns} WHERE email = :identifier
                AND CASE WHEN email = 'slow@example.com' THEN pg_sleep(3) IS NOT NULL ELSE true END"
        ),
        "get_user_by_id": format!("{columns} WHERE id = :user_id"),
        "change_email": "UPDATE people SET email = :new_email
                          WHERE id = :user_id AND CASE WHEN :new_email = 'slow@example.org'
                                                       THEN pg_sleep(3) IS NOT NULL ELSE true END",
    })
}

async fn people(keys: &[(&str, Value)]) -> Result<(Database, StoreHandle), String> {
    let database = Database::create().await?;
    database.execute(PEOPLE).await?;
    let mut config = database.config(&statements());
    for (key, value) in keys {
        change(&mut config, key, value.clone());
    }
    let store = open(config)?;
    account(&store, "person1@example.com").await?;
    Ok((database, store))
}

/// Finds everybody at once, each within so long, and says how many processes of the server answered.
async fn everybody(store: &StoreHandle, limit: Duration) -> Result<usize, String> {
    let mut lookups = JoinSet::new();
    for number in 1..=50 {
        let (store, name) = (store.clone(), format!("person{number}@example.com"));
        lookups.spawn(async move {
            let began = Instant::now();
            let found = account(&store, &name).await?;
            ensure(found.profile.email.as_deref() == Some(&name), "somebody else was found")?;
            ensure(began.elapsed() < limit, format!("{name} took {:?}", began.elapsed()))?;
            Ok::<_, String>(found.profile.nickname)
        });
    }
    let mut processes = std::collections::BTreeSet::new();
    while let Some(done) = lookups.join_next().await {
        processes.insert(done.map_err(|error| error.to_string())??);
    }
    Ok(processes.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_statement_does_not_hold_up_its_neighbours() -> Outcome {
    let (_database, store) = people(&[]).await?;
    for slow_ones in 1..=3 {
        let mut slow = JoinSet::new();
        for _ in 0..slow_ones {
            let store = store.clone();
            slow.spawn(async move { account(&store, "slow@example.com").await });
        }
        // Some are sent behind a slow one before anybody can know that it is slow.
        everybody(&store, Duration::from_millis(700)).await?;
        // Others come when it is known.
        everybody(&store, Duration::from_millis(700)).await?;
        while let Some(done) = slow.join_next().await {
            done.map_err(|error| error.to_string())??;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_read_leaves_its_session() -> Outcome {
    let (database, store) = people(&[]).await?;
    everybody(&store, Duration::from_secs(5)).await?;
    let processes = "SELECT string_agg(pid::text, ',' ORDER BY pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name = 'idstore-proxy'";
    let before = database.value(processes).await?;
    let dropped =
        tokio::time::timeout(Duration::from_millis(50), find(&store, "slow@example.com", 10_000)).await;
    ensure(dropped.is_err(), "the slow one was not slow")?;
    everybody(&store, Duration::from_millis(700)).await?;
    let waiting =
        "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
                      AND application_name = 'idstore-proxy'";
    within(Duration::from_secs(5), "the server ends the dropped statement", || async {
        Ok(database.value(waiting).await? == "t")
    })
    .await?;
    let after = database.value(processes).await?;
    let kept = before.split(',').all(|pid| after.split(',').any(|other| other == pid));
    ensure(kept, format!("sessions {before} became {after}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_timed_out_takes_its_session_along_and_nobody_else() -> Outcome {
    let (database, store) = people(&[]).await?;
    let began = Instant::now();
    let timed_out = kind(find(&store, "slow@example.com", 200).await)?;
    ensure(timed_out == ErrorKind::Timeout, format!("{timed_out:?}"))?;
    ensure(began.elapsed() < Duration::from_millis(600), format!("{:?}", began.elapsed()))?;
    everybody(&store, Duration::from_millis(700)).await?;
    within(Duration::from_secs(5), "sessions are as few as before", || async {
        Ok(database.sessions().await? <= 10)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_stay_few() -> Outcome {
    let (database, store) = people(&[("pool_max", 3.into())]).await?;
    let mut work = JoinSet::new();
    for number in 1..=150 {
        let store = store.clone();
        work.spawn(async move {
            let name = format!("person{}@example.com", number % 50 + 1);
            let found = account(&store, &name).await?;
            // Half of them write, and some of those give up.
            if number % 2 == 0 {
                let within_ms = if number % 10 == 0 { 1 } else { 10_000 };
                change_email(&store, &found, &name, within_ms).await.map(drop).or_else(
                    |error| match error.kind() {
                        ErrorKind::Timeout | ErrorKind::Busy => Ok(()),
                        _ => Err(format!("{error:?}")),
                    },
                )?;
            }
            Ok::<_, String>(())
        });
    }
    let mut most = 0;
    while !work.is_empty() {
        most = most.max(database.sessions().await?);
        while let Some(done) = work.try_join_next() {
            done.map_err(|error| error.to_string())??;
        }
    }
    // Two shared, three exclusive, and for a moment each of those that was discarded and has not noticed.
    ensure(most <= 8, format!("{most} sessions at once"))?;
    within(Duration::from_secs(3), "five sessions are left", || async { Ok(database.sessions().await? <= 5) })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_runs_longer_than_anybody_waits() -> Outcome {
    let (database, store) = people(&[]).await?;
    let shared = account(&store, "person1@example.com").await?.profile.name;
    ensure(shared.as_deref() == Some("10s"), format!("a shared session has {shared:?}"))?;
    let mut config = database.config(&statements());
    change(&mut config, "prepare", "call");
    let store = open(config)?;
    find(&store, "person1@example.com", 5_000).await.map_err(|error| error.to_string())?;
    let found = find(&store, "person1@example.com", 2_000).await.map_err(|error| error.to_string())?;
    let limit = found.first().and_then(|found| found.profile.name.clone()).unwrap_or_default();
    let left_ms: Option<u32> = limit.strip_suffix("ms").and_then(|limit| limit.parse().ok());
    ensure(
        limit == "2s" || left_ms.is_some_and(|left| left <= 2_000),
        format!("an exclusive one has {limit:?}"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_timed_out_leaves_nothing_and_gives_its_permit_back() -> Outcome {
    let (database, store) = people(&[("pool_max", 1.into())]).await?;
    let found = account(&store, "person1@example.com").await?;
    for _ in 0..2 {
        let timed_out = kind(change_email(&store, &found, "slow@example.org", 300).await)?;
        ensure(timed_out == ErrorKind::Timeout, format!("{timed_out:?}"))?;
    }
    let began = Instant::now();
    change_email(&store, &found, "other@example.com", 5_000).await.map_err(|error| format!("{error:?}"))?;
    // It waits for the row until the server has ended the write that nobody waits for, and not longer.
    ensure(began.elapsed() < Duration::from_secs(1), format!("the next write took {:?}", began.elapsed()))?;
    let email = database.value("SELECT email FROM people WHERE id = 1").await?;
    ensure(email == "other@example.com", email)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_of_a_dropped_call_goes_to_nobody_else() -> Outcome {
    let (database, store) = people(&[("pool_max", 1.into()), ("prepare", "call".into())]).await?;
    let dropped =
        tokio::time::timeout(Duration::from_millis(50), find(&store, "slow@example.com", 10_000)).await;
    ensure(dropped.is_err(), "the slow one was not slow")?;
    let began = Instant::now();
    account(&store, "person1@example.com").await?;
    ensure(began.elapsed() < Duration::from_millis(700), format!("it waited {:?}", began.elapsed()))?;
    within(Duration::from_secs(5), "one session is left", || async { Ok(database.sessions().await? == 1) })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_dropped_again_and_again_do_not_fill_the_server() -> Outcome {
    let (database, store) = people(&[("pool_max", 2.into()), ("prepare", "call".into())]).await?;
    let mut most = 0;
    for _ in 0..20 {
        let dropped =
            tokio::time::timeout(Duration::from_millis(30), find(&store, "slow@example.com", 10_000)).await;
        ensure(dropped.is_err(), "the slow one was not slow")?;
        most = most.max(database.sessions().await?);
    }
    // Two that work, and two whose statement runs on.
    ensure(most <= 4, format!("{most} sessions at once"))?;
    // The server is done with the first of them after three seconds, and then there is room again.
    let found = find(&store, "person1@example.com", 10_000).await.map_err(|error| format!("{error:?}"))?;
    ensure(found.len() == 1, "not found")?;
    within(Duration::from_secs(10), "two sessions are left", || async { Ok(database.sessions().await? <= 2) })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_without_its_where_does_not_load_the_table() -> Outcome {
    let database = Database::create().await?;
    database
        .execute("CREATE TABLE people (id int, email text); INSERT INTO people SELECT n, repeat('x', 1000) FROM generate_series(1, 200000) AS n")
        .await?;
    let everything = "SELECT id AS user_id, email FROM people WHERE :identifier <> '' AND email <> ''";
    for prepare in ["connection", "call"] {
        let mut config = database.config(&json!({ "get_user": everything }));
        change(&mut config, "prepare", prepare);
        let store = open(config)?;
        for _ in 0..3 {
            let began = Instant::now();
            let found = store.find(&call(5_000), &Lookup::Identifier("a".into()), Purpose::Profile).await;
            ensure(kind(found)? == ErrorKind::Ambiguous, "not ambiguous")?;
            ensure(began.elapsed() < Duration::from_secs(1), format!("{prepare}: {:?}", began.elapsed()))?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_by_id_uses_the_index_of_the_key() -> Outcome {
    let database = Database::create().await?;
    for (key, value, made) in [
        ("bigint", "77777", "n"),
        ("uuid", "00000000-0000-0000-0000-000000077777", "lpad(n::text, 32, '0')::uuid"),
        ("text", "77777", "n::text"),
    ] {
        database
            .execute(&format!(
                "DROP TABLE IF EXISTS people; CREATE TABLE people (id {key} PRIMARY KEY, email text);
                 INSERT INTO people SELECT {made}, n || '@example.com' FROM generate_series(1, 100000) AS n;
                 ANALYZE people"
            ))
            .await?;
        let lookup = "SELECT id AS user_id, email FROM people WHERE id = ";
        let store = open(database.config(&json!({
            "get_user": "SELECT id AS user_id, email FROM people WHERE email = :identifier",
            "get_user_by_id": format!("{lookup} :user_id"),
        })))?;
        let found = store.find(&call(5_000), &Lookup::UserId(value.into()), Purpose::Profile).await;
        ensure(found.is_ok_and(|found| found.len() == 1), "not found")?;
        // The same text, its parameter's type left to the server, and the value as text: as the adapter does it.
        database.execute(&format!("DEALLOCATE ALL; PREPARE lookup AS {lookup} $1")).await?;
        let plan = database.value(&format!("EXPLAIN (FORMAT JSON) EXECUTE lookup ('{value}')")).await?;
        ensure(plan.contains("people_pkey") && plan.contains("Index Cond"), format!("{key}: {plan}"))?;
    }
    Ok(())
}
