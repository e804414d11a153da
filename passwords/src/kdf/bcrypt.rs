//! bcrypt, of the raw kind: 16 bytes of salt in, 23 bytes of digest out.
//!
//! Our own, because four at once on one thread take hardly longer than one.

mod cipher;
mod stream;
mod tables;

pub(super) use cipher::{BcryptStream, Blocks};

use super::copy;
use super::lanes::{LaneInput, Stream as _};
use crate::hash::HashFailure;
use std::fmt;

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
    sign_extended: bool,
}

impl Bcrypt {
    /// Costs below 4 and above 31 exist nowhere.
    pub(crate) const fn new(cost: u32) -> Option<Self> {
        if cost >= 4 && cost <= 31 { Some(Self { cost, sign_extended: false }) } else { None }
    }

    /// As one implementation computed it until 2011, and as `$2x$` marks it since: bytes above 127 were taken for
    /// negative numbers. Alike for ASCII.
    pub(crate) const fn sign_extended(self) -> Self {
        Self { sign_extended: true, ..self }
    }

    pub(crate) fn is_sign_extended(self) -> bool {
        self.sign_extended
    }

    pub(crate) fn cost(self) -> u32 {
        self.cost
    }

    /// For a lane.
    pub(super) fn lane(self, password: &[u8], salt: &[u8]) -> Result<LaneInput, HashFailure> {
        Ok(LaneInput::Bcrypt(self.begin(password, salt)?, self.rounds()))
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
        copy(&self.begin(password, salt)?.alone(self.rounds()), out);
        Ok(())
    }

    fn begin(self, password: &[u8], salt: &[u8]) -> Result<BcryptStream, HashFailure> {
        let salt = salt.try_into().map_err(|_| HashFailure::Parameters)?;
        Ok(BcryptStream::new(password, salt, self.sign_extended))
    }

    fn rounds(self) -> u64 {
        1_u64.checked_shl(self.cost).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Bcrypt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cost {}", self.cost)
    }
}

#[cfg(test)]
mod tests;
