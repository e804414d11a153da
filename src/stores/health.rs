//! [`Health`]: whether a store serves, found out in the background and never on a request's path.

use super::GuardedStore;
use crate::clock;
use crate::telemetry::{Label, Metrics, StoreLabels};
use idstore_contract::{Call, Depth, Problem};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two probes of a store that serves. Long enough to be no load, short enough for a load balancer.
const PERIOD: Duration = Duration::from_secs(5);
/// Between two probes of one that does not: a store that comes back is seen within a second.
const PERIOD_DOWN: Duration = Duration::from_millis(500);
/// The longest that one probe may take.
const PROBE_TIME: Duration = Duration::from_secs(2);

/// What the last probe found.
#[derive(Debug, Default)]
pub struct Health(Mutex<State>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum State {
    /// No probe has ended yet.
    #[default]
    Unknown,
    Up,
    /// With one sentence for the operator.
    Down(String),
}

impl Health {
    /// Whether the store serves.
    pub fn is_up(&self) -> bool {
        *self.state() == State::Up
    }

    /// One sentence for the admin page: `ok`, or why not.
    pub fn sentence(&self) -> String {
        match &*self.state() {
            State::Unknown => "not probed yet".to_owned(),
            State::Up => "ok".to_owned(),
            State::Down(why) => why.clone(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True when this is news.
    fn set(&self, state: State) -> bool {
        let mut current = self.state();
        let news = *current != state;
        *current = state;
        news
    }
}

/// Probes a store for as long as the daemon runs. The first probe, and the first after an outage, looks at everything.
pub async fn watch(store: Arc<GuardedStore>, health: Arc<Health>, metrics: Arc<Metrics>) {
    let up = metrics.store_up.get_or_create_owned(&StoreLabels { store: Label(Arc::clone(store.name())) });
    let mut depth = Depth::Full;
    loop {
        let (state, warnings) = probe(&store, depth).await;
        let serves = state == State::Up;
        up.set(serves.into());
        if health.set(state.clone()) {
            report(store.name(), &state, &warnings);
        }
        depth = if serves { Depth::Alive } else { Depth::Full };
        tokio::time::sleep(if serves { PERIOD } else { PERIOD_DOWN }).await;
    }
}

async fn probe(store: &GuardedStore, depth: Depth) -> (State, Vec<Problem>) {
    let began = Instant::now();
    let deadline = began.checked_add(PROBE_TIME).unwrap_or(began);
    let call = Call::new("probe", deadline, clock::now(), Arc::default());
    match store.probe(&call, depth).await {
        Ok(problems) => {
            let (errors, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(Problem::is_error);
            (errors.first().map_or(State::Up, |first| State::Down(sentence(first))), warnings)
        }
        Err(failure) => (State::Down(failure.error.to_string()), Vec::new()),
    }
}

/// Said once for each change, not once for each probe.
fn report(store: &str, state: &State, warnings: &[Problem]) {
    for warning in warnings {
        tracing::warn!(store, key = warning.key, "{}", warning.message);
    }
    match state {
        State::Up => tracing::info!(store, "the store serves"),
        State::Down(why) => tracing::error!(store, why, "the store does not serve"),
        State::Unknown => {}
    }
}

fn sentence(problem: &Problem) -> String {
    if problem.key.is_empty() {
        problem.message.clone()
    } else {
        format!("{}: {}", problem.key, problem.message)
    }
}
