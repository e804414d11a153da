#![doc = include_str!("../README.md")]

mod accounts;
mod config;
mod password;
mod store;

pub use accounts::{Accounts, Record};
pub use config::{Config, DeleteMode, Identifier, Offer, PasswordChecker};
pub use store::Memory;

use idstore_contract::{Problem, StoreHandle, Surroundings};
use std::sync::Arc;

/// Opens a store. What [`Config::check`] finds wrong comes back as the error.
pub fn open(config: Config, around: &Surroundings) -> Result<StoreHandle, Vec<Problem>> {
    let problems: Vec<Problem> = config.check(around).into_iter().filter(Problem::is_error).collect();
    if problems.is_empty() { Ok(Arc::new(Memory::new(config))) } else { Err(problems) }
}
