//! [`Worker`]: one thread. It does one job after another while jobs are few, and several at once while they wait.

use super::WorkError;
use super::queue::{Queue, Taken};
use super::work::guarded;
use crate::kdf::{Derivation, LaneKind, Lanes};
use idstore_secret::Secret;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A thread's part of the work.
pub(super) struct Worker {
    queue: Arc<Queue>,
    /// The jobs that share this thread, and what is derived for each.
    lanes: Lanes<(Taken, Derivation)>,
    /// For how long the lanes stood still because of other jobs.
    lanes_are_owed: Duration,
}

impl Worker {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self { queue, lanes: Lanes::new(), lanes_are_owed: Duration::ZERO }
    }

    /// Works until the queue is closed and the jobs in hand are done.
    ///
    /// With empty lanes it waits for any job. With jobs in them it takes one more between two steps, but only what no
    /// other thread is free to take: a thread alone is faster. A job that can't share the thread makes the lanes stand
    /// still; so they have as long for themselves before the next such job, and neither kind can starve the other.
    pub(super) fn run(&mut self) {
        loop {
            if self.lanes.is_empty() {
                self.lanes_are_owed = Duration::ZERO;
                let Some(taken) = self.queue.wait() else { return };
                self.begin(taken);
            } else if let Some(taken) = self.queue.spare(|lane| self.wants(lane)) {
                self.begin(taken);
            }
            let started = Instant::now();
            let ended = self.lanes.step();
            self.lanes_are_owed = self.lanes_are_owed.saturating_sub(started.elapsed());
            for ((taken, derivation), made) in ended {
                self.go_on(taken, Some(derivation.cut(&made)));
            }
        }
    }

    fn wants(&self, lane: Option<LaneKind>) -> bool {
        lane.map_or(self.lanes_are_owed.is_zero(), |kind| self.lanes.has_room(kind))
    }

    fn begin(&mut self, mut taken: Taken) {
        if taken.is_late() {
            taken.errand().fail(WorkError::Busy);
        } else {
            self.go_on(taken, None);
        }
    }

    /// Derives what the job asks for, until it is answered or has a lane.
    fn go_on(&mut self, mut taken: Taken, mut found: Option<Secret>) {
        let started = Instant::now();
        while let Some(derivation) = taken.errand().go_on(found.take()) {
            if let Some((kind, input)) = derivation.lane()
                && self.lanes.has_room(kind)
            {
                return self.lanes.join(input, (taken, derivation));
            }
            match guarded(|| derivation.run(taken.scratch())) {
                Ok(digest) => found = Some(digest),
                Err(error) => {
                    taken.errand().fail(error);
                    break;
                }
            }
        }
        self.lanes_are_owed = self.lanes_are_owed.saturating_add(started.elapsed());
    }
}
