//! [`Opener`]: where sessions come from, and which of them may still be used.
//!
//! A session is born with its limits set and every statement prepared and compared with the configuration, so that a
//! server that does not fit is found out at the first session and at each later one, and never in the middle of a
//! write.

use crate::config::Config;
use crate::error::{Failure, unreachable};
use crate::login::{self, Cover, Who};
use crate::session::Session;
use crate::settings;
use crate::wire::Wire;
use idstore_contract::{Error, Problem, Secret};
use idstore_sql::{Doing, Fate, Sessions, Statements};
use rustix::net::sockopt;
use rustls_pki_types::ServerName;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

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
    way: Way,
    who: Who,
    statements: Arc<Statements>,
    /// The longest deadline of any call: no statement runs longer.
    ceiling: Duration,
    sessions: Sessions,
}

/// How the server is reached.
enum Way {
    Socket(PathBuf),
    Tcp { host: String, port: u16, tls: Option<(TlsConnector, ServerName<'static>)> },
}

impl Opener {
    /// No I/O.
    pub(crate) fn new(
        config: &Config,
        password: Option<Secret>,
        tls: Option<(TlsConnector, ServerName<'static>)>,
        statements: Arc<Statements>,
        ceiling: Duration,
    ) -> Self {
        let way = match config.socket_path() {
            Some(path) => Way::Socket(path.to_owned()),
            None => Way::Tcp { host: config.host.clone(), port: config.port, tls },
        };
        let who = Who {
            user: config.user.clone(),
            password,
            database: config.database.clone(),
            program: config.application_name.clone(),
        };
        Self { way, who, statements, ceiling, sessions: Sessions::default() }
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
            let (wire, number) =
                self.sessions.remember(self.sign_in().await.map_err(|failure| failure.error))?;
            let mut session = Session::new(wire, number, generation);
            let learned = self.settle(&mut session).await;
            learned.map(|problems| (session, problems)).map_err(|failure| failure.error)
        };
        let too_slow =
            |_| self.sessions.remember(Err(Error::unavailable("the server did not open a session in time")));
        timeout(OPEN_MAX, opened).await.unwrap_or_else(too_slow)
    }

    /// Whether new work may be given to a session.
    pub(crate) fn may_use(&self, session: &mut Session) -> bool {
        session.is_usable() && self.sessions.is_current(session.generation, session.born)
    }

    /// Takes note of what a failure says of a session. True where repeating has a chance.
    pub(crate) fn outdate(&self, session: &Session, fate: Fate) -> bool {
        self.sessions.outdate(session.generation, session.born, fate)
    }

    /// Takes note that a session serves: what was remembered of a server that does not is no longer so.
    pub(crate) fn serves(&self) {
        self.sessions.serves();
    }

    /// Ends what the server still does on a session that nobody listens to any more, over another one. Behind an
    /// address that moved, another server has given the number to somebody else: that one is left alone.
    pub(crate) async fn kill(&self, busy: &Session) -> Result<(), Failure> {
        let (wire, own) = self.sign_in().await?;
        let mut session = Session::new(wire, own, self.sessions.generation());
        let server = settings::which(&session.ask(settings::WHICH, &[], Doing::Reading).await?);
        if server == busy.server {
            session.command(&format!("KILL {}", busy.number), Doing::Reading).await?;
        }
        session.hang_up().await;
        Ok(())
    }

    /// The database, whose name is part of the names of locks: those of a server are shared by all of its databases.
    pub(crate) fn database(&self) -> &str {
        &self.who.database
    }

    async fn sign_in(&self) -> Result<(Wire, u32), Failure> {
        match &self.way {
            Way::Socket(path) => {
                let stream = UnixStream::connect(path).await.map_err(unreachable)?;
                login::sign_in(stream, Cover::Local, &self.who).await
            }
            Way::Tcp { host, port, tls } => {
                let stream = timeout(CONNECT_MAX, TcpStream::connect((host.as_str(), *port))).await;
                let stream = stream.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                let stream = stream.map_err(unreachable)?;
                self.watch(&stream).map_err(unreachable)?;
                let cover = match tls {
                    Some(tls) => Cover::Tls(Box::new(tls.clone())),
                    None => Cover::None,
                };
                login::sign_in(stream, cover, &self.who).await
            }
        }
    }

    /// Lets the kernel notice a server that is gone without a word.
    fn watch(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        sockopt::set_socket_keepalive(stream, true)?;
        sockopt::set_tcp_keepidle(stream, KEEPALIVE_IDLE)?;
        sockopt::set_tcp_keepintvl(stream, KEEPALIVE_INTERVAL)?;
        sockopt::set_tcp_keepcnt(stream, KEEPALIVE_RETRIES)?;
        let silence_ms = u32::try_from(self.ceiling.as_millis()).unwrap_or(u32::MAX);
        Ok(sockopt::set_tcp_user_timeout(stream, silence_ms)?)
    }

    async fn settle(&self, session: &mut Session) -> Result<Vec<Problem>, Failure> {
        session.command(&settings::set(self.ceiling), Doing::Preparing).await?;
        session.command(settings::ISOLATE, Doing::Preparing).await?;
        session.server = settings::compare(&session.ask(settings::SHOW, &[], Doing::Preparing).await?)?;
        session.learn(&self.statements).await
    }
}
