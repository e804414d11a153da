//! [`Pool`]: the sessions of the service, each for one caller at a time. No user is ever bound on them.

use crate::opener::Opener;
use crate::session::Session;
use deadpool::managed::{
    Manager, Metrics, Object, PoolError, RecycleError, RecycleResult, TimeoutType, Timeouts,
};
use idstore_contract::{Call, Error};
use std::sync::Arc;

/// The pooled sessions.
pub(crate) struct Pool(deadpool::managed::Pool<Sessions>);

/// A session for this caller alone. It goes back to the pool by itself, and is thrown away there if it broke.
pub(crate) type Lease = Object<Sessions>;

impl Pool {
    /// At most `pool_max` sessions; none is opened before it is needed.
    pub(crate) fn new(opener: Arc<Opener>, pool_max: usize) -> Result<Self, Error> {
        deadpool::managed::Pool::builder(Sessions(opener))
            .max_size(pool_max)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map(Self)
            .map_err(|_| Error::unexpected("the pool of sessions can't be made"))
    }

    /// Throws away the sessions that wait here.
    pub(crate) fn drain(&self) {
        self.0.retain(|_, _| false);
    }

    /// A session, within the deadline.
    pub(crate) async fn lease(&self, call: &Call) -> Result<Lease, Error> {
        let left = Some(call.remaining());
        match self.0.timeout_get(&Timeouts { wait: left, create: left, recycle: None }).await {
            Ok(lease) => Ok(lease),
            Err(PoolError::Backend(error)) => Err(error),
            Err(PoolError::Timeout(TimeoutType::Wait)) => Err(Error::busy("no session was free in time")),
            Err(PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle)) => Err(Error::timeout()),
            Err(PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_)) => {
                Err(Error::unexpected("the pool of sessions failed"))
            }
        }
    }
}

/// What the pool is made of.
pub(crate) struct Sessions(Arc<Opener>);

impl Manager for Sessions {
    type Type = Session;
    type Error = Error;

    async fn create(&self) -> Result<Session, Error> {
        self.0.for_service().await
    }

    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<Error> {
        if session.is_alive() && self.0.may_use(session) {
            Ok(())
        } else {
            Err(RecycleError::message("the session is not used again"))
        }
    }
}
