//! What connections and callers need of a store beyond its lookups: refused at start where the store does not offer it.

use crate::config::{self, Name, OrganizationRule};
use idstore_contract::{Ability, Descriptor};
use std::collections::BTreeMap;

/// A key of the configuration that can't do its work with the store behind it.
#[derive(Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The key, from the top of the configuration.
    pub path: Vec<String>,
    /// What is missing, and where it would come from.
    pub message: String,
}

/// Everything that the stores lack. `offers` tells of the stores that could be opened.
pub(super) fn unmet(
    connections: &BTreeMap<Name, config::Connection>,
    callers: &BTreeMap<Name, config::Caller>,
    offers: &BTreeMap<String, &Descriptor>,
) -> Vec<Unmet> {
    let lacks = |connection: &config::Connection, ability| {
        offers.get(connection.store.as_str()).is_some_and(|store| !store.offers(ability))
    };
    let mut found = Vec::new();
    for (name, connection) in connections {
        let path = |keys: &[&str]| {
            ["connections", name.as_str()].iter().chain(keys).map(|key| (*key).to_owned()).collect()
        };
        if connection.mode == config::Mode::Import && lacks(connection, Ability::MarkMigrated) {
            let message = format!(
                "an import marks each account that has signed in, and the store `{}` has no `mark_migrated`",
                connection.store
            );
            found.push(Unmet { path: path(&["mode"]), message });
        }
        if connection.organization.rule != OrganizationRule::Off && lacks(connection, Ability::Organizations)
        {
            let message = format!(
                "this rule asks for the organizations of a user, and the store `{}` has no `organizations`",
                connection.store
            );
            found.push(Unmet { path: path(&["organization", "rule"]), message });
        }
    }
    for (name, caller) in callers.iter().filter(|(_, caller)| !caller.organizations.is_empty()) {
        let may_use = |connection: &Name| {
            caller.connections.as_ref().is_none_or(|names| names.iter().any(|one| one == connection))
        };
        for (connection, configured) in connections.iter().filter(|(connection, _)| may_use(connection)) {
            if lacks(configured, Ability::Organizations) {
                let path = ["callers", name.as_str(), "organizations"].map(str::to_owned).into();
                let message = format!(
                    "who belongs to these is not known for connection `{connection}`: its store `{}` has no \
                     `organizations`; leave that connection out of the caller's `connections`",
                    configured.store
                );
                found.push(Unmet { path, message });
            }
        }
    }
    found
}
