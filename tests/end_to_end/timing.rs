//! Nobody learns from the answer, or from its time, who has an account.

use crate::daemon::Daemon;
use serde_json::json;
use std::time::{Duration, Instant};

/// bcrypt of cost 8 of `CANARY-right-1`, made by the crypt(3) of libxcrypt.
const HASH: &str = "$2b$08$abcdefghijklmnopqrstuuNO5GKmCnVjw/ZjalHJ.3UDXUYZ7SjOC";

/// Who is tried with a wrong password.
const CLASSES: [&str; 4] = ["known", "blocked", "marked", "nobody"];

fn daemon() -> Daemon {
    let account = |name: &str, password: &str, more: &str| {
        format!(
            "[[stores.memory.people.accounts]]\nuser_id = \"{name}\"\nusername = \"{name}\"\npassword = \"{password}\"\n{more}\n"
        )
    };
    let accounts = account("known", HASH, "")
        + &account("blocked", HASH, "blocked = true")
        + &account("marked", "!", "");
    Daemon::start_ready(&format!(
        "[stores.memory.people]\n{accounts}[stores.memory.people.passwords]\nwrite = \"bcrypt\"\n\
         [connections.customers]\nstore = \"people\"\n"
    ))
}

/// The time of one login that fails.
fn fail(daemon: &Daemon, name: &str) -> Duration {
    let began = Instant::now();
    let answer = daemon.ask("customers", "login", &json!({ "identifier": name, "password": "CANARY-wrong" }));
    let took = began.elapsed();
    answer.expect(403, "invalid_credentials");
    took
}

/// How many jobs of a hash worker the metrics count.
fn jobs(daemon: &Daemon) -> usize {
    let metrics = daemon.page("/metrics").text;
    let count = |line: &str| line.rsplit(' ').next().and_then(|number| number.parse::<usize>().ok());
    metrics
        .lines()
        .filter(|line| line.starts_with("idstore_hash_duration_seconds_count"))
        .filter_map(count)
        .sum()
}

/// Counted in every run; in the long tier also measured: the medians of all classes lie within a twentieth.
#[test]
fn an_unknown_user_costs_what_a_known_one_costs() {
    let daemon = daemon();
    // What this store's passwords cost is learned from its first verification.
    fail(&daemon, "known");
    let is_long = std::env::var_os("IDSTORE_LONG").is_some();
    let rounds = if is_long { 200 } else { 5 };
    let before = jobs(&daemon);
    let mut times = CLASSES.map(|_| Vec::new());
    for round in 0..rounds {
        for (index, class) in CLASSES.iter().enumerate() {
            // Each round asks for another unknown name.
            let name = if *class == "nobody" { format!("nobody{round}") } else { (*class).to_owned() };
            times[index].push(fail(&daemon, &name));
        }
    }
    assert_eq!(jobs(&daemon) - before, rounds * CLASSES.len(), "each login is one job on the workers");
    let medians = times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    });
    let (least, most) = medians
        .iter()
        .fold((f64::MAX, 0.0_f64), |(least, most), median| (least.min(*median), most.max(*median)));
    if is_long {
        assert!(most / least < 1.05, "the medians of {CLASSES:?} are {medians:?}");
    }
}

/// The answers differ in nothing but their request ids.
#[test]
fn the_answer_to_an_unknown_user_is_that_to_a_wrong_password() {
    let daemon = daemon();
    let answer = |name: &str| {
        let body = json!({ "identifier": name, "password": "CANARY-wrong" });
        let answer = daemon.ask("customers", "login", &body);
        let mut document = answer.json();
        let members = document.as_object_mut().unwrap();
        members.remove("request_id");
        // This caller may know accounts; what others see is tried where callers are.
        members.remove("user_id");
        let head: Vec<String> = answer
            .head
            .lines()
            .filter(|line| {
                !line.starts_with("x-request-id")
                    && !line.starts_with("date")
                    && !line.starts_with("content-length")
            })
            .map(str::to_owned)
            .collect();
        (document, head)
    };
    let unknown = answer("nobody");
    for class in CLASSES {
        assert_eq!(answer(class), unknown, "{class}");
    }
}
