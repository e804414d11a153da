//! The registry: the only file that names adapters.

use idstore_contract::{Problem, StoreHandle, Surroundings};

/// The adapter's half of a store's table.
#[derive(Debug)]
#[non_exhaustive]
pub enum AdapterConfig {}

impl AdapterConfig {
    /// What the configuration alone shows to be wrong.
    pub fn check(&self, _surroundings: &Surroundings) -> Vec<Problem> {
        Vec::new()
    }

    /// The store.
    pub fn open(self, _surroundings: &Surroundings) -> Result<StoreHandle, Vec<Problem>> {
        match self {}
    }
}
