//! PBKDF2 strings of two dialects that share a prefix:
//!
//! - Passlib's, `$pbkdf2-sha256$29000$salt$digest` in base64 with dots, where `$pbkdf2$` is SHA-1. Odoo, CKAN,
//!   Frappe, GitLab and TYPO3 write it too.
//! - PHC's, `$pbkdf2-sha256$i=600000,l=32$salt$digest` in plain base64, the length optional.

use crate::encoding::{Base64, decimal, fields};
use crate::hash::Parts;
use crate::kdf::{Algorithm, Kdf, Pbkdf2};
use crate::random::Salt;
use crate::scheme::{Columns, Detection, Format, NotRead, Scheme, Strength, Usual};
use crate::write::Written;

/// The digests of PHC strings have any length; one shorter than 128 bits was cut off.
const DIGEST_BYTES_MIN: usize = 16;

macro_rules! schemes {
    ($($name:literal: $format:ident($prefix:literal, $algorithm:ident, $rounds:literal), $written:literal;)*) => {
        &[$(Scheme {
            name: $name,
            detection: Detection::SelfDescribing,
            strength: Strength::Sound,
            written: $written,
            format: &$format {
                prefix: $prefix,
                usual: Pbkdf2::new(Algorithm::$algorithm, $rounds).expect("some rounds"),
            },
        }),*]
    };
}

// New hashes of passlib's form get the rounds of passlib 1.7.4 itself. PHC's form has no original to follow: it is
// not written, and a stand-in before the first login takes OWASP's rounds.
pub(super) static SCHEMES: &[Scheme] = schemes! {
    "passlib:pbkdf2_sha256": Passlib("$pbkdf2-sha256$", Sha256, 29_000), true;
    "passlib:pbkdf2_sha512": Passlib("$pbkdf2-sha512$", Sha512, 25_000), true;
    "passlib:pbkdf2_sha1": Passlib("$pbkdf2$", Sha1, 131_000), true;
    "phc:pbkdf2_sha256": Phc("$pbkdf2-sha256$", Sha256, 600_000), false;
    "phc:pbkdf2_sha512": Phc("$pbkdf2-sha512$", Sha512, 210_000), false;
    "phc:pbkdf2_sha1": Phc("$pbkdf2-sha1$", Sha1, 1_300_000), false;
};

/// Passlib's dialect.
struct Passlib {
    prefix: &'static str,
    usual: Pbkdf2,
}

impl Format for Passlib {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest =
            columns.text.strip_prefix(self.prefix).filter(|rest| !is_phc(rest)).ok_or(NotRead::Other)?;
        self.parts(rest).ok_or(NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let Kdf::Pbkdf2(pbkdf2) = parts.recipe.kdf else { return None };
        let salt = Base64::Dotted.encode(parts.salt.expose());
        let digest = Base64::Dotted.encode(parts.digest.expose());
        Some(Written::text(format!("{}{}${salt}${digest}", self.prefix, pbkdf2.rounds())))
    }

    fn usual(&self) -> Usual {
        usual(self.usual)
    }
}

impl Passlib {
    /// An empty salt is legal; the digest has the function's own length.
    fn parts(&self, rest: &str) -> Option<Parts> {
        let [rounds, salt, digest] = fields(rest, '$')?;
        let pbkdf2 = Pbkdf2::new(self.usual.algorithm(), decimal(rounds)?)?;
        let (salt, digest) = (Base64::Dotted.decode(salt)?, Base64::Dotted.decode(digest)?);
        (digest.len() == pbkdf2.algorithm().len()).then_some(Parts {
            recipe: Kdf::Pbkdf2(pbkdf2).into(),
            salt,
            digest,
        })
    }
}

/// PHC's dialect.
struct Phc {
    prefix: &'static str,
    usual: Pbkdf2,
}

impl Format for Phc {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest =
            columns.text.strip_prefix(self.prefix).filter(|rest| is_phc(rest)).ok_or(NotRead::Other)?;
        self.parts(rest).ok_or(NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let Kdf::Pbkdf2(pbkdf2) = parts.recipe.kdf else { return None };
        let salt = Base64::Unpadded.encode(parts.salt.expose());
        let digest = Base64::Unpadded.encode(parts.digest.expose());
        let (rounds, length) = (pbkdf2.rounds(), parts.digest.len());
        Some(Written::text(format!("{}i={rounds},l={length}${salt}${digest}", self.prefix)))
    }

    fn usual(&self) -> Usual {
        usual(self.usual)
    }
}

impl Phc {
    fn parts(&self, rest: &str) -> Option<Parts> {
        let [cost, salt, digest] = fields(rest, '$')?;
        let (rounds, length) = match cost.split_once(',') {
            Some((rounds, length)) => (rounds, Some(decimal(length.strip_prefix("l=")?)?)),
            None => (cost, None),
        };
        let pbkdf2 = Pbkdf2::new(self.usual.algorithm(), decimal(rounds.strip_prefix("i=")?)?)?;
        let (salt, digest) = (Base64::Unpadded.decode(salt)?, Base64::Unpadded.decode(digest)?);
        let whole = length.is_none_or(|length| usize::try_from(length) == Ok(digest.len()));
        (whole && digest.len() >= DIGEST_BYTES_MIN).then_some(Parts {
            recipe: Kdf::Pbkdf2(pbkdf2).into(),
            salt,
            digest,
        })
    }
}

/// What tells the dialects apart behind the prefix.
fn is_phc(rest: &str) -> bool {
    rest.starts_with("i=")
}

fn usual(pbkdf2: Pbkdf2) -> Usual {
    Usual { recipe: Kdf::Pbkdf2(pbkdf2).into(), salt: Salt::Bytes(16), digest_len: pbkdf2.algorithm().len() }
}
