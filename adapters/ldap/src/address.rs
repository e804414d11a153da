//! [`Address`]: one server of `urls`.

use idstore_contract::Transport;
use rustls_pki_types::ServerName;
use std::net::IpAddr;

/// Where a server is, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) ldaps: bool,
}

impl Address {
    /// Reads `ldap://host[:port]` or `ldaps://host[:port]`; the error says what is wrong.
    pub(crate) fn read(url: &str) -> Result<Self, &'static str> {
        let (ldaps, rest) = if let Some(rest) = url.strip_prefix("ldaps://") {
            (true, rest)
        } else if let Some(rest) = url.strip_prefix("ldap://") {
            (false, rest)
        } else {
            return Err("an address begins with ldaps:// or ldap://");
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[') {
            Some(bracketed) => {
                let (host, after) = bracketed.split_once(']').ok_or("an IPv6 address ends with `]`")?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| "that is no IPv6 address")?;
                let port = after.strip_prefix(':').or_else(|| after.is_empty().then_some(""));
                (host, port.ok_or("a port follows `]:`")?)
            }
            None => rest.split_once(':').unwrap_or((rest, "")),
        };
        if host.is_empty() || host.contains(|char: char| "/?@[] ,".contains(char)) {
            return Err(
                "an address is a scheme, a host and perhaps a port; bases and filters have keys of their own",
            );
        }
        let usual = if ldaps { 636 } else { 389 };
        let port = if port.is_empty() { Ok(usual) } else { port.parse() };
        match port {
            Ok(0) | Err(_) => Err("a port is 1 to 65535"),
            Ok(port) => Ok(Self { host: host.to_owned(), port, ldaps }),
        }
    }

    /// The name that the server's certificate has to have.
    pub(crate) fn name(&self) -> Option<ServerName<'static>> {
        ServerName::try_from(self.host.clone()).ok()
    }

    /// How the way there is protected.
    pub(crate) fn transport(&self, start_tls: bool) -> Transport {
        if self.is_loopback() {
            Transport::Local
        } else if self.ldaps || start_tls {
            Transport::Verified
        } else {
            Transport::Clear
        }
    }

    fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (url, host, port, ldaps) in [
            ("ldaps://dc1.corp.example", "dc1.corp.example", 636, true),
            ("ldap://dc1/", "dc1", 389, false),
            ("ldap://127.0.0.1:3890", "127.0.0.1", 3890, false),
            ("ldaps://[::1]:6360", "::1", 6360, true),
            ("ldaps://[::1]", "::1", 636, true),
        ] {
            assert_eq!(Address::read(url), Ok(Address { host: host.into(), port, ldaps }), "{url}");
        }
        for url in [
            "",
            "dc1",
            "http://dc1",
            "ldap://",
            "ldap://dc1:0",
            "ldap://dc1:x",
            "ldap://dc1/dc=x",
            "ldap://[::1",
            "ldap://[::1]5",
        ] {
            assert!(Address::read(url).is_err(), "{url}");
        }
    }

    #[test]
    fn only_this_machine_is_local() {
        let transport = |url: &str, start_tls| Address::read(url).unwrap().transport(start_tls);
        assert_eq!(transport("ldap://localhost", false), Transport::Local);
        assert_eq!(transport("ldap://127.0.0.2", false), Transport::Local);
        assert_eq!(transport("ldap://dc1", false), Transport::Clear);
        assert_eq!(transport("ldap://dc1", true), Transport::Verified);
        assert_eq!(transport("ldaps://dc1", false), Transport::Verified);
    }
}
