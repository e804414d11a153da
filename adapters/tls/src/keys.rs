//! The keys of TLS that a store's table has, and what is wrong with them.

use idstore_contract::{Problem, Transport};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::Path;

/// How the way to the server is protected, in libpq's words. Those that fall back to clear text when somebody on the
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

/// How far away the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A unix socket.
    Socket,
    /// This machine, over TCP.
    Loopback,
    /// Somebody may be listening on the way.
    Network,
}

impl Reach {
    /// Of a host as configurations write it: a name, an IP address, or a path that begins with a slash.
    pub fn of(host: &str) -> Self {
        let is_loopback = || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        match host {
            _ if host.starts_with('/') => Self::Socket,
            _ if host.eq_ignore_ascii_case("localhost") || is_loopback() => Self::Loopback,
            _ => Self::Network,
        }
    }
}

/// The keys as a store's table has them.
#[derive(Clone, Copy, Debug)]
pub struct TlsKeys<'a> {
    /// `tls`.
    pub tls: Tls,
    /// Where `host` is.
    pub reach: Reach,
    /// `ca_file`: authorities (PEM); absent: those of the operating system.
    pub ca_file: Option<&'a Path>,
    /// `client_cert_file`: what this service shows (PEM, with its chain).
    pub client_cert_file: Option<&'a Path>,
    /// `client_key_file`: its key (PEM).
    pub client_key_file: Option<&'a Path>,
}

impl TlsKeys<'_> {
    /// Every error and warning, without I/O.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.client_cert_file.is_some() != self.client_key_file.is_some() {
            let missing = if self.client_key_file.is_none() { "client_key_file" } else { "client_cert_file" };
            problems.push(Problem::error(missing, "client_cert_file and client_key_file come together"));
        }
        if self.reach == Reach::Socket {
            let useless = |key| Problem::error(key, format!("a unix socket has no TLS; remove {key}"));
            problems.extend(self.files().map(useless));
        } else {
            self.check_word(&mut problems);
        }
        problems
    }

    /// What the way to the server is, then.
    pub fn transport(&self) -> Transport {
        match self.tls {
            _ if self.reach != Reach::Network => Transport::Local,
            Tls::Disable => Transport::Clear,
            Tls::Require => Transport::Unverified,
            Tls::VerifyCa | Tls::VerifyFull => Transport::Verified,
        }
    }

    fn files(&self) -> impl Iterator<Item = &'static str> {
        let files = [
            ("ca_file", self.ca_file),
            ("client_cert_file", self.client_cert_file),
            ("client_key_file", self.client_key_file),
        ];
        files.into_iter().filter(|(_, file)| file.is_some()).map(|(key, _)| key)
    }

    fn check_word(&self, problems: &mut Vec<Problem>) {
        let is_remote = self.reach == Reach::Network;
        match self.tls {
            Tls::Disable => {
                let useless = |key| Problem::error(key, format!("{key} needs TLS, and tls is \"disable\""));
                problems.extend(self.files().map(useless));
                if is_remote {
                    problems.push(Problem::warning("tls", READABLE));
                }
            }
            Tls::Require => {
                if self.ca_file.is_some() {
                    problems.push(Problem::error("ca_file", USELESS_AUTHORITY));
                }
                if is_remote {
                    problems.push(Problem::warning(
                        "tls",
                        "\"require\" trusts whoever answers; write \"verify-full\"",
                    ));
                }
            }
            Tls::VerifyCa if self.ca_file.is_none() => problems.push(Problem::error("tls", ANYBODY)),
            Tls::VerifyCa => problems.push(Problem::warning("tls", UNNAMED)),
            Tls::VerifyFull => {}
        }
    }
}

const READABLE: &str = "everything between here and the server is readable on the way, passwords' hashes included; \
                        write \"verify-full\"";
const USELESS_AUTHORITY: &str = "\"require\" trusts whoever answers; with ca_file write \"verify-full\"";
const ANYBODY: &str = "\"verify-ca\" with the authorities of the operating system trusts anybody who has a \
                       certificate; write ca_file, or \"verify-full\"";
const UNNAMED: &str = "\"verify-ca\" does not compare the server's name; write \"verify-full\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(host: &str, tls: Tls) -> TlsKeys<'static> {
        TlsKeys { tls, reach: Reach::of(host), ca_file: None, client_cert_file: None, client_key_file: None }
    }

    /// The keys that `check` names, with whether they are errors.
    fn found(keys: TlsKeys<'_>) -> Vec<(String, bool)> {
        let named = |problem: Problem| (problem.key.clone(), problem.is_error());
        keys.check().into_iter().map(named).collect()
    }

    fn error(key: &str) -> Vec<(String, bool)> {
        vec![(key.to_owned(), true)]
    }

    fn warning(key: &str) -> Vec<(String, bool)> {
        vec![(key.to_owned(), false)]
    }

    #[test]
    fn less_than_verified_warns_beyond_this_machine() {
        let authority = Some(Path::new("/ca"));
        assert_eq!(found(keys("db.example", Tls::Disable)), warning("tls"));
        assert_eq!(found(keys("db.example", Tls::Require)), warning("tls"));
        assert_eq!(
            found(TlsKeys { ca_file: authority, ..keys("db.example", Tls::VerifyCa) }),
            warning("tls")
        );
        assert_eq!(found(keys("db.example", Tls::VerifyFull)), []);
        for host in ["localhost", "127.0.0.1", "::1", "/run/postgresql"] {
            assert_eq!(found(keys(host, Tls::Disable)), [], "{host}");
        }
    }

    #[test]
    fn keys_that_would_do_nothing_are_refused() {
        let authority = Some(Path::new("/ca"));
        let of = |host, tls| TlsKeys { ca_file: authority, ..keys(host, tls) };
        assert_eq!(found(of("/run/postgresql", Tls::VerifyFull)), error("ca_file"));
        assert_eq!(found(of("::1", Tls::Disable)), error("ca_file"));
        assert_eq!(found(of("::1", Tls::Require)), error("ca_file"));
        assert_eq!(found(keys("db.example", Tls::VerifyCa)), error("tls"));
        let half = TlsKeys { client_cert_file: authority, ..keys("db.example", Tls::VerifyFull) };
        assert_eq!(found(half), error("client_key_file"));
    }

    #[test]
    fn what_leaves_the_machine_unverified_is_told() {
        assert_eq!(keys("::1", Tls::Disable).transport(), Transport::Local);
        assert_eq!(keys("db.example", Tls::Disable).transport(), Transport::Clear);
        assert_eq!(keys("db.example", Tls::Require).transport(), Transport::Unverified);
        assert_eq!(keys("db.example", Tls::default()).transport(), Transport::Verified);
    }
}
