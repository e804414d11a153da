//! The keys of `[stores.postgres.NAME]`, and everything about them that can be said without a server.

use idstore_contract::{Problem, SecretRef, Surroundings};
use idstore_sql::{Dialect, Hints, StatementsConfig, Uniqueness};
use idstore_tls::{Reach, Tls, TlsKeys};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

/// How to reach a PostgreSQL server, and what to ask it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The server's name or IP address, or the folder of its unix socket, which begins with a slash.
    pub host: String,
    /// The port; it names the socket, too.
    #[serde(default = "default_port")]
    pub port: u16,
    /// The database.
    pub database: String,
    /// The role that this service signs in as.
    pub user: String,
    /// The role's password. Absent: a client certificate, or peer authentication over a unix socket.
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
    /// What the server shows of this service in `pg_stat_activity`.
    #[serde(default = "default_application_name")]
    pub application_name: String,
    /// Where unqualified names of tables are looked for, as in `SET search_path`.
    pub search_path: Option<String>,
    /// What a statement is prepared for.
    #[serde(default)]
    pub prepare: Prepare,
    /// The most exclusive sessions: writes, and reads that are slow. One or two shared ones come on top.
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

/// What a statement is prepared for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prepare {
    /// For the life of a session: once, and then it is only run.
    #[default]
    Connection,
    /// For one call: nothing is left on a session, as behind PgBouncer in transaction mode.
    Call,
}

/// More sessions than this are a mistake: each is a process of the server.
const POOL_MAX_MAX: u32 = 500;
/// PostgreSQL cuts names to 63 bytes.
const NAME_BYTES_MAX: usize = 63;

impl Config {
    /// Every error and warning, without I/O.
    pub fn check(&self, around: &Surroundings) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_address(&mut problems);
        problems.extend(self.tls_keys().check());
        self.check_sessions(&mut problems);
        problems.extend(self.statements.check(Dialect::Postgres, self.uniqueness, around));
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

    fn check_address(&self, problems: &mut Vec<Problem>) {
        if self.host.is_empty() {
            problems.push(Problem::error(
                "host",
                "host is empty; write a name, an IP address or the folder of a unix socket",
            ));
        } else if Reach::of(&self.host) != Reach::Socket
            && self.host.contains(['/', ',', '@', ' ', ':'])
            && self.host.parse::<IpAddr>().is_err()
        {
            problems.push(Problem::error(
                "host",
                "host is one name or IP address, without a port, or a folder that begins with a slash",
            ));
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
        if let Some(path) = &self.search_path {
            if self.prepare == Prepare::Call {
                problems.push(Problem::error(
                    "search_path",
                    format!(
                        "with prepare = \"call\" nothing can be set on a session; run on the server: ALTER ROLE \"{}\" SET search_path = {path}",
                        self.user
                    ),
                ));
            } else if path.trim().is_empty() || path.contains('\0') {
                problems.push(Problem::error(
                    "search_path",
                    "search_path names one schema or more, separated by commas",
                ));
            }
        }
    }
}

fn default_port() -> u16 {
    5432
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
        assert_eq!(
            problems(&[("host", "/run/postgresql".into()), ("ca_file", "/ca".into())]),
            error("ca_file")
        );
    }

    #[test]
    fn a_search_path_behind_a_pooler_is_refused_with_the_remedy() {
        let config = config(&[("search_path", "crm, public".into()), ("prepare", "call".into())]);
        let found = config.check(&Surroundings::default());
        let problem = found.iter().find(|problem| problem.key == "search_path").unwrap();
        assert!(
            problem.message.contains("ALTER ROLE \"idstore\" SET search_path = crm, public"),
            "{}",
            problem.message
        );
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
