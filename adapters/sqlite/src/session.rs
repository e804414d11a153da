//! [`Session`]: one connection to the file, and what runs on it. It blocks, so it lives on a thread of its own.
//!
//! A session opens the file when it is first needed, and again when the file under the path has become another one. It
//! never makes a file, and it answers nothing from one that the statements do not fit.

use crate::error::translate;
use crate::fit::{Fit, prepared};
use crate::row::{Bound, cell};
use idstore_contract::{Error, ErrorKind, Problem, Result};
use idstore_sql::{Rows, Statement, Statements, Value};
use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, OpenFlags};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How many steps of SQLite's machine lie between two looks at the clock: well under a millisecond of work.
const STEPS_PER_LOOK: i32 = 1_000;

/// As many prepared statements as a configuration can hold, with room for lists.
const PREPARED_MAX: usize = 64;

/// How a session opens the file.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) path: PathBuf,
    /// The longest wait for another program's lock.
    pub(crate) busy_timeout: Duration,
    pub(crate) mode: Mode,
    /// What the file has to fit.
    pub(crate) statements: Arc<Statements>,
}

/// What a session may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The store offers no write: the file is not even opened for one.
    ReadOnly,
    /// Reads beside a session that writes; may mend the file after a crash, and change nothing else.
    QueryOnly,
    /// Reads and writes.
    Writing,
}

/// When a statement has to stop.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) deadline: Instant,
    /// Nobody waits for the answer any more.
    pub(crate) cancelled: Arc<AtomicBool>,
}

impl Limits {
    pub(crate) fn reached(&self) -> bool {
        self.cancelled.load(Ordering::Acquire) || Instant::now() >= self.deadline
    }
}

/// One connection to the file.
pub(crate) struct Session {
    opening: Opening,
    open: Option<Open>,
}

struct Open {
    connection: Connection,
    /// Device and inode of the file that was opened.
    file: (u64, u64),
}

impl Session {
    /// A session that has not opened the file yet.
    pub(crate) fn new(opening: Opening) -> Self {
        Self { opening, open: None }
    }

    /// Runs one statement outside a transaction.
    pub(crate) fn read(&mut self, limits: &Limits, statement: &Statement, values: &[Value]) -> Result<Rows> {
        self.on_current_file(limits, |connection| run(connection, statement, values))
    }

    /// Begins a transaction that no other writer can get in the way of.
    pub(crate) fn begin(&mut self, limits: &Limits) -> Result<()> {
        // Without a write in the configuration a transaction only holds the reads of a `check` together.
        let begin = if self.opening.mode == Mode::Writing { "BEGIN IMMEDIATE" } else { "BEGIN" };
        self.on_current_file(limits, |connection| {
            connection.execute_batch(begin).map_err(|error| translate(&error))
        })
    }

    /// Runs one statement of the transaction that was begun.
    pub(crate) fn run(&mut self, limits: &Limits, statement: &Statement, values: &[Value]) -> Result<Rows> {
        let busy = self.opening.busy_timeout;
        let open = self.open.as_mut().ok_or_else(gone)?;
        if open.connection.is_autocommit() {
            return Err(gone());
        }
        arm(&mut open.connection, busy, limits)?;
        run(&mut open.connection, statement, values)
    }

    /// Ends the transaction for good. What fails here is rolled back, so that the session is free.
    pub(crate) fn commit(&mut self, limits: &Limits) -> Result<()> {
        let busy = self.opening.busy_timeout;
        let open = self.open.as_mut().ok_or_else(gone)?;
        if open.connection.is_autocommit() {
            return Err(gone());
        }
        // Once begun, a commit is not stopped half way: only the wait for other readers ends at the deadline.
        let committed = disarm(&mut open.connection)
            .and_then(|()| wait_at_most(&open.connection, busy, limits))
            .and_then(|()| open.connection.execute_batch("COMMIT").map_err(|error| translate(&error)));
        committed.map_err(|error| {
            self.rollback();
            // The file may hold the transaction or not.
            if error.kind() == ErrorKind::Unavailable { error.as_kind(ErrorKind::Timeout) } else { error }
        })
    }

    /// Undoes the transaction, if there still is one. A connection on which that fails is closed, which undoes it too.
    pub(crate) fn rollback(&mut self) {
        let undone = self.open.as_mut().is_none_or(|open| {
            open.connection.is_autocommit()
                || disarm(&mut open.connection).is_ok() && open.connection.execute_batch("ROLLBACK").is_ok()
        });
        if !undone {
            self.open = None;
        }
    }

    /// Reads the file's first page.
    pub(crate) fn touch(&mut self, limits: &Limits) -> Result<()> {
        self.on_current_file(limits, touch)
    }

    fn on_current_file<T>(
        &mut self,
        limits: &Limits,
        work: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<T> {
        let done = self.connection(limits).and_then(work);
        // A file that can't be read now may be another one, or mounted again, at the next call.
        if done.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unavailable) {
            self.open = None;
        }
        done
    }

    /// The connection to the file that lies under the path now; from here on it stops when its limits are reached.
    fn connection(&mut self, limits: &Limits) -> Result<&mut Connection> {
        let file = self.file()?;
        let open = if let Some(mut open) = self.open.take().filter(|open| open.file == file) {
            arm(&mut open.connection, self.opening.busy_timeout, limits)?;
            open
        } else {
            let connection = self.opening.connect(limits)?;
            Fit::of(&connection, &self.opening.statements)?.or_refuse()?;
            Open { connection, file }
        };
        Ok(&mut self.open.insert(open).connection)
    }

    fn file(&mut self) -> Result<(u64, u64)> {
        match std::fs::metadata(&self.opening.path) {
            Ok(file) => Ok((file.dev(), file.ino())),
            Err(error) => {
                self.open = None;
                Err(Error::unavailable("the database file can't be found")
                    .with("reason", error.kind().to_string()))
            }
        }
    }
}

impl Opening {
    /// What is wrong with the file and the statements on it, seen through a connection of its own.
    pub(crate) fn probe(&self, limits: &Limits) -> Result<Vec<Problem>> {
        let mut connection = self.connect(limits)?;
        touch(&mut connection)?;
        let mut problems = Vec::new();
        if self.mode == Mode::Writing && connection.is_readonly("main").map_err(|error| translate(&error))? {
            problems.push(Problem::error("path", "statements write, and the file may only be read"));
        }
        problems.extend(Fit::of(&connection, &self.statements)?.problems);
        Ok(problems)
    }

    /// Whether the file has what a SELECT names, whatever the statements need.
    pub(crate) fn knows(&self, limits: &Limits, select: &str) -> Result<bool> {
        let connection = self.connect(limits)?;
        match connection.prepare(select).map_err(|error| translate(&error)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Misconfigured => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn connect(&self, limits: &Limits) -> Result<Connection> {
        let access = match self.mode {
            Mode::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Mode::QueryOnly | Mode::Writing => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let connect = || -> rusqlite::Result<Connection> {
            let connection =
                Connection::open_with_flags(&self.path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            connection.set_prepared_statement_cache_capacity(PREPARED_MAX);
            // The schema is the application's, and may be anybody's: it gets no functions with effects.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
            // Else a misspelled "column" would be a text, the same in every row.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
            connection.pragma_update(None, "query_only", self.mode != Mode::Writing)?;
            Ok(connection)
        };
        let mut connection = connect().map_err(|error| translate(&error))?;
        arm(&mut connection, self.busy_timeout, limits)?;
        Ok(connection)
    }
}

fn run(connection: &mut Connection, statement: &Statement, values: &[Value]) -> Result<Rows> {
    let mut prepared = prepared(connection, statement, values.len())?;
    for (position, value) in (1_usize..).zip(values) {
        prepared.raw_bind_parameter(position, Bound(value)).map_err(|error| translate(&error))?;
    }
    let rows = rows(&mut prepared, statement.key().rows_max()).map_err(|error| translate(&error))?;
    // Read after the first step: SQLite prepares a statement again when the schema has changed.
    let columns = prepared.column_names().map(str::to_owned).collect();
    drop(prepared);
    Ok(Rows { columns, rows, affected: connection.changes() })
}

fn rows(
    prepared: &mut CachedStatement<'_>,
    rows_max: usize,
) -> rusqlite::Result<Vec<Vec<idstore_sql::Cell>>> {
    let mut kept = Vec::new();
    let mut declared: Vec<Option<String>> = Vec::new();
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        if kept.is_empty() {
            let statement: &rusqlite::Statement<'_> = row.as_ref();
            declared = statement.columns().map(|column| column.decl_type().map(str::to_owned)).collect();
        }
        let cells = declared.iter().enumerate();
        let cells = cells.map(|(index, declared)| Ok(cell(declared.as_deref(), row.get_ref(index)?)));
        kept.push(cells.collect::<rusqlite::Result<Vec<_>>>()?);
        // Everything that a write changes is changed with its first row.
        if kept.len() > rows_max {
            break;
        }
    }
    Ok(kept)
}

fn touch(connection: &mut Connection) -> Result<()> {
    let read = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    read.map_err(|error| translate(&error))
}

/// From here on the connection stops by itself when its limits are reached.
fn arm(connection: &mut Connection, busy: Duration, limits: &Limits) -> Result<()> {
    wait_at_most(connection, busy, limits)?;
    let limits = limits.clone();
    let armed = connection.progress_handler(STEPS_PER_LOOK, Some(move || limits.reached()));
    armed.map_err(|error| translate(&error))
}

fn disarm(connection: &mut Connection) -> Result<()> {
    connection.progress_handler(0, None::<fn() -> bool>).map_err(|error| translate(&error))
}

/// Another program's lock is waited for, but never past the deadline.
fn wait_at_most(connection: &Connection, busy: Duration, limits: &Limits) -> Result<()> {
    let left = limits.deadline.saturating_duration_since(Instant::now());
    connection.busy_timeout(busy.min(left)).map_err(|error| translate(&error))
}

/// SQLite undid the transaction by itself, or its connection is closed: nothing was changed.
fn gone() -> Error {
    Error::unavailable("the transaction was undone")
}
