//! **idstore-proxy**: an identity platform's custom database connection, in front of a legacy store.
//!
//! A request's way through the files, from the outside in:
//!
//! 1. `http/accept` takes a permit and then the connection; `http/patience` holds its time limits.
//! 2. `http/handle` gives it an id and a deadline; `http/router` reads the path's shape; `http/callers` says who asks;
//!    then the connection, the action, and whether this caller may; `http/body` reads the body.
//! 3. `platforms/native` turns the body into the action's request.
//! 4. `actions/` decides: one file an action, without HTTP and without SQL.
//! 5. `connections/` says which candidate is the account; `stores/guarded` keeps deadline and limits around the adapter.
//! 6. The adapter (`adapters/…`, crates of their own) translates; `passwords/` verifies and hashes on its workers.
//! 7. The answer goes back through `platforms/native`; every refusal through `http/problem`.
//!
//! The modules below stand in the order of their floors, and imports only ever go down. `ARCHITECTURE.md` has the map.

pub mod cli;

pub mod scripts;

pub mod http;

pub mod platforms;

pub mod actions;

pub mod connections;

pub mod stores;

pub mod config;

pub mod adapters;

pub mod telemetry;

pub mod clock;
