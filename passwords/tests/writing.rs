//! New passwords: what is written is read back as the same scheme, and what can't be hashed is refused, never cut.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use idstore_passwords::{
    Accept, HashFailure, Limits, Reading, Refusal, Stored, Write, Written, scheme_names,
};
use idstore_secret::Secret;

const PASSWORD: &str = "pässwörd 🔐";

/// The account of the schemes that take a name.
const USER: &str = "Alice";

fn read(name: &str, written: &Written) -> Reading {
    let (accept, _) = Accept::parse(Some(&[name.to_owned()])).unwrap();
    let parameters = written.parameters.clone().map(Secret::from);
    let stored = Stored {
        salt: written.salt.as_ref(),
        user: Some(USER),
        parameters: parameters.as_ref(),
        ..Stored::new(&written.hash)
    };
    accept.read(&stored, &Limits::default())
}

fn written_schemes() -> Vec<Write> {
    scheme_names().filter_map(|name| Some(Write::parse(name).ok()?.for_user(USER))).collect()
}

/// What takes a quarter of a second and more a time is left to `IDSTORE_LONG=1`, but for these.
const DEAR: [&str; 4] = ["bcrypt", "argon2", "django:pbkdf2_sha256", "wordpress:wp2y"];

#[test]
fn what_is_written_verifies_and_costs_what_was_said() {
    let long = std::env::var_os("IDSTORE_LONG").is_some();
    let check = |write: &Write| {
        let name = write.scheme();
        let started = std::time::Instant::now();
        // DES takes eight bytes.
        let short = write.refuse(&PASSWORD.into()) == Some(Refusal::TooLong);
        let (password, wrong) = if short { ("pässw", "pässv") } else { (PASSWORD, "pässwörd 🔑") };
        let written = write.hash(&password.into()).unwrap();
        assert_eq!(written.salt.is_some(), write.needs_salt_column(), "{name}");
        let Reading::Hash(hash) = read(name, &written) else { panic!("{name}: {:?}", read(name, &written)) };
        assert_eq!(hash.scheme(), name);
        if ["plaintext", "ldap:cleartext"].iter().all(|clear| !name.contains(clear)) && !name.contains("noop")
        {
            let shape = write.shape().to_string();
            assert_eq!(hash.shape().to_string(), shape, "{name}");
        }
        if started.elapsed().as_millis() > 40 && !long && !DEAR.contains(&name) {
            return;
        }
        assert_eq!(hash.verify(&password.into()), Ok(true), "{name}");
        assert_eq!(hash.verify(&wrong.into()), Ok(false), "{name}");
    };
    let schemes = written_schemes();
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(write) = schemes.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    check(write);
                }
            });
        }
    });
}

#[test]
fn the_same_password_is_written_differently_each_time() {
    let write = Write::parse("sha256:salt.pass").unwrap();
    let (one, other) = (write.hash(&PASSWORD.into()).unwrap(), write.hash(&PASSWORD.into()).unwrap());
    assert!(!one.hash.same_as(&other.hash));
    assert!(!one.salt.unwrap().same_as(&other.salt.unwrap()));
}

#[test]
fn new_values_have_the_parameters_of_their_originals() {
    for (name, beginning, length) in [
        ("bcrypt", "$2b$12$", 60),
        ("argon2", "$argon2id$v=19$m=19456,t=2,p=1$", 97),
        ("django:pbkdf2_sha256", "pbkdf2_sha256$1000000$", 89),
        ("django:bcrypt_sha256", "bcrypt_sha256$$2b$12$", 74),
        ("django:argon2", "argon2$argon2id$v=19$m=102400,t=2,p=8$", 112),
        ("django:scrypt", "scrypt$16384$", 128),
        ("passlib:pbkdf2_sha256", "$pbkdf2-sha256$29000$", 87),
        ("passlib:pbkdf2_sha512", "$pbkdf2-sha512$25000$", 130),
    ] {
        let written = Write::parse(name).unwrap().hash(&PASSWORD.into()).unwrap();
        let text = written.hash.expose_text().unwrap().to_owned();
        assert!(text.starts_with(beginning), "{name}");
        assert_eq!(text.len(), length, "{name}");
    }
}

#[test]
fn a_password_that_bcrypt_would_cut_is_refused_and_no_other_scheme_minds() {
    let bcrypt = Write::parse("bcrypt").unwrap();
    let (fits, long) = (Secret::from("é".repeat(36)), Secret::from("é".repeat(36) + "x"));
    assert_eq!(bcrypt.refuse(&fits), None);
    assert_eq!(bcrypt.refuse(&long), Some(Refusal::TooLong));
    assert_eq!(bcrypt.hash(&long).unwrap_err(), HashFailure::Refused(Refusal::TooLong));
    assert_eq!(Write::parse("django:bcrypt").unwrap().refuse(&long), Some(Refusal::TooLong));
    for name in ["django:bcrypt_sha256", "argon2", "django:pbkdf2_sha256", "sha256:salt.pass"] {
        let write = Write::parse(name).unwrap();
        assert_eq!(write.refuse(&Secret::from("x".repeat(1024))), None, "{name}");
        assert_eq!(write.refuse(&Secret::from("x".repeat(1025))), Some(Refusal::TooLong), "{name}");
    }
}

#[test]
fn limits_below_what_is_written_are_a_problem() {
    for write in written_schemes() {
        assert_eq!(write.exceeds(&Limits::default()), None, "{}", write.scheme());
    }
    let limits = Limits { bcrypt_cost_max: 11, ..Limits::default() };
    let problem = Write::parse("bcrypt").unwrap().exceeds(&limits).unwrap();
    assert_eq!(problem.key, "bcrypt_cost_max");
    assert!(problem.message.contains("bcrypt, cost 12"));
}

#[test]
fn an_empty_password_and_one_with_nul_are_malformed() {
    for write in written_schemes() {
        for password in ["", "a\0b"] {
            assert_eq!(write.refuse(&password.into()), Some(Refusal::Malformed), "{}", write.scheme());
        }
    }
}

#[test]
fn a_password_that_reads_like_a_stored_value_is_hashed_like_any_other() {
    for password in ["{SSHA}abc", "$2b$12$x", "!", "*"] {
        let written = Write::parse("sha256:salt.pass").unwrap().hash(&password.into()).unwrap();
        let Reading::Hash(hash) = read("sha256:salt.pass", &written) else { panic!("{password}") };
        assert_eq!(hash.verify(&password.into()), Ok(true));
    }
}

#[test]
fn names_that_can_not_be_written_say_why() {
    let message = |name: &str| Write::parse(name).unwrap_err().message;
    assert_eq!(message("bcrpyt"), "unknown password scheme \"bcrpyt\"; did you mean \"bcrypt\"?");
    assert!(
        message("django")
            .starts_with("\"django\" is a family of password schemes; write one of django:pbkdf2_sha256")
    );
    assert_eq!(message("django:md5"), "the password scheme django:md5 is read, but no longer written");
    assert_eq!(message("store"), "unknown password scheme \"store\"");
}

#[test]
fn a_weak_scheme_is_warned_about_and_a_sound_one_is_not() {
    assert!(Write::parse("md5:salt.pass").unwrap().warning().unwrap().message.contains("weak"));
    assert_eq!(Write::parse("bcrypt").unwrap().warning(), None);
}
