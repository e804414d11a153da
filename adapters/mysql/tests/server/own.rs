//! A server that one test has for itself, to be stopped, killed and frozen.

use super::{Address, Outcome, Product, within};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Running when made, killed and removed when dropped.
pub(crate) struct OwnServer {
    pub(crate) address: Address,
    options: Vec<String>,
    process: Mutex<Option<Child>>,
    folder: tempfile::TempDir,
}

impl OwnServer {
    /// Makes and starts one, on the loopback addresses and a socket, with options such as `--wait-timeout=1`.
    pub(crate) async fn start(product: Product, options: &[&str]) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("my").tempdir().map_err(|error| error.to_string())?;
        let address = Address { product, socket: folder.path().join("socket"), port: free_port()? };
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let server = Self { address, options, process: Mutex::new(None), folder };
        server.up().await.map(|()| server)
    }

    /// Starts it, and waits until it answers.
    pub(crate) async fn up(&self) -> Outcome {
        let product = self.address.product;
        let mut command = Command::new(product.variable("SERVER")?);
        command.arg("own").arg(product.variable("DIR")?).arg(self.folder.path());
        command.arg(self.address.port.to_string()).args(&self.options);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| error.to_string())?;
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        within(Duration::from_secs(30), "the server answers", || async {
            Ok(self.address.root(None).await.is_ok())
        })
        .await
    }

    /// Without a word to anybody.
    pub(crate) fn kill(&self) -> Outcome {
        let child = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut child) = child else { return Ok(()) };
        child.kill().and_then(|()| child.wait()).map(drop).map_err(|error| error.to_string())?;
        // The file of a socket outlives its server.
        remove(&self.address.socket)
    }

    /// Its process, to be frozen.
    pub(crate) fn processes(&self) -> Result<Vec<u32>, String> {
        let id = self.process.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Child::id);
        id.map(|id| vec![id]).ok_or_else(|| "the server is down".into())
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // One that is down already has nothing to end.
        self.kill().ok();
    }
}

fn remove(socket: &Path) -> Outcome {
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(()),
    }
}

fn free_port() -> Result<u16, String> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}
