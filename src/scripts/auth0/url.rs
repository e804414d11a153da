//! [`BaseUrl`]: where the platform reaches the daemon.

use hyper::Uri;
use std::fmt;
use std::net::IpAddr;

/// The address before `/v1/…`: `https://proxy.example.com`, or with a path in front.
///
/// Passwords travel to it, so it is `https`; `http` only to this machine itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    /// The name or address, without brackets.
    pub(super) host: String,
    /// The port, written or the scheme's.
    pub(super) port: u16,
    /// Whether it is `https`.
    pub(super) tls: bool,
    /// The `Host` header.
    pub(super) authority: String,
    /// The path in front, without a slash at its end.
    pub(super) path: String,
}

impl BaseUrl {
    /// The address, or why the text is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains(['?', '#', '@', '"', '\\']) {
            return Err(
                "it has a query, a fragment or a password; only scheme, host, port and path".to_owned()
            );
        }
        let uri: Uri = text.trim_end_matches('/').parse().map_err(|_| "it is no URL".to_owned())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err("it has no scheme or no host: write https://HOST".to_owned());
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = match scheme {
            "https" => true,
            "http" if is_loopback(&host) => false,
            "http" => {
                return Err("passwords travel to it: it must be https, but on this machine itself".to_owned());
            }
            _ => return Err("its scheme is neither https nor http".to_owned()),
        };
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self {
            text: format!("{scheme}://{authority}{path}"),
            host,
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            tls,
            authority: authority.as_str().to_owned(),
            path,
        })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_loopback_alone() {
        for good in [
            "https://proxy.example.com",
            "https://proxy.example.com:8443/idstore/",
            "http://127.0.0.1:8080",
            "http://localhost:8080/",
            "http://[::1]:8080",
        ] {
            let parsed = BaseUrl::parse(good).unwrap();
            assert_eq!(parsed.to_string(), good.trim_end_matches('/'));
        }
        for bad in [
            "http://proxy.example.com",
            "http://10.0.0.1:8080",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "ftp://localhost",
            "proxy.example.com",
            "/v1",
            "",
            "https://user:password@proxy.example.com",
            "https://proxy.example.com?x=1",
            "https://proxy.example.com/##TOKEN##",
            "https://",
        ] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_parts_are_those_that_a_request_needs() {
        let url = BaseUrl::parse("https://proxy.example.com/a/").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.path.as_str()), ("proxy.example.com", 443, "/a"));
        let url = BaseUrl::parse("http://[::1]:8080").unwrap();
        assert_eq!((url.host.as_str(), url.port, url.authority.as_str()), ("::1", 8080, "[::1]:8080"));
    }
}
