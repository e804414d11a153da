//! Servers that restart, freeze, close what is idle, or are not the only ones.

use crate::server::ask::{account, find, login, open, same};
use crate::server::{Options, Outcome, PEOPLE, Slapd, change, ensure};
use idstore_conformance::{Gate, Mode, Target};
use idstore_contract::StoreHandle;
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

const RIGHT: &str = "Correct-Horse-1";

fn server() -> Result<Slapd, String> {
    let slapd = Slapd::start(&Options::default())?;
    slapd.add(
        &format!("uid=ada,{PEOPLE}"),
        &[
            ("objectClass", "inetOrgPerson"),
            ("objectClass", "testPerson"),
            ("uid", "ada"),
            ("cn", "ada"),
            ("sn", "Doe"),
            ("testOrganization", "acme"),
            ("userPassword", RIGHT),
        ],
    )?;
    Ok(slapd)
}

async fn gate(slapd: &Slapd) -> Result<Gate, String> {
    let target = Target::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, slapd.port)));
    Gate::open(target).await.map_err(|error| error.to_string())
}

/// A store that tries these gates in this order.
fn store(slapd: &Slapd, gates: &[&Gate]) -> Result<StoreHandle, String> {
    let mut config = slapd.config();
    let urls: Vec<String> = gates.iter().map(|gate| format!("ldap://127.0.0.1:{}", gate.port())).collect();
    change(&mut config, "urls", json!(urls));
    open(config)
}

#[tokio::test]
async fn a_server_that_was_restarted_serves_again_within_a_second() -> Outcome {
    let mut slapd = server()?;
    let store = open(slapd.config())?;
    account(&store, "ada").await?;
    slapd.kill()?;
    ensure(find(&store, "ada", 500).await.is_err(), "a server that is gone answers")?;
    slapd.up()?;
    let began = Instant::now();
    while find(&store, "ada", 1_000).await.is_err() {
        ensure(began.elapsed() < Duration::from_secs(2), "it does not serve two seconds after it was back")?;
    }
    same("a login", &"match, ok".to_owned(), &login(&store, "ada", RIGHT).await?)
}

#[tokio::test]
async fn a_server_that_was_restarted_between_two_calls_is_not_noticed() -> Outcome {
    let mut slapd = server()?;
    let store = open(slapd.config())?;
    account(&store, "ada").await?;
    slapd.kill()?;
    slapd.up()?;
    account(&store, "ada").await.map(drop)
}

#[tokio::test]
async fn sessions_that_were_closed_when_idle_are_not_noticed() -> Outcome {
    let slapd = server()?;
    let gate = gate(&slapd).await?;
    let store = store(&slapd, &[&gate])?;
    for mode in [Mode::HalfClose, Mode::Reset, Mode::Refuse] {
        account(&store, "ada").await?;
        gate.set(mode).await?;
        gate.set(Mode::Forward).await?;
        account(&store, "ada").await.map_err(|error| format!("{mode:?}: {error}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn the_next_server_serves_where_the_first_one_does_not() -> Outcome {
    let slapd = server()?;
    for mode in [Mode::Refuse, Mode::Freeze, Mode::Reset, Mode::HalfClose] {
        let (first, second) = (gate(&slapd).await?, gate(&slapd).await?);
        let store = store(&slapd, &[&first, &second])?;
        account(&store, "ada").await?;
        same("sessions of the second", &0, &second.sessions_peak())?;
        first.set(mode).await?;
        // Sessions that are frozen are only known by a deadline that passes.
        find(&store, "ada", 300).await.ok();
        let found = find(&store, "ada", 2_500).await.map_err(|error| format!("{mode:?}: {error:?}"))?;
        same("found", &1, &found.len())?;
        let began = Instant::now();
        let found = find(&store, "ada", 2_500).await.map_err(|error| format!("{mode:?}: {error:?}"))?;
        same("found", &1, &found.len())?;
        ensure(
            began.elapsed() < Duration::from_millis(500),
            format!("{mode:?}: the first one is waited for again"),
        )?;
        same("a login", &"match, ok".to_owned(), &login(&store, "ada", RIGHT).await?)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_frozen_server_costs_no_wrong_answer() -> Outcome {
    let slapd = server()?;
    let gate = gate(&slapd).await?;
    let store = store(&slapd, &[&gate])?;
    account(&store, "ada").await?;
    for _ in 0..3 {
        gate.set(Mode::Freeze).await?;
        let calls = (0..20).map(|_| find(&store, "ada", 200));
        for found in futures_util::future::join_all(calls).await {
            ensure(found.is_err(), "a frozen server is told as an answer")?;
        }
        gate.set(Mode::Forward).await?;
        let began = Instant::now();
        while find(&store, "ada", 1_000).await.is_err() {
            ensure(
                began.elapsed() < Duration::from_secs(2),
                "it does not serve two seconds after it was thawed",
            )?;
        }
    }
    Ok(())
}
