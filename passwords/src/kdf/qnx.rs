//! QNX: one digest of the salt and of the password so many times over, in the digests that its `/etc/shadow` names.

use super::Algorithm;

/// The most rounds: the original writes a thousand, and the pieces stand in a list.
const ROUNDS_MAX: u32 = 100_000;

/// The digest, and how often the password goes in beside the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Qnx {
    rounds: u32,
    algorithm: Algorithm,
}

impl Qnx {
    pub(crate) const fn new(algorithm: Algorithm, rounds: u32) -> Option<Self> {
        if rounds <= ROUNDS_MAX { Some(Self { rounds, algorithm }) } else { None }
    }

    pub(crate) fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn rounds(self) -> u32 {
        self.rounds
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) {
        let rounds = usize::try_from(self.rounds).unwrap_or(usize::MAX);
        let times = std::iter::repeat_n(password, rounds.saturating_add(1));
        let pieces: Vec<&[u8]> = std::iter::once(salt).chain(times).collect();
        super::copy(&self.algorithm.hash(&pieces), out);
    }
}
