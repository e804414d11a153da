//! A PostgreSQL that one test has for itself, to be stopped, killed and frozen.

use super::{Address, Outcome, variable};
use idstore_conformance::process::thaw;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Running when made, stopped and removed when dropped.
pub(crate) struct OwnServer {
    pub(crate) address: Address,
    folder: tempfile::TempDir,
}

impl OwnServer {
    /// Makes and starts one, on the loopback address and a socket.
    pub(crate) fn start() -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().map_err(|error| error.to_string())?;
        if is_root()? {
            shell(&format!("chown postgres {}", folder.path().display()))?;
        }
        let mut server = Self { address: Address { socket: folder.path().to_owned(), port: 0 }, folder };
        server.run("initdb", "-U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8")?;
        // Somebody else may take a free port before the server does.
        let mut started = Err("not started".to_owned());
        for _ in 0..3 {
            server.address.port = free_port()?;
            started = server.up();
            if started.is_ok() {
                break;
            }
        }
        started.map(|()| server)
    }

    pub(crate) fn up(&self) -> Outcome {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=32MB",
            self.address.port,
            self.folder.path().display()
        );
        self.run("pg_ctl", &format!("-w -t 30 -l {}/log -o '{options}' start", self.folder.path().display()))
    }

    /// Without a word to anybody.
    pub(crate) fn kill(&self) -> Outcome {
        self.run("pg_ctl", "-w -t 30 -m immediate stop")
    }

    /// The server's process and those of its sessions, to be frozen.
    pub(crate) fn processes(&self) -> Result<Vec<u32>, String> {
        let pid =
            std::fs::read_to_string(self.data().join("postmaster.pid")).map_err(|error| error.to_string())?;
        let pid = pid.lines().next().unwrap_or_default().to_owned();
        let all = Command::new("ps").args(["-o", "pid=", "--pid", &pid, "--ppid", &pid]).output();
        let all = String::from_utf8_lossy(&all.map_err(|error| error.to_string())?.stdout).into_owned();
        all.split_whitespace().map(|pid| pid.parse().map_err(|_| format!("{pid} is no process"))).collect()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// PostgreSQL's programs refuse to run as root.
    fn run(&self, program: &str, arguments: &str) -> Outcome {
        let path = Path::new(&variable("IDSTORE_TEST_PG_BIN")?).join(program);
        let other = if is_root()? {
            "setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/nonexistent "
        } else {
            ""
        };
        shell(&format!("{other}{} -D {} {arguments}", path.display(), self.data().display()))
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // One that is down already has nothing to stop.
        self.processes().and_then(|processes| thaw(&processes)).ok();
        self.kill().ok();
    }
}

fn is_root() -> Result<bool, String> {
    let id = Command::new("id").arg("-u").output().map_err(|error| error.to_string())?;
    Ok(id.stdout.trim_ascii() == b"0")
}

fn free_port() -> Result<u16, String> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

fn shell(command: &str) -> Outcome {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = shell.status().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("{command}: {status}")) }
}
