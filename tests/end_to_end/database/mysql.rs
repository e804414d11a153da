//! A database on the shared MariaDB or MySQL server.

use super::variable;
use crate::daemon::Folder;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, OptsBuilder, Row, Value};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// Gone when dropped.
pub(crate) struct Own {
    /// `MARIADB` or `MYSQL`, as in the names of the variables.
    product: &'static str,
    name: String,
}

impl Own {
    /// An empty one, whose collation is the one that the server's own default is.
    pub(super) fn create(product: &'static str) -> Self {
        let own =
            Self { product, name: format!("test_e2e_{:016x}", RandomState::new().build_hasher().finish()) };
        own.ask(None, &format!("CREATE DATABASE {} CHARACTER SET utf8mb4", own.name)).unwrap();
        own
    }

    /// Another one on the same server.
    pub(super) fn another(&self) -> Self {
        Self::create(self.product)
    }

    /// Runs SQL behind the daemon's back, and answers what it selects, a line a row.
    pub(super) fn run(&self, sql: &str) -> String {
        self.ask(Some(&self.name), sql).unwrap_or_else(|error| panic!("{error}\n{sql}"))
    }

    /// Over the unix socket.
    pub(super) fn store(&self, folder: &Folder) -> String {
        self.table(&self.variable("SOCKET"), folder)
    }

    /// Over TCP and TLS, through a port of this machine behind which the server is.
    pub(super) fn store_behind(&self, port: u16, folder: &Folder) -> String {
        self.table("127.0.0.1", folder) + &format!("port = {port}\nca_file = \"{}\"\n", self.variable("CA"))
    }

    /// The server's port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.variable("PORT").parse().unwrap()
    }

    fn table(&self, host: &str, folder: &Folder) -> String {
        let password = folder.write("database-password", "idstore-test\n");
        format!(
            "[stores.mysql.users]\nhost = \"{host}\"\ndatabase = \"{}\"\nuser = \"idstore\"\npassword.file = \"{}\"\n",
            self.name,
            password.display()
        )
    }

    fn variable(&self, name: &str) -> String {
        variable(&format!("IDSTORE_TEST_{}_{name}", self.product))
    }

    fn ask(&self, database: Option<&str>, sql: &str) -> Result<String, mysql_async::Error> {
        let options = OptsBuilder::default()
            .socket(Some(self.variable("SOCKET")))
            .user(Some("root"))
            .db_name(database)
            .setup(vec!["SET time_zone = '+00:00'"]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut session = Conn::new(options).await?;
            let mut answer = session.query_iter(sql).await?;
            // Of several statements the last one is asked for.
            let mut rows: Vec<Row> = answer.collect().await?;
            while !answer.is_empty() {
                rows = answer.collect().await?;
            }
            drop(answer);
            session.disconnect().await?;
            Ok(rows.into_iter().map(line).collect::<Vec<_>>().join("\n"))
        })
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // The server goes with the run; what a dying test leaves goes with it.
        self.ask(None, &format!("DROP DATABASE {}", self.name)).ok();
    }
}

fn line(row: Row) -> String {
    let cell = |value: Value| match value {
        Value::NULL => String::new(),
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => other.as_sql(true),
    };
    row.unwrap().into_iter().map(cell).collect::<Vec<_>>().join("|")
}
