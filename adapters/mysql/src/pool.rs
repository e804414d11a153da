//! The pool of sessions: each is lent to one caller at a time.
//!
//! A session that saw a timeout or a dropped call never goes back to the pool: the server may still be running what
//! nobody waits for, and the next caller would wait for it. Such sessions are replaced, but only as many as the pool is
//! large: were there no limit, clients that ask and leave would fill a slow server.

use crate::error::Failure;
use crate::opener::Opener;
use crate::session::Session;
use crate::transaction::MysqlTransaction;
use deadpool::managed::{
    Manager, Metrics, Object, Pool as Sessions, PoolError, RecycleError, RecycleResult, TimeoutType, Timeouts,
};
use idstore_contract::{Call, Error};
use idstore_sql::{Doing, Fate, Ran, Statement, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

/// How long after its caller's deadline a discarded session is waited for: the server's own limit has ended its
/// statement by then, or the server is not there.
const GRACE: Duration = Duration::from_secs(1);

/// The pool of sessions.
pub(crate) struct Pool {
    sessions: Sessions<Maker>,
    opener: Arc<Opener>,
    /// One permit for each session that may be discarded and replaced while the server still works for it.
    replaceable: Arc<Semaphore>,
}

impl Pool {
    /// At most `pool_max` sessions; none is opened before it is needed.
    pub(crate) fn new(opener: Arc<Opener>, pool_max: usize) -> Result<Self, Error> {
        let opening = Arc::new(Semaphore::new(pool_max));
        let sessions = Sessions::builder(Maker { opener: opener.clone(), opening })
            .max_size(pool_max)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|_| Error::unexpected("the pool of sessions can't be made"))?;
        Ok(Self { sessions, opener, replaceable: Arc::new(Semaphore::new(pool_max)) })
    }

    /// A session for this caller alone, within the deadline.
    pub(crate) async fn lease(&self, deadline: Instant) -> Result<Lease, Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeouts = Timeouts { wait: Some(left), create: Some(left), recycle: None };
        match self.sessions.timeout_get(&timeouts).await {
            Ok(object) => Ok(Lease {
                object: Some(object),
                opener: self.opener.clone(),
                replaceable: self.replaceable.clone(),
                until: deadline.checked_add(GRACE).unwrap_or(deadline),
            }),
            Err(PoolError::Backend(error)) => Err(error),
            Err(PoolError::Timeout(TimeoutType::Wait)) => Err(Error::busy("no session was free in time")),
            Err(PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle)) => Err(Error::timeout()),
            Err(PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_)) => {
                Err(Error::unexpected("the pool of sessions failed"))
            }
        }
    }

    /// Runs one lookup by itself.
    pub(crate) async fn read(
        &self,
        call: &Call,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Ran, Broken> {
        let mut lease = self.lease(call.deadline).await?;
        let outcome = lease.session()?.run(statement, values, Doing::Reading).await;
        lease.end(outcome)
    }

    /// Whether the server accepts a SELECT.
    pub(crate) async fn knows(&self, call: &Call, select: &str) -> Result<bool, Error> {
        let mut lease = self.lease(call.deadline).await?;
        let outcome = lease.session()?.accepts(select).await;
        lease.end(outcome).map_err(|broken| broken.error)
    }

    /// One round trip that shows that the server serves.
    pub(crate) async fn alive(&self, call: &Call) -> Result<(), Broken> {
        let mut lease = self.lease(call.deadline).await?;
        let outcome = lease.session()?.alive().await;
        lease.end(outcome)
    }

    /// Opens a transaction. A pooled session that turns out dead at its first word is replaced once: nothing was sent
    /// yet that could be repeated.
    pub(crate) async fn begin(&self, call: &Call) -> Result<MysqlTransaction, Error> {
        let mut is_first = true;
        loop {
            let mut lease = self.lease(call.deadline).await?;
            let opened = lease.session()?.command("START TRANSACTION", Doing::Reading);
            let answer = timeout_at(call.deadline.into(), opened).await.map_err(|_| Error::timeout())?;
            let Err(failure) = answer else { return Ok(MysqlTransaction::new(lease, call.deadline)) };
            let broken = lease.broke(failure);
            if !broken.repeat || !is_first {
                return Err(broken.error);
            }
            is_first = false;
        }
    }
}

/// What failed, and whether it may be repeated once on a new session.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) error: Error,
    pub(crate) repeat: bool,
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self { error, repeat: false }
    }
}

/// Makes sessions for the pool.
struct Maker {
    opener: Arc<Opener>,
    /// One permit for each session that is being opened, whether or not somebody still waits for it.
    opening: Arc<Semaphore>,
}

impl Manager for Maker {
    type Type = Session;
    type Error = Error;

    async fn create(&self) -> Result<Session, Error> {
        let permit = self.opening.clone().acquire_owned().await;
        let permit = permit.map_err(|_| Error::unexpected("the pool of sessions is closed"))?;
        let opener = self.opener.clone();
        // Where a login takes longer than its caller waits, callers that come and go must not fill the server with it:
        // it is finished, and what comes of it is remembered.
        let task = tokio::spawn(async move {
            let session = opener.open().await;
            drop(permit);
            session
        });
        task.await.unwrap_or_else(|_| Err(Error::unexpected("the opening of a session failed")))
    }

    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<Error> {
        if self.opener.may_use(session) { Ok(()) } else { Err(RecycleError::message("of no further use")) }
    }
}

/// A session that is lent to one caller. Discarded when dropped: only [`Lease::give_back`] returns it.
pub(crate) struct Lease {
    object: Option<Object<Maker>>,
    opener: Arc<Opener>,
    replaceable: Arc<Semaphore>,
    until: Instant,
}

impl Lease {
    /// The session.
    pub(crate) fn session(&mut self) -> Result<&mut Session, Error> {
        self.object.as_deref_mut().ok_or_else(|| Error::unexpected("a session is used that was given back"))
    }

    /// The database's name.
    pub(crate) fn database(&self) -> &str {
        self.opener.database()
    }

    /// Back to the pool, where nothing is left over on the session.
    pub(crate) fn give_back(mut self) {
        if self.object.as_deref_mut().is_some_and(Session::is_usable) {
            self.object = None;
        }
    }

    /// Gives the session back where it may still be used, and says what a failure means for the next try.
    fn end<T>(mut self, outcome: Result<T, Failure>) -> Result<T, Broken> {
        if outcome.is_ok() {
            self.opener.serves();
        }
        let outcome = outcome.map_err(|failure| self.broke(failure));
        self.give_back();
        outcome
    }

    /// Takes note of what a failure says of the session.
    pub(crate) fn broke(&mut self, failure: Failure) -> Broken {
        let repeat = self.object.as_deref_mut().is_some_and(|session| {
            if failure.fate == Fate::Lost {
                session.lose();
            }
            self.opener.outdate(session, failure.fate)
        });
        Broken { error: failure.error, repeat }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        // Without a runtime nothing works any more, and nobody waits for a session.
        match Handle::try_current() {
            Ok(runtime) => {
                let (opener, replaceable) = (self.opener.clone(), self.replaceable.clone());
                drop(runtime.spawn(discard(object, opener, replaceable, self.until)));
            }
            Err(_) => drop(Object::take(object)),
        }
    }
}

/// Takes a session out of the pool and ends it, and what the server still does on it. Its place is free at once while
/// few others end like this, else with its end.
async fn discard(
    mut object: Object<Maker>,
    opener: Arc<Opener>,
    replaceable: Arc<Semaphore>,
    until: Instant,
) {
    if let Ok(_replaced) = replaceable.try_acquire() {
        end(&mut Object::take(object), &opener, until).await;
    } else {
        end(&mut object, &opener, until).await;
        drop(Object::take(object));
    }
}

/// The server does not notice that nobody listens before it has an answer, so it is told.
async fn end(session: &mut Session, opener: &Opener, until: Instant) {
    let ending = async {
        if session.is_busy() {
            // Where that fails, the limits of the session end it.
            opener.kill(session).await.ok();
        }
        session.hang_up().await;
    };
    timeout_at(until.into(), ending).await.ok();
}
