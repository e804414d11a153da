//! Listening and accepting: a permit first, then the connection; nothing is accepted that could not be served.

use super::patience::{Patient, Phase};
use crate::config::{Address, FileMode, ServerListen};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::server::graceful::GracefulShutdown;
use prometheus_client::metrics::gauge::Gauge;
use std::convert::Infallible;
use std::future::Future;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// What hyper reads of a head at the most, in bytes. What is over the limit of `handle` but below this is answered
/// with a problem document; what is over this, by hyper's bare 431.
const HEAD_BUFFER_BYTES: usize = 64 * 1024;
/// The most headers that hyper parses; as above.
const HEADERS_PARSED_MAX: usize = 200;
/// After an error of `accept` (no file descriptor is left, say): long enough to spin no processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The limits of the connections of one listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections.
    pub connections_max: usize,
    /// The time for a request's head.
    pub header_time: Duration,
    /// The time between two requests.
    pub idle_time: Duration,
    /// The time for requests in flight once the daemon stops.
    pub drain_time: Duration,
}

/// A bound listener.
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket, and its path where this daemon made it.
    Unix(UnixListener, Option<PathBuf>),
}

impl Listener {
    /// Binds what `[server] listen` says.
    pub async fn bind(listen: &ServerListen, mode: FileMode) -> io::Result<Self> {
        match listen {
            ServerListen::At(address) => Self::at(address, mode).await,
            ServerListen::Systemd => from_systemd(),
        }
    }

    /// Binds an address. A unix socket that nobody serves any more is replaced.
    pub async fn at(address: &Address, mode: FileMode) -> io::Result<Self> {
        match address {
            Address::Tcp { host, port } => Ok(Self::Tcp(TcpListener::bind((host.as_str(), *port)).await?)),
            Address::Unix(path) => unix(path, mode),
        }
    }

    /// Where it listens, for the log.
    pub fn address(&self) -> String {
        match self {
            Self::Tcp(listener) => {
                listener.local_addr().map_or_else(|_| "tcp".to_owned(), |address| address.to_string())
            }
            Self::Unix(_, path) => {
                path.as_ref().map_or_else(|| "unix".to_owned(), |path| format!("unix:{}", path.display()))
            }
        }
    }

    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Answers are one small write; without this Nagle's algorithm holds some of them back.
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Self::Unix(listener, _) => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, Some(path)) = self {
            // Left behind, it is replaced at the next start.
            fs::remove_file(path).ok();
        }
    }
}

/// Either kind of stream.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Serves a listener until `stop` says true, then ends what is in flight within the drain time. Answers whether all of
/// it ended.
pub async fn serve<F>(
    listener: Listener,
    limits: Limits,
    open: Gauge,
    mut stop: watch::Receiver<bool>,
    handle: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
) -> bool
where
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(limits.connections_max));
    let drain = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        match accepted {
            Ok((stream, permit)) => {
                let phase = Phase::default();
                let stream = Patient::new(stream, phase.clone(), limits.header_time, limits.idle_time);
                let handle = handle.clone();
                let service = service_fn(move |request| {
                    let under_way = phase.request();
                    let answer = handle(request);
                    async move {
                        let response = answer.await;
                        drop(under_way);
                        Ok::<_, Infallible>(response)
                    }
                });
                let connection = drain.watch(builder().serve_connection(stream, service));
                let open = open.clone();
                open.inc();
                tokio::spawn(async move {
                    // How a connection ends is the client's business; what it asked has its own log line.
                    connection.await.ok();
                    open.dec();
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    tokio::time::timeout(limits.drain_time, drain.shutdown()).await.is_ok()
}

async fn accept(
    listener: &Listener,
    permits: &Arc<Semaphore>,
) -> io::Result<(Box<dyn Stream>, Option<OwnedSemaphorePermit>)> {
    // The semaphore is never closed.
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    Ok((listener.accept().await?, permit))
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same: nobody is left who could want more.
    stop.wait_for(|stop| *stop).await.ok();
}

fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BUFFER_BYTES).max_headers(HEADERS_PARSED_MAX).header_read_timeout(None);
    builder
}

fn unix(path: &Path, mode: FileMode) -> io::Result<Listener> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        match std::os::unix::net::UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)?,
            _ => return Err(io::ErrorKind::AddrInUse.into()),
        }
    }
    // Under another name until it has its mode, so that nobody connects who may not.
    let mut unready = path.as_os_str().to_owned();
    unready.push("~");
    fs::remove_file(&unready)
        .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    let listener = UnixListener::bind(&unready)?;
    fs::set_permissions(&unready, fs::Permissions::from_mode(mode.bits()))?;
    fs::rename(&unready, path)?;
    Ok(Listener::Unix(listener, Some(path.to_owned())))
}

fn from_systemd() -> io::Result<Listener> {
    let mut passed = listenfd::ListenFd::from_env();
    if passed.len() != 1 {
        return Err(io::Error::other(
            "listen = \"systemd\" needs exactly one socket from systemd (LISTEN_FDS); start the socket unit",
        ));
    }
    if let Ok(Some(listener)) = passed.take_tcp_listener(0) {
        listener.set_nonblocking(true)?;
        return TcpListener::from_std(listener).map(Listener::Tcp);
    }
    match passed.take_unix_listener(0)? {
        Some(listener) => {
            listener.set_nonblocking(true)?;
            UnixListener::from_std(listener).map(|listener| Listener::Unix(listener, None))
        }
        None => Err(io::Error::other("the socket from systemd is no stream socket")),
    }
}
