//! A TCP peer that speaks as a MySQL server does, until it does not.
//!
//! Format: MySQL client/server protocol, "Connection Phase" and "Command Phase".

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the peer does to everybody who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    /// Says nothing.
    Silence,
    /// A greeting, one byte a second.
    Drip,
    /// A greeting that announces 16 MiB and never ends.
    EndlessGreeting,
    /// Half of a greeting, and goes.
    HalfGreeting,
    /// The answer of a web server.
    Http,
    /// No TLS, whoever asks for it.
    NoTls,
    /// TLS, and in the same breath a word that must not count as said through it.
    WordBeforeTls,
    /// Wants the password in clear text, by another method.
    ClearPassword,
    /// Wants the password in clear text, for its cache.
    FullAuthentication,
    /// Changes the method again and again.
    EndlessSwitches,
    /// Refuses the login with a text of a megabyte.
    LongRefusal,
    /// Wants a file of ours.
    LocalFile,
    /// An answer of 2^60 columns.
    ManyColumns,
    /// An answer in packets of 16 MiB, without end.
    LargePackets,
    /// A statement with 65,535 parameters and columns, each described without end.
    ManyPrepared,
    /// Rows without end.
    EndlessRows,
    /// One answer after the other to a single question.
    EndlessResults,
    /// Half of an answer, and goes.
    HalfAnswer,
    /// Bytes made from this number, after so many exchanges.
    Nonsense { after: u8, seed: u64 },
}

/// A peer on a free port of 127.0.0.1, gone when dropped.
pub(crate) struct Peer {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
    open: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Peer {
    pub(crate) async fn start(script: Script) -> Result<Self, String> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
        let (count, open) = watch::channel(0);
        let hearing = heard.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.send_modify(|open| *open += 1);
                let (count, heard) = (count.clone(), hearing.clone());
                tokio::spawn(async move {
                    // Whatever ends it: the client went, which is what it should do.
                    Side { stream, number: 0, heard }.play(script).await.ok();
                    count.send_modify(|open| *open -= 1);
                });
            }
        });
        Ok(Self { port, heard, open, task })
    }

    /// Everything that the clients have sent.
    pub(crate) fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until every client has gone.
    pub(crate) async fn is_left_alone(&self, time: Duration) -> Result<(), String> {
        let mut open = self.open.clone();
        let gone = tokio::time::timeout(time, open.wait_for(|open| *open == 0)).await;
        gone.is_ok().then_some(()).ok_or_else(|| format!("a session is still open after {time:?}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

const NONCE: [u8; 20] = *b"abcdefghijklmnopqrst";
const DONE: [u8; 7] = [0, 0, 0, 2, 0, 0, 0];
const END: [u8; 5] = [0xfe, 0, 0, 2, 0];
/// All that the adapter needs; TLS on top where it is asked for.
const CAPABILITIES: u32 = 0x003f_a20f;
const TLS: u32 = 0x0800;

struct Side {
    stream: TcpStream,
    number: u8,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Side {
    async fn play(&mut self, script: Script) -> io::Result<()> {
        match script {
            Script::Silence => {}
            Script::Drip => {
                for byte in packet(0, &greeting(CAPABILITIES)) {
                    self.stream.write_all(&[byte]).await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            Script::EndlessGreeting => self.flood(&[0xff, 0xff, 0xff, 0, 10]).await?,
            Script::HalfGreeting => {
                self.stream.write_all(&packet(0, &greeting(CAPABILITIES))[..30]).await?;
                self.stream.shutdown().await?;
            }
            Script::Http => {
                self.stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await?;
            }
            Script::NoTls => self.say(&greeting(CAPABILITIES)).await?,
            Script::WordBeforeTls => {
                let words = [packet(0, &greeting(CAPABILITIES | TLS)), packet(2, &DONE)].concat();
                self.stream.write_all(&words).await?;
            }
            Script::Nonsense { after, seed } => self.nonsense(after, seed).await?,
            _ => {
                self.say(&greeting(CAPABILITIES)).await?;
                self.hear().await?;
                self.after_greeting(script).await?;
            }
        }
        self.hear_on().await
    }

    async fn after_greeting(&mut self, script: Script) -> io::Result<()> {
        match script {
            Script::ClearPassword => self.say(b"\xfemysql_clear_password\0").await,
            Script::FullAuthentication => {
                self.say(&[b"\xfecaching_sha2_password\0".as_slice(), &NONCE, &[0]].concat()).await?;
                self.hear().await?;
                self.say(&[1, 4]).await
            }
            Script::EndlessSwitches => loop {
                self.say(&[b"\xfemysql_native_password\0".as_slice(), &NONCE, &[0]].concat()).await?;
                self.hear().await?;
            },
            Script::LongRefusal => {
                self.say(&[b"\xff\x15\x04#28000".as_slice(), "CANARY".repeat(180_000).as_bytes()].concat())
                    .await
            }
            _ => {
                self.say(&DONE).await?;
                self.hear().await?;
                self.after_login(script).await
            }
        }
    }

    async fn after_login(&mut self, script: Script) -> io::Result<()> {
        match script {
            Script::LocalFile => {
                self.say(
                    &[
                        b"\xfb".as_slice(),
                        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/specific/peer.rs").as_bytes(),
                    ]
                    .concat(),
                )
                .await
            }
            Script::ManyColumns => self.say(&[0xfe, 0, 0, 0, 0, 0, 0, 0, 0x10]).await,
            Script::LargePackets => self.flood(&[0xff, 0xff, 0xff, 1, 6]).await,
            Script::EndlessResults => loop {
                // The status says that there is another answer.
                self.say(&[0, 0, 0, 10, 0, 0, 0]).await?;
            },
            Script::HalfAnswer => {
                self.stream.write_all(&[200, 0, 0, 1, 3, 1]).await?;
                self.stream.shutdown().await
            }
            _ => {
                self.say(&DONE).await?;
                self.hear().await?;
                self.after_setup(script).await
            }
        }
    }

    /// What was prepared is the look at the session's settings, six columns without a parameter.
    async fn after_setup(&mut self, script: Script) -> io::Result<()> {
        if script == Script::ManyPrepared {
            self.say(&[0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0]).await?;
            loop {
                self.say(&column(&"c".repeat(200))).await?;
            }
        }
        self.say(&[0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0]).await?;
        self.describe().await?;
        self.hear().await?;
        self.say(&[6]).await?;
        self.describe().await?;
        let row = [[0, 0].as_slice(), b"\xc8", &[b'x'; 200]].concat();
        loop {
            self.say(&[row.clone(), vec![0; 5]].concat()).await?;
        }
    }

    async fn describe(&mut self) -> io::Result<()> {
        for name in ["a", "b", "c", "d", "e", "f"] {
            self.say(&column(name)).await?;
        }
        self.say(&END).await
    }

    async fn nonsense(&mut self, after: u8, seed: u64) -> io::Result<()> {
        let words = [greeting(CAPABILITIES), DONE.to_vec(), DONE.to_vec()];
        for word in words.iter().take(after.into()) {
            self.say(word).await?;
            self.hear().await?;
        }
        let mut state = seed | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        };
        let mut bytes: Vec<u8> = (0..u16::from(next()) * 4).map(|_| next()).collect();
        if seed.is_multiple_of(2) {
            // A packet that is whole, so that what is in it is looked at.
            bytes.truncate(250);
            bytes = packet(self.number, &bytes);
        }
        self.stream.write_all(&bytes).await?;
        self.stream.shutdown().await
    }

    /// A packet, numbered as it should be.
    async fn say(&mut self, payload: &[u8]) -> io::Result<()> {
        let number = self.number;
        self.number = number.wrapping_add(1);
        self.stream.write_all(&packet(number, payload)).await
    }

    /// These bytes, and then as many as are taken.
    async fn flood(&mut self, first: &[u8]) -> io::Result<()> {
        self.stream.write_all(first).await?;
        loop {
            self.stream.write_all(&[b'x'; 1 << 13]).await?;
        }
    }

    /// A packet of the client's.
    async fn hear(&mut self) -> io::Result<()> {
        let mut header = [0; 4];
        self.stream.read_exact(&mut header).await?;
        let [low, middle, high, number] = header;
        self.number = number.wrapping_add(1);
        let mut payload = vec![0; usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16];
        self.stream.read_exact(&mut payload).await?;
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).extend(payload);
        Ok(())
    }

    /// Everything, until the client goes.
    async fn hear_on(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            let count = self.stream.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            self.heard.lock().unwrap_or_else(PoisonError::into_inner).extend(&buffer[..count]);
        }
    }
}

fn packet(number: u8, payload: &[u8]) -> Vec<u8> {
    let [low, middle, high, ..] = payload.len().to_le_bytes();
    [[low, middle, high, number].as_slice(), payload].concat()
}

fn greeting(capabilities: u32) -> Vec<u8> {
    let [a, b, c, d] = capabilities.to_le_bytes();
    let mut bytes = b"\x0a8.0.0\0\x01\0\0\0".to_vec();
    bytes.extend(&NONCE[..8]);
    bytes.extend([0, a, b, 45, 2, 0, c, d, 21]);
    bytes.extend([0; 10]);
    bytes.extend(&NONCE[8..]);
    bytes.extend(b"\0mysql_native_password\0");
    bytes
}

/// The description of a column of text.
fn column(name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    let mut bytes = b"\x03def\0\0\0".to_vec();
    bytes.push(length);
    bytes.extend(name.as_bytes());
    bytes.extend([0, 0x0c, 45, 0, 0, 1, 0, 0, 0xfd, 0, 0, 0, 0, 0]);
    bytes
}
