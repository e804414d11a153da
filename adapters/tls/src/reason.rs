//! Why a server can't be reached, in words that say where to look and repeat nothing of the library's.

use rustls::CertificateError as Bad;
use std::io;

/// Why a handshake failed, without the names and times that rustls adds. `key` is where the server's name is written.
pub fn handshake_reason(error: &rustls::Error, key: &str) -> String {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "both enums grow with the library, and a vague word is right then"
    )]
    let reason = match error {
        rustls::Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            return format!("the certificate is for another name than the one in `{key}`");
        }
        rustls::Error::InvalidCertificate(Bad::UnknownIssuer) => {
            "the certificate's authority is not trusted; see `ca_file`"
        }
        rustls::Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "the certificate has expired"
        }
        rustls::Error::InvalidCertificate(_) => "the certificate is not acceptable",
        rustls::Error::InvalidMessage(_) => {
            return format!("what answers there does not speak TLS; see `{key}`");
        }
        rustls::Error::AlertReceived(_) => "the server refused the handshake",
        _ => "the handshake failed",
    };
    reason.to_owned()
}

/// Why nobody could be reached. A failed lookup of a name has no kind of its own. `key` is where the address is written.
pub fn way_reason(error: &io::Error, key: &str) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("there is no such socket; see `{key}`"),
        io::ErrorKind::ConnectionRefused => format!("nothing listens there; see `{key}`"),
        io::ErrorKind::PermissionDenied => "this user may not open the socket".to_owned(),
        _ if error.to_string().starts_with("failed to lookup address") => {
            format!("the host's name can't be resolved; see `{key}`")
        }
        kind => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_tls_names_the_key_that_mends_it() {
        let wrong_name = rustls::Error::InvalidCertificate(Bad::NotValidForName);
        assert!(handshake_reason(&wrong_name, "host").contains("`host`"));
        let unknown = rustls::Error::InvalidCertificate(Bad::UnknownIssuer);
        assert!(handshake_reason(&unknown, "host").contains("`ca_file`"));
        let clear = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        assert!(handshake_reason(&clear, "host").contains("does not speak TLS; see `host`"));
    }

    #[test]
    fn a_server_that_is_not_reached_is_told_in_words_that_say_where_to_look() {
        for (kind, words) in [
            (io::ErrorKind::NotFound, "no such socket"),
            (io::ErrorKind::ConnectionRefused, "nothing listens"),
            (io::ErrorKind::PermissionDenied, "this user"),
        ] {
            assert!(way_reason(&kind.into(), "host").contains(words), "{kind}");
        }
        let unknown = "no-such-host.invalid:5432";
        let unresolved = std::net::ToSocketAddrs::to_socket_addrs(unknown).unwrap_err();
        let told = way_reason(&unresolved, "host");
        assert!(told.contains("can't be resolved") && !told.contains("invalid"), "{told}");
    }
}
