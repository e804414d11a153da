//! What an entry says of its account's standing, in the way of each directory.
//!
//! Only what is in the entry: what an answer to a bind says is read in `verdict`.

use crate::directory::Directory;
use crate::entry::Entry;
use crate::times;
use idstore_contract::{Standings, Timestamp};

/// The year of an account that a policy locks for ever: somebody has barred it. The draft writes `000001010000Z`, some
/// servers seconds and fractions too.
const FOR_EVER: &str = "0000";

/// The bits of `userAccountControl` and of its computed sister (MS-ADTS 2.2.16).
mod bits {
    pub(super) const DISABLED: i64 = 0x2;
    pub(super) const LOCKED_OUT: i64 = 0x10;
    pub(super) const NEVER_EXPIRES: i64 = 0x1_0000;
    pub(super) const PASSWORD_EXPIRED: i64 = 0x80_0000;
}

/// The standings that the directory's own attributes show.
pub(crate) fn standings(
    directory: Directory,
    entry: &Entry,
    now: Timestamp,
    lockout_secs: Option<u32>,
) -> Standings {
    let read = Reading { entry, now };
    match directory {
        Directory::Openldap | Directory::Generic => read.password_policy(lockout_secs),
        Directory::Ds389 => Standings {
            blocked: read.is_true("nsAccountLock"),
            locked: read.unlocks_later("accountUnlockTime"),
            password_expired: read.is_over("passwordExpirationTime") && !read.is(CHANGED_BEFORE),
            ..Standings::default()
        },
        Directory::Freeipa => Standings {
            blocked: read.is_true("nsAccountLock") || read.is_over("krbPrincipalExpiration"),
            locked: read.unlocks_later("accountUnlockTime"),
            password_expired: read.is_over("krbPasswordExpiration"),
            ..Standings::default()
        },
        Directory::Edirectory => Standings {
            blocked: read.is_true("loginDisabled") || read.is_over("loginExpirationTime"),
            locked: read.is_true("lockedByIntruder") && !read.is_over("loginIntruderResetTime"),
            password_expired: read.is_over("passwordExpirationTime"),
            ..Standings::default()
        },
        Directory::ActiveDirectory => read.active_directory(),
    }
}

/// What still counts once the server has let the user in: a server that tells of locks and expired passwords knows the
/// rules that are in force, and an entry may hold what is left over from others. Two directories let expired passwords
/// in, and 389's mark of a password that must be changed is believed.
pub(crate) fn after_bind(directory: Directory, entry: &Entry, shown: Standings) -> Standings {
    let expired = match directory {
        Directory::Freeipa | Directory::Edirectory => return shown,
        Directory::Ds389 => Reading { entry, now: Timestamp::UNIX_EPOCH }.is_over("passwordExpirationTime"),
        Directory::Openldap | Directory::Generic | Directory::ActiveDirectory => false,
    };
    Standings { locked: false, password_expired: shown.password_expired && expired, ..shown }
}

/// A flag as directories write it.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "y" | "on" => Some(true),
        "false" | "f" | "0" | "no" | "n" | "off" | "" => Some(false),
        _ => None,
    }
}

/// `passwordExpirationTime` on 389 where passwords do not expire and the first one was changed: no date.
const CHANGED_BEFORE: (&str, &str) = ("passwordExpirationTime", "19700101000001Z");

struct Reading<'a> {
    entry: &'a Entry,
    now: Timestamp,
}

impl Reading<'_> {
    fn password_policy(&self, lockout_secs: Option<u32>) -> Standings {
        let since = self.entry.text("pwdAccountLockedTime").unwrap_or_default();
        let blocked = since.starts_with(FOR_EVER);
        let locked = !blocked
            && !since.is_empty()
            && lockout_secs.is_none_or(|seconds| {
                let age = times::generalized(since).map(|since| self.now.duration_since(since).as_secs());
                age.is_none_or(|age| age < i64::from(seconds))
            });
        Standings { blocked, locked, password_expired: self.is_true("pwdReset"), ..Standings::default() }
    }

    fn active_directory(&self) -> Standings {
        let control = self.number("userAccountControl").unwrap_or(0);
        let computed = self.number("msDS-User-Account-Control-Computed");
        let must_change = self.entry.text("pwdLastSet") == Some("0") && control & bits::NEVER_EXPIRES == 0;
        let expires = self.entry.text("accountExpires").and_then(times::filetime);
        Standings {
            blocked: control & bits::DISABLED != 0 || expires.is_some_and(|expires| expires <= self.now),
            locked: match computed {
                Some(computed) => computed & bits::LOCKED_OUT != 0,
                None => self.number("lockoutTime").is_some_and(|since| since != 0),
            },
            password_expired: must_change
                || computed.is_some_and(|computed| computed & bits::PASSWORD_EXPIRED != 0),
            ..Standings::default()
        }
    }

    fn is(&self, (attribute, value): (&str, &str)) -> bool {
        self.entry.text(attribute) == Some(value)
    }

    fn is_true(&self, attribute: &str) -> bool {
        self.entry.text(attribute).and_then(flag).unwrap_or(false)
    }

    fn number(&self, attribute: &str) -> Option<i64> {
        self.entry.text(attribute)?.parse().ok()
    }

    fn is_over(&self, attribute: &str) -> bool {
        self.entry.text(attribute).and_then(times::generalized).is_some_and(|time| time <= self.now)
    }

    /// 389 writes the beginning of 1970 for a lock without end.
    fn unlocks_later(&self, attribute: &str) -> bool {
        let time = self.entry.text(attribute).and_then(times::generalized);
        time.is_some_and(|time| time > self.now || time == Timestamp::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idstore_contract::Standing;

    fn now() -> Timestamp {
        times::generalized("20260131120000Z").unwrap()
    }

    fn worst(directory: Directory, attributes: &[(&str, &str)]) -> Standing {
        let attributes =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), vec![value.as_bytes().to_vec()]));
        let entry = Entry { dn: "cn=x".into(), attributes: attributes.collect() };
        standings(directory, &entry, now(), Some(600)).worst()
    }

    #[test]
    fn each_directory_tells_states_in_its_own_way() {
        use Directory::{ActiveDirectory, Ds389, Edirectory, Freeipa, Openldap};
        use Standing::{Blocked, Locked, Ok, PasswordExpired};
        for (directory, name, value, expected) in [
            (Openldap, "pwdAccountLockedTime", "000001010000Z", Blocked),
            (Openldap, "pwdAccountLockedTime", "00000101000000Z", Blocked),
            (Openldap, "pwdAccountLockedTime", "00000101000000.000Z", Blocked),
            (Openldap, "pwdAccountLockedTime", "", Ok),
            (Openldap, "pwdAccountLockedTime", "20260131115500.123456Z", Locked),
            (Openldap, "pwdAccountLockedTime", "20260131125500+0100", Locked),
            (Openldap, "pwdAccountLockedTime", "20260131115500Z", Locked),
            (Openldap, "pwdAccountLockedTime", "20260131114500Z", Ok),
            (Openldap, "pwdReset", "TRUE", PasswordExpired),
            (Openldap, "pwdReset", "FALSE", Ok),
            (Ds389, "nsAccountLock", "true", Blocked),
            (Ds389, "nsAccountLock", "FALSE", Ok),
            (Ds389, "accountUnlockTime", "20260131130000Z", Locked),
            (Ds389, "accountUnlockTime", "19700101000000Z", Locked),
            (Ds389, "accountUnlockTime", "20260131110000Z", Ok),
            (Ds389, "passwordExpirationTime", "19700101000000Z", PasswordExpired),
            (Ds389, "passwordExpirationTime", "19700101000001Z", Ok),
            (Ds389, "passwordExpirationTime", "20250131110000Z", PasswordExpired),
            (Freeipa, "krbPasswordExpiration", "20260131110000Z", PasswordExpired),
            (Freeipa, "krbPasswordExpiration", "20260201110000Z", Ok),
            (Freeipa, "krbPrincipalExpiration", "20260131110000Z", Blocked),
            (Freeipa, "nsAccountLock", "TRUE", Blocked),
            (Edirectory, "loginDisabled", "TRUE", Blocked),
            (Edirectory, "lockedByIntruder", "TRUE", Locked),
            (Edirectory, "passwordExpirationTime", "20250131110000Z", PasswordExpired),
            (ActiveDirectory, "userAccountControl", "514", Blocked),
            (ActiveDirectory, "userAccountControl", "512", Ok),
            (ActiveDirectory, "accountExpires", "132000000000000000", Blocked),
            (ActiveDirectory, "accountExpires", "9223372036854775807", Ok),
            (ActiveDirectory, "accountExpires", "0", Ok),
            (ActiveDirectory, "lockoutTime", "133000000000000000", Locked),
            (ActiveDirectory, "lockoutTime", "0", Ok),
            (ActiveDirectory, "msDS-User-Account-Control-Computed", "16", Locked),
            (ActiveDirectory, "msDS-User-Account-Control-Computed", "8388608", PasswordExpired),
            (ActiveDirectory, "pwdLastSet", "0", PasswordExpired),
            (ActiveDirectory, "pwdLastSet", "132000000000000000", Ok),
        ] {
            assert_eq!(worst(directory, &[(name, value)]), expected, "{} {name} {value}", directory.as_str());
        }
    }

    #[test]
    fn what_a_server_let_in_is_not_barred_by_what_is_left_in_its_entry() {
        use Directory::{ActiveDirectory, Ds389, Freeipa, Openldap};
        let barred = Standings { locked: true, password_expired: true, ..Standings::default() };
        for (directory, time, locked, expired) in [
            (Ds389, "20250131110000Z", false, false),
            (Ds389, "19700101000000Z", false, true),
            (Openldap, "", false, false),
            (ActiveDirectory, "", false, false),
            (Freeipa, "20250131110000Z", true, true),
        ] {
            let attributes = vec![("passwordExpirationTime".to_owned(), vec![time.as_bytes().to_vec()])];
            let entry = Entry { dn: "cn=x".into(), attributes };
            let left = after_bind(directory, &entry, barred);
            assert_eq!((left.locked, left.password_expired), (locked, expired), "{}", directory.as_str());
        }
    }

    #[test]
    fn a_password_that_never_expires_need_not_be_changed() {
        let entry = [("pwdLastSet", "0"), ("userAccountControl", "66048")];
        assert_eq!(worst(Directory::ActiveDirectory, &entry), Standing::Ok);
    }

    #[test]
    fn a_lock_that_was_lifted_by_the_server_is_not_read_from_an_older_time() {
        let entry = [("lockoutTime", "133000000000000000"), ("msDS-User-Account-Control-Computed", "0")];
        assert_eq!(worst(Directory::ActiveDirectory, &entry), Standing::Ok);
    }
}
