//! [`Live`]: all that a reload will swap, on one `Arc` that a request takes once.

use super::callers::Callers;
use crate::connections::{Connection, Opened};
use crate::stores::{GuardedStore, Health};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Callers, connections and stores of one configuration.
pub struct Live {
    /// Who may call.
    pub callers: Callers,
    /// What platforms see, by name.
    pub connections: BTreeMap<String, Arc<Connection>>,
    /// What stands behind it, by name.
    pub stores: BTreeMap<String, WatchedStore>,
}

/// A store and what is known of its health.
pub struct WatchedStore {
    /// The store.
    pub store: Arc<GuardedStore>,
    /// What the last probe found.
    pub health: Arc<Health>,
    /// Whether the daemon is ready only while this store serves.
    pub required: bool,
}

impl Live {
    /// Callers, and what was opened for them; no store has been probed yet.
    pub fn new(callers: Callers, opened: Opened) -> Self {
        let watched = |(store, required)| WatchedStore { store, health: Arc::default(), required };
        Self {
            callers,
            connections: opened.connections,
            stores: opened.stores.into_iter().map(|(name, store)| (name, watched(store))).collect(),
        }
    }

    /// Waits until no call to any store runs, and lets none begin.
    pub async fn finish(&self) {
        for watched in self.stores.values() {
            watched.store.finish().await;
        }
    }

    /// Whether every store that is required serves.
    pub fn is_ready(&self) -> bool {
        self.stores.values().all(|watched| !watched.required || watched.health.is_up())
    }
}
