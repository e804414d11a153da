//! Exclusive sessions: transactions, and reads that do not share.
//!
//! A session that saw a timeout or a dropped call never goes back to the pool: the server may still be running what
//! nobody waits for, and the next caller would wait for it. Such sessions are replaced, but only as many as the pool is
//! large: were there no limit, clients that ask and leave would fill a slow server.

use crate::error::Failure;
use crate::opener::Opener;
use crate::session::Session;
use deadpool::managed::{
    Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, TimeoutType, Timeouts,
};
use futures_util::future::{Either, join, select};
use idstore_contract::{Call, Error, ErrorKind};
use idstore_sql::{Doing, Fate, Ran, Rows, Statement, Value};
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::error::Elapsed;
use tokio::time::timeout_at;

/// How long after its caller's deadline a discarded session is waited for: the server's own limit has ended its
/// statement by then, or the server is not there.
const GRACE: Duration = Duration::from_secs(1);

/// The pool of exclusive sessions.
pub(crate) struct Exclusive {
    pool: Pool<Sessions>,
    opener: Arc<Opener>,
    /// One permit for each session that may be discarded and replaced while the server still works for it.
    replaceable: Arc<Semaphore>,
}

impl Exclusive {
    /// At most `pool_max` sessions; none is opened before it is needed.
    pub(crate) fn new(opener: Arc<Opener>, pool_max: usize) -> Result<Self, Error> {
        let pool = Pool::builder(Sessions(opener.clone()))
            .max_size(pool_max)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|_| Error::unexpected("the pool of sessions can't be made"))?;
        Ok(Self { pool, opener, replaceable: Arc::new(Semaphore::new(pool_max)) })
    }

    /// A session for this caller alone, within the deadline.
    pub(crate) async fn lease(&self, deadline: Instant) -> Result<Lease, Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeouts = Timeouts { wait: Some(left), create: Some(left), recycle: None };
        match self.pool.timeout_get(&timeouts).await {
            Ok(object) => Ok(Lease {
                session: Arc::clone(&object),
                object: Some(object),
                replaceable: Arc::clone(&self.replaceable),
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

    /// Runs one lookup in a transaction of its own, which ends with the deadline on the server too.
    pub(crate) async fn read(
        &self,
        call: &Call,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Ran, Broken> {
        let lease = self.lease(call.deadline).await?;
        let parameters = match lease.bind(statement, values)? {
            Ok(parameters) => parameters,
            Err(position) => {
                lease.give_back();
                return Ok(Ran::Unfit { position });
            }
        };
        let commands = self.opener.begin(call.remaining());
        let in_transaction = alone(&lease, &commands, lease.run(statement, parameters, Doing::Reading));
        let Ok(outcome) = timeout_at(call.deadline.into(), in_transaction).await else {
            return Err(Error::timeout().into());
        };
        match outcome {
            Ok(rows) => {
                lease.give_back();
                Ok(Ran::Rows(rows))
            }
            Err(failure) => {
                let repeat = self.opener.outdate(&lease, failure.fate);
                if failure.fate == Fate::Usable {
                    lease.give_back();
                }
                Err(Broken { error: failure.error, repeat })
            }
        }
    }

    /// Whether the server accepts a SELECT. One that it refuses leaves a transaction that nothing more can be said in, and
    /// its session is not pooled again.
    pub(crate) async fn knows(&self, call: &Call, select: &str) -> Result<bool, Error> {
        let lease = self.lease(call.deadline).await?;
        match lease.batch(&format!("BEGIN READ ONLY; {select}; ROLLBACK"), Doing::Reading).await {
            Ok(()) => {
                lease.give_back();
                Ok(true)
            }
            Err(failure) if failure.error.kind() == ErrorKind::Misconfigured => Ok(false),
            Err(failure) => Err(failure.error),
        }
    }

    /// Opens a transaction. A pooled session that turns out dead at BEGIN is replaced once: nothing was sent yet that
    /// could be repeated.
    pub(crate) async fn begin(&self, call: &Call) -> Result<PostgresTransaction, Error> {
        let mut is_first = true;
        loop {
            let lease = self.lease(call.deadline).await?;
            let commands = self.opener.begin(call.remaining());
            let answer = timeout_at(call.deadline.into(), lease.batch(&commands, Doing::Writing)).await;
            match answer.map_err(|_| Error::timeout())? {
                Ok(()) => {
                    let opener = self.opener.clone();
                    return Ok(PostgresTransaction { lease, opener, deadline: call.deadline, failed: false });
                }
                Err(failure) => {
                    if !self.opener.outdate(&lease, failure.fate) || !is_first {
                        return Err(failure.error);
                    }
                    is_first = false;
                }
            }
        }
    }
}

/// A lookup that failed, and whether it may be repeated once on a new session.
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

/// BEGIN, the lookup and COMMIT in one round trip. A failed lookup makes a ROLLBACK of the COMMIT.
async fn alone(
    session: &Session,
    begin: &str,
    lookup: impl Future<Output = Result<Rows, Failure>>,
) -> Result<Rows, Failure> {
    let first_two = pin!(join(session.batch(begin, Doing::Reading), lookup));
    let commit = pin!(session.batch("COMMIT", Doing::Reading));
    // Polled in this order, and so sent in this order.
    let ((opened, read), ended) = match select(first_two, commit).await {
        // Too many rows: COMMIT is answered after the last of them, and nobody waits for that.
        Either::Left((both, _)) if session.is_spoiled() => (both, Ok(())),
        Either::Left((both, commit)) => (both, commit.await),
        Either::Right((ended, first_two)) => (first_two.await, ended),
    };
    opened?;
    let rows = read?;
    ended.map(|()| rows)
}

/// Makes sessions for the pool.
struct Sessions(Arc<Opener>);

impl Manager for Sessions {
    type Type = Arc<Session>;
    type Error = Error;

    async fn create(&self) -> Result<Arc<Session>, Error> {
        self.0.open().await.map(Arc::new)
    }

    async fn recycle(&self, session: &mut Arc<Session>, _: &Metrics) -> RecycleResult<Error> {
        if self.0.may_use(session) { Ok(()) } else { Err(RecycleError::message("of no further use")) }
    }
}

/// A session that is lent to one caller. Discarded when dropped: only [`Lease::give_back`] returns it.
pub(crate) struct Lease {
    session: Arc<Session>,
    object: Option<Object<Sessions>>,
    replaceable: Arc<Semaphore>,
    until: Instant,
}

impl Lease {
    /// Back to the pool, for nothing runs on the session any more.
    pub(crate) fn give_back(mut self) {
        if !self.session.is_spoiled() {
            self.object = None;
        }
    }
}

impl Deref for Lease {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        // Without a runtime nothing works any more, and nobody waits for a session.
        match Handle::try_current() {
            Ok(runtime) => {
                let (session, replaceable) = (Arc::clone(&self.session), Arc::clone(&self.replaceable));
                runtime.spawn(discard(object, session, replaceable, self.until));
            }
            Err(_) => drop(Object::take(object)),
        }
    }
}

/// Takes a session out of the pool and closes it once the server has answered everything that was sent on it. Its place
/// is free at once while few others end like this, else with its end.
async fn discard(
    object: Object<Sessions>,
    session: Arc<Session>,
    replaceable: Arc<Semaphore>,
    until: Instant,
) {
    let replaced = replaceable.try_acquire();
    let mut object = Some(object);
    if replaced.is_ok() {
        drop(object.take().map(Object::take));
    }
    // Its answer comes last, if at all; what it says does not matter.
    timeout_at(until.into(), session.batch("ROLLBACK", Doing::Reading)).await.ok();
    drop(object.map(Object::take));
}

/// A transaction that writes.
pub(crate) struct PostgresTransaction {
    lease: Lease,
    opener: Arc<Opener>,
    deadline: Instant,
    /// A statement failed, and the server will make a ROLLBACK of a COMMIT without saying so.
    failed: bool,
}

impl idstore_sql::Transaction for PostgresTransaction {
    async fn run(&mut self, statement: &Arc<Statement>, values: Vec<Value>) -> Result<Ran, Error> {
        match self.lease.bind(statement, &values)? {
            Ok(parameters) => {
                // The lookup that proves a write only reads, and its errors are a lookup's.
                let only_reads = statement.key().kind().only_reads();
                let doing = if only_reads { Doing::Reading } else { Doing::Writing };
                let run = self.lease.run(statement, parameters, doing);
                let outcome = timeout_at(self.deadline.into(), run).await;
                self.note(outcome).map(Ran::Rows)
            }
            Err(position) => Ok(Ran::Unfit { position }),
        }
    }

    async fn lock(&mut self, name: &str) -> Result<(), Error> {
        let outcome = timeout_at(self.deadline.into(), self.lease.lock(name)).await;
        self.note(outcome)
    }

    async fn commit(mut self) -> Result<(), Error> {
        if self.failed {
            return Err(Error::unexpected("a transaction whose statement failed was to be committed"));
        }
        let outcome = timeout_at(self.deadline.into(), self.lease.batch("COMMIT", Doing::Committing)).await;
        self.note(outcome)?;
        self.lease.give_back();
        Ok(())
    }

    async fn rollback(mut self) -> Result<(), Error> {
        if self.lease.is_spoiled() {
            // The session is discarded, and the server undoes what nobody commits.
            return Ok(());
        }
        let outcome = timeout_at(self.deadline.into(), self.lease.batch("ROLLBACK", Doing::Writing)).await;
        if self.note(outcome).is_ok() {
            self.lease.give_back();
        }
        Ok(())
    }
}

impl PostgresTransaction {
    /// Remembers what an outcome says of the session.
    fn note<T>(&mut self, outcome: Result<Result<T, Failure>, Elapsed>) -> Result<T, Error> {
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(failure)) => {
                self.failed = true;
                if self.opener.outdate(&self.lease, failure.fate) {
                    self.lease.spoil();
                }
                Err(failure.error)
            }
            Err(_) => {
                self.failed = true;
                self.lease.spoil();
                Err(Error::timeout())
            }
        }
    }
}
