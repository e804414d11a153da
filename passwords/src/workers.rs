//! [`Workers`]: the threads that hash, apart from the threads that serve.
//!
//! A bounded queue, a deadline for every job and a budget of memory. What waits can be taken back: by its deadline,
//! or because nobody waits for the answer any more. What has begun runs to its end.
//!
//! As long as a thread is free, a job has a thread for itself. When jobs wait, those that can share a thread do: four
//! bcrypts on one take little longer than one alone, so that a storm of logins ends three times as soon.

mod pace;
mod queue;
mod work;
mod worker;

use crate::hash::{Hash, HashFailure, Shape};
use crate::kdf::LaneKind;
use crate::limits::{LimitProblem, Limits};
use crate::write::{Write, Written};
use idstore_secret::Secret;
use queue::{Job, Queue};
use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use work::{Answering, Hashing, Verifying, Work, guarded};
use worker::Worker;

/// How many threads hash, how much may wait, and what it may take. The keys of the configuration's `[hashing]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerOptions {
    /// Threads; 0: one a core. More than cores slows every other thread down.
    pub threads: usize,
    /// Jobs that wait, at most; one more is refused as busy. Each holds a password and a hash, about 1 KiB.
    pub queue_max: usize,
    /// Memory of all running jobs together, in MiB. A job that needs more than is left waits; one that needs more
    /// than all of it fails.
    pub memory_max_mib: u32,
    /// How much lower than the process's own the threads' priority is, 0 to 19. A small step is enough to keep
    /// lookups fast; a large one starves logins when another program uses the machine.
    pub nice: u8,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self { threads: 0, queue_max: 1024, memory_max_mib: 1024, nice: 5 }
    }
}

/// The most threads that can be meant.
const THREADS_MAX: usize = 256;

/// The lowest priority that there is.
const NICE_MAX: u8 = 19;

/// The most jobs that can be meant to wait: more would hold passwords that nobody waits for any more.
const QUEUE_MAX: usize = 100_000;

/// How long the memory of an ended job waits for the next one: through the pauses of a busy store, no longer.
const MEMORY_KEPT: Duration = Duration::from_secs(2);

impl WorkerOptions {
    /// What can't be meant, alone or beside the limits. No I/O.
    pub fn check(&self, limits: &Limits) -> Vec<LimitProblem> {
        let mut problems = Vec::new();
        let mut problem = |key, message| problems.push(LimitProblem { key, message });
        if self.threads > THREADS_MAX {
            problem("threads", format!("{} is more than {THREADS_MAX}; 0 means one a core", self.threads));
        }
        if !(1..=QUEUE_MAX).contains(&self.queue_max) {
            problem("queue_max", format!("{} is not in 1 to {QUEUE_MAX}", self.queue_max));
        }
        if self.nice > NICE_MAX {
            problem("nice", format!("{} is not in 0 to {NICE_MAX}", self.nice));
        }
        let needed_mib = limits.memory_max_kib().div_ceil(1024);
        if u64::from(self.memory_max_mib) < needed_mib {
            let message = format!(
                "the limits let one password take {needed_mib} MiB, which would never fit into {}; raise it, or lower \
                 argon2_memory_max_kib, scrypt_log2_n_max or scrypt_block_size_max",
                self.memory_max_mib
            );
            problem("memory_max_mib", message);
        }
        problems
    }
}

/// Why a job has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkError {
    /// The queue is full, or too long for the job's turn to come before its deadline: told at once. Or it was not begun
    /// by its deadline after all. It was never begun.
    Busy,
    /// A worker panicked on it: a bug.
    Lost,
    /// It ran, or was looked at, and failed.
    Failed(HashFailure),
}

impl fmt::Display for WorkError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => out.write_str("too many passwords wait to be checked"),
            Self::Lost => out.write_str("a worker was lost"),
            Self::Failed(failure) => failure.fmt(out),
        }
    }
}

impl std::error::Error for WorkError {}

/// The threads. Dropping it lets them end after the job in hand; what waits then is answered as busy.
pub struct Workers {
    queue: Arc<Queue>,
    memory_max_kib: u64,
}

impl Workers {
    /// Starts the threads; they live as long as the value. Fails where the system gives no thread.
    ///
    /// Where it refuses to lower their priority, that is logged once and they run at the process's own.
    pub fn start(options: WorkerOptions) -> std::io::Result<Self> {
        let memory_max_kib = u64::from(options.memory_max_mib).saturating_mul(1024);
        let workers = Self {
            queue: Arc::new(Queue::new(options.queue_max, memory_max_kib, MEMORY_KEPT)),
            memory_max_kib,
        };
        let threads = match options.threads {
            0 => thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let (report, reports) = mpsc::channel();
        for number in 0..threads {
            let (queue, report) = (Arc::clone(&workers.queue), report.clone());
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || {
                let lowered = lower_priority(options.nice);
                // Nobody listens if starting another thread failed; the queue is closed then.
                let _unheard = report.send(lowered);
                drop(report);
                // A panic outside a job costs those in the lanes their answers, never the thread.
                let work = || {
                    Worker::new(Arc::clone(&queue)).run();
                    Ok(())
                };
                while guarded(work).is_err() {}
            })?;
        }
        drop(report);
        if let Some(error) = reports.iter().find_map(Result::err) {
            tracing::warn!(%error, "the hashing threads' priority could not be lowered; they run at the process's own");
        }
        Ok(workers)
    }

    /// [`Hash::verify`] on a worker. Ends as busy at the deadline if it was not begun by then; once begun it
    /// answers when it is done.
    pub async fn verify(&self, hash: Hash, password: Secret, deadline: Instant) -> Result<bool, WorkError> {
        let shape = hash.shape();
        self.run(Verifying::new(hash, password), &shape, deadline).await
    }

    /// [`Write::hash`] on a worker, under the same rules.
    pub async fn hash(
        &self,
        write: Write,
        password: Secret,
        deadline: Instant,
    ) -> Result<Written, WorkError> {
        let shape = write.shape();
        self.run(Hashing::new(write, password), &shape, deadline).await
    }

    /// The work of verifying a hash of this shape, for nobody, under the same rules.
    pub async fn stand_in(&self, shape: Shape, password: Secret, deadline: Instant) -> Result<(), WorkError> {
        // Whether a hash that is nobody's happens to match means nothing.
        self.run(Verifying::new(shape.model(), password), &shape, deadline).await.map(|_| ())
    }

    /// How many jobs wait; those that run are not counted.
    pub fn depth(&self) -> usize {
        self.queue.depth()
    }

    async fn run<W: Work>(&self, work: W, shape: &Shape, deadline: Instant) -> Result<W::Answer, WorkError> {
        self.run_with(work, shape.memory_kib(), shape.lane_kind(), deadline).await
    }

    async fn run_with<W: Work>(
        &self,
        work: W,
        memory_kib: u64,
        lane: Option<LaneKind>,
        deadline: Instant,
    ) -> Result<W::Answer, WorkError> {
        if memory_kib > self.memory_max_kib {
            return Err(WorkError::Failed(HashFailure::Memory));
        }
        let (reply, mut answer) = oneshot::channel();
        let job = Job::new(memory_kib, lane, deadline, Box::new(Answering::new(work, reply)));
        let place = self.queue.push(job).ok_or(WorkError::Busy)?;
        tokio::select! {
            biased;
            answered = &mut answer => return answered.unwrap_or(Err(WorkError::Lost)),
            () = tokio::time::sleep_until(deadline.into()) => {}
        }
        if place.withdraw() {
            return Err(WorkError::Busy);
        }
        answer.await.unwrap_or(Err(WorkError::Lost))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Workers").field("depth", &self.depth()).finish_non_exhaustive()
    }
}

/// Lowers the calling thread's priority by so many steps below what it has.
fn lower_priority(steps: u8) -> rustix::io::Result<()> {
    let thread = Some(rustix::thread::gettid());
    let now = rustix::process::getpriority_process(thread)?;
    rustix::process::setpriority_process(
        thread,
        now.saturating_add(i32::from(steps)).min(i32::from(NICE_MAX)),
    )
}

#[cfg(test)]
mod tests;
