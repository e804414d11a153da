//! The MariaDB and the MySQL that `tests/run` started, and a database of its own for each test.

#![allow(dead_code, reason = "two test programs use this, each a part of it")]

pub(crate) mod own;

use idstore_conformance::PARAMETER;
use idstore_contract::{
    Account, Call, ConnectionNeeds, Error, ErrorKind, IdentifierChange, IdentifierKind, Lookup,
    PasswordWrite, Purpose, StoreHandle, Surroundings, Timestamp,
};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, OptsBuilder, Row, Value as Cell};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// The password of every account that a test signs in as.
pub(crate) const PASSWORD: &str = "idstore-test";
/// The longest deadline of the test's calls.
pub(crate) const DEADLINE_MAX: Duration = Duration::from_secs(10);

/// What a test ends with; the text says what broke the promise.
pub(crate) type Outcome = Result<(), String>;

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    MariaDb,
    MySql,
}

impl Product {
    pub(crate) const EACH: [Self; 2] = [Self::MariaDb, Self::MySql];

    /// A variable that `tests/run` exports.
    pub(crate) fn variable(self, name: &str) -> Result<String, String> {
        let product = match self {
            Self::MariaDb => "MARIADB",
            Self::MySql => "MYSQL",
        };
        let name = format!("IDSTORE_TEST_{product}_{name}");
        std::env::var(&name)
            .map_err(|_| format!("{name} is not set: run tests/run, which starts the servers and sets it"))
    }
}

/// Where a server listens.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) product: Product,
    pub(crate) socket: PathBuf,
    pub(crate) port: u16,
}

impl Address {
    /// The server that all tests share.
    pub(crate) fn shared(product: Product) -> Result<Self, String> {
        let port = product.variable("PORT")?.parse().map_err(|_| "the port is no number")?;
        Ok(Self { product, socket: product.variable("SOCKET")?.into(), port })
    }

    /// A session of the superuser. A backslash is a letter to it, as the standard has it.
    pub(crate) async fn root(&self, database: Option<&str>) -> Result<Conn, String> {
        let setup = "SET sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', \
                     wait_timeout = 28800";
        let options = OptsBuilder::default()
            .socket(Some(self.socket.display().to_string()))
            .user(Some("root"))
            .db_name(database)
            .setup(vec![setup, "SET NAMES utf8mb4"]);
        Conn::new(options).await.map_err(|error| format!("the superuser: {error:?}"))
    }
}

/// A database and an account of its own, gone when dropped.
pub(crate) struct Database {
    pub(crate) address: Address,
    pub(crate) name: String,
    pub(crate) role: String,
    /// A session of the superuser in it.
    admin: Mutex<Conn>,
    files: tempfile::TempDir,
}

impl Database {
    /// On the shared server.
    pub(crate) async fn create(product: Product) -> Result<Self, String> {
        Self::create_on(Address::shared(product)?).await
    }

    /// On that server. What is compared there is compared byte by byte, unless a table says otherwise.
    pub(crate) async fn create_on(address: Address) -> Result<Self, String> {
        let files = tempfile::tempdir().map_err(|error| error.to_string())?;
        let unique =
            files.path().file_name().and_then(|name| name.to_str()).unwrap_or("x").to_ascii_lowercase();
        let name = format!("test_{}_{}", std::process::id(), unique.trim_start_matches('.'));
        let mut outside = address.root(None).await?;
        run(&mut outside, &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"))
            .await?;
        run(&mut outside, &format!("CREATE USER {name} IDENTIFIED BY '{PASSWORD}'")).await?;
        run(&mut outside, &format!("GRANT ALL ON {name}.* TO {name}")).await?;
        let admin = Mutex::new(address.root(Some(&name)).await?);
        std::fs::write(files.path().join("password"), PASSWORD).map_err(|error| error.to_string())?;
        Ok(Self { address, role: name.clone(), name, admin, files })
    }

    /// Commands of the superuser, separated by semicolons.
    pub(crate) async fn execute(&self, batch: &str) -> Result<(), String> {
        run(&mut *self.admin.lock().await, batch).await
    }

    /// The rows of a query, each cell as text.
    pub(crate) async fn rows(&self, query: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        let rows: Result<Vec<Row>, _> = self.admin.lock().await.query(query).await;
        let rows = rows.map_err(|error| format!("{query}: {error:?}"))?;
        Ok(rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect())
    }

    /// One value, as text.
    pub(crate) async fn value(&self, query: &str) -> Result<String, String> {
        let found = self.rows(query).await?.into_iter().flatten().next();
        found.flatten().ok_or_else(|| format!("{query} returned nothing"))
    }

    /// The numbers of the store's sessions on the server now.
    pub(crate) async fn sessions(&self) -> Result<Vec<String>, String> {
        self.sessions_of(&self.role).await
    }

    async fn sessions_of(&self, role: &str) -> Result<Vec<String>, String> {
        let query = "SELECT id FROM information_schema.processlist WHERE user =";
        let rows = self.rows(&format!("{query} '{role}' ORDER BY id")).await?;
        Ok(rows.into_iter().flatten().flatten().collect())
    }

    /// How many of them run a statement.
    pub(crate) async fn running(&self) -> Result<usize, String> {
        let query = "SELECT count(*) FROM information_schema.processlist WHERE command NOT IN ('Sleep', 'Killed') AND user =";
        self.value(&format!("{query} '{}'", self.role)).await?.parse().map_err(|_| "no count".into())
    }

    /// Ends every session of the store.
    pub(crate) async fn kill_sessions(&self) -> Result<(), String> {
        self.kill_sessions_of(&self.role).await
    }

    /// Ends every session of another role.
    pub(crate) async fn kill_sessions_of(&self, role: &str) -> Result<(), String> {
        for id in self.sessions_of(role).await? {
            // One that ended by itself is gone too.
            self.execute(&format!("KILL {id}"))
                .await
                .or_else(|error| if error.contains("Unknown thread") { Ok(()) } else { Err(error) })?;
        }
        Ok(())
    }

    /// A configuration over the socket, to be changed.
    pub(crate) fn config(&self, statements: &Value) -> Value {
        json!({
            "host": self.address.socket, "database": self.name, "user": self.role,
            "password": { "file": self.files.path().join("password") }, "statements": statements,
        })
    }

    /// The same over TCP and verified TLS.
    pub(crate) fn config_tls(&self, port: u16, statements: &Value) -> Result<Value, String> {
        let mut config = self.config(statements);
        change(&mut config, "host", "127.0.0.1");
        change(&mut config, "port", port);
        change(&mut config, "ca_file", self.address.product.variable("CA")?);
        Ok(config)
    }

    /// The same over TCP in clear, with the password of an account that may sign in so.
    pub(crate) fn config_clear(&self, port: u16, statements: &Value) -> Value {
        let mut config = self.config(statements);
        change(&mut config, "host", "127.0.0.1");
        change(&mut config, "port", port);
        change(&mut config, "tls", "disable");
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
        let (address, name) = (self.address.clone(), self.name.clone());
        let gone = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut outside = address.root(None).await.ok()?;
                run(&mut outside, &format!("DROP DATABASE {name}; DROP USER {name}")).await.ok()
            })
        });
        // A server of the test's own may be down by now; the shared one is thrown away with all that is left on it.
        gone.join().ok();
    }
}

async fn run(session: &mut Conn, batch: &str) -> Result<(), String> {
    session.query_drop(batch).await.map_err(|error| format!("{batch}: {error:?}"))
}

fn text(cell: Cell) -> Option<String> {
    match cell {
        Cell::NULL => None,
        Cell::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true)),
    }
}

/// Sets a key of a configuration.
pub(crate) fn change(config: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(table) = config.as_object_mut() {
        table.insert(key.to_owned(), value.into());
    }
}

/// The connections around every store of the tests.
pub(crate) fn around() -> Surroundings {
    let parameters = BTreeSet::from([PARAMETER.to_owned()]);
    Surroundings {
        password_write: Some(PasswordWrite::Hashed),
        connections: vec![ConnectionNeeds {
            connection: "people".into(),
            parameters,
            ..ConnectionNeeds::default()
        }],
        deadline_max: Some(DEADLINE_MAX),
    }
}

/// A call with so much time.
pub(crate) fn call(within_ms: u64) -> Call {
    let now = Instant::now();
    let deadline = now.checked_add(Duration::from_millis(within_ms)).unwrap_or(now);
    let parameters = BTreeMap::from([(PARAMETER.to_owned(), "acme".to_owned())]);
    Call::new("specific", deadline, Timestamp::UNIX_EPOCH, Arc::new(parameters))
}

/// The accounts of an identifier.
pub(crate) async fn find(store: &StoreHandle, name: &str, within_ms: u64) -> Result<Vec<Account>, Error> {
    store.find(&call(within_ms), &Lookup::Identifier(name.to_owned()), Purpose::Profile).await
}

/// The one account of an identifier, which must be there within ten seconds.
pub(crate) async fn account(store: &StoreHandle, name: &str) -> Result<Account, String> {
    let found = find(store, name, 10_000).await.map_err(|error| format!("{name}: {error:?}"))?;
    let count = found.len();
    let [account] = <[Account; 1]>::try_from(found).map_err(|_| format!("{name} finds {count}, not one"))?;
    Ok(account)
}

/// Gives the account another e-mail address.
pub(crate) async fn change_email(
    store: &StoreHandle,
    account: &Account,
    email: &str,
    within_ms: u64,
) -> Result<Account, Error> {
    let change = IdentifierChange { kind: IdentifierKind::Email, value: email.to_owned(), verified: false };
    let call = call(within_ms);
    store.change_identifier(&call, account, &change).await
}

/// Asks again and again, for so long at most, until it is so.
pub(crate) async fn within<F: Future<Output = Result<bool, String>>>(
    time: Duration,
    what: &str,
    mut is_so: impl FnMut() -> F,
) -> Outcome {
    let began = Instant::now();
    while !is_so().await? {
        if began.elapsed() > time {
            return Err(format!("not so within {time:?}: {what}"));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Whether what must hold holds.
pub(crate) fn ensure(holds: bool, what: impl Into<String>) -> Outcome {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// The kind of an error that must have happened.
pub(crate) fn kind<T>(answer: Result<T, Error>) -> Result<ErrorKind, String> {
    answer.err().map(|error| error.kind()).ok_or_else(|| "it was answered as if nothing were wrong".into())
}

/// Opens a store.
pub(crate) fn open(config: Value) -> Result<StoreHandle, String> {
    open_for(config, PasswordWrite::Hashed)
}

/// The same where new passwords are handed over in another way.
pub(crate) fn open_for(config: Value, write: PasswordWrite) -> Result<StoreHandle, String> {
    let config = serde_json::from_value(config).map_err(|error| error.to_string())?;
    let around = Surroundings { password_write: Some(write), ..around() };
    idstore_mysql::open(config, &around).map_err(|problems| format!("{problems:?}"))
}
