//! The ways to reach a server, and whom each of them trusts.

use crate::server::{Database, Outcome, account, change, ensure, find, open, port, variable};
use idstore_contract::{ErrorKind, Transport};
use idstore_postgres::Config;
use serde_json::{Value, json};

const PEOPLE: &str = "CREATE TABLE people (id int PRIMARY KEY, email text UNIQUE);
                      INSERT INTO people VALUES (1, 'a@example.com'); GRANT SELECT ON people TO PUBLIC";

fn statements() -> Value {
    json!({ "get_user": "SELECT id AS user_id, email, current_user AS nickname, current_setting('search_path') AS name
                           FROM people WHERE email = :identifier" })
}

async fn people() -> Result<Database, String> {
    let database = Database::create().await?;
    database.execute(PEOPLE).await?;
    Ok(database)
}

/// Over TLS to a name or address of the server, trusting that authority.
fn over_tls(database: &Database, host: &str, tls: &str, ca: Option<&str>) -> Result<Value, String> {
    let mut config = database.config_at(database.address.port, tls, &statements());
    change(&mut config, "host", host);
    if let Some(ca) = ca {
        change(&mut config, "ca_file", variable(ca)?);
    }
    Ok(config)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_server_that_was_named_is_trusted() -> Outcome {
    let database = people().await?;
    let unnamed = variable("IDSTORE_TEST_PG_UNNAMED_HOST")?;
    let (ca, other) = (Some("IDSTORE_TEST_PG_CA"), Some("IDSTORE_TEST_PG_OTHER_CA"));
    for (host, tls, ca, reason) in [
        ("localhost", "verify-full", ca, None),
        ("127.0.0.1", "verify-full", ca, None),
        (unnamed.as_str(), "verify-full", ca, Some("another name")),
        (unnamed.as_str(), "verify-ca", ca, None),
        ("localhost", "verify-full", other, Some("authority")),
        ("localhost", "verify-ca", other, Some("authority")),
        ("localhost", "require", None, None),
    ] {
        let store = open(over_tls(&database, host, tls, ca)?)?;
        let case = format!("{tls} to {host}");
        match (find(&store, "a@example.com", 5_000).await, reason) {
            (Ok(found), None) => ensure(found.len() == 1, case)?,
            (Err(error), Some(reason)) => {
                ensure(error.kind() == ErrorKind::Unavailable, format!("{case}: {error:?}"))?;
                ensure(error.to_string().contains(reason), format!("{case}: {error}"))?;
            }
            (answer, _) => return Err(format!("{case}: {answer:?}")),
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_not_spoken_to_in_clear() -> Outcome {
    // PgBouncer offers none here, and answers a wish for it as a server would whose answer somebody changed.
    let database = people().await?;
    for tls in ["require", "verify-full"] {
        let mut config =
            over_tls(&database, "127.0.0.1", tls, (tls != "require").then_some("IDSTORE_TEST_PG_CA"))?;
        change(&mut config, "port", port("IDSTORE_TEST_PGBOUNCER_PORT")?);
        let error = find(&open(config)?, "a@example.com", 5_000).await.err().ok_or("it was found")?;
        ensure(
            error.kind() == ErrorKind::Unavailable && error.to_string().contains("`tls`"),
            error.to_string(),
        )?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_signs_in() -> Outcome {
    let database = people().await?;
    let mut config = over_tls(&database, "localhost", "verify-full", Some("IDSTORE_TEST_PG_CA"))?;
    change(&mut config, "user", "idstore_cert");
    change(&mut config, "password", Value::Null);
    change(&mut config, "client_cert_file", variable("IDSTORE_TEST_PG_CLIENT_CERT")?);
    change(&mut config, "client_key_file", variable("IDSTORE_TEST_PG_CLIENT_KEY")?);
    let found = account(&open(config)?, "a@example.com").await?;
    ensure(found.profile.nickname.as_deref() == Some("idstore_cert"), "signed in as somebody else")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_signs_in_as_the_user_of_the_system() -> Outcome {
    let database = people().await?;
    let mut config = database.config(&statements());
    change(&mut config, "user", "idstore_peer");
    change(&mut config, "password", Value::Null);
    let store = open(config)?;
    ensure(store.describe().transport == Transport::Local, "a socket is local")?;
    let found = account(&store, "a@example.com").await?;
    ensure(found.profile.nickname.as_deref() == Some("idstore_peer"), "signed in as somebody else")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_password_is_said_by_its_key() -> Outcome {
    let database = people().await?;
    let mut config = database.config(&statements());
    change(&mut config, "password", Value::Null);
    let error = find(&open(config)?, "a@example.com", 5_000).await.err().ok_or("it was found")?;
    ensure(
        error.kind() == ErrorKind::Unavailable && error.to_string().contains("`password`"),
        error.to_string(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_path_holds_for_each_session() -> Outcome {
    let database = people().await?;
    database
        .execute("CREATE SCHEMA crm; ALTER TABLE people SET SCHEMA crm; GRANT USAGE ON SCHEMA crm TO PUBLIC")
        .await?;
    let mut config = database.config(&statements());
    change(&mut config, "search_path", "crm, public");
    let found = account(&open(config)?, "a@example.com").await?;
    ensure(found.profile.name.as_deref() == Some("crm, public"), format!("{:?}", found.profile.name))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_on_the_sessions_of_a_pooler() -> Outcome {
    let shared = crate::server::Address::shared()?;
    let database = Database::create_on(shared, Some("idstore")).await?;
    database.execute(PEOPLE).await?;
    let pooler = port("IDSTORE_TEST_PGBOUNCER_PORT")?;
    let mut config = database.config_at(pooler, "disable", &statements());
    change(&mut config, "prepare", "call");
    let store = open(config)?;
    let mut lookups = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let store = store.clone();
        lookups.spawn(async move { account(&store, "a@example.com").await.map(drop) });
    }
    while let Some(done) = lookups.join_next().await {
        done.map_err(|error| error.to_string())??;
    }
    // Whoever comes next on the same sessions of the server finds them as they were.
    for _ in 0..20 {
        let mut neighbour = tokio_postgres::Config::new();
        neighbour
            .host("127.0.0.1")
            .port(pooler)
            .user("idstore")
            .password("idstore-test")
            .dbname(&database.name);
        let (client, connection) =
            neighbour.connect(tokio_postgres::NoTls).await.map_err(|error| format!("{error:?}"))?;
        tokio::spawn(connection);
        let left =
            "SELECT current_setting('statement_timeout') || (SELECT count(*) FROM pg_prepared_statements)";
        let answer = client.simple_query(left).await.map_err(|error| format!("{error:?}"))?;
        let is_clean = answer.iter().any(|message| {
            matches!(message, tokio_postgres::SimpleQueryMessage::Row(row) if row.get(0) == Some("00"))
        });
        ensure(is_clean, format!("{answer:?}"))?;
    }
    Ok(())
}

#[test]
fn the_example_names_every_key_with_its_default() -> Outcome {
    let lines = include_str!("../../example.toml").lines().skip(1).filter_map(|line| line.strip_prefix("# "));
    let table: toml::Table =
        toml::from_str(&lines.collect::<Vec<_>>().join("\n")).map_err(|error| error.to_string())?;
    let store =
        table.get("stores").and_then(|stores| stores.get("postgres")?.get("crm")).ok_or("no store")?;
    let given = serde_json::to_value(store).map_err(|error| error.to_string())?;
    let read = |value: Value| serde_json::from_value::<Config>(value);
    // serde names the keys that it knows when it meets one that it does not.
    let message = read(json!({ "unknown": 1 })).err().ok_or("an unknown key is taken")?.to_string();
    let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
    ensure(known.len() > 10, message.clone())?;
    for key in known {
        ensure(given.get(key).is_some(), format!("{key} is not in example.toml"))?;
    }
    let shown = read(given).map_err(|error| error.to_string())?;
    let least =
        read(json!({ "host": "h", "database": "d", "user": "u" })).map_err(|error| error.to_string())?;
    let defaults = |config: Config| {
        (config.port, config.tls, config.application_name, config.prepare, config.pool_max, config.uniqueness)
    };
    ensure(defaults(shown) == defaults(least), "example.toml shows something else than the default")
}
