//! Servers that restart, freeze, close what is idle, or are not the only ones.

use super::peer::{Peer, ended, message, read_one};
use crate::server::ask::{account, call, find, login, open, same};
use crate::server::{Options, Outcome, PEOPLE, SERVICE, Slapd, change, ensure};
use idstore_conformance::process::{freeze, thaw};
use idstore_conformance::{Gate, Mode, Target};
use idstore_contract::{ErrorKind, StoreHandle, Verdict};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinSet;

const RIGHT: &str = "Correct-Horse-1";

fn server() -> Result<Slapd, String> {
    server_with(&Options::default())
}

fn server_with(options: &Options) -> Result<Slapd, String> {
    let slapd = Slapd::start(options)?;
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
            began.elapsed() < Duration::from_secs(1),
            format!("{mode:?}: the first one is waited for again"),
        )?;
        same("a login", &"match, ok".to_owned(), &login(&store, "ada", RIGHT).await?)?;
    }
    Ok(())
}

/// Sessions that wait in the pool look alive: whoever gave up on one must not be followed by as many as there are.
#[tokio::test]
async fn a_stopped_server_is_left_after_one_call_however_many_sessions_wait() -> Outcome {
    let options = Options { access: "access to * by * read\n", ..Options::default() };
    for anonymous in [false, true] {
        let (first, second) = (server_with(&options)?, server_with(&options)?);
        let mut config = first.config();
        let urls = [first.port, second.port].map(|port| format!("ldap://127.0.0.1:{port}"));
        change(&mut config, "urls", json!(urls));
        if anonymous {
            for key in ["bind_dn", "bind_password", "password_change", "create"] {
                change(&mut config, key, json!(null));
            }
            change(&mut config, "offers", json!([]));
        }
        let store = open(config)?;
        for found in futures_util::future::join_all((0..6).map(|_| find(&store, "ada", 5_000))).await {
            found.map_err(|error| format!("{error:?}"))?;
        }
        freeze(&first.processes()?).await?;
        ensure(find(&store, "ada", 1_500).await.is_err(), "a server that is stopped answers")?;
        for (call, within_ms) in [("the next", 2_000), ("the one after", 500)] {
            let found = find(&store, "ada", within_ms).await;
            let found = found.map_err(|error| format!("{call}, anonymous {anonymous}: {error:?}"))?;
            same(call, &1, &found.len())?;
        }
        same("a login", &"match, ok".to_owned(), &login(&store, "ada", RIGHT).await?)?;
        thaw(&first.processes()?)?;
    }
    Ok(())
}

/// A server that answers binds is there, however long a search takes.
#[tokio::test]
async fn a_slow_search_is_no_reason_to_leave_a_server() -> Outcome {
    let slow = Peer::open(|mut stream| async move {
        while let Some(request) = read_one(&mut stream).await {
            let answer = message(request.get(..3).unwrap_or_default(), &ended(0x61, 0, ""));
            if request.get(3) == Some(&0x60) && stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    })
    .await?;
    let slapd = server()?;
    let second = gate(&slapd).await?;
    let mut config = slapd.config();
    change(
        &mut config,
        "urls",
        json!([slow.port, second.port()].map(|port| format!("ldap://127.0.0.1:{port}"))),
    );
    let store = open(config)?;
    for number in 1..=2 {
        ensure(find(&store, "ada", 1_200).await.is_err(), "a search without an answer has one")?;
        same("sessions of the first", &number, &slow.came.load(Ordering::Relaxed))?;
    }
    same("sessions of the second", &0, &second.sessions_peak())
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

#[tokio::test]
async fn a_first_server_that_is_back_is_gone_back_to() -> Outcome {
    let slapd = server()?;
    let (first, second) = (gate(&slapd).await?, gate(&slapd).await?);
    let store = store(&slapd, &[&first, &second])?;
    first.set(Mode::Refuse).await?;
    account(&store, "ada").await?;
    ensure(second.sessions() > 0, "the second one does not serve")?;
    first.set(Mode::Forward).await?;
    let (began, mut tick) = (Instant::now(), tokio::time::interval(Duration::from_millis(100)));
    while first.sessions() == 0 {
        ensure(began.elapsed() < Duration::from_secs(15), "nobody has gone back to it")?;
        tick.tick().await;
        account(&store, "ada").await?;
    }
    account(&store, "ada").await?;
    let began = Instant::now();
    while second.sessions() > 0 {
        ensure(began.elapsed() < Duration::from_secs(5), "sessions of the second one are kept")?;
        tick.tick().await;
        account(&store, "ada").await?;
    }
    Ok(())
}

/// Lookups and logins without a pause, and what was wrong with their answers. An outage may be told; nothing else.
struct Load {
    stop: Arc<AtomicBool>,
    outages: Arc<AtomicUsize>,
    tasks: JoinSet<Outcome>,
}

impl Load {
    fn begin(store: &StoreHandle) -> Self {
        let (stop, outages) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut tasks = JoinSet::new();
        for number in 0..12 {
            let (store, stop, outages) = (store.clone(), stop.clone(), outages.clone());
            tasks.spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    if !one_answer(&store, number).await? {
                        outages.fetch_add(1, Ordering::SeqCst);
                    }
                    tokio::task::yield_now().await;
                }
                Ok(())
            });
        }
        Self { stop, outages, tasks }
    }

    /// Waits until so many outages more were told.
    async fn suffers(&self, count: usize) -> Outcome {
        let (wanted, began) = (self.outages.load(Ordering::SeqCst) + count, Instant::now());
        while self.outages.load(Ordering::SeqCst) < wanted {
            ensure(began.elapsed() < Duration::from_secs(10), "nobody notices")?;
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn end(mut self) -> Outcome {
        self.stop.store(true, Ordering::SeqCst);
        while let Some(done) = self.tasks.join_next().await {
            done.map_err(|error| error.to_string())??;
        }
        Ok(())
    }
}

/// Whether it was answered; the error is a wrong answer.
async fn one_answer(store: &StoreHandle, number: usize) -> Result<bool, String> {
    let Ok(found) = find(store, "ada", 500).await else { return Ok(false) };
    let [ada] = found.as_slice() else { return Err(format!("{} accounts were found", found.len())) };
    let (password, right) = if number.is_multiple_of(3) { ("wrong", false) } else { (RIGHT, true) };
    let call = call(500);
    match store.check(&call, ada, &password.into()).await {
        Ok(Verdict::Match(_)) if right => Ok(true),
        Ok(Verdict::Mismatch) if !right => Ok(true),
        Ok(verdict) => Err(format!("{password:?} is told as {verdict:?}")),
        Err(error) if error.kind() == ErrorKind::NotFound => Err("an outage is told as nobody".into()),
        Err(_) => Ok(false),
    }
}

/// From now on an answer must come within a second.
async fn recovers(store: &StoreHandle) -> Outcome {
    let began = Instant::now();
    while find(store, "ada", 300).await.is_err() {
        ensure(
            began.elapsed() < Duration::from_secs(1),
            "it does not serve a second after the server was back",
        )?;
    }
    Ok(())
}

/// Who is bound on the sessions that the server has over TCP, as itself says.
fn bound(slapd: &Slapd) -> Result<Vec<String>, String> {
    let asked = ["monitorConnectionAuthzDN", "monitorConnectionPeerAddress"];
    let found =
        slapd.search("cn=Connections,cn=Monitor", "one", "(monitorConnectionPeerAddress=*)", &asked)?;
    let text = |attributes: &[(String, String)], name: &str| {
        let value = attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone());
        value.unwrap_or_default()
    };
    let over_tcp = found.iter().filter(|(_, found)| text(found, asked[1]).starts_with("IP="));
    Ok(over_tcp.map(|(_, found)| text(found, asked[0])).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_a_server_may_restart_freeze_and_close_what_it_likes() -> Outcome {
    let mut slapd =
        server_with(&Options { global: "database monitor\naccess to * by * read\n", ..Options::default() })?;
    let gate = gate(&slapd).await?;
    let store = store(&slapd, &[&gate])?;
    account(&store, "ada").await?;
    let load = Load::begin(&store);
    for round in 0..3 {
        let failed = |what: &'static str| move |error: String| format!("{what}, round {round}: {error}");
        slapd.kill()?;
        load.suffers(3).await.map_err(failed("killed"))?;
        slapd.up()?;
        recovers(&store).await.map_err(failed("restarted"))?;
        freeze(&slapd.processes()?).await?;
        load.suffers(3).await.map_err(failed("stopped"))?;
        thaw(&slapd.processes()?)?;
        recovers(&store).await.map_err(failed("thawed"))?;
        for mode in [Mode::Reset, Mode::HalfClose] {
            gate.set(mode).await?;
            gate.set(Mode::Forward).await?;
            recovers(&store).await.map_err(failed("closed"))?;
        }
    }
    load.end().await?;
    // Users' own sessions end with their login; those that stay are the service's, each of them.
    let began = Instant::now();
    loop {
        let bound = bound(&slapd)?;
        if !bound.is_empty() && bound.iter().all(|dn| dn == SERVICE) {
            return Ok(());
        }
        ensure(began.elapsed() < Duration::from_secs(5), format!("sessions are bound as {bound:?}"))?;
        tokio::task::yield_now().await;
    }
}
