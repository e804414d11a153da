//! Whatever bytes a server sends: nothing panics, nothing is reserved for a count that it only claims, and no session
//! goes on with somebody who said something else than was asked.

use crate::login::{Cover, Who, sign_in};
use crate::session::Session;
use crate::wire::{LOGIN_BYTES_MAX, PACKET_BYTES_MAX, Wire};
use idstore_contract::{Secret, Surroundings};
use idstore_sql::{Dialect, Doing, StatementKey, Statements, StatementsConfig, Texts, Uniqueness, Value};
use proptest::prelude::*;

/// A session on which a server has said all of this already, and then went away.
fn session(said: &[u8]) -> Session {
    let mut wire = Wire::new(stream(said));
    wire.logged_in();
    Session::new(wire, 1, 0)
}

fn stream(said: &[u8]) -> impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Sync + Unpin + use<> {
    tokio::io::join(std::io::Cursor::new(said.to_vec()), tokio::io::sink())
}

fn run<T>(asked: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(asked)
}

/// Packets of one exchange, the first of which has this number.
fn packets(first: u8, payloads: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (payload, number) in payloads.iter().zip(first..) {
        let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
        bytes.extend([length[0], length[1], length[2], number]);
        bytes.extend(*payload);
    }
    bytes
}

fn statements() -> Statements {
    let mut config = StatementsConfig::default();
    let text = "SELECT id AS user_id, email FROM users WHERE email = :identifier";
    config.set(StatementKey::GetUser, Texts::One(text.into()));
    config.compile(Dialect::MySql, Uniqueness::Constraint, &Surroundings::default()).unwrap()
}

fn who() -> Who {
    Who {
        user: "idstore".into(),
        password: Some(Secret::from("CANARY")),
        database: "crm".into(),
        program: "idstore-proxy".into(),
    }
}

const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];
const END: &[u8] = &[0xfe, 0, 0, 2, 0];

#[test]
fn a_packet_that_claims_too_much_is_refused_by_its_head() {
    let claimed = u32::try_from(PACKET_BYTES_MAX + 1).unwrap().to_le_bytes();
    let mut session = session(&[claimed[0], claimed[1], claimed[2], 1]);
    let told = run(session.command("DO 1", Doing::Reading)).unwrap_err().error.to_string();
    assert!(told.contains("too large"), "{told}");
    let claimed = u32::try_from(LOGIN_BYTES_MAX + 1).unwrap().to_le_bytes();
    let greeting = stream(&[claimed[0], claimed[1], claimed[2], 0]);
    let told = run(sign_in(greeting, Cover::None, &who())).err().unwrap().error.to_string();
    assert!(told.contains("too large"), "{told}");
}

#[test]
fn a_packet_out_of_turn_ends_the_session() {
    let mut session = session(&packets(2, &[OK]));
    assert!(run(session.command("DO 1", Doing::Reading)).is_err());
    assert!(!session.is_usable());
}

#[test]
fn what_is_left_of_an_answer_is_never_taken_for_the_next_one() {
    // One result with columns, and the server is silent before its end.
    let column = [b"\x03def\0\0\0\x01a\x01a\x0c".as_slice(), &[63, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0]].concat();
    let mut session = session(&packets(1, &[&[1], &column]));
    assert!(run(session.command("DO 1", Doing::Reading)).is_err());
    let told = run(session.command("DO 1", Doing::Reading)).unwrap_err().error.to_string();
    assert!(told.contains("in the middle"), "{told}");
}

#[test]
fn a_file_that_the_server_asks_for_is_not_sent() {
    let mut session = session(&packets(1, &[b"\xfb/etc/passwd"]));
    assert!(run(session.command("DO 1", Doing::Reading)).is_err());
    assert!(session.is_busy());
}

#[test]
fn results_without_end_are_not_followed() {
    // Each says that another one comes.
    let more: &[u8] = &[0, 0, 0, 10, 0, 0, 0];
    let mut session = session(&packets(1, &[more; 64]));
    assert!(run(session.command("DO 1", Doing::Reading)).is_err());
}

#[test]
fn descriptions_of_columns_that_are_too_large_are_not_kept() {
    // Each is a valid one with a name of a quarter MiB: five of them are more than the names of a thousand columns.
    let name = vec![b'a'; 1 << 18];
    let length = u32::try_from(name.len()).unwrap().to_le_bytes();
    let mut column = b"\x03def\0\0\0\xfd".to_vec();
    column.extend([length[0], length[1], length[2]]);
    column.extend(&name);
    column.extend(b"\x01a\x0c");
    column.extend([63, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0]);
    let answer = |count: u8| {
        let count_alone = [count];
        let columns = std::iter::repeat_n(column.as_slice(), usize::from(count));
        let payloads: Vec<&[u8]> =
            std::iter::once(count_alone.as_slice()).chain(columns).chain([END, END]).collect();
        packets(1, &payloads)
    };
    assert!(run(session(&answer(3)).command("DO 1", Doing::Reading)).is_ok());
    let mut session = session(&answer(5));
    assert!(run(session.command("DO 1", Doing::Reading)).is_err());
    assert!(!session.is_usable());
}

/// Bytes that begin like something, so that more than the first check sees them.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![Just(0_u8), Just(1), Just(3), Just(0xfb), Just(0xfe), Just(0xff), any::<u8>()];
    (first, proptest::collection::vec(any::<u8>(), 0..48))
        .prop_map(|(first, rest)| [&[first], rest.as_slice()].concat())
}

proptest! {
    #[test]
    fn no_bytes_make_a_session_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let statements = statements();
        run(session(&bytes).learn(&statements)).ok();
        run(session(&bytes).lock("a", 1)).ok();
    }

    #[test]
    fn no_packets_make_a_session_panic(payloads in proptest::collection::vec(payload(), 1..8)) {
        let said: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        run(session(&packets(1, &said)).command("DO 1", Doing::Reading)).ok();
        run(session(&packets(1, &said)).lock("a", 1)).ok();
        let statements = statements();
        let mut learned = session(&packets(1, &said));
        if run(learned.learn(&statements)).is_ok() {
            let statement = statements.first(StatementKey::GetUser).unwrap();
            run(learned.run(statement, &[Value::Text("ann".into())], Doing::Reading)).ok();
        }
    }

    #[test]
    fn no_server_makes_a_login_panic_or_gets_the_password(payloads in proptest::collection::vec(payload(), 0..6)) {
        let greeting: &[u8] = b"\x0a8.0.0\0\x01\0\0\0abcdefgh\0\xff\xff\x2d\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0abcdefghijkl\0caching_sha2_password\0";
        let rest: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        let said = [packets(0, &[greeting]), packets(2, &rest)].concat();
        run(sign_in(stream(&said), Cover::None, &who())).ok();
    }
}

#[test]
fn a_whole_conversation_is_understood() {
    let greeting: &[u8] = b"\x0a8.0.0\0\x01\0\0\0abcdefgh\0\xff\xff\x2d\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0abcdefghijkl\0caching_sha2_password\0";
    let said = [packets(0, &[greeting]), packets(2, &[&[1, 3], OK])].concat();
    let (_, number) = run(sign_in(stream(&said), Cover::None, &who())).ok().unwrap();
    assert_eq!(number, 1);
    let prepared: &[u8] = &[0, 7, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0];
    let parameter: &[u8] = b"\x03def\0\0\0\x01?\0\x0c\x3f\0\0\0\0\0\xfd\0\0\0\0\0";
    let column: &[u8] = b"\x03def\0\0\0\x01a\x01a\x0c\x3f\0\x01\0\0\0\x08\0\0\0\0\0";
    let row: &[u8] = &[0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    let said =
        [packets(1, &[prepared, parameter, parameter, END]), packets(1, &[&[1], column, END, row, END])]
            .concat();
    let mut session = session(&said);
    assert!(run(session.lock("a", 1)).is_ok());
    assert!(!session.is_busy() && !session.is_usable(), "a session with a lock goes back to nobody");
}
