//! The tables of the configuration, one after another, into [`Config`].

use super::check::Declared;
use super::connection::{Connection, Mode, OrganizationMatch, OrganizationRule};
use super::explain::{Mistake, What, explain, table};
use super::fields::{Typed, field_names};
use super::load::{Value, read};
use super::names::Name;
use super::nearest::hint;
use super::report::Finding;
use super::sources::{Aim, Sources};
use super::types::{Admin, Caller, Config, Hashing, Log, Server, StoreConfig, StoreCore};
use crate::adapters::{self, AdapterConfig};
use idstore_contract::{ConnectionNeeds, Surroundings};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer};
use std::collections::BTreeMap;
use std::time::Duration;

/// The tables that a configuration has.
const TABLES: [&str; 7] = ["server", "admin", "log", "hashing", "callers", "stores", "connections"];

/// What was read, as far as it could be.
pub(super) struct Assembled {
    pub(super) config: Config,
    pub(super) declared: Declared,
    pub(super) findings: Vec<Finding>,
}

/// Reads every table. `complete` says whether all files could be parsed: else a missing key is nothing to report.
pub(super) fn assemble(whole: &Value, sources: &Sources, complete: bool) -> Assembled {
    let declared = Declared { complete, ..Declared::default() };
    let mut assembly = Assembly { whole, sources, declared, findings: Vec::new(), mistakes: Vec::new() };
    assembly.unknown_tables();
    let server: Server = assembly.table("server");
    let admin: Admin = assembly.table("admin");
    let log: Log = assembly.table("log");
    let hashing: Hashing = assembly.table("hashing");
    let callers = assembly.callers();
    let connections = assembly.connections();
    let mut stores = assembly.stores(&connections);
    for (name, store) in &mut stores {
        let on_it = connections.values().filter(|connection| connection.store == *name);
        let longest = on_it.map(|connection| connection.deadline_ms.unwrap_or(server.deadline_ms)).max();
        store.surroundings.deadline_max = longest.map(|deadline| Duration::from_millis(deadline.get()));
    }
    let Assembly { declared, mut findings, mistakes, .. } = assembly;
    let told =
        mistakes.into_iter().filter(|mistake| complete || !matches!(mistake.what, What::Missing { .. }));
    findings.extend(told.map(|mistake| explain(mistake, sources)));
    Assembled {
        config: Config { server, admin, log, hashing, callers, stores, connections },
        declared,
        findings,
    }
}

struct Assembly<'a> {
    whole: &'a Value,
    sources: &'a Sources,
    declared: Declared,
    findings: Vec<Finding>,
    mistakes: Vec<Mistake>,
}

impl Assembly<'_> {
    fn unknown_tables(&mut self) {
        let present = self.whole.members().into_iter().flatten();
        for (key, _) in present.filter(|(key, _)| !TABLES.contains(key)) {
            let what = What::UnknownKey { key: key.to_owned(), known: TABLES.to_vec() };
            self.mistakes.push(Mistake { path: vec![key.to_owned()], what });
        }
    }

    fn table<T: DeserializeOwned + Default>(&mut self, name: &str) -> T {
        match self.whole.at(&[name]) {
            Some(value) => self.read(&[name], value, Typed::<T>::default()).unwrap_or_default(),
            None => T::default(),
        }
    }

    fn read<T, S>(&mut self, at: &[&str], value: Value, seed: S) -> Option<T>
    where
        S: for<'de> DeserializeSeed<'de, Value = T> + Copy,
    {
        let at: Vec<String> = at.iter().map(|step| (*step).to_owned()).collect();
        read(&at, value, seed, self.sources, &mut self.mistakes)
    }

    /// The tables below a path, by their names. One that is badly named is reported and left out.
    fn named(&mut self, above: &[&str]) -> Vec<(Name, Value)> {
        let Some(value) = self.whole.at(above) else { return Vec::new() };
        let Some(members) = value.members() else {
            self.report(above, Aim::Value, "tables belong below this name".to_owned());
            return Vec::new();
        };
        let mut named = Vec::new();
        for (key, value) in members {
            match Name::parse(key) {
                Ok(name) => named.push((name, value)),
                Err(why) => self.report(&[above, &[key]].concat(), Aim::Key, why.to_owned()),
            }
        }
        named
    }

    fn report(&mut self, path: &[&str], aim: Aim, message: String) {
        let path: Vec<String> = path.iter().map(|step| (*step).to_owned()).collect();
        self.findings.push(Finding::error(message, self.sources.place(&path, aim)));
    }

    fn callers(&mut self) -> BTreeMap<Name, Caller> {
        self.declared.callers = keys(self.whole, &["callers"]).into_iter().collect();
        let mut callers = BTreeMap::new();
        for (name, value) in self.named(&["callers"]) {
            if let Some(caller) = self.read(&["callers", name.as_str()], value, Typed::<Caller>::default()) {
                callers.insert(name, caller);
            }
        }
        callers
    }

    fn connections(&mut self) -> BTreeMap<Name, Connection> {
        self.declared.connections = keys(self.whole, &["connections"]).into_iter().collect();
        let mut connections = BTreeMap::new();
        for (name, value) in self.named(&["connections"]) {
            let at = ["connections", name.as_str()];
            if let Some(connection) = self.read(&at, value, Typed::<Connection>::default()) {
                connections.insert(name, connection);
            }
        }
        connections
    }

    fn stores(&mut self, connections: &BTreeMap<Name, Connection>) -> BTreeMap<Name, StoreConfig> {
        let mut stores = BTreeMap::new();
        if self.whole.at(&["stores"]).is_some_and(|value| value.members().is_none()) {
            self.report(
                &["stores"],
                Aim::Value,
                "tables [stores.ADAPTER.NAME] belong below this name".to_owned(),
            );
        }
        for adapter in keys(self.whole, &["stores"]) {
            let names = keys(self.whole, &["stores", &adapter]);
            self.declared.stores.extend(names.into_iter().map(|name| (adapter.clone(), name)));
            if let Some(why) = why_not(&adapter) {
                self.report(&["stores", &adapter], Aim::Key, why);
                continue;
            }
            for (name, value) in self.named(&["stores", &adapter]) {
                let store = self.store(&adapter, &name, value, connections);
                if let Some(store) = store.filter(|_| !stores.contains_key(&name)) {
                    stores.insert(name, store);
                }
            }
        }
        stores
    }

    /// One store: the core's half of its table and the adapter's, each refusing what it does not know.
    fn store(
        &mut self,
        adapter: &str,
        name: &Name,
        value: Value,
        connections: &BTreeMap<Name, Connection>,
    ) -> Option<StoreConfig> {
        let at = ["stores", adapter, name.as_str()];
        if value.members().is_none() {
            self.report(&at, Aim::Value, format!("a table {} belongs here", table(&at.map(str::to_owned))));
            return None;
        }
        let (core, rest) = value.split(field_names(Typed::<StoreCore>::default()));
        let core = self.read(&at, core, Typed::<StoreCore>::default());
        let before = self.mistakes.len();
        let half = self.read(&at, rest, AdapterHalf(adapter));
        for mistake in self.mistakes.iter_mut().skip(before) {
            match &mut mistake.what {
                What::UnknownKey { known, .. } if mistake.path.len() == at.len().saturating_add(1) => {
                    known.extend(field_names(Typed::<StoreCore>::default()));
                }
                _ => {}
            }
        }
        let (core, half) = (core?, half?);
        let surroundings = surroundings(name, &core, connections);
        Some(StoreConfig { core, adapter: half, surroundings })
    }
}

/// Why there is no such adapter here, or nothing.
fn why_not(adapter: &str) -> Option<String> {
    match adapters::ADAPTERS.iter().find(|known| known.name == adapter) {
        Some(known) if known.built => None,
        Some(known) => Some(format!("this build has no `{0}`; rebuild with `--features {0}`", known.name)),
        None => {
            let hint = hint(adapter, adapters::ADAPTERS.iter().map(|known| known.name));
            let built: Vec<&str> =
                adapters::ADAPTERS.iter().filter(|known| known.built).map(|known| known.name).collect();
            Some(format!("there is no adapter `{adapter}`{hint} (this build has {})", built.join(", ")))
        }
    }
}

fn keys(whole: &Value, above: &[&str]) -> Vec<String> {
    let found = whole.at(above);
    let members = found.as_ref().and_then(Value::members);
    members.into_iter().flatten().map(|(key, _)| key.to_owned()).collect()
}

fn surroundings(store: &Name, core: &StoreCore, connections: &BTreeMap<Name, Connection>) -> Surroundings {
    let on_it = connections.iter().filter(|(_, connection)| connection.store == *store);
    Surroundings {
        password_write: core.passwords.write_kind(),
        connections: on_it
            .map(|(name, connection)| ConnectionNeeds {
                connection: name.as_str().to_owned(),
                parameters: connection.parameters.keys().map(|name| name.as_str().to_owned()).collect(),
                organization_names: connection.organization.rule != OrganizationRule::Off
                    && connection.organization.by == OrganizationMatch::Name,
                migration_times: connection.mode == Mode::Import
                    && connection.import.unwrap_or_default().grace_secs.get() > 0,
            })
            .collect(),
        deadline_max: None,
    }
}

/// Reads the adapter's half of a store's table.
#[derive(Clone, Copy)]
pub(super) struct AdapterHalf<'a>(pub(super) &'a str);

impl<'de> DeserializeSeed<'de> for AdapterHalf<'_> {
    type Value = AdapterConfig;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<AdapterConfig, D::Error> {
        adapters::parse(self.0, from)
    }
}
