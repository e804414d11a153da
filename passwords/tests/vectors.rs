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

use idstore_passwords::{Accept, Limits, Reading, identify, likely, scheme_names};
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

/// Formats of which the fixture above has no value: made by libraries of their own kind, or with Python's hashlib from the
/// format's description.
#[test]
fn what_is_known_by_its_description_alone_verifies_too() {
    let long = std::env::var_os("IDSTORE_LONG").is_some();
    let mut described = parse(include_str!("fixtures/described.jsonl"));
    described.retain(|vector| long || !vector.slow);
    let problems = on_two_threads(&described, verifies);
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), described.len(), problems.join("\n"));
}

#[test]
fn the_values_that_others_published_verify_too() {
    const PLACE: &str = "IDSTORE_PUBLISHED_VECTORS";
    let Some(file) = std::env::var_os(PLACE) else {
        println!("{PLACE} names no file: the published values, which are not ours to copy, were not checked");
        return;
    };
    let lines = std::fs::read_to_string(&file).unwrap();
    let (short, ours): (Vec<_>, Vec<_>) = parse(&lines).into_iter().partition(|vector| {
        // A salt of fewer than eight bytes, which neither Argon2's reference implementation nor the library takes.
        vector.format.ends_with(":argon2") && vector.salt.as_ref().is_some_and(|salt| salt.len() < 8)
    });
    let problems = on_two_threads(&ours, verifies);
    println!("{} published vectors ran, {} have too short a salt", ours.len(), short.len());
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), ours.len(), problems.join("\n"));
}

#[test]
fn the_scheme_column_or_the_family_read_a_value_as_its_label_does() {
    for vector in vectors() {
        let accept = vector.accept(&vector.format);
        let reading = accept.read(&vector.stored(Some(&vector.format)), &Limits::default());
        let Reading::Hash(hash) = reading else { panic!("{}: {reading:?}", vector.id) };
        assert_eq!(hash.scheme(), vector.format);
        let family = vector.format.split_once(':').map(|(family, _)| family);
        // A family's name that is a scheme's too means that scheme.
        if let Some(family) = family.filter(|family| scheme_names().all(|name| name != *family)) {
            let reading = vector.accept(family).read(&vector.stored(None), &Limits::default());
            assert!(matches!(reading, Reading::Hash(_)), "{}: {reading:?}", vector.id);
        }
    }
}

#[test]
fn without_a_list_the_self_describing_and_strong_are_accepted_and_nothing_else() {
    let (default, warnings) = Accept::parse(None).unwrap();
    assert_eq!(warnings, []);
    let accepted: BTreeSet<_> = default.names().collect();
    for vector in vectors() {
        let reading = default.read(&vector.stored(None), &Limits::default());
        let Some(likely) = likely(vector.stored.expose_text().unwrap())
            .into_iter()
            .find(|likely| likely.name == vector.format)
        else {
            continue;
        };
        let expected = likely.self_describing && !likely.weak && !likely.needs_key;
        assert_eq!(accepted.contains(vector.format.as_str()), expected, "{}", vector.id);
        if expected {
            // DES in braces, and a few rounds, are weak in the value and not in the scheme.
            let stored = vector.stored.expose_text().unwrap().to_uppercase();
            let weak = stored.starts_with("{CRYPT}") && !stored.contains('$') || stored.contains("|500}");
            assert_eq!(matches!(reading, Reading::Hash(_)), !weak, "{}: {reading:?}", vector.id);
        }
    }
}

#[test]
fn a_pasted_value_is_told_its_scheme() {
    for vector in vectors() {
        let names = identify(vector.stored.expose_text().unwrap());
        let clear = ["plaintext", "spring-raw:noop", "ldap:cleartext"].contains(&vector.format.as_str());
        assert_ne!(names.contains(&vector.format.as_str()), clear, "{}: {names:?}", vector.id);
    }
}
