//! The shared SQL code's database over one file: a few sessions that read, and one that writes, for SQLite lets one
//! writer in at a time.

use crate::Config;
use crate::session::{Mode, Opening, Session};
use crate::worker::{Steps, Workers};
use idstore_contract::{Call, Depth, Error, Problem, Result, StoreHandle, Surroundings, Transport};
use idstore_sql::{
    Database, Dialect, Ran, SqlStore, Statement, StatementKey, Statements, Transaction, Value,
};
use std::sync::Arc;
use std::time::Duration;

/// Sessions that read. A lookup takes microseconds; several keep a slow one from standing in the others' way.
const READERS: usize = 4;

/// Opens a store. The file need not be there yet: each call looks for it.
pub fn open(config: Config, around: &Surroundings) -> std::result::Result<StoreHandle, Vec<Problem>> {
    let problems = config.check(around);
    if problems.iter().any(Problem::is_error) {
        return Err(problems);
    }
    let Config { path, busy_timeout_ms, uniqueness, hints, statements } = config;
    let statements = Arc::new(statements.compile(Dialect::Sqlite, uniqueness, around)?);
    let busy_timeout = Duration::from_millis(busy_timeout_ms.into());
    let opening =
        |mode| Opening { path: path.clone(), busy_timeout, mode, statements: Arc::clone(&statements) };
    let (reading, writing) =
        if statements.writes() { (Mode::QueryOnly, Mode::Writing) } else { (Mode::ReadOnly, Mode::ReadOnly) };
    let transactions = statements.writes() || !statements.of(StatementKey::Check).is_empty();
    let start = || -> std::io::Result<Sqlite> {
        Ok(Sqlite {
            readers: Workers::start("sqlite-read", READERS, &opening(reading))?,
            writer: transactions.then(|| Workers::start("sqlite-write", 1, &opening(writing))).transpose()?,
            probing: opening(writing),
        })
    };
    match start() {
        Ok(database) => Ok(Arc::new(SqlStore::new(database, statements, uniqueness).with_hints(hints))),
        Err(_) => Err(vec![Problem::error("", "the system gives no thread for a session")]),
    }
}

struct Sqlite {
    readers: Workers,
    /// `None` where nothing needs a transaction.
    writer: Option<Workers>,
    /// For the session that a full probe opens.
    probing: Opening,
}

impl Database for Sqlite {
    const ADAPTER: &'static str = "sqlite";
    const DIALECT: Dialect = Dialect::Sqlite;
    type Transaction = Steps;

    fn transport(&self) -> Transport {
        Transport::Local
    }

    async fn read(&self, call: &Call, statement: &Arc<Statement>, values: Vec<Value>) -> Result<Ran> {
        let statement = Arc::clone(statement);
        let read =
            self.readers.run(call.deadline, move |session, limits| session.read(limits, &statement, &values));
        read.await.map(Ran::Rows)
    }

    async fn knows(&self, call: &Call, select: &str) -> Result<bool> {
        let (select, probing) = (select.to_owned(), self.probing.clone());
        self.readers.run(call.deadline, move |_, limits| probing.knows(limits, &select)).await
    }

    async fn begin(&self, call: &Call) -> Result<Steps> {
        match &self.writer {
            Some(writer) => writer.begin(call.deadline).await,
            None => Err(Error::unsupported()),
        }
    }

    async fn probe(&self, call: &Call, statements: &Arc<Statements>, depth: Depth) -> Result<Vec<Problem>> {
        let statements = Arc::clone(statements);
        let probing = self.probing.clone();
        let probe = self.readers.run(call.deadline, move |session, limits| match depth {
            Depth::Alive => match statements.first(StatementKey::Probe) {
                Some(probe) => session.read(limits, probe, &[]).map(|_| Vec::new()),
                None => session.touch(limits).map(|()| Vec::new()),
            },
            Depth::Full => probing.probe(limits),
        });
        probe.await
    }
}

impl Transaction for Steps {
    async fn run(&mut self, statement: &Arc<Statement>, values: Vec<Value>) -> Result<Ran> {
        let statement = Arc::clone(statement);
        let ran = Steps::run(self, move |session, limits| session.run(limits, &statement, &values));
        ran.await.map(Ran::Rows)
    }

    /// One writer at a time is what SQLite gives anyway.
    async fn lock(&mut self, _: &str) -> Result<()> {
        Ok(())
    }

    async fn commit(self) -> Result<()> {
        self.end(Session::commit).await
    }

    async fn rollback(self) -> Result<()> {
        let ended = self.end(|session, _| {
            session.rollback();
            Ok(())
        });
        // A worker that is gone has closed the file, and with it everything is undone.
        ended.await.ok();
        Ok(())
    }
}
