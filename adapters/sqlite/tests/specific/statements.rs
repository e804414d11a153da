//! What the shared SQL code decides: which lookup answers, what is bound, how a write is proven.

use crate::world::{BY_ID, CREATE, GET_USER, TABLE, World, call, hashed, new};
use idstore_contract::{
    Ability, Account, Deleted, Depth, ErrorKind, Handle, IdentifierChange, IdentifierKind, Lookup,
    NewPassword, PasswordChange, PasswordCheck, PasswordWrite, Purpose, Rejection, Secret, Verdict,
};
use serde_json::{Value, json};

const USERS: &str = "INSERT INTO users (id, email, username, password) VALUES
    (7, 'a@example.com', 'ann', 'hash-a'), (8, 'b@example.com', 'bob', NULL)";

fn with(keys: Value) -> Value {
    let mut statements = json!({ "get_user": GET_USER, "get_user_by_id": BY_ID });
    let Value::Object(keys) = keys else { panic!("keys are a table") };
    statements.as_object_mut().unwrap().extend(keys);
    statements
}

fn world(keys: Value) -> World {
    let world = World::open(TABLE, &with(keys));
    world.behind.batch(USERS).unwrap();
    world
}

fn clear(password: &str) -> PasswordChange {
    PasswordChange { password: NewPassword::Clear(Secret::from(password)), email_verified: false }
}

#[tokio::test]
async fn a_kind_is_looked_up_through_identifier_where_the_answer_shows_it() {
    let world = world(json!({}));
    let named = |kind| Lookup::Named(kind, "ann".into());
    let found = world.store.find(&call(), &named(IdentifierKind::Username), Purpose::Profile).await.unwrap();
    assert_eq!(found[0].user_id, "7");
    let refused = world.store.find(&call(), &named(IdentifierKind::PhoneNumber), Purpose::Profile).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_lookup_binds_what_was_named_and_null_for_the_rest() {
    let lookup = "SELECT id AS user_id, email, username, password AS password_hash FROM users
        WHERE email = :email OR (:identifier = username AND :email IS NULL)";
    let world = World::open(TABLE, &json!({ "get_user": lookup }));
    world.behind.batch(USERS).unwrap();
    let email = Lookup::Named(IdentifierKind::Email, "a@example.com".into());
    assert_eq!(world.store.find(&call(), &email, Purpose::Profile).await.unwrap()[0].user_id, "7");
    assert_eq!(world.by_name("bob").await.unwrap()[0].user_id, "8");
    assert_eq!(world.by_id("7").await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_login_without_a_hash_and_without_check_is_not_offered() {
    let lookup = "SELECT id AS user_id, email FROM users WHERE email = :identifier";
    let world = World::open(TABLE, &json!({ "get_user": lookup }));
    world.behind.batch(USERS).unwrap();
    assert_eq!(world.by_name("a@example.com").await.unwrap_err().kind(), ErrorKind::Unsupported);
    let lookup = Lookup::Identifier("a@example.com".into());
    assert_eq!(world.store.find(&call(), &lookup, Purpose::Profile).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_hash_that_only_login_returns_still_proves_a_change_of_password() {
    let profile = "SELECT id AS user_id, email FROM users WHERE";
    let world = World::open(
        TABLE,
        &json!({
            "get_user": format!("{profile} email = :identifier"),
            "get_user_by_id": format!("{profile} id = :user_id"),
            "login": "SELECT id AS user_id, email, password AS password_hash FROM users WHERE email = :identifier",
            "change_password": "UPDATE users SET password = :password_hash WHERE id = :user_id",
        }),
    );
    world.behind.batch(USERS).unwrap();
    assert_eq!(world.store.probe(&call(), Depth::Full).await.unwrap(), []);
    let account = world.account("7").await;
    assert!(account.password.is_none());
    let change = PasswordChange { password: hashed("better"), email_verified: false };
    let read = world.store.change_password(&call(), &account, &change).await.unwrap();
    assert!(read.password.unwrap().hash.same_as(&Secret::from("better")));
}

#[tokio::test]
async fn the_store_compares_once_and_its_count_stays() {
    let table = format!("{TABLE}; CREATE TABLE attempts (user_id INTEGER)");
    let statements = with(json!({ "check": [
        "INSERT INTO attempts VALUES (:user_id)",
        "SELECT password = :password AS matches FROM users WHERE id = :user_id",
    ] }));
    let world = World::open(&table, &statements);
    world.behind.batch(USERS).unwrap();
    assert_eq!(world.store.describe().password_check, PasswordCheck::ByStore);
    let account = world.account("7").await;
    let checked = world.store.check(&call(), &account, &Secret::from("hash-a")).await.unwrap();
    assert!(matches!(checked, Verdict::Match(found) if found.user_id == "7"));
    let checked = world.store.check(&call(), &account, &Secret::from("HASH-A")).await.unwrap();
    assert!(matches!(checked, Verdict::Mismatch));
    let without = world.account("8").await;
    let checked = world.store.check(&call(), &without, &Secret::from("x")).await.unwrap();
    assert!(matches!(checked, Verdict::Mismatch));
    assert_eq!(world.peek("SELECT count(*) FROM attempts").as_deref(), Some("3"));
}

#[tokio::test]
async fn a_check_needs_no_write() {
    let check = "SELECT password = :password AS matches FROM users WHERE id = :user_id";
    let world = world(json!({ "check": check }));
    let account = world.account("7").await;
    let checked = world.store.check(&call(), &account, &Secret::from("hash-a")).await.unwrap();
    assert!(matches!(checked, Verdict::Match(_)));
}

#[tokio::test]
async fn a_check_that_does_not_answer_is_no_mismatch() {
    let world = world(json!({ "check": "SELECT password = :password FROM users WHERE id = :user_id" }));
    let account = Account::new(Handle::new("7"), "7");
    let refused = world.store.check(&call(), &account, &Secret::from("hash-a")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Misconfigured);
}

#[tokio::test]
async fn nothing_is_answered_from_a_file_that_a_statement_does_not_fit_until_it_does() {
    let world =
        world(json!({ "change_username": "UPDATE users SET nick = :new_username WHERE id = :user_id" }));
    let refused = world.by_id("7").await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Misconfigured);
    assert!(refused.details().any(|detail| detail == ("column", "nick")), "{refused}");
    let problems = world.store.probe(&call(), Depth::Full).await.unwrap();
    assert!(problems.len() == 1 && problems[0].key == "statements.change_username", "{problems:?}");
    world.behind.batch("ALTER TABLE users ADD COLUMN nick TEXT").unwrap();
    assert_eq!(world.account("7").await.user_id, "7");
}

#[tokio::test]
async fn a_password_that_the_store_hashes_shows_as_another_hash() {
    let change =
        json!({ "change_password": "UPDATE users SET password = 'h:' || :password WHERE id = :user_id" });
    let world = World::with(TABLE, &with(change), "constraint", PasswordWrite::ByStore);
    world.behind.batch(USERS).unwrap();
    let account = world.account("7").await;
    world.store.change_password(&call(), &account, &clear("one")).await.unwrap();
    assert_eq!(world.peek("SELECT password FROM users WHERE id = 7").as_deref(), Some("h:one"));
    // The same hash again shows nothing, and without `check` nothing else does.
    let refused = world.store.change_password(&call(), &account, &clear("one")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Misconfigured);
}

#[tokio::test]
async fn where_no_hash_is_shown_check_says_yes_in_the_same_transaction() {
    let statements = json!({
        "get_user": "SELECT id AS user_id, email FROM users WHERE email = :identifier",
        "get_user_by_id": "SELECT id AS user_id, email FROM users WHERE id = :user_id",
        "check": "SELECT password = 'h:' || :password AS matches FROM users WHERE id = :user_id",
        "change_password": "UPDATE users SET password = 'h:' || :password WHERE id = :user_id",
    });
    let world = World::with(TABLE, &statements, "constraint", PasswordWrite::ByStore);
    world.behind.batch(USERS).unwrap();
    assert_eq!(world.store.probe(&call(), Depth::Full).await.unwrap(), []);
    let account = world.account("7").await;
    for _ in 0..2 {
        world.store.change_password(&call(), &account, &clear("two")).await.unwrap();
    }
    world
        .behind
        .batch(
            "CREATE TRIGGER spoil AFTER UPDATE ON users BEGIN
        UPDATE users SET password = 'spoiled' WHERE id = NEW.id; END",
        )
        .unwrap();
    let refused = world.store.change_password(&call(), &account, &clear("three")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Misconfigured);
    assert_eq!(world.peek("SELECT password FROM users WHERE id = 7").as_deref(), Some("h:two"));
}

#[tokio::test]
async fn a_change_of_password_proves_the_address_by_itself_or_through_verify() {
    let change = "UPDATE users SET password = :password_hash WHERE id = :user_id";
    let asked = PasswordChange { password: hashed("better"), email_verified: true };

    let neither = world(json!({ "change_password": change }));
    let account = neither.account("7").await;
    let refused = neither.store.change_password(&call(), &account, &asked).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    assert!(!neither.store.describe().offers(Ability::ChangePasswordVerifies));
    assert_eq!(neither.peek("SELECT password FROM users WHERE id = 7").as_deref(), Some("hash-a"));

    let through = world(
        json!({ "change_password": change, "verify": "UPDATE users SET verified = 1 WHERE id = :user_id" }),
    );
    let read = through.store.change_password(&call(), &account, &asked).await.unwrap();
    assert_eq!(read.profile.email_verified, Some(true));

    let both = "UPDATE users SET password = :password_hash, verified = :email_verified WHERE id = :user_id";
    let by_itself = world(json!({ "change_password": both }));
    let read = by_itself.store.change_password(&call(), &account, &asked).await.unwrap();
    assert_eq!(read.profile.email_verified, Some(true));
    // A later change that proves nothing does not take it back.
    let later = PasswordChange { password: hashed("other"), email_verified: false };
    let read = by_itself.store.change_password(&call(), &read, &later).await.unwrap();
    assert_eq!(read.profile.email_verified, Some(true));
}

#[tokio::test]
async fn what_create_can_not_store_is_refused_before_anything_is_sent() {
    let create = "INSERT INTO users (email, password) VALUES (:email, :password_hash)";
    let world = world(json!({ "create": create }));
    let mut asked = new("c@example.com", hashed("h"));
    asked.profile.username = Some("cleo".into());
    let call_one = call();
    let refused = world.store.create(&call_one, &asked).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Rejected(Rejection::Value(Some(IdentifierKind::Username))));
    assert!(!call_one.write_begun());
    asked.profile.username = None;
    asked.organization = Some("acme".into());
    let refused = world.store.create(&call(), &asked).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Rejected(Rejection::Value(None)));
}

#[tokio::test]
async fn an_account_whose_key_is_not_returned_is_found_by_what_it_was_given() {
    let create = "INSERT INTO users (email, password) VALUES (:email, :password_hash)";
    let world = world(json!({ "create": create }));
    let made = world.store.create(&call(), &new("c@example.com", hashed("h"))).await.unwrap();
    assert_eq!((made.user_id.as_str(), made.profile.email.as_deref()), ("9", Some("c@example.com")));
}

#[tokio::test]
async fn a_violated_constraint_that_no_lookup_explains_is_a_refused_value() {
    let table = format!("{TABLE}; CREATE UNIQUE INDEX only_one_proven ON users (verified) WHERE verified");
    let world = World::open(&table, &with(json!({ "create": CREATE })));
    let mut proven = new("a@example.com", hashed("h"));
    proven.profile.email_verified = Some(true);
    world.store.create(&call(), &proven).await.unwrap();
    proven.profile.email = Some("b@example.com".into());
    let refused = world.store.create(&call(), &proven).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Rejected(Rejection::Value(None)));
    proven.profile.email = Some("a@example.com".into());
    let taken = world.store.create(&call(), &proven).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists(Some(IdentifierKind::Email)));
}

#[tokio::test]
async fn a_constraint_that_a_change_of_password_violates_is_no_existing_user() {
    let change = "UPDATE users SET password = :password_hash WHERE id = :user_id";
    let table = format!("{TABLE}; CREATE UNIQUE INDEX no_two_hashes ON users (password)");
    let world = World::open(&table, &with(json!({ "change_password": change })));
    world.behind.batch(USERS).unwrap();
    let account = world.account("8").await;
    let change = PasswordChange { password: hashed("hash-a"), email_verified: false };
    let refused = world.store.change_password(&call(), &account, &change).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Rejected(Rejection::Value(None)));
}

#[tokio::test]
async fn a_generated_value_is_the_same_in_all_statements_of_a_call() {
    let table = "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT, password TEXT);
        CREATE TABLE keys (id TEXT, again TEXT, hex TEXT, alnum TEXT)";
    let lookup = "SELECT id AS user_id, email, password AS password_hash FROM users WHERE";
    let world = World::open(
        table,
        &json!({
            "get_user": format!("{lookup} email = :identifier"), "get_user_by_id": format!("{lookup} id = :user_id"),
            "create": ["INSERT INTO users VALUES (:uuid, :email, :password_hash) RETURNING id AS user_id",
                       "INSERT INTO keys VALUES (:new.user_id, :uuid, :random_hex_32, :random_alnum_32)"],
        }),
    );
    let made = world.store.create(&call(), &new("a@example.com", hashed("h"))).await.unwrap();
    let rows = world.behind.rows("SELECT id, again, length(hex), length(alnum) FROM keys").unwrap();
    let id = Some(made.user_id);
    assert_eq!(rows, [[id.clone(), id, Some("32".into()), Some("32".into())]]);
}

#[tokio::test]
async fn a_change_to_the_own_address_is_no_conflict_under_a_lock() {
    let change = "UPDATE users SET email = :new_email, verified = :email_verified WHERE id = :user_id";
    let table =
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, username TEXT, verified BOOLEAN DEFAULT 0,
        password TEXT, blocked BOOLEAN DEFAULT 0)";
    let world = World::with(table, &with(json!({ "change_email": change })), "lock", PasswordWrite::Hashed);
    world.behind.batch(USERS).unwrap();
    let account = world.account("7").await;
    let to =
        |value: &str| IdentifierChange { kind: IdentifierKind::Email, value: value.into(), verified: true };
    let read = world.store.change_identifier(&call(), &account, &to("a@example.com")).await.unwrap();
    assert_eq!(read.profile.email_verified, Some(true));
    let taken = world.store.change_identifier(&call(), &account, &to("b@example.com")).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists(Some(IdentifierKind::Email)));
}

#[tokio::test]
async fn a_delete_removes_or_blocks_and_anything_else_is_undone() {
    let removing = world(json!({ "delete": "DELETE FROM users WHERE id = :user_id" }));
    let account = removing.account("7").await;
    assert_eq!(removing.store.delete(&call(), &account).await.unwrap(), Deleted::Removed);
    assert_eq!(removing.store.delete(&call(), &account).await.unwrap_err().kind(), ErrorKind::NotFound);
    let blocking = world(json!({ "delete": "UPDATE users SET blocked = 1 WHERE id = :user_id" }));
    assert_eq!(blocking.store.delete(&call(), &account).await.unwrap(), Deleted::Deactivated);
    let renaming = world(json!({ "delete": "UPDATE users SET email = 'gone' WHERE id = :user_id" }));
    assert_eq!(renaming.store.delete(&call(), &account).await.unwrap_err().kind(), ErrorKind::Misconfigured);
    assert_eq!(renaming.peek("SELECT email FROM users WHERE id = 7").as_deref(), Some("a@example.com"));
}

#[tokio::test]
async fn a_key_that_only_looks_like_another_is_no_account_for_a_write() {
    let world = world(json!({ "delete": "DELETE FROM users WHERE id = :user_id" }));
    // SQLite finds 7 for '007'; which candidate is the account is decided by the exact text.
    let mut account = world.by_id("007").await.unwrap().remove(0);
    assert_eq!(account.user_id, "7");
    account.user_id = "007".into();
    assert_eq!(world.store.delete(&call(), &account).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn values_are_never_read_as_sql() {
    let world = world(json!({ "create": CREATE }));
    for hostile in ["' OR 1=1 --", ":email", "?1", "$1", "{x}", "a'; DROP TABLE users; --"] {
        assert!(world.by_name(hostile).await.unwrap().is_empty());
        let made = world.store.create(&call(), &new(hostile, hashed(hostile))).await.unwrap();
        assert_eq!(made.profile.email.as_deref(), Some(hostile));
        assert_eq!(world.by_name(hostile).await.unwrap()[0].user_id, made.user_id);
    }
}

#[tokio::test]
async fn methods_of_later_statements_answer_unsupported() {
    let world = world(json!({}));
    let account = world.account("7").await;
    assert_eq!(world.store.memberships(&call(), &account).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(world.store.list(&call(), None, 10).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(world.store.verify(&call(), &account).await.unwrap_err().kind(), ErrorKind::Unsupported);
}
