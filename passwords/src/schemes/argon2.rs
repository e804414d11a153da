//! Argon2 strings: `$argon2id$v=19$m=65536,t=3,p=4$salt$digest`, base64 without padding.
//!
//! Without `v=` the version is 16. The optional `keyid=` and `data=` are not read: no library writes them.

use super::own::{Own, parts};
use crate::encoding::{Base64, decimal, fields};
use crate::hash::Parts;
use crate::kdf::{Argon2, Kdf, Variant, Version};
use crate::random::Salt;
use crate::scheme::NotRead;

/// The cost of new hashes: Argon2id with 19 MiB and two passes, the first of OWASP's recommendations. Every library
/// reads it, and a small machine can afford a few at a time.
const USUAL: Argon2 = Argon2::new(Variant::Id, Version::V19, 19 * 1024, 2, 1).expect("OWASP's parameters");

pub(super) static OWN: &[Own] = &[Own {
    name: "argon2",
    read: parse,
    print: |parts, how| print(parts).filter(|text| how.is_none_or(|how| text.starts_with(how))),
    usual: || (Kdf::Argon2(USUAL), Salt::Bytes(16), 32),
    at_cost: |_| None,
}];

const VARIANTS: [(&str, Variant); 3] =
    [("$argon2id$", Variant::Id), ("$argon2i$", Variant::I), ("$argon2d$", Variant::D)];

/// Parses an Argon2 string.
fn parse(text: &str) -> Result<Parts, NotRead> {
    let (rest, variant) = VARIANTS
        .iter()
        .find_map(|(prefix, variant)| Some((text.strip_prefix(prefix)?, *variant)))
        .ok_or(NotRead::Other)?;
    values(rest, variant).ok_or(NotRead::Malformed)
}

/// The order `m`, `t`, `p` is fixed, as in the reference implementation.
fn values(rest: &str, variant: Variant) -> Option<Parts> {
    let (version, rest) = version(rest)?;
    let [cost, salt, digest] = fields(rest, '$')?;
    let [memory, passes, lanes] = fields(cost, ',')?;
    let number = |field: &str, key| decimal(field.strip_prefix(key)?);
    let argon2 =
        Argon2::new(variant, version, number(memory, "m=")?, number(passes, "t=")?, number(lanes, "p=")?)?;
    let (salt, digest) = (Base64::Unpadded.decode(salt)?, Base64::Unpadded.decode(digest)?);
    if Argon2::fits(salt.expose(), digest.expose()) {
        Some(parts(Kdf::Argon2(argon2), salt, digest))
    } else {
        None
    }
}

fn version(rest: &str) -> Option<(Version, &str)> {
    let Some(rest) = rest.strip_prefix("v=") else { return Some((Version::V16, rest)) };
    match rest.split_once('$')? {
        ("16", rest) => Some((Version::V16, rest)),
        ("19", rest) => Some((Version::V19, rest)),
        _ => None,
    }
}

/// The string, always with its version.
fn print(parts: &Parts) -> Option<String> {
    let Kdf::Argon2(argon2) = parts.recipe.kdf else { return None };
    let (prefix, _) = VARIANTS.iter().find(|(_, variant)| *variant == argon2.variant())?;
    let version = match argon2.version() {
        Version::V16 => 16,
        Version::V19 => 19,
    };
    let salt = Base64::Unpadded.encode(parts.salt.expose());
    let digest = Base64::Unpadded.encode(parts.digest.expose());
    let (memory, passes, lanes) = (argon2.memory_kib(), argon2.passes(), argon2.lanes());
    Some(format!("{prefix}v={version}$m={memory},t={passes},p={lanes}${salt}${digest}"))
}
