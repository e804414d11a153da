//! `$2x$`: the bcrypt of `crypt_blowfish` before 1.1, which took bytes above 127 for negative numbers.

use super::bcrypt::Bcrypt;
use crate::hash::HashFailure;
use zeroize::Zeroizing;

/// The number of bytes that the key schedule takes in: 18 words.
const KEY_BYTES: usize = 72;

/// The key that makes a sound bcrypt compute what the broken one did: the schedule's words, with the sign of each
/// byte smeared over those before it.
pub(super) fn derive(
    bcrypt: Bcrypt,
    password: &[u8],
    salt: &[u8],
    out: &mut [u8],
) -> Result<(), HashFailure> {
    let with_end: Zeroizing<Vec<u8>> = Zeroizing::new(password.iter().copied().chain([0]).collect());
    let mut key = Zeroizing::new(Vec::with_capacity(KEY_BYTES));
    let mut bytes = with_end.iter().cycle();
    while key.len() < KEY_BYTES {
        let word = bytes
            .by_ref()
            .take(4)
            .fold(0_u32, |word, byte| word << 8 | i32::from(byte.cast_signed()).cast_unsigned());
        key.extend_from_slice(&word.to_be_bytes());
    }
    bcrypt.derive_from_key(&key, salt, out)
}
