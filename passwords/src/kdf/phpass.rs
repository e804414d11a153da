//! phpass: a digest of salt and password, then two to some power times one of the last digest and the password. MD5 in
//! phpass itself, SHA-512 in Drupal 7.

mod md5;
mod stream;

pub(super) use stream::{Md5Stream, Vectors as Md5Vectors};

use super::kernels::Avx2;
use super::lanes::LaneInput;
use super::{Algorithm, copy};
use std::fmt;

/// The salt's length: eight characters, taken as they are written.
pub(crate) const PHPASS_SALT_BYTES: usize = 8;

/// Drupal stores 43 characters, which are 258 bits.
pub(crate) const DRUPAL_DIGEST_BYTES: usize = 33;

/// The digest, and the rounds as a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Phpass {
    log2_rounds: u8,
    algorithm: Algorithm,
}

impl Phpass {
    /// From 7 to 30, which is what the original takes.
    pub(crate) const fn new(algorithm: Algorithm, log2_rounds: u8) -> Option<Self> {
        if log2_rounds >= 7 && log2_rounds <= 30 { Some(Self { log2_rounds, algorithm }) } else { None }
    }

    pub(crate) fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn log2_rounds(self) -> u8 {
        self.log2_rounds
    }

    fn rounds(self) -> u64 {
        1_u64.checked_shl(self.log2_rounds.into()).unwrap_or(u64::MAX)
    }

    /// Whether several share a thread with a gain.
    pub(super) fn has_lanes(self) -> bool {
        self.algorithm == Algorithm::Md5 && Avx2::detect().is_some()
    }

    /// For a lane; `None` where the password is too long for one.
    pub(super) fn lane(self, password: &[u8], salt: &[u8]) -> Option<LaneInput> {
        Some(LaneInput::Md5(Md5Stream::new(password, salt)?, self.rounds()))
    }

    /// Of Drupal's last byte two bits are stored.
    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) {
        let mut digest = self.algorithm.hash(&[salt, password]);
        for _ in 0..self.rounds() {
            digest = self.algorithm.hash(&[&digest, password]);
        }
        copy(&digest, out);
        if let (DRUPAL_DIGEST_BYTES, Some(last)) = (out.len(), out.last_mut()) {
            *last &= 3;
        }
    }
}

impl fmt::Display for Phpass {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} rounds", self.rounds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kdf::lanes::Stream as _;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn reference(password: &[u8], salt: &[u8], rounds: u64) -> Vec<u8> {
        let mut digest = Algorithm::Md5.hash(&[salt, password]);
        for _ in 0..rounds {
            digest = Algorithm::Md5.hash(&[&digest, password]);
        }
        digest.to_vec()
    }

    proptest! {
        #[test]
        fn streams_side_by_side_make_what_plain_md5_does(
            inputs in vec((vec(any::<u8>(), 0..=39), vec(any::<u8>(), 0..20)), 1..40),
            rounds in 0..20_u64,
        ) {
            let mut streams: Vec<_> =
                inputs.iter().map(|(password, salt)| Md5Stream::new(password, salt).unwrap()).collect();
            Md5Stream::advance(&mut streams, rounds);
            for ((password, salt), stream) in inputs.iter().zip(&streams) {
                prop_assert_eq!(&*stream.digest(), &reference(password, salt, rounds));
            }
        }
    }

    /// Each round's input is the digest of the round before: no two are alike.
    #[test]
    fn a_million_rounds_in_vectors_are_those_of_plain_md5() {
        let passwords: Vec<_> = (0..16_usize).map(|number| vec![b'x'; 2 * number]).collect();
        let mut streams: Vec<_> =
            passwords.iter().map(|password| Md5Stream::new(password, b"salt").unwrap()).collect();
        Md5Stream::advance(&mut streams, 65_536);
        for (password, stream) in passwords.iter().zip(&streams) {
            assert_eq!(*stream.digest(), reference(password, b"salt", 65_536));
        }
    }

    #[test]
    fn a_password_that_is_too_long_for_a_lane_is_derived_without_one() {
        let phpass = Phpass::new(Algorithm::Md5, 7).unwrap();
        let mut digest = [0; 16];
        for length in [39, 40, 1000] {
            let password = vec![b'x'; length];
            assert_eq!(phpass.lane(&password, b"saltsalt").is_some(), length < 40);
            phpass.derive(&password, b"saltsalt", &mut digest);
            assert_eq!(digest.as_slice(), reference(&password, b"saltsalt", 128));
        }
    }
}
