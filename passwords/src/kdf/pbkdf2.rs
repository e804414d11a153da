//! PBKDF2 with HMAC (RFC 8018).

use super::Algorithm;
use std::fmt;

/// The digest under HMAC, and the rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pbkdf2 {
    rounds: u32,
    algorithm: Algorithm,
}

impl Pbkdf2 {
    /// There is no derivation of no rounds.
    pub(crate) const fn new(algorithm: Algorithm, rounds: u32) -> Option<Self> {
        if rounds >= 1 { Some(Self { rounds, algorithm }) } else { None }
    }

    pub(crate) fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn rounds(self) -> u32 {
        self.rounds
    }

    /// The rounds that a digest of this length takes: every block of the output repeats them all.
    pub(crate) fn rounds_for(self, digest_bytes: usize) -> u64 {
        let blocks = u64::try_from(digest_bytes.div_ceil(self.algorithm.len())).unwrap_or(u64::MAX);
        u64::from(self.rounds).saturating_mul(blocks)
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) {
        use pbkdf2::pbkdf2_hmac as derive;
        match self.algorithm {
            Algorithm::Md5 => derive::<md5::Md5>(password, salt, self.rounds, out),
            Algorithm::Sha1 => derive::<sha1::Sha1>(password, salt, self.rounds, out),
            Algorithm::Sha224 => derive::<sha2::Sha224>(password, salt, self.rounds, out),
            Algorithm::Sha256 => derive::<sha2::Sha256>(password, salt, self.rounds, out),
            Algorithm::Sha384 => derive::<sha2::Sha384>(password, salt, self.rounds, out),
            Algorithm::Sha512 => derive::<sha2::Sha512>(password, salt, self.rounds, out),
            rare => rare.pbkdf2(password, salt, self.rounds, out),
        }
    }
}

impl fmt::Display for Pbkdf2 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} rounds", self.rounds)
    }
}
