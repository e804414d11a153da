//! SHA-crypt (Drepper, version 0.4): `$5$` with SHA-256 and `$6$` with SHA-512.
//!
//! Our own and not the crate of that name, which refuses empty salts and salts of more than 16 bytes; stores have
//! the first, and MySQL the second.

use super::Algorithm;
use std::fmt;
use zeroize::Zeroizing;

/// The rounds where a string does not say.
pub(crate) const SHA_CRYPT_ROUNDS: u32 = 5000;

/// The characters of a salt that count.
pub(crate) const SHA_CRYPT_SALT_BYTES_MAX: usize = 16;

/// The digest under it, and the rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ShaCrypt {
    rounds: u32,
    algorithm: Algorithm,
    /// Whether the string says the rounds, though it need not where they are 5,000.
    stated: bool,
}

impl ShaCrypt {
    /// The standard's own range. `None`: not stated.
    pub(crate) const fn new(algorithm: Algorithm, rounds: Option<u32>) -> Option<Self> {
        match rounds {
            None => Some(Self { rounds: SHA_CRYPT_ROUNDS, algorithm, stated: false }),
            Some(rounds) if rounds >= 1000 && rounds <= 999_999_999 => {
                Some(Self { rounds, algorithm, stated: true })
            }
            Some(_) => None,
        }
    }

    pub(crate) fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn rounds(self) -> u32 {
        self.rounds
    }

    pub(crate) fn stated(self) -> bool {
        self.stated
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) {
        let hash = |pieces: &[&[u8]]| self.algorithm.hash(pieces);
        let inner = hash(&[password, salt, password]);
        let mut pieces = vec![password, salt];
        let filled = fill(&inner, password.len());
        pieces.push(&filled);
        let mut length = password.len();
        while length > 0 {
            pieces.push(if length & 1 == 1 { &inner } else { password });
            length >>= 1;
        }
        let mut digest = hash(&pieces);
        let pass = fill(&hash(&vec![password; password.len()]), password.len());
        let times = usize::from(digest.first().copied().unwrap_or(0)).saturating_add(16);
        let salt = fill(&hash(&vec![salt; times]), salt.len());
        for round in 0..self.rounds {
            let odd = round & 1 == 1;
            let pick = |take: bool, piece| if take { piece } else { &[][..] };
            digest = hash(&[
                if odd { &pass } else { &digest },
                pick(!round.is_multiple_of(3), &salt),
                pick(!round.is_multiple_of(7), &pass),
                if odd { &digest } else { &pass },
            ]);
        }
        super::copy(&digest, out);
    }
}

/// The digest over again, for so many bytes.
fn fill(digest: &[u8], count: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(digest.iter().copied().cycle().take(count).collect())
}

impl fmt::Display for ShaCrypt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} rounds", self.rounds)
    }
}
