//! The portable hashes of phpass: a digest of salt and password, then of digest and password, over and over.

use super::Algorithm;
use std::fmt;
use zeroize::Zeroizing;

/// The salt's length: eight characters, taken as they are written.
pub(crate) const PHPASS_SALT_BYTES: usize = 8;

/// Drupal stores 43 characters, which are 258 bits.
pub(crate) const DRUPAL_DIGEST_BYTES: usize = 33;

/// The digest, MD5 for phpass itself and SHA-512 for Drupal 7, and the rounds as a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Phpass {
    log2_rounds: u8,
    algorithm: Algorithm,
}

impl Phpass {
    /// All implementations take 7 to 30.
    pub(crate) const fn new(algorithm: Algorithm, log2_rounds: u8) -> Option<Self> {
        if log2_rounds >= 7 && log2_rounds <= 30 { Some(Self { log2_rounds, algorithm }) } else { None }
    }

    pub(crate) fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn log2_rounds(self) -> u8 {
        self.log2_rounds
    }

    /// `out` shorter than the digest takes its beginning; of Drupal's last byte two bits are stored.
    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) {
        let mut digest = self.algorithm.hash(&[salt, password]);
        for _ in 0..1_u64.checked_shl(u32::from(self.log2_rounds)).unwrap_or(0) {
            digest = self.algorithm.hash(&[&digest, password]);
        }
        let digest: Zeroizing<Vec<u8>> = digest;
        super::copy(&digest, out);
        if let Some(last) = out.get_mut(32) {
            *last &= 3;
        }
    }
}

impl fmt::Display for Phpass {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "2^{} rounds", self.log2_rounds)
    }
}
