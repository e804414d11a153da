//! [`BcryptStream`] as a lane: from password and salt to the digest.

use super::cipher::{BcryptStream, Mixed, Portable, expand};
use super::{BCRYPT_SALT_BYTES, PASSWORD_BYTES_MAX};
use crate::kdf::kernels::Bmi;
use crate::kdf::lanes::{Digest, Stream};
use std::array;

/// What is encrypted in the end: `OrpheanBeholderScryDoubt`, as three blocks of two words.
const TEXT: [(u32, u32); 3] =
    [(0x4f72_7068, 0x6561_6e42), (0x6568_6f6c, 0x6465_7253), (0x6372_7944, 0x6f75_6274)];

impl BcryptStream {
    /// The key is the password with a NUL behind it, cut at 72 bytes. A NUL inside stays, as most implementations keep
    /// it: C's cut there, but a password with NUL never comes here, for no caller may send one.
    pub(super) fn new(password: &[u8], salt: [u8; BCRYPT_SALT_BYTES], sign_extended: bool) -> Self {
        // A byte above 127 counts as negative where C's `char` was signed: the ones of its extension cover the
        // bytes before it in the word.
        let widen = |byte: u8| {
            if sign_extended { i32::from(byte.cast_signed()).cast_unsigned() } else { u32::from(byte) }
        };
        let key = words(password.iter().copied().chain([0]).take(PASSWORD_BYTES_MAX).map(widen).cycle());
        let salt = words(salt.into_iter().map(u32::from).cycle());
        Self::begin(key, salt)
    }
}

impl Stream for BcryptStream {
    /// Each holds 4 KiB of tables, and more than four would not stay in a first-level cache of 32 KiB beside
    /// everything else.
    const LANES: usize = 4;

    const ROUNDS_PER_STEP: u64 = 16;

    fn advance(streams: &mut [Self], times: u64) {
        let (fours, rest) = streams.as_chunks_mut::<4>();
        for four in fours {
            match Bmi::detect() {
                Some(bmi) => expand(bmi, four, times),
                None => expand(Portable, four, times),
            }
        }
        // Compiled once for each number, so that the loops over them have a fixed length.
        if let Some(three) = rest.first_chunk_mut::<3>() {
            expand(Portable, three, times);
        } else if let Some(two) = rest.first_chunk_mut::<2>() {
            expand(Portable, two, times);
        } else if let Some(one) = rest.first_chunk_mut::<1>() {
            expand(Portable, one, times);
        }
    }

    /// All 24 bytes, of which 23 are stored.
    fn digest(&self) -> Digest {
        let blocks = TEXT.map(|(left, right)| self.seal(left, right));
        Digest::new(
            blocks
                .iter()
                .flat_map(|(left, right)| [left, right])
                .flat_map(|word| word.to_be_bytes())
                .collect(),
        )
    }
}

/// Four bytes to a word, the first one highest.
fn words(mut bytes: impl Iterator<Item = u32>) -> Mixed {
    array::from_fn(|_| bytes.by_ref().take(4).fold(0, |word, byte| word << 8 | byte))
}
