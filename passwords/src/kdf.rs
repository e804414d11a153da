//! What computes: each key derivation with its cost parameters, apart from the text that they are stored in.
//!
//! A [`Recipe`] is all that a digest depends on besides password and salt. Parsers build one only from parameters
//! that the derivation accepts; whether they are affordable is for [`Limits`](crate::Limits).

mod argon2;
mod bcrypt;
mod des_crypt;
mod digest;
mod pbkdf2;
mod scrypt;

pub(crate) use argon2::{Argon2, Variant, Version};
pub(crate) use bcrypt::{BCRYPT_DIGEST_BYTES, BCRYPT_SALT_BYTES, Bcrypt};
pub(crate) use des_crypt::{DES_DIGEST_BYTES, DES_SALT_BYTES};
pub(crate) use digest::{Algorithm, Digest, Order};
pub(crate) use pbkdf2::Pbkdf2;
pub(crate) use scrypt::Scrypt;

use crate::encoding::hex_encode;
use crate::hash::HashFailure;
use std::fmt;
use zeroize::Zeroizing;

/// What is done to the password's bytes, and what then derives the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Recipe {
    pub(crate) pre: PreHash,
    pub(crate) kdf: Kdf,
}

/// What becomes of the password before the derivation proper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PreHash {
    /// Nothing.
    None,
    /// Its SHA-256 in lower-case hex, which lifts bcrypt's limit of 72 bytes.
    HexSha256,
}

/// A derivation with its cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kdf {
    Digest(Digest),
    DesCrypt,
    Pbkdf2(Pbkdf2),
    Bcrypt(Bcrypt),
    Scrypt(Scrypt),
    Argon2(Argon2),
}

impl Recipe {
    /// Fills `out`. Blocks for as long as the cost says.
    pub(crate) fn derive(&self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
        match self.pre {
            PreHash::None => self.kdf.derive(password, salt, out),
            PreHash::HexSha256 => {
                let digest = Algorithm::Sha256.hash(&[password]);
                let hex = Zeroizing::new(hex_encode(&digest));
                self.kdf.derive(hex.as_bytes(), salt, out)
            }
        }
    }

    /// The longest password of which every byte counts; `None` where there is no limit.
    pub(crate) fn password_bytes_max(&self) -> Option<usize> {
        match (self.pre, self.kdf) {
            (PreHash::None, Kdf::Bcrypt(_)) => Some(bcrypt::PASSWORD_BYTES_MAX),
            (PreHash::None, Kdf::DesCrypt) => Some(des_crypt::PASSWORD_BYTES_MAX),
            _ => None,
        }
    }

    /// Whether the same function takes less work here. Those with several costs are compared by what they multiply to.
    pub(crate) fn is_cheaper_than(&self, other: &Self) -> bool {
        let work = |kdf: Kdf| match kdf {
            Kdf::Digest(_) | Kdf::DesCrypt => 0,
            Kdf::Pbkdf2(pbkdf2) => pbkdf2.rounds_for(1),
            Kdf::Bcrypt(bcrypt) => u64::from(bcrypt.cost()),
            Kdf::Scrypt(scrypt) => scrypt.memory_kib().saturating_mul(u64::from(scrypt.parallelism())),
            Kdf::Argon2(argon2) => argon2.memory_kib().saturating_mul(u64::from(argon2.passes())),
        };
        std::mem::discriminant(&self.kdf) == std::mem::discriminant(&other.kdf)
            && work(self.kdf) < work(other.kdf)
    }

    /// The memory that the derivation takes, in KiB; 0 where it is not worth counting.
    pub(crate) fn memory_kib(&self) -> u64 {
        match self.kdf {
            Kdf::Argon2(argon2) => argon2.memory_kib(),
            Kdf::Scrypt(scrypt) => scrypt.memory_kib(),
            Kdf::Digest(_) | Kdf::DesCrypt | Kdf::Pbkdf2(_) | Kdf::Bcrypt(_) => 0,
        }
    }
}

impl From<Kdf> for Recipe {
    fn from(kdf: Kdf) -> Self {
        Self { pre: PreHash::None, kdf }
    }
}

impl Kdf {
    fn derive(&self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
        match self {
            Self::Digest(digest) => {
                digest.derive(password, salt, out);
                Ok(())
            }
            Self::DesCrypt => des_crypt::derive(password, salt, out),
            Self::Pbkdf2(pbkdf2) => {
                pbkdf2.derive(password, salt, out);
                Ok(())
            }
            Self::Bcrypt(bcrypt) => bcrypt.derive(password, salt, out),
            Self::Scrypt(scrypt) => scrypt.derive(password, salt, out),
            Self::Argon2(argon2) => argon2.derive(password, salt, out),
        }
    }
}

/// The cost, for people: `cost 12`, `1000000 rounds`.
impl fmt::Display for Recipe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kdf {
            Kdf::Digest(_) => out.write_str("one round"),
            Kdf::DesCrypt => out.write_str("25 rounds"),
            Kdf::Pbkdf2(pbkdf2) => pbkdf2.fmt(out),
            Kdf::Bcrypt(bcrypt) => bcrypt.fmt(out),
            Kdf::Scrypt(scrypt) => scrypt.fmt(out),
            Kdf::Argon2(argon2) => argon2.fmt(out),
        }
    }
}

/// Copies as many bytes as `out` holds. Parsers see to it that the derivation has that many.
fn copy(from: &[u8], out: &mut [u8]) {
    for (to, byte) in out.iter_mut().zip(from) {
        *to = *byte;
    }
}
