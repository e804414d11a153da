//! Directories that are hostile or broken: each costs a connection, never the daemon, whose memory stays bounded and whose
//! other stores answer.

use crate::daemon::Daemon;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// What the daemon may take on account of a rogue: its own messages and threads are far below.
const MEMORY_MAX: usize = 64 << 20;

/// What a server does with somebody who asked something.
type Rogue = fn(TcpStream);

#[test]
fn a_rogue_directory_costs_a_connection_and_nothing_else() {
    let rogues: [(&str, Rogue); 6] = [
        ("nested", |mut stream| {
            let depth: u32 = 10_000;
            for level in 0..depth {
                let length = ((depth - level - 1) * 6).to_be_bytes();
                if stream.write_all(&[&[0x30, 0x84], length.as_slice()].concat()).is_err() {
                    return;
                }
            }
            ends(stream);
        }),
        ("two gibibytes", |mut stream| {
            let head = [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x04, 0x84, 0x7f, 0xff, 0xff, 0xf0];
            let mut sent = stream.write_all(&head);
            while sent.is_ok() {
                sent = stream.write_all(&[b'A'; 1 << 14]);
            }
        }),
        ("entries without end", |mut stream| {
            // A search result entry, in answer to the second message, without an attribute.
            while stream.write_all(&[0x30, 0x09, 2, 1, 1, 0x64, 4, 4, 0, 0x30, 0]).is_ok() {}
        }),
        ("a byte a second", |mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
            for byte in [0x30, 0x0c, 2, 1, 1, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0] {
                let closed = stream.read(&mut [0; 1]).is_ok_and(|read| read == 0);
                if closed || stream.write_all(&[byte]).is_err() {
                    return;
                }
            }
        }),
        ("half an answer", |mut stream| {
            stream.write_all(&[0x30, 0x0c, 2, 1]).ok();
            stream.shutdown(Shutdown::Both).ok();
        }),
        ("no directory", |mut stream| {
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").ok();
            ends(stream);
        }),
    ];
    let ports = rogues.map(|(_, serve)| listen(serve));
    let stores: String =
        rogues.iter().zip(ports).enumerate().map(|(number, (_, port))| store(number, port)).collect();
    let daemon = Daemon::start(&format!("{stores}{GOOD}"));
    let login = |connection: &str| {
        daemon.ask(connection, "login", &json!({ "identifier": "ada", "password": "CANARY-right-1" }))
    };
    login("good").expect(200, "ok");
    let before = daemon.memory_peak();
    for _ in 0..3 {
        for (number, (name, _)) in rogues.iter().enumerate() {
            let answer = login(&format!("rogue{number}"));
            // Of entries without end as many are read as would be too many accounts.
            assert!([502, 503, 504].contains(&answer.status), "{name}: {} {}", answer.status, answer.text);
            login("good").expect(200, "ok");
        }
    }
    let taken = daemon.memory_peak() - before;
    assert!(taken < MEMORY_MAX, "{} MiB were taken", taken >> 20);
}

/// Serves everybody who comes, after a first word of theirs.
fn listen(serve: Rogue) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                if stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                    serve(stream);
                }
            });
        }
    });
    port
}

/// Waits until the other side closes.
fn ends(mut stream: TcpStream) {
    while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
}

fn store(number: usize, port: u16) -> String {
    format!(
        "[stores.ldap.rogue{number}]\nurls = [\"ldap://127.0.0.1:{port}\"]\ndirectory = \"generic\"\nrequired = false\n\
         base = \"dc=test\"\nfilter = \"(uid={{identifier}})\"\nemail_verified = \"never\"\n\
         attributes = {{ user_id = \"entryUUID\", username = \"uid\" }}\npasswords.write = \"store\"\n\
         [connections.rogue{number}]\nstore = \"rogue{number}\"\nuser_id_prefix = \"rogue{number}\"\ndeadline_ms = 1000\n"
    )
}

const GOOD: &str = "
[stores.memory.good]
password_check = \"by_store\"
[[stores.memory.good.accounts]]
user_id = \"1\"
username = \"ada\"
password = \"CANARY-right-1\"
[stores.memory.good.passwords]
write = \"store\"
[connections.good]
store = \"good\"
";
