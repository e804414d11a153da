//! The MariaDB and the MySQL that `tests/run` started, and a database of its own for each test.

#![allow(dead_code, unused_imports, reason = "two test programs use this, each a part of it")]

pub(crate) mod own;

pub(crate) use idstore_conformance::ask::{
    DEADLINE_MAX, Outcome, account, around, call, change, change_email, ensure, find, kind, within,
};
use idstore_contract::{PasswordWrite, StoreHandle};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, OptsBuilder, Row, Value as Cell};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::Mutex;

/// The password of every account that a test signs in as.
pub(crate) const PASSWORD: &str = "idstore-test";

/// How long the end of a test waits for its database to be dropped.
const DROP_MAX: Duration = Duration::from_secs(5);

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
                let dropped = async {
                    let mut outside = address.root(None).await?;
                    run(&mut outside, &format!("DROP DATABASE {name}; DROP USER {name}")).await
                };
                tokio::time::timeout(DROP_MAX, dropped).await.ok()
            })
        });
        // A server of the test's own may be down or frozen by now; the shared one is thrown away with all that is left on it.
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

/// Opens a store.
pub(crate) fn open(config: Value) -> Result<StoreHandle, String> {
    open_for(config, PasswordWrite::Hashed)
}

/// The same where new passwords are handed over in another way.
pub(crate) fn open_for(config: Value, write: PasswordWrite) -> Result<StoreHandle, String> {
    let config = serde_json::from_value(config).map_err(|error| error.to_string())?;
    idstore_mysql::open(config, &around(write)).map_err(|problems| format!("{problems:?}"))
}
