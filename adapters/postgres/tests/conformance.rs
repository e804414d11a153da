//! PostgreSQL under the suite: in clear and with verified TLS over loopback, and through PgBouncer in transaction mode.

mod server;

use idstore_conformance::sql::{self, Dialect, Sql, SqlBackdoor, TextRows};
use idstore_conformance::{Fault, Fixture, Gate, Key, Later, Opened, Scope, Setup, Target, Uniqueness, run};
use idstore_contract::{IdentifierKind, PasswordCheck, PasswordWrite};
use serde_json::Value;
use server::{Address, Database, PASSWORD, change, open_for, port, variable};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

fn main() -> ExitCode {
    run(&[&Way::Plain, &Way::Tls, &Way::PgBouncer, &Way::ByStore])
}

/// How the store is reached, and who compares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Plain,
    Tls,
    PgBouncer,
    /// As plain; passwords are in clear, and a statement compares them.
    ByStore,
}

impl Way {
    fn passwords(self) -> PasswordWrite {
        if self == Self::ByStore { PasswordWrite::ByStore } else { PasswordWrite::Hashed }
    }
}

/// PgBouncer keeps a list of roles of its own: there a login is never refused by the server.
const FAULTS_OF_POOLER: &[Fault] =
    &[Fault::Refused, Fault::Reset, Fault::Frozen, Fault::HalfClosed, Fault::StatementBroken];
const FAULTS: &[Fault] = &[
    Fault::Refused,
    Fault::Reset,
    Fault::Frozen,
    Fault::HalfClosed,
    Fault::StatementBroken,
    Fault::LoginRefused,
];

impl Fixture for Way {
    fn name(&self) -> &'static str {
        match self {
            Self::Plain => "postgres",
            Self::Tls => "postgres-tls",
            Self::PgBouncer => "postgres-pgbouncer",
            Self::ByStore => "postgres-by-store",
        }
    }

    fn scope(&self) -> Scope {
        Scope {
            identifiers: &IdentifierKind::ALL,
            password_check: match self {
                Self::ByStore => PasswordCheck::ByStore,
                Self::Plain | Self::Tls | Self::PgBouncer => PasswordCheck::ByProxy,
            },
            password_write: self.passwords(),
            abilities: sql::abilities(self.passwords()),
            keys: &[Key::Integer, Key::Uuid, Key::Text],
            uniqueness: &[Uniqueness::Constraint, Uniqueness::Lock],
            isolates: true,
            without_mandatory: Some(|new| new.profile.family_name = None),
            organization: Some(sql::ORGANIZATION),
            faults: if *self == Self::PgBouncer { FAULTS_OF_POOLER } else { FAULTS },
            sabotages: sql::SABOTAGES_WITH_LENGTHS,
            // The exclusive ones, as many that end while they are replaced already, and two that are shared.
            sessions_max: Some(|pool_max| {
                usize::try_from(pool_max).unwrap_or(usize::MAX).saturating_mul(2).saturating_add(2)
            }),
            settles_within: Duration::ZERO,
        }
    }

    fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, Result<Opened, String>> {
        Box::pin(async {
            let role = (*self == Self::PgBouncer).then_some("idstore");
            let database = Arc::new(Database::create_on(Address::shared()?, role).await?);
            database.execute(&sql::tables(Dialect::Postgres, setup)).await?;
            let to = match self {
                Self::PgBouncer => port("IDSTORE_TEST_PGBOUNCER_PORT")?,
                Self::Plain | Self::Tls | Self::ByStore => database.address.port,
            };
            let gate = Gate::open(Target::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, to)))).await;
            let gate = gate.map_err(|error| error.to_string())?;
            let tls = if *self == Self::Tls { "verify-full" } else { "disable" };
            let mut config = database.config_at(
                gate.port(),
                tls,
                &sql::statements_for(Dialect::Postgres, setup, self.passwords()),
            );
            change(&mut config, "pool_max", setup.pool_max);
            change(&mut config, "uniqueness", sql::uniqueness(setup));
            match self {
                Self::Plain | Self::ByStore => {}
                Self::Tls => change(&mut config, "ca_file", variable("IDSTORE_TEST_PG_CA")?),
                Self::PgBouncer => change(&mut config, "prepare", "call"),
            }
            Ok(Opened {
                store: open_for(config, self.passwords())?,
                backdoor: Box::new(SqlBackdoor { sql: Behind(database.clone()), key: setup.key }),
                gate: Some(gate),
                keep: Box::new(database),
            })
        })
    }
}

/// The superuser's session in the test's database.
struct Behind(Arc<Database>);

impl Sql for Behind {
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
            let cells =
                |row: &Value| row.as_object().into_iter().flatten().map(|(_, value)| cell(value)).collect();
            Ok(rows.iter().map(cells).collect())
        })
    }

    fn strike(&self, _: Fault) -> Later<'_, Result<(), String>> {
        let other = format!("ALTER ROLE {} PASSWORD 'another'", self.0.role);
        Box::pin(async move {
            self.0.as_superuser(&other).await?;
            self.0.kill_sessions().await
        })
    }

    fn heal(&self, _: Fault) -> Later<'_, Result<(), String>> {
        let own = format!("ALTER ROLE {} PASSWORD '{PASSWORD}'", self.0.role);
        Box::pin(async move { self.0.as_superuser(&own).await })
    }

    /// The database goes with the last who holds it.
    fn close(&self) -> Later<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}
