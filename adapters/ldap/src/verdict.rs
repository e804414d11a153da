//! What the answer to a bind says of a password: the tables of the directories, each by itself.
//!
//! A result 0 is not enough, and a result that is not 0 may prove that the password is right. What a server tells for
//! right and wrong passwords alike proves nothing, and is never told as the account's standing.

use crate::config::GraceLogins;
use crate::directory::Directory;
use crate::error::{Doing, code, failed, told};
use crate::message::Outcome;
use crate::policy::{ACCOUNT_LOCKED, CHANGE_AFTER_RESET, PASSWORD_EXPIRED, Policy};
use crate::session::Answer;
use idstore_contract::{Error, ErrorKind, Standing, Verdict};

/// What a bind says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// The password is right.
    Right,
    /// The password is wrong, or nobody has that DN.
    Wrong,
    /// The password is right, and the account is barred.
    Barred(Standing),
    /// Nobody can sign in as this account now, with whatever password.
    TooManyAttempts,
}

impl Bound {
    /// The verdict on a password that is not right, or not enough.
    pub(crate) fn refusal(self) -> Option<Verdict> {
        match self {
            Self::Right => None,
            Self::Wrong => Some(Verdict::Mismatch),
            Self::Barred(standing) => Some(Verdict::Barred(standing)),
            Self::TooManyAttempts => Some(Verdict::TooManyAttempts),
        }
    }
}

/// Reads the answer to a bind as a user.
pub(crate) fn read(directory: Directory, grace: GraceLogins, answer: &Answer) -> Result<Bound, Error> {
    let outcome = &answer.outcome;
    let policy = Policy::of(&answer.controls);
    let by_product = match directory {
        Directory::ActiveDirectory => active_directory(outcome)?,
        Directory::Edirectory => edirectory(outcome, grace),
        Directory::Freeipa => freeipa(outcome).or_else(|| ds389(outcome)),
        Directory::Ds389 => ds389(outcome),
        Directory::Openldap | Directory::Generic => None,
    };
    if let Some(bound) = by_product {
        return Ok(bound);
    }
    if let Some(bound) = by_policy(outcome, policy, grace) {
        return Ok(bound);
    }
    match outcome.code {
        code::SUCCESS => Ok(Bound::Right),
        code::INVALID_CREDENTIALS | code::INAPPROPRIATE_AUTHENTICATION | code::NO_SUCH_OBJECT => {
            Ok(Bound::Wrong)
        }
        _ => Err(failed(outcome, Doing::Reading)),
    }
}

/// Whether the account has to change its password before anything else, whatever the directory: for this service's own,
/// which is bound before the directory is known.
pub(crate) fn must_change(answer: &Answer) -> bool {
    let (outcome, policy) = (&answer.outcome, Policy::of(&answer.controls));
    let told = policy.expired || matches!(policy.error, Some(PASSWORD_EXPIRED | CHANGE_AFTER_RESET));
    match outcome.code {
        code::SUCCESS => told,
        code::INVALID_CREDENTIALS => told || matches!(data_code(&outcome.text), Some(0x532 | 0x773)),
        _ => false,
    }
}

/// The controls, which every directory may send. An expired password is told by the server only after it compared.
fn by_policy(outcome: &Outcome, policy: Policy, grace: GraceLogins) -> Option<Bound> {
    let compared = matches!(outcome.code, code::SUCCESS | code::INVALID_CREDENTIALS);
    match policy.error {
        Some(ACCOUNT_LOCKED) => return Some(Bound::TooManyAttempts),
        Some(PASSWORD_EXPIRED | CHANGE_AFTER_RESET) if compared => {
            return Some(Bound::Barred(Standing::PasswordExpired));
        }
        // An error with a success that nobody knows: whatever it is, it is no plain login.
        Some(_) if outcome.code == code::SUCCESS => return Some(Bound::Barred(Standing::Restricted)),
        _ => {}
    }
    if outcome.code == code::SUCCESS && policy.grace_left.is_some() {
        return match grace {
            GraceLogins::Allow => None,
            GraceLogins::Refuse => Some(Bound::Barred(Standing::PasswordExpired)),
        };
    }
    (policy.expired && compared).then_some(Bound::Barred(Standing::PasswordExpired))
}

/// The code after `data` in a result 49 (MS-ADTS 3.1.1.5). 775 comes with right and
/// wrong passwords alike, the others with the right one alone.
fn active_directory(outcome: &Outcome) -> Result<Option<Bound>, Error> {
    if outcome.code != code::INVALID_CREDENTIALS {
        return Ok(None);
    }
    Ok(Some(match data_code(&outcome.text) {
        Some(0x52f..=0x531) => Bound::Barred(Standing::Restricted),
        Some(0x532 | 0x773) => Bound::Barred(Standing::PasswordExpired),
        Some(0x533 | 0x701) => Bound::Barred(Standing::Blocked),
        Some(0x775) => Bound::TooManyAttempts,
        Some(0x568) => {
            return Err(told(
                ErrorKind::Unavailable,
                "the server has no room for this account's groups",
                outcome,
            ));
        }
        // SEC_E_BAD_BINDINGS: the server wants channel binding, and looked at no password.
        Some(0x8009_0346) => {
            return Err(told(
                ErrorKind::Misconfigured,
                "the server demands channel binding, which a simple bind has not",
                outcome,
            ));
        }
        Some(0x525 | 0x52e) => Bound::Wrong,
        other => {
            tracing::warn!(
                code = other,
                "Active Directory refused a bind for a reason that is not known here"
            );
            Bound::Wrong
        }
    }))
}

/// `… data 52e, v4563`, perhaps with a NUL at the end.
fn data_code(text: &str) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    let (_, after) = lower.split_once("data ")?;
    let digits: String = after.chars().take_while(char::is_ascii_hexdigit).take(8).collect();
    u32::from_str_radix(&digits, 16).ok()
}

/// The NDS number in the text decides, with result 0, 49 and 53 alike.
fn edirectory(outcome: &Outcome, grace: GraceLogins) -> Option<Bound> {
    Some(match nds_number(&outcome.text)? {
        // A grace login was used up, or grace has no end.
        -223 if outcome.code == code::SUCCESS => match grace {
            GraceLogins::Allow => Bound::Right,
            GraceLogins::Refuse => Bound::Barred(Standing::PasswordExpired),
        },
        // Told for any password: it proves nothing.
        -222 | -669 => Bound::Wrong,
        -197 => Bound::TooManyAttempts,
        -217 | -218 => Bound::Barred(Standing::Restricted),
        -220 => Bound::Barred(Standing::Blocked),
        _ => return None,
    })
}

/// `NDS error: failed authentication (-669)`.
fn nds_number(text: &str) -> Option<i32> {
    let (_, after) = text.rsplit_once("(-")?;
    let (digits, _) = after.split_once(')')?;
    digits.parse::<i32>().ok()?.checked_neg()
}

/// Fixed texts, some with a newline at the end. All of them are said before the password is looked at.
fn freeipa(outcome: &Outcome) -> Option<Bound> {
    if outcome.code != code::UNWILLING {
        return None;
    }
    let begins = |with: &str| outcome.text.to_ascii_lowercase().starts_with(with);
    if begins("entry permanently locked") || begins("too many failed logins") {
        Some(Bound::TooManyAttempts)
    } else if begins("principal expired") || begins("account (or principal) is expired") {
        Some(unproven())
    } else {
        None
    }
}

/// A lock is result 19 and a barred account 53, both for right and wrong passwords alike (measured on 2.3).
fn ds389(outcome: &Outcome) -> Option<Bound> {
    let begins = |with: &str| outcome.text.to_ascii_lowercase().starts_with(with);
    match outcome.code {
        // The Account Policy plug-in bars who has not signed in for long.
        code::CONSTRAINT if begins("account inactivity limit exceeded") => Some(unproven()),
        code::CONSTRAINT => Some(Bound::TooManyAttempts),
        code::UNWILLING if begins("account inactivated") => Some(unproven()),
        code::INVALID_CREDENTIALS if begins("password expired") => {
            Some(Bound::Barred(Standing::PasswordExpired))
        }
        _ => None,
    }
}

/// The account is barred, and the server says so to whoever asks: told as a wrong password, for a right one was not shown.
fn unproven() -> Bound {
    tracing::info!(
        "the directory bars the account before it looks at the password; the login is told as a wrong one"
    );
    Bound::Wrong
}

#[cfg(test)]
mod tests;
