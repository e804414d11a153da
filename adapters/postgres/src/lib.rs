#![doc = include_str!("../README.md")]

mod config;
mod decode;
mod encode;
mod error;
mod exclusive;
mod opener;
mod session;
mod shared;
mod store;

pub use config::{Config, Prepare};
pub use store::open;
