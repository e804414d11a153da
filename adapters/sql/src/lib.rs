#![doc = include_str!("../README.md")]

mod account;
mod cell;
mod check;
mod column;
mod config;
mod database;
mod dialect;
mod inspect;
mod key;
mod lexer;
mod nearest;
mod parameter;
mod statement;
mod store;
mod template;

pub use config::{Hint, Hints, StatementsConfig, Texts, Uniqueness};
pub use database::{Cell, Database, Prepared, PreparedColumn, Ran, Rows, Transaction, Value};
pub use dialect::Dialect;
pub use key::{Kind, StatementKey};
pub use parameter::{Generated, Parameter, ProfileField};
pub use statement::{Statement, Statements};
pub use store::SqlStore;

/// The most rows of one statement that are looked at; a database reads one more to see that there are more, and then
/// stops. As many as there can be candidates: a lookup that finds dozens is a statement without its WHERE.
pub const ROWS_MAX: usize = idstore_contract::CANDIDATES_MAX;
