//! bcrypt, of the raw kind: 16 bytes of salt in, 23 bytes of digest out.

use super::copy;
use crate::hash::HashFailure;
use std::fmt;
use zeroize::Zeroizing;

/// The salt's length, in bytes.
pub(crate) const BCRYPT_SALT_BYTES: usize = 16;

/// What is stored of the 24 bytes that bcrypt makes.
pub(crate) const BCRYPT_DIGEST_BYTES: usize = 23;

/// Every byte after this many is ignored; all implementations cut here.
pub(super) const PASSWORD_BYTES_MAX: usize = 72;

/// The cost: two to this power key expansions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bcrypt {
    cost: u32,
}

impl Bcrypt {
    /// Costs below 4 and above 31 exist nowhere.
    pub(crate) const fn new(cost: u32) -> Option<Self> {
        if cost >= 4 && cost <= 31 { Some(Self { cost }) } else { None }
    }

    pub(crate) fn cost(self) -> u32 {
        self.cost
    }

    /// The key is the password with a NUL behind it, cut at 72 bytes. A NUL inside stays, as most implementations
    /// keep it: C's cut there, but a password with NUL never comes here, for no caller may send one.
    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
        let key: Zeroizing<Vec<u8>> =
            Zeroizing::new(password.iter().copied().chain([0]).take(PASSWORD_BYTES_MAX).collect());
        self.derive_from_key(&key, salt, out)
    }

    /// From 1 to 72 bytes of key, as the schedule takes them.
    pub(super) fn derive_from_key(self, key: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
        let salt: [u8; BCRYPT_SALT_BYTES] = salt.try_into().map_err(|_| HashFailure::Parameters)?;
        let digest = Zeroizing::new(bcrypt::bcrypt(self.cost, salt, key));
        copy(digest.as_slice(), out);
        Ok(())
    }
}

impl fmt::Display for Bcrypt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cost {}", self.cost)
    }
}
