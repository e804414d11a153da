//! What answers may be no server, or an enemy's: it costs one session. The process lives, its memory stays small, no
//! password leaves it, and other stores serve.

use crate::peer::{Peer, Script};
use crate::server::{Database, Outcome, Product, account, change, ensure, find, open, within};
use idstore_contract::{Error, ErrorKind, StoreHandle};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What a call has, in milliseconds.
const TIME_MS: u64 = 1_000;
/// How much more memory may be in use than before, in KiB. An answer has at most one MiB a packet.
const MEMORY_KIB: u64 = 48 << 10;
/// The password of the account, which no peer may hear.
const CANARY: &str = "CANARY-of-the-service";

fn statements() -> Value {
    json!({ "get_user": "SELECT id AS user_id, email FROM people WHERE email = :identifier" })
}

/// A store at that port, without TLS unless it is asked for.
fn store_at(port: u16, folder: &tempfile::TempDir, tls: &str) -> Result<StoreHandle, String> {
    let password = folder.path().join("password");
    std::fs::write(&password, CANARY).map_err(|error| error.to_string())?;
    open(json!({
        "host": "127.0.0.1", "port": port, "database": "people", "user": "idstore", "tls": tls,
        "password": { "file": password }, "statements": statements(),
    }))
}

/// The most memory that the process ever had in use, in KiB.
fn memory_peak() -> Result<u64, String> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no VmHWM")?;
    line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).ok_or_else(|| "no number".into())
}

/// What a call is told that meets this peer, after it was looked at from all sides.
async fn met(script: Script, tls: &str) -> Result<Error, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let peer = Peer::start(script).await?;
    let store = store_at(peer.port, &folder, tls)?;
    let before = memory_peak()?;
    let began = Instant::now();
    let answer = find(&store, "a@example.com", TIME_MS).await;
    let took = began.elapsed();
    let error = answer.err().ok_or_else(|| format!("{script:?} was believed"))?;
    ensure(
        matches!(
            error.kind(),
            ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Misconfigured | ErrorKind::Unexpected
        ),
        format!("{script:?}: {error:?}"),
    )?;
    ensure(took < Duration::from_millis(TIME_MS + 500), format!("{script:?} took {took:?}"))?;
    // Nobody reads on what nobody waits for.
    peer.is_left_alone(Duration::from_secs(10)).await.map_err(|why| format!("{script:?}: {why}"))?;
    let grown = memory_peak()?.saturating_sub(before);
    ensure(grown < MEMORY_KIB, format!("{script:?} took {grown} KiB"))?;
    let heard = String::from_utf8_lossy(&peer.heard()).into_owned();
    ensure(!heard.contains(CANARY), format!("{script:?} heard the password"))?;
    ensure(!heard.contains("peer that speaks as a MySQL"), format!("{script:?} heard a file"))?;
    ensure(!error.to_string().contains("CANARY"), format!("{script:?}: its text is told"))?;
    Ok(error)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rogue_server_costs_one_session_and_hears_no_password() -> Outcome {
    for script in [
        Script::Silence,
        Script::Drip,
        Script::EndlessGreeting,
        Script::HalfGreeting,
        Script::Http,
        Script::ClearPassword,
        Script::FullAuthentication,
        Script::EndlessSwitches,
        Script::LongRefusal,
        Script::LocalFile,
        Script::ManyColumns,
        Script::LargePackets,
        Script::ManyPrepared,
        Script::EndlessRows,
        Script::EndlessResults,
        Script::HalfAnswer,
    ] {
        met(script, "disable").await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_tls_does_not_count() -> Outcome {
    let error = met(Script::NoTls, "require").await?;
    ensure(error.to_string().contains("`tls`"), error.to_string())?;
    let error = met(Script::WordBeforeTls, "require").await?;
    ensure(error.kind() == ErrorKind::Unavailable, format!("{error:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_who_signs_in_is_told_to_a_server_without_tls() -> Outcome {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let peer = Peer::start(Script::NoTls).await?;
    let store = store_at(peer.port, &folder, "verify-full")?;
    ensure(find(&store, "a@example.com", TIME_MS).await.is_err(), "it was believed")?;
    peer.is_left_alone(Duration::from_secs(10)).await?;
    ensure(peer.heard().is_empty(), format!("{} bytes were said", peer.heard().len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bytes_at_any_moment_break_the_process() -> Outcome {
    for after in 0..=3 {
        for seed in 1..=40 {
            let script = Script::Nonsense { after, seed: seed * 7_919 };
            let error = met(script, "disable").await?;
            ensure(error.kind() != ErrorKind::AlreadyExists(None), format!("{script:?}: {error:?}"))?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn other_stores_serve_while_one_is_flooded() -> Outcome {
    let database = Database::create(Product::MariaDb).await?;
    database
        .execute(
            "CREATE TABLE people (id int, email varchar(50)); INSERT INTO people VALUES (1, 'a@example.com')",
        )
        .await?;
    let healthy = open(database.config(&statements()))?;
    account(&healthy, "a@example.com").await?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut attacked = tokio::task::JoinSet::new();
    for script in [Script::LargePackets, Script::EndlessRows, Script::EndlessResults, Script::Silence] {
        let peer = Peer::start(script).await?;
        let store = store_at(peer.port, &folder, "disable")?;
        attacked.spawn(async move {
            let _peer = peer;
            for _ in 0..3 {
                ensure(
                    find(&store, "a@example.com", 500).await.is_err(),
                    format!("{script:?} was believed"),
                )?;
            }
            Ok::<(), String>(())
        });
    }
    while !attacked.is_empty() {
        let began = Instant::now();
        account(&healthy, "a@example.com").await?;
        ensure(
            began.elapsed() < Duration::from_secs(1),
            format!("a neighbour waited {:?}", began.elapsed()),
        )?;
        while let Some(done) = attacked.try_join_next() {
            done.map_err(|error| error.to_string())??;
        }
    }
    Ok(())
}

/// A server that is replaced by an honest one serves again.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_leaves_a_rogue_server_behind() -> Outcome {
    let database = Database::create(Product::MariaDb).await?;
    database
        .execute(
            "CREATE TABLE people (id int, email varchar(50)); INSERT INTO people VALUES (1, 'a@example.com')",
        )
        .await?;
    let peer = Peer::start(Script::ManyColumns).await?;
    let port = peer.port;
    let mut config = database.config_clear(port, &statements());
    change(&mut config, "pool_max", 2);
    let store = open(config)?;
    ensure(find(&store, "a@example.com", TIME_MS).await.is_err(), "it was believed")?;
    drop(peer);
    // The port is free when the peer's task has ended.
    let mut honest = None;
    within(Duration::from_secs(2), "the port is free", || {
        honest = std::net::TcpListener::bind(("127.0.0.1", port)).ok();
        std::future::ready(Ok(honest.is_some()))
    })
    .await?;
    let honest = honest.ok_or("no listener")?;
    honest.set_nonblocking(true).map_err(|error| error.to_string())?;
    let honest = tokio::net::TcpListener::from_std(honest).map_err(|error| error.to_string())?;
    let to = database.address.port;
    let carrying = tokio::spawn(async move {
        while let Ok((mut client, _)) = honest.accept().await {
            tokio::spawn(async move {
                if let Ok(mut server) = tokio::net::TcpStream::connect(("127.0.0.1", to)).await {
                    tokio::io::copy_bidirectional(&mut client, &mut server).await.ok();
                }
            });
        }
    });
    within(Duration::from_secs(2), "it serves", || async {
        Ok(find(&store, "a@example.com", TIME_MS).await.is_ok_and(|found| found.len() == 1))
    })
    .await?;
    carrying.abort();
    Ok(())
}
