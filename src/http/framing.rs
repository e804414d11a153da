//! Requests that two readers could take for different ones. Refused before anything of them is believed, on both
//! listeners, and their connection ends: what follows on it may be what somebody else smuggled in.
//!
//! hyper refuses most of them itself (RFC 9112), and merges lengths that are equal. Here stands what it lets through.

use hyper::header::{CONNECTION, HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Request, Response, Uri, Version};

/// One sentence on what is wrong with the form of a request, `None` where it can be read in one way only.
pub(super) fn fault<B>(request: &Request<B>) -> Option<&'static str> {
    let headers = request.headers();
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => return Some("two Host headers"),
        (None, _) if request.version() >= Version::HTTP_11 => return Some("no Host header"),
        (None, _) => None,
        (Some(host), None) => match authority(host) {
            Some(host) => Some(host),
            None => return Some("the Host header is none"),
        },
    };
    if !is_meant_for(request.uri(), host) {
        return Some("the target is neither a path nor on the host of the Host header");
    }
    (!is_plain(headers)).then_some("a Transfer-Encoding other than chunked")
}

/// Ends the connection after the answer. hyper reads the chunks and drops a length beside them; a proxy in front may
/// have gone by the length (RFC 9112, section 6.1), so that chunks too are the last that is read.
pub(super) fn must_end(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
}

/// Tells the client and hyper that the connection ends with this answer.
pub(super) fn end<B>(response: &mut Response<B>) {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// The text of a Host header. It may be empty; names of users and passwords have no place in it.
fn authority(host: &HeaderValue) -> Option<&str> {
    let host = host.to_str().ok()?;
    (host.is_empty() || (!host.contains('@') && host.parse::<Authority>().is_ok())).then_some(host)
}

/// A path, or the `*` of OPTIONS; or a whole URL (which servers must take) on the very host that Host names.
fn is_meant_for(target: &Uri, host: Option<&str>) -> bool {
    match (target.scheme_str(), target.authority()) {
        (None, None) => true,
        (Some("http" | "https"), Some(authority)) => {
            host.is_some_and(|host| authority.as_str().eq_ignore_ascii_case(host))
        }
        _ => false,
    }
}

/// No coding of the transfer but one `chunked`.
fn is_plain(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(version: Version, target: &str, headers: &[(&str, &str)]) -> Option<&'static str> {
        let request = Request::builder().version(version).uri(target);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        fault(&request.body(()).unwrap())
    }

    #[test]
    fn what_every_client_sends_is_no_fault() {
        let path = "/v1/a/login";
        for host in ["t", "t:8080", "[::1]:8080", "192.0.2.1", ""] {
            assert_eq!(fault_of(Version::HTTP_11, path, &[("host", host)]), None, "{host}");
        }
        assert_eq!(fault_of(Version::HTTP_10, path, &[]), None);
        assert_eq!(fault_of(Version::HTTP_11, "*", &[("host", "t")]), None);
        assert_eq!(fault_of(Version::HTTP_11, "http://T/v1/a/login", &[("host", "t")]), None);
        assert_eq!(
            fault_of(Version::HTTP_11, path, &[("host", "t"), ("transfer-encoding", "Chunked")]),
            None
        );
        assert_eq!(fault_of(Version::HTTP_11, path, &[("host", "t"), ("content-length", "3")]), None);
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_a_fault() {
        let path = "/v1/a/login";
        let host = ("host", "t");
        for (target, headers) in [
            (path, &[][..]),
            (path, &[host, ("host", "u")]),
            (path, &[host, host]),
            (path, &[("host", "a/b")]),
            (path, &[("host", "ann@t")]),
            (path, &[("host", "t u")]),
            ("http://evil/v1/a/login", &[host]),
            ("ftp://t/v1/a/login", &[host]),
            ("t:80", &[host]),
            (path, &[host, ("transfer-encoding", "gzip, chunked")]),
            (path, &[host, ("transfer-encoding", "chunked, chunked")]),
            (path, &[host, ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")]),
            (path, &[host, ("transfer-encoding", "identity")]),
        ] {
            assert!(fault_of(Version::HTTP_11, target, headers).is_some(), "{target} {headers:?}");
        }
    }
}
