//! [`Opener`]: where sessions come from, and which of them may still be used.
//!
//! A session is born with its limits set and every statement prepared and compared with the configuration, so that a
//! server that does not fit is found out at the first session and at each later one, and never in the middle of a
//! write.

use crate::config::{Config, Prepare};
use crate::error::failure;
use crate::session::{Driver, Session};
use idstore_contract::{Error, Problem, Secret};
use idstore_sql::{Doing, Fate, Sessions, Statements};
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::config::SslMode;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a TCP connect may take: as long as a lost packet and its repetition.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long a session may take until it can be used: TLS, login and every statement come on top.
const OPEN_MAX: Duration = Duration::from_secs(5);
/// When the kernel asks a silent server whether it is still there, and how often before it gives up.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(3);
const KEEPALIVE_RETRIES: u32 = 3;

/// Opens sessions.
pub(crate) struct Opener {
    way: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
    statements: Arc<Statements>,
    prepare: Prepare,
    search_path: Option<String>,
    /// The longest deadline of any call: no statement runs longer.
    ceiling: Duration,
    sessions: Sessions,
}

impl Opener {
    /// No I/O.
    pub(crate) fn new(
        config: &Config,
        password: Option<&Secret>,
        tls: Option<MakeRustlsConnect>,
        statements: Arc<Statements>,
        ceiling: Duration,
    ) -> Self {
        let mut way = tokio_postgres::Config::new();
        way.host(&config.host)
            .port(config.port)
            .dbname(&config.database)
            .user(&config.user)
            .application_name(&config.application_name)
            .ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable })
            .connect_timeout(CONNECT_MAX)
            .tcp_user_timeout(ceiling)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES);
        if let Some(password) = password {
            way.password(password.expose());
        }
        Self {
            way,
            tls,
            statements,
            prepare: config.prepare,
            search_path: config.search_path.clone(),
            ceiling,
            sessions: Sessions::default(),
        }
    }

    /// A session that serves every statement. That a server can't be reached, or does not fit, is remembered for a
    /// moment and answered without trying again; that a session died while it was opened is not.
    pub(crate) async fn open(&self) -> Result<Session, Error> {
        self.sessions.rest()?;
        let (session, problems) = self.open_and_compare().await?;
        self.sessions.remember(self.sessions.accept(&problems))?;
        Ok(session)
    }

    /// A new session, and everything that the server shows to be wrong with the configuration.
    pub(crate) async fn open_and_compare(&self) -> Result<(Session, Vec<Problem>), Error> {
        let generation = self.sessions.generation();
        let opened = async {
            let (client, driver) = self.sessions.remember(self.connect().await)?;
            if self.prepare == Prepare::Connection {
                self.set_limits(&client).await?;
            }
            Session::learn(client, driver, generation, &self.statements, self.prepare).await
        };
        let too_slow =
            |_| self.sessions.remember(Err(Error::unavailable("the server did not open a session in time")));
        tokio::time::timeout(OPEN_MAX, opened).await.unwrap_or_else(too_slow)
    }

    /// The commands that open a transaction which ends, at the latest, with the time that is left.
    pub(crate) fn begin(&self, left: Duration) -> String {
        let left_ms = milliseconds(left);
        let zone = if self.prepare == Prepare::Call { "; SET LOCAL TimeZone = 'UTC'" } else { "" };
        format!(
            "BEGIN; SET LOCAL statement_timeout = {left_ms}; \
             SET LOCAL idle_in_transaction_session_timeout = {left_ms}{zone}"
        )
    }

    /// Whether new work may be given to a session.
    pub(crate) fn may_use(&self, session: &Session) -> bool {
        session.is_usable() && self.sessions.is_current(session.generation, session.born)
    }

    /// Takes note of what a failure says of a session. True where repeating has a chance.
    pub(crate) fn outdate(&self, session: &Session, fate: Fate) -> bool {
        self.sessions.outdate(session.generation, session.born, fate)
    }

    async fn connect(&self) -> Result<(Client, Driver), Error> {
        let failed = |error: tokio_postgres::Error| failure(&error, Doing::Connecting, "").error;
        if let Some(tls) = &self.tls {
            let (client, connection) = self.way.connect(tls.clone()).await.map_err(failed)?;
            Ok((client, drive(connection)))
        } else {
            let (client, connection) = self.way.connect(NoTls).await.map_err(failed)?;
            Ok((client, drive(connection)))
        }
    }

    /// What holds for the life of a session. Not sent as start-up options: poolers refuse those.
    async fn set_limits(&self, client: &Client) -> Result<(), Error> {
        const LIMITS: &str = "SELECT pg_catalog.set_config('statement_timeout', $1, false), \
                              pg_catalog.set_config('TimeZone', 'UTC', false)";
        const PATH: &str = "SELECT pg_catalog.set_config('search_path', $1, false)";
        let ceiling = milliseconds(self.ceiling).to_string();
        let mut settings: Vec<(&str, &(dyn ToSql + Sync))> = vec![(LIMITS, &ceiling)];
        if let Some(path) = &self.search_path {
            settings.push((PATH, path));
        }
        for (sql, value) in settings {
            let set = client.execute_typed(sql, &[(value, Type::TEXT)]).await;
            set.map_err(|error| failure(&error, Doing::Preparing, sql).error)?;
        }
        Ok(())
    }
}

/// Carries the session's bytes in a task of its own. What the server tells unasked is dropped: a notice may repeat
/// values, and the driver would log it.
fn drive<S, T>(mut connection: Connection<S, T>) -> Driver
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    Driver(tokio::spawn(async move {
        while let Some(Ok(_)) = poll_fn(|context| connection.poll_message(context)).await {}
    }))
}

/// In whole milliseconds, at least one: zero would mean no limit.
fn milliseconds(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX).max(1)
}
