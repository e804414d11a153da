//! What is written for the platforms' side of a connection. Nothing here listens, and nothing here is asked by a
//! request: a command calls it once, and a person deploys what it writes.

pub mod auth0;
