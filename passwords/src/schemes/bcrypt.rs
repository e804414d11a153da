//! bcrypt strings: `$2b$12$` and 22 characters of salt and 31 of digest.
//!
//! `$2a$`, `$2b$` and `$2y$` are computed alike. They differ only in how old implementations treated a length of
//! 256 bytes and more (`$2a$` of one of them) and a byte that UTF-8 does not have (`$2a$` of another). `$2x$` is
//! another function, and a scheme of its own.

use super::own::{Own, parts};
use crate::encoding::Base64;
use crate::hash::Parts;
use crate::kdf::{BCRYPT_DIGEST_BYTES, BCRYPT_SALT_BYTES, Bcrypt, Kdf};
use crate::random::Salt;
use crate::scheme::NotRead;

/// The cost of new hashes, 12: what the libraries of PHP (since 8.4), Python, Ruby and Laravel write today. A
/// quarter of a second on a current core.
const USUAL: Bcrypt = Bcrypt::new(12).expect("12 is a cost of bcrypt");

/// The cost of those who compute it twice.
const USUAL_TWICE: Bcrypt = Bcrypt::new(8).expect("8 is a cost of bcrypt");

pub(super) static OWN: &[Own] = &[
    Own {
        name: "bcrypt",
        read: |text| read(text, &["$2b$", "$2y$", "$2a$"], Kdf::Bcrypt),
        print,
        usual: || (Kdf::Bcrypt(USUAL), Salt::Bytes(BCRYPT_SALT_BYTES), BCRYPT_DIGEST_BYTES),
        at_cost: |cost| Bcrypt::new(cost?).map(Kdf::Bcrypt),
    },
    Own {
        name: "bcrypt_2x",
        read: |text| read(text, &["$2x$"], extended),
        print,
        usual: || (extended(USUAL), Salt::Bytes(BCRYPT_SALT_BYTES), BCRYPT_DIGEST_BYTES),
        at_cost: |cost| Bcrypt::new(cost?).map(extended),
    },
    Own {
        name: "double_bcrypt",
        read: |text| read(text, &["$2a$"], Kdf::DoubleBcrypt),
        print: |parts, _| print(parts, Some("2a")),
        usual: || (Kdf::DoubleBcrypt(USUAL_TWICE), Salt::Bytes(BCRYPT_SALT_BYTES), BCRYPT_DIGEST_BYTES),
        at_cost: |cost| Bcrypt::new(cost?).map(Kdf::DoubleBcrypt),
    },
];

fn extended(bcrypt: Bcrypt) -> Kdf {
    Kdf::Bcrypt(bcrypt.sign_extended())
}

fn read(text: &str, prefixes: &[&str], kdf: fn(Bcrypt) -> Kdf) -> Result<Parts, NotRead> {
    let rest = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).ok_or(NotRead::Other)?;
    fields(rest, kdf).ok_or(NotRead::Malformed)
}

/// Every place is fixed: two digits, `$`, 22 characters, 31 characters, and the end.
fn fields(rest: &str, kdf: fn(Bcrypt) -> Kdf) -> Option<Parts> {
    let (cost, rest) = rest.split_once('$')?;
    if cost.len() != 2 || !cost.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let bcrypt = Bcrypt::new(cost.parse().ok()?)?;
    let (salt, digest) = (Base64::Bcrypt.decode(rest.get(..22)?)?, Base64::Bcrypt.decode(rest.get(22..)?)?);
    let whole = salt.len() == BCRYPT_SALT_BYTES && digest.len() == BCRYPT_DIGEST_BYTES;
    if whole { Some(parts(kdf(bcrypt), salt, digest)) } else { None }
}

/// `$2b$`, or as the layout says, and the rest.
fn print(parts: &Parts, ident: Option<&str>) -> Option<String> {
    let (prefix, bcrypt) = match (parts.recipe.kdf, ident) {
        (Kdf::Bcrypt(bcrypt), _) if bcrypt.is_sign_extended() => ("$2x$", bcrypt),
        (Kdf::Bcrypt(bcrypt), None) => ("$2b$", bcrypt),
        (Kdf::Bcrypt(bcrypt), Some("2y")) => ("$2y$", bcrypt),
        (Kdf::Bcrypt(bcrypt) | Kdf::DoubleBcrypt(bcrypt), Some("2a")) => ("$2a$", bcrypt),
        _ => return None,
    };
    Some(text(prefix, bcrypt, parts.salt.expose(), parts.digest.expose()))
}

/// The string with this prefix.
pub(crate) fn text(prefix: &str, bcrypt: Bcrypt, salt: &[u8], digest: &[u8]) -> String {
    let (salt, digest) = (Base64::Bcrypt.encode(salt), Base64::Bcrypt.encode(digest));
    format!("{prefix}{:02}${salt}{digest}", bcrypt.cost())
}
