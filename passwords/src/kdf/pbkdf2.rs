//! PBKDF2 with HMAC (RFC 8018).

mod sha512;
mod stream;

pub(super) use stream::{Sha512Stream, Vectors as Sha512Vectors};

use super::Algorithm;
use super::kernels::Avx512;
use super::lanes::LaneInput;
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

    /// Whether several share a thread with a gain: where the digest is one block of SHA-512 and the processor has
    /// vectors of eight words. (Under SHA-256 one is as fast alone, with the processor's own instructions.)
    pub(super) fn has_lanes(self, digest_len: usize) -> bool {
        self.algorithm == Algorithm::Sha512
            && digest_len <= self.algorithm.len()
            && Avx512::detect().is_some()
    }

    /// For a lane.
    pub(super) fn lane(self, password: &[u8], salt: &[u8]) -> LaneInput {
        // The first round is done in the beginning.
        LaneInput::Sha512(Sha512Stream::new(password, salt), u64::from(self.rounds).saturating_sub(1))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kdf::lanes::Stream as _;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn reference(password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
        let mut digest = vec![0; 64];
        Pbkdf2::new(Algorithm::Sha512, rounds).unwrap().derive(password, salt, &mut digest);
        digest
    }

    proptest! {
        #[test]
        fn streams_side_by_side_make_what_the_crate_does(
            inputs in vec((vec(any::<u8>(), 0..300), vec(any::<u8>(), 0..200)), 1..20),
            rounds in 1..30_u32,
        ) {
            let mut streams: Vec<_> =
                inputs.iter().map(|(password, salt)| Sha512Stream::new(password, salt)).collect();
            Sha512Stream::advance(&mut streams, u64::from(rounds).saturating_sub(1));
            for ((password, salt), stream) in inputs.iter().zip(&streams) {
                prop_assert_eq!(&*stream.digest(), &reference(password, salt, rounds));
            }
        }
    }

    /// Each round's input is the digest of the round before: no two are alike.
    #[test]
    fn a_million_rounds_in_vectors_are_those_of_the_crate() {
        let rounds = 125_000;
        let passwords: Vec<_> = (0..8_u64).map(u64::to_le_bytes).collect();
        let mut streams: Vec<_> =
            passwords.iter().map(|password| Sha512Stream::new(password, b"salt")).collect();
        Sha512Stream::advance(&mut streams, u64::from(rounds).saturating_sub(1));
        for (password, stream) in passwords.iter().zip(&streams) {
            assert_eq!(*stream.digest(), reference(password, b"salt", rounds));
        }
    }
}
