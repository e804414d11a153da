//! [`Local`]: one connection, opened for a command that asks its store from the shell with the daemon's own code.

use super::open::{Assembled, open};
use super::{Exit, print};
use crate::actions::{self, Ask, Context, Rights};
use crate::clock;
use crate::config::{Action, Loaded};
use crate::connections::Connection;
use crate::http::Problem;
use crate::platforms::native;
use crate::telemetry::Metrics;
use idstore_contract::Call;
use idstore_passwords::Workers;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One connection and what its actions need.
pub(super) struct Local {
    pub(super) connection: Arc<Connection>,
    workers: Workers,
    metrics: Arc<Metrics>,
    command: &'static str,
}

impl Local {
    /// Opens the stores and chooses a connection: the named one, or the only one. What is wrong is printed.
    pub(super) fn open(loaded: Loaded, name: Option<&str>, command: &'static str) -> Result<Self, Exit> {
        let metrics = Arc::new(Metrics::new());
        let Loaded { config, sources, .. } = loaded;
        let Assembled { live, workers } = open(config, &metrics).map_err(|faults| {
            faults.print(&sources);
            Exit::Config
        })?;
        let Some(connection) = choose(&live.connections, name) else {
            let known: Vec<_> = live.connections.keys().map(String::as_str).collect();
            let problem = match name {
                Some(name) => format!("there is no connection {name}"),
                None => "there are several connections".to_owned(),
            };
            print::error(&format!("{problem}; name one of these with --connection: {}", known.join(", ")));
            return Err(Exit::Usage);
        };
        Ok(Self { connection: Arc::clone(connection), workers, metrics, command })
    }

    /// Asks an action as a platform would, on the same way as a request: through the wire dialect, the action, the
    /// connection and the adapter.
    pub(super) async fn ask(&self, action: Action, body: &Value) -> Result<actions::Answer, Problem> {
        let (request, context) = native::decode(action, body.to_string().as_bytes())?;
        let ask = self.as_operator(context);
        actions::run(&ask, request).await.map_err(|refusal| Problem::of(refusal, true))
    }

    /// A call to the store outside an action, with so much time.
    pub(super) fn call(&self, time: Duration) -> Call {
        let now = Instant::now();
        let deadline = now.checked_add(time).unwrap_or(now);
        Call::new(self.command, deadline, clock::now(), Arc::clone(&self.connection.parameters))
    }

    /// The operator at the store's own machine may know and say everything that a caller could be allowed to.
    fn as_operator(&self, context: Context) -> Ask<'_> {
        Ask {
            connection: &self.connection,
            call: self.call(self.connection.deadline),
            rights: Rights { may_know_accounts: true, may_verify: true, organizations: Arc::default() },
            context,
            workers: &self.workers,
            metrics: &self.metrics,
        }
    }
}

/// Runs a command's work to its end.
pub(super) fn block_on(work: impl Future<Output = Exit>) -> Exit {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else {
        return Exit::Unavailable;
    };
    let exit = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit
}

fn choose<'a>(
    connections: &'a BTreeMap<String, Arc<Connection>>,
    name: Option<&str>,
) -> Option<&'a Arc<Connection>> {
    match name {
        Some(name) => connections.get(name),
        None if connections.len() == 1 => connections.values().next(),
        None => None,
    }
}
