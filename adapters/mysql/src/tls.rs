//! TLS with the server: whom it trusts, and what it shows.

use crate::config::{Config, Tls};
use idstore_contract::Problem;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// How sessions make TLS, and with whom; `None` where they use none. Reads the files that the configuration names.
pub(crate) fn agreed(config: &Config) -> Result<Option<(TlsConnector, ServerName<'static>)>, Vec<Problem>> {
    if config.tls == Tls::Disable || config.socket_path().is_some() {
        return Ok(None);
    }
    let name = ServerName::try_from(config.host.clone())
        .map_err(|_| vec![Problem::error("host", "host is no name that a certificate can have")])?;
    let crypto = Arc::new(aws_lc_rs::default_provider());
    let verifier = verifier(config, &crypto).map_err(|problem| vec![problem])?;
    let builder = ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .map_err(|_| vec![Problem::error("tls", "this build has no version of TLS")])?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let client = match (&config.client_cert_file, &config.client_key_file) {
        (Some(cert), Some(key)) => {
            let chain = certificates("client_cert_file", cert).map_err(|problem| vec![problem])?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|_| {
                vec![Problem::error("client_key_file", "can't be read as a private key (PEM)")]
            })?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|_| vec![Problem::error("client_key_file", "is not the key of client_cert_file")])?
        }
        _ => builder.with_no_client_auth(),
    };
    Ok(Some((TlsConnector::from(Arc::new(client)), name)))
}

fn verifier(config: &Config, crypto: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Problem> {
    if config.tls == Tls::Require {
        return Ok(Arc::new(Anybody(crypto.clone())));
    }
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(config)?), crypto.clone())
        .build()
        .map_err(|_| Problem::error("ca_file", "holds no authority"))?;
    Ok(if config.tls == Tls::VerifyCa { Arc::new(AnyName(chain)) } else { chain })
}

fn roots(config: &Config) -> Result<RootCertStore, Problem> {
    let mut roots = RootCertStore::empty();
    match &config.ca_file {
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

/// `verify-ca`: the chain is verified, the name is not.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The name is looked at last: whoever gets that far has a good chain.
        match self.0.verify_server_cert(certificate, chain, name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// `require`: whoever answers. That the other side has the certificate's key is still verified.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
