//! Argon2 strings: `$argon2id$v=19$m=65536,t=3,p=4$salt$digest`, base64 without padding.
//!
//! Without `v=` the version is 16. Behind the costs `keyid=` may stand, the name of a key that the function does not take
//! in, and `data=`, which it does.
//! Shiro 2 has the passes before the memory, and padding.

use super::own::{Own, parts};
use crate::encoding::{Base64, decimal, fields};
use crate::hash::Parts;
use crate::kdf::{Argon2, Argon2Data, Kdf, Variant, Version};
use crate::random::Salt;
use crate::scheme::NotRead;

/// The cost of new hashes: Argon2id with 19 MiB and two passes, the first of OWASP's recommendations. Every library
/// reads it, and a small machine can afford a few at a time.
const USUAL: Argon2 = Argon2::new(Variant::Id, Version::V19, 19 * 1024, 2, 1).expect("OWASP's parameters");

/// What Shiro 2 writes.
const SHIRO: Argon2 = Argon2::new(Variant::Id, Version::V19, 1 << 16, 1, 4).expect("Shiro's parameters");

pub(super) static OWN: &[Own] = &[
    Own {
        name: "argon2",
        read: |text| parse(text, ["m=", "t=", "p="]),
        print: |parts, how| print(parts).filter(|text| how.is_none_or(|how| text.starts_with(how))),
        usual: || (Kdf::Argon2(USUAL), Salt::Bytes(16), 32),
        at_cost: |_| None,
    },
    Own {
        name: "argon2_shiro",
        read: |text| parse(text, ["t=", "m=", "p="]),
        print: |parts, _| print_shiro(parts),
        usual: || (Kdf::Argon2(SHIRO), Salt::Bytes(16), 32),
        at_cost: |_| None,
    },
];

const VARIANTS: [(&str, Variant); 3] =
    [("$argon2id$", Variant::Id), ("$argon2i$", Variant::I), ("$argon2d$", Variant::D)];

/// Parses an Argon2 string whose costs stand in this order.
fn parse(text: &str, order: [&str; 3]) -> Result<Parts, NotRead> {
    let (rest, variant) = VARIANTS
        .iter()
        .find_map(|(prefix, variant)| Some((text.strip_prefix(prefix)?, *variant)))
        .ok_or(NotRead::Other)?;
    values(rest, variant, order).ok_or(NotRead::Malformed)
}

/// The order is fixed, as in the reference implementation.
fn values(rest: &str, variant: Variant, order: [&str; 3]) -> Option<Parts> {
    let (version, rest) = version(rest)?;
    let [cost, salt, digest] = fields(rest, '$')?;
    let mut further = cost.splitn(4, ',');
    let costs: [&str; 3] = [further.next()?, further.next()?, further.next()?];
    let data = data(further.next())?;
    let in_order = costs.iter().zip(order).all(|(field, key)| field.starts_with(key));
    let number = |key| decimal(costs.iter().filter(|_| in_order).find_map(|field| field.strip_prefix(key))?);
    let argon2 = Argon2::new(variant, version, number("m=")?, number("t=")?, number("p=")?)?.with_data(data);
    let (salt, digest) = (Base64::Unpadded.decode(salt)?, Base64::Unpadded.decode(digest)?);
    if Argon2::fits(salt.expose(), digest.expose()) {
        Some(parts(Kdf::Argon2(argon2), salt, digest))
    } else {
        None
    }
}

/// What may stand behind the costs: `keyid=`, then `data=`.
fn data(further: Option<&str>) -> Option<Argon2Data> {
    let Some(further) = further else { return Some(Argon2Data::default()) };
    let (key, data) = match further.split_once(',') {
        Some((key, data)) => (Some(key), Some(data)),
        None if further.starts_with("keyid=") => (Some(further), None),
        None => (None, Some(further)),
    };
    if let Some(key) = key {
        Base64::Unpadded.decode(key.strip_prefix("keyid=")?)?;
    }
    let Some(data) = data else { return Some(Argon2Data::default()) };
    Argon2Data::new(Base64::Unpadded.decode(data.strip_prefix("data=")?)?.expose())
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
    let data = match argon2.data() {
        [] => String::new(),
        data => format!(",data={}", Base64::Unpadded.encode(data)),
    };
    Some(format!("{prefix}v={version}$m={memory},t={passes},p={lanes}{data}${salt}${digest}"))
}

/// As Shiro writes it.
fn print_shiro(parts: &Parts) -> Option<String> {
    let Kdf::Argon2(argon2) = parts.recipe.kdf else { return None };
    let (prefix, _) = VARIANTS.iter().find(|(_, variant)| *variant == argon2.variant())?;
    let salt = Base64::Padded.encode(parts.salt.expose());
    let digest = Base64::Padded.encode(parts.digest.expose());
    let (memory, passes, lanes) = (argon2.memory_kib(), argon2.passes(), argon2.lanes());
    Some(format!("{prefix}v=19$t={passes},m={memory},p={lanes}${salt}${digest}"))
}
