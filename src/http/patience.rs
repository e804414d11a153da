//! [`Patient`]: a connection's own time limits, on the bytes that come in and on those that go out.
//!
//! Three clocks: how long a client may take for the head of a request, however it drips; how long an open connection may
//! be silent between two requests; and how long a client may take nothing of what it is answered. hyper has the first
//! one only, and counts the silence into it. A body has its own deadline, which can be answered; here a connection is
//! only ever closed.

use hyper_util::rt::TokioIo;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// What a connection is waiting for. Shared with the service, which says when a request is under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Phase(Arc<AtomicU8>);

/// Nothing of the next request has come yet.
const IDLE: u8 = 0;
/// Some of a request's head has come.
const HEAD: u8 = 1;
/// The head is whole and the request is being answered.
const REQUEST: u8 = 2;

impl Phase {
    /// The head is whole; until the guard is dropped no clock of the connection runs.
    pub(super) fn request(&self) -> InRequest {
        self.0.store(REQUEST, Ordering::Release);
        InRequest(self.clone())
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}

/// A request is being answered.
#[derive(Debug)]
pub(super) struct InRequest(Phase);

impl Drop for InRequest {
    fn drop(&mut self) {
        self.0.0.store(IDLE, Ordering::Release);
    }
}

/// A stream that ends when its client takes too long.
pub(super) struct Patient<S> {
    stream: S,
    phase: Phase,
    watched: u8,
    head: Duration,
    idle: Duration,
    alarm: Pin<Box<Sleep>>,
    /// Runs while the client takes nothing of an answer; there is none as long as it does.
    stuck: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// A new connection: the clock of its first head runs from now, for a client that connects wants to ask.
    pub(super) fn new(stream: S, phase: Phase, head: Duration, idle: Duration) -> TokioIo<Self> {
        phase.0.store(HEAD, Ordering::Release);
        let alarm = Box::pin(sleep_until(after(head)));
        TokioIo::new(Self { stream, phase, watched: HEAD, head, idle, alarm, stuck: None })
    }

    /// Follows the phase: a new one starts its clock anew.
    fn follow(&mut self) {
        let phase = self.phase.get();
        if phase != self.watched {
            self.watched = phase;
            let time = if phase == IDLE { self.idle } else { self.head };
            self.alarm.as_mut().reset(after(time));
        }
    }

    /// What a write came to. One that the client does not take ends with the time that it may be silent; each byte that
    /// it takes starts that time anew.
    fn written(
        &mut self,
        outcome: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if outcome.is_ready() {
            self.stuck = None;
            return outcome;
        }
        let idle = self.idle;
        let alarm = self.stuck.get_or_insert_with(|| Box::pin(sleep_until(after(idle))));
        ready!(alarm.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.follow();
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => {
                if buffer.filled().len() > before && self.watched == IDLE {
                    self.phase.0.store(HEAD, Ordering::Release);
                    self.follow();
                }
                Poll::Ready(Ok(()))
            }
            Poll::Pending if self.watched != REQUEST => {
                ready!(self.alarm.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(outcome, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.written(outcome, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_client_that_takes_nothing_of_its_answer_is_left() {
        let (stream, client) = duplex(16);
        let mut patient = Patient::new(stream, Phase::default(), LONG, SHORT).into_inner();
        let error = patient.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(client);
    }

    #[tokio::test]
    async fn a_client_that_takes_its_answer_slowly_gets_all_of_it() {
        let (stream, mut client) = duplex(16);
        let mut patient = Patient::new(stream, Phase::default(), LONG, LONG).into_inner();
        let reading = tokio::spawn(async move {
            let mut answer = [0; 64];
            client.read_exact(&mut answer).await.map(|_| answer)
        });
        patient.write_all(&[7; 64]).await.unwrap();
        assert!(patient.stuck.is_none(), "no clock runs once it was taken");
        assert_eq!(reading.await.unwrap().unwrap(), [7; 64]);
    }
}
