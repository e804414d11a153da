//! Password policy as it travels: the controls that come with an answer.
//!
//! Read from bytes that are bounded already, one level after the other. What they mean for an account is said in
//! `verdict`.

use crate::ber::{Malformed, Reader, SEQUENCE, constructed, context, number};
use crate::message::{Control, PASSWORD_POLICY};
use idstore_contract::PasswordReason;

/// The password has expired (draft-vchu-ldap-pwd-policy): the value is an ASCII zero.
const EXPIRED: &str = "2.16.840.1.113730.3.4.4";

/// What the controls of an answer say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    /// How many more times the expired password will do; 0 is a value, absent is none.
    pub(crate) grace_left: Option<i64>,
    /// The policy's own error (draft-behera-ldap-password-policy-10, section 6.2), known or not.
    pub(crate) error: Option<i64>,
    /// The other control says that the password has expired.
    pub(crate) expired: bool,
}

/// The errors of the policy that come with a bind.
pub(crate) const PASSWORD_EXPIRED: i64 = 0;
pub(crate) const ACCOUNT_LOCKED: i64 = 1;
pub(crate) const CHANGE_AFTER_RESET: i64 = 2;

impl Policy {
    /// Reads the controls. One that can't be read says nothing.
    pub(crate) fn of(controls: &[Control]) -> Self {
        let mut policy = Self::default();
        for control in controls {
            match control.oid.as_str() {
                PASSWORD_POLICY => {
                    if let Ok((grace_left, error)) = read(&control.value) {
                        policy.grace_left = grace_left;
                        policy.error = error;
                    }
                }
                EXPIRED => policy.expired = true,
                _ => {}
            }
        }
        policy
    }

    /// Why a new password is refused, where the policy says it.
    pub(crate) fn reason(self) -> Option<PasswordReason> {
        Some(match self.error? {
            5 | 6 => PasswordReason::Strength,
            8 => PasswordReason::History,
            9 => PasswordReason::TooLong,
            3 | 4 | 7 => PasswordReason::StorePolicy,
            _ => return None,
        })
    }
}

/// `SEQUENCE { warning [0] CHOICE { timeBeforeExpiration [0], graceAuthNsRemaining [1] } OPTIONAL, error [1] OPTIONAL }`;
/// both may be set.
fn read(value: &[u8]) -> Result<(Option<i64>, Option<i64>), Malformed> {
    let mut parts = Reader::new(Reader::new(value).expect(SEQUENCE)?);
    let grace_left = match parts.take(constructed(0))? {
        Some(warning) => Reader::new(warning).take(context(1))?.map(number).transpose()?,
        None => None,
    };
    let error = parts.take(context(1))?.map(number).transpose()?;
    Ok((grace_left, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(value: &[u8]) -> Policy {
        Policy::of(&[Control { oid: PASSWORD_POLICY.into(), value: value.into() }])
    }

    #[test]
    fn warning_and_error_may_both_be_set() {
        let both = policy(&[0x30, 8, 0xa0, 3, 0x81, 1, 0, 0x81, 1, 2]);
        assert_eq!(both, Policy { grace_left: Some(0), error: Some(2), expired: false });
        assert_eq!(policy(&[0x30, 5, 0xa0, 3, 0x80, 1, 9]), Policy::default());
        assert_eq!(policy(&[0x30, 0]), Policy::default());
    }

    #[test]
    fn an_error_that_nobody_knows_is_still_an_error() {
        assert_eq!(policy(&[0x30, 3, 0x81, 1, 77]).error, Some(77));
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_reading_ends(value in proptest::collection::vec(any::<u8>(), 0..60)) {
            policy(&value);
        }
    }
}
