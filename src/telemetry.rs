//! What the operator sees of the running daemon: log lines and metrics.
//!
//! Neither ever holds a password, a hash, a token, a request body or an identifier. Label values come from the
//! configuration and from fixed lists, never from a request, so that nobody can make the number of series grow.

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use serde::Deserialize;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;
use tracing::level_filters::LevelFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line, for journals and collectors.
    #[default]
    Json,
    /// For people.
    Text,
}

/// Starts writing log lines to standard error: those of our own crates down to this level, those of libraries from
/// warnings up. A driver that logs its statements logs their parameters too, and a library for HTTP what it reads: at
/// no level may that get into a log.
///
/// Called once; a second call leaves the first in place.
pub fn start_logs(level: LevelFilter, format: LogFormat) {
    use tracing_subscriber::filter::Targets;
    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let targets = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("idstore", level);
    let lines = fmt::layer().with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false).with_span_list(false);
            tracing_subscriber::registry().with(targets).with(lines).try_init()
        }
        LogFormat::Text => {
            let lines = lines.with_target(false).with_ansi(std::io::stderr().is_terminal());
            tracing_subscriber::registry().with(targets).with(lines).try_init()
        }
    };
    // A second start happens in tests only; the first one's lines go on.
    started.ok();
}

/// A label value that is shared, because it comes from the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label(pub Arc<str>);

impl EncodeLabelValue for Label {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        (&*self.0).encode(encoder)
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// Labels of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The connection, empty where none was reached.
    pub connection: Label,
    /// The action, empty where none was reached.
    pub action: &'static str,
    /// `ok`, or the code of the problem document.
    pub code: &'static str,
}

/// The label of the time that requests take: the action alone, for each value costs a row a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ActionLabels {
    /// The action, empty where none was reached.
    pub action: &'static str,
}

/// Labels of a call to a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StoreCallLabels {
    /// The store.
    pub store: Label,
    /// The method of the contract.
    pub operation: &'static str,
    /// `ok`, or the kind of error.
    pub outcome: &'static str,
}

/// The label of a gauge of a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StoreLabels {
    /// The store.
    pub store: Label,
}

/// The label of a counter of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ConnectionLabels {
    /// The connection.
    pub connection: Label,
}

/// The label of the time that hashing takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SchemeLabels {
    /// The scheme's name.
    pub scheme: &'static str,
}

/// Labels of a profile's value that was adjusted for a platform.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AdjustedLabels {
    /// The connection.
    pub connection: Label,
    /// The member of the profile.
    pub field: &'static str,
    /// What was wrong with it.
    pub reason: &'static str,
}

/// Labels of a mark of migration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct MarkLabels {
    /// The connection.
    pub connection: Label,
    /// `marked` or `failed`.
    pub outcome: &'static str,
}

/// Labels of a stored hash that was to be replaced by a better one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RehashLabels {
    /// The store.
    pub store: Label,
    /// `replaced`, `overtaken` or `failed`.
    pub outcome: &'static str,
}

/// Labels of a request that a generated script sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ScriptLabels {
    /// The connection.
    pub connection: Label,
    /// The action.
    pub action: &'static str,
    /// The version that the scripts name, or `other`.
    pub version: &'static str,
}

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

/// All metrics. One value, made at start and handed down; there is no global.
pub struct Metrics {
    registry: Registry,
    /// Requests by connection, action and code.
    pub requests: Family<RequestLabels, Counter>,
    /// Time from the request's head to its answer.
    pub request_duration: Durations<ActionLabels>,
    /// Time of each call to a store, waiting for a session included.
    pub store_duration: Durations<StoreCallLabels>,
    /// Calls to a store that run or wait.
    pub store_in_flight: Family<StoreLabels, Gauge>,
    /// 1 where the last probe of a store succeeded.
    pub store_up: Family<StoreLabels, Gauge>,
    /// 1 where the way to a store is local, or TLS with a verified certificate and name.
    pub store_transport_verified: Family<StoreLabels, Gauge>,
    /// Rows that a lookup answered and that belong to another value of a connection's parameter.
    pub isolation_refused: Family<ConnectionLabels, Counter>,
    /// Values of profiles that were adjusted for the connection's platform.
    pub profile_adjusted: Family<AdjustedLabels, Counter>,
    /// Accounts that a login marked as migrated, and marks that failed.
    pub migration_marks: Family<MarkLabels, Counter>,
    /// Stored hashes that a login was to replace by better ones.
    pub rehashes: Family<RehashLabels, Counter>,
    /// Requests of generated Auth0 scripts: one that stops coming shows a script that was lost in the dashboard.
    pub auth0_script_requests: Family<ScriptLabels, Counter>,
    /// Time of a verification or a hash on its worker, waiting included.
    pub hash_duration: Durations<SchemeLabels>,
    /// Jobs that wait for a hash worker.
    pub hash_queue: Gauge,
    /// Open HTTP connections.
    pub connections_open: Gauge,
}

impl Metrics {
    /// Registers everything, so that each name is there from the first scrape on.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("idstore");
        registry.register(
            "build",
            "The build of this daemon",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        let mut metrics = Self {
            registry,
            requests: Family::default(),
            request_duration: Family::new_with_constructor(durations),
            store_duration: Family::new_with_constructor(durations),
            store_in_flight: Family::default(),
            store_up: Family::default(),
            store_transport_verified: Family::default(),
            isolation_refused: Family::default(),
            profile_adjusted: Family::default(),
            migration_marks: Family::default(),
            rehashes: Family::default(),
            auth0_script_requests: Family::default(),
            hash_duration: Family::new_with_constructor(durations),
            hash_queue: Gauge::default(),
            connections_open: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "Requests by connection, action and code", self.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from the head of a request to its answer",
            Unit::Seconds,
            self.request_duration.clone(),
        );
        registry.register_with_unit(
            "store_duration",
            "Time of a call to a store, waiting for a session included",
            Unit::Seconds,
            self.store_duration.clone(),
        );
        registry.register(
            "store_in_flight",
            "Calls to a store that run or wait",
            self.store_in_flight.clone(),
        );
        registry.register("store_up", "1 where the last probe of the store succeeded", self.store_up.clone());
        registry.register(
            "store_transport_verified",
            "1 where the way to the store is local or TLS with a verified certificate and name",
            self.store_transport_verified.clone(),
        );
        registry.register(
            "isolation_refused",
            "Rows of another organization that a lookup answered; a statement leaks across tenants",
            self.isolation_refused.clone(),
        );
        registry.register(
            "profile_adjusted",
            "Values of profiles that were cut, mended or left out for the platform",
            self.profile_adjusted.clone(),
        );
        registry.register(
            "migration_marks",
            "Accounts that a login marked as migrated, and marks that failed",
            self.migration_marks.clone(),
        );
        registry.register(
            "rehashes",
            "Stored hashes that a login was to replace by better ones",
            self.rehashes.clone(),
        );
        registry.register(
            "auth0_script_requests",
            "Requests of generated Auth0 scripts by the version that they name",
            self.auth0_script_requests.clone(),
        );
        registry.register_with_unit(
            "hash_duration",
            "Time of a verification or a hash, waiting for a worker included",
            Unit::Seconds,
            self.hash_duration.clone(),
        );
        registry.register("hash_queue", "Jobs that wait for a hash worker", self.hash_queue.clone());
        registry.register("connections_open", "Open HTTP connections", self.connections_open.clone());
    }

    /// The text that Prometheus scrapes.
    pub fn exposition(&self) -> String {
        let mut text = String::new();
        // Writing into a String can't fail; an empty page would be seen by the scraper.
        if encode(&mut text, &self.registry).is_err() {
            text.clear();
        }
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// 0.5 ms to 16 s: from a pooled primary-key lookup to beyond every deadline.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 16))
}

/// Seconds for a histogram.
pub fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_with_quotes_and_newlines_stays_one_line() {
        let metrics = Metrics::new();
        let store = Label::from("a\"b\nc");
        metrics.store_up.get_or_create(&StoreLabels { store }).set(1);
        let text = metrics.exposition();
        assert_eq!(text.lines().filter(|line| line.starts_with("idstore_store_up{")).count(), 1, "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
