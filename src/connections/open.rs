//! From a configuration to stores and connections that can serve. Nothing is connected yet: a store that is down is no
//! reason not to start.

use super::{CheckTimes, Connection, Mode, Passwords, Unmet, needs};
use crate::config::{self, Name, NewPasswords};
use crate::stores::GuardedStore;
use crate::telemetry::{ConnectionLabels, Label, Metrics};
use idstore_contract::{Ability, Problem, StoreHandle};
use idstore_passwords::{Limits, NameError, StandIns, Write, stand_in_key};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Stores and connections, by name.
pub struct Opened {
    /// The stores, and whether the daemon is ready only while each serves.
    pub stores: BTreeMap<String, (Arc<GuardedStore>, bool)>,
    /// The connections.
    pub connections: BTreeMap<String, Arc<Connection>>,
}

/// What keeps a configuration from being opened although its texts are right.
#[derive(Debug)]
pub enum OpenProblem {
    /// A store can't be opened: a secret that is not there, a certificate that is none.
    Store {
        /// The store.
        store: String,
        /// What is wrong, and where in its table.
        problem: Problem,
    },
    /// A store does not offer what a connection or a caller needs.
    Unmet(Unmet),
}

/// Opens all stores and builds the connections on them. Every problem of every store is told at once.
pub fn open(
    stores: BTreeMap<Name, config::StoreConfig>,
    connections: &BTreeMap<Name, config::Connection>,
    callers: &BTreeMap<Name, config::Caller>,
    deadline: config::DeadlineMs,
    limits: &Limits,
    metrics: &Arc<Metrics>,
) -> Result<Opened, Vec<OpenProblem>> {
    let mut opened = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, store) in stores {
        match open_store(&name, store, limits, metrics) {
            Ok(ready) => drop(opened.insert(name.as_str().to_owned(), ready)),
            Err(found) => problems.extend(
                found
                    .into_iter()
                    .map(|problem| OpenProblem::Store { store: name.as_str().to_owned(), problem }),
            ),
        }
    }
    let offers = opened
        .iter()
        .map(|(name, store): (&String, &ReadyStore)| (name.clone(), store.guarded.descriptor()))
        .collect();
    problems.extend(needs::unmet(connections, callers, &offers).into_iter().map(OpenProblem::Unmet));
    if !problems.is_empty() {
        return Err(problems);
    }
    let built = connections
        .iter()
        .filter_map(|(name, connection)| {
            let store = opened.get(connection.store.as_str())?;
            let built = connect(name, connection, connections, store, deadline, metrics);
            Some((name.as_str().to_owned(), Arc::new(built)))
        })
        .collect();
    let stores = opened.into_iter().map(|(name, store)| (name, (store.guarded, store.required))).collect();
    Ok(Opened { stores, connections: built })
}

struct ReadyStore {
    guarded: Arc<GuardedStore>,
    passwords: Arc<Passwords>,
    required: bool,
}

fn open_store(
    name: &Name,
    store: config::StoreConfig,
    limits: &Limits,
    metrics: &Arc<Metrics>,
) -> Result<ReadyStore, Vec<Problem>> {
    let passwords = passwords(&store.core.passwords, limits)?;
    let handle: StoreHandle = store.adapter.open(&store.surroundings)?;
    if store.core.passwords.rehash_on_login && !handle.describe().offers(Ability::Rehash) {
        let message = "it replaces an older hash only if the store can: for SQL, by a statement `rehash`";
        return Err(vec![Problem::error("passwords.rehash_on_login", message)]);
    }
    let in_flight_max = store.core.in_flight_max.count();
    let guarded = GuardedStore::new(name.as_str().into(), handle, in_flight_max, Arc::clone(metrics));
    Ok(ReadyStore {
        guarded: Arc::new(guarded),
        passwords: Arc::new(passwords),
        required: store.core.required,
    })
}

/// The policy of a store's passwords.
fn passwords(configured: &config::Passwords, limits: &Limits) -> Result<Passwords, Vec<Problem>> {
    let named = |key: &'static str| move |error: NameError| Problem::error(key, error.message);
    let schemes = configured.resolve().map_err(|error| vec![Problem::error("passwords.schemes", error)])?;
    let (accept, _) = configured
        .accepted(&schemes)
        .map_err(|errors| errors.into_iter().map(named("passwords.accept")).collect::<Vec<_>>())?;
    let written = configured.written(&schemes).map_err(|error| vec![named("passwords.write")(error)])?;
    let write = match written {
        Some(NewPasswords::Hashed(write)) => Some(write),
        Some(NewPasswords::ByStore) | None => None,
    };
    let first = write.as_ref().map_or_else(|| accept.first_shape(), Write::shape);
    let key = stand_in_key().map_err(|error| vec![Problem::error("", error.to_string())])?;
    Ok(Passwords {
        accept,
        write,
        rehash_on_login: configured.rehash_on_login,
        limits: limits.clone(),
        stand_ins: StandIns::new(key, first),
        check_times: CheckTimes::new(),
    })
}

fn connect(
    name: &Name,
    connection: &config::Connection,
    all: &BTreeMap<Name, config::Connection>,
    store: &ReadyStore,
    deadline: config::DeadlineMs,
    metrics: &Metrics,
) -> Connection {
    let prefix = connection.user_id_prefix.as_ref().map(|prefix| Arc::from(prefix.as_str()));
    let foreign = all
        .iter()
        .filter(|(other, _)| *other != name)
        .filter_map(|(_, other)| other.user_id_prefix.as_ref())
        .map(|prefix| Arc::from(prefix.as_str()))
        .collect();
    let label = ConnectionLabels { connection: Label::from(name.as_str()) };
    Connection {
        name: name.as_str().into(),
        store: Arc::clone(&store.guarded),
        passwords: Arc::clone(&store.passwords),
        mode: match connection.mode {
            config::Mode::Proxy => Mode::Proxy,
            config::Mode::Import => Mode::import(connection.import.unwrap_or_default()),
        },
        platform: connection.platform,
        organization: connection.organization,
        identifiers: connection.identifiers,
        parameters: Arc::new(
            connection
                .parameters
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.clone()))
                .collect(),
        ),
        prefix,
        foreign_prefixes: foreign,
        deadline: Duration::from_millis(connection.deadline_ms.unwrap_or(deadline).get()),
        isolation_refused: metrics.isolation_refused.get_or_create_owned(&label),
        profile_adjusted: metrics.profile_adjusted.clone(),
    }
}
