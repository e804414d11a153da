//! The database that [`SqlStore`] stands on: when a read is repeated, and what a probe asks.

use crate::config::Config;
use crate::opener::Opener;
use crate::pool::{Broken, Pool};
use crate::transaction::MysqlTransaction;
use idstore_contract::{Call, Depth, Error, Problem, Secret, StoreHandle, Surroundings, Transport};
use idstore_sql::{Database, Dialect, Ran, SqlStore, Statement, StatementKey, Statements, Value};
use rustls_pki_types::ServerName;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{timeout, timeout_at};
use tokio_rustls::TlsConnector;

/// The longest deadline that a connection can have, where the surroundings do not say which one is the longest.
const CEILING: Duration = Duration::from_secs(60);

/// How long a session's goodbye may take.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// Opens a store: reads its secrets and certificates, and connects to nothing.
///
/// `Err` holds every problem, warnings among them; warnings alone are logged.
#[allow(
    clippy::needless_pass_by_value,
    reason = "every adapter opens like this, and some keep the configuration"
)]
pub fn open(config: Config, around: &Surroundings) -> Result<StoreHandle, Vec<Problem>> {
    let config = &config;
    let mut problems = config.check(around);
    let password = resolve_password(config, &mut problems);
    let tls = agreed(config).unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    let statements = match config.statements.compile(Dialect::MySql, config.uniqueness, around) {
        Ok(statements) if !problems.iter().any(Problem::is_error) => Arc::new(statements),
        _ => return Err(problems),
    };
    for problem in &problems {
        tracing::warn!(key = problem.key, "{}", problem.message);
    }
    let ceiling = around.deadline_max.unwrap_or(CEILING);
    let opener = Arc::new(Opener::new(config, password, tls, statements.clone(), ceiling));
    let pool_max = usize::try_from(config.pool_max).unwrap_or(usize::MAX);
    let pool = Pool::new(opener.clone(), pool_max)
        .map_err(|error| vec![Problem::error("pool_max", error.to_string())])?;
    let database = Mysql { opener, pool, transport: config.tls_keys().transport() };
    Ok(Arc::new(SqlStore::new(database, statements, config.uniqueness).with_hints(config.hints.clone())))
}

/// How sessions make TLS, and with whom; `None` where they use none.
fn agreed(config: &Config) -> Result<Option<(TlsConnector, ServerName<'static>)>, Problem> {
    let Some(client) = config.tls_keys().client()? else { return Ok(None) };
    let name = ServerName::try_from(config.host.clone())
        .map_err(|_| Problem::error("host", "host is no name that a certificate can have"))?;
    Ok(Some((TlsConnector::from(Arc::new(client)), name)))
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

/// A configured database of a MySQL or MariaDB server.
struct Mysql {
    opener: Arc<Opener>,
    pool: Pool,
    transport: Transport,
}

impl Database for Mysql {
    const ADAPTER: &'static str = "mysql";
    const DIALECT: Dialect = Dialect::MySql;
    type Transaction = MysqlTransaction;

    fn transport(&self) -> Transport {
        self.transport
    }

    /// Repeated once where the session turned out dead or stale, but never a check: the store counts those.
    async fn read(&self, call: &Call, statement: &Arc<Statement>, values: Vec<Value>) -> Result<Ran, Error> {
        let is_repeatable = statement.is_select() && statement.key().kind().only_reads();
        within(call, async {
            match self.pool.read(call, statement, &values).await {
                Err(broken) if broken.repeat && is_repeatable => {
                    self.pool.read(call, statement, &values).await
                }
                outcome => outcome,
            }
        })
        .await
    }

    async fn begin(&self, call: &Call) -> Result<MysqlTransaction, Error> {
        self.pool.begin(call).await
    }

    async fn knows(&self, call: &Call, select: &str) -> Result<bool, Error> {
        within(call, async { Ok(self.pool.knows(call, select).await?) }).await
    }

    async fn probe(
        &self,
        call: &Call,
        statements: &Arc<Statements>,
        depth: Depth,
    ) -> Result<Vec<Problem>, Error> {
        match (depth, statements.first(StatementKey::Probe)) {
            (Depth::Full, _) => {
                let found = async {
                    let (mut session, problems) = self.opener.open_and_compare().await?;
                    // Its goodbye holds up no answer.
                    drop(tokio::spawn(async move { timeout(GOODBYE_MAX, session.hang_up()).await.ok() }));
                    Ok(problems)
                };
                within(call, found).await
            }
            // The operator's own statement where there is one, else one cheap round trip.
            (Depth::Alive, Some(statement)) => {
                self.read(call, statement, Vec::new()).await.map(|_| Vec::new())
            }
            (Depth::Alive, None) => within(call, self.alive(call)).await.map(|()| Vec::new()),
        }
    }
}

impl Mysql {
    async fn alive(&self, call: &Call) -> Result<(), Broken> {
        match self.pool.alive(call).await {
            Err(broken) if broken.repeat => self.pool.alive(call).await,
            outcome => outcome,
        }
    }
}

/// No longer than the caller waits.
async fn within<T>(call: &Call, asked: impl Future<Output = Result<T, Broken>>) -> Result<T, Error> {
    match timeout_at(call.deadline.into(), asked).await {
        Ok(outcome) => outcome.map_err(|broken| broken.error),
        Err(_) => Err(Error::timeout()),
    }
}
