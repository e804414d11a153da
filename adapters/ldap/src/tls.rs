//! TLS with the servers: always verified, chain and name, and never less.

use idstore_contract::Problem;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// Makes TLS with servers whose certificate is of an authority in the file, or of one that the operating system trusts.
pub(crate) fn trusting(ca_file: Option<&Path>) -> Result<TlsConnector, Problem> {
    let crypto = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(ca_file)?), crypto.clone())
        .build()
        .map_err(|_| Problem::error("ca_file", "holds no authority"))?;
    let config = ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .map_err(|_| Problem::error("urls", "this build has no version of TLS"))?
        .with_webpki_verifier(verifier)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, Problem> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(file) => {
            for authority in certificates(file)? {
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

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(Problem::error("ca_file", "holds no certificate (PEM)")),
        Err(pem::Error::Io(error)) => {
            Err(Problem::error("ca_file", format!("the file can't be read: {error}")))
        }
        Err(_) => Err(Problem::error("ca_file", "can't be read as certificates (PEM)")),
    }
}
