//! What a client needs for a handshake: the authorities, the certificate it shows, the versions.

use crate::keys::{Reach, Tls, TlsKeys};
use crate::verifier::Lenient;
use idstore_contract::Problem;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// A client that takes a server for the right one if its certificate is for the name it is known by, and of an authority
/// in the file (PEM), or without one of an authority that the operating system trusts. Reads the file.
pub fn verifying(ca_file: Option<&Path>) -> Result<ClientConfig, Problem> {
    client(Tls::VerifyFull, ca_file, None)
}

impl TlsKeys<'_> {
    /// The client that the keys describe; `None` where they ask for none, or the server is behind a unix socket. Reads
    /// the files that they name.
    pub fn client(&self) -> Result<Option<ClientConfig>, Problem> {
        if self.tls == Tls::Disable || self.reach == Reach::Socket {
            return Ok(None);
        }
        client(self.tls, self.ca_file, self.client_cert_file.zip(self.client_key_file)).map(Some)
    }
}

fn client(tls: Tls, ca_file: Option<&Path>, shown: Option<(&Path, &Path)>) -> Result<ClientConfig, Problem> {
    let crypto = Arc::new(aws_lc_rs::default_provider());
    let verifier = verifier(tls, ca_file, &crypto)?;
    let builder = ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .map_err(|_| Problem::error("tls", "this build has no version of TLS"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let Some((certificate, key)) = shown else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates("client_cert_file", certificate)?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|_| Problem::error("client_key_file", "can't be read as a private key (PEM)"))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|_| Problem::error("client_key_file", "is not the key of client_cert_file"))
}

fn verifier(
    tls: Tls,
    ca_file: Option<&Path>,
    crypto: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Problem> {
    let lenient = |chain| Arc::new(Lenient { chain, crypto: crypto.clone() });
    if tls == Tls::Require {
        return Ok(lenient(None));
    }
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(ca_file)?), crypto.clone())
        .build()
        .map_err(|_| Problem::error("ca_file", "holds no authority"))?;
    Ok(if tls == Tls::VerifyCa { lenient(Some(chain)) } else { chain })
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, Problem> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(file) => {
            for authority in certificates("ca_file", file)? {
                roots
                    .add(authority)
                    .map_err(|_| Problem::error("ca_file", "holds a certificate that is no authority"))?;
            }
        }
        None => {
            // Some of a system's files may be unreadable; what counts is whether any authority was found.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(Problem::error(
            "ca_file",
            "the operating system has no authorities (package ca-certificates); write ca_file",
        ));
    }
    Ok(roots)
}

fn certificates(key: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(Problem::error(key, "holds no certificate (PEM)")),
        Err(pem::Error::Io(error)) => Err(Problem::error(key, format!("the file can't be read: {error}"))),
        Err(_) => Err(Problem::error(key, "can't be read as certificates (PEM)")),
    }
}
