//! Where to listen: [`ServerListen`], [`AdminListen`] and the [`Address`] in both. Nothing here opens a socket.

use serde::de::{Deserialize, Deserializer, Error as _};
use std::fmt;
use std::path::PathBuf;

/// Where the platforms' listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerListen {
    /// An address, or one that systemd does not give.
    At(Address),
    /// The socket that systemd hands over.
    Systemd,
}

impl Default for ServerListen {
    fn default() -> Self {
        Self::At(Address::loopback(8080))
    }
}

impl<'de> Deserialize<'de> for ServerListen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text == "systemd" {
            return Ok(Self::Systemd);
        }
        Address::parse(&text).map(Self::At).map_err(|why| D::Error::custom(format!("{why}, or `systemd`")))
    }
}

/// Where the admin listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminListen(pub Address);

impl Default for AdminListen {
    fn default() -> Self {
        Self(Address::loopback(9090))
    }
}

impl<'de> Deserialize<'de> for AdminListen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Address::parse(&String::deserialize(from)?).map(Self).map_err(D::Error::custom)
    }
}

/// An address to listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A host (a name, an IPv4 or IPv6 address without brackets) and a port; port 0 takes any free one.
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// A unix socket at an absolute path.
    Unix(PathBuf),
}

/// The longest path of a unix socket, in bytes: `sun_path` of Linux less its NUL, and less the `~` of the name under
/// which a socket is made before it takes its place.
const SOCKET_PATH_BYTES_MAX: usize = 106;

impl Address {
    /// The address, or what one looks like.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "not an address to listen at; write `host:port` (`127.0.0.1:8080`, `[::1]:8080`), \
                                `unix:/path`";
        if let Some(path) = text.strip_prefix("unix:") {
            if !path.starts_with('/') || path.contains('\0') {
                return Err("the path of a unix socket is absolute; write `unix:/path`");
            }
            if path.len() > SOCKET_PATH_BYTES_MAX {
                return Err("the path of a unix socket has at most 106 bytes; write a shorter `unix:/path`");
            }
            return Ok(Self::Unix(path.into()));
        }
        let (host, port) = text.rsplit_once(':').ok_or(EXPECTED)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let fits = match bare {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
            }
        };
        if !fits || !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(EXPECTED);
        }
        let port = port.parse().map_err(|_| EXPECTED)?;
        Ok(Self::Tcp { host: bare.unwrap_or(host).to_owned(), port })
    }

    fn loopback(port: u16) -> Self {
        Self::Tcp { host: "127.0.0.1".to_owned(), port }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(out, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(out, "{host}:{port}"),
            Self::Unix(path) => write!(out, "unix:{}", path.display()),
        }
    }
}

/// The permissions of a file: an octal text from `"0000"` to `"0777"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(u32);

impl FileMode {
    /// The bits.
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl Default for FileMode {
    fn default() -> Self {
        Self(0o660)
    }
}

impl<'de> Deserialize<'de> for FileMode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let octal = text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
        u32::from_str_radix(&text, 8)
            .ok()
            .filter(|bits| octal && *bits <= 0o777)
            .map(Self)
            .ok_or_else(|| D::Error::custom("not the mode of a file; write an octal text such as \"0660\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> Result<ServerListen, serde_json::Error> {
        serde_json::from_value(text.into())
    }

    #[test]
    fn every_spelling_of_an_address_is_read_and_written_alike() {
        for text in ["127.0.0.1:8080", "[::1]:8080", "localhost:0", "db-1.internal:65535", "unix:/run/a.sock"]
        {
            assert_eq!(Address::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(server("systemd").unwrap(), ServerListen::Systemd);
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_one_looks_like() {
        for text in [
            "",
            "8080",
            ":8080",
            "localhost",
            "a:b",
            "a:65536",
            "a:+1",
            "a:",
            "::1:80",
            "[::1",
            "unix:a",
            "http://a:1",
        ] {
            let error = server(text).unwrap_err().to_string();
            assert!(error.contains("unix:/path"), "{text}: {error}");
        }
        assert!(Address::parse(&format!("unix:/{}", "a".repeat(106))).is_err());
    }

    #[test]
    fn a_mode_is_octal_text() {
        let read = |text: &str| serde_json::from_value::<FileMode>(text.into()).map(FileMode::bits);
        assert_eq!(read("0660").unwrap(), 0o660);
        assert_eq!(read("777").unwrap(), 0o777);
        for bad in ["", "0888", "1777", "+660", "00660", "rw"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
