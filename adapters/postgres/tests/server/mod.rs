//! The PostgreSQL that `tests/run` started, and a database of its own for each test.

#![allow(dead_code, unused_imports, reason = "two test programs use this, each a part of it")]

pub(crate) mod own;

pub(crate) use idstore_conformance::ask::{
    DEADLINE_MAX, Outcome, account, around, call, change, change_email, ensure, find, kind, within,
};
use idstore_contract::{PasswordWrite, StoreHandle};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls};

/// The password of every role that a test signs in as.
pub(crate) const PASSWORD: &str = "idstore-test";

/// A variable that `tests/run` exports.
pub(crate) fn variable(name: &str) -> Result<String, String> {
    std::env::var(name)
        .map_err(|_| format!("{name} is not set: run tests/run, which starts the servers and sets it"))
}

/// Runs the text of its parameter, on the session of the fixture alone.
const QUIET: &str = "
    CREATE FUNCTION pg_temp.run_all(batch text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE batch; END $$;
    CREATE FUNCTION pg_temp.run(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
        DECLARE found record;
        BEGIN FOR found IN EXECUTE statement LOOP RETURN NEXT row_to_json(found)::text; END LOOP; END $$;";

/// Where a server listens.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) socket: PathBuf,
    pub(crate) port: u16,
}

impl Address {
    /// The server that all tests share.
    pub(crate) fn shared() -> Result<Self, String> {
        Ok(Self { socket: variable("IDSTORE_TEST_PG_SOCKET")?.into(), port: port("IDSTORE_TEST_PG_PORT")? })
    }

    /// A session of the superuser.
    pub(crate) async fn superuser(&self, database: &str) -> Result<Client, String> {
        let mut config = tokio_postgres::Config::new();
        config.host_path(&self.socket).port(self.port).user("postgres").dbname(database);
        let (client, connection) =
            config.connect(NoTls).await.map_err(|error| format!("the superuser: {error:?}"))?;
        tokio::spawn(connection);
        Ok(client)
    }
}

pub(crate) fn port(name: &str) -> Result<u16, String> {
    variable(name)?.parse().map_err(|_| format!("{name} is no port"))
}

/// A database and a role of its own, gone when dropped.
pub(crate) struct Database {
    pub(crate) address: Address,
    pub(crate) name: String,
    pub(crate) role: String,
    /// A session of the superuser in it, whose tables belong to the role.
    pub(crate) admin: Client,
    files: tempfile::TempDir,
}

impl Database {
    /// On the shared server, with a role of its own.
    pub(crate) async fn create() -> Result<Self, String> {
        Self::create_on(Address::shared()?, None).await
    }

    /// On that server; with that role, which is there already, or with one of its own.
    pub(crate) async fn create_on(address: Address, role: Option<&str>) -> Result<Self, String> {
        let files = tempfile::tempdir().map_err(|error| error.to_string())?;
        let unique =
            files.path().file_name().and_then(|name| name.to_str()).unwrap_or("x").to_ascii_lowercase();
        let name = format!("test_{}_{}", std::process::id(), unique.trim_start_matches('.'));
        let outside = address.superuser("postgres").await?;
        let own = format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'");
        if role.is_none() {
            execute(&outside, &own).await?;
        }
        let role = role.unwrap_or(&name).to_owned();
        execute(&outside, &format!("CREATE DATABASE {name} OWNER {role}")).await?;
        let admin = address.superuser(&name).await?;
        execute(&admin, &format!("SET ROLE {role}; {QUIET}")).await?;
        let mut password =
            std::fs::File::create(files.path().join("password")).map_err(|error| error.to_string())?;
        password.write_all(PASSWORD.as_bytes()).map_err(|error| error.to_string())?;
        Ok(Self { address, name, role, admin, files })
    }

    /// Commands as the role that owns the tables.
    pub(crate) async fn execute(&self, batch: &str) -> Result<(), String> {
        execute(&self.admin, batch).await
    }

    /// Commands as the superuser.
    pub(crate) async fn as_superuser(&self, batch: &str) -> Result<(), String> {
        let outside = self.address.superuser("postgres").await?;
        execute(&outside, batch).await
    }

    /// One value, as text.
    pub(crate) async fn value(&self, query: &str) -> Result<String, String> {
        let rows = self.admin.simple_query(query).await.map_err(|error| format!("{query}: {error:?}"))?;
        let value = rows.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        value.ok_or_else(|| format!("{query} returned nothing"))
    }

    /// Commands that hold values: the driver logs a text, and no parameter.
    pub(crate) async fn execute_quietly(&self, batch: &str) -> Result<(), String> {
        let done = self.admin.execute_typed("SELECT pg_temp.run_all($1)", &[(&batch, Type::TEXT)]).await;
        done.map(drop).map_err(|error| format!("{batch}: {error:?}"))
    }

    /// The rows of a statement that holds values, each as a JSON object.
    pub(crate) async fn query_quietly(&self, statement: &str) -> Result<Vec<Value>, String> {
        let rows = self.admin.query_typed("SELECT pg_temp.run($1)", &[(&statement, Type::TEXT)]).await;
        let rows = rows.map_err(|error| format!("{statement}: {error:?}"))?;
        let row =
            |row: tokio_postgres::Row| serde_json::from_str(row.get(0)).map_err(|error| error.to_string());
        rows.into_iter().map(row).collect()
    }

    /// How many sessions the store has on the server now.
    pub(crate) async fn sessions(&self) -> Result<usize, String> {
        let query = "SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND application_name = 'idstore-proxy'";
        self.value(query).await?.parse().map_err(|_| "no count".into())
    }

    /// Ends every session of the store.
    pub(crate) async fn kill_sessions(&self) -> Result<(), String> {
        self.as_superuser(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = '{}' AND application_name = 'idstore-proxy'",
            self.name
        ))
        .await
    }

    /// A configuration over the socket, to be changed.
    pub(crate) fn config(&self, statements: &Value) -> Value {
        json!({
            "host": self.address.socket, "port": self.address.port, "database": self.name, "user": self.role,
            "password": { "file": self.files.path().join("password") }, "statements": statements,
        })
    }

    /// The same over TCP.
    pub(crate) fn config_at(&self, port: u16, tls: &str, statements: &Value) -> Value {
        let mut config = self.config(statements);
        change(&mut config, "host", "127.0.0.1");
        change(&mut config, "port", port);
        change(&mut config, "tls", tls);
        config
    }

    /// A file of the test's own.
    pub(crate) fn file(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.files.path().join(name);
        std::fs::write(&path, text).map_err(|error| error.to_string())?;
        Ok(path)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop_role = format!("DROP ROLE {}", self.role);
        let mut commands = vec![format!("DROP DATABASE {} WITH (FORCE)", self.name)];
        if self.role == self.name {
            commands.push(drop_role);
        }
        let folder = variable("IDSTORE_TEST_PG_BIN").unwrap_or_default();
        let mut psql = Command::new(Path::new(&folder).join("psql"));
        psql.args(["-X", "-q", "-U", "postgres", "-h"]).arg(&self.address.socket);
        psql.args(["-p", &self.address.port.to_string(), "postgres"]);
        psql.args(commands.iter().flat_map(|command| ["-c", command]));
        // A server of the test's own may be down or frozen by now; the shared one is thrown away with all that is left
        // on it.
        psql.env("PGCONNECT_TIMEOUT", "5");
        psql.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok();
    }
}

pub(crate) async fn execute(client: &Client, batch: &str) -> Result<(), String> {
    client.batch_execute(batch).await.map_err(|error| format!("{batch}: {error:?}"))
}

/// Opens a store.
pub(crate) fn open(config: Value) -> Result<StoreHandle, String> {
    open_for(config, PasswordWrite::Hashed)
}

/// The same where new passwords are handed over in another way.
pub(crate) fn open_for(config: Value, write: PasswordWrite) -> Result<StoreHandle, String> {
    let config = serde_json::from_value(config).map_err(|error| error.to_string())?;
    idstore_postgres::open(config, &around(write)).map_err(|problems| format!("{problems:?}"))
}
