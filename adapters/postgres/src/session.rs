//! [`Session`]: one session of the server, born with every statement prepared.
//!
//! It knows how to run a statement and nothing of who shares it: that is decided in `shared` and `exclusive`.

use crate::config::Prepare;
use crate::decode;
use crate::encode::{self, Parameter};
use crate::error::{Failure, failure};
use futures_util::TryStreamExt as _;
use futures_util::future::{join, join_all};
use idstore_contract::{Error, ErrorKind, Problem};
use idstore_sql::{Doing, Fate, Prepared, PreparedColumn, Rows, Statement, Statements, Value};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

/// A session, with what it knows of each statement. Closed when dropped.
pub(crate) struct Session {
    client: Client,
    driver: Driver,
    plans: Vec<Option<Plan>>,
    /// Which generation of sessions it belongs to; a generation ends when one of it turned out dead or stale.
    pub(crate) generation: u64,
    pub(crate) born: Instant,
    spoiled: AtomicBool,
}

/// The task that carries bytes between the client and the socket; the socket is closed with it.
pub(crate) struct Driver(pub(crate) JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the server said of one statement.
struct Plan {
    parameters: Vec<Type>,
    columns: Arc<[String]>,
    /// Where it is kept on the session; `None` with `prepare = "call"`, which leaves nothing there.
    prepared: Option<tokio_postgres::Statement>,
}

impl Session {
    /// Prepares every statement. The problems say which can't be prepared or do not fit; only a session that could
    /// not be asked is an error.
    pub(crate) async fn learn(
        client: Client,
        driver: Driver,
        generation: u64,
        statements: &Statements,
        prepare: Prepare,
    ) -> Result<(Self, Vec<Problem>), Error> {
        let answers = match prepare {
            Prepare::Connection => {
                let prepared = statements.all().map(|statement| prepare_one(&client, statement.sql(), false));
                join_all(prepared).await
            }
            Prepare::Call => learn_once(&client, statements).await?,
        };
        let mut problems = Vec::new();
        let mut plans = Vec::new();
        let mut described = Vec::new();
        for (statement, answer) in statements.all().zip(answers) {
            match answer.map_err(|error| failure(&error, Doing::Preparing, statement.sql()).error) {
                Ok(prepared) => {
                    described.push(Some(describe(&prepared)));
                    plans.push(Some(Plan::of(prepared, prepare)));
                }
                Err(error) if error.kind() == ErrorKind::Misconfigured => {
                    problems.push(Problem::error(statement.place(), error.to_string()));
                    described.push(None);
                    plans.push(None);
                }
                Err(error) => return Err(error),
            }
        }
        if prepare == Prepare::Call {
            // Nobody can use what a statement left on a session of a pooler, and its name would meet another's.
            batch(&client, "DEALLOCATE ALL; ROLLBACK", Doing::Preparing)
                .await
                .map_err(|failure| failure.error)?;
        }
        problems.extend(statements.inspect(&described));
        let spoiled = AtomicBool::new(false);
        Ok((Self { client, driver, plans, generation, born: Instant::now(), spoiled }, problems))
    }

    /// The values as parameters of a statement; `Err` is the index of one that its type can't hold.
    pub(crate) fn bind(
        &self,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Result<Vec<Parameter>, usize>, Error> {
        let plan = self.plan(statement)?;
        if plan.parameters.len() == values.len() {
            Ok(encode::bind(values, &plan.parameters))
        } else {
            Err(Error::unexpected("a statement has another number of bind positions than values"))
        }
    }

    /// Runs a statement, and reads no more rows than one over the limit: then the session is of no further use, for
    /// the rest of them is still on its way.
    pub(crate) async fn run(
        &self,
        statement: &Statement,
        parameters: Vec<Parameter>,
        doing: Doing,
    ) -> Result<Rows, Failure> {
        let plan = self.plan(statement)?;
        let failed = |error: tokio_postgres::Error| failure(&error, doing, statement.sql());
        let stream = if let Some(prepared) = &plan.prepared {
            self.client.query_raw(prepared, parameters).await
        } else {
            let typed = parameters.into_iter().zip(plan.parameters.iter().cloned());
            self.client.query_typed_raw(statement.sql(), typed).await
        };
        let mut stream = pin!(stream.map_err(failed)?);
        let mut rows = Vec::new();
        while let Some(row) = stream.as_mut().try_next().await.map_err(failed)? {
            if !row.columns().iter().map(tokio_postgres::Column::name).eq(plan.columns.iter()) {
                let error = Error::misconfigured("the columns of a statement changed");
                return Err(Failure { error, fate: Fate::Stale });
            }
            rows.push(decode::cells(&row)?);
            if rows.len() > statement.key().rows_max() {
                self.spoil();
                break;
            }
        }
        Ok(Rows { columns: plan.columns.clone(), rows, affected: stream.rows_affected().unwrap_or(0) })
    }

    /// Runs fixed commands of ours, without parameters.
    pub(crate) async fn batch(&self, commands: &str, doing: Doing) -> Result<(), Failure> {
        batch(&self.client, commands, doing).await
    }

    /// Waits for a lock that is held until the transaction has ended. The name travels as a parameter; the server
    /// makes the lock's number of it, so that all who lock there agree.
    pub(crate) async fn lock(&self, name: &str) -> Result<(), Failure> {
        const LOCK: &str = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))";
        // A prefix of our own: the application may have locks too.
        let name = format!("idstore:{name}");
        let locked = self.client.execute_typed(LOCK, &[(&name, Type::TEXT)]).await;
        locked.map(drop).map_err(|error| failure(&error, Doing::Writing, LOCK))
    }

    /// One round trip that shows that the server serves.
    pub(crate) async fn alive(&self) -> Result<(), Failure> {
        self.batch("SELECT 1", Doing::Reading).await
    }

    /// Whether new work may be given to it, as far as the session itself tells.
    pub(crate) fn is_usable(&self) -> bool {
        !self.is_spoiled() && !self.client.is_closed() && !self.driver.0.is_finished()
    }

    /// Takes no new work from now on.
    pub(crate) fn spoil(&self) {
        self.spoiled.store(true, Ordering::Release);
    }

    pub(crate) fn is_spoiled(&self) -> bool {
        self.spoiled.load(Ordering::Acquire)
    }

    fn plan(&self, statement: &Statement) -> Result<&Plan, Error> {
        let plan = self.plans.get(statement.number()).and_then(Option::as_ref);
        plan.ok_or_else(|| Error::unexpected("a statement was not prepared").with("key", statement.place()))
    }
}

impl Plan {
    fn of(prepared: tokio_postgres::Statement, prepare: Prepare) -> Self {
        Self {
            parameters: prepared.params().to_vec(),
            columns: prepared.columns().iter().map(|column| column.name().to_owned()).collect(),
            prepared: (prepare == Prepare::Connection).then_some(prepared),
        }
    }
}

type Answer = Result<tokio_postgres::Statement, tokio_postgres::Error>;

/// All statements in one transaction, so that a pooler keeps one session of the server for it.
async fn learn_once(client: &Client, statements: &Statements) -> Result<Vec<Answer>, Error> {
    batch(client, "BEGIN READ ONLY", Doing::Preparing).await.map_err(|failure| failure.error)?;
    let mut answers = Vec::new();
    for statement in statements.all() {
        answers.push(prepare_one(client, statement.sql(), true).await);
    }
    Ok(answers)
}

/// Prepares one statement. A position whose type the server can't determine (42P18) is text: the server names one at
/// a time, so it is asked again for each.
async fn prepare_one(client: &Client, sql: &str, in_transaction: bool) -> Answer {
    let mut types: Vec<Type> = Vec::new();
    loop {
        let error = match attempt(client, sql, &types, in_transaction).await {
            Ok(prepared) => return Ok(prepared),
            Err(error) => error,
        };
        let Some(index) = undetermined(&error).and_then(|position| position.checked_sub(1)) else {
            return Err(error);
        };
        if types.len() <= index {
            // The driver's word for a type that the server is to determine itself.
            types.resize(index.saturating_add(1), Type::UNKNOWN);
        }
        match types.get_mut(index) {
            Some(kind) if *kind == Type::UNKNOWN => *kind = Type::TEXT,
            _ => return Err(error),
        }
    }
}

async fn attempt(client: &Client, sql: &str, types: &[Type], in_transaction: bool) -> Answer {
    if !in_transaction {
        return client.prepare_typed(sql, types).await;
    }
    // Sent together. A failure must not end the transaction for the statements that follow.
    let (marked, prepared) =
        join(client.batch_execute("SAVEPOINT learning"), client.prepare_typed(sql, types)).await;
    if prepared.is_err() {
        client.batch_execute("ROLLBACK TO SAVEPOINT learning").await?;
    }
    marked.and(prepared)
}

/// The most bind positions of a statement: PostgreSQL counts them in 16 bits.
const POSITIONS_MAX: usize = 65_535;

/// The bind position, counted from 1, whose type the server can't determine. Only the message names it, as `$n`, in
/// every language.
fn undetermined(error: &tokio_postgres::Error) -> Option<usize> {
    let answer = error.as_db_error().filter(|answer| *answer.code() == SqlState::INDETERMINATE_DATATYPE)?;
    let (_, after) = answer.message().split_once('$')?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|position| (1..=POSITIONS_MAX).contains(position))
}

fn describe(prepared: &tokio_postgres::Statement) -> Prepared {
    let column = |column: &tokio_postgres::Column| PreparedColumn {
        name: column.name().to_owned(),
        type_name: Some(column.type_().name().to_owned()),
        cast: (!decode::readable(column.type_())).then(|| format!("CAST({} AS text)", column.name())),
    };
    Prepared {
        columns: Some(prepared.columns().iter().map(column).collect()),
        parameters: prepared.params().iter().map(|kind| Some(kind.name().to_owned())).collect(),
    }
}

async fn batch(client: &Client, commands: &str, doing: Doing) -> Result<(), Failure> {
    client.batch_execute(commands).await.map_err(|error| failure(&error, doing, commands))
}
