//! What comes from outside: not JSON, wrong types, too much, too slow, and names that read as syntax.

use crate::daemon::{Daemon, TOKEN, exchange};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const STORE: &str = r#"
[stores.memory.people]
[[stores.memory.people.accounts]]
user_id = "1"
email = "ann@example.test"
username = "ann"
password = "!"
[stores.memory.people.passwords]
accept = ["hex_sha256"]
write = "hex_sha256"
[connections.customers]
store = "people"
"#;

#[test]
fn what_is_no_request_is_refused_before_any_query() {
    let daemon = Daemon::start_ready(STORE);
    for body in [
        &b""[..],
        b"not json",
        b"[]",
        b"null",
        b"\"ann\"",
        b"{\"identifier\": \"ann\", \"password\": 0}",
        b"{\"identifier\": 0, \"password\": \"CANARY\"}",
        b"{\"identifier\": true, \"password\": \"CANARY\"}",
        b"{\"identifier\": null, \"password\": \"CANARY\"}",
        b"{\"identifier\": [\"ann\"], \"password\": \"CANARY\"}",
        b"{\"identifier\": {\"a\": \"ann\"}, \"password\": \"CANARY\"}",
        b"{\"identifier\": \"ann\", \"identifier\": \"bob\", \"password\": \"CANARY\"}",
        b"{\"identifier\": \"ann\", \"password\": \"CANARY\", \"x\": {\"y\": 1, \"y\": 2}}",
        b"{\"identifier\": \"\\ud800\", \"password\": \"CANARY\"}",
        b"{\"identifier\": \"\xff\", \"password\": \"CANARY\"}",
        b"{\"password\": \"CANARY\"}",
        b"{\"identifier\": \"ann\"}",
    ] {
        let refused = daemon.post("/v1/customers/login", TOKEN, body).expect(400, "malformed_request");
        assert!(refused["pointer"].is_string() && refused["detail"].is_string(), "{refused}");
    }
    let metrics = daemon.page("/metrics").text;
    assert!(!metrics.contains("operation=\"find\""), "a query was made:\n{metrics}");
}

#[test]
fn what_can_not_be_a_name_or_a_password_is_nobody() {
    let daemon = Daemon::start_ready(STORE);
    let long = "a".repeat(513);
    for name in ["", "ann\0", &long] {
        let login = json!({ "identifier": name, "password": "CANARY-1" });
        daemon.ask("customers", "login", &login).expect(403, "invalid_credentials");
        daemon.ask("customers", "get_user", &json!({ "identifier": name })).expect(404, "user_not_found");
        assert_eq!(
            daemon.ask("customers", "delete", &json!({ "email": name })).expect(200, "ok"),
            json!({"deleted": false})
        );
    }
    for password in ["", "CANARY\0", &"CANARY".repeat(200)] {
        let login = json!({ "identifier": "ann", "password": password });
        daemon.ask("customers", "login", &login).expect(403, "invalid_credentials");
    }
    let metrics = daemon.page("/metrics").text;
    assert!(!metrics.contains("operation=\"find\""), "a query was made:\n{metrics}");
}

#[test]
fn type_size_and_method_are_looked_at_first() {
    let daemon = Daemon::start_ready(STORE);
    let request = |method: &str, headers: &str| {
        let text = format!(
            "{method} /v1/customers/get_user HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {TOKEN}\r\n{headers}connection: close\r\n\r\n"
        );
        daemon.raw(text.as_bytes())
    };
    let get = request("GET", "");
    get.expect(405, "method_not_allowed");
    assert!(get.head.to_lowercase().contains("allow: post"));
    request("POST", "content-type: text/plain\r\ncontent-length: 0\r\n")
        .expect(415, "unsupported_media_type");
    request("POST", "content-length: 0\r\n").expect(415, "unsupported_media_type");
    request("POST", "content-type: application/json\r\ncontent-length: 10000000\r\n")
        .expect(413, "body_too_large");
    let filler: String = (0..70).map(|n| format!("x-filler-{n}: 1\r\n")).collect();
    request("POST", &filler).expect(431, "headers_too_large");
    request("POST", &format!("x-filler: {}\r\n", "a".repeat(20_000))).expect(431, "headers_too_large");
    daemon.raw(format!("POST /v1/customers HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n").as_bytes())
        .expect(404, "unknown_action");
}

#[test]
fn ten_megabytes_without_an_announced_length_end_at_the_limit() {
    let daemon = Daemon::start_ready(STORE);
    let mut request = format!(
        "POST /v1/customers/login HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    )
    .into_bytes();
    for _ in 0..160 {
        request.extend_from_slice(b"10000\r\n");
        request.extend(std::iter::repeat_n(b' ', 0x10000));
        request.extend_from_slice(b"\r\n");
    }
    exchange(daemon.address, &request).expect(413, "body_too_large");
}

/// What a proxy in front could read otherwise than we do: one answer, and never a second request out of a body.
#[test]
fn a_request_that_can_be_read_in_two_ways_gets_one_answer() {
    let daemon = Daemon::start_ready(STORE);
    let body = r#"{"username": "ann"}"#;
    let head = format!(
        "POST /v1/customers/get_user HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\n"
    );
    let whole = format!("{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    // None of them asks for the end of the connection, and each is followed by a request that is in order.
    for (what, request) in [
        ("two lengths", format!("{head}content-length: 3\r\ncontent-length: 19\r\n\r\n{body}")),
        ("a list of lengths", format!("{head}content-length: 19, 19\r\n\r\n{body}")),
        ("an unknown coding", format!("{head}transfer-encoding: xchunked\r\n\r\n{chunked}")),
        ("chunks that are not last", format!("{head}transfer-encoding: chunked, gzip\r\n\r\n{chunked}")),
        ("a folded header", format!("{head}x-a: b\r\n c\r\ncontent-length: 19\r\n\r\n{body}")),
        ("a blank before the colon", format!("{head}content-length : 19\r\n\r\n{body}")),
        (
            "a chunk without end",
            format!("{head}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{body}"),
        ),
        ("two hosts", format!("{head}host: u\r\ncontent-length: 19\r\n\r\n{body}")),
        ("no host", whole.replace("host: t\r\n", "").replace("connection: close\r\n", "")),
        (
            "a host that is none",
            format!("{head}content-length: 19\r\n\r\n{body}").replace("host: t", "host: a/b"),
        ),
        (
            "a target on another host",
            format!("{head}content-length: 19\r\n\r\n{body}").replace("POST /", "POST http://other/"),
        ),
        ("chunks twice", format!("{head}transfer-encoding: chunked, chunked\r\n\r\n{chunked}")),
        ("a coding under the chunks", format!("{head}transfer-encoding: gzip, chunked\r\n\r\n{chunked}")),
        ("NUL in a header", format!("{head}x-a: b\0c\r\ncontent-length: 19\r\n\r\n{body}")),
    ] {
        let answer = daemon.raw(format!("{request}{whole}").as_bytes());
        assert_eq!(answer.status, 400, "{what}: {}", answer.head);
        assert!(!answer.text.contains("HTTP/1.1"), "{what}: a second answer: {}", answer.text);
    }
    // The chunks count, as hyper reads them, and the connection ends: the rest belongs to whoever went by the length.
    for lengths in
        ["content-length: 3\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 3"]
    {
        let answer = daemon.raw(format!("{head}{lengths}\r\n\r\n{chunked}{whole}").as_bytes());
        assert!(answer.status == 200 && answer.head.contains("connection: close"), "{}", answer.head);
        assert!(!answer.text.contains("HTTP/1.1"), "a second answer: {}", answer.text);
    }
    // Refused before its body was read: what stands in the body is no request.
    let refused = format!(
        "{}content-length: {}\r\n\r\n{whole}",
        head.replace(TOKEN, "CANARY-wrong-token-0000"),
        whole.len()
    );
    let answer = daemon.raw(refused.replace("host: t\r\n", "host: t\r\nconnection: close\r\n").as_bytes());
    assert!(answer.status == 401 && !answer.text.contains("HTTP/1.1"), "{} {}", answer.head, answer.text);
}

/// A pool of connections would use this one again else, and the next request would fail for nothing.
#[test]
fn a_request_that_is_refused_before_its_body_was_read_says_that_its_connection_ends() {
    let daemon = Daemon::start_ready(STORE);
    let body = " ".repeat(100_000);
    for (path, token, status) in [
        ("/v1/customers/login", TOKEN, 413),
        ("/v1/customers/login", "CANARY-wrong-token-0000", 401),
        ("/v1/customers/nothing", TOKEN, 404),
    ] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = daemon.raw(request.as_bytes());
        assert!(answer.status == status && answer.head.contains("connection: close"), "{}", answer.head);
    }
    // Where the body was read, or there is none, the connection goes on.
    let nobody = format!("POST /v1/customers/login HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {TOKEN}\r\n");
    for (request, status) in [
        (format!("{nobody}content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"), 400),
        ("GET / HTTP/1.1\r\nhost: t\r\n\r\n".to_owned(), 404),
    ] {
        let last = "GET / HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n";
        let answer = daemon.raw(format!("{request}{last}").as_bytes());
        assert!(
            answer.status == status && answer.text.contains("HTTP/1.1 404"),
            "{} {}",
            answer.head,
            answer.text
        );
    }
}

/// The admin pages are as strict.
#[test]
fn an_admin_request_that_can_be_read_in_two_ways_gets_one_answer() {
    let daemon = Daemon::start_ready(STORE);
    let good = "GET /livez HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n";
    for bad in ["host: t\r\nhost: u\r\n", "", "host: t\r\ntransfer-encoding: gzip, chunked\r\n"] {
        let answer = exchange(daemon.admin, format!("GET /livez HTTP/1.1\r\n{bad}\r\n{good}").as_bytes());
        assert!(answer.status == 400 && !answer.text.contains("HTTP/1.1"), "{} {}", answer.head, answer.text);
    }
}

/// A path that is short with a query that is not is as long as both.
#[test]
fn what_follows_the_path_counts_as_its_length() {
    let daemon = Daemon::start_ready(STORE);
    let long = format!("/v1/customers/get_user?{}", "a".repeat(20_000));
    daemon.post(&long, TOKEN, b"{}").expect(431, "headers_too_large");
}

/// A client that asks and asks and never reads holds its place no longer than one that is silent.
#[test]
fn a_client_that_never_reads_its_answers_loses_its_connection() {
    let folder = crate::daemon::Folder::new();
    let text =
        crate::daemon::preamble(&folder).replace("[server]\n", "[server]\nidle_timeout_secs = 1\n") + STORE;
    let daemon = Daemon::start_whole(folder, &text);
    let mut greedy = TcpStream::connect(daemon.address).unwrap();
    greedy.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let requests = "GET / HTTP/1.1\r\nhost: t\r\n\r\n".repeat(1000);
    // Until the answers fill whatever lies between it and the daemon; then nothing more is taken of its requests.
    let full = (0..10_000).any(|_| greedy.write_all(requests.as_bytes()).is_err());
    assert!(full, "the daemon reads on, however much it owes");
    let began = Instant::now();
    while !daemon.page("/metrics").text.contains("idstore_connections_open 0") {
        assert!(began.elapsed() < Duration::from_secs(10), "the connection is still held");
    }
}

/// One more connection than there may be waits, and is served as soon as another one ends.
#[test]
fn connections_have_a_limit() {
    let folder = crate::daemon::Folder::new();
    let text =
        crate::daemon::preamble(&folder).replace("[server]\n", "[server]\nconnections_max = 2\n") + STORE;
    let daemon = Daemon::start_whole(folder, &text);
    let held: Vec<_> = (0..2).map(|_| TcpStream::connect(daemon.address).unwrap()).collect();
    let body = r#"{"username": "ann"}"#;
    let mut waiting = TcpStream::connect(daemon.address).unwrap();
    let request = format!(
        "POST /v1/customers/get_user HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    waiting.write_all(request.as_bytes()).unwrap();
    while !daemon.page("/metrics").text.contains("idstore_connections_open 2") {}
    assert!(!daemon.page("/metrics").text.contains("action=\"get_user\""), "it is not served yet");
    drop(held);
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_client_that_drips_is_cut_off_and_others_do_not_notice() {
    let limits = "[server]\nheader_timeout_ms = 300\nbody_timeout_ms = 300\nidle_timeout_secs = 1\n";
    let folder = crate::daemon::Folder::new();
    let text = crate::daemon::preamble(&folder).replace("[server]\n", limits) + STORE;
    let daemon = Daemon::start_whole(folder, &text);
    let head = format!(
        "POST /v1/customers/login HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n"
    );
    let began = Instant::now();
    let mut half_a_head = TcpStream::connect(daemon.address).unwrap();
    half_a_head.write_all(b"POST /v1/customers/login HTTP/1.1\r\nhost").unwrap();
    let mut half_a_body = TcpStream::connect(daemon.address).unwrap();
    half_a_body.write_all(format!("{head}{{").as_bytes()).unwrap();
    daemon.ask("customers", "get_user", &json!({ "username": "ann" })).expect(200, "ok");
    let mut answer = String::new();
    half_a_head.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "", "a connection without a whole head is closed");
    half_a_body.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut answer = [0; 512];
    let read = half_a_body.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("request_timeout"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn names_that_read_as_syntax_find_nobody_and_then_exactly_themselves() {
    let daemon = Daemon::start_ready(STORE);
    for name in [
        "*",
        "a)(uid=*",
        "\\2a",
        "' OR 1=1 --",
        "%",
        "_",
        "new\nline",
        ":name",
        ":identifier",
        "{x}",
        "%{user}",
        "$1",
        "?",
        "\"; DROP TABLE users; --",
        "𝒶𝓃𝓃🔑",
        "NULL",
        "ann ",
        " ann",
    ] {
        daemon.ask("customers", "get_user", &json!({ "identifier": name })).expect(404, "user_not_found");
        let made = daemon
            .ask("customers", "create", &json!({ "username": name, "password": "CANARY-1" }))
            .expect(201, "ok");
        let found = daemon.ask("customers", "get_user", &json!({ "identifier": name })).expect(200, "ok");
        assert_eq!(found["user"]["user_id"], made["user"]["user_id"], "{name}");
        assert_eq!(found["user"]["username"], name);
        daemon
            .ask("customers", "login", &json!({ "identifier": name, "password": "CANARY-1" }))
            .expect(200, "ok");
    }
}
