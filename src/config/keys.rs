//! Every key that there is, for whoever has to name them all: the example, a help text.

use super::assemble::AdapterHalf;
use super::connection::{Connection, Identifiers, Import, OrganizationGate};
use super::fields::{Typed, field_names};
use super::passwords::Passwords;
use super::types::{Admin, Caller, Hashing, Log, Server, StoreCore};
use idstore_passwords::{Definition, Limits};

/// The tables of the core and their keys; `*` stands for a name, and in `stores.*.*` first for an adapter.
pub fn core_keys() -> Vec<(&'static str, &'static [&'static str])> {
    vec![
        ("server", field_names(Typed::<Server>::default())),
        ("admin", field_names(Typed::<Admin>::default())),
        ("log", field_names(Typed::<Log>::default())),
        ("hashing", field_names(Typed::<Hashing>::default())),
        ("hashing.limits", field_names(Typed::<Limits>::default())),
        ("callers.*", field_names(Typed::<Caller>::default())),
        ("stores.*.*", field_names(Typed::<StoreCore>::default())),
        ("stores.*.*.passwords", field_names(Typed::<Passwords>::default())),
        ("stores.*.*.passwords.schemes.*", field_names(Typed::<Definition>::default())),
        ("connections.*", field_names(Typed::<Connection>::default())),
        ("connections.*.identifiers", field_names(Typed::<Identifiers>::default())),
        ("connections.*.import", field_names(Typed::<Import>::default())),
        ("connections.*.organization", field_names(Typed::<OrganizationGate>::default())),
    ]
}

/// The keys of a store's table that are the adapter's; none for an adapter that this build has not.
pub fn adapter_keys(adapter: &str) -> &'static [&'static str] {
    field_names(AdapterHalf(adapter))
}
