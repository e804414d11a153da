//! A server of a test's own, frozen and let go on.

use crate::ask::{Outcome, within};
use std::process::Command;
use std::time::Duration;

/// Stops the processes until [`thaw`], and waits until each of their threads stands still: a signal is only sent, and
/// what runs on another processor may answer once more.
pub async fn freeze(processes: &[u32]) -> Outcome {
    signal("-STOP", processes)?;
    within(Duration::from_secs(5), "the server stands still", || async { Ok(all_stand_still(processes)) })
        .await
}

/// Lets the processes go on.
pub fn thaw(processes: &[u32]) -> Outcome {
    signal("-CONT", processes)
}

fn signal(signal: &str, processes: &[u32]) -> Outcome {
    let status = Command::new("kill").arg(signal).args(processes.iter().map(u32::to_string)).status();
    let status = status.map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("kill {signal}: {status}")) }
}

/// One that has ended stands still as well.
fn all_stand_still(processes: &[u32]) -> bool {
    processes
        .iter()
        .filter_map(|process| std::fs::read_dir(format!("/proc/{process}/task")).ok())
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("stat")).ok())
        // The state stands behind the name, which is in parentheses and may have some in it.
        .all(|stat| {
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['T', 'Z', 'X']))
        })
}
