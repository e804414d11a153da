//! Captures every log record of the process, from whatever crate and at whatever level.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// A record that is written when capturing begins, so that a capture that works is never empty.
pub(crate) const MARK: &str = "capturing begins";

/// What is written from the moment on at which this was made.
pub(crate) struct Captured {
    log: Log,
    from: usize,
}

/// Captures from now on. There is one log in a process; a second call joins it.
pub(crate) fn begin() -> Result<Captured, String> {
    static LOG: OnceLock<Result<Log, String>> = OnceLock::new();
    let log = LOG.get_or_init(install).clone()?;
    let from = log.lock().len();
    tracing::info!("{MARK}");
    Ok(Captured { log, from })
}

impl Captured {
    /// All of it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.log.lock().get(self.from..).unwrap_or_default()).into_owned()
    }
}

/// What the process has written.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Also takes the records of crates that write them through `log`, as drivers do.
fn install() -> Result<Log, String> {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(log.clone())
        .try_init()
        .map_err(|error| format!("the log can not be captured: {error}"))?;
    Ok(log)
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
