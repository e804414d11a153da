//! [`Call`]: what every method of a store is told beside its own arguments.

use crate::{Error, Result, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// One call to a store. Cheap to clone; clones share the state of the write.
#[derive(Clone, Debug)]
pub struct Call {
    /// The request's id, for logs on both sides.
    pub request_id: Arc<str>,
    /// When the answer is worth nothing any more. The core enforces it; adapters hand what is left to the store, so
    /// that it stops too.
    pub deadline: Instant,
    /// The wall clock at the start of the request, for lock and expiry times.
    pub now: Timestamp,
    /// The connection's parameters, by name.
    pub parameters: Arc<BTreeMap<String, String>>,
    write: Arc<AtomicU8>,
}

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const ABANDONED: u8 = 2;

impl Call {
    /// A call that has not written yet.
    pub fn new(
        request_id: impl Into<Arc<str>>,
        deadline: Instant,
        now: Timestamp,
        parameters: Arc<BTreeMap<String, String>>,
    ) -> Self {
        Self {
            request_id: request_id.into(),
            deadline,
            now,
            parameters,
            write: Arc::new(AtomicU8::new(WAITING)),
        }
    }

    /// What is left of the time, zero when nothing is.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The same call for a step of its own: it has not written yet, whatever the first one did.
    #[must_use]
    pub fn next_step(&self) -> Self {
        Self { write: Arc::new(AtomicU8::new(WAITING)), ..self.clone() }
    }

    /// Said by an adapter right before it sends the first thing that may change the store: from here on the outcome
    /// of a call that does not end in time is unknown. `Busy` when the caller has given up already: then the adapter
    /// sends nothing.
    pub fn begin_write(&self) -> Result<()> {
        match self.write.compare_exchange(WAITING, BEGUN, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) | Err(BEGUN) => Ok(()),
            Err(_) => Err(Error::busy("the deadline passed before a session was free; nothing was written")),
        }
    }

    /// Said by the core when it gives up. True when nothing was sent, and now never will be.
    pub fn abandon_write(&self) -> bool {
        self.write.compare_exchange(WAITING, ABANDONED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Whether something may have been sent that changes the store.
    pub fn write_begun(&self) -> bool {
        self.write.load(Ordering::Acquire) == BEGUN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call {
        Call::new("test", Instant::now(), Timestamp::UNIX_EPOCH, Arc::default())
    }

    #[test]
    fn a_write_that_was_given_up_never_begins() {
        let call = call();
        assert!(call.clone().abandon_write());
        assert!(call.begin_write().is_err());
    }

    #[test]
    fn a_write_that_began_can_not_be_given_up() {
        let call = call();
        call.begin_write().unwrap();
        assert!(!call.abandon_write());
        assert!(call.write_begun() && !call.next_step().write_begun());
    }
}
