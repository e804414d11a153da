//! bcrypt, of the raw kind: 16 bytes of salt in, 23 bytes of digest out.
//!
//! Our own, because several at once on one thread take hardly longer than one: see [`Lanes`].

mod cipher;
mod lanes;
mod tables;

pub(crate) use lanes::{Input as BcryptInput, Lanes};

use super::copy;
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
    #[allow(dead_code, reason = "for the format `$2x$`")]
    pub(crate) const fn sign_extended(self) -> Self {
        Self { sign_extended: true, ..self }
    }

    pub(crate) fn cost(self) -> u32 {
        self.cost
    }

    /// What a lane takes. The key is the password with a NUL behind it, cut at 72 bytes. A NUL inside stays, as most
    /// implementations keep it: C's cut there, but a password with NUL never comes here, for no caller may send one.
    pub(crate) fn input(self, password: &[u8], salt: &[u8]) -> Result<BcryptInput, HashFailure> {
        let salt = salt.try_into().map_err(|_| HashFailure::Parameters)?;
        Ok(BcryptInput::new(self, password, salt))
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
        let mut lanes = Lanes::new();
        let input = self.input(password, salt)?;
        if let Some(lane) = lanes.free() {
            lane.join(input, ());
        }
        while !lanes.is_empty() {
            for ((), digest) in lanes.step() {
                copy(digest.as_slice(), out);
            }
        }
        Ok(())
    }
}

impl fmt::Display for Bcrypt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cost {}", self.cost)
    }
}

#[cfg(test)]
mod tests;
