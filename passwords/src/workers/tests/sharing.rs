//! Jobs that share a thread, and those that can't.

use super::*;
use crate::hash::{Candidate, Parts};
use crate::kdf::{Algorithm, Argon2, Bcrypt, Kdf, Pbkdf2, Phpass, Scratch, Variant, Version};

/// The hash of this password under each of these, all of them candidates for the same column.
fn hash(kdfs: &[(Kdf, &str)]) -> Hash {
    let candidate = |(kdf, password): &(Kdf, &str)| {
        let digest = Secret::new(vec![0; 16]);
        let mut parts = Parts::new((*kdf).into(), Secret::new(vec![1; 16]), digest);
        parts.digest = parts.derivation(&(*password).into()).run(&mut Scratch::default()).unwrap();
        Candidate { scheme: "test", parts }
    };
    Hash::new(kdfs.iter().map(candidate).collect()).unwrap()
}

fn bcrypt(cost: u32) -> Kdf {
    Kdf::Bcrypt(Bcrypt::new(cost).unwrap())
}

/// Work that says when it begins.
struct Announced<W>(W, Option<oneshot::Sender<()>>);

impl<W: Work> Work for Announced<W> {
    type Answer = W::Answer;

    fn go_on(&mut self, found: Option<Secret>) -> Result<Step<W::Answer>, HashFailure> {
        if let Some(begun) = self.1.take() {
            begun.send(()).unwrap();
        }
        self.0.go_on(found)
    }
}

/// A long bcrypt that a worker has begun.
async fn long_bcrypt(workers: &Arc<Workers>) -> tokio::task::JoinHandle<Result<bool, WorkError>> {
    let (begun, has_begun) = oneshot::channel();
    let verifying = Verifying::new(hash(&[(bcrypt(12), "password")]), "password".into());
    let workers = Arc::clone(workers);
    let running = tokio::spawn(async move {
        workers.run_with(Announced(verifying, Some(begun)), 0, Some(LaneKind::Bcrypt), later()).await
    });
    has_begun.await.unwrap();
    running
}

#[tokio::test]
async fn a_bcrypt_that_waits_shares_the_thread_of_one_that_runs() {
    let workers = workers(1, 16);
    let long = long_bcrypt(&workers).await;
    let (short, other) = (hash(&[(bcrypt(5), "password")]), hash(&[(bcrypt(6), "another")]));
    for _ in 0..4 {
        assert_eq!(workers.verify(short.clone(), "password".into(), later()).await, Ok(true));
        assert_eq!(workers.verify(other.clone(), "password".into(), later()).await, Ok(false));
        assert_eq!(workers.stand_in(short.shape(), "password".into(), later()).await, Ok(()));
    }
    assert!(!long.is_finished(), "one after another, the long one would have ended first");
    assert_eq!(long.await.unwrap(), Ok(true));
}

#[tokio::test]
async fn many_jobs_that_share_threads_each_get_their_own_answer() {
    let workers = workers(2, 200);
    let jobs: Vec<_> = (0..120_u32)
        .map(|number| {
            let kdf = match number % 3 {
                0 => bcrypt(4 + number % 5),
                1 => Kdf::Pbkdf2(Pbkdf2::new(Algorithm::Sha512, 1 + 300 * (number % 7)).unwrap()),
                _ => Kdf::Phpass(Phpass::new(Algorithm::Md5, u8::try_from(7 + number % 5).unwrap()).unwrap()),
            };
            let (password, tried) = (format!("password{number}"), format!("password{}", number / 2 * 2));
            let (workers, hash) = (Arc::clone(&workers), hash(&[(kdf, &password)]));
            tokio::spawn(async move { workers.verify(hash, tried.as_str().into(), later()).await })
        })
        .collect();
    for (number, job) in jobs.into_iter().enumerate() {
        assert_eq!(job.await.unwrap(), Ok(number % 2 == 0), "{number}");
    }
}

#[tokio::test]
async fn a_job_that_can_not_share_a_thread_does_not_wait_for_those_that_do() {
    let workers = workers(1, 16);
    let long = long_bcrypt(&workers).await;
    let pbkdf2 = Kdf::Pbkdf2(Pbkdf2::new(Algorithm::Sha256, 10).unwrap());
    assert_eq!(workers.verify(hash(&[(pbkdf2, "password")]), "password".into(), later()).await, Ok(true));
    assert!(!long.is_finished());
    assert_eq!(long.await.unwrap(), Ok(true));
}

#[tokio::test]
async fn jobs_that_can_not_share_a_thread_do_not_starve_those_that_do() {
    let workers = workers(1, 1024);
    let running = long_bcrypt(&workers).await;
    let others: Vec<_> = (0..500)
        .map(|_| {
            let workers = Arc::clone(&workers);
            let work = || {
                let started = Instant::now();
                while started.elapsed() < Duration::from_millis(20) {
                    std::thread::yield_now();
                }
                Ok(())
            };
            tokio::spawn(async move { workers.call(0, later(), work).await })
        })
        .collect();
    assert_eq!(running.await.unwrap(), Ok(true));
    assert!(
        workers.depth() > 250,
        "ten seconds of others, and a fraction of one for it: {}",
        workers.depth()
    );
    others.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_thread_with_work_leaves_the_next_job_to_one_without() {
    let workers = workers(2, 16);
    let long = long_bcrypt(&workers).await;
    let mut threads = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let name = || Ok(std::thread::current().name().map(str::to_owned));
        threads.insert(workers.call(0, later(), name).await.unwrap());
    }
    assert!(!long.is_finished());
    assert_eq!(threads.len(), 1, "{threads:?}");
    long.await.unwrap().unwrap();
}

#[tokio::test]
async fn candidates_are_tried_in_lanes_and_out_of_them_until_one_agrees() {
    let workers = workers(1, 4);
    let pbkdf2 = Kdf::Pbkdf2(Pbkdf2::new(Algorithm::Sha256, 10).unwrap());
    let argon2 = Kdf::Argon2(Argon2::new(Variant::Id, Version::V19, 64, 1, 1).unwrap());
    let sha512 = Kdf::Pbkdf2(Pbkdf2::new(Algorithm::Sha512, 10).unwrap());
    let phpass = Kdf::Phpass(Phpass::new(Algorithm::Md5, 7).unwrap());
    let hash = hash(&[
        (pbkdf2, "a"),
        (bcrypt(4), "b"),
        (bcrypt(5), "c"),
        (argon2, "d"),
        (sha512, "e"),
        (phpass, "f"),
    ]);
    for (password, answer) in
        [("a", true), ("b", true), ("c", true), ("d", true), ("e", true), ("f", true), ("g", false)]
    {
        assert_eq!(workers.verify(hash.clone(), password.into(), later()).await, Ok(answer), "{password}");
    }
}

#[tokio::test]
async fn a_new_bcrypt_is_hashed_in_a_lane_and_reads_back() {
    let workers = workers(1, 4);
    let long = long_bcrypt(&workers).await;
    let written = workers.hash(Write::parse("bcrypt").unwrap(), "password".into(), later()).await.unwrap();
    long.await.unwrap().unwrap();
    let columns = crate::scheme::Columns::of(written.hash.expose_text().unwrap());
    let candidate = scheme("bcrypt").unwrap().read(&columns, &crate::Limits::default()).ok().unwrap();
    let hash = Hash::new(vec![candidate]).unwrap();
    assert_eq!(workers.verify(hash, "password".into(), later()).await, Ok(true));
}
