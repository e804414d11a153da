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

use idstore_passwords::{Accept, Hash, Limits, Reading, Stored, identify};
use idstore_secret::Secret;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Slow here, though their notes do not say so: each takes a quarter of a second or more.
const SLOW: [&str; 6] = [
    "argon2#12",
    "argon2#15",
    "argon2#22",
    "django:pbkdf2_sha1#02",
    "django:pbkdf2_sha1#04",
    "django:pbkdf2_sha256#07",
];

struct Vector {
    id: String,
    format: String,
    stored: Secret,
    salt: Option<Secret>,
    password: Secret,
    wrong: Secret,
    slow: bool,
}

fn vectors() -> Vec<Vector> {
    let read = |line: &str| {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| object[key].as_str().map(str::to_owned);
        assert!(matches!(object["salt_encoding"].as_str(), None | Some("utf8")), "{line}");
        Vector {
            id: text("id").unwrap(),
            format: text("format").unwrap(),
            stored: text("stored").unwrap().into(),
            salt: text("salt").map(Secret::from),
            password: text("password").unwrap().into(),
            wrong: text("wrong_password").unwrap().into(),
            slow: text("note").unwrap().contains("slow ~") || SLOW.contains(&text("id").unwrap().as_str()),
        }
    };
    include_str!("fixtures/vectors.jsonl").lines().map(read).collect()
}

fn read(accept: &Accept, vector: &Vector) -> Hash {
    let stored = Stored { hash: &vector.stored, salt: vector.salt.as_ref(), scheme: None };
    match accept.read(&stored, &Limits::default()) {
        Reading::Hash(hash) => hash,
        other => panic!("{}: {other:?}", vector.id),
    }
}

fn accept(name: &str) -> Accept {
    Accept::parse(Some(&[name.to_owned()])).unwrap().0
}

/// Each vector on one of two threads, as there are at least that many cores.
fn on_two_threads(vectors: &[Vector], check: impl Fn(&Vector) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(vector) = vectors.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(vector);
                }
            });
        }
    });
}

#[test]
fn every_value_of_the_originals_verifies_and_a_wrong_password_does_not() {
    let long = std::env::var_os("IDSTORE_LONG").is_some();
    let (slow, quick): (Vec<_>, Vec<_>) = vectors().into_iter().partition(|vector| vector.slow);
    let check = |vector: &Vector| {
        let hash = read(&accept(&vector.format), vector);
        assert_eq!(hash.scheme(), vector.format);
        assert_eq!(hash.verify(&vector.password), Ok(true), "{}", vector.id);
        assert_eq!(hash.verify(&vector.wrong), Ok(false), "{}", vector.id);
    };
    on_two_threads(&quick, check);
    if long {
        on_two_threads(&slow, check);
    }
    let (ran, left) = if long { (quick.len() + slow.len(), 0) } else { (quick.len(), slow.len()) };
    println!("{ran} vectors ran, {left} were left for IDSTORE_LONG=1");
    assert!(ran >= 140, "the fixture is not whole");
}

#[test]
fn the_scheme_column_or_the_family_read_a_value_as_its_label_does() {
    let everything = everything();
    for vector in vectors() {
        let stored =
            Stored { hash: &vector.stored, salt: vector.salt.as_ref(), scheme: Some(&vector.format) };
        let Reading::Hash(hash) = everything.read(&stored, &Limits::default()) else {
            panic!("{}", vector.id)
        };
        assert_eq!(hash.scheme(), vector.format);
        if let Some((family, _)) = vector.format.split_once(':') {
            read(&accept(family), &vector);
        }
    }
}

#[test]
fn without_a_list_the_self_describing_and_strong_are_accepted_and_nothing_else() {
    let (default, warnings) = Accept::parse(None).unwrap();
    assert_eq!(warnings, []);
    for vector in vectors() {
        let stored = Stored { hash: &vector.stored, salt: vector.salt.as_ref(), scheme: None };
        let reading = default.read(&stored, &Limits::default());
        let strong =
            ["bcrypt", "argon2", "pbkdf2", "django:scrypt"].iter().any(|part| vector.format.contains(part));
        assert_eq!(matches!(reading, Reading::Hash(_)), strong, "{}: {reading:?}", vector.id);
    }
}

#[test]
fn a_pasted_value_is_told_its_scheme() {
    for vector in vectors() {
        let names = identify(vector.stored.expose_text().unwrap());
        assert!(names.contains(&vector.format.as_str()), "{}: {names:?}", vector.id);
    }
}

fn everything() -> Accept {
    let names: Vec<String> = idstore_passwords::scheme_names().map(str::to_owned).collect();
    Accept::parse(Some(&names)).unwrap().0
}
