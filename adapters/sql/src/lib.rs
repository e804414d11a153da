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
mod sessions;
mod statement;
mod store;
mod template;

pub use config::{Hint, Hints, StatementsConfig, Texts, Uniqueness};
pub use database::{Cell, Database, Prepared, PreparedColumn, Ran, Rows, Transaction, Value};
pub use dialect::Dialect;
pub use key::{Kind, StatementKey};
pub use parameter::{Generated, Parameter, ProfileField};
pub use sessions::{Doing, Fate, Sessions};
pub use statement::{Statement, Statements};
pub use store::SqlStore;

/// The most rows of `roles` and of `organizations`: far more than anybody has, and a statement without its WHERE
/// answers more.
pub const MEMBERSHIPS_MAX: usize = 4096;
