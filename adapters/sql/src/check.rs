//! Everything about the statements that can be said without a server, all of it at once.

use crate::{Dialect, Statements, StatementsConfig};
use idstore_contract::{Problem, Surroundings};

impl StatementsConfig {
    /// Every error and warning, in the order of the keys. Pure.
    pub fn check(&self, dialect: Dialect, around: &Surroundings) -> Vec<Problem> {
        let _ = (dialect, around);
        Vec::new()
    }

    /// The statements in the server's own spelling, or every problem where one of them stops the store.
    pub fn compile(&self, dialect: Dialect, around: &Surroundings) -> Result<Statements, Vec<Problem>> {
        Err(self.check(dialect, around))
    }
}
