//! [`Peer`]: what speaks LDAP as a test tells it, for what no server at hand shows. It writes its bytes by itself, so that
//! they are not the adapter's own idea of the protocol.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A listener on 127.0.0.1 that does the same with everybody who comes. Gone when dropped.
pub(crate) struct Peer {
    pub(crate) port: u16,
    pub(crate) came: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Peer {
    /// Hands each connection to `serve`.
    pub(crate) async fn open<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Result<Self, String>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        let came = Arc::new(AtomicUsize::new(0));
        let counted = came.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream));
            }
        });
        Ok(Self { port, came, task })
    }

    /// Sends these bytes to everybody who asked something, and then keeps still.
    pub(crate) async fn saying(bytes: Vec<u8>) -> Result<Self, String> {
        let bytes = Arc::new(bytes);
        Self::open(move |mut stream| {
            let bytes = bytes.clone();
            async move {
                if read_one(&mut stream).await.is_some() {
                    stream.write_all(&bytes).await.ok();
                    swallow(&mut stream).await;
                }
            }
        })
        .await
    }

    /// A directory with one entry: searches find it, binds as it are answered with `result`.
    pub(crate) async fn directory(
        entry: Vec<u8>,
        result: Bound,
    ) -> Result<(Self, Arc<Mutex<Vec<String>>>), String> {
        let binds: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = binds.clone();
        let (entry, result) = (Arc::new(entry), Arc::new(result));
        let peer = Self::open(move |mut stream| {
            let (entry, result, noted) = (entry.clone(), result.clone(), noted.clone());
            async move {
                while let Some(request) = read_one(&mut stream).await {
                    let id = request.get(..3).unwrap_or_default().to_vec();
                    let text = String::from_utf8_lossy(&request).into_owned();
                    let answer = match request.get(3) {
                        Some(0x60) if text.contains("cn=service") => message(&id, &ended(0x61, 0, "")),
                        Some(0x60) => {
                            noted.lock().unwrap().push(text);
                            match &*result {
                                Bound::Says(code, words) => message(&id, &ended(0x61, *code, words)),
                                Bound::Closes => return,
                            }
                        }
                        Some(0x63) => [message(&id, &entry), message(&id, &ended(0x65, 0, ""))].concat(),
                        _ => return,
                    };
                    if stream.write_all(&answer).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await?;
        Ok((peer, binds))
    }
}

/// How a bind as a user is answered.
pub(crate) enum Bound {
    /// With this code and these words.
    Says(u8, String),
    /// Not at all: the connection is closed.
    Closes,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The content of the next message: its number, then the operation. All numbers here are below 128, one byte.
pub(crate) async fn read_one(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut header = [0; 6];
    stream.read_exact(&mut header).await.ok()?;
    // The adapter writes lengths in four bytes.
    let length = u32::from_be_bytes(header[2..6].try_into().ok()?);
    let mut content = vec![0; usize::try_from(length).ok()?];
    stream.read_exact(&mut content).await.ok()?;
    Some(content)
}

/// Takes what comes until the other side closes.
pub(crate) async fn swallow(stream: &mut TcpStream) {
    let mut buffer = vec![0; 4096];
    while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
}

/// An element with a length in three bytes.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], length.as_slice(), content].concat()
}

/// A message under a number, as an element.
pub(crate) fn message(id: &[u8], operation: &[u8]) -> Vec<u8> {
    element(0x30, &[id, operation].concat())
}

/// The end of an operation.
pub(crate) fn ended(tag: u8, code: u8, words: &str) -> Vec<u8> {
    element(tag, &[element(0x0a, &[code]), element(4, b""), element(4, words.as_bytes())].concat())
}

/// An entry that a search finds.
pub(crate) fn entry(dn: &str, attributes: &[(&str, &[u8])]) -> Vec<u8> {
    let attribute = |(name, value): &(&str, &[u8])| {
        element(0x30, &[element(4, name.as_bytes()), element(0x31, &element(4, value))].concat())
    };
    let attributes: Vec<u8> = attributes.iter().flat_map(attribute).collect();
    element(0x64, &[element(4, dn.as_bytes()), element(0x30, &attributes)].concat())
}
