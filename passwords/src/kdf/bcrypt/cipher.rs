//! Blowfish with bcrypt's key schedule, for several independent ciphers at once.
//!
//! One cipher alone leaves most of the processor idle: each round waits for the table look-ups of the round before.
//! Several in lock-step fill that time with each other's look-ups. They share nothing else. Four ciphers of 4 KiB
//! stay in the first-level cache; more gain nothing.
//!
//! With four of them the limit is how many instructions a round takes, so two things here are as they are for the code
//! that comes of it: the ciphers lie beside each other in one array, for then one register addresses all of them, and
//! the rounds are written out, for then no half changes its register between two.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::needless_range_loop,
    clippy::inline_always,
    reason = "a kernel: every index is a byte into 256 words or runs over an array's own length, and the arithmetic is \
              on those indices; the loops over lanes are unrolled only where the rounds are inlined"
)]

use super::tables;
use std::array;
use zeroize::Zeroize;

/// Eighteen words: the subkeys, and what is mixed into them.
pub(super) type Words = [u32; 18];

/// One bcrypt between two rounds: the cipher's state, and what each round mixes into it.
pub(crate) struct BcryptStream {
    subkeys: Words,
    boxes: [[u32; 256]; 4],
    key: Words,
    salt: Words,
}

/// The two halves of a block, for each of the ciphers.
struct Blocks<const N: usize> {
    left: [u32; N],
    right: [u32; N],
}

impl BcryptStream {
    /// The salted key expansion, with which bcrypt begins.
    pub(super) fn begin(key: Words, salt: Words) -> Self {
        let mut cipher = Self { subkeys: tables::SUBKEYS, boxes: tables::BOXES, key, salt };
        mix(&mut cipher.subkeys, &key);
        let mut blocks = Blocks::zero();
        // The salt's four words repeat without a gap over subkeys and boxes.
        let mut salted = |cipher: &Self, place: usize| {
            blocks.left[0] ^= salt[place % 4];
            blocks.right[0] ^= salt[(place + 1) % 4];
            encrypt([cipher], &mut blocks);
            (blocks.left[0], blocks.right[0])
        };
        for place in (0..18).step_by(2) {
            (cipher.subkeys[place], cipher.subkeys[place + 1]) = salted(&cipher, place);
        }
        for number in 0..4 {
            for place in (0..256).step_by(2) {
                let (left, right) = salted(&cipher, 18 + place);
                (cipher.boxes[number][place], cipher.boxes[number][place + 1]) = (left, right);
            }
        }
        cipher
    }

    /// The block after 64 encryptions, with which bcrypt ends.
    pub(super) fn seal(&self, left: u32, right: u32) -> (u32, u32) {
        let mut blocks = Blocks { left: [left], right: [right] };
        for _ in 0..64 {
            encrypt([self], &mut blocks);
        }
        (blocks.left[0], blocks.right[0])
    }
}

impl Drop for BcryptStream {
    fn drop(&mut self) {
        self.subkeys.zeroize();
        self.boxes.zeroize();
        self.key.zeroize();
    }
}

/// One round of each, all in lock-step: the key expansion with the key, then with the salt.
pub(super) fn round<const N: usize>(lanes: &mut [BcryptStream; N]) {
    for lane in &mut *lanes {
        mix(&mut lane.subkeys, &lane.key);
    }
    expand(lanes);
    for lane in &mut *lanes {
        mix(&mut lane.subkeys, &lane.salt);
    }
    expand(lanes);
}

/// Written once for both of a round: it is long.
#[inline(never)]
fn expand<const N: usize>(lanes: &mut [BcryptStream; N]) {
    let mut blocks = Blocks::zero();
    for place in (0..18).step_by(2) {
        encrypt(lanes.each_ref(), &mut blocks);
        for lane in 0..N {
            lanes[lane].subkeys[place] = blocks.left[lane];
            lanes[lane].subkeys[place + 1] = blocks.right[lane];
        }
    }
    for number in 0..4 {
        for place in (0..256).step_by(2) {
            encrypt(lanes.each_ref(), &mut blocks);
            for lane in 0..N {
                lanes[lane].boxes[number][place] = blocks.left[lane];
                lanes[lane].boxes[number][place + 1] = blocks.right[lane];
            }
        }
    }
}

fn mix(subkeys: &mut Words, words: &Words) {
    for (subkey, word) in subkeys.iter_mut().zip(words) {
        *subkey ^= word;
    }
}

impl<const N: usize> Blocks<N> {
    fn zero() -> Self {
        Self { left: [0; N], right: [0; N] }
    }
}

/// Sixteen rounds, each for all ciphers before the next. The subkey is mixed in first: only what follows the look-ups
/// lengthens the chain.
#[inline(always)]
fn encrypt<const N: usize>(ciphers: [&BcryptStream; N], blocks: &mut Blocks<N>) {
    let Blocks { mut left, mut right } = *blocks;
    for lane in 0..N {
        left[lane] ^= ciphers[lane].subkeys[0];
    }
    macro_rules! rounds {
        ($($odd:literal $even:literal),*) => {$(
            for lane in 0..N {
                right[lane] = (right[lane] ^ ciphers[lane].subkeys[$odd]) ^ ciphers[lane].scramble(left[lane]);
            }
            for lane in 0..N {
                left[lane] = (left[lane] ^ ciphers[lane].subkeys[$even]) ^ ciphers[lane].scramble(right[lane]);
            }
        )*};
    }
    rounds!(1 2, 3 4, 5 6, 7 8, 9 10, 11 12, 13 14, 15 16);
    blocks.left = array::from_fn(|lane| right[lane] ^ ciphers[lane].subkeys[17]);
    blocks.right = left;
}

impl BcryptStream {
    /// Shifts, not `to_be_bytes`: the bytes would be swapped first, which lengthens the chain.
    #[inline(always)]
    fn scramble(&self, half: u32) -> u32 {
        let [a, b, c, d] =
            [half >> 24, half >> 16 & 0xff, half >> 8 & 0xff, half & 0xff].map(|byte| byte as usize);
        (self.boxes[0][a].wrapping_add(self.boxes[1][b]) ^ self.boxes[2][c]).wrapping_add(self.boxes[3][d])
    }
}
