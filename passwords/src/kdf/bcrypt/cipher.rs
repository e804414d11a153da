//! Blowfish with bcrypt's key schedule, for several independent ciphers at once.
//!
//! One cipher alone leaves most of the processor idle: each round waits for the table look-ups of the round before.
//! Several in lock-step fill that time with each other's look-ups. They share nothing else. Four ciphers of 4 KiB
//! stay in the first-level cache; more gain nothing.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::needless_range_loop,
    clippy::inline_always,
    reason = "a kernel: every index is a byte into 256 words or runs over an array's own length, and the arithmetic is \
              on those indices; the loops over lanes are unrolled only where the rounds are inlined"
)]

use super::tables;
use crate::kdf::kernels::Bmi;
use std::array;
use zeroize::Zeroize;

/// How many subkeys there are, and so how many words are mixed into them.
const SUBKEYS: usize = 18;

/// Subkeys and boxes: what a key expansion writes, in its order.
const WORDS: usize = SUBKEYS + 4 * 256;

/// A key, or a salt, repeated as often as it takes.
pub(super) type Mixed = [u32; SUBKEYS];

/// One bcrypt between two rounds: the cipher's state, and what each round mixes into it.
pub(crate) struct BcryptStream {
    /// The subkeys, and behind them the four boxes of 256 words each.
    pub(in crate::kdf) state: [u32; WORDS],
    key: Mixed,
    salt: Mixed,
}

/// The two halves of a block, for each of the ciphers.
#[derive(Clone, Copy)]
pub(crate) struct Blocks<const N: usize> {
    pub(in crate::kdf) left: [u32; N],
    pub(in crate::kdf) right: [u32; N],
}

/// Who makes Blowfish's sixteen rounds in each of `N` ciphers, with a block each.
pub(super) trait Rounds<const N: usize>: Copy {
    fn make(self, ciphers: &[BcryptStream; N], blocks: &mut Blocks<N>);
}

/// The rounds for any number of ciphers, on any processor.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl BcryptStream {
    /// The salted key expansion, with which bcrypt begins.
    pub(super) fn begin(key: Mixed, salt: Mixed) -> Self {
        let initial = tables::SUBKEYS.iter().chain(tables::BOXES.as_flattened());
        let mut state = [0; WORDS];
        state.iter_mut().zip(initial).for_each(|(word, initial)| *word = *initial);
        let mut one = [Self { state, key, salt }];
        mix(&mut one[0].state, &key);
        let mut blocks = Blocks::<1>::zero();
        for place in (0..WORDS).step_by(2) {
            // The salt's four words repeat without a gap over subkeys and boxes.
            blocks.left[0] ^= salt[place % 4];
            blocks.right[0] ^= salt[place % 4 + 1];
            encrypt(Portable, &one, &mut blocks);
            (one[0].state[place], one[0].state[place + 1]) = (blocks.left[0], blocks.right[0]);
        }
        let [stream] = one;
        stream
    }

    /// The block after 64 encryptions, with which bcrypt ends.
    pub(super) fn seal(&self, left: u32, right: u32) -> (u32, u32) {
        let mut blocks = Blocks { left: [left], right: [right] };
        for _ in 0..64 {
            encrypt(Portable, array::from_ref(self), &mut blocks);
        }
        (blocks.left[0], blocks.right[0])
    }
}

impl Drop for BcryptStream {
    fn drop(&mut self) {
        self.state.zeroize();
        self.key.zeroize();
    }
}

/// The key expansion of each with its key, then with its salt, so many times, all in lock-step.
pub(super) fn expand<const N: usize>(rounds: impl Rounds<N>, lanes: &mut [BcryptStream; N], times: u64) {
    for _ in 0..times {
        for lane in &mut *lanes {
            mix(&mut lane.state, &lane.key);
        }
        expand_once(rounds, lanes);
        for lane in &mut *lanes {
            mix(&mut lane.state, &lane.salt);
        }
        expand_once(rounds, lanes);
    }
}

/// Compiled once for both: it is long.
#[inline(never)]
fn expand_once<const N: usize>(rounds: impl Rounds<N>, lanes: &mut [BcryptStream; N]) {
    let mut blocks = Blocks::zero();
    for place in (0..WORDS).step_by(2) {
        encrypt(rounds, lanes, &mut blocks);
        for lane in 0..N {
            lanes[lane].state[place] = blocks.left[lane];
            lanes[lane].state[place + 1] = blocks.right[lane];
        }
    }
}

fn mix(state: &mut [u32; WORDS], words: &Mixed) {
    for (subkey, word) in state.iter_mut().zip(words) {
        *subkey ^= word;
    }
}

impl<const N: usize> Blocks<N> {
    fn zero() -> Self {
        Self { left: [0; N], right: [0; N] }
    }
}

#[inline(always)]
fn encrypt<const N: usize>(rounds: impl Rounds<N>, ciphers: &[BcryptStream; N], blocks: &mut Blocks<N>) {
    for lane in 0..N {
        blocks.left[lane] ^= ciphers[lane].state[0];
    }
    rounds.make(ciphers, blocks);
    let Blocks { left, right } = *blocks;
    blocks.left = array::from_fn(|lane| right[lane] ^ ciphers[lane].state[SUBKEYS - 1]);
    blocks.right = left;
}

impl Rounds<4> for Bmi {
    #[inline(always)]
    fn make(self, ciphers: &[BcryptStream; 4], blocks: &mut Blocks<4>) {
        self.blowfish(ciphers, blocks);
    }
}

impl<const N: usize> Rounds<N> for Portable {
    /// Each for all ciphers before the next. The subkey is mixed in first: only what follows the look-ups lengthens the
    /// chain. Written out, for then no half changes its register between two rounds.
    #[inline(always)]
    fn make(self, ciphers: &[BcryptStream; N], blocks: &mut Blocks<N>) {
        let Blocks { mut left, mut right } = *blocks;
        macro_rules! rounds {
            ($($odd:literal $even:literal),*) => {$(
                for lane in 0..N {
                    right[lane] = (right[lane] ^ ciphers[lane].state[$odd]) ^ ciphers[lane].scramble(left[lane]);
                }
                for lane in 0..N {
                    left[lane] = (left[lane] ^ ciphers[lane].state[$even]) ^ ciphers[lane].scramble(right[lane]);
                }
            )*};
        }
        rounds!(1 2, 3 4, 5 6, 7 8, 9 10, 11 12, 13 14, 15 16);
        *blocks = Blocks { left, right };
    }
}

impl BcryptStream {
    /// From the lowest byte, as the processor has them: the other order would swap them first, which lengthens the
    /// chain.
    #[inline(always)]
    fn scramble(&self, half: u32) -> u32 {
        let [d, c, b, a] = half.to_le_bytes();
        let word = |number: usize, byte: u8| self.state[SUBKEYS + 256 * number + usize::from(byte)];
        (word(0, a).wrapping_add(word(1, b)) ^ word(2, c)).wrapping_add(word(3, d))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_blocks_of_the_kernel_are_those_of_the_portable_rounds() {
        let ciphers =
            [3, 5, 7, 11].map(|number| BcryptStream::begin([number; SUBKEYS], [number + 1; SUBKEYS]));
        let mut found = Blocks::<4>::zero();
        // Without the instructions there is no kernel to compare.
        for bmi in Bmi::detect().into_iter().cycle().take(1_000_000 / 4) {
            let mut expected = found;
            Portable.make(&ciphers, &mut expected);
            bmi.make(&ciphers, &mut found);
            assert_eq!((found.left, found.right), (expected.left, expected.right));
        }
    }
}
