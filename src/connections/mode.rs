//! [`Mode`]: whether the store stays the authority, or hands each user over with a login.

use crate::config::{Import, ImportMark};
use idstore_contract::{Account, Timestamp};
use jiff::SignedDuration;

/// How a connection works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The store stays the authority for users and passwords.
    Proxy,
    /// The platform takes each user over with the next successful login.
    Import {
        /// What a mark that fails does to the login.
        mark: ImportMark,
        /// How long after the mark the same login still succeeds.
        grace: SignedDuration,
    },
}

/// The store says that the account is marked and not since when, so that nobody can count a grace from there.
#[derive(Debug, PartialEq, Eq)]
pub struct NoTime;

impl Mode {
    /// The mode of an import.
    pub fn import(import: Import) -> Self {
        let seconds = i64::try_from(import.grace_secs.get()).unwrap_or(i64::MAX);
        Self::Import { mark: import.mark, grace: SignedDuration::from_secs(seconds) }
    }

    /// Whether the platform has taken this account over, so that the store's is nobody any more.
    pub fn has_handed_over(self, account: &Account, now: Timestamp) -> Result<bool, NoTime> {
        let (Self::Import { grace, .. }, Some(since)) = (self, account.migrated) else { return Ok(false) };
        match (since == Timestamp::MIN, grace.is_zero()) {
            (true, true) => Ok(true),
            (true, false) => Err(NoTime),
            // A store whose clock is ahead has marked in the future; the grace counts from there all the same.
            (false, _) => Ok(now.duration_since(since) >= grace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idstore_contract::Handle;

    fn marked(since: Option<&str>) -> Account {
        let since = since.map(|text| text.parse().unwrap());
        Account { migrated: since, ..Account::new(Handle::new("1"), "1") }
    }

    fn import(grace_secs: u64) -> Mode {
        Mode::import(serde_json::from_value(serde_json::json!({ "grace_secs": grace_secs })).unwrap())
    }

    fn at(mode: Mode, account: &Account, now: &str) -> Result<bool, NoTime> {
        mode.has_handed_over(account, now.parse().unwrap())
    }

    #[test]
    fn the_grace_counts_from_the_mark() {
        let account = marked(Some("2026-01-01T12:00:00Z"));
        assert_eq!(at(import(3600), &account, "2026-01-01T12:59:59Z"), Ok(false));
        assert_eq!(at(import(3600), &account, "2026-01-01T13:00:00Z"), Ok(true));
        assert_eq!(at(import(0), &account, "2026-01-01T12:00:00Z"), Ok(true));
        assert_eq!(at(import(3600), &account, "2026-01-01T11:59:00Z"), Ok(false), "a clock that is ahead");
    }

    #[test]
    fn nobody_leaves_who_is_not_marked_or_whose_store_stays_the_authority() {
        assert_eq!(at(import(0), &marked(None), "2026-01-01T12:00:00Z"), Ok(false));
        let account = marked(Some("2026-01-01T12:00:00Z"));
        assert_eq!(at(Mode::Proxy, &account, "2030-01-01T00:00:00Z"), Ok(false));
    }

    #[test]
    fn a_flag_without_a_time_has_no_grace() {
        let account = Account { migrated: Some(Timestamp::MIN), ..marked(None) };
        assert_eq!(at(import(0), &account, "2026-01-01T12:00:00Z"), Ok(true));
        assert_eq!(at(import(1), &account, "2026-01-01T12:00:00Z"), Err(NoTime));
    }
}
