//! [`Wire`]: packets over a stream, within limits.
//!
//! Format: MySQL client/server protocol, "MySQL Packets": three bytes of length, one that counts the packets of an
//! exchange, and the payload. The length is the server's word, so it is compared with the limit of the moment before
//! anything is read, and memory grows only with what has arrived.

use crate::error::{Failure, lost, nonsense};
use bytes::{Buf, BytesMut};
use idstore_contract::{Error, Secret};
use mysql_common::constants::Command;
use std::pin::Pin;
use std::task::{Context, Waker};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};

/// The most bytes of a packet before the login: a greeting has about a hundred.
pub(crate) const LOGIN_BYTES_MAX: usize = 4 * 1024;
/// The most bytes of a packet after the login, and so of one row: an account is small, and metadata of more is
/// somebody's mistake.
pub(crate) const PACKET_BYTES_MAX: usize = 1 << 20;
/// The most bytes of a command: what a caller gives is limited far below, and a statement is the operator's own.
const COMMAND_BYTES_MAX: usize = 4 << 20;
/// How much is read at once, in bytes.
const READ_BYTES: usize = 8 * 1024;

/// What packets travel over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// Packets over a stream. A read that is dropped leaves what has arrived in place.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    arrived: BytesMut,
    /// The number that the next packet of this exchange has, whoever sends it.
    number: u8,
    packet_bytes_max: usize,
}

impl Wire {
    /// A stream on which the server speaks first.
    pub(crate) fn new(stream: impl Stream + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            arrived: BytesMut::new(),
            number: 0,
            packet_bytes_max: LOGIN_BYTES_MAX,
        }
    }

    /// The stream, to be wrapped in TLS. An error where the server has said more than it was asked: those bytes were
    /// readable and changeable on the way, and must not be taken for bytes that came through TLS.
    pub(crate) fn into_stream(self) -> Result<(Box<dyn Stream>, u8), Failure> {
        if self.arrived.is_empty() { Ok((self.stream, self.number)) } else { Err(nonsense()) }
    }

    /// The same exchange over another stream.
    pub(crate) fn resume(stream: impl Stream + 'static, number: u8) -> Self {
        Self { number, ..Self::new(stream) }
    }

    /// From now on packets may be as large as rows.
    pub(crate) fn logged_in(&mut self) {
        self.packet_bytes_max = PACKET_BYTES_MAX;
    }

    /// The payload of the next packet.
    pub(crate) async fn read(&mut self) -> Result<Vec<u8>, Failure> {
        self.arrive(HEADER_BYTES).await?;
        let header = self.arrived.first_chunk().copied().unwrap_or_default();
        let [low, middle, high, number] = header;
        let length = usize::try_from(u32::from_le_bytes([low, middle, high, 0])).unwrap_or(usize::MAX);
        if length > self.packet_bytes_max {
            return Err(Error::misconfigured("the server answered with a packet that is too large").into());
        }
        if number != self.number {
            return Err(nonsense());
        }
        self.arrive(HEADER_BYTES.saturating_add(length)).await?;
        self.arrived.advance(HEADER_BYTES);
        let payload = self.arrived.split_to(length).to_vec();
        self.number = self.number.wrapping_add(1);
        Ok(payload)
    }

    /// Sends a packet that goes on with an exchange.
    pub(crate) async fn write(&mut self, payload: &Secret) -> Result<(), Failure> {
        let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= COMMAND_BYTES_MAX);
        let Some(length) = length else { return Err(Error::unexpected("a command is too large").into()) };
        let [low, middle, high, _] = length.to_le_bytes();
        let header = [low, middle, high, self.number];
        // One write, for a packet in two pieces waits for the acknowledgement of the first. A secret, for passwords
        // are in it.
        let packet = Secret::new([header.as_slice(), payload.expose()].concat());
        self.stream.write_all(packet.expose()).await.map_err(lost)?;
        self.stream.flush().await.map_err(lost)?;
        self.number = self.number.wrapping_add(1);
        Ok(())
    }

    /// Begins an exchange with a command.
    pub(crate) async fn command(&mut self, command: Command, rest: &[u8]) -> Result<(), Failure> {
        self.send(&Secret::new([&[code(command)], rest].concat())).await
    }

    /// Begins an exchange with a command that is spelled out already.
    pub(crate) async fn send(&mut self, payload: &Secret) -> Result<(), Failure> {
        self.number = 0;
        self.write(payload).await
    }

    /// Whether the server has said nothing since the last answer: what it says unasked is goodbye.
    pub(crate) fn is_silent(&mut self) -> bool {
        let mut byte = [0];
        let mut unasked = ReadBuf::new(&mut byte);
        let read =
            Pin::new(&mut self.stream).poll_read(&mut Context::from_waker(Waker::noop()), &mut unasked);
        self.arrived.is_empty() && read.is_pending()
    }

    /// Says that nothing more is asked, and waits until the server has ended what it does. Whatever it still says is
    /// dropped as it comes.
    pub(crate) async fn hang_up(&mut self) {
        if self.stream.shutdown().await.is_err() {
            return;
        }
        self.arrived.clear();
        while matches!(self.stream.read_buf(&mut self.arrived).await, Ok(count) if count > 0) {
            self.arrived.clear();
        }
    }

    /// Waits until so many bytes have arrived.
    async fn arrive(&mut self, count: usize) -> Result<(), Failure> {
        while self.arrived.len() < count {
            self.arrived.reserve(READ_BYTES);
            if self.stream.read_buf(&mut self.arrived).await.map_err(lost)? == 0 {
                return Err(lost(std::io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Ok(())
    }
}

const HEADER_BYTES: usize = 4;

/// The byte of a command.
#[allow(clippy::as_conversions, reason = "an enum whose values are the protocol's bytes")]
fn code(command: Command) -> u8 {
    command as u8
}
