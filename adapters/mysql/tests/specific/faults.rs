//! What goes wrong on the server's side: each told as what it is, and over without a restart.

use crate::server::own::OwnServer;
use crate::server::{
    Database, Outcome, PASSWORD, Product, account, change, change_email, ensure, find, kind, open, within,
};
use idstore_conformance::process::{freeze, thaw};
use idstore_conformance::{Gate, Target};
use idstore_contract::{ErrorKind, StoreHandle};
use mysql_async::{Conn, OptsBuilder};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const PEOPLE: &str =
    "CREATE TABLE people (id int PRIMARY KEY, email varchar(100) UNIQUE, given_name varchar(40));
                      INSERT INTO people VALUES (1, 'a@example.com', 'Ada'), (2, 'slow@example.com', 'Slow')";

fn statements() -> Value {
    let lookup = "SELECT id AS user_id, email, given_name FROM people WHERE";
    json!({
        "get_user": format!("{lookup} email = :identifier AND IF(email = 'slow@example.com', SLEEP(1), 0) = 0"),
        "get_user_by_id": format!("{lookup} id = :user_id"),
        "change_email": "UPDATE people SET email = :new_email
                          WHERE id = :user_id AND IF(:new_email LIKE 'slow%', SLEEP(2), 0) = 0",
    })
}

async fn people(product: Product) -> Result<(Database, StoreHandle), String> {
    let database = Database::create(product).await?;
    opened(database).await
}

pub(crate) async fn own(
    product: Product,
    options: &[&str],
) -> Result<(OwnServer, Database, StoreHandle), String> {
    let server = OwnServer::start(product, options).await?;
    let (database, store) = opened(Database::create_on(server.address.clone()).await?).await?;
    Ok((server, database, store))
}

async fn opened(database: Database) -> Result<(Database, StoreHandle), String> {
    database.execute(PEOPLE).await?;
    let store = open(database.config(&statements()))?;
    account(&store, "a@example.com").await?;
    Ok((database, store))
}

pub(crate) async fn recovers(store: &StoreHandle) -> Outcome {
    within(Duration::from_secs(1), "the store serves again", || async {
        Ok(find(store, "a@example.com", 1_000).await.is_ok_and(|found| found.len() == 1))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_died_unseen_cost_nobody_an_error() -> Outcome {
    for product in Product::EACH {
        let (database, store) = people(product).await?;
        let ada = account(&store, "a@example.com").await?;
        for number in 0..5 {
            change_email(&store, &ada, "a@example.com", 5_000)
                .await
                .map_err(|error| format!("{product:?}, {number}: {error:?}"))?;
            database.kill_sessions().await?;
            account(&store, "a@example.com").await?;
            database.kill_sessions().await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_the_server_ended_for_being_idle_cost_nobody_an_error() -> Outcome {
    for product in Product::EACH {
        let (_server, database, store) = own(product, &["--wait-timeout=1"]).await?;
        let ada = account(&store, "a@example.com").await?;
        for round in 0..2 {
            // As many sessions as there are, all idle at the same time.
            let mut asking = JoinSet::new();
            for _ in 0..16 {
                let store = store.clone();
                asking.spawn(async move { account(&store, "a@example.com").await.map(drop) });
            }
            while let Some(done) = asking.join_next().await {
                done.map_err(|error| error.to_string())?
                    .map_err(|why| format!("{product:?}, {round}: {why}"))?;
            }
            within(Duration::from_secs(5), "the server ends what is idle", || async {
                Ok(database.sessions().await?.is_empty())
            })
            .await?;
            change_email(&store, &ada, "a@example.com", 5_000)
                .await
                .map_err(|error| format!("{product:?}, {round}: {error:?}"))?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_session_dies_is_never_repeated() -> Outcome {
    for product in Product::EACH {
        let (database, store) = people(product).await?;
        let ada = account(&store, "a@example.com").await?;
        let (writer, same) = (store.clone(), ada.clone());
        let write =
            tokio::spawn(async move { change_email(&writer, &same, "slow-write@example.com", 8_000).await });
        within(Duration::from_secs(2), "the write runs", || async { Ok(database.running().await? == 1) })
            .await?;
        database.kill_sessions().await?;
        let failed = kind(write.await.map_err(|error| error.to_string())?)?;
        ensure(
            matches!(failed, ErrorKind::Unavailable | ErrorKind::Timeout),
            format!("{product:?}: {failed:?}"),
        )?;
        let email = database.value("SELECT email FROM people WHERE id = 1").await?;
        ensure(email == "a@example.com", format!("{product:?}: {email}"))?;
        recovers(&store).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_the_middle_of_calls_is_an_outage_and_then_back() -> Outcome {
    for product in Product::EACH {
        let (server, database, store) = own(product, &[]).await?;
        let ada = account(&store, "a@example.com").await?;
        let reader = store.clone();
        let read = tokio::spawn(async move { find(&reader, "slow@example.com", 3_000).await });
        within(Duration::from_secs(2), "the read runs", || async { Ok(database.running().await? == 1) })
            .await?;
        server.kill()?;
        let failed = kind(read.await.map_err(|error| error.to_string())?)?;
        ensure(failed == ErrorKind::Unavailable, format!("{product:?}: the read in the middle: {failed:?}"))?;
        for _ in 0..20 {
            let began = Instant::now();
            let read = kind(find(&store, "a@example.com", 2_000).await)?;
            let write = kind(change_email(&store, &ada, "b@example.com", 2_000).await)?;
            let is_outage = read == ErrorKind::Unavailable && write == ErrorKind::Unavailable;
            ensure(is_outage, format!("{product:?}: {read:?} {write:?}"))?;
            let took = began.elapsed();
            ensure(took < Duration::from_secs(1), format!("{product:?}: down, and told in {took:?}"))?;
        }
        server.up().await?;
        recovers(&store).await.map_err(|why| format!("{product:?}: {why}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_at_start_is_found_within_a_second() -> Outcome {
    for product in Product::EACH {
        let (server, database, _) = own(product, &[]).await?;
        server.kill()?;
        let store = open(database.config(&statements()))?;
        ensure(kind(find(&store, "a@example.com", 2_000).await)? == ErrorKind::Unavailable, "down at start")?;
        server.up().await?;
        recovers(&store).await.map_err(|why| format!("{product:?}: {why}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_is_a_timeout_at_the_deadline() -> Outcome {
    for product in Product::EACH {
        let (server, _database, store) = own(product, &[]).await?;
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
                ensure(answer == ErrorKind::Timeout, format!("{product:?}: {answer:?}"))?;
                let took = began.elapsed();
                ensure(took < Duration::from_secs(2), format!("{product:?}: after {took:?}"))?;
            }
        }
        thaw(&server.processes()?)?;
        recovers(&store).await.map_err(|why| format!("{product:?}: {why}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_is_unavailable_for_writes_and_left_behind() -> Outcome {
    for product in Product::EACH {
        let (_server, database, store) = own(product, &[]).await?;
        let ada = account(&store, "a@example.com").await?;
        database.execute("SET GLOBAL read_only = ON").await?;
        account(&store, "a@example.com").await?;
        let refused = kind(change_email(&store, &ada, "b@example.com", 2_000).await)?;
        ensure(refused == ErrorKind::Unavailable, format!("{product:?}: {refused:?}"))?;
        // As after a failover: new sessions find a server that writes.
        database.execute("SET GLOBAL read_only = OFF").await?;
        change_email(&store, &ada, "b@example.com", 2_000)
            .await
            .map_err(|error| format!("{product:?}: {error:?}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_session_left_says_so_until_it_has_one() -> Outcome {
    for product in Product::EACH {
        let (database, store) = people(product).await?;
        database.execute(&format!("ALTER USER {} WITH MAX_USER_CONNECTIONS 1", database.role)).await?;
        database.kill_sessions().await?;
        within(Duration::from_secs(1), "the sessions are gone", || async {
            Ok(database.sessions().await?.is_empty())
        })
        .await?;
        let options = OptsBuilder::default()
            .socket(Some(database.address.socket.display().to_string()))
            .user(Some(&database.role))
            .pass(Some(PASSWORD));
        let last = Conn::new(options).await.map_err(|error| error.to_string())?;
        let error = find(&store, "a@example.com", 2_000).await.err().ok_or("it was found")?;
        ensure(
            matches!(error.kind(), ErrorKind::Busy | ErrorKind::Unavailable),
            format!("{product:?}: {error:?}"),
        )?;
        last.disconnect().await.map_err(|error| error.to_string())?;
        recovers(&store).await.map_err(|why| format!("{product:?}: {why}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_column_is_named_and_its_return_noticed() -> Outcome {
    for product in Product::EACH {
        let (database, store) = people(product).await?;
        database.execute("ALTER TABLE people RENAME COLUMN given_name TO first_name").await?;
        let error = find(&store, "a@example.com", 2_000).await.err().ok_or("it was found")?;
        ensure(
            error.kind() == ErrorKind::Misconfigured && error.to_string().contains("given_name"),
            format!("{product:?}: {error}"),
        )?;
        database.execute("ALTER TABLE people RENAME COLUMN first_name TO given_name").await?;
        recovers(&store).await.map_err(|why| format!("{product:?}: {why}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_type_costs_nobody_an_error() -> Outcome {
    for product in Product::EACH {
        let (database, store) = people(product).await?;
        for column in ["text", "varchar(300) CHARACTER SET latin1", "varbinary(40)"] {
            database.execute(&format!("ALTER TABLE people MODIFY given_name {column}")).await?;
            let ada = account(&store, "a@example.com")
                .await
                .map_err(|why| format!("{product:?}, {column}: {why}"))?;
            ensure(
                ada.profile.given_name.as_deref() == Some("Ada"),
                format!("{product:?}: {column} is lost"),
            )?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_of_the_service_is_told_by_its_key() -> Outcome {
    for product in Product::EACH {
        let (database, _store) = people(product).await?;
        let mut config = database.config(&statements());
        change(&mut config, "password", json!({ "file": database.file("wrong", "not-the-password")? }));
        let error = find(&open(config)?, "a@example.com", 2_000).await.err().ok_or("it was found")?;
        ensure(
            matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Misconfigured)
                && error.to_string().contains("`password`"),
            format!("{product:?}: {error}"),
        )?;
        ensure(!error.to_string().contains("not-the-password"), "the password is told")?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_enters_an_error() -> Outcome {
    for product in Product::EACH {
        let (database, store) = people(product).await?;
        let ada = account(&store, "a@example.com").await?;
        let constraint = "ALTER TABLE people ADD CONSTRAINT no_canary CHECK (email NOT LIKE '%canary%')";
        database.execute(constraint).await?;
        for email in ["zq7canary@example.com", &"zq7".repeat(40), "slow@example.com"] {
            let refused = change_email(&store, &ada, email, 5_000)
                .await
                .err()
                .ok_or_else(|| format!("{email} was written"))?;
            let told = format!("{refused} {refused:?}");
            ensure(!told.contains("zq7") && !told.contains("slow@"), format!("{product:?}: {told}"))?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_table_without_transactions_keeps_is_never_told_as_undone() -> Outcome {
    for product in Product::EACH {
        let (database, store) = people(product).await?;
        database.execute("ALTER TABLE people ENGINE = MyISAM, ADD COLUMN kept varchar(50)").await?;
        let ada = account(&store, "a@example.com").await?;
        // The proof fails, for the trigger stores another address than was asked for.
        database
            .execute("CREATE TRIGGER spoil BEFORE UPDATE ON people FOR EACH ROW SET NEW.email = concat('x', NEW.email)")
            .await?;
        let answer = kind(change_email(&store, &ada, "b@example.com", 5_000).await)?;
        ensure(
            matches!(answer, ErrorKind::Timeout | ErrorKind::Misconfigured),
            format!("{product:?}: {answer:?}"),
        )?;
    }
    Ok(())
}

/// What the server did on a connection that is gone has ended with it, and its number may be somebody else's by now.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_may_still_run_is_killed() -> Outcome {
    for product in Product::EACH {
        let (_server, database, _) = own(product, &[]).await?;
        let gate = Gate::open(Target::Tcp((Ipv4Addr::LOCALHOST, database.address.port).into())).await;
        let gate = gate.map_err(|error| error.to_string())?;
        let store = open(database.config_tls(gate.port(), &statements())?)?;
        let kills = async || {
            let rows = database.rows("SHOW GLOBAL STATUS WHERE variable_name = 'Com_kill'").await?;
            rows.into_iter().flatten().flatten().next_back().ok_or_else(|| "nothing is counted".to_owned())
        };
        account(&store, "a@example.com").await?;
        let reader = store.clone();
        let read = tokio::spawn(async move { find(&reader, "slow@example.com", 3_000).await });
        within(Duration::from_secs(2), "the read runs", || async { Ok(database.running().await? == 1) })
            .await?;
        gate.sever();
        let found = read.await.map_err(|error| error.to_string())?;
        ensure(found.is_ok_and(|found| found.len() == 1), "a read is repeated on another session")?;
        within(Duration::from_secs(5), "the read is over", || async { Ok(database.running().await? == 0) })
            .await?;
        ensure(kills().await? == "0", format!("{product:?}: a lost session was killed"))?;
        let late = kind(find(&store, "slow@example.com", 200).await)?;
        ensure(late == ErrorKind::Timeout, format!("{product:?}: {late:?}"))?;
        within(Duration::from_secs(5), "what nobody waits for is killed", || async {
            Ok(kills().await? != "0")
        })
        .await?;
        ensure(kills().await? == "1", format!("{product:?}: {} were killed", kills().await?))?;
    }
    Ok(())
}

/// A server whose logins take longer than callers wait: callers that come and go do not fill it with logins.
#[tokio::test(flavor = "multi_thread")]
async fn logins_that_nobody_waits_for_are_no_more_than_the_pool() -> Outcome {
    for product in Product::EACH {
        let server = OwnServer::start(product, &["--init-connect=DO SLEEP(2)"]).await?;
        let database = Database::create_on(server.address.clone()).await?;
        database.execute(PEOPLE).await?;
        let mut config = database.config(&statements());
        change(&mut config, "pool_max", 3);
        let store = open(config)?;
        // The list of processes leaves out those who still log in.
        let connected = async || -> Result<usize, String> {
            let rows = database.rows("SHOW GLOBAL STATUS LIKE 'Threads_connected'").await?;
            let count = rows.into_iter().flatten().flatten().next_back();
            count.and_then(|count| count.parse().ok()).ok_or_else(|| "nothing is counted".into())
        };
        let before = connected().await?;
        let mut most = 0;
        // One after the other: each leaves the pool's place to the next, and its login behind.
        for _ in 0..12 {
            ensure(find(&store, "a@example.com", 100).await.is_err(), "a login of two seconds took less")?;
            let sessions = connected().await?.saturating_sub(before);
            most = most.max(sessions);
        }
        ensure((1..=3).contains(&most), format!("{product:?}: {most} sessions"))?;
    }
    Ok(())
}
