//! [`Opener`]: where sessions come from. Servers are tried in the order of `urls`; one that failed rests while another
//! serves, and is gone back to afterwards.

use crate::ber::{Writer, context};
use crate::doubt::Doubt;
use crate::error::{self, Doing, code, failed};
use crate::message::{Request, Scope};
use crate::plan::Plan;
use crate::session::{Answer, Session, Way};
use crate::verdict;
use idstore_contract::{Error, Secret};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long a session may take until it can be used, where there is one server: a lost packet and its repetition, TLS
/// and a bind.
const OPEN_MAX: Duration = Duration::from_secs(5);
/// The same where there are several: a server that hangs must leave time for the next one within a usual deadline.
const OPEN_MAX_OF_SEVERAL: Duration = Duration::from_secs(1);
/// After a failure nobody tries the same server again for so long: calls are answered at once, and a server that is back
/// is found well within a second.
const REST: Duration = Duration::from_millis(200);
/// The same after the service's own bind was refused: each try counts against its account.
const REST_REFUSED: Duration = Duration::from_secs(1);
/// How long a server that failed is passed over while another one serves.
const PASSED_OVER: Duration = Duration::from_secs(10);
/// A session is replaced after so long, so that a server's new address is found.
const AGE_MAX: Duration = Duration::from_secs(30 * 60);

/// Opens sessions.
pub(crate) struct Opener {
    servers: Vec<Server>,
    /// Who this service is; `None`: nobody, searches are anonymous.
    service: Option<(String, Secret)>,
    open_max: Duration,
}

struct Server {
    host: String,
    port: u16,
    way: Way,
    /// When it last failed, and how; when it was last tried since.
    failed: Mutex<Option<Failed>>,
    /// Whether it hangs, perhaps. `None` where there is no other server.
    doubt: Option<Doubt>,
}

#[derive(Clone)]
struct Failed {
    at: Instant,
    error: Error,
    rest: Duration,
}

impl Opener {
    /// No I/O.
    pub(crate) fn new(plan: &Plan, tls: Option<&TlsConnector>, service: Option<(String, Secret)>) -> Self {
        let server = |address: &crate::address::Address| {
            let way = match (tls, address.name()) {
                (Some(tls), Some(name)) if address.ldaps => Way::Ldaps(tls.clone(), name),
                (Some(tls), Some(name)) if plan.start_tls => Way::StartTls(tls.clone(), name),
                _ => Way::Plain,
            };
            let doubt = (plan.addresses.len() > 1).then(Doubt::default);
            Server { host: address.host.clone(), port: address.port, way, failed: Mutex::default(), doubt }
        };
        let servers: Vec<Server> = plan.addresses.iter().map(server).collect();
        let open_max = if servers.len() > 1 { OPEN_MAX_OF_SEVERAL } else { OPEN_MAX };
        Self { servers, service, open_max }
    }

    /// Whether there is an account of this service.
    pub(crate) fn signs_in(&self) -> bool {
        self.service.is_some()
    }

    /// A session that is this service's.
    pub(crate) async fn for_service(self: &Arc<Self>) -> Result<Session, Error> {
        self.open(true).await
    }

    /// A session that is nobody's yet.
    pub(crate) async fn for_nobody(self: &Arc<Self>) -> Result<Session, Error> {
        self.open(false).await
    }

    /// Whether new work may be given to a session: it is not too old, not of a server that was only second best, and not
    /// older than a doubt whether its server hangs.
    pub(crate) fn may_use(&self, session: &Session) -> bool {
        let better = self.servers.iter().take(session.server);
        let rested = |server: &Server| {
            locked(&server.failed).as_ref().is_none_or(|failed| failed.at.elapsed() > PASSED_OVER)
        };
        let doubted = self.servers.get(session.server).and_then(Server::doubted_since);
        session.born.elapsed() < AGE_MAX
            && !better.into_iter().any(rested)
            && doubted.is_none_or(|since| since < session.born)
    }

    /// In a task of its own: when the caller goes, what was found out about a server is still kept.
    async fn open(self: &Arc<Self>, signed_in: bool) -> Result<Session, Error> {
        let opener = self.clone();
        let opening = tokio::spawn(async move { opener.try_all(signed_in).await });
        opening.await.unwrap_or_else(|_| Err(Error::unexpected("a session could not be opened")))
    }

    async fn try_all(&self, signed_in: bool) -> Result<Session, Error> {
        let mut last = None;
        for passed_over in [false, true] {
            for (index, server) in self.servers.iter().enumerate() {
                match server.may_try(passed_over) {
                    Turn::Not => continue,
                    Turn::Rests(error) => {
                        last = Some(error);
                        continue;
                    }
                    Turn::Now => {}
                }
                match self.try_one(index, server, signed_in).await {
                    Ok(session) => return Ok(session),
                    Err(error) => last = Some(error),
                }
            }
        }
        Err(last.unwrap_or_else(|| Error::unavailable("no server can be reached")))
    }

    async fn try_one(&self, index: usize, server: &Server, signed_in: bool) -> Result<Session, Error> {
        let mut rest = REST;
        let opening = async {
            let tcp = TcpStream::connect((server.host.as_str(), server.port))
                .await
                .map_err(|error| error::unreachable(&error))?;
            let mut session = Session::open(tcp, &server.way, index).await?;
            if signed_in && let Some((dn, password)) = &self.service {
                let answer = session.bind(dn, password).await?;
                if let Err(error) = welcome(&answer) {
                    // Only a server that looked at the password counts.
                    if code::refuses(answer.outcome.code) {
                        rest = REST_REFUSED;
                    }
                    return Err(error);
                }
            }
            // A bind has shown that it does not hang.
            if signed_in && self.service.is_none() && server.doubted_since().is_some() {
                session.search(&hello(), 1).await?;
            }
            session.doubt.clone_from(&server.doubt);
            Ok(session)
        };
        let opened = tokio::time::timeout(self.open_max, opening)
            .await
            .unwrap_or_else(|_| Err(Error::unavailable("the server did not open a session in time")));
        let failed =
            opened.as_ref().err().map(|error| Failed { at: Instant::now(), error: error.clone(), rest });
        let before = std::mem::replace(&mut *locked(&server.failed), failed);
        let name = format!("urls[{index}]");
        match (before, &opened) {
            (None, Err(error)) => tracing::warn!(server = name, %error, "a server does not serve"),
            (Some(_), Ok(_)) => tracing::info!(server = name, "a server serves again"),
            (None, Ok(_)) | (Some(_), Err(_)) => {}
        }
        opened
    }
}

/// A question that every server answers to everybody.
fn hello() -> Request {
    let mut filter = Writer::new();
    filter.octets(context(7), b"objectClass");
    Request::search("", Scope::Base, 1, 1, &filter, &["1.1".to_owned()])
}

/// Whether this service is signed in, and else why not.
fn welcome(answer: &Answer) -> Result<(), Error> {
    if verdict::must_change(answer) {
        return Err(Error::unavailable(
            "the password of the service's own account has expired or must be changed first; see `bind_dn`",
        ));
    }
    if answer.outcome.code != code::SUCCESS {
        return Err(failed(&answer.outcome, Doing::Binding));
    }
    Ok(())
}

/// Whether a server is tried now.
enum Turn {
    Now,
    /// In the other round.
    Not,
    /// It failed a moment ago.
    Rests(Error),
}

impl Server {
    fn doubted_since(&self) -> Option<Instant> {
        self.doubt.as_ref().and_then(Doubt::since)
    }

    /// First those that serve, then those that are passed over. One that is tried again counts as failed until it
    /// serves, so that a hanging server is waited for by one caller and not by all.
    fn may_try(&self, passed_over: bool) -> Turn {
        let mut failed = locked(&self.failed);
        let Some(known) = failed.as_mut() else { return if passed_over { Turn::Not } else { Turn::Now } };
        let since = known.at.elapsed();
        if (since < PASSED_OVER) != passed_over {
            return Turn::Not;
        }
        if since < known.rest {
            return Turn::Rests(known.error.clone());
        }
        if !passed_over {
            known.at = Instant::now();
        }
        Turn::Now
    }
}

/// Nothing that is locked here is left half done by a panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that failed so many seconds ago, or never.
    fn server(failed_before: Option<u64>) -> Server {
        let failed = failed_before.map(|seconds| Failed {
            at: Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap(),
            error: Error::unavailable("gone"),
            rest: REST,
        });
        Server { host: "localhost".into(), port: 1, way: Way::Plain, failed: Mutex::new(failed), doubt: None }
    }

    fn turns(server: &Server) -> [&'static str; 2] {
        [false, true].map(|passed_over| match server.may_try(passed_over) {
            Turn::Now => "now",
            Turn::Not => "not",
            Turn::Rests(_) => "rests",
        })
    }

    #[test]
    fn a_server_that_failed_is_tried_after_those_that_serve() {
        assert_eq!(turns(&server(None)), ["now", "not"]);
        assert_eq!(turns(&server(Some(5))), ["not", "now"]);
        assert_eq!(turns(&server(Some(0))), ["not", "rests"]);
    }

    #[test]
    fn it_is_gone_back_to_and_by_one_caller_first() {
        let rested = server(Some(11));
        assert!(matches!(rested.may_try(false), Turn::Now));
        assert!(matches!(rested.may_try(false), Turn::Not), "a second caller waits for it too");
    }

    #[tokio::test]
    async fn sessions_that_are_older_than_a_doubt_are_not_used_again() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = async || TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let doubt = Doubt::default();
        let doubted = Server { doubt: Some(doubt.clone()), ..server(None) };
        let opener = Opener { servers: vec![doubted], service: None, open_max: OPEN_MAX };
        let old = Session::open(tcp().await, &Way::Plain, 0).await.unwrap();
        assert!(opener.may_use(&old));
        doubt.raise();
        assert!(!opener.may_use(&old));
        let new = Session::open(tcp().await, &Way::Plain, 0).await.unwrap();
        assert!(opener.may_use(&new));
    }

    #[tokio::test]
    async fn sessions_of_the_second_server_end_when_the_first_has_rested() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let session = Session::open(tcp, &Way::Plain, 1).await.unwrap();
        for (failed_before, may_use) in [(Some(1), true), (Some(11), false), (None, false)] {
            let servers = vec![server(failed_before), server(None)];
            let opener = Opener { servers, service: None, open_max: OPEN_MAX };
            assert_eq!(opener.may_use(&session), may_use, "{failed_before:?}");
        }
    }
}
