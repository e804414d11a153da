//! MariaDB and MySQL under the suite: with verified TLS over loopback, in clear, and over the unix socket.

mod server;

use idstore_conformance::sql::{self, Dialect, Sql, SqlBackdoor, TextRows};
use idstore_conformance::{Fault, Fixture, Gate, Key, Later, Opened, Scope, Setup, Target, Uniqueness, run};
use idstore_contract::{IdentifierKind, PasswordCheck, PasswordWrite};
use server::{Database, PASSWORD, Product, change, open_for};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

fn main() -> ExitCode {
    run(&WAYS)
}

const WAYS: [&dyn Fixture; 7] = [
    &way("mariadb", Product::MariaDb, Reach::Clear, PasswordWrite::Hashed, Dialect::MariaDb),
    &way("mariadb-tls", Product::MariaDb, Reach::Tls, PasswordWrite::Hashed, Dialect::MySql),
    &way("mariadb-socket", Product::MariaDb, Reach::Socket, PasswordWrite::HashedWithSalt, Dialect::MariaDb),
    &way("mariadb-by-store", Product::MariaDb, Reach::Clear, PasswordWrite::ByStore, Dialect::MariaDb),
    &way("mysql-tls", Product::MySql, Reach::Tls, PasswordWrite::Hashed, Dialect::MySql),
    &way("mysql-socket", Product::MySql, Reach::Socket, PasswordWrite::HashedWithSalt, Dialect::MySql),
    &way("mysql-by-store", Product::MySql, Reach::Tls, PasswordWrite::ByStore, Dialect::MySql),
];

/// Which server, how it is reached, who compares, and in which words it is asked.
struct Way {
    name: &'static str,
    product: Product,
    reach: Reach,
    passwords: PasswordWrite,
    dialect: Dialect,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// TCP, and accounts of `mysql_native_password`; the other plug-in wants more than that.
    Clear,
    Tls,
    Socket,
}

const fn way(
    name: &'static str,
    product: Product,
    reach: Reach,
    passwords: PasswordWrite,
    dialect: Dialect,
) -> Way {
    Way { name, product, reach, passwords, dialect }
}

/// The faults of the network are made at a gate, which a socket does not have.
const FAULTS_OF_SOCKET: &[Fault] = &[Fault::StatementBroken, Fault::LoginRefused];
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
        self.name
    }

    fn scope(&self) -> Scope {
        let has_gate = self.reach != Reach::Socket;
        Scope {
            identifiers: &IdentifierKind::ALL,
            password_check: match self.passwords {
                PasswordWrite::ByStore => PasswordCheck::ByStore,
                PasswordWrite::Hashed | PasswordWrite::HashedWithSalt => PasswordCheck::ByProxy,
            },
            password_write: self.passwords,
            abilities: sql::abilities(self.passwords),
            keys: &[Key::Integer, Key::Uuid, Key::Text],
            uniqueness: &[Uniqueness::Constraint, Uniqueness::Lock],
            isolates: true,
            without_mandatory: Some(|new| new.profile.family_name = None),
            organization: Some(sql::ORGANIZATION),
            faults: if has_gate { FAULTS } else { FAULTS_OF_SOCKET },
            sabotages: sql::SABOTAGES_WITH_LENGTHS,
            // As many that end while they are replaced already.
            sessions_max: has_gate
                .then_some(|pool_max| usize::try_from(pool_max).unwrap_or(usize::MAX).saturating_mul(2)),
            settles_within: Duration::ZERO,
        }
    }

    fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, Result<Opened, String>> {
        Box::pin(async {
            let database = Arc::new(Database::create(self.product).await?);
            database.execute(&sql::tables(self.dialect, setup)).await?;
            let statements = sql::statements_for(self.dialect, setup, self.passwords);
            let target = Target::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, database.address.port)));
            let gate = match self.reach {
                Reach::Socket => None,
                Reach::Clear | Reach::Tls => {
                    Some(Gate::open(target).await.map_err(|error| error.to_string())?)
                }
            };
            let mut config = match &gate {
                None => database.config(&statements),
                Some(gate) if self.reach == Reach::Clear => database.config_clear(gate.port(), &statements),
                Some(gate) => database.config_tls(gate.port(), &statements)?,
            };
            change(&mut config, "pool_max", setup.pool_max);
            change(&mut config, "uniqueness", sql::uniqueness(setup));
            Ok(Opened {
                store: open_for(config, self.passwords)?,
                backdoor: Box::new(SqlBackdoor { sql: Behind(database.clone()), key: setup.key }),
                gate,
                keep: Box::new(database),
            })
        })
    }
}

/// The superuser's session in the test's database.
struct Behind(Arc<Database>);

impl Sql for Behind {
    fn execute<'a>(&'a self, batch: &'a str) -> Later<'a, Result<(), String>> {
        Box::pin(self.0.execute(batch))
    }

    fn query<'a>(&'a self, statement: &'a str) -> Later<'a, Result<TextRows, String>> {
        Box::pin(self.0.rows(statement))
    }

    fn strike(&self, _: Fault) -> Later<'_, Result<(), String>> {
        let other = format!("ALTER USER {} IDENTIFIED BY 'another'", self.0.role);
        Box::pin(async move {
            self.0.execute(&other).await?;
            self.0.kill_sessions().await
        })
    }

    fn heal(&self, _: Fault) -> Later<'_, Result<(), String>> {
        let own = format!("ALTER USER {} IDENTIFIED BY '{PASSWORD}'", self.0.role);
        Box::pin(async move { self.0.execute(&own).await })
    }

    /// The database goes with the last who holds it.
    fn close(&self) -> Later<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}
