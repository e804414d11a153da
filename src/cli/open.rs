//! From a configuration to everything that serves: what `serve`, `check` and `try` share.

use super::print;
use crate::config::{Config, Sources};
use crate::connections::{self, OpenProblem};
use crate::http::{Caller, Callers, Live};
use crate::telemetry::Metrics;
use idstore_passwords::Workers;
use std::sync::Arc;

/// Everything that serves, before anything listens.
pub(super) struct Assembled {
    /// Callers, connections and stores.
    pub(super) live: Live,
    /// Where hashing happens.
    pub(super) workers: Workers,
}

/// What keeps a configuration from serving although its texts are right: a secret or a certificate that is not there.
pub(super) struct Faults {
    callers: Vec<(String, String)>,
    workers: Option<String>,
    opening: Vec<connections::OpenProblem>,
}

impl Faults {
    /// Prints all of them, each with its place.
    pub(super) fn print(&self, sources: &Sources) {
        for (caller, why) in &self.callers {
            print::error(&sources.render_key(&["callers", caller, "bearer"], why));
        }
        if let Some(why) = &self.workers {
            print::error(&format!("error: hashing: the worker threads could not be started: {why}"));
        }
        for problem in &self.opening {
            print::error(&shown(problem, sources));
        }
        let of_opening = self.opening.iter().filter(|problem| is_error(problem)).count();
        let errors =
            of_opening.saturating_add(self.callers.len()).saturating_add(self.workers.iter().count());
        print::error(&format!("{errors} error{} in the configuration", if errors == 1 { "" } else { "s" }));
    }
}

/// A problem with its place in the configuration.
pub(super) fn shown(problem: &OpenProblem, sources: &Sources) -> String {
    match problem {
        OpenProblem::Store { store, problem } => sources.render(store, problem),
        OpenProblem::Unmet(unmet) => {
            let path: Vec<&str> = unmet.path.iter().map(String::as_str).collect();
            sources.render_key(&path, &unmet.message)
        }
    }
}

fn is_error(problem: &OpenProblem) -> bool {
    match problem {
        OpenProblem::Store { problem, .. } => problem.is_error(),
        OpenProblem::Unmet(_) => true,
    }
}

/// Opens the stores, reads the callers' tokens and starts the workers. Nothing is connected.
pub(super) fn open(config: Config, metrics: &Arc<Metrics>) -> Result<Assembled, Faults> {
    let mut faults = Faults { callers: Vec::new(), workers: None, opening: Vec::new() };
    let callers = callers(&config, &mut faults);
    let workers =
        Workers::start(config.hashing.workers()).map_err(|error| faults.workers = Some(error.to_string()));
    let opened = connections::open(
        config.stores,
        &config.connections,
        &config.callers,
        config.server.deadline_ms,
        &config.hashing.limits,
        metrics,
    )
    .map_err(|opening| faults.opening = opening);
    match (opened, workers) {
        (Ok(opened), Ok(workers)) if faults.callers.is_empty() => {
            Ok(Assembled { live: Live::new(Callers::new(callers), opened), workers })
        }
        _ => Err(faults),
    }
}

fn callers(config: &Config, faults: &mut Faults) -> Vec<Caller> {
    let mut callers = Vec::new();
    for (name, caller) in &config.callers {
        let opened = caller.bearer.resolve().map_err(|error| error.to_string()).and_then(|found| {
            if let Some(warning) = found.warning {
                tracing::warn!(caller = name.as_str(), "{warning}");
            }
            Caller::open(name.as_str(), caller, &found.secret)
        });
        match opened {
            Ok(caller) => callers.push(caller),
            Err(why) => faults.callers.push((name.as_str().to_owned(), why)),
        }
    }
    callers
}
