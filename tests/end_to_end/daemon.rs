//! The built daemon, started for one test: its configuration in a folder of its own, its output kept for the check of
//! the whole run, its ports free ones.

use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The caller's token in every configuration of these tests. The check of the whole run looks for it in what daemons
/// wrote.
pub(crate) const TOKEN: &str = "CANARY-token-8c1f6d5e0b7a4923";

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running daemon; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    /// Where platforms reach it.
    pub(crate) address: SocketAddr,
    /// Where the admin pages are.
    pub(crate) admin: SocketAddr,
    log: PathBuf,
    _folder: Folder,
}

/// A folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A new one.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("idstore-e2e-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// The command of the built binary, without the environment's `IDSTORE_…` variables, which are configuration to it.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_idstore-proxy"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("IDSTORE_") {
            command.env_remove(name);
        }
    }
    command
}

/// Listeners on free ports, every line that there is to log, and one caller with every right. A test adds its stores and connections.
pub(crate) fn preamble(folder: &Folder) -> String {
    let tokens = folder.write("token", &format!("{TOKEN}\n"));
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
         [log]\nlevel = \"trace\"\n[callers.test]\nbearer.file = \"{}\"\nmay_know_accounts = true\nmay_verify = true\n",
        tokens.display(),
    )
}

impl Daemon {
    /// Starts the daemon with this configuration behind the preamble, and waits until its listeners are open.
    pub(crate) fn start(configuration: &str) -> Self {
        Self::start_in(Folder::new(), configuration)
    }

    /// As [`Self::start`], in a folder that holds files which the configuration names.
    pub(crate) fn start_in(folder: Folder, configuration: &str) -> Self {
        let text = preamble(&folder) + configuration;
        Self::start_whole(folder, &text)
    }

    /// With a configuration that has everything, callers and listeners included.
    pub(crate) fn start_whole(folder: Folder, text: &str) -> Self {
        let config = folder.write("config.toml", text);
        let log = output_file();
        let mut child = command()
            .args(["serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(File::options().append(true).create(true).open(&log).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = follow(child.stderr.take().unwrap(), log.clone());
        let began = Instant::now();
        loop {
            let left = PATIENCE.checked_sub(began.elapsed()).expect("the daemon did not listen in time");
            let Ok(line) = lines.recv_timeout(left) else {
                panic!(
                    "the daemon did not start ({:?}):\n{}",
                    child.try_wait(),
                    fs::read_to_string(&log).unwrap()
                );
            };
            let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
            if line["message"] == "listening" {
                let address = |name: &str| line[name].as_str().unwrap().parse().unwrap();
                let (address, admin) = (address("listen"), address("admin"));
                return Self { child, address, admin, log, _folder: folder };
            }
        }
    }

    /// Starts a daemon whose stores all serve.
    pub(crate) fn start_ready(configuration: &str) -> Self {
        let daemon = Self::start(configuration);
        daemon.wait_until_ready();
        daemon
    }

    /// Waits until `/readyz` says so.
    pub(crate) fn wait_until_ready(&self) {
        self.wait_for("/readyz", 200);
    }

    /// Waits until an admin page has this status.
    pub(crate) fn wait_for(&self, page: &str, status: u16) {
        let began = Instant::now();
        loop {
            let answer = self.page(page);
            if answer.status == status {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{page} is {}: {}\n{}",
                answer.status,
                answer.text,
                self.log()
            );
            thread::yield_now();
        }
    }

    /// Waits until an admin page says this.
    pub(crate) fn wait_for_text(&self, page: &str, text: &str) {
        let began = Instant::now();
        while !self.page(page).text.contains(text) {
            assert!(began.elapsed() < PATIENCE, "{page} never says {text:?}:\n{}", self.log());
            thread::yield_now();
        }
    }

    /// Asks for an admin page.
    pub(crate) fn page(&self, path: &str) -> Response {
        exchange(
            self.admin,
            format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").as_bytes(),
        )
    }

    /// Asks a connection for an action, as a platform does.
    pub(crate) fn ask(&self, connection: &str, action: &str, body: &Value) -> Response {
        self.post(&format!("/v1/{connection}/{action}"), TOKEN, body.to_string().as_bytes())
    }

    /// Posts a body with a token.
    pub(crate) fn post(&self, path: &str, token: &str, body: &[u8]) -> Response {
        post(self.address, path, token, body)
    }

    /// Sends bytes as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Response {
        exchange(self.address, bytes)
    }

    /// Everything that it wrote so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// The most memory that it has held so far, in bytes.
    pub(crate) fn memory_peak(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "the daemon did not stop");
            thread::yield_now();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// An HTTP answer.
pub(crate) struct Response {
    /// Its status.
    pub(crate) status: u16,
    /// Its head.
    pub(crate) head: String,
    /// Its body.
    pub(crate) text: String,
}

impl Response {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.head, self.text))
    }

    /// The problem document's code; `ok` where there is none.
    pub(crate) fn code(&self) -> String {
        if self.status < 300 {
            return "ok".to_owned();
        }
        assert!(self.head.to_lowercase().contains("content-type: application/problem+json"), "{}", self.head);
        self.json()["code"].as_str().unwrap().to_owned()
    }

    /// Fails the test unless the answer has this status and code.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.text);
        self.json()
    }
}

/// Posts a JSON body with a token.
pub(crate) fn post(address: SocketAddr, path: &str, token: &str, body: &[u8]) -> Response {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    exchange(address, &request)
}

/// Sends a request and reads the answer to the end of the connection.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Response {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that refuses early closes while we still write; what it said is there all the same.
    stream.write_all(request).ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Response { status, head: head.to_owned(), text: text.to_owned() }
}

/// Where this daemon's output goes: kept for the check of the whole run where that is asked for.
fn output_file() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let folder = std::env::var_os("IDSTORE_TEST_OUTPUT").map_or_else(std::env::temp_dir, PathBuf::from);
    folder.join(format!("daemon-{}-{}.log", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// Copies what the daemon writes into its file, and hands on each line.
fn follow(stream: impl std::io::Read + Send + 'static, file: PathBuf) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut file = File::options().append(true).create(true).open(file).unwrap();
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            writeln!(file, "{line}").unwrap();
            sender.send(line).ok();
        }
    });
    lines
}
