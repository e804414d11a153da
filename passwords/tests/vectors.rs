//! Values that the original software made: each is verified with its password and with a wrong one.
//!
//! The slow ones run only with `IDSTORE_LONG=1`; the output tells how many ran and how many were left.

#![allow(clippy::print_stdout, reason = "a run says what it left out")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod vector;

use idstore_passwords::Reading;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use vector::{Vector, parse};

/// Slow here, though their notes do not say so: each takes a quarter of a second or more.
const SLOW: [&str; 6] = [
    "argon2#12",
    "argon2#15",
    "argon2#22",
    "django:pbkdf2_sha1#02",
    "django:pbkdf2_sha1#04",
    "django:pbkdf2_sha256#07",
];

fn vectors() -> Vec<Vector> {
    parse(include_str!("fixtures/vectors.jsonl"))
}

/// Each vector on one of two threads, as there are at least that many cores; the problems that were found.
fn on_two_threads(vectors: &[Vector], check: impl Fn(&Vector) -> Result<(), String> + Sync) -> Vec<String> {
    let (next, problems) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(vector) = vectors.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let problem = check(vector).err().map(|problem| format!("{}: {problem}", vector.id));
                    problems.lock().unwrap().extend(problem);
                }
            });
        }
    });
    problems.into_inner().unwrap()
}

fn verifies(vector: &Vector) -> Result<(), String> {
    let hash = match vector.read() {
        Reading::Hash(hash) => hash,
        other => return Err(format!("{other:?}")),
    };
    if hash.scheme() != vector.format {
        return Err(format!("read as {}", hash.scheme()));
    }
    match (hash.verify(&vector.password), hash.verify(&vector.wrong)) {
        (Ok(true), Ok(false)) => Ok(()),
        (right, wrong) => Err(format!("right {right:?}, wrong {wrong:?}")),
    }
}

#[test]
fn every_value_of_the_originals_verifies_and_a_wrong_password_does_not() {
    let long = std::env::var_os("IDSTORE_LONG").is_some();
    let all = vectors();
    let labels: BTreeSet<_> = all.iter().map(|vector| vector.format.clone()).collect();
    assert_eq!((all.len(), labels.len()), (819, 317), "the fixture is not whole");
    let (slow, quick): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|vector| vector.slow || SLOW.contains(&vector.id.as_str()));
    let mut problems = on_two_threads(&quick, verifies);
    if long {
        problems.extend(on_two_threads(&slow, verifies));
    }
    let (ran, left) = if long { (quick.len() + slow.len(), 0) } else { (quick.len(), slow.len()) };
    println!("{ran} vectors of {} formats ran, {left} were left for IDSTORE_LONG=1", labels.len());
    assert!(problems.is_empty(), "{} of {ran}:\n{}", problems.len(), problems.join("\n"));
}
