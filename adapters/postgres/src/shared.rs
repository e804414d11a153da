//! Shared sessions: single plain SELECTs, sent one after the other without waiting (pipelined) over one or two
//! sessions.
//!
//! The server answers in the order in which it was asked, so one slow statement holds up those behind it. Therefore a
//! session whose oldest answer is late takes no new read, and what waits behind is sent again elsewhere. Nothing is
//! ever cancelled on the server here: a cancel request would hit whichever statement runs when it arrives.

use crate::error::Failure;
use crate::opener::Opener;
use crate::session::Session;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared as SharedFuture, maybe_done};
use idstore_contract::Error;
use idstore_sql::{Doing, Fate, Rows, Statement, Value};
use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::timeout_at;

/// How many shared sessions there are at most.
const LANES: usize = 2;
/// An answer is late when its statement has been the oldest for so long: a lookup by an index takes a twentieth.
const LATE: Duration = Duration::from_millis(20);
/// The most answers that one session may owe; the next read goes elsewhere.
const OWED_MAX: usize = 64;

/// The shared sessions of a store.
pub(crate) struct Shared {
    opener: Arc<Opener>,
    lanes: [Mutex<Option<Opening>>; LANES],
    turn: AtomicUsize,
}

/// A session that is being opened or is open; many callers may wait for it.
type Opening = SharedFuture<BoxFuture<'static, Result<Arc<Pipeline>, Error>>>;

impl Shared {
    /// Opens nothing yet.
    pub(crate) fn new(opener: Arc<Opener>) -> Self {
        Self { opener, lanes: Default::default(), turn: AtomicUsize::new(0) }
    }

    /// A session that takes a read. `None` where each has more than enough to do.
    pub(crate) async fn choose(&self) -> Result<Option<Arc<Pipeline>>, Error> {
        self.choose_one(Pipeline::takes_reads).await
    }

    /// A session on which a read waits for nobody: it is sent again only once.
    pub(crate) async fn choose_idle(&self) -> Result<Option<Arc<Pipeline>>, Error> {
        self.choose_one(Pipeline::is_idle).await
    }

    async fn choose_one(&self, fits: fn(&Pipeline) -> bool) -> Result<Option<Arc<Pipeline>>, Error> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let lanes =
            || (0..LANES).filter_map(|lane| self.lanes.get(turn.wrapping_add(lane).checked_rem(LANES)?));
        for lane in lanes() {
            if let Some(Ok(pipeline)) = self.opening(lane).peek()
                && fits(pipeline)
            {
                return Ok(Some(pipeline.clone()));
            }
        }
        let mut failed = None;
        let mut is_any_open = false;
        for lane in lanes() {
            match self.opened(lane).await {
                Ok(pipeline) if fits(&pipeline) => return Ok(Some(pipeline)),
                Ok(_) => is_any_open = true,
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if !is_any_open => Err(error),
            _ => Ok(None),
        }
    }

    /// Waits for a lane's session. One that was outdated while it was opened is opened again, once.
    async fn opened(&self, lane: &Mutex<Option<Opening>>) -> Result<Arc<Pipeline>, Error> {
        let pipeline = self.opening(lane).await?;
        if self.opener.may_use(&pipeline.session) { Ok(pipeline) } else { self.opening(lane).await }
    }

    /// What stands in a lane, or a new session where that is of no further use. It is opened in a task of its own: a
    /// caller who leaves does not stop it.
    fn opening(&self, lane: &Mutex<Option<Opening>>) -> Opening {
        let mut lane = locked(lane);
        if let Some(opening) = &*lane {
            let is_good = match opening.peek() {
                None => true,
                Some(Ok(pipeline)) => self.opener.may_use(&pipeline.session),
                Some(Err(_)) => false,
            };
            if is_good {
                return opening.clone();
            }
        }
        let opener = self.opener.clone();
        let task = tokio::spawn(async move { opener.open().await.map(Pipeline::new) });
        let opening = task
            .map(|opened| {
                opened.unwrap_or_else(|_| Err(Error::unexpected("the opening of a session broke off")))
            })
            .boxed()
            .shared();
        *lane = Some(opening.clone());
        opening
    }
}

/// One shared session, and who waits for answers from it.
pub(crate) struct Pipeline {
    pub(crate) session: Session,
    owed: Mutex<Owed>,
}

/// The answers that the server owes, in the order in which it gives them.
struct Owed {
    answers: VecDeque<u64>,
    next: u64,
    /// Since when the first of them is the first.
    oldest_since: Instant,
}

impl Pipeline {
    fn new(session: Session) -> Arc<Self> {
        let owed = Owed { answers: VecDeque::new(), next: 0, oldest_since: Instant::now() };
        Arc::new(Self { session, owed: Mutex::new(owed) })
    }

    /// Whether a new read may be sent.
    fn takes_reads(&self) -> bool {
        let owed = locked(&self.owed);
        self.session.is_usable() && owed.answers.len() < OWED_MAX && !owed.is_late()
    }

    /// Whether a new read would be answered next.
    fn is_idle(&self) -> bool {
        self.session.is_usable() && locked(&self.owed).answers.is_empty()
    }

    /// Sends a read. `Err` is the index of a value that its type can't hold; then nothing was sent.
    ///
    /// The read goes on in a task of its own, whoever waits for it: only so is it known when the server is done with
    /// it. After a timeout the session takes no new work, ends what it carries and is replaced.
    pub(crate) fn send(
        self: &Arc<Self>,
        statement: &Arc<Statement>,
        values: &[Value],
        deadline: Instant,
    ) -> Result<Result<Sent, usize>, Error> {
        let parameters = match self.session.bind(statement, values)? {
            Ok(parameters) => parameters,
            Err(position) => return Ok(Err(position)),
        };
        let (pipeline, statement) = (self.clone(), statement.clone());
        let run = async move { pipeline.session.run(&statement, parameters, Doing::Reading).await };
        let mut run = Box::pin(maybe_done(run));
        let number = {
            let mut owed = locked(&self.owed);
            // The driver sends at the first poll. Under the lock, so that the order here is the order on the wire.
            let _is_done = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            owed.add()
        };
        let pipeline = self.clone();
        let answer = tokio::spawn(async move {
            let in_time = timeout_at(deadline.into(), run.as_mut()).await;
            if in_time.is_err() {
                pipeline.session.spoil();
            }
            locked(&pipeline.owed).remove(number);
            let lost = || Failure { error: Error::timeout(), fate: Fate::Usable };
            run.as_mut().take_output().unwrap_or_else(|| Err(lost()))
        });
        Ok(Ok(Sent { pipeline: self.clone(), number, answer }))
    }
}

impl Owed {
    fn add(&mut self) -> u64 {
        if self.answers.is_empty() {
            self.oldest_since = Instant::now();
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.answers.push_back(number);
        number
    }

    fn remove(&mut self, number: u64) {
        if self.answers.front() == Some(&number) {
            self.oldest_since = Instant::now();
        }
        self.answers.retain(|other| *other != number);
    }

    fn is_late(&self) -> bool {
        !self.answers.is_empty() && self.oldest_since.elapsed() > LATE
    }
}

/// A read that was sent. Dropping it leaves the session as it is.
pub(crate) struct Sent {
    pub(crate) pipeline: Arc<Pipeline>,
    number: u64,
    answer: JoinHandle<Result<Rows, Failure>>,
}

impl Sent {
    /// The answer, or `None` as soon as it waits behind one that is late: then it is to be sent again elsewhere, while
    /// this one may still be answered.
    pub(crate) async fn answer_or_stuck(&mut self) -> Option<Result<Rows, Failure>> {
        loop {
            match timeout_at(self.late_at().into(), Pin::new(&mut self.answer)).await {
                Ok(answer) => return Some(answer.unwrap_or_else(|_| Err(broke_off()))),
                Err(_) if self.is_stuck() => return None,
                Err(_) => {}
            }
        }
    }

    /// The answer, however long it takes.
    pub(crate) async fn answer(&mut self) -> Result<Rows, Failure> {
        Pin::new(&mut self.answer).await.unwrap_or_else(|_| Err(broke_off()))
    }

    /// The first may be slow itself; another one is stuck behind it, or on a session that lost its way.
    fn is_stuck(&self) -> bool {
        let owed = locked(&self.pipeline.owed);
        let is_first = owed.answers.front() == Some(&self.number);
        self.pipeline.session.is_spoiled() || (!is_first && owed.is_late())
    }

    fn late_at(&self) -> Instant {
        let soonest = Instant::now().checked_add(Duration::from_millis(1));
        let late = locked(&self.pipeline.owed).oldest_since.checked_add(LATE);
        late.max(soonest).unwrap_or_else(Instant::now)
    }
}

fn broke_off() -> Failure {
    Error::unexpected("the task that reads broke off").into()
}

/// Nothing that is locked here is left half done by a panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
