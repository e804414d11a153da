//! Users in MySQL and MariaDB.

mod config;

pub use config::{Config, Tls};
