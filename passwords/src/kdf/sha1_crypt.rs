//! SHA1-crypt of NetBSD: HMAC-SHA1 with the password as the key, over and over.

use super::Algorithm;

/// The rounds of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sha1Crypt {
    rounds: u32,
}

impl Sha1Crypt {
    /// There is no derivation of no rounds.
    pub(crate) const fn new(rounds: u32) -> Option<Self> {
        if rounds >= 1 { Some(Self { rounds }) } else { None }
    }

    pub(crate) fn rounds(self) -> u32 {
        self.rounds
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) {
        let first = [salt, b"$sha1$", self.rounds.to_string().as_bytes()].concat();
        let mut digest = Algorithm::Sha1.hmac(password, &first);
        for _ in 1..self.rounds {
            digest = Algorithm::Sha1.hmac(password, &digest);
        }
        super::copy(&digest, out);
    }
}
