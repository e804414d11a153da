#![doc = include_str!("../README.md")]

mod config;
mod error;
mod fit;
mod row;
mod session;
mod store;
mod worker;

pub use config::Config;
pub use store::open;

/// Makes a new database file with what these statements put into it. The store itself never makes one: a path that is
/// mistyped must not become an empty user table. The error names the file's trouble, and no value.
pub fn create_file(path: &std::path::Path, statements: &str) -> idstore_contract::Result<()> {
    use rusqlite::{Connection, OpenFlags};
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let made =
        Connection::open_with_flags(path, flags).and_then(|connection| connection.execute_batch(statements));
    made.map_err(|error| error::translate(&error))
}
