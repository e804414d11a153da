//! [`Pace`]: how fast jobs of a kind are taken, to tell a job that would come too late so at once.

use std::time::{Duration, Instant};

/// Each interval counts for one in so many: the last few logins of each thread, as many of which may share it.
const WEIGHT: u32 = 16;

/// The time from one job to the next, of late, while jobs waited.
#[derive(Default)]
pub(super) struct Pace {
    interval: Option<Duration>,
    /// When the last job was taken, if others waited behind it.
    last: Option<Instant>,
}

impl Pace {
    /// A job comes that waits for no other: the time until it is taken says nothing, and the time before even less.
    pub(super) fn begin(&mut self) {
        self.last = None;
    }

    /// A job was taken now, and so many wait behind it.
    pub(super) fn taken(&mut self, now: Instant, waiting: usize) {
        if let Some(last) = self.last {
            let new = now.saturating_duration_since(last);
            self.interval = Some(self.interval.map_or(new, |old| {
                let rest = old.saturating_mul(WEIGHT.saturating_sub(1));
                rest.saturating_add(new).checked_div(WEIGHT).unwrap_or(new)
            }));
        }
        self.last = (waiting > 0).then_some(now);
    }

    /// How long a job is likely to wait behind so many; nothing, as long as nothing is known.
    pub(super) fn wait(&self, waiting: usize) -> Duration {
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        self.interval.unwrap_or_default().saturating_mul(waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, milliseconds: u64) -> Instant {
        start.checked_add(Duration::from_millis(milliseconds)).unwrap()
    }

    #[test]
    fn the_wait_is_the_interval_for_each_that_waits() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.wait(100), Duration::ZERO);
        for number in 0..5 {
            pace.taken(at(start, 20 * number), 10);
        }
        assert_eq!(pace.wait(100), Duration::from_secs(2));
        assert_eq!(pace.wait(0), Duration::ZERO);
    }

    #[test]
    fn the_time_in_which_nothing_waited_does_not_count() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        for begin in [0, 60_000, 120_000] {
            pace.taken(at(start, begin), 1);
            pace.taken(at(start, begin + 20), 0);
        }
        assert_eq!(pace.wait(1), Duration::from_millis(20));
    }

    #[test]
    fn jobs_that_were_taken_back_leave_no_pause_behind() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.taken(start, 1);
        pace.taken(at(start, 20), 1);
        pace.begin();
        pace.taken(at(start, 60_000), 1);
        pace.taken(at(start, 60_020), 1);
        assert_eq!(pace.wait(1), Duration::from_millis(20));
    }

    #[test]
    fn it_follows_what_the_jobs_take() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.taken(start, 1);
        pace.taken(at(start, 1000), 1);
        for number in 1..=100 {
            pace.taken(at(start, 1000 + 10 * number), 1);
        }
        assert!(pace.wait(1) < Duration::from_millis(12), "{:?}", pace.wait(1));
    }
}
