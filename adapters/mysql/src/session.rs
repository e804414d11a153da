//! [`Session`]: one session of the server, born with every statement prepared.
//!
//! The protocol is a conversation: a command, then its whole answer. A session that was left in the middle of one, or
//! that may hold a transaction or a lock, knows it, and is not used again. That it was left says nothing of the others: a
//! row that is too large must not cost all sessions.

use crate::answer::{self, Done, Head, Prepared};
use crate::encode;
use crate::error::{Failure, Refusal, failure, nonsense};
use crate::plan::Plan;
use crate::settings::Which;
use crate::wire::Wire;
use crate::{decode, plan};
use idstore_contract::{Error, ErrorKind, Problem, Secret};
use idstore_sql::{Doing, Ran, Rows, Statement, Statements, Value};
use mysql_common::constants::{Command, StatusFlags};
use mysql_common::packets::Column;
use mysql_common::value::Value as Bound;
use std::sync::Arc;
use std::time::Instant;

/// The most results of one statement: a procedure answers one table and its end.
const RESULTS_MAX: usize = 4;
/// The most bytes of all rows of one answer: a page of `list` has a thousand of some kilobytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// The most bytes of what describes the columns of one answer: a name has at most 64 characters, and there are six.
const COLUMNS_BYTES_MAX: usize = 1 << 20;
/// The most rows of what this service asks for itself.
const OWN_ROWS_MAX: usize = 64;

/// A session, with what it knows of each statement.
pub(crate) struct Session {
    wire: Wire,
    plans: Vec<Option<Plan>>,
    /// The server's number of it.
    pub(crate) number: u32,
    /// Which generation of sessions it belongs to; a generation ends when one of it turned out dead or stale.
    pub(crate) generation: u64,
    pub(crate) born: Instant,
    turn: Turn,
    /// The server has a transaction open, as far as it said.
    is_in_transaction: bool,
    /// It may hold a lock of ours.
    holds_lock: bool,
    /// The server that it is on.
    pub(crate) server: Which,
}

/// Who speaks next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The last answer was read to its end.
    Ours,
    /// Something was asked, and its answer has not ended.
    TheServers,
    /// The connection is gone, and with it what the server did on it.
    Nobodys,
}

/// A whole answer.
struct Answer {
    columns: Arc<[Column]>,
    rows: Vec<Vec<Bound>>,
    affected: u64,
    warnings: u16,
}

impl Session {
    /// A session that was just signed in. It has prepared nothing yet.
    pub(crate) fn new(wire: Wire, number: u32, generation: u64) -> Self {
        Self {
            wire,
            plans: Vec::new(),
            number,
            generation,
            born: Instant::now(),
            turn: Turn::Ours,
            is_in_transaction: false,
            holds_lock: false,
            server: Which::default(),
        }
    }

    /// Prepares every statement. The problems say which can't be prepared or do not fit; only a session that could
    /// not be asked is an error.
    pub(crate) async fn learn(&mut self, statements: &Statements) -> Result<Vec<Problem>, Failure> {
        let mut problems = Vec::new();
        let mut described = Vec::new();
        for statement in statements.all() {
            let (plan, prepared) = match self.prepare(statement.sql()).await {
                Ok((prepared, columns)) => {
                    let (plan, described) = plan::learn(statement, prepared, &columns)?;
                    (Some(plan), Some(described))
                }
                Err(failure)
                    if failure.error.kind() == ErrorKind::Misconfigured && self.turn == Turn::Ours =>
                {
                    problems.push(Problem::error(statement.place(), failure.error.to_string()));
                    (None, None)
                }
                Err(failure) => return Err(failure),
            };
            self.plans.push(plan);
            described.push(prepared);
        }
        problems.extend(statements.inspect(&described));
        Ok(problems)
    }

    /// Runs a statement, and reads no more rows than one over the limit: then the session is of no further use, for
    /// the rest of them is still on its way.
    pub(crate) async fn run(
        &mut self,
        statement: &Statement,
        values: &[Value],
        doing: Doing,
    ) -> Result<Ran, Failure> {
        let plan = self.plans.get(statement.number()).and_then(Option::as_ref);
        let Some(plan) = plan.cloned() else {
            return Err(Error::unexpected("a statement was not prepared")
                .with("key", statement.place())
                .into());
        };
        if values.len() != statement.parameters().len() {
            return Err(
                Error::unexpected("a statement has another number of bind positions than values").into()
            );
        }
        let command = match encode::execute(plan.id, statement, values) {
            Ok(command) => command,
            Err(position) => return Ok(Ran::Unfit { position }),
        };
        let answer = match self.answer(&command, statement.key().rows_max()).await? {
            Ok(answer) => answer,
            Err(refusal) => {
                let failure = failure(&refusal, doing, statement.sql());
                return match plan::unfit(&failure, values) {
                    Some(position) => Ok(Ran::Unfit { position }),
                    None => Err(failure),
                };
            }
        };
        let columns = plan.compare(&answer.columns)?;
        let rows = answer.rows.into_iter().map(|row| decode::cells(&answer.columns, row));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        // A statement that answers rows does not say how many it touched.
        let shown = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let affected = if columns.is_empty() { answer.affected } else { shown };
        Ok(Ran::Rows(Rows { columns, rows, affected }))
    }

    /// Runs a fixed command of ours that answers no rows.
    pub(crate) async fn command(&mut self, sql: &str, doing: Doing) -> Result<u16, Failure> {
        let query = [&[QUERY], sql.as_bytes()].concat();
        let answered = self.answer(&Secret::new(query), 0).await;
        match answered.map_err(|failure| failure.while_doing(doing))? {
            Ok(answer) => Ok(answer.warnings),
            Err(refusal) => Err(failure(&refusal, doing, sql)),
        }
    }

    /// Runs a fixed statement of ours, and forgets it again.
    pub(crate) async fn ask(
        &mut self,
        sql: &str,
        bound: &[Bound],
        doing: Doing,
    ) -> Result<Vec<Vec<Bound>>, Failure> {
        let (prepared, _) = self.prepare(sql).await?;
        if prepared.parameters != bound.len() {
            return Err(nonsense());
        }
        let answer = self.answer(&encode::command(prepared.id, bound), OWN_ROWS_MAX).await?;
        self.forget(prepared.id).await?;
        answer.map(|answer| answer.rows).map_err(|refusal| failure(&refusal, doing, sql))
    }

    /// Whether the server accepts a statement.
    pub(crate) async fn accepts(&mut self, sql: &str) -> Result<bool, Failure> {
        match self.prepare(sql).await {
            Ok((prepared, _)) => {
                self.forget(prepared.id).await?;
                Ok(true)
            }
            Err(failure) if failure.error.kind() == ErrorKind::Misconfigured && self.turn == Turn::Ours => {
                Ok(false)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Waits for a lock, at most so many seconds. It is held until [`Session::unlock`], or the session's end. The name
    /// has at most 64 characters.
    pub(crate) async fn lock(&mut self, name: &str, seconds: u64) -> Result<(), Failure> {
        self.holds_lock = true;
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        let bound = [Bound::Bytes(name.as_bytes().to_vec()), Bound::Int(seconds)];
        let rows = self.ask("SELECT GET_LOCK(?, ?)", &bound, Doing::Writing).await?;
        match rows.first().and_then(|row| row.first()) {
            Some(Bound::Int(1)) => Ok(()),
            _ => Err(Error::new(ErrorKind::Timeout, "a lock was not free in time").into()),
        }
    }

    /// Gives all locks free, where there are any.
    pub(crate) async fn unlock(&mut self) -> Result<(), Failure> {
        if self.holds_lock {
            self.command("DO RELEASE_ALL_LOCKS()", Doing::Reading).await?;
            self.holds_lock = false;
        }
        Ok(())
    }

    /// One round trip that shows that the server serves.
    pub(crate) async fn alive(&mut self) -> Result<(), Failure> {
        self.command("DO 1", Doing::Reading).await.map(drop)
    }

    /// Whether new work may be given to it, as far as the session itself tells: nothing is left over from the last
    /// one, and the server has not said goodbye.
    pub(crate) fn is_usable(&mut self) -> bool {
        self.turn == Turn::Ours && !self.is_in_transaction && !self.holds_lock && self.wire.is_silent()
    }

    /// Whether a transaction is open, as far as the server said.
    pub(crate) fn is_in_transaction(&self) -> bool {
        self.is_in_transaction
    }

    /// Whether the server may still be doing something that was asked here.
    pub(crate) fn is_busy(&self) -> bool {
        self.turn == Turn::TheServers
    }

    /// Takes note that the connection is gone.
    pub(crate) fn lose(&mut self) {
        self.turn = Turn::Nobodys;
    }

    /// Ends it, and waits until the server has ended what it does for it.
    pub(crate) async fn hang_up(&mut self) {
        if self.begin().is_ok() {
            // Without a goodbye the server counts an aborted client.
            self.wire.command(Command::COM_QUIT, &[]).await.ok();
        }
        self.wire.hang_up().await;
    }

    async fn forget(&mut self, id: u32) -> Result<(), Failure> {
        // Nothing is answered.
        self.wire.command(Command::COM_STMT_CLOSE, &id.to_le_bytes()).await
    }

    /// Before a command. The rest of an answer that nobody read must not be taken for the next one.
    fn begin(&mut self) -> Result<(), Failure> {
        if self.turn == Turn::Ours {
            self.turn = Turn::TheServers;
            return Ok(());
        }
        // The connection is not lost: what the server still does on it is to be ended.
        Err(Error::unavailable("a session was left in the middle of an answer").into())
    }

    async fn prepare(&mut self, sql: &str) -> Result<(Prepared, Vec<Column>), Failure> {
        self.begin()?;
        self.wire.command(Command::COM_STMT_PREPARE, sql.as_bytes()).await?;
        let payload = self.wire.read().await?;
        if let [0xff, ..] = payload.as_slice()
            && let Head::Refusal(refusal) = answer::head(&payload)?
        {
            self.turn = Turn::Ours;
            return Err(failure(&refusal, Doing::Preparing, sql));
        }
        let prepared = answer::prepared(&payload)?;
        // What the server says of parameters does not matter: values are bound as text.
        self.columns(prepared.parameters).await?;
        let columns = self.columns(prepared.columns).await?;
        self.turn = Turn::Ours;
        Ok((prepared, columns))
    }

    /// So many descriptions of columns, and their end where there are any.
    async fn columns(&mut self, count: usize) -> Result<Vec<Column>, Failure> {
        let (mut columns, mut bytes) = (Vec::new(), 0_usize);
        for _ in 0..count {
            let payload = self.wire.read().await?;
            bytes = bytes.saturating_add(payload.len());
            if bytes > COLUMNS_BYTES_MAX {
                return Err(nonsense());
            }
            columns.push(answer::column(&payload)?);
        }
        if count > 0 {
            self.end().await?;
        }
        Ok(columns)
    }

    /// The end of a list of columns.
    async fn end(&mut self) -> Result<(), Failure> {
        match answer::head(&self.wire.read().await?)? {
            Head::End(_) => Ok(()),
            Head::Done(_) | Head::Refusal(_) | Head::Other(_) => Err(nonsense()),
        }
    }

    /// Sends a command, and reads its whole answer unless it has more rows than asked for.
    async fn answer(
        &mut self,
        command: &Secret,
        rows_max: usize,
    ) -> Result<Result<Answer, Refusal>, Failure> {
        self.begin()?;
        self.wire.send(command).await?;
        let mut answer = Answer { columns: Arc::default(), rows: Vec::new(), affected: 0, warnings: 0 };
        for _ in 0..RESULTS_MAX {
            let status = match self.result(&mut answer, rows_max).await? {
                Ok(Some(status)) => status,
                Ok(None) => return Ok(Ok(answer)),
                Err(refusal) => {
                    self.turn = Turn::Ours;
                    return Ok(Err(refusal));
                }
            };
            self.is_in_transaction = status.contains(StatusFlags::SERVER_STATUS_IN_TRANS);
            if !status.contains(StatusFlags::SERVER_MORE_RESULTS_EXISTS) {
                self.turn = Turn::Ours;
                return Ok(Ok(answer));
            }
        }
        Err(Error::misconfigured("a statement has more results than one").into())
    }

    /// One result; `None` where there are more rows than asked for.
    async fn result(
        &mut self,
        answer: &mut Answer,
        rows_max: usize,
    ) -> Result<Result<Option<StatusFlags>, Refusal>, Failure> {
        let payload = self.wire.read().await?;
        match answer::head(&payload)? {
            Head::Done(Done { affected, status, warnings }) => {
                answer.affected = answer.affected.saturating_add(affected);
                answer.warnings = warnings;
                return Ok(Ok(Some(status)));
            }
            Head::Refusal(refusal) => return Ok(Err(refusal)),
            Head::End(_) => return Err(nonsense()),
            Head::Other(_) => {}
        }
        if !answer.columns.is_empty() {
            return Err(Error::misconfigured("a statement answers more than one table").into());
        }
        answer.columns = self.columns(answer::column_count(&payload)?).await?.into();
        self.rows(answer, rows_max).await
    }

    async fn rows(
        &mut self,
        answer: &mut Answer,
        rows_max: usize,
    ) -> Result<Result<Option<StatusFlags>, Refusal>, Failure> {
        let mut bytes = 0_usize;
        while answer.rows.len() <= rows_max {
            let payload = self.wire.read().await?;
            bytes = bytes.saturating_add(payload.len());
            if bytes > ANSWER_BYTES_MAX {
                return Err(Error::misconfigured("the rows of a statement are too large").into());
            }
            if let [0x00, ..] = payload.as_slice() {
                answer.rows.push(answer::row(&payload, &answer.columns)?);
                continue;
            }
            return match answer::head(&payload)? {
                Head::End(status) => Ok(Ok(Some(status))),
                Head::Refusal(refusal) => Ok(Err(refusal)),
                Head::Done(_) | Head::Other(_) => Err(nonsense()),
            };
        }
        Ok(Ok(None))
    }
}

/// `COM_QUERY`.
const QUERY: u8 = 0x03;
