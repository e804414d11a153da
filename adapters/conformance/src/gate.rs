//! [`Gate`]: a TCP proxy between an adapter and its server, which refuses, resets, freezes or half-closes on command.
//!
//! It knows no protocol. No byte that it took is lost while it is frozen: a thawed session goes on where it stood.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// How long a command may take to be in force, and a port to be ours again.
const COMMAND_MAX: Duration = Duration::from_secs(5);
/// Taken from one side before it is given to the other, in bytes.
const BUFFER_BYTES: usize = 16 << 10;

/// What a gate does with those who come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Lets everything through.
    Forward,
    /// The port is closed, and every session is reset.
    Refuse,
    /// Every session is reset, new ones right after they were accepted.
    Reset,
    /// Nothing moves in either direction, nothing is closed; new sessions are accepted and hang.
    Freeze,
    /// The server's side of every session is closed; what the client sends is swallowed.
    HalfClose,
}

/// Where a gate leads to.
#[derive(Clone, Debug)]
pub enum Target {
    /// A TCP port.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

/// A gate on a loopback port. Closed when dropped.
pub struct Gate {
    port: u16,
    wanted: watch::Sender<Mode>,
    in_force: watch::Receiver<Mode>,
    severed: watch::Sender<()>,
    sessions: Sessions,
}

impl Gate {
    /// Opens a gate on a free port of 127.0.0.1.
    pub async fn open(target: Target) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (wanted, mode) = watch::channel(Mode::Forward);
        let (reached, in_force) = watch::channel(Mode::Forward);
        let sessions = Sessions::default();
        let severed = watch::Sender::new(());
        let keeper =
            Keeper { port, target, mode, reached, severed: severed.clone(), sessions: sessions.clone() };
        tokio::spawn(keeper.keep(listener));
        Ok(Self { port, wanted, in_force, severed, sessions })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the mode and waits until it is in force for the port and for every session.
    pub async fn set(&self, mode: Mode) -> Result<(), String> {
        let mut in_force = self.in_force.clone();
        let mut open = self.sessions.open.subscribe();
        let applied = async {
            self.wanted.send_replace(mode);
            in_force.wait_for(|reached| *reached == mode).await.map_err(|_| ())?;
            if matches!(mode, Mode::Refuse | Mode::Reset) {
                open.wait_for(|open| *open == 0).await.map_err(|_| ())?;
            }
            Ok::<(), ()>(())
        };
        match tokio::time::timeout(COMMAND_MAX, applied).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(())) | Err(_) => Err(format!("the gate on port {} did not become {mode:?}", self.port)),
        }
    }

    /// Resets every session that is open now; new ones pass.
    pub fn sever(&self) {
        self.severed.send_replace(());
    }

    /// How many sessions are open now.
    pub fn sessions(&self) -> usize {
        *self.sessions.open.borrow()
    }

    /// The most sessions that were ever open at once.
    pub fn sessions_peak(&self) -> usize {
        self.sessions.peak.load(Ordering::Relaxed)
    }
}

#[derive(Clone)]
struct Sessions {
    open: watch::Sender<usize>,
    peak: Arc<AtomicUsize>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { open: watch::Sender::new(0), peak: Arc::default() }
    }
}

impl Sessions {
    fn enter(&self) -> Session {
        self.open.send_modify(|open| {
            *open = open.saturating_add(1);
            self.peak.fetch_max(*open, Ordering::Relaxed);
        });
        Session(self.open.clone())
    }
}

/// Counts one session for as long as it lives.
struct Session(watch::Sender<usize>);

impl Drop for Session {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open = open.saturating_sub(1));
    }
}

/// The task that accepts.
struct Keeper {
    port: u16,
    target: Target,
    mode: watch::Receiver<Mode>,
    reached: watch::Sender<Mode>,
    severed: watch::Sender<()>,
    sessions: Sessions,
}

impl Keeper {
    /// Runs until the gate is dropped.
    async fn keep(mut self, listener: TcpListener) {
        let mut listener = Some(listener);
        loop {
            let mode = *self.mode.borrow_and_update();
            listener = match (mode, listener) {
                (Mode::Refuse, _) => None,
                (_, Some(listener)) => Some(listener),
                (_, None) => Some(self.bind_again().await),
            };
            self.reached.send_replace(mode);
            let accepted = async {
                match &listener {
                    Some(listener) => listener.accept().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = self.mode.changed() => if changed.is_err() { return },
                accepted = accepted => if let Ok((client, _)) = accepted {
                    let (session, severed) = (self.sessions.enter(), self.severed.subscribe());
                    tokio::spawn(carry(client, self.target.clone(), self.mode.clone(), severed, session));
                }
            }
        }
    }

    /// The port is ours again as soon as nobody else has it; somebody else can have it for a moment only.
    async fn bind_again(&self) -> TcpListener {
        loop {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await {
                Ok(listener) => return listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }
}

/// Carries one session until either side ends it, or the gate does.
async fn carry(
    mut client: TcpStream,
    target: Target,
    mut mode: watch::Receiver<Mode>,
    mut severed: watch::Receiver<()>,
    session: Session,
) {
    let cut = {
        let mut until_cut = mode.clone();
        let cut = async move {
            // An error means that the gate was dropped, and then the session is cut as well.
            tokio::select! {
                _ = until_cut.wait_for(|mode| matches!(mode, Mode::Refuse | Mode::Reset)) => {}
                _ = severed.changed() => {}
            }
        };
        tokio::select! {
            biased;
            () = cut => true,
            () = converse(&mut client, &target, &mut mode) => false,
        }
    };
    if cut {
        // A failure leaves an ordinary close, which the adapter must withstand as well.
        client.set_zero_linger().ok();
    }
    drop(client);
    drop(session);
}

async fn converse(client: &mut TcpStream, target: &Target, mode: &mut watch::Receiver<Mode>) {
    if !forwarding(mode).await {
        return swallow(client).await;
    }
    match target {
        Target::Tcp(address) => match TcpStream::connect(address).await {
            Ok(mut server) => {
                // Small packets are the rule here; a failure costs milliseconds only.
                server.set_nodelay(true).and_then(|()| client.set_nodelay(true)).ok();
                let (from, to) = server.split();
                both_ways(client, from, to, mode).await;
            }
            Err(_) => client.set_zero_linger().unwrap_or_default(),
        },
        Target::Unix(path) => match UnixStream::connect(path).await {
            Ok(mut server) => {
                let (from, to) = server.split();
                both_ways(client, from, to, mode).await;
            }
            Err(_) => client.set_zero_linger().unwrap_or_default(),
        },
    }
}

async fn both_ways<R, W>(client: &mut TcpStream, from: R, to: W, mode: &mut watch::Receiver<Mode>)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let half_closed = {
        let mut until = mode.clone();
        let (from_client, to_client) = client.split();
        let pumps =
            async { tokio::join!(pump(from_client, to, mode.clone()), pump(from, to_client, mode.clone())) };
        tokio::select! {
            biased;
            closed = until.wait_for(|mode| *mode == Mode::HalfClose) => closed.is_ok(),
            ((), ()) = pumps => false,
        }
    };
    if half_closed {
        swallow(client).await;
    }
}

/// Closes the way to the client and takes what it still sends, until it closes too.
async fn swallow(client: &mut TcpStream) {
    // The client may be gone already, which is the end of this session too.
    client.shutdown().await.ok();
    let mut buffer = vec![0; BUFFER_BYTES];
    while matches!(client.read(&mut buffer).await, Ok(1..)) {}
}

/// One direction: reads and writes only while the gate forwards.
async fn pump<R, W>(mut from: R, mut to: W, mut mode: watch::Receiver<Mode>)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        if !forwarding(&mut mode).await {
            return std::future::pending().await;
        }
        let read = tokio::select! {
            biased;
            _ = mode.changed() => continue,
            read = from.read(&mut buffer) => read,
        };
        let taken = match read {
            Ok(length) => buffer.get(..length).unwrap_or_default(),
            Err(_) => return,
        };
        if !forwarding(&mut mode).await {
            return std::future::pending().await;
        }
        if taken.is_empty() {
            // The other side may be closed already.
            to.shutdown().await.ok();
            return;
        }
        if to.write_all(taken).await.is_err() {
            return;
        }
    }
}

/// Waits while the gate is frozen. False when it will not forward again.
async fn forwarding(mode: &mut watch::Receiver<Mode>) -> bool {
    matches!(mode.wait_for(|mode| *mode != Mode::Freeze).await.map(|mode| *mode), Ok(Mode::Forward))
}

#[cfg(test)]
mod tests;
