#![doc = include_str!("../README.md")]

mod account;
mod address;
mod ber;
mod check;
mod client;
mod config;
mod create;
mod directory;
mod dn;
mod doubt;
mod entry;
mod error;
mod filter;
mod groups;
mod id;
mod identifier;
mod list;
mod message;
mod opener;
mod password;
mod plan;
mod policy;
mod pool;
mod probe;
mod rules;
mod schema;
mod session;
mod standing;
mod store;
mod template;
mod times;
mod verdict;
mod visible;
mod way;
mod write;

pub use config::{
    Attributes, Config, Create, Delete, EmailVerified, GraceLogins, Groups, Offer, OneOrMany, PasswordChange,
    PasswordCheck, Uniqueness,
};
pub use directory::Directory;
pub use store::open;
