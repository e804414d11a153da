//! What computes: each key derivation with its cost parameters, apart from the text that they are stored in.
//!
//! A [`Recipe`] is all that a digest depends on besides password, salt, user and key. Parsers build one only from
//! parameters that the derivation accepts; whether they are affordable is for [`Limits`](crate::Limits).

mod argon2;
mod bcrypt;
mod bcrypt_2x;
mod des_crypt;
mod digest;
mod md5_crypt;
mod pbkdf2;
mod phpass;
mod scrypt;
mod sha1_crypt;
mod sha_crypt;
mod small;
mod sun_md5;
mod yescrypt;

pub(crate) use argon2::{Argon2, Variant, Version};
pub(crate) use bcrypt::{BCRYPT_DIGEST_BYTES, BCRYPT_SALT_BYTES, Bcrypt};
pub(crate) use des_crypt::{
    BSDI_SALT_BYTES, DES_DIGEST_BYTES, DES_SALT_BYTES, DesCrypt, number as des_number,
};
pub(crate) use digest::Algorithm;
pub(crate) use md5_crypt::{MD5_CRYPT_DIGEST_BYTES, MD5_CRYPT_SALT_BYTES_MAX, Md5Crypt};
pub(crate) use pbkdf2::Pbkdf2;
pub(crate) use phpass::{DRUPAL_DIGEST_BYTES, PHPASS_SALT_BYTES, Phpass};
pub(crate) use scrypt::Scrypt;
pub(crate) use sha_crypt::{SHA_CRYPT_SALT_BYTES_MAX, ShaCrypt};
pub(crate) use sha1_crypt::Sha1Crypt;
pub(crate) use small::{cram_md5, lm, mysql323, oracle10};
pub(crate) use sun_md5::SunMd5;
pub(crate) use yescrypt::Yescrypt;

use crate::expression::{Expression, Inputs, NoValue};
use crate::hash::HashFailure;
use crate::write::Refusal;
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
    Bcrypt2x(Bcrypt),
    /// bcrypt of the bcrypt string, with the same salt and cost.
    DoubleBcrypt(Bcrypt),
    Scrypt(Scrypt),
    Yescrypt(Yescrypt),
    Argon2(Argon2),
}

impl Recipe {
    /// Fills `out`. Blocks for as long as the cost says. A password that the expression has no bytes for is refused.
    pub(crate) fn derive(&self, inputs: &Inputs<'_>, out: &mut [u8]) -> Result<(), HashFailure> {
        let inputs = Inputs { rounds: self.rounds, ..*inputs };
        let prepared = self.expression.before(&inputs)?;
        if self.kdf == Kdf::None {
            return exactly(&prepared, out);
        }
        let salt = self.expression.salt(&inputs)?;
        if !self.expression.has_after() {
            return self.kdf.derive(&prepared, &salt, out);
        }
        let mut derived = Zeroizing::new(vec![0; self.expression.stage().len().unwrap_or(out.len())]);
        self.kdf.derive(&prepared, &salt, &mut derived)?;
        exactly(&self.expression.after(&Inputs { derived: &derived, ..inputs })?, out)
    }

    /// Whether the derivation would leave a part of this password out.
    pub(crate) fn would_cut(&self, inputs: &Inputs<'_>) -> bool {
        let Some(most) = self.kdf.password_bytes_max() else { return false };
        if self.expression.digests_first() {
            return false;
        }
        let inputs = Inputs { rounds: self.rounds, ..*inputs };
        self.expression.before(&inputs).is_ok_and(|prepared| prepared.len() > most)
    }

    /// The number of bytes that an expression without a derivation makes; `None` where there is one.
    pub(crate) fn digest_len(&self, inputs: &Inputs<'_>) -> Option<usize> {
        let inputs = Inputs { rounds: self.rounds, brief: true, ..*inputs };
        (self.kdf == Kdf::None).then(|| self.expression.before(&inputs).ok().map(|bytes| bytes.len()))?
    }

    /// The memory that the derivation takes, in KiB; 0 where it is not worth counting.
    pub(crate) fn memory_kib(&self) -> u64 {
        match self.kdf {
            Kdf::Argon2(argon2) => argon2.memory_kib(),
            Kdf::Scrypt(scrypt) => scrypt.memory_kib(),
            Kdf::Yescrypt(yescrypt) => yescrypt.memory_kib(),
            _ => 0,
        }
    }
}

impl From<NoValue> for HashFailure {
    fn from(_: NoValue) -> Self {
        Self::Refused(Refusal::Malformed)
    }
}

impl Kdf {
    fn password_bytes_max(self) -> Option<usize> {
        match self {
            Self::Bcrypt(_) | Self::Bcrypt2x(_) | Self::DoubleBcrypt(_) => Some(bcrypt::PASSWORD_BYTES_MAX),
            Self::DesCrypt(des) => des.password_bytes_max(),
            _ => None,
        }
    }

    fn derive(&self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
        match self {
            Self::None => return Err(HashFailure::Parameters),
            Self::DesCrypt(des) => return des.derive(password, salt, out),
            Self::Md5Crypt(md5) => return md5.derive(password, salt, out),
            Self::Bcrypt(bcrypt) => return bcrypt.derive(password, salt, out),
            Self::Bcrypt2x(bcrypt) => return bcrypt_2x::derive(*bcrypt, password, salt, out),
            Self::DoubleBcrypt(bcrypt) => return double_bcrypt(*bcrypt, password, salt, out),
            Self::Scrypt(scrypt) => return scrypt.derive(password, salt, out),
            Self::Yescrypt(yescrypt) => return yescrypt.derive(password, salt, out),
            Self::Argon2(argon2) => return argon2.derive(password, salt, out),
            Self::ShaCrypt(sha) => sha.derive(password, salt, out),
            Self::Sha1Crypt(sha1) => sha1.derive(password, salt, out),
            Self::SunMd5(sun) => sun.derive(password, salt, out),
            Self::Phpass(phpass) => phpass.derive(password, salt, out),
            Self::Pbkdf2(pbkdf2) => pbkdf2.derive(password, salt, out),
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
            Kdf::Bcrypt(bcrypt) | Kdf::Bcrypt2x(bcrypt) => bcrypt.fmt(out),
            Kdf::DoubleBcrypt(bcrypt) => write!(out, "twice {bcrypt}"),
            Kdf::Scrypt(scrypt) => scrypt.fmt(out),
            Kdf::Yescrypt(yescrypt) => yescrypt.fmt(out),
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

/// A digest of another length than the stored one is another password's.
fn exactly(from: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
    if from.len() != out.len() {
        return Err(HashFailure::Refused(Refusal::Malformed));
    }
    copy(from, out);
    Ok(())
}
