//! Everything that Django writes or has written: `name$…`, whose first field names the hasher.
//!
//! Salts are text and enter the derivation as they are written. Not self-describing among these is only the bare
//! MD5 of Django's first years.

use super::{argon2, bcrypt};
use crate::encoding::{Base64, decimal, fields, hex_decode, hex_encode};
use crate::hash::Parts;
use crate::kdf::{
    Algorithm, Argon2, DES_DIGEST_BYTES, DES_SALT_BYTES, Digest, Kdf, Order, Pbkdf2, PreHash, Scrypt,
    Variant, Version,
};
use crate::random::Salt;
use crate::scheme::{Columns, Detection, Format, NotRead, Scheme, Strength, Usual};
use crate::write::Written;
use idstore_secret::Secret;

/// The characters of a new salt: Django's own number, 131 bits.
const SALT: Salt = Salt::Alphanumeric(22);

/// The digest's length in Django's scrypt, in bytes.
const SCRYPT_DIGEST_BYTES: usize = 64;

pub(super) static SCHEMES: &[Scheme] = &[
    sound("django:pbkdf2_sha256", &Pbkdf2Text::SHA256),
    sound("django:pbkdf2_sha1", &Pbkdf2Text::SHA1),
    sound("django:argon2", &Argon2Text),
    sound("django:bcrypt_sha256", &BcryptText { prefix: "bcrypt_sha256$", pre: PreHash::HexSha256 }),
    sound("django:bcrypt", &BcryptText { prefix: "bcrypt$", pre: PreHash::None }),
    sound("django:scrypt", &ScryptText),
    weak(
        "django:sha1",
        Detection::SelfDescribing,
        &SaltedText { prefix: "sha1$", algorithm: Algorithm::Sha1 },
    ),
    weak("django:md5", Detection::SelfDescribing, &SaltedText { prefix: "md5$", algorithm: Algorithm::Md5 }),
    weak("django:unsalted_sha1", Detection::SelfDescribing, &UnsaltedText { algorithm: Algorithm::Sha1 }),
    weak("django:unsalted_md5", Detection::Declared, &UnsaltedText { algorithm: Algorithm::Md5 }),
    weak("django:crypt", Detection::SelfDescribing, &CryptText),
];

const fn sound(name: &'static str, format: &'static dyn Format) -> Scheme {
    Scheme { name, detection: Detection::SelfDescribing, strength: Strength::Sound, written: true, format }
}

/// Django itself no longer writes these.
const fn weak(name: &'static str, detection: Detection, format: &'static dyn Format) -> Scheme {
    Scheme { name, detection, strength: Strength::Weak, written: false, format }
}

/// What Django 5.2 writes.
const ROUNDS: u32 = 1_000_000;

/// `pbkdf2_sha256$1000000$salt$base64`.
struct Pbkdf2Text {
    prefix: &'static str,
    usual: Pbkdf2,
}

impl Pbkdf2Text {
    const SHA256: Self = Self {
        prefix: "pbkdf2_sha256$",
        usual: Pbkdf2::new(Algorithm::Sha256, ROUNDS).expect("Django's rounds"),
    };
    const SHA1: Self = Self {
        prefix: "pbkdf2_sha1$",
        usual: Pbkdf2::new(Algorithm::Sha1, ROUNDS).expect("Django's rounds"),
    };

    fn parts(&self, rest: &str) -> Option<Parts> {
        let [rounds, salt, digest] = fields(rest, '$')?;
        let pbkdf2 = Pbkdf2::new(self.usual.algorithm(), decimal(rounds)?)?;
        let digest = Base64::Padded.decode(digest)?;
        (!salt.is_empty() && digest.len() == pbkdf2.algorithm().len()).then(|| Parts {
            recipe: Kdf::Pbkdf2(pbkdf2).into(),
            salt: salt.into(),
            digest,
        })
    }
}

impl Format for Pbkdf2Text {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest = columns.text.strip_prefix(self.prefix).ok_or(NotRead::Other)?;
        self.parts(rest).ok_or(NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let Kdf::Pbkdf2(pbkdf2) = parts.recipe.kdf else { return None };
        let digest = Base64::Padded.encode(parts.digest.expose());
        let salt = parts.salt.expose_text()?;
        Some(Written::text(format!("{}{}${salt}${digest}", self.prefix, pbkdf2.rounds())))
    }

    fn usual(&self) -> Usual {
        Usual { recipe: Kdf::Pbkdf2(self.usual).into(), salt: SALT, digest_len: self.usual.algorithm().len() }
    }
}

/// `argon2$argon2id$v=19$…`: an Argon2 string behind the hasher's name.
struct Argon2Text;

impl Argon2Text {
    /// What Django writes since 3.2.
    const USUAL: Argon2 = Argon2::new(Variant::Id, Version::V19, 102_400, 2, 8).expect("Django's parameters");
}

impl Format for Argon2Text {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        // The string's own `$` is the one that ends the hasher's name.
        let rest =
            columns.text.strip_prefix("argon2").filter(|rest| rest.starts_with('$')).ok_or(NotRead::Other)?;
        argon2::parse(rest).map_err(|_| NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        Some(Written::text(format!("argon2{}", argon2::print(parts)?)))
    }

    fn usual(&self) -> Usual {
        Usual { recipe: Kdf::Argon2(Self::USUAL).into(), salt: SALT, digest_len: 32 }
    }
}

/// `bcrypt_sha256$$2b$12$…` and `bcrypt$$2b$12$…`.
struct BcryptText {
    prefix: &'static str,
    pre: PreHash,
}

impl Format for BcryptText {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest = columns.text.strip_prefix(self.prefix).ok_or(NotRead::Other)?;
        bcrypt::parse(rest, self.pre).map_err(|_| NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        Some(Written::text(format!("{}{}", self.prefix, bcrypt::print(parts)?)))
    }

    fn usual(&self) -> Usual {
        bcrypt::usual(self.pre)
    }
}

/// `scrypt$16384$salt$8$5$base64`: N, salt, r, p.
struct ScryptText;

impl ScryptText {
    const PREFIX: &str = "scrypt$";

    /// What Django writes since 5.1.
    const USUAL: Scrypt = Scrypt::from_n(16_384, 8, 5).expect("Django's parameters");

    fn parts(rest: &str) -> Option<Parts> {
        let [n, salt, block_size, parallelism, digest] = fields(rest, '$')?;
        let scrypt = Scrypt::from_n(decimal(n)?, decimal(block_size)?, decimal(parallelism)?)?;
        let digest = Base64::Padded.decode(digest)?;
        (!salt.is_empty() && digest.len() == SCRYPT_DIGEST_BYTES).then(|| Parts {
            recipe: Kdf::Scrypt(scrypt).into(),
            salt: salt.into(),
            digest,
        })
    }
}

impl Format for ScryptText {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest = columns.text.strip_prefix(Self::PREFIX).ok_or(NotRead::Other)?;
        Self::parts(rest).ok_or(NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let Kdf::Scrypt(scrypt) = parts.recipe.kdf else { return None };
        let digest = Base64::Padded.encode(parts.digest.expose());
        let salt = parts.salt.expose_text()?;
        let (n, block_size, parallelism) = (scrypt.n(), scrypt.block_size(), scrypt.parallelism());
        Some(Written::text(format!("{}{n}${salt}${block_size}${parallelism}${digest}", Self::PREFIX)))
    }

    fn usual(&self) -> Usual {
        Usual { recipe: Kdf::Scrypt(Self::USUAL).into(), salt: SALT, digest_len: SCRYPT_DIGEST_BYTES }
    }
}

/// `sha1$salt$hex` and `md5$salt$hex`: a digest of salt and password. Without a salt it is another hasher's.
struct SaltedText {
    prefix: &'static str,
    algorithm: Algorithm,
}

impl Format for SaltedText {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest = columns
            .text
            .strip_prefix(self.prefix)
            .filter(|rest| !rest.starts_with('$'))
            .ok_or(NotRead::Other)?;
        let [salt, digest] = fields(rest, '$').ok_or(NotRead::Malformed)?;
        digest_parts(self.algorithm, Order::SaltPass, salt, digest).ok_or(NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let digest = hex_encode(parts.digest.expose());
        Some(Written::text(format!("{}{}${digest}", self.prefix, parts.salt.expose_text()?)))
    }

    fn usual(&self) -> Usual {
        Usual {
            recipe: digest_recipe(self.algorithm, Order::SaltPass),
            salt: SALT,
            digest_len: self.algorithm.len(),
        }
    }
}

/// `sha1$$hex`; `md5$$hex`, and for MD5 the bare hex as well.
struct UnsaltedText {
    algorithm: Algorithm,
}

impl UnsaltedText {
    /// MD5 is written bare.
    fn prefix(&self) -> (&'static str, bool) {
        if self.algorithm == Algorithm::Md5 { ("md5$$", false) } else { ("sha1$$", true) }
    }
}

impl Format for UnsaltedText {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let (prefix, required) = self.prefix();
        let (hex, otherwise) = match columns.text.strip_prefix(prefix) {
            Some(hex) => (hex, NotRead::Malformed),
            None if required => return Err(NotRead::Other),
            None => (columns.text, NotRead::Other),
        };
        digest_parts(self.algorithm, Order::Pass, "", hex).ok_or(otherwise)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let (prefix, required) = self.prefix();
        let digest = hex_encode(parts.digest.expose());
        Some(Written::text(if required { format!("{prefix}{digest}") } else { digest }))
    }

    fn usual(&self) -> Usual {
        let recipe = digest_recipe(self.algorithm, Order::Pass);
        Usual { recipe, salt: Salt::None, digest_len: self.algorithm.len() }
    }
}

/// `crypt$$` and the 13 characters of a DES crypt(3), whose first two are the salt.
struct CryptText;

impl CryptText {
    const PREFIX: &str = "crypt$$";

    fn parts(text: &str) -> Option<Parts> {
        let (salt, digest) = (text.get(..DES_SALT_BYTES)?, text.get(DES_SALT_BYTES..)?);
        // Decoded only to see that it is of the alphabet: the characters themselves are the salt.
        Base64::Crypt.decode(salt)?;
        let digest = Base64::Crypt.decode(digest)?;
        (digest.len() == DES_DIGEST_BYTES).then(|| Parts {
            recipe: Kdf::DesCrypt.into(),
            salt: salt.into(),
            digest,
        })
    }
}

impl Format for CryptText {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest = columns.text.strip_prefix(Self::PREFIX).ok_or(NotRead::Other)?;
        Self::parts(rest).ok_or(NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let digest = Base64::Crypt.encode(parts.digest.expose());
        Some(Written::text(format!("{}{}{digest}", Self::PREFIX, parts.salt.expose_text()?)))
    }

    fn usual(&self) -> Usual {
        Usual {
            recipe: Kdf::DesCrypt.into(),
            salt: Salt::Alphanumeric(DES_SALT_BYTES),
            digest_len: DES_DIGEST_BYTES,
        }
    }
}

fn digest_recipe(algorithm: Algorithm, order: Order) -> crate::kdf::Recipe {
    Kdf::Digest(Digest { algorithm, order }).into()
}

fn digest_parts(algorithm: Algorithm, order: Order, salt: &str, hex: &str) -> Option<Parts> {
    let digest = hex_decode(hex).filter(|digest| digest.len() == algorithm.len())?;
    Some(Parts { recipe: digest_recipe(algorithm, order), salt: Secret::from(salt), digest })
}
