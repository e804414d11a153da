//! [`Database`] and [`Transaction`]: all that an SQL adapter has to bring. Everything else (which statement, which
//! values, which account, which proof) is done once, in this crate, for every database.

use crate::{Dialect, Statement, Statements};
use idstore_contract::{Call, Depth, Problem, Result, Secret, Timestamp, Transport};
use std::future::Future;
use std::sync::Arc;

/// A configured database: where sessions come from.
pub trait Database: Send + Sync + 'static {
    /// The adapter's name, as in `[stores.<adapter>.<name>]`.
    const ADAPTER: &'static str;
    /// How placeholders are spelled.
    const DIALECT: Dialect;
    /// A transaction on a session of its own.
    type Transaction: Transaction;

    /// How the way to the database is protected.
    fn transport(&self) -> Transport;

    /// Runs one lookup statement outside any write. May share a session with other reads.
    fn read(
        &self,
        call: &Call,
        statement: &Arc<Statement>,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Ran>> + Send;

    /// Whether the database accepts a SELECT of the configuration as it stands; false when a name in it is unknown. For
    /// [`crate::Hint`], at [`Depth::Full`] only.
    fn knows(&self, call: &Call, select: &str) -> impl Future<Output = Result<bool>> + Send;

    /// Opens a transaction that will write, on an exclusive session.
    fn begin(&self, call: &Call) -> impl Future<Output = Result<Self::Transaction>> + Send;

    /// See [`idstore_contract::Store::probe`]. `Full` prepares every statement on a new session and hands what the
    /// server says of all of them, in the order of [`Statements::all`], to [`Statements::inspect`]; one that can't be
    /// prepared is a problem at its [`Statement::place`].
    fn probe(
        &self,
        call: &Call,
        statements: &Arc<Statements>,
        depth: Depth,
    ) -> impl Future<Output = Result<Vec<Problem>>> + Send;
}

/// A transaction on an exclusive session. Dropped without [`Transaction::commit`] or [`Transaction::rollback`], the
/// session is discarded: nobody knows what still runs on it.
pub trait Transaction: Send {
    /// Runs one statement. Whoever drives the transaction has said [`Call::begin_write`] before the first one that may
    /// change something; a transaction does not say it again.
    fn run(
        &mut self,
        statement: &Arc<Statement>,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Ran>> + Send;

    /// Waits for the lock of that name, which is held until the transaction has ended. A database that lets one writer
    /// in at a time has nothing to do.
    fn lock(&mut self, name: &str) -> impl Future<Output = Result<()>> + Send;

    /// Ends the transaction for good. A session lost here leaves the outcome unknown: `Timeout`.
    fn commit(self) -> impl Future<Output = Result<()>> + Send;

    /// Undoes everything. An error, of the kind `Timeout`, only where something stays changed; a session that is lost
    /// here is none, for the server undoes what nobody commits.
    fn rollback(self) -> impl Future<Output = Result<()>> + Send;
}

/// A value that is bound to one position. There is no way to put a value into the text of a statement.
#[derive(Clone, Debug)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// Text; the server's type at that position decides what becomes of it.
    Text(String),
    /// A flag, spelled as the server's type at that position wants it (true, 1, 't').
    Flag(bool),
    /// A whole number of ours, such as `:limit`.
    Integer(i64),
    /// A password or a hash.
    Secret(Secret),
}

/// What running a statement gave.
#[derive(Debug)]
pub enum Ran {
    /// It ran.
    Rows(Rows),
    /// It was not run: the type that the server reports for this position (an index into the values) can't hold the
    /// text that was to be bound. No account for a lookup, a refused value for a write.
    Unfit {
        /// The index of the value.
        position: usize,
    },
}

/// The rows of one statement.
#[derive(Debug, Default)]
pub struct Rows {
    /// The names of the columns, as the server gives them.
    pub columns: Arc<[String]>,
    /// The rows, each with one cell a column; at most as many as [`crate::StatementKey::rows_max`] says, and
    /// one more where there are more.
    pub rows: Vec<Vec<Cell>>,
    /// How many rows a write touched; for a SELECT whatever the driver says.
    pub affected: u64,
}

/// One value of a row, as far as the driver's type tells.
#[derive(Clone, PartialEq)]
pub enum Cell {
    /// SQL NULL.
    Null,
    /// Text; the blanks that only fill a CHAR(n) are already removed.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number that is not whole, or too large: its decimal text.
    Number(String),
    /// A flag.
    Flag(bool),
    /// A time; one without a zone was read as UTC.
    Time(Timestamp),
    /// JSON and arrays.
    Json(serde_json::Value),
    /// Bytes that the column's type does not call text.
    Bytes(Vec<u8>),
}

/// Shows the kind of a cell and nothing of its value.
impl std::fmt::Debug for Cell {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Null => "Null",
            Self::Text(_) => "Text(..)",
            Self::Integer(_) => "Integer(..)",
            Self::Number(_) => "Number(..)",
            Self::Flag(_) => "Flag(..)",
            Self::Time(_) => "Time(..)",
            Self::Json(_) => "Json(..)",
            Self::Bytes(_) => "Bytes(..)",
        })
    }
}

/// What the server says of a prepared statement, for [`Statements::inspect`].
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The result columns, in order; `None` where the server tells them only with the answer.
    pub columns: Option<Vec<PreparedColumn>>,
    /// For each bind position the name of the server's type, `None` where the server does not tell.
    pub parameters: Vec<Option<String>>,
}

/// One result column of a prepared statement.
#[derive(Clone, Debug)]
pub struct PreparedColumn {
    /// Its name.
    pub name: String,
    /// The server's name of its type, where it tells.
    pub type_name: Option<String>,
    /// Where the adapter can't read that type: what to write instead, such as `CAST(x AS text)`.
    pub cast: Option<String>,
}
