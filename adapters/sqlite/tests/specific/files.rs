//! The file: missing, replaced, foreign, read-only, changed under the daemon.

use crate::world::{BY_ID, CREATE, GET_USER, TABLE, World, call, hashed, new};
use idstore_contract::{Depth, ErrorKind};
use rusqlite::Connection;
use serde_json::json;

fn reading() -> serde_json::Value {
    json!({ "get_user": GET_USER, "get_user_by_id": BY_ID })
}

#[tokio::test]
async fn a_missing_file_is_an_outage_is_not_made_and_is_served_once_it_is_there() {
    let world = World::open(TABLE, &reading());
    let path = world.file.path();
    let away = path.with_extension("away");
    std::fs::rename(&path, &away).unwrap();
    assert_eq!(world.by_id("1").await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(world.store.probe(&call(), Depth::Alive).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(world.store.probe(&call(), Depth::Full).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(!path.exists());
    std::fs::rename(&away, &path).unwrap();
    assert!(world.by_id("1").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_was_replaced_is_read_from_then_on() {
    let world = World::open(TABLE, &reading());
    assert!(world.by_id("7").await.unwrap().is_empty());
    let other = world.file.path().with_extension("new");
    let connection = Connection::open(&other).unwrap();
    connection.execute_batch(TABLE).unwrap();
    connection.execute("INSERT INTO users (id, email) VALUES (7, 'new@example.com')", []).unwrap();
    drop(connection);
    std::fs::rename(&other, world.file.path()).unwrap();
    assert_eq!(world.account("7").await.profile.email.as_deref(), Some("new@example.com"));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_never_no_account() {
    let world = World::open(TABLE, &reading());
    std::fs::write(
        world.file.path().with_extension("new"),
        "not a database, and long enough to be looked at",
    )
    .unwrap();
    std::fs::rename(world.file.path().with_extension("new"), world.file.path()).unwrap();
    assert_eq!(world.by_id("1").await.unwrap_err().kind(), ErrorKind::Misconfigured);
}

#[tokio::test]
async fn a_store_without_writes_opens_the_file_for_reading_only() {
    let world =
        World::open(TABLE, &json!({ "get_user": GET_USER, "get_user_by_id": BY_ID, "probe": "SELECT 1" }));
    assert_eq!(world.store.probe(&call(), Depth::Alive).await.unwrap(), []);
    assert_eq!(world.store.probe(&call(), Depth::Full).await.unwrap(), []);
    assert!(world.store.describe().abilities.is_empty());
}

#[tokio::test]
async fn a_column_that_is_dropped_under_the_daemon_is_told_by_its_name() {
    let world = World::open(TABLE, &reading());
    assert!(world.by_id("1").await.unwrap().is_empty());
    world.behind.batch("ALTER TABLE users DROP COLUMN verified").unwrap();
    let error = world.by_id("1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    assert!(error.details().any(|detail| detail == ("column", "verified")), "{error}");
    assert!(error.details().any(|detail| detail == ("statement", "statements.get_user_by_id")), "{error}");
    let problems = world.store.probe(&call(), Depth::Full).await.unwrap();
    assert!(problems.iter().any(|p| p.is_error() && p.key == "statements.get_user_by_id"), "{problems:?}");
}

#[tokio::test]
async fn a_column_that_is_added_under_the_daemon_is_refused_where_everything_is_selected() {
    let everything = "SELECT * FROM users WHERE user_id = :user_id";
    let table = "CREATE TABLE users (user_id INTEGER PRIMARY KEY, email TEXT)";
    let world = World::open(table, &json!({ "get_user_by_id": everything }));
    world.behind.batch("INSERT INTO users VALUES (1, 'a@example.com')").unwrap();
    assert_eq!(world.account("1").await.user_id, "1");
    world.behind.batch("ALTER TABLE users ADD COLUMN secret_question TEXT DEFAULT 'x'").unwrap();
    // By a session that was open, at the row; by one that is opened for this call, when it compares the statements.
    let error = world.by_id("1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    assert!(error.to_string().contains("secret_question"), "{error}");
}

#[tokio::test]
async fn a_misspelled_quoted_column_is_no_text() {
    let lookup = r#"SELECT id AS user_id, "emial" AS email FROM users WHERE email = :identifier"#;
    let world = World::open(TABLE, &json!({ "get_user": lookup }));
    assert_eq!(world.by_name("a").await.unwrap_err().kind(), ErrorKind::Misconfigured);
}

#[tokio::test]
async fn a_lookup_by_key_uses_the_primary_key() {
    let world = World::open(TABLE, &reading());
    let plan =
        world.behind.rows(&format!("EXPLAIN QUERY PLAN {}", BY_ID.replace(":user_id", "'7'"))).unwrap();
    let plan = format!("{plan:?}");
    assert!(plan.contains("SEARCH users USING INTEGER PRIMARY KEY"), "{plan}");
}

#[tokio::test]
async fn a_constraint_names_its_columns_and_never_a_value() {
    let table = format!(
        "{TABLE}; CREATE TRIGGER t BEFORE INSERT ON users WHEN NEW.email LIKE 'bad%'
        BEGIN SELECT RAISE(ABORT, 'no hunter2 here'); END"
    );
    let statements = json!({ "get_user": GET_USER, "get_user_by_id": BY_ID, "create": CREATE });
    let world = World::open(&table, &statements);
    world.store.create(&call(), &new("a@example.com", hashed("h"))).await.unwrap();
    let taken = world.store.create(&call(), &new("a@example.com", hashed("h"))).await.unwrap_err();
    assert!(taken.details().any(|detail| detail == ("columns", "users.email")), "{taken}");
    let refused = world.store.create(&call(), &new("bad@example.com", hashed("h"))).await.unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Rejected(_)), "{refused:?}");
    assert!(!format!("{refused:?}{taken:?}").contains("hunter2"));
}
