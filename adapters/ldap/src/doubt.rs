//! [`Doubt`]: whether somebody gave up waiting for a server that kept still.
//!
//! A server that hangs keeps its connections: those that wait in the pool look alive, and each would cost a caller its
//! whole deadline. A slow search looks the same, so a doubt is no proof: it makes sessions be opened anew, which a server
//! that hangs does not do and one that is slow does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who gave up sooner was in a hurry. A server has answered something within this time, or is slow.
const STILL: Duration = Duration::from_secs(1);

/// What is doubted since when. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doubt(Arc<Mutex<Option<Instant>>>);

impl Doubt {
    /// Begins to wait for a message.
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting { doubt: Some(self.clone()), since: Instant::now() }
    }

    pub(crate) fn raise(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// When it came up last.
    pub(crate) fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits. Dropped before it is over, that somebody has given up: the deadline has passed, or the caller is gone.
#[derive(Debug)]
pub(crate) struct Waiting {
    doubt: Option<Doubt>,
    since: Instant,
}

impl Waiting {
    /// Something came, or the connection broke, which says enough by itself.
    pub(crate) fn over(mut self) {
        self.doubt = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(doubt) = self.doubt.take()
            && self.since.elapsed() >= STILL
        {
            doubt.raise();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting_for(doubt: &Doubt, waited: Duration) -> Waiting {
        Waiting { doubt: Some(doubt.clone()), since: Instant::now().checked_sub(waited).unwrap() }
    }

    #[test]
    fn who_gives_up_after_a_second_doubts_and_who_is_in_a_hurry_does_not() {
        let doubt = Doubt::default();
        drop(waiting_for(&doubt, Duration::from_millis(900)));
        assert!(doubt.since().is_none());
        drop(waiting_for(&doubt, STILL));
        assert!(doubt.since().is_some());
    }

    #[test]
    fn an_answer_that_comes_late_is_no_reason_to_doubt() {
        let doubt = Doubt::default();
        waiting_for(&doubt, STILL).over();
        assert!(doubt.since().is_none());
    }
}
