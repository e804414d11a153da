#![doc = include_str!("../README.md")]

mod answer;
mod config;
mod decode;
mod encode;
mod error;
#[cfg(test)]
mod hostile;
mod login;
mod opener;
mod plan;
mod pool;
mod session;
mod settings;
mod store;
mod transaction;
mod wire;

pub use config::Config;
pub use store::open;
