//! The keys of `[stores.mysql.NAME]`, and everything about them that can be said without a server.

use idstore_contract::{Problem, SecretRef, Surroundings, Transport};
use idstore_sql::{Dialect, Hints, StatementsConfig, Uniqueness};
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

/// How the way to the server is protected, in the words of libpq. Those that fall back to clear text when somebody on the
/// way asks for it (`allow`, `prefer`) are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// None.
    Disable,
    /// TLS with whoever answers.
    Require,
    /// The certificate is of a trusted authority; for which name does not matter.
    VerifyCa,
    /// The certificate is of a trusted authority, and for `host`.
    #[default]
    VerifyFull,
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
        self.check_tls(&mut problems);
        self.check_sessions(&mut problems);
        problems.extend(self.statements.check(Dialect::MySql, self.uniqueness, around));
        problems
    }

    /// How the way to the server is protected.
    pub(crate) fn transport(&self) -> Transport {
        match self.tls {
            _ if self.is_local() => Transport::Local,
            Tls::Disable => Transport::Clear,
            Tls::Require => Transport::Unverified,
            Tls::VerifyCa | Tls::VerifyFull => Transport::Verified,
        }
    }

    /// The path of a unix socket, where `host` is one.
    pub(crate) fn socket_path(&self) -> Option<&Path> {
        self.host.starts_with('/').then(|| Path::new(&self.host))
    }

    /// Nothing leaves the machine.
    fn is_local(&self) -> bool {
        self.socket_path().is_some()
            || self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
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

    fn check_tls(&self, problems: &mut Vec<Problem>) {
        if self.client_cert_file.is_some() != self.client_key_file.is_some() {
            let missing = if self.client_key_file.is_none() { "client_key_file" } else { "client_cert_file" };
            problems.push(Problem::error(missing, "client_cert_file and client_key_file come together"));
        }
        let files = [
            ("ca_file", &self.ca_file),
            ("client_cert_file", &self.client_cert_file),
            ("client_key_file", &self.client_key_file),
        ];
        let given = files.into_iter().filter(|(_, file)| file.is_some()).map(|(key, _)| key);
        if self.socket_path().is_some() {
            problems.extend(
                given.map(|key| Problem::error(key, format!("a unix socket has no TLS; remove {key}"))),
            );
            return;
        }
        match self.tls {
            Tls::Disable => {
                problems.extend(given.map(|key| Problem::error(key, format!("{key} needs TLS, and tls is \"disable\""))));
                if !self.is_local() {
                    problems.push(Problem::warning(
                        "tls",
                        "everything between here and the server is readable on the way, passwords' hashes included; write \"verify-full\"",
                    ));
                }
            }
            Tls::Require => {
                if self.ca_file.is_some() {
                    problems.push(Problem::error("ca_file", "\"require\" trusts whoever answers; with ca_file write \"verify-full\""));
                }
                if !self.is_local() {
                    problems.push(Problem::warning("tls", "\"require\" trusts whoever answers; write \"verify-full\""));
                }
            }
            Tls::VerifyCa if self.ca_file.is_none() => problems.push(Problem::error(
                "tls",
                "\"verify-ca\" with the authorities of the operating system trusts anybody who has a certificate; write ca_file, or \"verify-full\"",
            )),
            Tls::VerifyCa => problems.push(Problem::warning("tls", "\"verify-ca\" does not compare the server's name; write \"verify-full\"")),
            Tls::VerifyFull => {}
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
        assert_eq!(config(&[]).transport(), Transport::Verified);
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
    fn less_than_verified_warns_beyond_this_machine() {
        assert_eq!(problems(&[("tls", "disable".into())]), warning("tls"));
        assert_eq!(problems(&[("tls", "require".into())]), warning("tls"));
        assert_eq!(problems(&[("tls", "verify-ca".into()), ("ca_file", "/ca".into())]), warning("tls"));
        for host in ["localhost", "127.0.0.1", "::1", "/run/mysqld/mysqld.sock"] {
            assert_eq!(problems(&[("host", host.into()), ("tls", "disable".into())]), [], "{host}");
        }
    }

    #[test]
    fn keys_that_would_do_nothing_are_refused() {
        assert_eq!(
            problems(&[("host", "/run/mysqld/mysqld.sock".into()), ("ca_file", "/ca".into())]),
            error("ca_file")
        );
        assert_eq!(
            problems(&[("host", "::1".into()), ("tls", "disable".into()), ("ca_file", "/ca".into())]),
            error("ca_file")
        );
        assert_eq!(
            problems(&[("host", "::1".into()), ("tls", "require".into()), ("ca_file", "/ca".into())]),
            error("ca_file")
        );
        assert_eq!(problems(&[("tls", "verify-ca".into())]), error("tls"));
        assert_eq!(problems(&[("client_cert_file", "/cert".into())]), error("client_key_file"));
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
