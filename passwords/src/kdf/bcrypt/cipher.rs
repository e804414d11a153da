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
use std::array;
use zeroize::Zeroize;

/// Eighteen words: the subkeys, and what is mixed into them.
pub(super) type Words = [u32; 18];

/// One cipher's state: all of it depends on the password.
#[derive(Clone)]
pub(super) struct Cipher {
    subkeys: Words,
    boxes: [[u32; 256]; 4],
}

/// The two halves of a block, for each of the ciphers.
struct Blocks<const N: usize> {
    left: [u32; N],
    right: [u32; N],
}

impl Cipher {
    /// The salted key expansion, with which bcrypt begins.
    pub(super) fn begin(key: &Words, salt: &Words) -> Self {
        let mut cipher = Self { subkeys: tables::SUBKEYS, boxes: tables::BOXES };
        mix(&mut cipher.subkeys, key);
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

impl Zeroize for Cipher {
    fn zeroize(&mut self) {
        self.subkeys.zeroize();
        self.boxes.zeroize();
    }
}

/// The key expansion of each cipher with its own words, all in lock-step.
pub(super) fn expand<const N: usize>(lanes: [(&mut Cipher, &Words); N]) {
    let ciphers = lanes.map(|(cipher, words)| {
        mix(&mut cipher.subkeys, words);
        cipher
    });
    let mut blocks = Blocks::zero();
    for place in (0..18).step_by(2) {
        encrypt(ciphers.each_ref().map(|cipher| &**cipher), &mut blocks);
        for lane in 0..N {
            ciphers[lane].subkeys[place] = blocks.left[lane];
            ciphers[lane].subkeys[place + 1] = blocks.right[lane];
        }
    }
    for number in 0..4 {
        for place in (0..256).step_by(2) {
            encrypt(ciphers.each_ref().map(|cipher| &**cipher), &mut blocks);
            for lane in 0..N {
                ciphers[lane].boxes[number][place] = blocks.left[lane];
                ciphers[lane].boxes[number][place + 1] = blocks.right[lane];
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
fn encrypt<const N: usize>(ciphers: [&Cipher; N], blocks: &mut Blocks<N>) {
    let (mut left, mut right) = (blocks.left, blocks.right);
    for lane in 0..N {
        left[lane] ^= ciphers[lane].subkeys[0];
    }
    for round in (1..17).step_by(2) {
        for lane in 0..N {
            right[lane] = (right[lane] ^ ciphers[lane].subkeys[round]) ^ ciphers[lane].scramble(left[lane]);
        }
        for lane in 0..N {
            left[lane] =
                (left[lane] ^ ciphers[lane].subkeys[round + 1]) ^ ciphers[lane].scramble(right[lane]);
        }
    }
    blocks.left = array::from_fn(|lane| right[lane] ^ ciphers[lane].subkeys[17]);
    blocks.right = left;
}

impl Cipher {
    #[inline(always)]
    fn scramble(&self, half: u32) -> u32 {
        let [a, b, c, d] = half.to_be_bytes().map(usize::from);
        (self.boxes[0][a].wrapping_add(self.boxes[1][b]) ^ self.boxes[2][c]).wrapping_add(self.boxes[3][d])
    }
}
