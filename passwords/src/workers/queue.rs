//! The queue between the callers and the worker threads, and the budget of memory.

use super::WorkError;
use super::work::Errand;
use crate::kdf::{LaneKind, Scratch};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A piece of work that waits or runs.
pub(super) struct Job {
    id: u64,
    memory_kib: u64,
    lane: Option<LaneKind>,
    deadline: Instant,
    errand: Box<dyn Errand>,
}

/// The jobs that wait, in the order in which they came.
pub(super) struct Queue {
    state: Mutex<State>,
    /// Told when a job came, when memory was given back and when the queue was closed.
    changed: Condvar,
    waiting_max: usize,
    /// How long memory is kept that no job uses.
    keep: Duration,
}

struct State {
    waiting: VecDeque<Job>,
    /// What no running job has. Some of it is in `kept`.
    memory_left_kib: u64,
    /// Memory of jobs that ended, the last one behind.
    kept: Vec<Kept>,
    /// Threads that wait for a job.
    idle: usize,
    next_id: u64,
    closed: bool,
}

struct Kept {
    /// What the job asked for; the memory itself is a little less, as a function rounds it.
    kib: u64,
    scratch: Scratch,
    since: Instant,
}

/// A job's place in the queue. Dropping it takes the job back if it still waits.
pub(super) struct Place {
    queue: Arc<Queue>,
    id: u64,
}

/// A job that a worker took, with its memory.
pub(super) struct Taken {
    job: Job,
    memory: Memory,
}

/// Memory taken from the budget; dropping it gives it back, after a panic too.
struct Memory {
    queue: Arc<Queue>,
    kib: u64,
    scratch: Scratch,
}

impl Job {
    /// `lane`: what its first derivation can share a thread with.
    pub(super) fn new(
        memory_kib: u64,
        lane: Option<LaneKind>,
        deadline: Instant,
        errand: Box<dyn Errand>,
    ) -> Self {
        Self { id: 0, memory_kib, lane, deadline, errand }
    }
}

impl Taken {
    /// Whether its deadline passed while it waited.
    pub(super) fn is_late(&self) -> bool {
        self.job.deadline <= Instant::now()
    }

    pub(super) fn errand(&mut self) -> &mut dyn Errand {
        &mut *self.job.errand
    }

    /// What a derivation of this job may work in.
    pub(super) fn scratch(&mut self) -> &mut Scratch {
        &mut self.memory.scratch
    }
}

impl Queue {
    pub(super) fn new(waiting_max: usize, memory_max_kib: u64, keep: Duration) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            memory_left_kib: memory_max_kib,
            kept: Vec::new(),
            idle: 0,
            next_id: 0,
            closed: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new(), waiting_max, keep }
    }

    /// `None` when as many wait as may.
    pub(super) fn push(self: &Arc<Self>, mut job: Job) -> Option<Place> {
        let mut state = self.lock();
        if state.closed || state.waiting.len() >= self.waiting_max {
            return None;
        }
        job.id = state.next_id;
        state.next_id = state.next_id.wrapping_add(1);
        let place = Place { queue: Arc::clone(self), id: job.id };
        state.waiting.push_back(job);
        drop(state);
        self.changed.notify_one();
        Some(place)
    }

    /// Waits for a job that may run now; `None` once the queue is closed.
    pub(super) fn wait(self: &Arc<Self>) -> Option<Taken> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.take_first_that_fits(|_| true) {
                return Some(self.hand_out(state, job));
            }
            state.idle = state.idle.saturating_add(1);
            state = self.wait_for_change(state);
            state.idle = state.idle.saturating_sub(1);
        }
    }

    /// A job that may run now, that is wanted for what it can share a thread with, and that no idle thread is there for.
    pub(super) fn spare(self: &Arc<Self>, wanted: impl Fn(Option<LaneKind>) -> bool) -> Option<Taken> {
        let mut state = self.lock();
        if state.closed || state.idle > 0 {
            return None;
        }
        let job = state.take_first_that_fits(wanted)?;
        Some(self.hand_out(state, job))
    }

    pub(super) fn depth(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Ends the workers after the jobs in hand, and answers all that wait.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        let kept = std::mem::take(&mut state.kept);
        drop(state);
        self.changed.notify_all();
        for mut job in waiting {
            job.errand.fail(WorkError::Busy);
        }
        drop(kept);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of ours panics while it holds the lock, and every state that it leaves is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the job its memory: what was kept, if there is some of its size.
    fn hand_out(self: &Arc<Self>, mut state: MutexGuard<'_, State>, job: Job) -> Taken {
        let scratch = state.kept_of(job.memory_kib).unwrap_or_default();
        let too_much = state.no_longer_fitting();
        drop(state);
        drop(too_much);
        let memory = Memory { queue: Arc::clone(self), kib: job.memory_kib, scratch };
        Taken { job, memory }
    }

    /// Waits; what was kept for too long is given back to the system meanwhile.
    fn wait_for_change<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        if state.kept.is_empty() {
            return self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        (state, _) = self.changed.wait_timeout(state, self.keep).unwrap_or_else(PoisonError::into_inner);
        let old = state.kept_for(self.keep);
        if old.is_empty() {
            return state;
        }
        drop(state);
        drop(old);
        self.lock()
    }
}

impl State {
    /// Jobs without memory may pass those that wait for memory; among those with memory the order holds, so that
    /// small ones can't keep a large one waiting for ever.
    fn take_first_that_fits(&mut self, wanted: impl Fn(Option<LaneKind>) -> bool) -> Option<Job> {
        let mut memory_is_due = false;
        let place = self.waiting.iter().position(|job| {
            let fits = job.memory_kib == 0 || (!memory_is_due && job.memory_kib <= self.memory_left_kib);
            memory_is_due |= job.memory_kib > 0;
            fits && wanted(job.lane)
        })?;
        let job = self.waiting.remove(place)?;
        self.memory_left_kib = self.memory_left_kib.saturating_sub(job.memory_kib);
        Some(job)
    }

    fn kept_of(&mut self, kib: u64) -> Option<Scratch> {
        let place = self.kept.iter().rposition(|kept| kept.kib == kib)?;
        Some(self.kept.remove(place).scratch)
    }

    /// The oldest of what is kept, so much of it that jobs and the rest stay within the budget.
    fn no_longer_fitting(&mut self) -> Vec<Kept> {
        let mut left = self.memory_left_kib;
        let fitting = self.kept.iter().rev().take_while(|kept| {
            let rest = left.checked_sub(kept.kib);
            left = rest.unwrap_or(left);
            rest.is_some()
        });
        let too_many = self.kept.len().saturating_sub(fitting.count());
        self.kept.drain(..too_many).collect()
    }

    /// What was kept for so long already.
    fn kept_for(&mut self, time: Duration) -> Vec<Kept> {
        let old = self.kept.iter().take_while(|kept| kept.since.elapsed() >= time).count();
        self.kept.drain(..old).collect()
    }
}

impl Place {
    /// Takes the job back; `false` when a worker has it already.
    pub(super) fn withdraw(&self) -> bool {
        let mut state = self.queue.lock();
        let Some(place) = state.waiting.iter().position(|job| job.id == self.id) else { return false };
        let job = state.waiting.remove(place);
        drop(state);
        // A job behind it may fit now; and what the job holds is wiped outside the lock.
        self.queue.changed.notify_all();
        drop(job);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.withdraw();
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.kib == 0 {
            return;
        }
        let scratch = std::mem::take(&mut self.scratch);
        let mut state = self.queue.lock();
        state.memory_left_kib = state.memory_left_kib.saturating_add(self.kib);
        if !scratch.is_empty() && !state.closed {
            state.kept.push(Kept { kib: self.kib, scratch, since: Instant::now() });
        }
        drop(state);
        self.queue.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Errand for Nothing {
        fn go_on(&mut self, _found: Option<idstore_secret::Secret>) -> Option<crate::kdf::Derivation> {
            None
        }

        fn fail(&mut self, _error: WorkError) {}
    }

    /// Takes a job of so much memory and uses it.
    fn take(queue: &Arc<Queue>, kib: u64) -> Taken {
        let deadline = Instant::now().checked_add(Duration::from_secs(60)).unwrap();
        let _place = queue.push(Job::new(kib, None, deadline, Box::new(Nothing))).unwrap();
        let mut taken = queue.wait().unwrap();
        taken.scratch().with_blocks(kib.try_into().unwrap(), |_| ()).unwrap();
        taken
    }

    fn kept(queue: &Queue) -> Vec<u64> {
        queue.lock().kept.iter().map(|kept| kept.kib).collect()
    }

    #[test]
    fn memory_is_kept_for_the_next_job_of_its_size_within_the_budget() {
        let queue = Arc::new(Queue::new(8, 100, Duration::from_secs(60)));
        drop((take(&queue, 20), take(&queue, 30)));
        assert_eq!(kept(&queue), [20, 30]);
        let again = take(&queue, 20);
        assert_eq!(kept(&queue), [30]);
        drop(again);
        assert_eq!(kept(&queue), [30, 20]);
        // 60 leave room for 40: the older goes, and with 90 the other too.
        let large = take(&queue, 60);
        assert_eq!(kept(&queue), [20]);
        drop(large);
        let larger = take(&queue, 90);
        assert_eq!(kept(&queue), [0; 0]);
        drop(larger);
        queue.close();
        assert_eq!(kept(&queue), [0; 0]);
    }

    #[test]
    fn memory_that_no_job_uses_is_given_back() {
        let queue = Arc::new(Queue::new(8, 100, Duration::from_millis(1)));
        drop(take(&queue, 20));
        let idle = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.wait().is_none()
        });
        while !kept(&queue).is_empty() {
            std::thread::yield_now();
        }
        queue.close();
        assert!(idle.join().unwrap());
    }
}
