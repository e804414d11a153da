//! MD5-crypt: 1,000 rounds of MD5 over password, salt and digest in an order that changes with the round's number.

use super::Algorithm;
use super::digest::MD5_INITIAL;
use crate::hash::HashFailure;
use zeroize::Zeroizing;

/// The longest salt, in bytes.
pub(crate) const MD5_CRYPT_SALT_BYTES_MAX: usize = 8;

/// The digest's length, in bytes.
pub(crate) const MD5_CRYPT_DIGEST_BYTES: usize = 16;

const ROUNDS: u32 = 1000;

const BLOCK_BYTES: usize = 64;

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
        let mut messages: [Message; 8] = std::array::from_fn(|layout| Message::new(layout, password, salt));
        for round in 0..ROUNDS {
            let layout = usize::from(round & 1 == 1)
                | usize::from(!round.is_multiple_of(3)) << 1
                | usize::from(!round.is_multiple_of(7)) << 2;
            if let Some(message) = messages.get_mut(layout) {
                message.digest(&mut digest);
            }
        }
        super::copy(digest.as_slice(), out);
        Ok(())
    }
}

/// What a round digests, padded as MD5 wants it (RFC 1321, 3.1 and 3.2), with a place for the digest of the round before.
/// There are eight such messages; to make one anew in every round costs a third of the time.
struct Message {
    bytes: Zeroizing<Vec<u8>>,
    digest_at: usize,
}

impl Message {
    /// The bits of `layout`: the digest stands last, the salt is in it, the password is in it once more.
    fn new(layout: usize, password: &[u8], salt: &[u8]) -> Self {
        let (last, salted, doubled) = (layout & 1 == 1, layout & 2 == 2, layout & 4 == 4);
        let place = [0; MD5_CRYPT_DIGEST_BYTES];
        let pieces = [
            if last { password } else { &place },
            if salted { salt } else { &[] },
            if doubled { password } else { &[] },
            if last { &place } else { password },
        ];
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        let blocks = length.saturating_add(9).div_ceil(BLOCK_BYTES);
        // All of it at once, so that no copy is left behind unwiped.
        let mut bytes = Zeroizing::new(Vec::with_capacity(blocks.saturating_mul(BLOCK_BYTES)));
        for piece in pieces {
            bytes.extend_from_slice(piece);
        }
        bytes.push(0x80);
        bytes.resize(blocks.saturating_mul(BLOCK_BYTES).saturating_sub(8), 0);
        bytes.extend(u64::try_from(length).unwrap_or(u64::MAX).saturating_mul(8).to_le_bytes());
        Self { bytes, digest_at: if last { length.saturating_sub(place.len()) } else { 0 } }
    }

    /// The message's digest with this one in its place.
    fn digest(&mut self, digest: &mut [u8; MD5_CRYPT_DIGEST_BYTES]) {
        if let Some(place) = self.bytes.get_mut(self.digest_at..) {
            super::copy(digest, place);
        }
        let mut state = Zeroizing::new(MD5_INITIAL);
        md5::block_api::compress(&mut state, self.bytes.as_chunks().0);
        for (place, word) in digest.as_chunks_mut().0.iter_mut().zip(state.iter()) {
            *place = word.to_le_bytes();
        }
    }
}
