//! What two keys say together. Pure: the types in, the problems out, each with the key that it is about.

use super::address::{Address, ServerListen};
use super::connection::{Connection, IdentifierRule, Mode, OrganizationMatch, OrganizationRule};
use super::nearest::hint;
use super::passwords::{NewPasswords, Passwords};
use super::sources::Aim;
use super::types::Config;
use idstore_contract::Severity;
use idstore_passwords::Limits;
use std::collections::{BTreeMap, BTreeSet};

/// A problem between two keys.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) severity: Severity,
    /// The key that it is shown at.
    pub(super) path: Vec<String>,
    pub(super) aim: Aim,
    pub(super) message: String,
    /// The other key, and what it has to do with it.
    pub(super) note: Option<(&'static str, Vec<String>)>,
}

/// What stands in the files, readable or not: a store whose table has a mistake is not unknown.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) callers: BTreeSet<String>,
    /// Adapter and name, in the order in which they are read.
    pub(super) stores: Vec<(String, String)>,
    pub(super) connections: BTreeSet<String>,
    /// Whether all files could be parsed: else what is missing may stand in the part that could not.
    pub(super) complete: bool,
}

/// All problems between keys.
pub(super) fn check(config: &Config, declared: &Declared) -> Vec<Fault> {
    let mut faults = Vec::new();
    listeners(config, &mut faults);
    callers(config, declared, &mut faults);
    stores(config, declared, &mut faults);
    connections(config, declared, &mut faults);
    prefixes(config, &mut faults);
    passwords(config, declared, &mut faults);
    faults
}

impl Fault {
    fn error(path: &[&str], message: String) -> Self {
        let path = path.iter().map(|step| (*step).to_owned()).collect();
        Self { severity: Severity::Error, path, aim: Aim::Value, message, note: None }
    }

    fn warning(path: &[&str], message: String) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, message) }
    }

    fn noting(self, why: &'static str, path: &[&str]) -> Self {
        Self { note: Some((why, path.iter().map(|step| (*step).to_owned()).collect())), ..self }
    }
}

fn listeners(config: &Config, faults: &mut Vec<Fault>) {
    let is_unix = |address: &Address| matches!(address, Address::Unix(_));
    let server = match &config.server.listen {
        ServerListen::At(address) => Some(address),
        ServerListen::Systemd => None,
    };
    if config.server.listen_mode.is_some() && !server.is_some_and(is_unix) {
        let message = "`listen_mode` is for a unix socket, and `listen` is none".to_owned();
        faults.push(Fault::error(&["server", "listen_mode"], message));
    }
    let any_port = matches!(server, Some(Address::Tcp { port: 0, .. }));
    if !any_port && server == Some(&config.admin.listen.0) {
        let message = "the admin listener has the address of the server's".to_owned();
        let fault = Fault::error(&["admin", "listen"], message);
        faults.push(fault.noting("the server's", &["server", "listen"]));
    }
}

fn callers(config: &Config, declared: &Declared, faults: &mut Vec<Fault>) {
    if declared.callers.is_empty() && declared.complete {
        let message = "there is no caller, so nobody could ask anything; write a table [callers.NAME] with \
                       `bearer.credential`"
            .to_owned();
        faults.push(Fault { aim: Aim::Key, ..Fault::error(&[], message) });
    }
    for (name, caller) in &config.callers {
        let table = ["callers", name.as_str()];
        if caller.may_know_accounts && !caller.organizations.is_empty() {
            let message =
                "a caller that is limited to organizations is never told which account a wrong password \
                           was for: it may be one of another organization"
                    .to_owned();
            faults.push(Fault::warning(&["callers", name.as_str(), "may_know_accounts"], message));
        }
        let Some(connections) = &caller.connections else {
            let message = format!("the caller `{name}` may use every connection; name them in `connections`");
            faults.push(Fault { aim: Aim::Key, ..Fault::warning(&table, message) });
            continue;
        };
        for (index, connection) in connections.iter().enumerate() {
            if declared.complete && !declared.connections.contains(connection.as_str()) {
                let hint = hint(connection.as_str(), declared.connections.iter().map(String::as_str));
                let message = format!("there is no connection `{connection}`{hint}");
                faults.push(Fault::error(
                    &["callers", name.as_str(), "connections", &index.to_string()],
                    message,
                ));
            }
        }
        let lists =
            [("connections", connections.len()), ("actions", caller.actions.as_ref().map_or(1, Vec::len))];
        for (key, length) in lists {
            if length == 0 {
                let message = format!("the caller `{name}` may do nothing: the list is empty");
                faults.push(Fault::warning(&["callers", name.as_str(), key], message));
            }
        }
    }
}

fn stores(config: &Config, declared: &Declared, faults: &mut Vec<Fault>) {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for (adapter, name) in &declared.stores {
        let table = ["stores", adapter.as_str(), name.as_str()];
        match first.get(name.as_str()) {
            Some(other) => {
                let message = format!(
                    "there are two stores `{name}`; the names of stores are unique over all adapters"
                );
                let fault = Fault { aim: Aim::Key, ..Fault::error(&table, message) };
                faults.push(fault.noting("the first one", &["stores", other, name]));
            }
            None => {
                first.insert(name, adapter);
            }
        }
        let used = config.connections.values().any(|connection| connection.store.as_str() == name);
        if !used && config.connections.len() == declared.connections.len() && declared.complete {
            let message = format!("no connection uses the store `{name}`");
            faults.push(Fault { aim: Aim::Key, ..Fault::warning(&table, message) });
        }
    }
}

fn connections(config: &Config, declared: &Declared, faults: &mut Vec<Fault>) {
    for (name, connection) in &config.connections {
        let store = connection.store.as_str();
        if declared.complete && !declared.stores.iter().any(|(_, name)| name == store) {
            let hint = hint(store, declared.stores.iter().map(|(_, name)| name.as_str()));
            let message = format!("there is no store `{store}`{hint}");
            faults.push(Fault::error(&["connections", name.as_str(), "store"], message));
        }
        identifiers(name.as_str(), connection, faults);
        modes(name.as_str(), connection, faults);
    }
}

fn modes(name: &str, connection: &Connection, faults: &mut Vec<Fault>) {
    if connection.import.is_some() && connection.mode == Mode::Proxy {
        let message = "this table is for `mode = \"import\"`, and does nothing while the mode is `proxy`";
        let fault = Fault::warning(&["connections", name, "import"], message.to_owned());
        faults.push(Fault { aim: Aim::Key, ..fault });
    }
    let gate = connection.organization;
    if gate.by == OrganizationMatch::Name && gate.rule != OrganizationRule::Off {
        let message =
            "an organization's name can be given to another one later; match by id where the store knows it";
        faults.push(Fault::warning(&["connections", name, "organization", "match"], message.to_owned()));
    }
}

fn identifiers(name: &str, connection: &Connection, faults: &mut Vec<Fault>) {
    let rules = &connection.identifiers;
    if rules.email.is_none() && rules.username.is_none() && rules.phone_number.is_none() {
        let message =
            "nobody could sign in: `identifiers` names no kind (email, username, phone_number)".to_owned();
        faults.push(Fault::error(&["connections", name, "identifiers"], message));
    }
    if rules.email == Some(IdentifierRule::E164) {
        let message = "`e164` is a rule for phone numbers; an address is `ascii_case` or `exact`".to_owned();
        faults.push(Fault::error(&["connections", name, "identifiers", "email"], message));
    }
}

fn prefixes(config: &Config, faults: &mut Vec<Fault>) {
    let mut first: BTreeMap<Option<&str>, &str> = BTreeMap::new();
    for (name, connection) in &config.connections {
        let prefix = connection.user_id_prefix.as_ref().map(super::names::Prefix::as_str);
        let Some(other) = first.get(&prefix) else {
            first.insert(prefix, name.as_str());
            continue;
        };
        let fault = if let Some(prefix) = prefix {
            let message = format!(
                "the connections `{other}` and `{name}` have the same prefix `{prefix}`; one user's id would be another's"
            );
            Fault::error(&["connections", name.as_str(), "user_id_prefix"], message)
                .noting("the first one", &["connections", other, "user_id_prefix"])
        } else {
            let message = format!(
                "the connections `{other}` and `{name}` both have no `user_id_prefix`; only one may send the bare key"
            );
            Fault { aim: Aim::Key, ..Fault::error(&["connections", name.as_str()], message) }
                .noting("the first one", &["connections", other])
        };
        faults.push(fault);
    }
}

fn passwords(config: &Config, declared: &Declared, faults: &mut Vec<Fault>) {
    for problem in config.hashing.limits.check() {
        faults.push(Fault::error(&["hashing", "limits", problem.key], problem.message));
    }
    for problem in config.hashing.workers().check(&config.hashing.limits) {
        faults.push(Fault::error(&["hashing", problem.key], problem.message));
    }
    for (name, store) in &config.stores {
        let Some((adapter, _)) = declared.stores.iter().find(|(_, declared)| declared == name.as_str())
        else {
            continue;
        };
        let key = |key| ["stores", adapter.as_str(), name.as_str(), "passwords", key];
        check_passwords(&store.core.passwords, &key, &config.hashing.limits, faults);
    }
}

/// The names of schemes, and what new passwords become. The tables under `schemes` come first: the names mean them.
fn check_passwords<'a>(
    passwords: &'a Passwords,
    key: &impl Fn(&'a str) -> [&'a str; 5],
    limits: &Limits,
    faults: &mut Vec<Fault>,
) {
    let schemes = match passwords.schemes() {
        Ok(schemes) => schemes,
        Err(errors) => {
            for error in errors {
                let name = passwords.schemes.keys().nth(error.index).map_or("", String::as_str);
                faults.push(Fault::error(&[key("schemes").as_slice(), &[name]].concat(), error.message));
            }
            return;
        }
    };
    let place = |index: usize| -> Vec<String> {
        let path = key("accept").map(str::to_owned).to_vec();
        if passwords.accept.as_ref().is_some_and(|names| !names.is_empty()) {
            [path, vec![index.to_string()]].concat()
        } else {
            path
        }
    };
    let accept = match passwords.accepted(&schemes) {
        Ok((accept, warnings)) => {
            for warning in warnings {
                faults.push(Fault::warning(&refs(&place(warning.index)), warning.message));
            }
            Some(accept)
        }
        Err(errors) => {
            for error in errors {
                faults.push(Fault::error(&refs(&place(error.index)), error.message));
            }
            None
        }
    };
    match passwords.written(&schemes) {
        Err(error) => faults.push(Fault::error(&key("write"), error.message)),
        Ok(Some(NewPasswords::Hashed(write))) => {
            faults.extend(write.warning().map(|warning| Fault::warning(&key("write"), warning.message)));
            if let Some(problem) = write.exceeds(limits) {
                let message = format!("`hashing.limits.{}`: {}", problem.key, problem.message);
                faults.push(Fault::error(&key("write"), message));
            }
            if accept.is_some_and(|accept| !accept.names().any(|accepted| accepted == write.scheme())) {
                let message =
                    format!("nobody could sign in with a new password: `accept` has no `{}`", write.scheme());
                faults.push(Fault::error(&key("write"), message));
            }
        }
        Ok(Some(NewPasswords::ByStore) | None) => {}
    }
    if passwords.rehash_on_login && matches!(passwords.write.as_deref(), None | Some("store")) {
        let message = "there is no better hash to make: name a scheme in `passwords.write`".to_owned();
        faults.push(Fault::error(&key("rehash_on_login"), message));
    }
}

fn refs(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}
