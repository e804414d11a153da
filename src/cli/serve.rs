//! `serve`: the daemon. Everything that can be wrong with the configuration is said before a port is bound; a store that
//! is down is no reason not to start.

use super::open::{Assembled, open};
use super::{ConfigFile, Exit};
use crate::config::{self, Loaded};
use crate::http::{self, Admin, Api, Listener};
use crate::stores;
use crate::telemetry::{Metrics, start_logs};
use arc_swap::ArcSwap;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Run the daemon
///
/// It runs in the foreground, writes its log to standard error, and starts while a store is down. SIGTERM and SIGINT
/// finish what is in flight and end it; a changed configuration needs a new start.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 ended by a signal, 64 usage, 69 an address can't be listened at, 78 configuration."
)]
pub(super) struct Serve {
    #[command(flatten)]
    file: ConfigFile,
}

impl Serve {
    pub(super) fn run(self) -> Exit {
        let loaded = match self.file.load() {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
        serve(loaded, |_| {})
    }
}

/// The most open connections of the admin listener: scrapers and load balancers, and no crowd.
const ADMIN_CONNECTIONS_MAX: usize = 64;

/// Runs the daemon until it is told to stop. `ready` is called with the address once both listeners are bound.
pub(super) fn serve(loaded: Loaded, ready: impl FnOnce(&str)) -> Exit {
    start_logs(loaded.config.log.level.into(), loaded.config.log.format);
    log_panics();
    for warning in loaded.warnings.problems() {
        tracing::warn!("{}", one_line(&warning.text));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "the threads of the network could not be started");
            return Exit::Unavailable;
        }
    };
    let exit = runtime.block_on(run(loaded, ready));
    // A blocked thread (a file system that hangs) must not keep a stopped daemon alive.
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit
}

/// What a report shows in several lines (the sentence, the place, the source line) as one: sentence and place.
fn one_line(rendered: &str) -> String {
    let mut lines = rendered.lines().map(str::trim);
    let sentence = lines.next().unwrap_or_default().trim_start_matches("warning: ");
    lines.next().map_or_else(|| sentence.to_owned(), |place| format!("{sentence} {place}"))
}

/// A panic is logged by its place alone: its message may hold what it was about.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic: a bug of the daemon or of a library");
    }));
}

async fn run(loaded: Loaded, ready: impl FnOnce(&str)) -> Exit {
    let Loaded { config, sources, .. } = loaded;
    let server = config.server.clone();
    let admin_listen = config.admin.listen.0.clone();
    let metrics = Arc::new(Metrics::new());
    let Assembled { live, workers } = match open(config, &metrics) {
        Ok(assembled) => assembled,
        Err(faults) => {
            faults.print(&sources);
            return Exit::Config;
        }
    };
    let signals = match Signals::receive() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::error!(%error, "signals can't be received");
            return Exit::Unavailable;
        }
    };
    let mode = server.listen_mode.unwrap_or_default();
    let bound = tokio::try_join!(Listener::bind(&server.listen, mode), Listener::at(&admin_listen, mode));
    let (listener, admin_listener) = match bound {
        Ok(bound) => bound,
        Err(error) => {
            tracing::error!(%error, listen = ?server.listen, admin = %admin_listen, "a listener could not be bound");
            return Exit::Unavailable;
        }
    };
    for watched in live.stores.values() {
        tokio::spawn(stores::watch(
            Arc::clone(&watched.store),
            Arc::clone(&watched.health),
            Arc::clone(&metrics),
        ));
    }
    let api = Arc::new(Api {
        live: ArcSwap::from_pointee(live),
        workers,
        metrics: Arc::clone(&metrics),
        body_bytes_max: server.body_max_bytes.count(),
        body_time: Duration::from_millis(server.body_timeout_ms.get()),
    });
    tracing::info!(
        listen = listener.address(),
        admin = admin_listener.address(),
        version = env!("CARGO_PKG_VERSION"),
        "listening"
    );
    ready(&listener.address());
    serve_until_stopped(api, listener, admin_listener, &server, signals).await
}

async fn serve_until_stopped(
    api: Arc<Api>,
    listener: Listener,
    admin: Listener,
    server: &config::Server,
    mut signals: Signals,
) -> Exit {
    let limits = http::Limits {
        connections_max: server.connections_max.count(),
        header_time: Duration::from_millis(server.header_timeout_ms.get()),
        idle_time: Duration::from_secs(server.idle_timeout_secs.get()),
        drain_time: Duration::from_secs(server.drain_secs.get()),
    };
    let (stop, stopping) = watch::channel(false);
    let (stop_admin, stopping_admin) = watch::channel(false);
    let open = api.metrics.connections_open.clone();
    let live = api.live.load_full();
    let pages = Arc::new(Admin { api: Arc::clone(&api), draining: stopping.clone() });
    let serving = tokio::spawn(http::serve(listener, limits, open, stopping, move |request| {
        Arc::clone(&api).handle(request)
    }));
    let admin_limits =
        http::Limits { connections_max: ADMIN_CONNECTIONS_MAX, drain_time: Duration::from_secs(1), ..limits };
    let serving_admin =
        tokio::spawn(http::serve(admin, admin_limits, Gauge::default(), stopping_admin, move |request| {
            std::future::ready(pages.handle(&request))
        }));
    notify(&[sd_notify::NotifyState::Ready]);
    let signalled = signals.stop().await;
    notify(&[sd_notify::NotifyState::Stopping]);
    tracing::info!(signal = signalled, "stopping: no new connections; what is in flight is finished");
    // The receivers live in the two tasks; one that is gone has stopped already.
    stop.send(true).ok();
    let drain_ends = Instant::now().checked_add(limits.drain_time).unwrap_or_else(Instant::now);
    let answered = serving.await.unwrap_or(false);
    // What was begun for a client that left belongs to no connection any more.
    let finished = timeout_at(drain_ends, live.finish()).await.is_ok();
    stop_admin.send(true).ok();
    serving_admin.await.ok();
    if answered && finished {
        tracing::info!("stopped");
    } else {
        tracing::warn!("stopped with requests in flight: drain_secs was not enough for them");
    }
    Exit::Ok
}

/// SIGTERM and SIGINT stop the daemon. SIGHUP will reload one day; until then it is logged, so that nobody believes that
/// it did.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// From now on these signals are ours; before, each would end the process at once.
    fn receive() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits until the daemon is told to stop.
    async fn stop(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hangup.recv() => tracing::warn!("SIGHUP is ignored: a changed configuration needs a restart"),
            }
        }
    }
}

/// Tells systemd; outside of it there is nobody to tell.
fn notify(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd could not be notified");
    }
}
