//! Plain digests: one round over password and salt in some order.
//!
//! [`Order`] is the place where an expression language would stand: everything else knows a [`Digest`] only as
//! something that turns password and salt into bytes.

use super::copy;
use zeroize::Zeroizing;

/// A digest function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// What is digested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Order {
    /// The password alone.
    Pass,
    PassSalt,
    SaltPass,
    SaltPassSalt,
}

/// A digest function with what goes into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Digest {
    pub(crate) algorithm: Algorithm,
    pub(crate) order: Order,
}

impl Digest {
    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) {
        let digest = match self.order {
            Order::Pass => self.algorithm.hash(&[password]),
            Order::PassSalt => self.algorithm.hash(&[password, salt]),
            Order::SaltPass => self.algorithm.hash(&[salt, password]),
            Order::SaltPassSalt => self.algorithm.hash(&[salt, password, salt]),
        };
        copy(&digest, out);
    }
}

impl Algorithm {
    /// The digest's length, in bytes.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of the pieces in this order.
    pub(crate) fn hash(self, pieces: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Md5 => hash_with::<md5::Md5>(pieces),
            Self::Sha1 => hash_with::<sha1::Sha1>(pieces),
            Self::Sha224 => hash_with::<sha2::Sha224>(pieces),
            Self::Sha256 => hash_with::<sha2::Sha256>(pieces),
            Self::Sha384 => hash_with::<sha2::Sha384>(pieces),
            Self::Sha512 => hash_with::<sha2::Sha512>(pieces),
        }
    }
}

impl Order {
    /// Whether a salt goes in.
    pub(crate) fn has_salt(self) -> bool {
        self != Self::Pass
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
        for algorithm in [
            Algorithm::Md5,
            Algorithm::Sha1,
            Algorithm::Sha224,
            Algorithm::Sha256,
            Algorithm::Sha384,
            Algorithm::Sha512,
        ] {
            assert_eq!(algorithm.hash(&[b"x"]).len(), algorithm.len(), "{algorithm:?}");
        }
    }
}
