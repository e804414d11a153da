//! The workers under control: jobs that wait for a signal, so that nothing is left to time.

mod sharing;

use super::work::Step;
use super::*;
use crate::scheme::scheme;
use std::sync::atomic::{AtomicUsize, Ordering};

fn workers(threads: usize, queue_max: usize) -> Arc<Workers> {
    let options = WorkerOptions { threads, queue_max, memory_max_mib: 64, nice: 0 };
    Arc::new(Workers::start(options).unwrap())
}

fn later() -> Instant {
    Instant::now().checked_add(Duration::from_secs(60)).unwrap()
}

/// Work that is a call, and no derivation.
struct Call<T>(Option<Box<dyn FnOnce() -> Result<T, HashFailure> + Send>>);

impl<T: Send + 'static> Work for Call<T> {
    type Answer = T;

    fn go_on(&mut self, _found: Option<Secret>) -> Result<Step<T>, HashFailure> {
        self.0.take().unwrap()().map(Step::Answer)
    }
}

impl Workers {
    async fn call<T: Send + 'static>(
        &self,
        memory_kib: u64,
        deadline: Instant,
        work: impl FnOnce() -> Result<T, HashFailure> + Send + 'static,
    ) -> Result<T, WorkError> {
        self.run_with(Call(Some(Box::new(work))), memory_kib, None, deadline).await
    }
}

/// A job that runs until it is released, so that what comes behind it waits.
struct Blocker {
    release: mpsc::Sender<()>,
    job: tokio::task::JoinHandle<Result<(), WorkError>>,
}

impl Blocker {
    async fn start(workers: &Arc<Workers>, memory_kib: u64) -> Self {
        let (release, released) = mpsc::channel();
        let (begun, has_begun) = oneshot::channel();
        let workers = Arc::clone(workers);
        let job = tokio::spawn(async move {
            let work = move || {
                begun.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            };
            workers.call(memory_kib, later(), work).await
        });
        has_begun.await.unwrap();
        Self { release, job }
    }

    async fn finish(self) {
        self.release.send(()).unwrap();
        self.job.await.unwrap().unwrap();
    }
}

/// Polls until as many jobs wait; each poll lets the other tasks run.
async fn until_depth(workers: &Workers, depth: usize) {
    while workers.depth() != depth {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_job_that_panics_is_lost_and_the_thread_is_not() {
    let workers = workers(1, 4);
    let lost: Result<(), _> = workers.call(1024, later(), || panic!("on purpose")).await;
    assert_eq!(lost, Err(WorkError::Lost));
    // The same thread, and the memory is back: this one needs all of it.
    assert_eq!(workers.call(64 * 1024, later(), || Ok(7)).await, Ok(7));
}

#[tokio::test]
async fn one_job_more_than_may_wait_is_busy_at_once() {
    let workers = workers(1, 1);
    let blocker = Blocker::start(&workers, 0).await;
    let waiting = tokio::spawn({
        let workers = Arc::clone(&workers);
        async move { workers.call(0, later(), || Ok(1)).await }
    });
    until_depth(&workers, 1).await;
    assert_eq!(workers.call(0, later(), || Ok(2)).await, Err(WorkError::Busy));
    blocker.finish().await;
    assert_eq!(waiting.await.unwrap(), Ok(1));
}

#[tokio::test]
async fn what_was_not_begun_by_its_deadline_is_busy_and_never_runs() {
    let workers = workers(1, 4);
    let blocker = Blocker::start(&workers, 0).await;
    let ran = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ran);
    let work = move || Ok(count.fetch_add(1, Ordering::SeqCst));
    let soon = Instant::now() + Duration::from_millis(5);
    // Answered while the only thread is still held.
    assert_eq!(workers.call(0, soon, work).await, Err(WorkError::Busy));
    assert_eq!(workers.depth(), 0, "it holds no place in the queue");
    blocker.finish().await;
    assert_eq!(workers.call(0, later(), || Ok(())).await, Ok(()));
    assert_eq!(ran.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_busy() {
    let workers = workers(1, 4);
    let past = Instant::now();
    let ran = workers.call(0, past, || Ok(())).await;
    assert_eq!(ran, Err(WorkError::Busy));
}

#[tokio::test]
async fn what_was_begun_before_its_deadline_is_answered_after_it() {
    let workers = workers(1, 4);
    let deadline = Instant::now() + Duration::from_millis(200);
    let work = move || {
        while Instant::now() < deadline {
            std::thread::yield_now();
        }
        Ok(true)
    };
    assert_eq!(workers.call(0, deadline, work).await, Ok(true));
}

#[tokio::test]
async fn a_job_whose_caller_has_left_is_not_run() {
    let workers = workers(1, 4);
    let blocker = Blocker::start(&workers, 0).await;
    let ran = Arc::new(AtomicUsize::new(0));
    let gone = tokio::spawn({
        let (workers, ran) = (Arc::clone(&workers), Arc::clone(&ran));
        async move { workers.call(0, later(), move || Ok(ran.fetch_add(1, Ordering::SeqCst))).await }
    });
    until_depth(&workers, 1).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    assert_eq!(workers.depth(), 0);
    blocker.finish().await;
    assert_eq!(workers.call(0, later(), || Ok(())).await, Ok(()));
    assert_eq!(ran.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn memory_is_given_in_order_and_jobs_without_it_pass() {
    let workers = workers(2, 8);
    let blocker = Blocker::start(&workers, 48 * 1024).await;
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let job = |name: &'static str, memory_mib: u64| {
        let (workers, order) = (Arc::clone(&workers), Arc::clone(&order));
        tokio::spawn(async move {
            let work = move || {
                order.lock().unwrap().push(name);
                Ok(())
            };
            workers.call(memory_mib * 1024, later(), work).await
        })
    };
    let large = job("large", 32);
    until_depth(&workers, 1).await;
    // 16 MiB are left and this one would fit, but the large one is before it.
    let small = job("small", 8);
    until_depth(&workers, 2).await;
    job("none", 0).await.unwrap().unwrap();
    assert_eq!(*order.lock().unwrap(), ["none"]);
    assert_eq!(workers.depth(), 2);
    blocker.finish().await;
    large.await.unwrap().unwrap();
    small.await.unwrap().unwrap();
    let order = order.lock().unwrap().clone();
    assert_eq!(order.len(), 3);
}

#[tokio::test]
async fn a_job_that_needs_more_than_all_memory_fails_and_is_no_wrong_password() {
    let workers = workers(1, 4);
    let failed = workers.call(64 * 1024 + 1, later(), || Ok(true)).await;
    assert_eq!(failed, Err(WorkError::Failed(HashFailure::Memory)));
}

#[tokio::test]
async fn dropping_the_workers_answers_what_waits_and_ends_the_threads() {
    let workers = workers(1, 4);
    let blocker = Blocker::start(&workers, 0).await;
    let queue = Arc::downgrade(&workers.queue);
    let (reply, answer) = oneshot::channel();
    let waiting =
        Job::new(0, None, later(), Box::new(Answering::new(Call(Some(Box::new(|| Ok(())))), reply)));
    let place = workers.queue.push(waiting).unwrap();
    workers.queue.close();
    assert_eq!(answer.await, Ok(Err(WorkError::Busy)));
    assert_eq!(workers.call(0, later(), || Ok(())).await, Err(WorkError::Busy));
    blocker.finish().await;
    drop((place, workers));
    while queue.strong_count() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_three_kinds_of_work_answer() {
    let workers = workers(2, 8);
    let write = Write::parse("sha256:salt.pass").unwrap();
    let written = workers.hash(write.clone(), "password".into(), later()).await.unwrap();
    let columns = crate::scheme::Columns {
        salt: written.salt.as_ref().map(Secret::expose),
        ..crate::scheme::Columns::of(written.hash.expose_text().unwrap())
    };
    let candidate =
        scheme("sha256:salt.pass").unwrap().read(&columns, &crate::Limits::default()).ok().unwrap();
    let hash = Hash::new(vec![candidate]).unwrap();
    assert_eq!(workers.verify(hash.clone(), "password".into(), later()).await, Ok(true));
    assert_eq!(workers.verify(hash.clone(), "passwort".into(), later()).await, Ok(false));
    assert_eq!(workers.stand_in(hash.shape(), "password".into(), later()).await, Ok(()));
    let refused = workers.hash(write, "".into(), later()).await;
    let malformed = HashFailure::Refused(crate::Refusal::Malformed);
    assert_eq!(refused.unwrap_err(), WorkError::Failed(malformed));
}

#[tokio::test]
async fn what_is_unlikely_to_begin_in_time_is_busy_at_once() {
    let workers = workers(1, 1000);
    let work = || {
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(20) {
            std::thread::yield_now();
        }
        Ok(())
    };
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let workers = Arc::clone(&workers);
            tokio::spawn(async move { workers.call(0, later(), work).await })
        })
        .collect();
    until_depth(&workers, 90).await;
    let started = Instant::now();
    let deadline = started.checked_add(Duration::from_millis(500)).unwrap();
    assert_eq!(workers.call(0, deadline, work).await, Err(WorkError::Busy));
    assert!(started.elapsed() < Duration::from_millis(400), "two seconds of work are before it");
    // Those do not wait before it.
    let write = Write::parse("django:bcrypt").unwrap();
    let lane = workers.queue.push(Job::new(
        0,
        Some(LaneKind::Bcrypt),
        deadline,
        Box::new(Answering::new(Hashing::new(write, "password".into()), oneshot::channel().0)),
    ));
    assert!(lane.is_some());
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

#[test]
fn options_that_can_not_be_meant_are_told_by_their_keys() {
    assert_eq!(WorkerOptions::default().check(&Limits::default()), []);
    let options = WorkerOptions { threads: 1000, queue_max: 0, memory_max_mib: 512, nice: 20 };
    let keys: Vec<_> = options.check(&Limits::default()).into_iter().map(|problem| problem.key).collect();
    assert_eq!(keys, ["threads", "queue_max", "nice", "memory_max_mib"]);
    let limits = Limits { argon2_memory_max_kib: 512 * 1024, ..Limits::default() };
    assert_eq!(WorkerOptions { memory_max_mib: 512, ..WorkerOptions::default() }.check(&limits), []);
}

#[test]
fn the_threads_run_at_a_lower_priority_than_the_process() {
    let nice = || rustix::process::getpriority_process(Some(rustix::thread::gettid())).unwrap();
    let own = nice();
    let (lowered, after) = std::thread::spawn(move || (lower_priority(3), nice())).join().unwrap();
    assert_eq!((lowered, after), (Ok(()), (own + 3).min(19)));
    assert_eq!(nice(), own, "the thread alone, not the process");
}
