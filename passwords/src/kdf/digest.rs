//! The digest functions and HMAC over them. What they are applied to is said by an
//! [`Expression`](crate::expression::Expression).

use hmac::{KeyInit as _, Mac as _, SimpleHmac};
use zeroize::Zeroizing;

/// The state that MD5 begins with (RFC 1321, 3.3).
pub(super) const MD5_INITIAL: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// A digest function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Md4,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
    Ripemd160,
    Whirlpool,
    Streebog256,
    Streebog512,
}

/// Runs the expression with `$digest` as the function's type.
macro_rules! with {
    ($algorithm:expr, $digest:ident => $run:expr) => {
        match $algorithm {
            Algorithm::Md4 => {
                type $digest = md4::Md4;
                $run
            }
            Algorithm::Md5 => {
                type $digest = md5::Md5;
                $run
            }
            Algorithm::Sha1 => {
                type $digest = sha1::Sha1;
                $run
            }
            Algorithm::Sha224 => {
                type $digest = sha2::Sha224;
                $run
            }
            Algorithm::Sha256 => {
                type $digest = sha2::Sha256;
                $run
            }
            Algorithm::Sha384 => {
                type $digest = sha2::Sha384;
                $run
            }
            Algorithm::Sha512 => {
                type $digest = sha2::Sha512;
                $run
            }
            Algorithm::Sha3_224 => {
                type $digest = sha3::Sha3_224;
                $run
            }
            Algorithm::Sha3_256 => {
                type $digest = sha3::Sha3_256;
                $run
            }
            Algorithm::Sha3_384 => {
                type $digest = sha3::Sha3_384;
                $run
            }
            Algorithm::Sha3_512 => {
                type $digest = sha3::Sha3_512;
                $run
            }
            Algorithm::Ripemd160 => {
                type $digest = ripemd::Ripemd160;
                $run
            }
            Algorithm::Whirlpool => {
                type $digest = whirlpool::Whirlpool;
                $run
            }
            Algorithm::Streebog256 => {
                type $digest = streebog::Streebog256;
                $run
            }
            Algorithm::Streebog512 => {
                type $digest = streebog::Streebog512;
                $run
            }
        }
    };
}

impl Algorithm {
    /// Every function with its name in expressions.
    pub(crate) const ALL: [(&'static str, Self); 15] = [
        ("md4", Self::Md4),
        ("md5", Self::Md5),
        ("sha1", Self::Sha1),
        ("sha224", Self::Sha224),
        ("sha256", Self::Sha256),
        ("sha384", Self::Sha384),
        ("sha512", Self::Sha512),
        ("sha3_224", Self::Sha3_224),
        ("sha3_256", Self::Sha3_256),
        ("sha3_384", Self::Sha3_384),
        ("sha3_512", Self::Sha3_512),
        ("ripemd160", Self::Ripemd160),
        ("whirlpool", Self::Whirlpool),
        ("streebog256", Self::Streebog256),
        ("streebog512", Self::Streebog512),
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(own, _)| *own == name).map(|(_, algorithm)| *algorithm)
    }

    /// The digest's length, in bytes.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Md4 | Self::Md5 => 16,
            Self::Sha1 | Self::Ripemd160 => 20,
            Self::Sha224 | Self::Sha3_224 => 28,
            Self::Sha256 | Self::Sha3_256 | Self::Streebog256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 | Self::Whirlpool | Self::Streebog512 => 64,
        }
    }

    /// The digest of the pieces in this order.
    pub(crate) fn hash(self, pieces: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        with!(self, D => hash_with::<D>(pieces))
    }

    /// HMAC (RFC 2104). Every length of key is one of HMAC's.
    pub(crate) fn hmac(self, key: &[u8], message: &[u8]) -> Zeroizing<Vec<u8>> {
        with!(self, D => {
            let Ok(mut mac) = SimpleHmac::<D>::new_from_slice(key) else { return Zeroizing::new(Vec::new()) };
            mac.update(message);
            Zeroizing::new(mac.finalize().into_bytes().to_vec())
        })
    }

    /// PBKDF2 over HMAC with this function.
    pub(crate) fn pbkdf2(self, password: &[u8], salt: &[u8], rounds: u32, out: &mut [u8]) {
        with!(self, D => {
            // The only failure is a key that HMAC does not take, and it takes every key.
            let _never = pbkdf2::pbkdf2::<SimpleHmac<D>>(password, salt, rounds, out);
        });
    }
}

fn hash_with<D: sha2::Digest>(pieces: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut hasher = D::new();
    for piece in pieces {
        hasher.update(piece);
    }
    Zeroizing::new(hasher.finalize().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_what_the_function_makes() {
        for (name, algorithm) in Algorithm::ALL {
            assert_eq!(algorithm.hash(&[b"x"]).len(), algorithm.len(), "{name}");
            assert_eq!(algorithm.hmac(b"key", b"x").len(), algorithm.len(), "{name}");
        }
    }
}
