//! [`CheckTimes`]: what an unknown user costs where the store compares passwords itself.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many checks are remembered.
const SLOTS: usize = 64;

/// The times of a store's last 64 checks. An unknown name waits for one of them, always the same one as long as that
/// slot is not overwritten, so that neither the answer nor its time tells who exists.
#[derive(Debug)]
pub struct CheckTimes {
    key: RandomState,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    times: Vec<Duration>,
    next: usize,
}

impl CheckTimes {
    /// With nothing remembered.
    pub fn new() -> Self {
        Self { key: RandomState::new(), ring: Mutex::default() }
    }

    /// Remembers how long a check took.
    pub fn note(&self, time: Duration) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let next = ring.next;
        if let Some(slot) = ring.times.get_mut(next) {
            *slot = time;
        } else {
            ring.times.push(time);
        }
        ring.next = next.wrapping_add(1).checked_rem(SLOTS).unwrap_or(0);
    }

    /// The time for a name that nobody has; zero before the first check.
    pub fn draw(&self, folded_identifier: &str) -> Duration {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = u64::try_from(ring.times.len()).unwrap_or(u64::MAX);
        let drawn = self
            .key
            .hash_one(folded_identifier)
            .checked_rem(slots)
            .and_then(|slot| usize::try_from(slot).ok());
        drawn.and_then(|slot| ring.times.get(slot).copied()).unwrap_or_default()
    }
}

impl Default for CheckTimes {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_time_and_names_differ() {
        let times = CheckTimes::new();
        assert_eq!(times.draw("ann"), Duration::ZERO);
        for milliseconds in 1..=200 {
            times.note(Duration::from_millis(milliseconds));
        }
        assert_eq!(times.draw("ann"), times.draw("ann"));
        let drawn: std::collections::BTreeSet<_> = (0..100).map(|n| times.draw(&n.to_string())).collect();
        assert!(drawn.len() > 10 && drawn.iter().all(|time| *time > Duration::from_millis(136)), "{drawn:?}");
    }
}
