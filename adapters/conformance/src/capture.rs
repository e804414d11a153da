//! Captures every log record of the process, from whatever crate and at whatever level.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// A record that is written when capturing begins, so that a capture that works is never empty.
pub(crate) const MARK: &str = "capturing begins";

/// What was written since the process began to capture.
#[derive(Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

/// Captures from now on. There is one capture in a process; a second call joins it.
pub(crate) fn begin() -> Result<Captured, String> {
    static CAPTURE: OnceLock<Result<Captured, String>> = OnceLock::new();
    let captured = CAPTURE.get_or_init(install).clone()?;
    tracing::info!("{MARK}");
    Ok(captured)
}

/// Also takes the records of crates that write them through `log`, as drivers do.
fn install() -> Result<Captured, String> {
    let captured = Captured::default();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(captured.clone())
        .try_init()
        .map_err(|error| format!("the log can not be captured: {error}"))?;
    Ok(captured)
}

impl Captured {
    /// All of it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
