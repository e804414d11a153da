//! What comes out of the server's types and what goes into them.

use crate::server::{Database, Outcome, account, call, change, ensure, find, kind, open};
use idstore_contract::{
    Depth, ErrorKind, Lookup, NewAccount, NewPassword, Profile, Purpose, Rejection, Secret, StoredPassword,
};
use serde_json::json;

const COLUMNS: &str =
    "SELECT id AS user_id, email, flag AS \"app_metadata.flag\", small AS \"app_metadata.small\",
    large AS \"app_metadata.large\", real8 AS \"app_metadata.real8\", price AS \"app_metadata.price\",
    padded AS \"app_metadata.padded\", folded AS \"app_metadata.folded\", mood AS \"app_metadata.mood\",
    key AS \"app_metadata.key\", at AS \"app_metadata.at\", local AS \"app_metadata.local\",
    day AS \"app_metadata.day\", doc AS \"app_metadata.doc\", tags AS \"app_metadata.tags\",
    numbers AS \"app_metadata.numbers\", years AS \"app_metadata.years\", nothing AS \"app_metadata.nothing\"
    FROM kinds WHERE email = :identifier";

const KINDS: &str = "
    CREATE EXTENSION citext;
    CREATE TYPE mood AS ENUM ('sad', 'glad');
    CREATE DOMAIN years AS int CHECK (value >= 0);
    CREATE TABLE kinds (id numeric(20) PRIMARY KEY, email text, flag bool, small int2, large int8, real8 float8,
        price numeric(12,4), padded char(8), folded citext, mood mood, key uuid, at timestamptz, local timestamp,
        day date, doc jsonb, tags text[], numbers int[], years years, nothing text);
    INSERT INTO kinds VALUES (12345678901234567890, 'a@example.com', true, -7, 9007199254740993, 1.5, -120.0050,
        'ab', 'MiXed', 'glad', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '2024-05-01 12:00:00+02',
        '2024-05-01 12:00:00', '2024-05-01', '{\"a\": [1, null]}', '{x,NULL,\"y z\"}', '{1,2}', 7, NULL)";

async fn every_type_arrives(prepare: &str) -> Outcome {
    let database = Database::create().await?;
    database.execute(KINDS).await?;
    let mut config = database.config(&json!({ "get_user": COLUMNS }));
    change(&mut config, "prepare", prepare);
    let found = account(&open(config)?, "a@example.com").await?;
    ensure(found.user_id == "12345678901234567890", format!("the key is {}", found.user_id))?;
    let expected = json!({
        "flag": true, "small": -7, "large": 9_007_199_254_740_993_i64, "real8": 1.5, "price": -120.005,
        "padded": "ab", "folded": "MiXed", "mood": "glad", "key": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "at": "2024-05-01T10:00:00Z", "local": "2024-05-01T12:00:00Z", "day": "2024-05-01T00:00:00Z",
        "doc": { "a": [1, null] }, "tags": ["x", null, "y z"], "numbers": [1, 2], "years": 7,
    });
    for (name, value) in expected.as_object().into_iter().flatten() {
        let got = found.profile.app_metadata.get(name);
        ensure(got == Some(value), format!("{name} arrived as {got:?}, not as {value}"))?;
    }
    ensure(!found.profile.app_metadata.contains_key("nothing"), "NULL became a member")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_arrives_as_what_it_is() -> Outcome {
    every_type_arrives("connection").await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_arrives_with_one_call_to_prepare() -> Outcome {
    every_type_arrives("call").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_can_not_be_read_is_refused_with_the_cast() -> Outcome {
    let database = Database::create().await?;
    database.execute("CREATE TABLE t (id int, email text, seen interval)").await?;
    let lookup =
        "SELECT id AS user_id, email, seen AS \"app_metadata.seen\" FROM t WHERE email = :identifier";
    let store = open(database.config(&json!({ "get_user": lookup })))?;
    let error = find(&store, "a@example.com", 5_000).await.err().ok_or("it was read")?;
    ensure(
        error.kind() == ErrorKind::Misconfigured && error.to_string().contains("CAST("),
        error.to_string(),
    )?;
    let problems = store.probe(&call(5_000), Depth::Full).await.map_err(|error| error.to_string())?;
    ensure(problems.iter().any(|problem| problem.key == "statements.get_user"), format!("{problems:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_the_key_can_not_hold_finds_nobody() -> Outcome {
    for (key, bad) in [
        ("int", ["nope", "99999999999", "7; DROP TABLE t", " 7"]),
        ("uuid", ["nope", "a0eebc99", "%", "'"]),
        ("date", ["now", "2024-13-01", "infinity", ""]),
        ("numeric", ["NaN", "1e3", "one", "--1"]),
        ("bool", ["maybe", "tru", "2", " t"]),
    ] {
        let database = Database::create().await?;
        database.execute(&format!("CREATE TABLE t (id {key}, email text)")).await?;
        let store = open(database.config(&json!({
            "get_user": "SELECT id AS user_id, email FROM t WHERE email = :identifier",
            "get_user_by_id": "SELECT email AS user_id, email FROM t WHERE :user_id IS NULL OR id = :user_id",
        })))?;
        database.execute("INSERT INTO t (email) VALUES ('a@example.com')").await?;
        for text in bad {
            let found = store.find(&call(5_000), &Lookup::UserId(text.into()), Purpose::Profile).await;
            let found = found.map_err(|error| format!("{key} {text:?}: {error:?}"))?;
            ensure(found.is_empty(), format!("{text:?} found somebody by a key of type {key}"))?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_a_column_can_not_hold_is_rejected_and_nothing_written() -> Outcome {
    let database = Database::create().await?;
    let lookup = "SELECT id AS user_id, email, password AS password_hash FROM t WHERE";
    database
        .execute("CREATE TABLE t (id serial PRIMARY KEY, email text UNIQUE, password text, age int, mood varchar(4))")
        .await?;
    let store = open(database.config(&json!({
        "get_user": format!("{lookup} email = :identifier"), "get_user_by_id": format!("{lookup} id = :user_id"),
        "create": "INSERT INTO t (email, password, age, mood)
                   VALUES (:email, :password_hash, :nickname, :given_name) RETURNING id AS user_id",
    })))?;
    let new = |nickname: &str, given_name: &str| NewAccount {
        profile: Profile {
            email: Some("a@example.com".into()),
            email_verified: Some(false),
            nickname: Some(nickname.into()),
            given_name: Some(given_name.into()),
            ..Profile::default()
        },
        password: NewPassword::Hashed(StoredPassword::new(Secret::from("hash"))),
        organization: None,
    };
    for (nickname, given_name) in [("forty", "x"), ("4000000000", "x"), ("40", "too long")] {
        let refused = kind(store.create(&call(5_000), &new(nickname, given_name)).await)?;
        ensure(
            matches!(refused, ErrorKind::Rejected(Rejection::Value(_))),
            format!("{nickname}: {refused:?}"),
        )?;
    }
    ensure(database.value("SELECT count(*) FROM t").await? == "0", "something was written")?;
    store.create(&call(5_000), &new("40", "x")).await.map_err(|error| format!("{error:?}"))?;
    ensure(
        kind(store.create(&call(5_000), &new("41", "y")).await)?
            == ErrorKind::AlreadyExists(Some(idstore_contract::IdentifierKind::Email)),
        "twice",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_whose_type_nobody_knows_is_text() -> Outcome {
    for prepare in ["connection", "call"] {
        let database = Database::create().await?;
        database
            .execute("CREATE TABLE t (id int, email text); INSERT INTO t VALUES (1, 'a@example.com')")
            .await?;
        let mut config = database.config(&json!({
            "get_user": "SELECT id AS user_id, email FROM t
                          WHERE (:identifier IS NOT NULL AND :email IS NULL AND email = :identifier) OR :user_id IS NOT NULL",
        }));
        change(&mut config, "prepare", prepare);
        account(&open(config)?, "a@example.com").await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn now_means_utc_whatever_the_server_s_zone_is() -> Outcome {
    for prepare in ["connection", "call"] {
        let database = Database::create().await?;
        database
            .as_superuser(&format!("ALTER DATABASE {} SET TimeZone = 'Asia/Tokyo'", database.name))
            .await?;
        database
            .execute("CREATE TABLE t (id int, email text); INSERT INTO t VALUES (1, 'a@example.com')")
            .await?;
        let mut config = database.config(&json!({
            "get_user": "SELECT id AS user_id, email, current_setting('TimeZone') AS nickname
                           FROM t WHERE email = :identifier",
        }));
        change(&mut config, "prepare", prepare);
        let zone = account(&open(config)?, "a@example.com").await?.profile.nickname;
        ensure(zone.as_deref() == Some("UTC"), format!("{prepare}: {zone:?}"))?;
    }
    Ok(())
}
