//! Hashes whose parts stand in several columns.

use crate::encoding::{Base64, decimal, hex_decode, hex_encode};
use crate::expression::Expression;
use crate::hash::{Bound, Parts};
use crate::kdf::{
    Algorithm, Argon2, BCRYPT_DIGEST_BYTES, BCRYPT_SALT_BYTES, Bcrypt, Kdf, Pbkdf2, Recipe, Scrypt, Variant,
    Version,
};
use crate::random::Salt;
use crate::scheme::{Columns, Format, NotRead, Usual};
use crate::schemes::bcrypt_text;
use crate::schemes::own::parts;
use crate::write::Written;
use idstore_secret::Secret;

/// A bcrypt string cut in two: 29 characters in the salt's column, 31 in the digest's; the key behind the password.
pub(super) struct Split;

/// Gitea's and Forgejo's: hex, the salt in a column, and the function with its parameters in another
/// (`pbkdf2$50000$50`).
pub(super) struct Gitea(pub(super) &'static str);

impl Format for Split {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let digest = Base64::Bcrypt.decode(columns.text).filter(|digest| digest.len() == BCRYPT_DIGEST_BYTES);
        let digest = digest.filter(|_| columns.text.len() == 31).ok_or(NotRead::Other)?;
        let salt = columns.salt.ok_or(NotRead::MissingSalt)?;
        let key = columns.key.ok_or(NotRead::MissingKey)?;
        let (kdf, salt) = bcrypt_salt(salt).ok_or(NotRead::Malformed)?;
        let expression = with_key().ok_or(NotRead::Malformed)?;
        let bound = Bound { key: Some(Secret::new(key)), ..Bound::default() };
        Ok(Parts { recipe: Recipe { expression, kdf, rounds: 1 }, salt, digest, bound })
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let Kdf::Bcrypt(bcrypt) = parts.recipe.kdf else { return None };
        let text = bcrypt_text("$2y$", bcrypt, parts.salt.expose(), parts.digest.expose());
        let (salt, digest) = text.split_at_checked(29)?;
        Some(Written { hash: digest.into(), salt: Some(salt.into()), parameters: None })
    }

    fn usual(&self) -> Usual {
        let plain =
            Usual::of(Bcrypt::new(11).map(Kdf::Bcrypt), Salt::Bytes(BCRYPT_SALT_BYTES), BCRYPT_DIGEST_BYTES);
        let expression = with_key().unwrap_or(plain.recipe.expression);
        Usual { recipe: Recipe { expression, ..plain.recipe }, ..plain }
    }

    fn needs_salt_column(&self) -> bool {
        true
    }

    fn takes_key(&self) -> bool {
        true
    }

    fn needs_key(&self) -> bool {
        true
    }
}

fn with_key() -> Option<&'static Expression> {
    expression!("bcrypt(pass . key)")
}

/// `$2y$11$` and 22 characters.
fn bcrypt_salt(text: &[u8]) -> Option<(Kdf, Secret)> {
    let text = std::str::from_utf8(text).ok()?;
    let rest = ["$2y$", "$2a$", "$2b$"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
    let (cost, salt) = rest.split_once('$')?;
    let bcrypt = Bcrypt::new(cost.parse().ok()?)?;
    let salt = Base64::Bcrypt.decode(salt).filter(|salt| salt.len() == BCRYPT_SALT_BYTES)?;
    Some((Kdf::Bcrypt(bcrypt), salt))
}

impl Format for Gitea {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let digest = hex_decode(columns.text).filter(|digest| digest.len() >= 16).ok_or(NotRead::Other)?;
        let salt = columns.salt.ok_or(NotRead::MissingSalt)?;
        let parameters = columns.parameters.unwrap_or(self.default());
        let json = serde_json::from_str::<serde_json::Value>(parameters).ok();
        let named = json.as_ref().and_then(|object| object.get("passwd_hash_algo")?.as_str());
        let (kdf, len) = self.kdf(named.unwrap_or(parameters)).ok_or(NotRead::MissingParameters)?;
        let salt = gitea_salt(salt).ok_or(NotRead::Malformed)?;
        if digest.len() != len {
            return Err(NotRead::Malformed);
        }
        Ok(parts(kdf, salt, digest))
    }

    /// As the default of today's release, whose name the parameters' column then has to hold.
    fn print(&self, parts: &Parts) -> Option<Written> {
        Some(Written {
            hash: hex_encode(parts.digest.expose()).into(),
            salt: Some(hex_encode(parts.salt.expose()).into()),
            parameters: Some(self.default().to_owned()),
        })
    }

    fn usual(&self) -> Usual {
        let (kdf, len) = self.kdf(self.default()).unzip();
        Usual::of(kdf, Salt::Bytes(16), len.unwrap_or(50))
    }

    fn needs_salt_column(&self) -> bool {
        true
    }
}

impl Gitea {
    /// What it writes today.
    fn default(&self) -> &'static str {
        match self.0 {
            "argon2" => "argon2$2$65536$8$50",
            "scrypt" => "scrypt$65536$16$2$50",
            _ => "pbkdf2$50000$50",
        }
    }

    fn kdf(&self, text: &str) -> Option<(Kdf, usize)> {
        let mut words = text.split('$');
        let name = words.next()?;
        let numbers = words.map(decimal).collect::<Option<Vec<_>>>()?;
        let (kdf, len) = match (name, numbers.as_slice()) {
            ("pbkdf2" | "pbkdf2_hi", [rounds, len]) => {
                (Pbkdf2::new(Algorithm::Sha256, *rounds).map(Kdf::Pbkdf2), *len)
            }
            // What a name alone means: the defaults of the releases that wrote it.
            ("pbkdf2" | "pbkdf2_v1", []) => (Pbkdf2::new(Algorithm::Sha256, 10_000).map(Kdf::Pbkdf2), 50),
            ("pbkdf2_v2", []) => (Pbkdf2::new(Algorithm::Sha256, 50_000).map(Kdf::Pbkdf2), 50),
            ("pbkdf2_hi", []) => (Pbkdf2::new(Algorithm::Sha256, 320_000).map(Kdf::Pbkdf2), 50),
            ("argon2", [passes, memory, lanes, len]) => {
                (Argon2::new(Variant::Id, Version::V19, *memory, *passes, *lanes).map(Kdf::Argon2), *len)
            }
            (own, []) if own == self.0 => return self.kdf(self.default()),
            ("scrypt", [n, r, p, len]) => (Scrypt::from_n(*n, *r, *p).map(Kdf::Scrypt), *len),
            _ => return None,
        };
        let same = name.split('_').next() == Some(self.0);
        Some((kdf.filter(|_| same)?, usize::try_from(len).ok()?))
    }
}

/// Ten characters are text, as before Gitea 1.13; any other number is hex.
fn gitea_salt(salt: &[u8]) -> Option<Secret> {
    if salt.len() == 10 { Some(Secret::new(salt)) } else { hex_decode(std::str::from_utf8(salt).ok()?) }
}
