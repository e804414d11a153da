//! The conformance suite over a real server: in clear and with verified TLS over loopback, and through PgBouncer in
//! transaction mode. `tests/run` starts the servers; without them every case fails and says so.

use idstore_conformance::sql::{self, Dialect, Sql, SqlBackdoor, TextRows};
use idstore_conformance::{
    Fault, Fixture, Gate, Key, Later, Opened, PARAMETER, Scope, Setup, Target, Uniqueness, run,
};
use idstore_contract::{ConnectionParameters, IdentifierKind, PasswordCheck, PasswordWrite, Surroundings};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

fn main() -> ExitCode {
    run(&[
        &Postgres { name: "postgres", tls: "disable", port: "IDSTORE_TEST_PG_PORT", bouncer: false },
        &Postgres { name: "postgres-tls", tls: "verify-full", port: "IDSTORE_TEST_PG_PORT", bouncer: false },
        &Postgres {
            name: "postgres-pgbouncer",
            tls: "disable",
            port: "IDSTORE_TEST_PGBOUNCER_PORT",
            bouncer: true,
        },
    ])
}

struct Postgres {
    name: &'static str,
    tls: &'static str,
    port: &'static str,
    bouncer: bool,
}

impl Fixture for Postgres {
    fn name(&self) -> &'static str {
        self.name
    }

    fn scope(&self) -> Scope {
        const NETWORK: &[Fault] =
            &[Fault::Refused, Fault::Reset, Fault::Frozen, Fault::HalfClosed, Fault::StatementBroken];
        const ALL: &[Fault] = &[
            Fault::Refused,
            Fault::Reset,
            Fault::Frozen,
            Fault::HalfClosed,
            Fault::StatementBroken,
            Fault::LoginRefused,
        ];
        Scope {
            identifiers: &IdentifierKind::ALL,
            password_check: PasswordCheck::ByProxy,
            password_write: PasswordWrite::Hashed,
            abilities: sql::abilities(),
            keys: &[Key::Integer, Key::Uuid, Key::Text],
            uniqueness: &[Uniqueness::Constraint, Uniqueness::Lock],
            isolates: true,
            without_mandatory: Some(|new| new.profile.family_name = None),
            organization: None,
            // PgBouncer has one role for all tests, and rests for 15 seconds after a login that was refused.
            faults: if self.bouncer { NETWORK } else { ALL },
            sabotages: sql::SABOTAGES_WITH_LENGTHS,
            // Beside the exclusive sessions: two shared ones, and one that is opened in place of each.
            sessions_max: Some(|pool_max| usize::try_from(pool_max.saturating_add(4)).unwrap_or(usize::MAX)),
            settles_within: Duration::ZERO,
        }
    }

    fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, Result<Opened, String>> {
        Box::pin(self.start(setup))
    }
}

impl Postgres {
    async fn start(&self, setup: &Setup) -> Result<Opened, String> {
        let port: u16 = variable(self.port)?.parse().map_err(|_| format!("{} is no port", self.port))?;
        let target = Target::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let gate = Gate::open(target).await.map_err(|error| error.to_string())?;
        let database = Database::make(self.bouncer).await?;
        database.execute(&sql::tables(Dialect::Postgres, setup)).await?;
        database.execute(&format!("GRANT ALL ON ALL TABLES IN SCHEMA public TO {}", database.role)).await?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).map_err(|error| error.to_string())?;
        let config = serde_json::from_value(serde_json::json!({
            "host": "127.0.0.1",
            "port": gate.port(),
            "database": database.name,
            "user": database.role,
            "password": { "file": password },
            "tls": self.tls,
            "ca_file": variable("IDSTORE_TEST_PG_CA").ok().filter(|_| self.tls != "disable"),
            "prepare": if self.bouncer { "call" } else { "connection" },
            "pool_max": setup.pool_max,
            "uniqueness": sql::uniqueness(setup),
            "statements": sql::statements(setup),
        }));
        let store = idstore_postgres::open(config.map_err(|error| error.to_string())?, &surroundings())
            .map_err(|problems| format!("{problems:?}"))?;
        let backdoor = Box::new(SqlBackdoor { sql: database, key: setup.key });
        Ok(Opened { store, backdoor, gate: Some(gate), keep: Box::new(folder) })
    }
}

const PASSWORD: &str = "idstore-test";

fn surroundings() -> Surroundings {
    Surroundings {
        password_write: Some(PasswordWrite::Hashed),
        connections: vec![ConnectionParameters {
            connection: "people".into(),
            parameters: [PARAMETER.to_owned()].into(),
        }],
        ..Surroundings::default()
    }
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set; tests/run starts the servers and sets it"))
}

/// A database of the test's own, seen by the superuser; and, but behind PgBouncer, a role of its own.
struct Database {
    name: String,
    role: String,
    client: Client,
}

impl Database {
    async fn make(shared_role: bool) -> Result<Self, String> {
        let name = format!("test_{:016x}", RandomState::new().hash_one(std::process::id()));
        let role = if shared_role { "idstore".to_owned() } else { name.clone() };
        let server = superuser("postgres").await?;
        if !shared_role {
            run_all(&server, &format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")).await?;
        }
        run_all(&server, &format!("CREATE DATABASE {name}")).await?;
        Ok(Self { client: superuser(&name).await?, name, role })
    }

    /// Ends the sessions of the service, so that it has to sign in again.
    fn cut(&self) -> String {
        format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = '{}' AND usename = '{}'",
            self.name, self.role
        )
    }
}

impl Sql for Database {
    fn execute<'a>(&'a self, batch: &'a str) -> Later<'a, Result<(), String>> {
        Box::pin(self.0.execute_quietly(batch))
    }

    fn query<'a>(&'a self, statement: &'a str) -> Later<'a, Result<TextRows, String>> {
        let cell = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        Box::pin(async move {
            let rows = self.0.query_quietly(statement).await?;
            Ok(rows
                .iter()
                .map(|row| row.as_object().into_iter().flatten().map(|(_, value)| cell(value)).collect())
                .collect())
        })
    }

    fn strike(&self, _: Fault) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            self.execute(&format!("ALTER ROLE {} PASSWORD 'another'; {}", self.role, self.cut())).await
        })
    }

    fn heal(&self, _: Fault) -> Later<'_, Result<(), String>> {
        Box::pin(
            async move { self.execute(&format!("ALTER ROLE {} PASSWORD '{PASSWORD}'", self.role)).await },
        )
    }

    fn close(&self) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            let server = superuser("postgres").await?;
            run_all(&server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await?;
            if self.role == self.name {
                run_all(&server, &format!("DROP ROLE {}", self.role)).await?;
            }
            Ok(())
        })
    }
}

async fn superuser(database: &str) -> Result<Client, String> {
    let port: u16 =
        variable("IDSTORE_TEST_PG_PORT")?.parse().map_err(|_| "IDSTORE_TEST_PG_PORT is no port")?;
    let mut server = tokio_postgres::Config::new();
    server.host_path(variable("IDSTORE_TEST_PG_SOCKET")?).port(port).user("postgres").dbname(database);
    let (client, session) =
        server.connect(NoTls).await.map_err(|error| format!("the superuser: {error:?}"))?;
    tokio::spawn(session);
    Ok(client)
}

async fn run_all(client: &Client, batch: &str) -> Result<(), String> {
    client.batch_execute(batch).await.map_err(|error| format!("{error:?}"))
}
