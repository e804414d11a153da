//! Hostile and broken servers: each costs one connection, never the process, and bounded memory.

use super::peer::{Peer, element, ended, message, read_one, swallow};
use crate::server::ask::{find, kind, open};
use crate::server::{Options, Outcome, Slapd, ca, change, ensure, variable};
use idstore_contract::{ErrorKind, StoreHandle};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What a hostile server may send at most before it is cut off: the longest message, and what the kernel holds.
const SENT_MAX: usize = 16 << 20;

fn config(port: u16) -> Value {
    json!({
        "urls": [format!("ldap://127.0.0.1:{port}")],
        "directory": "generic",
        "base": "dc=test",
        "filter": "(uid={identifier})",
        "email_verified": "never",
        "attributes": { "user_id": "entryUUID", "username": "uid" },
    })
}

fn store(port: u16) -> Result<StoreHandle, String> {
    open(config(port))
}

/// It is told as an outage, and the process lives to tell it.
async fn is_an_outage(store: &StoreHandle) -> Outcome {
    let found = kind(find(store, "ada", 1_000).await)?;
    ensure(matches!(found, ErrorKind::Unavailable | ErrorKind::Timeout), format!("told as {found:?}"))
}

fn nested(depth: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for level in 0..depth {
        let length = u32::try_from(level * 6).unwrap().to_be_bytes();
        bytes.splice(0..0, [&[0x30, 0x84], length.as_slice()].concat());
    }
    bytes
}

#[tokio::test]
async fn ten_thousand_nested_sequences_cost_one_connection() -> Outcome {
    // As a message, as an operation, and inside an entry.
    let deep = nested(10_000);
    let header = |tag: u8, content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84], length.as_slice(), content].concat()
    };
    let operation = header(0x30, &[&[2, 1, 1], header(0x64, &deep).as_slice()].concat());
    let controls =
        header(0x30, &[&[2, 1, 1], ended(0x65, 0, "").as_slice(), header(0xa0, &deep).as_slice()].concat());
    for bytes in [deep.clone(), operation, controls] {
        let peer = Peer::saying(bytes).await?;
        is_an_outage(&store(peer.port)?).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_length_of_two_gibibytes_is_not_waited_for() -> Outcome {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    let peer = Peer::open(move |mut stream| {
        let sent = counted.clone();
        async move {
            read_one(&mut stream).await;
            let mut chunk = vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff];
            chunk.resize(64 << 10, 0);
            while let Ok(written) = stream.write(&chunk).await {
                if sent.fetch_add(written, Ordering::Relaxed) > 2 * SENT_MAX {
                    return;
                }
            }
        }
    })
    .await?;
    is_an_outage(&store(peer.port)?).await?;
    let sent = sent.load(Ordering::Relaxed);
    ensure(sent < SENT_MAX, format!("{sent} bytes were taken from a server that never ends"))
}

#[tokio::test]
async fn entries_and_references_without_end_are_cut_off() -> Outcome {
    for operation in [super::peer::entry("uid=x", &[("uid", &vec![b'x'; 40_000])]), element(0x73, b"")] {
        let operation = Arc::new(operation);
        let peer = Peer::open(move |mut stream| {
            let operation = operation.clone();
            async move {
                read_one(&mut stream).await;
                let one = message(&[2, 1, 1], &operation);
                while stream.write_all(&one).await.is_ok() {}
            }
        })
        .await?;
        let found = kind(find(&store(peer.port)?, "ada", 5_000).await)?;
        ensure(
            matches!(found, ErrorKind::Unavailable | ErrorKind::Ambiguous),
            format!("an answer without end is told as {found:?}"),
        )?;
    }
    Ok(())
}

/// Values of no bytes take two on the way, and much more in memory.
#[tokio::test]
async fn a_million_empty_values_are_too_many() -> Outcome {
    let long = |tag: u8, content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84], length.as_slice(), content].concat()
    };
    let values = long(0x31, &[4, 0].repeat(500_000));
    let attribute = long(0x30, &[&[4, 1, b'x'], values.as_slice()].concat());
    let entry = long(0x64, &[&[4, 0], long(0x30, &attribute).as_slice()].concat());
    let one = long(0x30, &[&[2, 1, 1], entry.as_slice()].concat());
    let end = message(&[2, 1, 1], &ended(0x65, 0, ""));
    let peer = Peer::saying([one.clone(), one, end].concat()).await?;
    is_an_outage(&store(peer.port)?).await
}

#[tokio::test]
async fn one_byte_at_a_time_ends_with_the_deadline() -> Outcome {
    let peer = Peer::open(|mut stream| async move {
        read_one(&mut stream).await;
        for byte in message(&[2, 1, 1], &ended(0x65, 0, &"x".repeat(1000))) {
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await?;
    let store = store(peer.port)?;
    let began = Instant::now();
    let found = kind(find(&store, "ada", 300).await)?;
    ensure(found == ErrorKind::Timeout, format!("told as {found:?}"))?;
    ensure(began.elapsed() < Duration::from_secs(1), "it ended long after its deadline")
}

#[tokio::test]
async fn an_answer_to_somebody_else_is_none() -> Outcome {
    for bytes in [
        message(&[2, 1, 9], &ended(0x65, 0, "")),
        message(&[2, 1, 0], &ended(0x78, 52, "")),
        message(&[2, 1, 1], &ended(0x42, 0, "")),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        vec![0x30, 0x80, 0, 0],
    ] {
        is_an_outage(&store(Peer::saying(bytes).await?.port)?).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_that_ends_half_way_is_an_outage() -> Outcome {
    let whole = message(&[2, 1, 1], &ended(0x65, 0, ""));
    for length in [0, 1, 3, whole.len() - 1] {
        let part = whole[..length].to_vec();
        let peer = Peer::open(move |mut stream| {
            let part = part.clone();
            async move {
                read_one(&mut stream).await;
                stream.write_all(&part).await.ok();
            }
        })
        .await?;
        is_an_outage(&store(peer.port)?).await?;
    }
    Ok(())
}

/// Refused, not understood, with bytes behind the answer, closed: in no case is anything else sent.
#[tokio::test]
async fn without_starttls_nothing_is_sent_in_clear() -> Outcome {
    let answer = |code| message(&[2, 1, 1], &ended(0x78, code, ""));
    let pipelined = [answer(0), message(&[2, 1, 2], &ended(0x61, 0, ""))].concat();
    for bytes in [answer(52), answer(2), answer(1), pipelined, b"\0".to_vec(), Vec::new()] {
        let after = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (noted, bytes) = (after.clone(), Arc::new(bytes));
        let peer = Peer::open(move |mut stream| {
            let (noted, bytes) = (noted.clone(), bytes.clone());
            async move {
                let asked = read_one(&mut stream).await.unwrap_or_default();
                if asked.get(3) != Some(&0x77) {
                    noted.lock().unwrap().extend(asked);
                }
                if stream.write_all(&bytes).await.is_ok() && !bytes.is_empty() {
                    let mut rest = Vec::new();
                    stream.read_to_end(&mut rest).await.ok();
                    noted.lock().unwrap().extend(rest);
                }
            }
        })
        .await?;
        let mut config = config(peer.port);
        change(&mut config, "start_tls", true);
        change(&mut config, "ca_file", json!(ca()?));
        is_an_outage(&open(config)?).await?;
        let after = after.lock().unwrap().clone();
        ensure(after.is_empty(), format!("{} bytes were sent without TLS", after.len()))?;
    }
    Ok(())
}

/// The bytes that come a moment later are no TLS either.
#[tokio::test]
async fn bytes_that_follow_starttls_later_break_the_handshake() -> Outcome {
    let peer = Peer::open(|mut stream| async move {
        read_one(&mut stream).await;
        stream.write_all(&message(&[2, 1, 1], &ended(0x78, 0, ""))).await.ok();
        let mut hello = [0; 1];
        stream.read_exact(&mut hello).await.ok();
        stream.write_all(&message(&[2, 1, 2], &ended(0x61, 0, ""))).await.ok();
        swallow(&mut stream).await;
    })
    .await?;
    let mut config = config(peer.port);
    change(&mut config, "start_tls", true);
    change(&mut config, "ca_file", json!(ca()?));
    is_an_outage(&open(config)?).await
}

#[tokio::test]
async fn a_port_without_tls_is_told_as_one() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    let garbled = Peer::open(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
        swallow(&mut stream).await;
    })
    .await?;
    for port in [slapd.port, garbled.port] {
        let mut config = slapd.config();
        change(&mut config, "urls", json!([format!("ldaps://127.0.0.1:{port}")]));
        change(&mut config, "ca_file", json!(ca()?));
        let Err(error) = find(&open(config)?, "ada", 5_000).await else { return Err("it serves".into()) };
        let told = format!("{error:?}");
        ensure(told.contains("not speak TLS; see `urls`"), told)?;
    }
    Ok(())
}

#[tokio::test]
async fn another_certificate_than_the_right_one_is_refused() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    slapd.add("uid=ada,ou=people,dc=test", &PERSON)?;
    let old = Slapd::start(&Options { certificate: "expired", ..Options::default() })?;
    let weak = Slapd::start(&Options { certificate: "weak", ..Options::default() })?;
    let other = variable("IDSTORE_TEST_SLAPD_OTHER_CA")?;
    let right = ca()?.display().to_string();
    for (slapd, host, ca, serves) in [
        (&slapd, "127.0.0.1", &right, true),
        (&slapd, "127.0.0.1", &other, false),
        (&slapd, "127.0.0.2", &right, false),
        (&old, "127.0.0.1", &right, false),
        (&weak, "127.0.0.1", &right, false),
    ] {
        for start_tls in [false, true] {
            let mut config = slapd.config();
            let url = if start_tls {
                format!("ldap://{host}:{}", slapd.port)
            } else {
                format!("ldaps://{host}:{}", slapd.ldaps_port)
            };
            change(&mut config, "urls", json!([url]));
            change(&mut config, "ca_file", json!(ca));
            change(&mut config, "start_tls", start_tls);
            let store = open(config)?;
            if serves {
                let found = find(&store, "ada", 5_000).await.map_err(|error| format!("{host}: {error:?}"))?;
                ensure(found.len() == 1, "the right certificate does not serve")?;
            } else {
                is_an_outage(&store).await?;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_rogue_server_takes_nothing_from_another_store() -> Outcome {
    let slapd = Slapd::start(&Options::default())?;
    slapd.add("uid=ada,ou=people,dc=test", &PERSON)?;
    let good = open(slapd.config())?;
    let peer = Peer::saying(nested(10_000)).await?;
    let rogue = store(peer.port)?;
    for _ in 0..20 {
        let (bad, found) = tokio::join!(find(&rogue, "ada", 1_000), find(&good, "ada", 5_000));
        kind(bad)?;
        ensure(found.is_ok_and(|found| found.len() == 1), "the other store does not answer")?;
    }
    Ok(())
}

/// The attributes of somebody.
const PERSON: [(&str, &str); 6] = [
    ("objectClass", "inetOrgPerson"),
    ("objectClass", "testPerson"),
    ("uid", "ada"),
    ("cn", "Ada"),
    ("sn", "Lovelace"),
    ("testOrganization", "acme"),
];
