//! What must never verify and never cost much: markers, cut and garbled values, and values that ask for hours.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use idstore_passwords::{Accept, Limits, Reading, Stored, Unusable, scheme_names};
use idstore_secret::Secret;
use proptest::prelude::*;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

fn default() -> Accept {
    Accept::parse(None).unwrap().0
}

fn everything() -> Accept {
    let names: Vec<String> = scheme_names().filter(|name| can_stand_alone(name)).map(str::to_owned).collect();
    Accept::parse(Some(&names)).unwrap().0
}

/// Not those that need a key, and not those that take any text for a password as it stands.
fn can_stand_alone(name: &str) -> bool {
    const CLEAR: [&str; 3] = ["plaintext", "spring-raw:noop", "ldap:cleartext"];
    !CLEAR.contains(&name) && Accept::parse(Some(&[name.to_owned()])).is_ok()
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap(), u32::try_from(now.tv_nsec).unwrap())
}

/// Whether the password matches, and the CPU time that the answer took.
fn attempt(accept: &Accept, stored: &str, salt: Option<&str>, password: &str) -> (bool, Duration) {
    let (hash, salt, password) = (Secret::from(stored), salt.map(Secret::from), Secret::from(password));
    let started = cpu_time();
    let stored = Stored { salt: salt.as_ref(), ..Stored::new(&hash) };
    let matches = match accept.read(&stored, &Limits::default()) {
        Reading::Hash(hash) => hash.verify(&password).unwrap(),
        Reading::NoPassword | Reading::Unusable(_) => false,
    };
    (matches, cpu_time().saturating_sub(started))
}

/// The schemes of a line's family; of any, where it names none.
fn declared(format: &str) -> Option<Accept> {
    let names = match format {
        "any" => return None,
        // Families of the fixture that are several schemes of the catalogue.
        "postgres" => vec!["postgres_md5", "postgres_scram"],
        name => vec![name],
    };
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    Some(Accept::parse(Some(&names)).unwrap().0)
}

#[test]
fn what_is_malformed_never_matches_and_costs_next_to_nothing() {
    let lines: Vec<_> = include_str!("fixtures/vectors_malformed.jsonl").lines().collect();
    assert_eq!(lines.len(), 105);
    let mut problems = Vec::new();
    for line in lines {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        // A NULL never comes here as a hash; an empty text is its nearest.
        let stored = object["stored"].as_str().unwrap_or_default();
        let password = object["password"].as_str().unwrap();
        let accepts = [Some(default()), declared(object["format"].as_str().unwrap())];
        for accept in accepts.iter().flatten() {
            for salt in [None, Some(""), Some("salt")] {
                let (matches, cost) = attempt(accept, stored, salt, password);
                if matches || cost >= Duration::from_millis(5) {
                    problems.push(format!("matches {matches}, {cost:?}: {line}"));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_malformed_value_is_refused_by_the_whole_catalogue_too_where_it_is_of_no_other_form() {
    let everything = everything();
    for line in include_str!("fixtures/vectors_malformed.jsonl").lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        let stored = object["stored"].as_str().unwrap_or_default();
        let (matches, _) = attempt(&everything, stored, Some("salt"), object["password"].as_str().unwrap());
        assert!(!matches, "{line}");
    }
}

fn reading(accept: &Accept, stored: &str) -> Reading {
    accept.read(&Stored::new(&stored.into()), &Limits::default())
}

#[test]
fn markers_are_no_password_and_not_a_failure() {
    for stored in
        ["", " ", "*", "!", "!!", "x", "*LK*", "NP", "*0", "*1", "not cached", "!QWERTYUIOPasdfghjkl"]
    {
        assert!(matches!(reading(&everything(), stored), Reading::NoPassword), "{stored:?}");
    }
}

#[test]
fn a_refusal_tells_the_reason_and_the_scheme_and_never_the_value() {
    let costly = "$2y$31$abcdefghijklmnopqrstuuxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    let md5 = "md5$jzeCiPIupWfj9wMSsdfsrT$e81a403bb7d2406240d099ee43ade8c2";
    let cases = [
        (costly, Unusable::TooCostly { scheme: "bcrypt", limit: "bcrypt_cost_max" }),
        ("$2y$10$short", Unusable::Malformed { scheme: "bcrypt" }),
        (md5, Unusable::NotAccepted { scheme: "django:md5" }),
        ("hunter2", Unusable::Unknown),
        ("5f4dcc3b5aa765d61d8327deb882cf99", Unusable::Unknown),
    ];
    for (stored, expected) in cases {
        let Reading::Unusable(found) = reading(&default(), stored) else { panic!("{stored}") };
        assert_eq!(found, expected);
        assert!(!found.to_string().contains(stored));
    }
    let salted = Accept::parse(Some(&["md5:salt.pass".to_owned()])).unwrap().0;
    let Reading::Unusable(found) = reading(&salted, "5f4dcc3b5aa765d61d8327deb882cf99") else { panic!() };
    assert_eq!(found, Unusable::MissingSalt { scheme: "md5:salt.pass" });
    let Reading::Unusable(found) = reading(&salted, &"a".repeat(4097)) else { panic!() };
    assert_eq!(found, Unusable::TooLong);
}

#[test]
fn bytes_that_are_no_text_are_unknown() {
    let bytes = Secret::new(vec![0xff, 0xfe]);
    let stored = Stored::new(&bytes);
    assert!(matches!(default().read(&stored, &Limits::default()), Reading::Unusable(Unusable::Unknown)));
}

#[test]
fn every_cost_is_bounded_by_its_own_limit() {
    let digest = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let cases = [
        ("pbkdf2_rounds_max", format!("$pbkdf2-sha256$10000001$c2FsdA${digest}")),
        // The digest has two blocks, so that each round counts twice.
        ("pbkdf2_rounds_max", format!("$pbkdf2-sha1$i=5000001$c2FsdA${digest}")),
        ("argon2_memory_max_kib", format!("$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ${digest}")),
        ("argon2_passes_max", format!("$argon2id$v=19$m=64,t=11,p=1$c29tZXNhbHQ${digest}")),
        ("argon2_lanes_max", format!("$argon2id$v=19$m=1024,t=1,p=17$c29tZXNhbHQ${digest}")),
        ("scrypt_log2_n_max", format!("scrypt$262144$s$8$1${}", "A".repeat(86))),
        ("scrypt_block_size_max", format!("scrypt$16384$s$33$1${}", "A".repeat(86))),
        ("scrypt_memory_max_kib", format!("scrypt$131072$s$32$1${}", "A".repeat(86))),
        ("sha_crypt_rounds_max", format!("$6$rounds=10000001$salt${}", "A".repeat(85) + ".")),
        ("phpass_log2_rounds_max", format!("$P$NIQRqz7PX{}", "A".repeat(21) + ".")),
        ("digest_rounds_max", format!("$shiro1$SHA-256$10000001$c2FsdA==${digest}=")),
        ("digest_rounds_max", format!("$sha1$10000001$salt${}", "..........................") + ".."),
        ("yescrypt_memory_max_kib", format!("$y$jFT$salt${}", "A".repeat(42) + ".")),
        ("scrypt_parallelism_max", format!("scrypt$16384$s$8$11${}", "A".repeat(86))),
    ];
    for (expected, stored) in cases {
        let Reading::Unusable(Unusable::TooCostly { limit, .. }) = reading(&default(), &stored) else {
            panic!("{stored}: {:?}", reading(&default(), &stored))
        };
        assert_eq!(limit, expected);
    }
}

/// Texts near to stored values: a known beginning, and fields of likely characters behind it.
fn near_miss() -> impl Strategy<Value = String> {
    let beginnings: Vec<&'static str> = vec![
        "",
        "$2b$",
        "$2a$04$",
        "$argon2id$",
        "$argon2i$v=19$m=8,t=1,p=1$",
        "argon2$argon2d$",
        "pbkdf2_sha256$",
        "pbkdf2_sha1$1$",
        "bcrypt$$2b$",
        "bcrypt_sha256$$2b$04$",
        "scrypt$2$",
        "sha1$",
        "sha1$$",
        "md5$",
        "md5$$",
        "crypt$$",
        "$pbkdf2$1$",
        "$pbkdf2-sha256$",
        "$pbkdf2-sha512$i=1$",
        "$pbkdf2-sha1$i=1,l=20$",
        "$P$B",
        "$S$D",
        "U$S$5",
        "$1$",
        "$5$rounds=1000$",
        "$6$",
        "$7$C6..../....",
        "$y$j9T$",
        "$md5,rounds=1$",
        "$sha1$1$",
        "_J9..",
        "{SSHA}",
        "{CRYPT}$2y$04$",
        "{PBKDF2-SHA256}1$",
        "{SCRAM-SHA-256}1,",
        "{FSHP1|16|1}",
        "SCRAM-SHA-256$1:",
        ":B:",
        ":pbkdf2-legacyB:!sha512:1:64!",
        "$H\\2y$9",
        "$shiro1$SHA-256$1$",
        "$sha1$pf=",
        "$firescrypt$ln=1,r=1,p=1$",
        "{\"value\":\"",
        "$A$001$",
        "{ssha256}06$",
        "BCRYPT:4:",
        "!bcrypt!04!",
        "0x0100",
        "*",
        "S:",
        "AQAAAAEAAAAB",
    ];
    let rest = "[$,=.+/A-Za-z0-9é-]{0,120}";
    (proptest::sample::select(beginnings), rest).prop_map(|(beginning, rest)| format!("{beginning}{rest}"))
}

proptest! {
    #[test]
    fn no_text_makes_the_parsers_panic(stored in prop_oneof![any::<String>(), near_miss()], salt in any::<Option<String>>()) {
        let (hash, salt) = (Secret::from(stored.clone()), salt.map(Secret::from));
        let stored_columns = Stored { salt: salt.as_ref(), ..Stored::new(&hash) };
        let _ = everything().read(&stored_columns, &Limits::default());
        let _ = idstore_passwords::identify(&stored);
    }

    #[test]
    fn no_bytes_make_the_parsers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), scheme in any::<String>()) {
        let hash = Secret::new(bytes);
        let stored = Stored { scheme: Some(&scheme), ..Stored::new(&hash) };
        let _ = everything().read(&stored, &Limits::default());
    }
}
