//! A gate before a server that sends back what it gets.

use super::{Gate, Mode, Target};
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Long enough to see that nothing comes.
const QUIET: Duration = Duration::from_millis(100);

async fn echo() -> Gate {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let gate = Gate::open(Target::Tcp(listener.local_addr().unwrap())).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = client.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    gate
}

async fn connect(gate: &Gate) -> TcpStream {
    TcpStream::connect(("127.0.0.1", gate.port())).await.unwrap()
}

async fn says_back(client: &mut TcpStream, text: &str) {
    client.write_all(text.as_bytes()).await.unwrap();
    reads(client, text).await;
}

async fn reads(client: &mut TcpStream, text: &str) {
    let mut answer = vec![0; text.len()];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, text.as_bytes());
}

#[tokio::test]
async fn an_open_gate_lets_everything_through_and_counts() {
    let gate = echo().await;
    let (mut one, mut two) = (connect(&gate).await, connect(&gate).await);
    says_back(&mut one, "hello").await;
    says_back(&mut two, &"long ".repeat(100_000)).await;
    assert_eq!((gate.sessions(), gate.sessions_peak()), (2, 2));
    one.shutdown().await.unwrap();
    assert_eq!(one.read(&mut [0; 8]).await.unwrap(), 0, "the end of one direction is passed on");
}

#[tokio::test]
async fn a_refusing_gate_cuts_sessions_and_lets_nobody_in_until_it_opens_again() {
    let gate = echo().await;
    let mut client = connect(&gate).await;
    says_back(&mut client, "hello").await;
    gate.set(Mode::Refuse).await.unwrap();
    assert_eq!(client.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let refused = TcpStream::connect(("127.0.0.1", gate.port())).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(gate.sessions(), 0);
    gate.set(Mode::Forward).await.unwrap();
    says_back(&mut connect(&gate).await, "again").await;
}

#[tokio::test]
async fn a_resetting_gate_resets_old_sessions_and_new_ones() {
    let gate = echo().await;
    let mut old = connect(&gate).await;
    says_back(&mut old, "hello").await;
    gate.set(Mode::Reset).await.unwrap();
    assert_eq!(old.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let mut new = connect(&gate).await;
    assert_eq!(new.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_severed_session_is_reset_and_new_ones_pass() {
    let gate = echo().await;
    let mut old = connect(&gate).await;
    says_back(&mut old, "hello").await;
    gate.sever();
    says_back(&mut connect(&gate).await, "again").await;
    assert_eq!(old.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_frozen_gate_holds_everything_back_and_loses_nothing() {
    let gate = echo().await;
    let mut old = connect(&gate).await;
    says_back(&mut old, "hello").await;
    gate.set(Mode::Freeze).await.unwrap();
    let mut new = connect(&gate).await;
    for client in [&mut old, &mut new] {
        client.write_all(b"held back").await.unwrap();
        assert!(timeout(QUIET, client.read(&mut [0; 8])).await.is_err(), "something came through");
    }
    gate.set(Mode::Forward).await.unwrap();
    for client in [&mut old, &mut new] {
        reads(client, "held back").await;
        says_back(client, "and on").await;
    }
}

#[tokio::test]
async fn a_half_closed_session_says_goodbye_and_still_takes_what_is_sent() {
    let gate = echo().await;
    let mut client = connect(&gate).await;
    says_back(&mut client, "hello").await;
    gate.set(Mode::HalfClose).await.unwrap();
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
    for _ in 0..10 {
        client.write_all(&[0; 10_000]).await.unwrap();
    }
}

#[tokio::test]
async fn a_dropped_gate_leaves_no_session_behind() {
    let gate = echo().await;
    let mut client = connect(&gate).await;
    says_back(&mut client, "hello").await;
    drop(gate);
    assert!(matches!(
        timeout(Duration::from_secs(5), client.read(&mut [0; 8])).await.unwrap(),
        Ok(0) | Err(_)
    ));
}

#[tokio::test]
async fn a_gate_before_nobody_resets_those_who_come() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let gate = Gate::open(Target::Tcp(address)).await.unwrap();
    let mut client = connect(&gate).await;
    assert_eq!(client.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}
