//! The keys of `[stores.mysql.NAME]`, and everything about them that can be said without a server.

use idstore_contract::{Problem, SecretRef, Surroundings};
use idstore_sql::{Dialect, Hints, StatementsConfig, Uniqueness};
use idstore_tls::{Reach, Tls, TlsKeys};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// How to reach a MySQL or MariaDB server, and what to ask it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The server's name or IP address, or the path of its unix socket, which begins with a slash.
    pub host: String,
    /// The port. A unix socket has none.
    #[serde(default = "default_port")]
    pub port: u16,
    /// The database.
    pub database: String,
    /// The account that this service signs in as.
    pub user: String,
    /// The account's password. Absent: none is asked for, as with a client certificate or over a unix socket.
    pub password: Option<SecretRef>,
    /// How the way to the server is protected. A unix socket never uses TLS.
    #[serde(default)]
    pub tls: Tls,
    /// The authorities (PEM) that may have signed the server's certificate; absent: those of the operating system.
    pub ca_file: Option<PathBuf>,
    /// A certificate (PEM, with its chain) that this service shows to the server.
    pub client_cert_file: Option<PathBuf>,
    /// The certificate's key (PEM).
    pub client_key_file: Option<PathBuf>,
    /// What the server shows of this service in `performance_schema.session_connect_attrs`, as `program_name`.
    #[serde(default = "default_application_name")]
    pub application_name: String,
    /// The most sessions.
    #[serde(default = "default_pool_max")]
    pub pool_max: u32,
    /// What keeps two accounts from having the same identifier.
    #[serde(default)]
    pub uniqueness: Uniqueness,
    /// What is said when the database shows something that the configuration leaves unused; presets have some.
    #[serde(default)]
    pub hints: Hints,
    /// The statements.
    #[serde(default)]
    pub statements: StatementsConfig,
}

/// More sessions than this are a mistake: each is a thread of the server, which has 151 as it comes.
const POOL_MAX_MAX: u32 = 500;
/// The longest name of a database, of an account (MariaDB's are longer than MySQL's), and of this service, in bytes.
const NAME_BYTES_MAX: usize = 255;
/// The longest path of a unix socket that the kernel takes, in bytes.
const SOCKET_BYTES_MAX: usize = 107;

impl Config {
    /// Every error and warning, without I/O.
    pub fn check(&self, around: &Surroundings) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_address(&mut problems);
        problems.extend(self.tls_keys().check());
        self.check_sessions(&mut problems);
        problems.extend(self.statements.check(Dialect::MySql, self.uniqueness, around));
        problems
    }

    /// The keys of TLS, and how far away the server is.
    pub(crate) fn tls_keys(&self) -> TlsKeys<'_> {
        TlsKeys {
            tls: self.tls,
            reach: Reach::of(&self.host),
            ca_file: self.ca_file.as_deref(),
            client_cert_file: self.client_cert_file.as_deref(),
            client_key_file: self.client_key_file.as_deref(),
        }
    }

    /// The path of a unix socket, where `host` is one.
    pub(crate) fn socket_path(&self) -> Option<&Path> {
        self.host.starts_with('/').then(|| Path::new(&self.host))
    }

    fn check_address(&self, problems: &mut Vec<Problem>) {
        if self.host.is_empty() {
            problems.push(Problem::error(
                "host",
                "host is empty; write a name, an IP address or the path of a unix socket",
            ));
        } else if self.socket_path().is_none()
            && self.host.contains(['/', ',', '@', ' ', ':'])
            && self.host.parse::<IpAddr>().is_err()
        {
            problems.push(Problem::error(
                "host",
                "host is one name or IP address, without a port, or the path of a unix socket",
            ));
        }
        if self.socket_path().is_some() && (self.host.len() > SOCKET_BYTES_MAX || self.host.contains('\0')) {
            let message = format!("the path of a unix socket has at most {SOCKET_BYTES_MAX} bytes");
            problems.push(Problem::error("host", message));
        }
        if self.port == 0 {
            problems.push(Problem::error("port", "port is 1 to 65535"));
        }
        for (key, value) in [("database", &self.database), ("user", &self.user)] {
            if value.is_empty() || value.len() > NAME_BYTES_MAX || value.contains('\0') {
                problems.push(Problem::error(key, format!("{key} has 1 to {NAME_BYTES_MAX} bytes")));
            }
        }
    }

    fn check_sessions(&self, problems: &mut Vec<Problem>) {
        if !(1..=POOL_MAX_MAX).contains(&self.pool_max) {
            problems.push(Problem::error("pool_max", format!("pool_max is 1 to {POOL_MAX_MAX}")));
        }
        let printable = self.application_name.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !printable || self.application_name.len() > NAME_BYTES_MAX {
            let message = format!("application_name has at most {NAME_BYTES_MAX} characters, all of ASCII");
            problems.push(Problem::error("application_name", message));
        }
    }
}

fn default_port() -> u16 {
    3306
}

fn default_application_name() -> String {
    "idstore-proxy".to_owned()
}

fn default_pool_max() -> u32 {
    8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: &[(&str, serde_json::Value)]) -> Config {
        let mut table = serde_json::json!({ "host": "db.internal", "database": "crm", "user": "idstore" });
        for (key, value) in change {
            table[*key] = value.clone();
        }
        serde_json::from_value(table).unwrap()
    }

    fn problems(change: &[(&str, serde_json::Value)]) -> Vec<(bool, String)> {
        let problems = config(change).check(&Surroundings::default());
        let own = problems.into_iter().filter(|problem| !problem.key.starts_with("statements"));
        own.map(|problem| (problem.is_error(), problem.key)).collect()
    }

    fn error(key: &str) -> Vec<(bool, String)> {
        vec![(true, key.to_owned())]
    }

    fn warning(key: &str) -> Vec<(bool, String)> {
        vec![(false, key.to_owned())]
    }

    #[test]
    fn the_shortest_configuration_verifies_the_server() {
        assert_eq!(problems(&[]), []);
        assert_eq!(config(&[]).tls_keys().transport(), idstore_contract::Transport::Verified);
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let table = serde_json::json!({ "host": "a", "database": "b", "user": "c", "prot": 1 });
        assert!(serde_json::from_value::<Config>(table).unwrap_err().to_string().contains("`prot`"));
    }

    #[test]
    fn a_word_that_falls_back_to_clear_text_is_none() {
        for word in ["prefer", "allow"] {
            let table = serde_json::json!({ "host": "a", "database": "b", "user": "c", "tls": word });
            assert!(serde_json::from_value::<Config>(table).is_err());
        }
    }

    #[test]
    fn the_keys_of_tls_are_checked_with_the_host_that_they_are_for() {
        assert_eq!(problems(&[("tls", "require".into())]), warning("tls"));
        assert_eq!(problems(&[("tls", "require".into()), ("host", "::1".into())]), []);
        let socket = [("host", "/run/mysqld/mysqld.sock".into()), ("ca_file", "/ca".into())];
        assert_eq!(problems(&socket), error("ca_file"));
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let found = problems(&[
            ("host", "a,b".into()),
            ("port", 0.into()),
            ("user", "".into()),
            ("pool_max", 0.into()),
        ]);
        assert_eq!(
            found.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>(),
            ["host", "port", "user", "pool_max"]
        );
    }
}
