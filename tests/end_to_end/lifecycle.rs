//! Starting and stopping.

use crate::daemon::{Daemon, Folder, TOKEN, command, preamble};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const STORE: &str = r#"
[stores.memory.people]
[stores.memory.people.passwords]
write = "bcrypt"
[connections.customers]
store = "people"
"#;

#[test]
fn a_daemon_that_is_told_to_stop_finishes_what_is_in_flight() {
    let mut daemon = Daemon::start_ready(STORE);
    let body = json!({ "email": "ann@example.test", "password": "CANARY-1" }).to_string();
    let mut request = TcpStream::connect(daemon.address).unwrap();
    let head = format!(
        "POST /v1/customers/create HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // The request is under way: its head was read, and its body is still to come.
    request.write_all(head.as_bytes()).unwrap();
    daemon.ask("customers", "get_user", &json!({ "email": "x@example.test" })).expect(404, "user_not_found");
    daemon.signal("TERM");
    daemon.wait_for("/readyz", 503);
    // It is not ready a moment before it stops to listen.
    let told = Instant::now();
    while TcpStream::connect(daemon.address).is_ok() {
        assert!(told.elapsed() < Duration::from_secs(3), "new connections are still taken");
    }
    request.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    request.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn a_hangup_is_logged_and_changes_nothing() {
    let daemon = Daemon::start_ready(STORE);
    daemon.signal("HUP");
    while !daemon.log().contains("SIGHUP is ignored") {
        std::thread::yield_now();
    }
    daemon.ask("customers", "get_user", &json!({ "email": "x@example.test" })).expect(404, "user_not_found");
}

#[test]
fn health_pages_say_what_serves() {
    let daemon = Daemon::start_ready(STORE);
    assert_eq!(daemon.page("/livez").text, "ok\n");
    assert_eq!(daemon.page("/readyz/people").status, 200);
    assert_eq!(daemon.page("/readyz/nobody").status, 404);
    let metrics = daemon.page("/metrics");
    assert!(metrics.text.contains("idstore_store_up{store=\"people\"} 1"), "{}", metrics.text);
    assert!(metrics.text.ends_with("# EOF\n"));
}

#[test]
fn a_wrong_configuration_ends_with_78_and_a_wrong_call_with_64() {
    let folder = Folder::new();
    let config = folder.write("config.toml", &(preamble(&folder) + "[stores.memory.people]\nprot = 1\n"));
    let ended = command().args(["serve", "--config"]).arg(&config).output().unwrap();
    assert_eq!(ended.status.code(), Some(78), "{ended:?}");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("config.toml:") && said.contains("prot"), "{said}");
    assert_eq!(command().arg("sevre").output().unwrap().status.code(), Some(64));
    assert_eq!(
        command().args(["serve", "--config", "/nowhere.toml"]).output().unwrap().status.code(),
        Some(78)
    );
}

#[test]
fn a_daemon_without_callers_refuses_to_start() {
    let folder = Folder::new();
    let config = folder.write("config.toml", "[server]\nlisten = \"127.0.0.1:0\"\n");
    let ended = command().args(["serve", "--config"]).arg(&config).output().unwrap();
    assert_eq!(ended.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("caller"), "{ended:?}");
}

#[test]
fn a_token_file_that_is_missing_is_told_with_the_caller() {
    let folder = Folder::new();
    let text = preamble(&folder).replace("/token\"", "/tokne\"") + STORE;
    let config = folder.write("config.toml", &text);
    for command_name in ["serve", "check"] {
        let ended = command().args([command_name, "--config"]).arg(&config).output().unwrap();
        assert_eq!(ended.status.code(), Some(78), "{ended:?}");
        assert!(String::from_utf8_lossy(&ended.stderr).contains("tokne"), "{ended:?}");
    }
}

#[test]
fn a_unix_socket_is_listened_on_with_its_mode_and_goes_with_the_daemon() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let socket = folder.path().join("socket");
    let listen = format!("listen = \"unix:{}\"\nlisten_mode = \"0600\"\n[admin]", socket.display());
    let text = preamble(&folder).replace("listen = \"127.0.0.1:0\"\n[admin]", &listen) + STORE;
    let config = folder.write("config.toml", &text);
    let mut child = command()
        .args(["serve", "--config"])
        .arg(&config)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut stream = loop {
        if let Ok(stream) = std::os::unix::net::UnixStream::connect(&socket) {
            break stream;
        }
        assert!(child.try_wait().unwrap().is_none());
        std::thread::yield_now();
    };
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    stream.write_all(b"GET / HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    assert!(!socket.exists());
}
