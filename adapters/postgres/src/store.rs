//! The database that [`SqlStore`] stands on: which session a statement goes to, and when a read is repeated.

use crate::config::{Config, Prepare};
use crate::error::Failure;
use crate::exclusive::{Broken, Exclusive, PostgresTransaction};
use crate::opener::Opener;
use crate::session::Session;
use crate::shared::{Sent, Shared};
use futures_util::future::{Either, select};
use idstore_contract::{Call, Depth, Error, Problem, Secret, StoreHandle, Surroundings, Transport};
use idstore_sql::{Database, Dialect, Ran, Rows, SqlStore, Statement, StatementKey, Statements, Value};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout_at;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The longest deadline that a connection can have, where the surroundings do not say which one is the longest.
const CEILING: Duration = Duration::from_secs(60);

/// Opens a store: reads its secrets and certificates, and connects to nothing.
///
/// `Err` holds every problem, warnings among them; warnings alone are logged.
#[allow(
    clippy::needless_pass_by_value,
    reason = "every adapter opens like this, and some keep the configuration"
)]
pub fn open(config: Config, around: &Surroundings) -> Result<StoreHandle, Vec<Problem>> {
    let config = &config;
    let ceiling = around.deadline_max.unwrap_or(CEILING);
    let mut problems = config.check(around);
    let password = resolve_password(config, &mut problems);
    let tls = config.tls_keys().client().unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    let statements = match config.statements.compile(Dialect::Postgres, config.uniqueness, around) {
        Ok(statements) if !problems.iter().any(Problem::is_error) => Arc::new(statements),
        _ => return Err(problems),
    };
    for problem in &problems {
        tracing::warn!(key = problem.key, "{}", problem.message);
    }
    let opener = Arc::new(Opener::new(
        config,
        password.as_ref(),
        tls.map(MakeRustlsConnect::new),
        statements.clone(),
        ceiling,
    ));
    let pool_max = usize::try_from(config.pool_max).unwrap_or(usize::MAX);
    let exclusive = Exclusive::new(opener.clone(), pool_max)
        .map_err(|error| vec![Problem::error("pool_max", error.to_string())])?;
    let shared = (config.prepare == Prepare::Connection).then(|| Shared::new(opener.clone()));
    let database = Postgres { opener, shared, exclusive, transport: config.tls_keys().transport() };
    Ok(Arc::new(SqlStore::new(database, statements, config.uniqueness).with_hints(config.hints.clone())))
}

fn resolve_password(config: &Config, problems: &mut Vec<Problem>) -> Option<Secret> {
    match config.password.as_ref()?.resolve() {
        Ok(resolved) => {
            problems.extend(resolved.warning.map(|warning| Problem::warning("password", warning)));
            Some(resolved.secret)
        }
        Err(error) => {
            problems.push(Problem::error("password", error.to_string()));
            None
        }
    }
}

/// A configured PostgreSQL database.
struct Postgres {
    opener: Arc<Opener>,
    /// `None` with `prepare = "call"`: a pooler in transaction mode has nothing that could be shared.
    shared: Option<Shared>,
    exclusive: Exclusive,
    transport: Transport,
}

impl Database for Postgres {
    const ADAPTER: &'static str = "postgres";
    const DIALECT: Dialect = Dialect::Postgres;
    type Transaction = PostgresTransaction;

    fn transport(&self) -> Transport {
        self.transport
    }

    /// Repeated once where the session turned out dead or stale, but never a check: the store counts those.
    async fn read(&self, call: &Call, statement: &Arc<Statement>, values: Vec<Value>) -> Result<Ran, Error> {
        let is_repeatable = statement.is_select() && statement.key().kind().only_reads();
        let reading = async {
            match self.read_once(call, statement, &values, is_repeatable).await {
                Err(broken) if broken.repeat && is_repeatable => {
                    self.read_once(call, statement, &values, is_repeatable).await
                }
                outcome => outcome,
            }
        };
        match timeout_at(call.deadline.into(), reading).await {
            Ok(outcome) => outcome.map_err(|broken| broken.error),
            Err(_) => Err(Error::timeout()),
        }
    }

    async fn begin(&self, call: &Call) -> Result<PostgresTransaction, Error> {
        self.exclusive.begin(call).await
    }

    async fn knows(&self, call: &Call, select: &str) -> Result<bool, Error> {
        timeout_at(call.deadline.into(), self.exclusive.knows(call, select))
            .await
            .unwrap_or_else(|_| Err(Error::timeout()))
    }

    async fn probe(
        &self,
        call: &Call,
        statements: &Arc<Statements>,
        depth: Depth,
    ) -> Result<Vec<Problem>, Error> {
        let probing = async {
            match depth {
                Depth::Alive => self.alive(call, statements).await.map(|()| Vec::new()),
                Depth::Full => {
                    let (_, problems) = self.opener.open_and_compare().await?;
                    Ok(problems)
                }
            }
        };
        timeout_at(call.deadline.into(), probing).await.unwrap_or_else(|_| Err(Error::timeout()))
    }
}

impl Postgres {
    async fn read_once(
        &self,
        call: &Call,
        statement: &Arc<Statement>,
        values: &[Value],
        may_share: bool,
    ) -> Result<Ran, Broken> {
        let chosen = match &self.shared {
            Some(shared) if may_share => shared.choose().await?,
            _ => None,
        };
        let Some(pipeline) = chosen else {
            return self.exclusive.read(call, statement, values).await;
        };
        let mut sent = match pipeline.send(statement, values, call.deadline)? {
            Ok(sent) => sent,
            Err(position) => return Ok(Ran::Unfit { position }),
        };
        match sent.answer_or_stuck().await {
            Some(answer) => self.judge(&sent, answer),
            None => self.read_again(call, statement, values, sent).await,
        }
    }

    /// Sends a read again that waits behind a slow one, and takes whichever answer comes first. A second one that
    /// fails leaves the first, which may still be answered.
    async fn read_again(
        &self,
        call: &Call,
        statement: &Arc<Statement>,
        values: &[Value],
        mut first: Sent,
    ) -> Result<Ran, Broken> {
        let second = async {
            let other = match &self.shared {
                Some(shared) => shared.choose_idle().await?,
                None => None,
            };
            match other {
                Some(other) => match other.send(statement, values, call.deadline)? {
                    Ok(mut sent) => {
                        let answer = sent.answer().await;
                        self.judge(&sent, answer)
                    }
                    Err(position) => Ok(Ran::Unfit { position }),
                },
                None => self.exclusive.read(call, statement, values).await,
            }
        };
        let answer = {
            let answered = pin!(first.answer());
            match select(answered, pin!(second)).await {
                Either::Left((answer, _)) => answer,
                Either::Right((Ok(ran), _)) => return Ok(ran),
                Either::Right((Err(_), answered)) => answered.await,
            }
        };
        self.judge(&first, answer)
    }

    fn judge(&self, sent: &Sent, answer: Result<Rows, Failure>) -> Result<Ran, Broken> {
        answer.map(Ran::Rows).map_err(|failure| {
            let repeat = self.opener.outdate(&sent.pipeline.session, failure.fate);
            Broken { error: failure.error, repeat }
        })
    }

    /// The operator's own statement where there is one, else one cheap round trip; repeated once like any read.
    async fn alive(&self, call: &Call, statements: &Statements) -> Result<(), Error> {
        if let Some(statement) = statements.first(StatementKey::Probe) {
            return self.read(call, statement, Vec::new()).await.map(drop);
        }
        match self.alive_once(call).await {
            Err(broken) if broken.repeat => self.alive_once(call).await,
            outcome => outcome,
        }
        .map_err(|broken| broken.error)
    }

    async fn alive_once(&self, call: &Call) -> Result<(), Broken> {
        let broken = |session: &Session, failure: Failure| {
            let repeat = self.opener.outdate(session, failure.fate);
            Broken { error: failure.error, repeat }
        };
        let chosen = match &self.shared {
            Some(shared) => shared.choose().await?,
            None => None,
        };
        if let Some(pipeline) = chosen {
            return pipeline.session.alive().await.map_err(|failure| broken(&pipeline.session, failure));
        }
        let lease = self.exclusive.lease(call.deadline).await?;
        lease.alive().await.map_err(|failure| broken(&lease, failure))?;
        lease.give_back();
        Ok(())
    }
}
