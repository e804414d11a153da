//! Databases for end-to-end tests: one for each test, on the real server, or a file of its own.

mod mysql;

use crate::daemon::Folder;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A database that goes with the test.
pub(crate) enum Database {
    /// On the shared PostgreSQL server.
    Postgres(String),
    /// A file in a folder.
    Sqlite(Folder),
    /// On the shared MariaDB or MySQL server.
    MySql(mysql::Own),
}

impl Database {
    /// An empty database on the PostgreSQL server that `tests/run` started.
    pub(crate) fn postgres() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let random = RandomState::new().build_hasher().finish();
        let name = format!("e2e_{random:016x}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        psql("idstore", &format!("CREATE DATABASE {name}"));
        Self::Postgres(name)
    }

    /// An empty SQLite file.
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(Folder::new())
    }

    /// An empty database on the MariaDB server that `tests/run` started.
    pub(crate) fn mariadb() -> Self {
        Self::MySql(mysql::Own::create("MARIADB"))
    }

    /// An empty database on the MySQL server that `tests/run` started.
    pub(crate) fn mysql() -> Self {
        Self::MySql(mysql::Own::create("MYSQL"))
    }

    /// One on PostgreSQL and one on SQLite, whose words for most things are the same.
    pub(crate) fn each() -> [Self; 2] {
        [Self::postgres(), Self::sqlite()]
    }

    /// One on every kind of server.
    pub(crate) fn all() -> [Self; 4] {
        [Self::postgres(), Self::sqlite(), Self::mariadb(), Self::mysql()]
    }

    /// Another empty one on the same server.
    pub(crate) fn another(&self) -> Self {
        match self {
            Self::Postgres(_) => Self::postgres(),
            Self::Sqlite(_) => Self::sqlite(),
            Self::MySql(own) => Self::MySql(own.another()),
        }
    }

    /// The adapter's name.
    pub(crate) fn adapter(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgres",
            Self::Sqlite(_) => "sqlite",
            Self::MySql(_) => "mysql",
        }
    }

    /// Runs SQL behind the daemon's back, and answers what it selects, a line a row.
    pub(crate) fn run(&self, sql: &str) -> String {
        match self {
            Self::Postgres(name) => psql(name, sql),
            Self::Sqlite(folder) => feed(
                Command::new("sqlite3")
                    .args(["-bail", "-cmd", ".timeout 10000"])
                    .arg(folder.path().join("users.db")),
                sql,
            ),
            Self::MySql(own) => own.run(sql),
        }
    }

    /// Loads a dump of a real application. A psql of before August 2025 does not know `\restrict`, which only guards
    /// the loading, and the owners of the tables are roles of another server.
    pub(crate) fn load_dump(&self, name: &str) {
        let dump = fixture(name);
        let lines = dump.lines().filter(|line| !line.contains("restrict ") && !line.contains(" OWNER TO "));
        self.run(&lines.map(|line| line.to_owned() + "\n").collect::<String>());
    }

    /// The lines of the store's table that say where the database is, its header `[stores.ADAPTER.users]` first.
    pub(crate) fn store(&self, folder: &Folder) -> String {
        match self {
            Self::Postgres(name) => postgres_store(
                name,
                &variable("IDSTORE_TEST_PG_SOCKET"),
                &variable("IDSTORE_TEST_PG_PORT"),
                folder,
            ),
            Self::Sqlite(files) => {
                format!("[stores.sqlite.users]\npath = \"{}\"\n", files.path().join("users.db").display())
            }
            Self::MySql(own) => own.store(folder),
        }
    }

    /// The same over TCP and TLS, through a port of this machine behind which the server is.
    pub(crate) fn store_behind(&self, port: u16, folder: &Folder) -> String {
        match self {
            Self::Postgres(name) => {
                let ca = variable("IDSTORE_TEST_PG_CA");
                postgres_store(name, "127.0.0.1", &port.to_string(), folder)
                    + &format!("ca_file = \"{ca}\"\n")
            }
            Self::MySql(own) => own.store_behind(port, folder),
            Self::Sqlite(_) => panic!("a file is not reached over TCP"),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres(name) = self {
            // The server goes with the run; what a dying test leaves goes with it.
            Command::new(psql_path())
                .args(arguments("idstore"))
                .arg("-c")
                .arg(format!("DROP DATABASE {name} WITH (FORCE)"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .ok();
        }
    }
}

fn postgres_store(name: &str, host: &str, port: &str, folder: &Folder) -> String {
    let password = folder.write("database-password", "idstore-test\n");
    format!(
        "[stores.postgres.users]\nhost = \"{host}\"\nport = {port}\ndatabase = \"{name}\"\nuser = \"idstore\"\n\
         password.file = \"{}\"\n",
        password.display()
    )
}

/// A variable that `tests/run` sets.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run tests/run, which starts the servers"))
}

fn psql_path() -> PathBuf {
    PathBuf::from(variable("IDSTORE_TEST_PG_BIN")).join("psql")
}

fn arguments(database: &str) -> Vec<String> {
    let (host, port) = (variable("IDSTORE_TEST_PG_SOCKET"), variable("IDSTORE_TEST_PG_PORT"));
    ["-qXAt", "-v", "ON_ERROR_STOP=1", "-h", &host, "-p", &port, "-U", "idstore", "-d", database]
        .map(str::to_owned)
        .into()
}

fn psql(database: &str, sql: &str) -> String {
    feed(Command::new(psql_path()).args(arguments(database)).env("PGPASSWORD", "idstore-test"), sql)
}

fn feed(command: &mut Command, sql: &str) -> String {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let text = sql.to_owned();
    let writing = std::thread::spawn(move || input.write_all(text.as_bytes()).ok());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(status.success(), "{}\n{sql}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap().trim().to_owned()
}

/// A file of a real application: its dump, or what is known of its users.
pub(crate) fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/legacy-apps").join(name);
    fs::read_to_string(path).unwrap()
}
