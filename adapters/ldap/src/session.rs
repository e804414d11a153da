//! [`Session`]: one connection to a server, and one operation at a time on it.
//!
//! What a server sends is bounded before it is kept: a message, and an answer as a whole. A session whose operation was
//! dropped or failed half way is not used again: what arrives on it later would be taken for the answer of somebody
//! else. It decides nothing about accounts.

use crate::ber::{Front, front};
use crate::doubt::Doubt;
use crate::entry::Entry;
use crate::error::{self, Failure, lost, nonsense};
use crate::message::{Control, Message, Outcome, PASSWORD_POLICY, Request, Said};
use futures_util::FutureExt as _;
use idstore_contract::{Error, Secret};
use rustls_pki_types::ServerName;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

/// The longest message that is kept, in bytes: an entry with thousands of groups is far below.
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// The longest answer to one search, in bytes of all its entries, and of the memory that their values take beside them: a
/// value of two bytes takes ten times as much.
const ANSWER_BYTES_MAX: usize = 8 << 20;
/// The most entries and references that are read for one answer beyond the entries asked for: a server that sends
/// references without end is no server.
const REFERENCES_MAX: usize = 1000;
/// Read from the server at once, in bytes.
const CHUNK_BYTES: usize = 16 << 10;

/// How the way to a server is protected.
#[derive(Clone)]
pub(crate) enum Way {
    Plain,
    /// TLS from the first byte.
    Ldaps(TlsConnector, ServerName<'static>),
    /// TLS after StartTLS; nothing else is said before.
    StartTls(TlsConnector, ServerName<'static>),
}

/// One connection.
pub(crate) struct Session {
    stream: Box<dyn Stream>,
    /// Received, and not read yet.
    received: Vec<u8>,
    next_id: i32,
    /// No operation is under way, and none failed on the way.
    whole: bool,
    pub(crate) born: Instant,
    /// The server's place in `urls`.
    pub(crate) server: usize,
    /// Told where somebody gives up waiting; `None` where there is no other server to turn to.
    pub(crate) doubt: Option<Doubt>,
}

/// What a session's bytes go through.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for S {}

/// The answer to an operation that has one.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    pub(crate) controls: Vec<Control>,
}

/// The answer to a search.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) entries: Vec<Entry>,
    /// How it ended; of a search that found more than was asked for, that there is more.
    pub(crate) answer: Answer,
}

impl Session {
    /// Over a connection that is there, and says nothing as somebody yet.
    pub(crate) async fn open(tcp: TcpStream, way: &Way, server: usize) -> Result<Self, Error> {
        // Small packets are the rule here; a failure costs milliseconds only.
        tcp.set_nodelay(true).ok();
        let (connector, name) = match way {
            Way::Plain => return Ok(Self::over(Box::new(tcp), server)),
            Way::Ldaps(connector, name) => (connector, name),
            Way::StartTls(connector, name) => {
                return Self::start_tls(tcp, connector, name, server).await;
            }
        };
        let tls = connector.connect(name.clone(), tcp).await.map_err(|error| error::no_tls(&error))?;
        Ok(Self::over(Box::new(tls), server))
    }

    /// Asks for TLS in clear and goes on in TLS, or not at all. Bytes that came with the answer were sent by somebody
    /// who wants to be heard as if they had come through TLS.
    async fn start_tls(
        tcp: TcpStream,
        connector: &TlsConnector,
        name: &ServerName<'static>,
        server: usize,
    ) -> Result<Self, Error> {
        let mut clear = ClearText { tcp, received: Vec::new() };
        clear.tcp.write_all(Request::start_tls().message(1).bytes()).await.map_err(|_| lost(false))?;
        let (bytes, _) = message_bytes(&mut clear.tcp, &mut clear.received).await?;
        let message = Message::read(&bytes).map_err(|_| nonsense(NO_LDAP))?;
        match message.said {
            Said::End(outcome) if message.id == 1 && outcome.code == error::code::SUCCESS => {}
            _ => return Err(Error::unavailable("the server refuses StartTLS; nothing was sent in clear")),
        }
        if !clear.received.is_empty() {
            return Err(Error::unavailable("somebody on the way sent bytes before TLS began"));
        }
        let tls = connector.connect(name.clone(), clear.tcp).await.map_err(|error| error::no_tls(&error))?;
        Ok(Self::over(Box::new(tls), server))
    }

    fn over(stream: Box<dyn Stream>, server: usize) -> Self {
        let born = Instant::now();
        Self { stream, received: Vec::new(), next_id: 1, whole: true, born, server, doubt: None }
    }

    /// A simple bind, with the password policy asked for.
    pub(crate) async fn bind(&mut self, dn: &str, password: &Secret) -> Result<Answer, Failure> {
        if dn.is_empty() || password.is_empty() {
            return Err(Error::unexpected("a bind without a name or a password was about to be sent").into());
        }
        self.ask(&Request::bind(dn, password).with(PASSWORD_POLICY, None)).await
    }

    /// One operation that is answered by one message.
    pub(crate) async fn ask(&mut self, request: &Request) -> Result<Answer, Failure> {
        let id = self.send(request).await?;
        let mut spent = 0;
        for _ in 0..REFERENCES_MAX {
            let message = self.receive(id, &mut spent).await?;
            if let Said::End(outcome) = message.said {
                self.whole = !error::forgotten(&outcome);
                return Ok(Answer { outcome, controls: message.controls });
            }
        }
        Err(nonsense("the server's answer does not end"))
    }

    /// One search, of which at most so many entries are kept.
    pub(crate) async fn search(&mut self, request: &Request, entries_max: usize) -> Result<Found, Failure> {
        let id = self.send(request).await?;
        let mut entries = Vec::new();
        let mut spent = 0;
        for _ in 0..entries_max.saturating_add(REFERENCES_MAX) {
            let message = self.receive(id, &mut spent).await?;
            match message.said {
                Said::Entry(entry) if entries.len() < entries_max => {
                    spent = spent.saturating_add(entry.memory());
                    entries.push(entry);
                }
                // It was told to stop, and does not: the rest is not read, and the session not used again.
                Said::Entry(_) => {
                    let outcome = Outcome { code: error::code::SIZE_LIMIT, text: String::new() };
                    return Ok(Found { entries, answer: Answer { outcome, controls: Vec::new() } });
                }
                Said::Reference | Said::Intermediate => {}
                Said::End(outcome) => {
                    self.whole = !error::forgotten(&outcome);
                    return Ok(Found { entries, answer: Answer { outcome, controls: message.controls } });
                }
            }
        }
        Err(nonsense("the server's answer does not end"))
    }

    /// Whether it may be used: nothing is under way, and the server has neither closed it nor said anything unasked.
    pub(crate) fn is_alive(&mut self) -> bool {
        let mut byte = [0; 1];
        self.whole && self.received.is_empty() && self.stream.read(&mut byte).now_or_never().is_none()
    }

    /// Says goodbye, without waiting for anything.
    pub(crate) fn close(mut self) {
        let goodbye = Request::unbind().message(self.next_id);
        // What can't be sent at once is not sent: the connection is closed anyway.
        self.stream.write_all(goodbye.bytes()).now_or_never();
    }

    async fn send(&mut self, request: &Request) -> Result<i32, Failure> {
        self.whole = false;
        let id = self.next_id;
        self.next_id = self.next_id.checked_add(1).unwrap_or(1);
        let message = request.message(id);
        self.stream.write_all(message.bytes()).await.map_err(|_| lost(true))?;
        self.stream.flush().await.map_err(|_| lost(true))?;
        Ok(id)
    }

    /// The next message, which must be about the request with that number.
    async fn receive(&mut self, id: i32, spent: &mut usize) -> Result<Message, Failure> {
        let is_first = *spent == 0;
        let waiting = self.doubt.as_ref().map(Doubt::waiting);
        let read = message_bytes(&mut self.stream, &mut self.received).await;
        if let Some(waiting) = waiting {
            waiting.over();
        }
        let (bytes, length) =
            read.map_err(|failure| Failure { repeat: failure.repeat && is_first, ..failure })?;
        *spent = spent.saturating_add(length);
        if *spent > ANSWER_BYTES_MAX {
            return Err(nonsense("the server's answer is too long"));
        }
        let message = Message::read(&bytes).map_err(|_| nonsense(NO_LDAP))?;
        match message.id {
            // A notice of disconnection (RFC 4511, section 4.4.1): the request was not looked at.
            0 => Err(lost(is_first)),
            other if other == i64::from(id) => Ok(message),
            _ => Err(nonsense("the server answered what was not asked")),
        }
    }
}

const NO_LDAP: &str = "what answers there does not speak LDAP";

/// A connection before TLS.
struct ClearText {
    tcp: TcpStream,
    received: Vec<u8>,
}

/// Takes the bytes of one message, reading more where needed. Room is made for what came, never for what is claimed.
async fn message_bytes(
    stream: &mut (impl AsyncRead + Unpin + ?Sized),
    received: &mut Vec<u8>,
) -> Result<(Zeroizing<Vec<u8>>, usize), Failure> {
    loop {
        match front(received) {
            Err(_) => return Err(nonsense(NO_LDAP)),
            Ok(Front::Element { tag, total, .. }) => {
                if tag != crate::ber::SEQUENCE {
                    return Err(nonsense(NO_LDAP));
                }
                if total > MESSAGE_BYTES_MAX {
                    return Err(nonsense("the server sends a message that is too long"));
                }
                if total <= received.len() {
                    let rest = received.split_off(total);
                    let bytes = std::mem::replace(received, rest);
                    return Ok((Zeroizing::new(bytes), total));
                }
            }
            Ok(Front::Short) => {}
        }
        let is_first = received.is_empty();
        received.reserve(CHUNK_BYTES);
        match stream.read_buf(received).await {
            Ok(0) | Err(_) => return Err(lost(is_first)),
            Ok(_) => {}
        }
    }
}
