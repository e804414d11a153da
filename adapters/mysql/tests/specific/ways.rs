//! The ways to reach a server, whom each of them trusts, and how an account proves who it is.

use crate::server::own::OwnServer;
use crate::server::{
    Database, Outcome, PASSWORD, Product, account, change, change_email, ensure, find, open,
};
use idstore_contract::{ErrorKind, Transport};
use idstore_mysql::Config;
use serde_json::{Value, json};

const PEOPLE: &str = "CREATE TABLE people (id int PRIMARY KEY, email varchar(100) UNIQUE);
                      INSERT INTO people VALUES (1, 'a@example.com')";

fn statements() -> Value {
    json!({ "get_user": "SELECT id AS user_id, email, CURRENT_USER() AS nickname, @@session.sql_mode AS name
                           FROM people WHERE email = :identifier" })
}

async fn people(product: Product) -> Result<Database, String> {
    let database = Database::create(product).await?;
    database.execute(PEOPLE).await?;
    Ok(database)
}

/// Over TLS to a name or address of the server, trusting that authority.
fn over_tls(database: &Database, host: &str, tls: &str, ca: Option<&str>) -> Result<Value, String> {
    let mut config = database.config_tls(database.address.port, &statements())?;
    change(&mut config, "host", host);
    change(&mut config, "tls", tls);
    let ca = ca.map(|name| database.address.product.variable(name)).transpose()?;
    change(&mut config, "ca_file", ca);
    Ok(config)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_server_that_was_named_is_trusted() -> Outcome {
    for product in Product::EACH {
        let database = people(product).await?;
        let unnamed = product.variable("UNNAMED_HOST")?;
        let (ca, other) = (Some("CA"), Some("OTHER_CA"));
        for (host, tls, ca, reason) in [
            ("localhost", "verify-full", ca, None),
            ("127.0.0.1", "verify-full", ca, None),
            (unnamed.as_str(), "verify-full", ca, Some("another name")),
            (unnamed.as_str(), "verify-ca", ca, None),
            ("localhost", "verify-full", other, Some("authority")),
            ("localhost", "verify-ca", other, Some("authority")),
            ("localhost", "verify-full", None, Some("authority")),
            ("localhost", "require", None, None),
        ] {
            let store = open(over_tls(&database, host, tls, ca)?)?;
            let case = format!("{product:?}: {tls} to {host}");
            match (find(&store, "a@example.com", 5_000).await, reason) {
                (Ok(found), None) => ensure(found.len() == 1, case)?,
                (Err(error), Some(reason)) => {
                    ensure(error.kind() == ErrorKind::Unavailable, format!("{case}: {error:?}"))?;
                    ensure(error.to_string().contains(reason), format!("{case}: {error}"))?;
                }
                (answer, _) => return Err(format!("{case}: {answer:?}")),
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_not_spoken_to_in_clear() -> Outcome {
    for (product, option) in [(Product::MariaDb, "--skip-ssl"), (Product::MySql, "--tls-version=")] {
        let server = OwnServer::start(product, &[option]).await?;
        let database = Database::create_on(server.address.clone()).await?;
        database.execute(PEOPLE).await?;
        for tls in ["require", "verify-full"] {
            let ca = (tls != "require").then_some("CA");
            let store = open(over_tls(&database, "127.0.0.1", tls, ca)?)?;
            let error = find(&store, "a@example.com", 5_000).await.err().ok_or("it was found")?;
            ensure(
                error.kind() == ErrorKind::Unavailable && error.to_string().contains("`tls`"),
                format!("{product:?}: {error}"),
            )?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_local() -> Outcome {
    for product in Product::EACH {
        let database = people(product).await?;
        let store = open(database.config(&statements()))?;
        ensure(store.describe().transport == Transport::Local, "a socket is local")?;
        let found = account(&store, "a@example.com").await?;
        let role = format!("{}@%", database.role);
        ensure(found.profile.nickname.as_deref() == Some(&role), format!("{:?}", found.profile.nickname))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_for_the_cache_is_sent_only_where_nobody_listens() -> Outcome {
    let database = people(Product::MySql).await?;
    let clear = || database.config_clear(database.address.port, &statements());
    // The server does not know this password yet, and so asks for it.
    let error = find(&open(clear())?, "a@example.com", 5_000).await.err().ok_or("it was found")?;
    ensure(
        error.kind() == ErrorKind::Misconfigured && error.to_string().contains("TLS"),
        format!("in clear: {error}"),
    )?;
    account(&open(database.config_tls(database.address.port, &statements())?)?, "a@example.com").await?;
    // Now it does, and a proof is enough.
    account(&open(clear())?, "a@example.com").await?;
    let forget = format!("ALTER USER {} IDENTIFIED BY '{PASSWORD}'", database.role);
    database.execute(&forget).await?;
    let error = find(&open(clear())?, "a@example.com", 5_000).await.err().ok_or("it was found")?;
    ensure(error.kind() == ErrorKind::Misconfigured, format!("forgotten: {error}"))?;
    account(&open(database.config(&statements()))?, "a@example.com").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_may_be_of_any_method_that_is_offered_here() -> Outcome {
    for (product, method) in [
        (Product::MariaDb, format!("IDENTIFIED VIA mysql_native_password USING PASSWORD('{PASSWORD}')")),
        (Product::MySql, format!("IDENTIFIED WITH caching_sha2_password BY '{PASSWORD}'")),
    ] {
        let database = people(product).await?;
        let role = &database.role;
        database.execute(&format!("ALTER USER {role} {method}")).await?;
        for config in
            [database.config(&statements()), database.config_tls(database.address.port, &statements())?]
        {
            account(&open(config)?, "a@example.com").await.map_err(|why| format!("{product:?}: {why}"))?;
        }
        database.execute(&format!("ALTER USER {role} IDENTIFIED BY ''")).await?;
        let mut config = database.config(&statements());
        change(&mut config, "password", Value::Null);
        account(&open(config)?, "a@example.com")
            .await
            .map_err(|why| format!("{product:?}, no password: {why}"))?;
    }
    // Another method has a proof of its own, which is not offered here; the password is not sent instead.
    let database = people(Product::MySql).await?;
    let method = format!("ALTER USER {} IDENTIFIED WITH sha256_password BY '{PASSWORD}'", database.role);
    if database.execute(&method).await.is_ok() {
        let error = find(&open(database.config(&statements()))?, "a@example.com", 5_000).await;
        let error = error.err().ok_or("it was found")?;
        ensure(error.to_string().contains("caching_sha2_password"), error.to_string())?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_is_shown() -> Outcome {
    for product in Product::EACH {
        let database = people(product).await?;
        let demand = format!("ALTER USER {} REQUIRE SUBJECT '/CN=idstore_cert'", database.role);
        database.execute(&demand).await?;
        let mut config = database.config_tls(database.address.port, &statements())?;
        let error = find(&open(config.clone())?, "a@example.com", 5_000).await.err().ok_or("it was found")?;
        ensure(
            matches!(error.kind(), ErrorKind::Misconfigured | ErrorKind::Unavailable),
            format!("{product:?}: {error}"),
        )?;
        let folder = product.variable("DIR")?;
        change(&mut config, "client_cert_file", format!("{folder}/tls/client.pem"));
        change(&mut config, "client_key_file", format!("{folder}/tls/client.key"));
        account(&open(config)?, "a@example.com").await.map_err(|why| format!("{product:?}: {why}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_as_it_should_be_whatever_the_server_s_defaults_are() -> Outcome {
    for product in Product::EACH {
        let options = [
            "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT",
            "--character-set-server=latin1",
            "--autocommit=OFF",
            "--transaction-isolation=READ-UNCOMMITTED",
            "--init-connect=SET @@session.sql_mode = ''",
        ];
        let server = OwnServer::start(product, &options).await?;
        let database = Database::create_on(server.address.clone()).await?;
        database.execute(PEOPLE).await?;
        database.execute("INSERT INTO people VALUES (2, 'b\\o''ut@example.com'); COMMIT").await?;
        database.execute("SET GLOBAL TRANSACTION READ ONLY").await?;
        let store = open(database.config(&json!({
            // Double quotes are text and a backslash escapes, as the statements were read.
            "get_user": "SELECT id AS user_id, email, concat(\"a\", '\\'') AS nickname, @@session.sql_mode AS name
                           FROM people WHERE email = :identifier",
            "get_user_by_id": "SELECT id AS user_id, email, '' AS nickname, '' AS name FROM people WHERE id = :user_id",
            "change_email": "UPDATE people SET email = :new_email WHERE id = :user_id",
        })))?;
        let found =
            account(&store, "b\\o'ut@example.com").await.map_err(|why| format!("{product:?}: {why}"))?;
        ensure(found.profile.nickname.as_deref() == Some("a'"), format!("{:?}", found.profile.nickname))?;
        let mode = found.profile.name.clone().unwrap_or_default();
        ensure(mode.contains("STRICT_ALL_TABLES") && !mode.contains("ANSI"), format!("{product:?}: {mode}"))?;
        // What another transaction may still undo is not told.
        database
            .execute("START TRANSACTION; UPDATE people SET email = 'later@example.com' WHERE id = 2")
            .await?;
        let early = find(&store, "later@example.com", 2_000).await;
        let early = early.map_err(|error| format!("{product:?}: {error:?}"))?;
        ensure(early.is_empty(), format!("{product:?}: {early:?}"))?;
        change_email(&store, &found, "new@example.com", 2_000).await.err().ok_or("a held row was changed")?;
        database.execute("ROLLBACK").await?;
        change_email(&store, &found, "new@example.com", 2_000)
            .await
            .map_err(|error| format!("{product:?}, a write: {error:?}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_logs_statements_is_written_to() -> Outcome {
    for product in Product::EACH {
        let options = ["--log-bin=log", "--binlog-format=STATEMENT", "--server-id=1"];
        let server = OwnServer::start(product, &options).await?;
        let database = Database::create_on(server.address.clone()).await?;
        database.execute(PEOPLE).await?;
        let store = open(database.config(&json!({
            "get_user": "SELECT id AS user_id, email FROM people WHERE email = :identifier",
            "get_user_by_id": "SELECT id AS user_id, email FROM people WHERE id = :user_id",
            "change_email": "UPDATE people SET email = :new_email WHERE id = :user_id",
        })))?;
        let found = account(&store, "a@example.com").await.map_err(|why| format!("{product:?}: {why}"))?;
        change_email(&store, &found, "new@example.com", 2_000)
            .await
            .map_err(|error| format!("{product:?}: {error:?}"))?;
    }
    Ok(())
}

#[test]
fn the_example_names_every_key_with_its_default() -> Outcome {
    let lines = include_str!("../../example.toml").lines().skip(1).filter_map(|line| line.strip_prefix("# "));
    let table: toml::Table =
        toml::from_str(&lines.collect::<Vec<_>>().join("\n")).map_err(|error| error.to_string())?;
    let store = table.get("stores").and_then(|stores| stores.get("mysql")?.get("wiki")).ok_or("no store")?;
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
        (config.port, config.tls, config.application_name, config.pool_max, config.uniqueness)
    };
    ensure(defaults(shown) == defaults(least), "example.toml shows something else than the default")
}
