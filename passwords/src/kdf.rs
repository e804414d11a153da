//! What computes: each key derivation with its cost parameters, apart from the text that they are stored in.
//!
//! A [`Recipe`] is all that a digest depends on besides password, salt, user and key. Parsers build one only from
//! parameters that the derivation accepts; whether they are affordable is for [`Limits`](crate::Limits).

mod argon2;
mod bcrypt;
mod des_crypt;
mod digest;
mod kernels;
mod lanes;
mod md5_crypt;
mod pbkdf2;
mod phpass;
mod qnx;
mod scratch;
mod scrypt;
mod sha1_crypt;
mod sha_crypt;
mod small;
mod sun_md5;
mod yescrypt;

pub(crate) use argon2::{Argon2, Data as Argon2Data, Variant, Version};
pub(crate) use bcrypt::{BCRYPT_DIGEST_BYTES, BCRYPT_SALT_BYTES, Bcrypt};
pub(crate) use des_crypt::{
    BSDI_SALT_BYTES, DES_DIGEST_BYTES, DES_SALT_BYTES, DesCrypt, number as des_number,
};
pub(crate) use digest::Algorithm;
pub(crate) use lanes::{LaneInput, LaneKind, Lanes};
pub(crate) use md5_crypt::{MD5_CRYPT_DIGEST_BYTES, MD5_CRYPT_SALT_BYTES_MAX, Md5Crypt};
pub(crate) use pbkdf2::Pbkdf2;
pub(crate) use phpass::{DRUPAL_DIGEST_BYTES, PHPASS_SALT_BYTES, Phpass};
pub(crate) use qnx::Qnx;
pub(crate) use scratch::Scratch;
pub(crate) use scrypt::Scrypt;
pub(crate) use sha_crypt::{SHA_CRYPT_SALT_BYTES_MAX, ShaCrypt};
pub(crate) use sha1_crypt::Sha1Crypt;
pub(crate) use small::{cram_md5, lm, mysql323, oracle10};
pub(crate) use sun_md5::SunMd5;
pub(crate) use yescrypt::Yescrypt;

use crate::expression::{Expression, Inputs, NoValue};
use crate::hash::HashFailure;
use idstore_secret::Secret;
use std::fmt;
use zeroize::Zeroizing;

/// What is done to the password's bytes, what then derives, and what is done to the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Recipe {
    pub(crate) expression: &'static Expression,
    pub(crate) kdf: Kdf,
    /// How often the expression's own repetition runs, where the stored value says so.
    pub(crate) rounds: u32,
}

/// A derivation with its cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kdf {
    /// None: the expression is all there is.
    None,
    DesCrypt(DesCrypt),
    Md5Crypt(Md5Crypt),
    ShaCrypt(ShaCrypt),
    Sha1Crypt(Sha1Crypt),
    SunMd5(SunMd5),
    Phpass(Phpass),
    Pbkdf2(Pbkdf2),
    Bcrypt(Bcrypt),
    /// bcrypt of the bcrypt string, with the same salt and cost.
    DoubleBcrypt(Bcrypt),
    Scrypt(Scrypt),
    Yescrypt(Yescrypt),
    /// yescrypt within HMACs of GOST's hash.
    GostYescrypt(Yescrypt),
    Argon2(Argon2),
    /// Argon2 of the digest in hex, with the same salt and cost.
    DoubleArgon2(Argon2),
    Qnx(Qnx),
}

impl Recipe {
    /// All that goes into a digest of this length. What the expression does to the password is done here.
    pub(crate) fn derivation(&self, inputs: &Inputs<'_>, digest_len: usize) -> Derivation {
        let inputs = Inputs { rounds: self.rounds, ..*inputs };
        let secret = |bytes: Result<Zeroizing<Vec<u8>>, NoValue>| {
            bytes.ok().map(|mut bytes| Secret::new(std::mem::take(&mut *bytes)))
        };
        let password = secret(self.expression.before(&inputs));
        let salt = secret(self.expression.salt(&inputs));
        let after = self.expression.has_after().then(|| After {
            expression: self.expression,
            salt: Secret::new(inputs.salt),
            user: Secret::new(inputs.user),
            key: Secret::new(inputs.key),
            column: Secret::new(inputs.column),
        });
        Derivation { kdf: self.kdf, given: password.zip(salt), digest_len, after }
    }

    /// The longest password of which every byte counts; `None` where there is no limit.
    pub(crate) fn password_bytes_max(&self) -> Option<usize> {
        self.kdf.password_bytes_max().filter(|_| !self.expression.digests_first())
    }

    /// Whether the derivation would leave a part of this password out.
    pub(crate) fn would_cut(&self, inputs: &Inputs<'_>) -> bool {
        let Some(most) = self.password_bytes_max() else { return false };
        self.brief(inputs).is_some_and(|prepared| prepared.len() > most)
    }

    /// Whether the expression has bytes for this password.
    pub(crate) fn has_value(&self, inputs: &Inputs<'_>) -> bool {
        self.brief(inputs).is_some()
    }

    fn brief(&self, inputs: &Inputs<'_>) -> Option<Zeroizing<Vec<u8>>> {
        self.expression.before(&Inputs { rounds: self.rounds, brief: true, ..*inputs }).ok()
    }

    /// Whether the same function takes less work here. Those with several costs are compared by what they multiply to.
    pub(crate) fn is_cheaper_than(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.kdf) == std::mem::discriminant(&other.kdf) && self.work() < other.work()
    }

    /// A number that grows with the work, among recipes of the same function.
    fn work(&self) -> u64 {
        match self.kdf {
            Kdf::None => u64::from(self.rounds),
            Kdf::DesCrypt(DesCrypt::Bsdi { rounds }) => u64::from(rounds),
            Kdf::DesCrypt(_) | Kdf::Md5Crypt(_) => 0,
            Kdf::ShaCrypt(sha) => u64::from(sha.rounds()),
            Kdf::Sha1Crypt(sha1) => u64::from(sha1.rounds()),
            Kdf::SunMd5(sun) => u64::from(sun.rounds()),
            Kdf::Pbkdf2(pbkdf2) => pbkdf2.rounds_for(1),
            Kdf::Bcrypt(bcrypt) | Kdf::DoubleBcrypt(bcrypt) => u64::from(bcrypt.cost()),
            Kdf::Phpass(phpass) => u64::from(phpass.log2_rounds()),
            Kdf::Scrypt(scrypt) => scrypt.memory_kib().saturating_mul(u64::from(scrypt.parallelism())),
            Kdf::Qnx(qnx) => u64::from(qnx.rounds()),
            Kdf::Yescrypt(yescrypt) | Kdf::GostYescrypt(yescrypt) => {
                yescrypt.memory_kib().saturating_mul(u64::from(yescrypt.parallelism()))
            }
            Kdf::Argon2(argon2) | Kdf::DoubleArgon2(argon2) => {
                argon2.memory_kib().saturating_mul(u64::from(argon2.passes()))
            }
        }
    }

    /// Whether a guess costs next to nothing: DES, or fewer than a thousand rounds of a digest.
    pub(crate) fn is_weak(&self) -> bool {
        matches!(self.kdf, Kdf::DesCrypt(_)) || self.kdf == Kdf::None && self.rounds < 999
    }

    /// The memory that the derivation takes, in KiB; 0 where it is not worth counting.
    pub(crate) fn memory_kib(&self) -> u64 {
        match self.kdf {
            Kdf::Argon2(argon2) | Kdf::DoubleArgon2(argon2) => argon2.memory_kib(),
            Kdf::Scrypt(scrypt) => scrypt.memory_kib(),
            Kdf::Yescrypt(yescrypt) | Kdf::GostYescrypt(yescrypt) => yescrypt.memory_kib(),
            _ => 0,
        }
    }
}

/// A derivation with all that goes into it, ready to be computed alone or beside others.
pub(crate) struct Derivation {
    kdf: Kdf,
    /// The password as the expression prepares it, and the salt; `None` where it has no bytes for one of them.
    given: Option<(Secret, Secret)>,
    digest_len: usize,
    after: Option<After>,
}

/// What is done to the derivation's result, with what it takes beside it.
struct After {
    expression: &'static Expression,
    salt: Secret,
    user: Secret,
    key: Secret,
    column: Secret,
}

impl Derivation {
    /// The digest; an empty one, which nothing agrees with, for a password that can't be the one. Blocks for as long as
    /// the cost says.
    pub(crate) fn run(&self, scratch: &mut Scratch) -> Result<Secret, HashFailure> {
        let Some((password, salt)) = &self.given else { return Ok(none()) };
        if self.kdf == Kdf::None {
            return Ok(password.clone());
        }
        let len =
            self.after.as_ref().and_then(|after| after.expression.stage().len()).unwrap_or(self.digest_len);
        let mut out = Zeroizing::new(vec![0; len]);
        match self.kdf.derive(password.expose(), salt.expose(), &mut out, scratch) {
            Ok(()) => {}
            Err(HashFailure::Refused(_)) => return Ok(none()),
            Err(failure) => return Err(failure),
        }
        let Some(after) = &self.after else { return Ok(Secret::new(std::mem::take(&mut *out))) };
        let inputs = Inputs {
            salt: after.salt.expose(),
            user: after.user.expose(),
            key: after.key.expose(),
            column: after.column.expose(),
            derived: &out,
            ..Inputs::default()
        };
        Ok(after
            .expression
            .after(&inputs)
            .map_or_else(|_| none(), |mut bytes| Secret::new(std::mem::take(&mut *bytes))))
    }

    /// What it can share a thread with.
    pub(crate) fn lane_kind(&self) -> Option<LaneKind> {
        self.for_a_lane()?;
        self.kdf.lane_kind(self.digest_len)
    }

    /// The derivation begun for a lane; `None` where it must be computed alone, whatever its kind.
    pub(crate) fn begin(&self) -> Option<LaneInput> {
        let (password, salt) = self.for_a_lane()?;
        let (password, salt) = (password.expose(), salt.expose());
        match self.kdf {
            Kdf::Bcrypt(bcrypt) => bcrypt.lane(password, salt).ok(),
            Kdf::Pbkdf2(pbkdf2) => Some(pbkdf2.lane(password, salt)),
            Kdf::Phpass(phpass) => phpass.lane(password, salt),
            _ => None,
        }
    }

    /// What is derived from, where a lane's result is the digest: nothing is left to be done to it.
    fn for_a_lane(&self) -> Option<&(Secret, Secret)> {
        self.given.as_ref().filter(|_| self.after.is_none())
    }

    /// The digest from what a lane made, which may be longer.
    pub(crate) fn cut(&self, made: &[u8]) -> Secret {
        let mut out = Zeroizing::new(vec![0; self.digest_len]);
        copy(made, &mut out);
        Secret::new(std::mem::take(&mut *out))
    }
}

fn none() -> Secret {
    Secret::new(Vec::new())
}

/// With the password as it is.
impl From<Kdf> for Recipe {
    fn from(kdf: Kdf) -> Self {
        Self { expression: crate::schemes::plain(), kdf, rounds: 1 }
    }
}

impl Kdf {
    /// What it can share a thread with, for a digest of this length.
    pub(crate) fn lane_kind(&self, digest_len: usize) -> Option<LaneKind> {
        match self {
            Self::Bcrypt(_) => Some(LaneKind::Bcrypt),
            Self::Pbkdf2(pbkdf2) => pbkdf2.has_lanes(digest_len).then_some(LaneKind::Sha512),
            Self::Phpass(phpass) => phpass.has_lanes().then_some(LaneKind::Md5),
            _ => None,
        }
    }

    fn password_bytes_max(self) -> Option<usize> {
        match self {
            Self::Bcrypt(_) | Self::DoubleBcrypt(_) => Some(bcrypt::PASSWORD_BYTES_MAX),
            Self::DesCrypt(des) => des.password_bytes_max(),
            _ => None,
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
            Self::None => return Err(HashFailure::Parameters),
            Self::DesCrypt(des) => return des.derive(password, salt, out),
            Self::Md5Crypt(md5) => return md5.derive(password, salt, out),
            Self::Bcrypt(bcrypt) => return bcrypt.derive(password, salt, out),
            Self::DoubleBcrypt(bcrypt) => return double_bcrypt(*bcrypt, password, salt, out),
            Self::Scrypt(scrypt) => return scrypt.derive(password, salt, out),
            Self::Yescrypt(yescrypt) => return yescrypt.derive(password, salt, out, scratch),
            Self::GostYescrypt(yescrypt) => return yescrypt.derive_gost(password, salt, out, scratch),
            Self::Argon2(argon2) => return argon2.derive(password, salt, out, scratch),
            Self::DoubleArgon2(argon2) => {
                let mut inner = Zeroizing::new(vec![0; out.len()]);
                argon2.derive(password, salt, &mut inner, scratch)?;
                let hex = Zeroizing::new(crate::encoding::hex_encode(&inner));
                return argon2.derive(hex.as_bytes(), salt, out, scratch);
            }
            Self::ShaCrypt(sha) => sha.derive(password, salt, out),
            Self::Sha1Crypt(sha1) => sha1.derive(password, salt, out),
            Self::SunMd5(sun) => sun.derive(password, salt, out),
            Self::Phpass(phpass) => phpass.derive(password, salt, out),
            Self::Pbkdf2(pbkdf2) => pbkdf2.derive(password, salt, out),
            Self::Qnx(qnx) => qnx.derive(password, salt, out),
        }
        Ok(())
    }
}

/// The inner string is written as the outer one is: with `$2a$`.
fn double_bcrypt(bcrypt: Bcrypt, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
    let mut inner = Zeroizing::new(vec![0; BCRYPT_DIGEST_BYTES]);
    bcrypt.derive(password, salt, &mut inner)?;
    let text = Zeroizing::new(crate::schemes::bcrypt_text("$2a$", bcrypt, salt, &inner));
    bcrypt.derive(text.as_bytes(), salt, out)
}

/// The cost, for people: `cost 12`, `1000000 rounds`.
impl fmt::Display for Recipe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kdf {
            Kdf::None if self.rounds > 1 => write!(out, "{} rounds", self.rounds),
            Kdf::None => out.write_str("one round"),
            Kdf::DesCrypt(DesCrypt::Bsdi { rounds }) => write!(out, "{rounds} rounds"),
            Kdf::DesCrypt(_) => out.write_str("25 rounds"),
            Kdf::Md5Crypt(_) => out.write_str("1000 rounds"),
            Kdf::ShaCrypt(sha) => sha.fmt(out),
            Kdf::Sha1Crypt(sha1) => write!(out, "{} rounds", sha1.rounds()),
            Kdf::SunMd5(sun) => write!(out, "{} rounds", sun.rounds()),
            Kdf::Phpass(phpass) => phpass.fmt(out),
            Kdf::Pbkdf2(pbkdf2) => pbkdf2.fmt(out),
            Kdf::Bcrypt(bcrypt) => bcrypt.fmt(out),
            Kdf::DoubleBcrypt(bcrypt) => write!(out, "twice {bcrypt}"),
            Kdf::Scrypt(scrypt) => scrypt.fmt(out),
            Kdf::Yescrypt(yescrypt) | Kdf::GostYescrypt(yescrypt) => yescrypt.fmt(out),
            Kdf::Qnx(qnx) => write!(out, "{} rounds", qnx.rounds()),
            Kdf::Argon2(argon2) => argon2.fmt(out),
            Kdf::DoubleArgon2(argon2) => write!(out, "twice {argon2}"),
        }
    }
}

/// Copies as many bytes as `out` holds. Parsers see to it that the derivation has that many.
fn copy(from: &[u8], out: &mut [u8]) {
    for (to, byte) in out.iter_mut().zip(from) {
        *to = *byte;
    }
}
