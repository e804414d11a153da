//! Plain digests of one round, in hex or base64. Nothing in them says what they are, so that all must be declared,
//! and all are weak. A salt stands in a column of its own and is taken as it is written there.

use crate::encoding::{Base64, hex_decode, hex_encode};
use crate::hash::Parts;
use crate::kdf::{Algorithm, Digest, Kdf, Order};
use crate::random::Salt;
use crate::scheme::{Columns, Detection, Format, NotRead, Scheme, Strength, Usual};
use crate::write::Written;
use idstore_secret::Secret;

/// The salts of new passwords, in characters: 95 bits, and narrow enough for most salt columns.
const SALT_CHARACTERS: usize = 16;

macro_rules! schemes {
    ($($name:literal: $algorithm:ident, $order:ident, $spelling:ident;)*) => {
        &[$(Scheme {
            name: $name,
            detection: Detection::Declared,
            strength: Strength::Weak,
            written: true,
            format: &Plain {
                digest: Digest { algorithm: Algorithm::$algorithm, order: Order::$order },
                spelling: Spelling::$spelling,
            },
        }),*]
    };
}

pub(super) static SCHEMES: &[Scheme] = schemes! {
    "hex_md5": Md5, Pass, Hex;
    "hex_sha1": Sha1, Pass, Hex;
    "hex_sha224": Sha224, Pass, Hex;
    "hex_sha256": Sha256, Pass, Hex;
    "hex_sha384": Sha384, Pass, Hex;
    "hex_sha512": Sha512, Pass, Hex;
    "md5:base64": Md5, Pass, Base64;
    "md5:pass.salt": Md5, PassSalt, Either;
    "md5:salt.pass": Md5, SaltPass, Either;
    "md5:salt.pass.salt": Md5, SaltPassSalt, Either;
    "sha1:base64": Sha1, Pass, Base64;
    "sha1:pass.salt": Sha1, PassSalt, Either;
    "sha1:salt.pass": Sha1, SaltPass, Either;
    "sha1:salt.pass.salt": Sha1, SaltPassSalt, Either;
    "sha224:base64": Sha224, Pass, Base64;
    "sha224:pass.salt": Sha224, PassSalt, Either;
    "sha224:salt.pass": Sha224, SaltPass, Either;
    "sha224:salt.pass.salt": Sha224, SaltPassSalt, Either;
    "sha256:base64": Sha256, Pass, Base64;
    "sha256:pass.salt": Sha256, PassSalt, Either;
    "sha256:salt.pass": Sha256, SaltPass, Either;
    "sha256:salt.pass.salt": Sha256, SaltPassSalt, Either;
    "sha384:base64": Sha384, Pass, Base64;
    "sha384:pass.salt": Sha384, PassSalt, Either;
    "sha384:salt.pass": Sha384, SaltPass, Either;
    "sha384:salt.pass.salt": Sha384, SaltPassSalt, Either;
    "sha512:base64": Sha512, Pass, Base64;
    "sha512:pass.salt": Sha512, PassSalt, Either;
    "sha512:salt.pass": Sha512, SaltPass, Either;
    "sha512:salt.pass.salt": Sha512, SaltPassSalt, Either;
};

/// One digest in one spelling.
struct Plain {
    digest: Digest,
    spelling: Spelling,
}

/// How the digest's bytes are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Hex,
    Base64,
    /// Told apart by the length; written in hex.
    Either,
}

impl Format for Plain {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let digest = self.decode(columns.text).ok_or(NotRead::Other)?;
        let salt = match (self.digest.order.has_salt(), columns.salt) {
            (false, _) => Secret::new(Vec::new()),
            (true, Some(salt)) => Secret::new(salt),
            (true, None) => return Err(NotRead::MissingSalt),
        };
        Ok(Parts { recipe: Kdf::Digest(self.digest).into(), salt, digest })
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let text = match self.spelling {
            Spelling::Hex | Spelling::Either => hex_encode(parts.digest.expose()),
            Spelling::Base64 => Base64::Padded.encode(parts.digest.expose()),
        };
        let salt = self.digest.order.has_salt().then(|| parts.salt.clone());
        Some(Written { hash: Secret::from(text), salt })
    }

    fn usual(&self) -> Usual {
        let salt =
            if self.digest.order.has_salt() { Salt::Alphanumeric(SALT_CHARACTERS) } else { Salt::None };
        Usual { recipe: Kdf::Digest(self.digest).into(), salt, digest_len: self.digest.algorithm.len() }
    }
}

impl Plain {
    /// Exactly the digest's own number of bytes. No length of hex is one of base64 for the same digest.
    fn decode(&self, text: &str) -> Option<Secret> {
        let bytes = match self.spelling {
            Spelling::Hex => hex_decode(text),
            Spelling::Base64 => Base64::Padded.decode(text),
            Spelling::Either => {
                let is_hex = Some(text.len()) == self.digest.algorithm.len().checked_mul(2);
                if is_hex { hex_decode(text) } else { Base64::Padded.decode(text) }
            }
        };
        bytes.filter(|bytes| bytes.len() == self.digest.algorithm.len())
    }
}
