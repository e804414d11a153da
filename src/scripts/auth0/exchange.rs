//! One request to a daemon that is reached as Auth0 reaches it: over the network, through whatever stands in between.

use super::BaseUrl;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use idstore_contract::Secret;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// The largest answer that is read, in bytes: a profile has 10 KB at most, and an error page is none of ours.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// What came back.
pub(super) struct Reply {
    /// The status.
    pub(super) status: u16,
    /// The media type, without its parameters.
    pub(super) media_type: String,
    /// Seconds.
    pub(super) retry_after: Option<u64>,
    /// The body, where it is JSON.
    pub(super) json: Option<Value>,
}

/// Posts a body. The error says why nothing came back.
pub(super) async fn post(
    url: &BaseUrl,
    path: &str,
    token: &Secret,
    body: &Value,
    time: Duration,
) -> Result<Reply, String> {
    let exchanged = async {
        let stream = TcpStream::connect((url.host.as_str(), url.port))
            .await
            .map_err(|error| format!("no connection to {}: {error}", url.authority))?;
        let request = request(url, path, token, body)?;
        if url.tls { send(secured(url, stream).await?, request).await } else { send(stream, request).await }
    };
    tokio::time::timeout(time, exchanged)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} ms", time.as_millis())))
}

fn request(url: &BaseUrl, path: &str, token: &Secret, body: &Value) -> Result<Request<Full<Bytes>>, String> {
    let bearer = token.expose_text().map(|token| format!("Bearer {token}"));
    let mut bearer = bearer
        .and_then(|bearer| HeaderValue::from_str(&bearer).ok())
        .ok_or("the token holds a character that no header can")?;
    bearer.set_sensitive(true);
    Request::builder()
        .method(Method::POST)
        .uri(format!("{}{path}", url.path))
        .header(HOST, &url.authority)
        .header(AUTHORIZATION, bearer)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, "idstore-auth0-scripts/1")
        .body(Full::from(body.to_string()))
        .map_err(|error| error.to_string())
}

/// TLS as Auth0 makes it: the authorities that everybody trusts, and the name of the URL.
async fn secured(
    url: &BaseUrl,
    stream: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(url.host.clone()).map_err(|_| "the host is no name".to_owned())?;
    tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| format!("no TLS with {}: {error}", url.authority))
}

async fn send<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Reply, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| format!("no answer: {error}");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(failed)?;
    let (head, body) = response.into_parts();
    let bytes = Limited::new(body, ANSWER_BYTES_MAX)
        .collect()
        .await
        .map_err(|error| format!("the answer was cut off: {error}"))?
        .to_bytes();
    driver.abort();
    let text = |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let media_type = text(CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default();
    Ok(Reply {
        status: head.status.as_u16(),
        media_type: media_type.trim().to_ascii_lowercase(),
        retry_after: text(RETRY_AFTER).and_then(|seconds| seconds.parse().ok()),
        json: serde_json::from_slice(&bytes).ok(),
    })
}
