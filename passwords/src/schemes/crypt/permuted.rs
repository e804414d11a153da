//! The spellings of crypt(3)'s digests, whose bytes stand in an order of their own.

use crate::encoding::Base64;
use idstore_secret::Secret;

/// Which byte of the digest stands where. Groups of three, the last of which may be shorter, the lowest bits first.
#[derive(Clone, Copy)]
pub(super) struct Order(&'static [u8]);

pub(super) const MD5: Order = Order(&[12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11]);

/// The first byte stands again at the end, to fill the last group.
pub(super) const SHA1: Order =
    Order(&[2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9, 14, 13, 12, 17, 16, 15, 0, 19, 18]);

pub(super) const SHA256: Order = Order(&[
    20, 10, 0, 11, 1, 21, 2, 22, 12, 23, 13, 3, 14, 4, 24, 5, 25, 15, 26, 16, 6, 17, 7, 27, 8, 28, 18, 29,
    19, 9, 30, 31,
]);

pub(super) const SHA512: Order = Order(&[
    42, 21, 0, 1, 43, 22, 23, 2, 44, 45, 24, 3, 4, 46, 25, 26, 5, 47, 48, 27, 6, 7, 49, 28, 29, 8, 50, 51,
    30, 9, 10, 52, 31, 32, 11, 53, 54, 33, 12, 13, 55, 34, 35, 14, 56, 57, 36, 15, 16, 58, 37, 38, 17, 59,
    60, 39, 18, 19, 61, 40, 41, 20, 62, 63,
]);

impl Order {
    pub(super) fn encode(self, digest: &[u8]) -> String {
        let bytes: Vec<u8> =
            self.0.iter().filter_map(|place| digest.get(usize::from(*place)).copied()).collect();
        Base64::Little.encode(&bytes)
    }

    /// `None` for another number of characters, and where a byte that stands twice differs.
    pub(super) fn decode(self, text: &str, len: usize) -> Option<Secret> {
        let bytes = Base64::Little.decode(text).filter(|bytes| bytes.len() == self.0.len())?;
        let mut digest = vec![0; len];
        for (place, byte) in self.0.iter().zip(bytes.expose()) {
            *digest.get_mut(usize::from(*place))? = *byte;
        }
        (self.encode(&digest) == text).then_some(Secret::new(digest))
    }
}
