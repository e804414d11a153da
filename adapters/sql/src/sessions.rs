//! [`Sessions`]: which sessions with a database server may still be used, and whether opening one has a chance.

use idstore_contract::{Error, ErrorKind, Problem};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After a failure nobody tries again for so long: calls to a server that is down are answered at once, and it is
/// found again well within a second.
const REST: Duration = Duration::from_millis(200);
/// A session is replaced after so long, so that a server's new address is found.
const AGE_MAX: Duration = Duration::from_secs(30 * 60);

/// What was being done when it failed: the same code of a server means something else in a lookup and in a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Opening a session.
    Connecting,
    /// Preparing a statement.
    Preparing,
    /// Running a statement that changes nothing.
    Reading,
    /// Running a statement in a transaction that writes.
    Writing,
    /// Waiting for the answer to COMMIT: a session lost here leaves the outcome unknown.
    Committing,
}

/// What a failure says of the session that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    Usable,
    /// It is gone, or leads to a server that no longer serves us. A read may be repeated on a new one.
    Lost,
    /// Its prepared statements no longer fit the schema. A read may be repeated on a new one.
    Stale,
}

/// What is known of the sessions with one server. They belong to generations; a generation ends when one of its sessions
/// turns out dead or stale.
#[derive(Debug, Default)]
pub struct Sessions {
    generation: AtomicU64,
    failed: Mutex<Option<(Instant, Error)>>,
    warned: AtomicBool,
}

impl Sessions {
    /// The generation of a session that is opened now.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The error of a moment ago, where there is one: then opening a session has no chance yet.
    pub fn rest(&self) -> Result<(), Error> {
        match locked(&self.failed).as_ref() {
            Some((at, error)) if at.elapsed() < REST => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Remembers for a moment that the server can't be reached, or does not fit; or that it does.
    pub fn remember<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        *locked(&self.failed) = outcome.as_ref().err().map(|error| (Instant::now(), error.clone()));
        outcome
    }

    /// Takes note that a session serves: what was remembered of a server that does not is no longer so.
    pub fn serves(&self) {
        *locked(&self.failed) = None;
    }

    /// Whether new work may be given to a session of that generation and age.
    pub fn is_current(&self, generation: u64, born: Instant) -> bool {
        generation == self.generation() && born.elapsed() < AGE_MAX
    }

    /// Takes note of what a failure says of a session: after one that turned out dead or stale none of its generation
    /// is given new work, so that what is repeated runs on a new one. True where repeating has a chance.
    pub fn outdate(&self, generation: u64, born: Instant, fate: Fate) -> bool {
        let is_new = born.elapsed() < REST;
        if fate == Fate::Usable || (fate == Fate::Stale && is_new) {
            // What a session prepared a moment ago can't be stale: the statement itself is wrong.
            return false;
        }
        let next = generation.wrapping_add(1);
        // Another one of the same generation may have said so already.
        self.generation.compare_exchange(generation, next, Ordering::AcqRel, Ordering::Acquire).ok();
        true
    }

    /// Of what a new session found: errors keep it from being used; warnings are logged once.
    pub fn accept(&self, problems: &[Problem]) -> Result<(), Error> {
        if let Some(problem) = problems.iter().find(|problem| problem.is_error()) {
            return Err(Error::new(ErrorKind::Misconfigured, "the server does not fit the configuration")
                .with("key", problem.key.clone())
                .with("problem", problem.message.clone()));
        }
        if !self.warned.swap(true, Ordering::AcqRel) {
            for problem in problems {
                tracing::warn!(key = problem.key, "{}", problem.message);
            }
        }
        Ok(())
    }
}

/// Nothing that is locked here is left half done by a panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_session_ends_its_generation_once() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let generation = sessions.generation();
        assert!(sessions.is_current(generation, now));
        assert!(!sessions.outdate(generation, now, Fate::Usable) && sessions.is_current(generation, now));
        assert!(sessions.outdate(generation, now, Fate::Lost));
        assert!(!sessions.is_current(generation, now));
        let next = sessions.generation();
        // A second one of the old generation ends nothing more.
        assert!(sessions.outdate(generation, now, Fate::Lost));
        assert!(sessions.is_current(next, now));
    }

    #[test]
    fn what_was_prepared_a_moment_ago_is_not_stale() {
        let sessions = Sessions::default();
        assert!(!sessions.outdate(sessions.generation(), Instant::now(), Fate::Stale));
        let Some(old) = Instant::now().checked_sub(REST) else { return };
        assert!(sessions.outdate(sessions.generation(), old, Fate::Stale));
    }

    #[test]
    fn a_failure_is_remembered_until_a_session_serves() {
        let sessions = Sessions::default();
        assert!(sessions.rest().is_ok());
        sessions.remember::<()>(Err(Error::unavailable("down"))).unwrap_err();
        assert_eq!(sessions.rest().unwrap_err().kind(), ErrorKind::Unavailable);
        sessions.serves();
        assert!(sessions.rest().is_ok());
    }
}
