//! MD5-crypt: 1,000 rounds of MD5 over password, salt and digest in an order that changes with the round's number.

use super::Algorithm;
use crate::hash::HashFailure;
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

/// The longest salt, in bytes.
pub(crate) const MD5_CRYPT_SALT_BYTES_MAX: usize = 8;

/// The digest's length, in bytes.
pub(crate) const MD5_CRYPT_DIGEST_BYTES: usize = 16;

const ROUNDS: u32 = 1000;

/// Whose it is: a text in the first digest differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Md5Crypt {
    /// `$1$`, of FreeBSD and the C libraries.
    Bsd,
    /// `$apr1$`, of Apache.
    Apache,
    /// No text, of AIX.
    Aix,
}

impl Md5Crypt {
    pub(crate) fn magic(self) -> &'static str {
        match self {
            Self::Bsd => "$1$",
            Self::Apache => "$apr1$",
            Self::Aix => "",
        }
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
        if salt.len() > MD5_CRYPT_SALT_BYTES_MAX {
            return Err(HashFailure::Parameters);
        }
        let md5 = |pieces: &[&[u8]]| Algorithm::Md5.hash(pieces);
        let inner = md5(&[password, salt, password]);
        let filled: Zeroizing<Vec<u8>> =
            Zeroizing::new(inner.iter().copied().cycle().take(password.len()).collect());
        // One byte for each bit of the length: a NUL, or the password's first.
        let first = password.get(..1).unwrap_or_default();
        let mut bits: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::new());
        let mut length = password.len();
        while length > 0 {
            bits.extend_from_slice(if length & 1 == 1 { &[0] } else { first });
            length >>= 1;
        }
        let first = md5(&[password, self.magic().as_bytes(), salt, &filled, &bits]);
        let mut digest = Zeroizing::new([0; MD5_CRYPT_DIGEST_BYTES]);
        super::copy(&first, digest.as_mut_slice());
        // One buffer for all rounds: a message is short, and to make it costs as much as to digest it.
        let length_max =
            password.len().saturating_mul(2).saturating_add(salt.len()).saturating_add(digest.len());
        let mut message = Zeroizing::new(Vec::with_capacity(length_max));
        for round in 0..ROUNDS {
            let odd = round & 1 == 1;
            message.clear();
            message.extend_from_slice(if odd { password } else { digest.as_slice() });
            if !round.is_multiple_of(3) {
                message.extend_from_slice(salt);
            }
            if !round.is_multiple_of(7) {
                message.extend_from_slice(password);
            }
            message.extend_from_slice(if odd { digest.as_slice() } else { password });
            *digest = Md5::digest(message.as_slice()).into();
        }
        super::copy(digest.as_slice(), out);
        Ok(())
    }
}
