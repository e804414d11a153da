//! Deadlines: a statement that never ends, a caller that goes away, another program that holds the file.

use crate::world::{BY_ID, CREATE, GET_USER, TABLE, World, call, call_within, hashed, new};
use idstore_contract::{ErrorKind, Lookup, Purpose};
use serde_json::json;
use std::time::{Duration, Instant};

const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    SELECT count(*) AS user_id, 'x' AS email, NULL AS username, 0 AS email_verified, NULL AS password_hash FROM n WHERE :identifier IS NOT NULL";

#[tokio::test]
async fn a_statement_that_never_ends_is_stopped_at_the_deadline_and_its_session_goes_on() {
    let world = World::open(TABLE, &json!({ "get_user": ENDLESS, "get_user_by_id": BY_ID }));
    let call = call_within(Duration::from_millis(200));
    // More than there are sessions, so that every one of them has been stopped.
    let lookup = Lookup::Identifier("a".into());
    for _ in 0..6 {
        let stopped = world.store.find(&call, &lookup, Purpose::Profile).await;
        assert!(matches!(stopped.unwrap_err().kind(), ErrorKind::Timeout | ErrorKind::Busy));
    }
    assert!(Instant::now() < call.deadline + Duration::from_millis(500));
    assert!(world.by_id("1").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lookup_that_nobody_waits_for_frees_its_session() {
    let world = World::open(TABLE, &json!({ "get_user": ENDLESS, "get_user_by_id": BY_ID }));
    let call = call_within(Duration::from_secs(60));
    for _ in 0..8 {
        let dropped = world.by_name_within(&call, Duration::from_millis(30)).await;
        assert!(dropped.is_none());
    }
    assert!(world.by_id("1").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_write_that_another_program_keeps_out_is_busy_and_writes_nothing() {
    let statements = json!({ "get_user": GET_USER, "get_user_by_id": BY_ID, "create": CREATE });
    let world = World::open(TABLE, &statements);
    world.behind.batch("BEGIN IMMEDIATE").unwrap();
    let call = call_within(Duration::from_millis(200));
    let refused = world.store.create(&call, &new("a@example.com", hashed("h"))).await.unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Busy | ErrorKind::Timeout), "{refused:?}");
    assert!(!call.write_begun());
    world.behind.batch("COMMIT").unwrap();
    assert_eq!(world.peek("SELECT count(*) FROM users").as_deref(), Some("0"));
    world.store.create(&crate::world::call(), &new("a@example.com", hashed("h"))).await.unwrap();
}

#[tokio::test]
async fn a_write_that_is_dropped_half_way_is_undone_and_the_writer_goes_on() {
    let endless = "INSERT INTO users (email) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        SELECT count(*) FROM n WHERE :email IS NOT NULL";
    let statements = json!({
        "get_user": GET_USER, "get_user_by_id": BY_ID,
        "create": [CREATE, endless],
        "verify": "UPDATE users SET verified = 1 WHERE id = :user_id",
    });
    let world = World::open(TABLE, &statements);
    world.behind.batch("INSERT INTO users (id, email) VALUES (1, 'b@example.com')").unwrap();
    let call_long = call_within(Duration::from_secs(60));
    let asked = new("a@example.com", hashed("h"));
    let created =
        tokio::time::timeout(Duration::from_millis(100), world.store.create(&call_long, &asked)).await;
    assert!(created.is_err() && call_long.write_begun());
    let account = world.account("1").await;
    let verified = world.store.verify(&call(), &account).await.unwrap();
    assert_eq!(verified.profile.email_verified, Some(true));
    assert_eq!(world.peek("SELECT count(*) FROM users").as_deref(), Some("1"));
}

#[tokio::test]
async fn a_call_that_was_given_up_before_its_first_write_writes_nothing() {
    let statements = json!({ "get_user": GET_USER, "get_user_by_id": BY_ID, "create": CREATE });
    let world = World::open(TABLE, &statements);
    let call = call();
    assert!(call.abandon_write());
    let refused = world.store.create(&call, &new("a@example.com", hashed("h"))).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Busy);
    assert_eq!(world.peek("SELECT count(*) FROM users").as_deref(), Some("0"));
}

impl World {
    /// `None` where the lookup did not answer in that time, and was dropped.
    async fn by_name_within(&self, call: &idstore_contract::Call, time: Duration) -> Option<usize> {
        let lookup = Lookup::Identifier("a".into());
        let found = tokio::time::timeout(time, self.store.find(call, &lookup, Purpose::Profile)).await;
        found.ok().map(|found| found.map_or(0, |accounts| accounts.len()))
    }
}
