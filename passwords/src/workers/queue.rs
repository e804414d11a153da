//! The queue between the callers and the worker threads, and the budget of memory.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A piece of work that waits or runs.
pub(super) struct Job {
    id: u64,
    memory_kib: u64,
    deadline: Instant,
    /// Called once: with `true` to do the work, with `false` to answer that it was never begun.
    work: Box<dyn FnOnce(bool) + Send>,
}

/// The jobs that wait, in the order in which they came.
pub(super) struct Queue {
    state: Mutex<State>,
    /// Told when a job came, when memory was given back and when the queue was closed.
    changed: Condvar,
    waiting_max: usize,
}

struct State {
    waiting: VecDeque<Job>,
    memory_left_kib: u64,
    next_id: u64,
    closed: bool,
}

/// A job's place in the queue. Dropping it takes the job back if it still waits.
pub(super) struct Place {
    queue: Arc<Queue>,
    id: u64,
}

/// A job that a worker took, with its memory.
pub(super) struct Taken {
    job: Job,
    _memory: Memory,
}

/// Memory taken from the budget; dropping it gives it back, after a panic too.
struct Memory {
    queue: Arc<Queue>,
    kib: u64,
}

impl Job {
    pub(super) fn new(memory_kib: u64, deadline: Instant, work: impl FnOnce(bool) + Send + 'static) -> Self {
        Self { id: 0, memory_kib, deadline, work: Box::new(work) }
    }
}

impl Taken {
    /// Does the work, or answers that the deadline has passed. The memory is given back before the next job.
    pub(super) fn run(self) {
        let in_time = Instant::now() < self.job.deadline;
        (self.job.work)(in_time);
    }
}

impl Queue {
    pub(super) fn new(waiting_max: usize, memory_max_kib: u64) -> Self {
        let state =
            State { waiting: VecDeque::new(), memory_left_kib: memory_max_kib, next_id: 0, closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), waiting_max }
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
    pub(super) fn next(self: &Arc<Self>) -> Option<Taken> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.take_first_that_fits() {
                let memory = Memory { queue: Arc::clone(self), kib: job.memory_kib };
                return Some(Taken { job, _memory: memory });
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Ends the workers after the job in hand, and answers all that wait.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.changed.notify_all();
        for job in waiting {
            (job.work)(false);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of ours panics while it holds the lock, and every state that it leaves is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Jobs without memory may pass those that wait for memory; among those with memory the order holds, so that
    /// small ones can't keep a large one waiting for ever.
    fn take_first_that_fits(&mut self) -> Option<Job> {
        let mut memory_is_due = false;
        let place = self.waiting.iter().position(|job| {
            let fits = job.memory_kib == 0 || (!memory_is_due && job.memory_kib <= self.memory_left_kib);
            memory_is_due |= !fits;
            fits
        })?;
        let job = self.waiting.remove(place)?;
        self.memory_left_kib = self.memory_left_kib.saturating_sub(job.memory_kib);
        Some(job)
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
        if self.kib > 0 {
            let mut state = self.queue.lock();
            state.memory_left_kib = state.memory_left_kib.saturating_add(self.kib);
            drop(state);
            self.queue.changed.notify_all();
        }
    }
}
