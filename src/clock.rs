//! The one place that reads the wall clock. Everything else is told the time, so that tests can choose it.

use idstore_contract::Timestamp;

/// The time now, to the microsecond, as databases keep it. Deadlines and time limits do not come from here: they use the monotonic clock, which a corrected
/// system time does not move.
#[allow(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
