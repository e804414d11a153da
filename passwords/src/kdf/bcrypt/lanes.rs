//! [`Lanes`]: several derivations on one thread, which begin and end independently of each other.

use super::cipher::{Cipher, Words, expand};
use super::{BCRYPT_SALT_BYTES, Bcrypt, PASSWORD_BYTES_MAX};
use std::array;
use zeroize::{Zeroize as _, Zeroizing};

/// How many run at once. Each holds 4 KiB of tables, and more than four would not stay in a first-level cache of
/// 32 KiB beside everything else.
const LANES_MAX: usize = 4;

/// How many rounds are made before the next look at what has ended and what waits: about a millisecond.
const ROUNDS_PER_STEP: u64 = 16;

/// What is encrypted in the end: `OrpheanBeholderScryDoubt`, as three blocks of two words.
const TEXT: [(u32, u32); 3] =
    [(0x4f72_7068, 0x6561_6e42), (0x6568_6f6c, 0x6465_7253), (0x6372_7944, 0x6f75_6274)];

/// What bcrypt makes, before the last byte is cut off.
pub(crate) type Digest = Zeroizing<[u8; 24]>;

/// Up to four derivations of any costs. A `T` says whose each is.
pub(crate) struct Lanes<T> {
    /// The first ones belong to the lanes in use, in the same order: side by side, so that one address leads to all.
    ciphers: Box<[Cipher; LANES_MAX]>,
    in_use: Vec<Lane<T>>,
}

struct Lane<T> {
    input: Input,
    rounds_left: u64,
    whose: T,
}

/// A lane to begin in.
pub(crate) struct FreeLane<'a, T> {
    cipher: &'a mut Cipher,
    in_use: &'a mut Vec<Lane<T>>,
}

/// Password and salt as the cipher takes them, and the rounds.
pub(crate) struct Input {
    key: Zeroizing<Words>,
    salt: Words,
    rounds: u64,
}

impl Input {
    pub(super) fn new(bcrypt: Bcrypt, password: &[u8], salt: [u8; BCRYPT_SALT_BYTES]) -> Self {
        // A byte above 127 counts as negative where C's `char` was signed: the ones of its extension cover the
        // bytes before it in the word.
        let widen = |byte: u8| {
            if bcrypt.sign_extended { i32::from(byte.cast_signed()).cast_unsigned() } else { u32::from(byte) }
        };
        let key = password.iter().copied().chain([0]).take(PASSWORD_BYTES_MAX).map(widen);
        let words = |mut bytes: Box<dyn Iterator<Item = u32> + '_>| -> Words {
            array::from_fn(|_| bytes.by_ref().take(4).fold(0, |word, byte| word << 8 | byte))
        };
        Self {
            key: Zeroizing::new(words(Box::new(key.cycle()))),
            salt: words(Box::new(salt.into_iter().map(u32::from).cycle())),
            rounds: 1_u64.checked_shl(bcrypt.cost).unwrap_or(u64::MAX),
        }
    }
}

impl<T> Lanes<T> {
    pub(crate) fn new() -> Self {
        Self { ciphers: Box::new(array::from_fn(|_| Cipher::idle())), in_use: Vec::with_capacity(LANES_MAX) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.in_use.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.in_use.len() >= LANES_MAX
    }

    /// A lane that nobody uses, if there is one.
    pub(crate) fn free(&mut self) -> Option<FreeLane<'_, T>> {
        let cipher = self.ciphers.get_mut(self.in_use.len())?;
        Some(FreeLane { cipher, in_use: &mut self.in_use })
    }

    /// Works for about a millisecond on all of them; answers with those that ended.
    pub(crate) fn step(&mut self) -> Vec<(T, Digest)> {
        let least = self.in_use.iter().map(|lane| lane.rounds_left).min().unwrap_or(0);
        let rounds = least.min(ROUNDS_PER_STEP);
        // Compiled once for each number of lanes, so that the loops over them have a fixed length.
        match self.in_use.len() {
            0 => {}
            1 => self.rounds::<1>(rounds),
            2 => self.rounds::<2>(rounds),
            3 => self.rounds::<3>(rounds),
            _ => self.rounds::<LANES_MAX>(rounds),
        }
        for lane in &mut self.in_use {
            lane.rounds_left = lane.rounds_left.saturating_sub(rounds);
        }
        let mut ended = Vec::new();
        while let Some(place) = self.in_use.iter().position(|lane| lane.rounds_left == 0) {
            ended.extend(self.leave(place));
        }
        ended
    }

    fn rounds<const N: usize>(&mut self, rounds: u64) {
        let (Some(ciphers), Some(lanes)) =
            (self.ciphers.first_chunk_mut::<N>(), self.in_use.first_chunk::<N>())
        else {
            return;
        };
        let keys = lanes.each_ref().map(|lane| &*lane.input.key);
        let salts = lanes.each_ref().map(|lane| &lane.input.salt);
        for _ in 0..rounds {
            expand(ciphers, keys);
            expand(ciphers, salts);
        }
    }

    /// The last lane takes the place of the one that leaves.
    fn leave(&mut self, place: usize) -> Option<(T, Digest)> {
        let last = self.in_use.len().checked_sub(1)?;
        self.ciphers.swap(place, last);
        let cipher = self.ciphers.get_mut(last)?;
        let mut digest = Digest::default();
        for (bytes, (left, right)) in digest.chunks_exact_mut(8).zip(TEXT) {
            let (left, right) = cipher.seal(left, right);
            bytes.copy_from_slice(&(u64::from(left) << 32 | u64::from(right)).to_be_bytes());
        }
        cipher.zeroize();
        Some((self.in_use.swap_remove(place).whose, digest))
    }
}

impl<T> FreeLane<'_, T> {
    /// Begins: the first, salted expansion is done at once.
    pub(crate) fn join(self, input: Input, whose: T) {
        *self.cipher = Cipher::begin(&input.key, &input.salt);
        self.in_use.push(Lane { rounds_left: input.rounds, input, whose });
    }
}

impl<T> Drop for Lanes<T> {
    fn drop(&mut self) {
        self.ciphers.zeroize();
    }
}
