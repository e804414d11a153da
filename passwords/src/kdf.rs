//! What computes: each key derivation with its cost parameters, apart from the text that they are stored in.
//!
//! A [`Recipe`] is all that a digest depends on besides password and salt. Parsers build one only from parameters
//! that the derivation accepts; whether they are affordable is for [`Limits`](crate::Limits).

mod argon2;
mod bcrypt;
mod des_crypt;
mod digest;
mod lanes;
mod pbkdf2;
mod phpass;
mod scratch;
mod scrypt;
mod simd;

pub(crate) use argon2::{Argon2, Variant, Version};
pub(crate) use bcrypt::{BCRYPT_DIGEST_BYTES, BCRYPT_SALT_BYTES, Bcrypt};
pub(crate) use des_crypt::{DES_DIGEST_BYTES, DES_SALT_BYTES};
pub(crate) use digest::{Algorithm, Digest, Order};
pub(crate) use lanes::{LaneInput, LaneKind, Lanes};
pub(crate) use pbkdf2::Pbkdf2;
#[allow(unused_imports, reason = "for the formats of phpass")]
pub(crate) use phpass::{PHPASS_DIGEST_BYTES, Phpass};
pub(crate) use scratch::Scratch;
pub(crate) use scrypt::Scrypt;

use crate::encoding::hex_encode;
use crate::hash::HashFailure;
use idstore_secret::Secret;
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
    #[allow(dead_code, reason = "for the formats of phpass")]
    Phpass(Phpass),
    Bcrypt(Bcrypt),
    Scrypt(Scrypt),
    Argon2(Argon2),
}

impl Recipe {
    /// All that goes into a digest of this length.
    pub(crate) fn derivation(&self, password: &Secret, salt: &Secret, digest_len: usize) -> Derivation {
        Derivation { kdf: self.kdf, password: self.prepare(password), salt: salt.clone(), digest_len }
    }

    /// What the derivation is given in place of the password.
    fn prepare(&self, password: &Secret) -> Secret {
        match self.pre {
            PreHash::None => password.clone(),
            PreHash::HexSha256 => Secret::from(hex_encode(&Algorithm::Sha256.hash(&[password.expose()]))),
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
            Kdf::Phpass(phpass) => u64::from(phpass.log2_rounds()),
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
            Kdf::Digest(_) | Kdf::DesCrypt | Kdf::Pbkdf2(_) | Kdf::Phpass(_) | Kdf::Bcrypt(_) => 0,
        }
    }
}

/// A derivation with all that goes into it, ready to be computed alone or beside others.
pub(crate) struct Derivation {
    kdf: Kdf,
    /// Prepared as the recipe says.
    password: Secret,
    salt: Secret,
    digest_len: usize,
}

impl Derivation {
    /// The digest. Blocks for as long as the cost says.
    pub(crate) fn run(&self, scratch: &mut Scratch) -> Result<Secret, HashFailure> {
        let mut out = Zeroizing::new(vec![0; self.digest_len]);
        self.kdf.derive(self.password.expose(), self.salt.expose(), &mut out, scratch)?;
        Ok(Secret::new(std::mem::take(&mut *out)))
    }

    /// What it can share a thread with.
    pub(crate) fn lane_kind(&self) -> Option<LaneKind> {
        self.kdf.lane_kind(self.digest_len)
    }

    /// The derivation begun for a lane; `None` where it must be computed alone, whatever its kind.
    pub(crate) fn begin(&self) -> Option<LaneInput> {
        let (password, salt) = (self.password.expose(), self.salt.expose());
        match self.kdf {
            Kdf::Bcrypt(bcrypt) => bcrypt.lane(password, salt).ok(),
            Kdf::Pbkdf2(pbkdf2) => Some(pbkdf2.lane(password, salt)),
            Kdf::Phpass(phpass) => phpass.lane(password, salt),
            Kdf::Digest(_) | Kdf::DesCrypt | Kdf::Scrypt(_) | Kdf::Argon2(_) => None,
        }
    }

    /// The digest from what a lane made, which may be longer.
    pub(crate) fn cut(&self, made: &[u8]) -> Secret {
        let mut out = Zeroizing::new(vec![0; self.digest_len]);
        copy(made, &mut out);
        Secret::new(std::mem::take(&mut *out))
    }
}

impl From<Kdf> for Recipe {
    fn from(kdf: Kdf) -> Self {
        Self { pre: PreHash::None, kdf }
    }
}

impl Kdf {
    /// What it can share a thread with, for a digest of this length.
    pub(crate) fn lane_kind(&self, digest_len: usize) -> Option<LaneKind> {
        match self {
            Self::Bcrypt(_) => Some(LaneKind::Bcrypt),
            Self::Pbkdf2(pbkdf2) => pbkdf2.has_lanes(digest_len).then_some(LaneKind::Sha512),
            Self::Phpass(_) => Phpass::has_lanes().then_some(LaneKind::Md5),
            Self::Digest(_) | Self::DesCrypt | Self::Scrypt(_) | Self::Argon2(_) => None,
        }
    }

    fn derive(
        &self,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<(), HashFailure> {
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
            Self::Phpass(phpass) => {
                phpass.derive(password, salt, out);
                Ok(())
            }
            Self::Bcrypt(bcrypt) => bcrypt.derive(password, salt, out),
            Self::Scrypt(scrypt) => scrypt.derive(password, salt, out),
            Self::Argon2(argon2) => argon2.derive(password, salt, out, scratch),
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
            Kdf::Phpass(phpass) => phpass.fmt(out),
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
