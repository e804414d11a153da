//! [`Workers`]: threads that each hold a session and take work from one queue.
//!
//! A call that is dropped leaves a mark, and its statement stops at the next look at the clock; the thread then takes
//! the next piece of work. So no session is ever handed on while something still runs on it.

use crate::session::{Limits, Opening, Session};
use idstore_contract::{Error, Result};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;
use tokio::sync::oneshot;

/// The most pieces of work that wait for one kind of session. The core lets fewer calls in; this only keeps a mistake
/// there from filling the memory.
const QUEUE_MAX: usize = 1_024;

type Work = Box<dyn FnOnce(&mut Session) + Send>;

/// Threads that do one kind of work.
pub(crate) struct Workers {
    queue: SyncSender<Work>,
}

impl Workers {
    /// Starts the threads. They end when this is dropped.
    pub(crate) fn start(name: &str, threads: usize, opening: &Opening) -> io::Result<Self> {
        let (queue, work) = mpsc::sync_channel::<Work>(QUEUE_MAX);
        let work = Arc::new(Mutex::new(work));
        for _ in 0..threads {
            let (work, opening) = (Arc::clone(&work), opening.clone());
            thread::Builder::new().name(name.to_owned()).spawn(move || serve(&work, opening))?;
        }
        Ok(Self { queue })
    }

    /// Does one piece of work on a session of these threads.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce(&mut Session, &Limits) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (limits, _mark) = limits(deadline);
        let (answer, answered) = oneshot::channel();
        self.enqueue(Box::new(move |session| {
            let done = if limits.reached() { Err(too_late()) } else { work(session, &limits) };
            tell(answer, done);
        }))?;
        answered.await.map_err(|_| thread_lost())?
    }

    /// Begins a transaction; the thread belongs to it until it has ended.
    pub(crate) async fn begin(&self, deadline: Instant) -> Result<Steps> {
        let (limits, _mark) = limits(deadline);
        let (answer, answered) = oneshot::channel();
        self.enqueue(Box::new(move |session| {
            let begun = if limits.reached() { Err(too_late()) } else { session.begin(&limits) };
            if let Err(error) = begun {
                return tell(answer, Err(error));
            }
            let (queue, steps) = mpsc::channel();
            tell(answer, Ok(Steps { queue, deadline }));
            hold(session, &steps, deadline);
        }))?;
        answered.await.map_err(|_| thread_lost())?
    }

    fn enqueue(&self, work: Work) -> Result<()> {
        self.queue.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) => Error::busy("too many calls wait for a session; nothing was sent"),
            TrySendError::Disconnected(_) => thread_lost(),
        })
    }
}

/// One step of a transaction. Answers whether the transaction has ended with it.
type Step = Box<dyn FnOnce(&mut Session) -> Ended + Send>;

#[derive(PartialEq, Eq)]
enum Ended {
    No,
    Yes,
}

/// The way to a thread that holds a transaction. Dropped, the transaction is undone.
pub(crate) struct Steps {
    queue: Sender<Step>,
    deadline: Instant,
}

impl Steps {
    /// Does something inside the transaction.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session, &Limits) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.step(Ended::No, work).await
    }

    /// Does the last thing inside the transaction.
    pub(crate) async fn end(
        self,
        work: impl FnOnce(&mut Session, &Limits) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.step(Ended::Yes, work).await
    }

    async fn step<T: Send + 'static>(
        &self,
        ended: Ended,
        work: impl FnOnce(&mut Session, &Limits) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (limits, _mark) = limits(self.deadline);
        let (answer, answered) = oneshot::channel();
        let step: Step = Box::new(move |session| {
            tell(answer, work(session, &limits));
            ended
        });
        // The thread undoes a transaction that has not ended by its deadline, and takes no further step.
        self.queue.send(step).map_err(|_| Error::timeout())?;
        answered.await.map_err(|_| Error::timeout())?
    }
}

/// Holds a session for a transaction until it has ended, its owner is gone, or its deadline has passed.
fn hold(session: &mut Session, steps: &Receiver<Step>, deadline: Instant) {
    while let Ok(step) = steps.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        if step(session) == Ended::Yes {
            return;
        }
    }
    session.rollback();
}

fn serve(queue: &Mutex<Receiver<Work>>, opening: Opening) {
    let mut session = Session::new(opening);
    loop {
        let work = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match work {
            Ok(work) => work(&mut session),
            Err(_) => return,
        }
    }
}

/// Set when the caller stops waiting.
struct Mark(Arc<AtomicBool>);

impl Drop for Mark {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn limits(deadline: Instant) -> (Limits, Mark) {
    let cancelled = Arc::new(AtomicBool::new(false));
    (Limits { deadline, cancelled: Arc::clone(&cancelled) }, Mark(cancelled))
}

/// A caller that no longer waits does not get the answer, and that is all right.
fn tell<T>(answer: oneshot::Sender<Result<T>>, done: Result<T>) {
    drop(answer.send(done));
}

fn too_late() -> Error {
    Error::busy("the deadline passed before a session was free; nothing was sent")
}

fn thread_lost() -> Error {
    Error::unexpected("a session's thread has ended")
}
