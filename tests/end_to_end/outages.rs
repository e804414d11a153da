//! Stores that are down, slow, broken or full: an error of the store is told as such, within the deadline, and never as a
//! wrong password or an unknown user.

use crate::daemon::{Daemon, Folder, Response};
use crate::database::{Database, variable};
use crate::users::{self, Statements};
use idstore_conformance::{Gate, Mode, Target};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// A daemon whose way to PostgreSQL leads through a gate.
struct Behind {
    daemon: Daemon,
    database: Database,
    gate: Gate,
    runtime: Runtime,
}

impl Behind {
    fn start(mode: Mode, statements: &Statements, more: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let server = format!("127.0.0.1:{}", variable("IDSTORE_TEST_PG_PORT"));
        let target = Target::Tcp(server.parse().unwrap());
        let gate = runtime.block_on(Gate::open(target)).unwrap();
        runtime.block_on(gate.set(mode)).unwrap();
        let database = Database::postgres();
        users::fill(&database, users::key(&database), "UNIQUE");
        let folder = Folder::new();
        let store = database.store_behind(gate.port(), &folder);
        // The second is the store's alone: a slow hash on a busy machine would use it up.
        let fast = users::configuration(&database, &store, more, statements)
            .replace("accept = [\"bcrypt\"]", "accept = [\"bcrypt\", \"hex_sha256\"]")
            .replace("write = \"bcrypt\"", "write = \"hex_sha256\"");
        let text = fast + "deadline_ms = 1000\n";
        let daemon = Daemon::start_in(folder, &text);
        Self { daemon, database, gate, runtime }
    }

    fn set(&self, mode: Mode) {
        self.runtime.block_on(self.gate.set(mode)).unwrap();
    }

    fn login(&self) -> Response {
        self.daemon.ask("customers", "login", &json!({ "identifier": "ann", "password": "CANARY-right-1" }))
    }
}

/// Every action, each with a body that would succeed.
fn every_action() -> [(&'static str, Value); 8] {
    [
        ("login", json!({ "identifier": "ann", "password": "CANARY-right-1" })),
        ("get_user", json!({ "identifier": "ann" })),
        ("create", json!({ "email": "new@example.test", "password": "CANARY-1" })),
        ("verify", json!({ "email": "ann@example.test" })),
        ("change_password", json!({ "identifier": "ann", "new_password": "CANARY-2" })),
        ("change_email", json!({ "identifier": "ann", "new_email": "other@example.test" })),
        ("change_username", json!({ "identifier": "ann", "new_username": "anna" })),
        ("delete", json!({ "identifier": "ann" })),
    ]
}

#[test]
fn a_daemon_starts_while_its_store_is_down_and_recovers_by_itself() {
    let behind = Behind::start(Mode::Refuse, &Statements::all(), "");
    assert_eq!(behind.daemon.page("/livez").status, 200);
    behind.daemon.wait_for("/readyz/users", 503);
    for (action, body) in every_action() {
        let answer = behind.daemon.ask("customers", action, &body);
        answer.expect(503, "store_unavailable");
        assert!(answer.head.to_lowercase().contains("retry-after: 1"), "{}", answer.head);
    }
    behind.set(Mode::Forward);
    let back = Instant::now();
    while behind.login().code() != "ok" {
        assert!(back.elapsed() < Duration::from_secs(1), "{}", behind.daemon.log());
    }
    behind.daemon.wait_until_ready();
}

/// A database that is down, in clear over the network: both show, and neither keeps the daemon from being ready.
#[test]
fn a_store_that_is_not_required_shows_its_outage_on_its_own_page_alone() {
    let folder = Folder::new();
    let password = folder.write("password", "CANARY-database\n");
    let text = format!(
        "[stores.postgres.spare]\nhost = \"spare.invalid\"\ndatabase = \"crm\"\nuser = \"idstore\"\ntls = \"disable\"\n\
         password.file = \"{}\"\nrequired = false\n[stores.postgres.spare.statements]\n\
         get_user = \"SELECT id AS user_id, email, password AS password_hash FROM users WHERE email = :identifier\"\n\
         [stores.memory.people]\nabilities = []\n[connections.customers]\nstore = \"people\"\n\
         [connections.spare]\nstore = \"spare\"\nuser_id_prefix = \"spare\"\n",
        password.display()
    );
    let daemon = Daemon::start_in(folder, &text);
    daemon.wait_until_ready();
    daemon.wait_for("/readyz/spare", 503);
    assert_eq!(daemon.page("/readyz").status, 200);
    let metrics = daemon.page("/metrics").text;
    for line in [
        "idstore_store_up{store=\"spare\"} 0",
        "idstore_store_up{store=\"people\"} 1",
        "idstore_store_transport_verified{store=\"spare\"} 0",
        "idstore_store_transport_verified{store=\"people\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is missing in:\n{metrics}");
    }
    let nobody = json!({ "identifier": "ann@example.test", "password": "CANARY-1" });
    daemon.ask("spare", "login", &nobody).expect(503, "store_unavailable");
    daemon.ask("customers", "login", &nobody).expect(403, "invalid_credentials");
}

#[test]
fn a_store_that_freezes_is_a_timeout_and_a_write_that_was_sent_has_an_unknown_outcome() {
    let behind = Behind::start(Mode::Forward, &Statements::all(), "");
    behind.daemon.wait_until_ready();
    behind.login().expect(200, "ok");
    behind.set(Mode::Freeze);
    for (action, body) in every_action() {
        let began = Instant::now();
        let answer = behind.daemon.ask("customers", action, &body);
        let code = answer.code();
        assert!(
            ["store_timeout", "store_unavailable", "busy", "outcome_unknown"].contains(&code.as_str()),
            "{action}: {code}"
        );
        assert!(began.elapsed() < Duration::from_millis(1500), "{action} took {:?}", began.elapsed());
    }
    behind.set(Mode::Forward);
    let back = Instant::now();
    while behind.login().code() != "ok" {
        assert!(back.elapsed() < Duration::from_secs(5), "{}", behind.daemon.log());
    }
}

#[test]
fn sessions_that_are_reset_fail_as_such_and_the_next_call_is_served() {
    let behind = Behind::start(Mode::Forward, &Statements::all(), "");
    behind.daemon.wait_until_ready();
    behind.login().expect(200, "ok");
    behind.set(Mode::Reset);
    for (action, body) in every_action() {
        let code = behind.daemon.ask("customers", action, &body).code();
        assert!(["store_unavailable", "outcome_unknown"].contains(&code.as_str()), "{action}: {code}");
    }
    behind.set(Mode::Forward);
    let back = Instant::now();
    while behind.login().code() != "ok" {
        assert!(back.elapsed() < Duration::from_secs(1), "{}", behind.daemon.log());
    }
}

#[test]
fn a_write_that_runs_out_of_time_is_never_told_as_done_or_undone() {
    let slow = "UPDATE users SET username = :new_username WHERE id = :user_id AND pg_sleep(3) IS NOT NULL";
    let behind = Behind::start(Mode::Forward, &Statements::all().with("change_username", slow), "");
    behind.daemon.wait_until_ready();
    let began = Instant::now();
    let body = json!({ "identifier": "ann", "new_username": "anna" });
    behind.daemon.ask("customers", "change_username", &body).expect(504, "outcome_unknown");
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    behind.login().expect(200, "ok");
}

#[test]
fn a_slow_lookup_does_not_fail_its_neighbours() {
    let slow = format!(
        "SELECT {} FROM users WHERE (lower(email) = lower(:identifier) OR username = :identifier) \
         AND (:identifier <> 'slow' OR pg_sleep(5) IS NOT NULL)",
        users::COLUMNS
    );
    let behind = Behind::start(Mode::Forward, &Statements::all().with("get_user", &slow), "");
    behind.database.run("INSERT INTO users (email, username) VALUES ('slow@example.test', 'slow')");
    behind.daemon.wait_until_ready();
    std::thread::scope(|scope| {
        let slow: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    behind.daemon.ask("customers", "get_user", &json!({ "identifier": "slow" })).code()
                })
            })
            .collect();
        for _ in 0..40 {
            behind.daemon.ask("customers", "get_user", &json!({ "identifier": "ann" })).expect(200, "ok");
        }
        for slow in slow {
            assert_eq!(slow.join().unwrap(), "store_timeout");
        }
    });
}

#[test]
fn what_is_broken_in_the_store_is_told_as_misconfigured_and_heals() {
    let behind = Behind::start(Mode::Forward, &Statements::all(), "");
    behind.daemon.wait_until_ready();
    behind.login().expect(200, "ok");
    behind.database.run("ALTER TABLE users RENAME password TO secret");
    for (action, body) in every_action() {
        behind.daemon.ask("customers", action, &body).expect(500, "store_misconfigured");
    }
    behind.database.run("ALTER TABLE users RENAME secret TO password");
    let back = Instant::now();
    while behind.login().code() != "ok" {
        assert!(back.elapsed() < Duration::from_secs(5), "{}", behind.daemon.log());
    }
}

#[test]
fn a_read_only_server_serves_lookups_and_refuses_writes_as_unavailable() {
    let behind = Behind::start(Mode::Forward, &Statements::all(), "");
    let Database::Postgres(name) = &behind.database else { unreachable!() };
    behind.database.run(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    behind.daemon.wait_until_ready();
    behind.set(Mode::Reset);
    behind.set(Mode::Forward);
    let back = Instant::now();
    while behind.login().code() != "ok" {
        assert!(back.elapsed() < Duration::from_secs(2), "{}", behind.daemon.log());
    }
    let body = json!({ "identifier": "ann", "new_password": "CANARY-2" });
    behind.daemon.ask("customers", "change_password", &body).expect(503, "store_unavailable");
}

#[test]
fn a_service_login_that_is_refused_is_no_users_fault() {
    let database = Database::postgres();
    users::fill(&database, users::key(&database), "UNIQUE");
    let folder = Folder::new();
    let store = database.store(&folder);
    folder.write("database-password", "CANARY-wrong-database-password\n");
    let daemon = Daemon::start_in(folder, &users::configuration(&database, &store, "", &Statements::all()));
    daemon.wait_for("/readyz/users", 503);
    for (action, body) in every_action() {
        let code = daemon.ask("customers", action, &body).code();
        assert!(["store_unavailable", "store_misconfigured"].contains(&code.as_str()), "{action}: {code}");
    }
}

#[test]
fn more_calls_than_permits_are_busy_at_once() {
    let slow = format!(
        "SELECT {} FROM users WHERE username = :identifier AND pg_sleep(0.5) IS NOT NULL",
        users::COLUMNS
    );
    let behind =
        Behind::start(Mode::Forward, &Statements::all().with("get_user", &slow), "in_flight_max = 2\n");
    behind.daemon.wait_until_ready();
    let codes: Vec<_> = std::thread::scope(|scope| {
        let ask = || behind.daemon.ask("customers", "get_user", &json!({ "identifier": "ann" })).code();
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert!(codes.iter().any(|code| code == "ok") && codes.iter().any(|code| code == "busy"), "{codes:?}");
    assert!(codes.iter().all(|code| ["ok", "busy"].contains(&code.as_str())), "{codes:?}");
}

/// What the metrics show while one call to the store runs.
const AT_WORK: &str = "idstore_store_in_flight{store=\"users\"} 1";

/// Sends a request and leaves without waiting for its answer.
fn ask_and_leave(daemon: &Daemon, action: &str, body: &Value, at: &[&str]) {
    use std::io::Write as _;
    let body = body.to_string();
    let request = format!(
        "POST /v1/customers/{action} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        crate::daemon::TOKEN,
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(daemon.address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    // It leaves once the metrics show how far its request is.
    while !at.iter().all(|shown| daemon.page("/metrics").text.contains(shown)) {}
}

#[test]
fn a_read_ends_with_its_client_and_a_write_that_has_begun_is_finished() {
    let slow_read = format!(
        "SELECT {} FROM users WHERE username = :identifier AND pg_sleep(30) IS NOT NULL",
        users::COLUMNS
    );
    let slow_write = "UPDATE users SET email_verified = (pg_sleep(1) IS NOT NULL) WHERE id = :user_id";
    let by_name = format!("SELECT {} FROM users WHERE username = :identifier", users::COLUMNS);
    let database = Database::postgres();
    users::fill(&database, users::key(&database), "UNIQUE");
    let statements =
        Statements::all().with("get_user", &by_name).with("login", &slow_read).with("verify", slow_write);
    let statements = statements.with("get_user", &format!("{by_name} OR email = :email"));
    let daemon = users::daemon(&database, "", &statements);
    ask_and_leave(&daemon, "login", &json!({ "identifier": "ann", "password": "CANARY-1" }), &[AT_WORK]);
    let left = Instant::now();
    while !daemon.page("/metrics").text.contains("idstore_store_in_flight{store=\"users\"} 0") {
        assert!(
            left.elapsed() < Duration::from_secs(5),
            "the permit of a read that nobody waits for is not given back"
        );
    }
    assert!(daemon.page("/metrics").text.contains("action=\"login\",code=\"client_left\"} 1"));
    ask_and_leave(
        &daemon,
        "verify",
        &json!({ "email": "ann@example.test" }),
        &["operation=\"find\",outcome=\"ok\"", AT_WORK],
    );
    let left = Instant::now();
    while database.run("SELECT count(*) FROM users WHERE email_verified") != "1" {
        assert!(left.elapsed() < Duration::from_secs(10), "a write was cut in half");
    }
}

/// Its client's connection is gone, so that nothing but the store knows of it.
#[test]
fn a_write_whose_client_left_is_finished_when_the_daemon_is_told_to_stop() {
    let slow = "UPDATE users SET email_verified = (pg_sleep(1) IS NOT NULL) WHERE id = :user_id";
    let by_name = format!("SELECT {} FROM users WHERE email = :identifier", users::COLUMNS);
    let database = Database::postgres();
    users::fill(&database, users::key(&database), "UNIQUE");
    let statements = Statements::all().with("get_user", &by_name).with("verify", slow);
    let mut daemon = users::daemon(&database, "", &statements);
    let found = ["operation=\"find\",outcome=\"ok\"", AT_WORK];
    ask_and_leave(&daemon, "verify", &json!({ "email": "ann@example.test" }), &found);
    while !daemon.page("/metrics").text.contains("action=\"verify\",code=\"client_left\"} 1") {}
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(database.run("SELECT count(*) FROM users WHERE email_verified"), "1");
    let log = daemon.log();
    assert!(log.contains("a write that nobody waited for was done"), "{log}");
}

#[test]
fn a_write_in_flight_is_finished_when_the_daemon_is_told_to_stop() {
    let slow = "UPDATE users SET email_verified = (pg_sleep(1) IS NOT NULL) WHERE id = :user_id";
    let database = Database::postgres();
    users::fill(&database, users::key(&database), "UNIQUE");
    let mut daemon = users::daemon(&database, "", &Statements::all().with("verify", slow));
    std::thread::scope(|scope| {
        let asking =
            scope.spawn(|| daemon.ask("customers", "verify", &json!({ "email": "ann@example.test" })).code());
        while !daemon.page("/metrics").text.contains(AT_WORK) {}
        daemon.signal("TERM");
        assert_eq!(asking.join().unwrap(), "ok");
    });
    assert_eq!(daemon.wait().code(), Some(0));
}
