//! Plain bcrypt strings: `$2b$12$` and 22 characters of salt and 31 of digest.
//!
//! `$2a$`, `$2b$` and `$2y$` are computed alike. They differ only in how old implementations treated a length of
//! 256 bytes and more (`$2a$` of one of them) and a byte that UTF-8 does not have (`$2a$` of another).

use crate::encoding::Base64;
use crate::hash::Parts;
use crate::kdf::{BCRYPT_DIGEST_BYTES, BCRYPT_SALT_BYTES, Bcrypt, Kdf, PreHash, Recipe};
use crate::random::Salt;
use crate::scheme::{Columns, Detection, Format, NotRead, Scheme, Strength, Usual};
use crate::write::Written;

pub(super) static SCHEMES: &[Scheme] = &[Scheme {
    name: "bcrypt",
    detection: Detection::SelfDescribing,
    strength: Strength::Sound,
    written: true,
    format: &Plain,
}];

/// The cost of new hashes, 12: what the libraries of PHP (since 8.4), Python, Ruby and Laravel write today. A
/// quarter of a second on a current core.
const USUAL: Bcrypt = Bcrypt::new(12).expect("12 is a cost of bcrypt");

struct Plain;

impl Format for Plain {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        parse(columns.text, PreHash::None)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        print(parts).map(Written::text)
    }

    fn usual(&self) -> Usual {
        usual(PreHash::None)
    }
}

/// Parses a bcrypt string whose password was prepared in this way.
pub(super) fn parse(text: &str, pre: PreHash) -> Result<Parts, NotRead> {
    let rest =
        ["$2b$", "$2y$", "$2a$"].iter().find_map(|prefix| text.strip_prefix(prefix)).ok_or(NotRead::Other)?;
    fields(rest, pre).ok_or(NotRead::Malformed)
}

/// Every place is fixed: two digits, `$`, 22 characters, 31 characters, and the end.
fn fields(rest: &str, pre: PreHash) -> Option<Parts> {
    let (cost, rest) = rest.split_once('$')?;
    if cost.len() != 2 || !cost.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let bcrypt = Bcrypt::new(cost.parse().ok()?)?;
    let (salt, digest) = (rest.get(..22)?, rest.get(22..)?);
    let parts = Parts {
        recipe: Recipe { pre, kdf: Kdf::Bcrypt(bcrypt) },
        salt: Base64::Bcrypt.decode(salt)?,
        digest: Base64::Bcrypt.decode(digest)?,
    };
    (parts.salt.len() == BCRYPT_SALT_BYTES && parts.digest.len() == BCRYPT_DIGEST_BYTES).then_some(parts)
}

/// `$2b$` and the rest.
pub(super) fn print(parts: &Parts) -> Option<String> {
    let Kdf::Bcrypt(bcrypt) = parts.recipe.kdf else { return None };
    let salt = Base64::Bcrypt.encode(parts.salt.expose());
    let digest = Base64::Bcrypt.encode(parts.digest.expose());
    Some(format!("$2b${:02}${salt}{digest}", bcrypt.cost()))
}

/// The parameters of new hashes.
pub(super) fn usual(pre: PreHash) -> Usual {
    Usual {
        recipe: Recipe { pre, kdf: Kdf::Bcrypt(USUAL) },
        salt: Salt::Bytes(BCRYPT_SALT_BYTES),
        digest_len: BCRYPT_DIGEST_BYTES,
    }
}
