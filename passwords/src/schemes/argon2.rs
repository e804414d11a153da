//! Argon2 strings: `$argon2id$v=19$m=65536,t=3,p=4$salt$digest`, base64 without padding.
//!
//! Without `v=` the version is 16. The optional `keyid=` and `data=` are not read: no library writes them.

use crate::encoding::{Base64, decimal, fields};
use crate::hash::Parts;
use crate::kdf::{Argon2, Kdf, Variant, Version};
use crate::random::Salt;
use crate::scheme::{Columns, Detection, Format, NotRead, Scheme, Strength, Usual};
use crate::write::Written;

pub(super) static SCHEMES: &[Scheme] = &[Scheme {
    name: "argon2",
    detection: Detection::SelfDescribing,
    strength: Strength::Sound,
    written: true,
    format: &Plain,
}];

/// The cost of new hashes: Argon2id with 19 MiB and two passes, the first of OWASP's recommendations. Every library
/// reads it, and a small machine can afford a few at a time.
const USUAL: Argon2 = Argon2::new(Variant::Id, Version::V19, 19 * 1024, 2, 1).expect("OWASP's parameters");

struct Plain;

impl Format for Plain {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        parse(columns.text)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        print(parts).map(Written::text)
    }

    fn usual(&self) -> Usual {
        Usual { recipe: Kdf::Argon2(USUAL).into(), salt: Salt::Bytes(16), digest_len: 32 }
    }
}

const VARIANTS: [(&str, Variant); 3] =
    [("$argon2id$", Variant::Id), ("$argon2i$", Variant::I), ("$argon2d$", Variant::D)];

/// Parses an Argon2 string.
pub(super) fn parse(text: &str) -> Result<Parts, NotRead> {
    let (rest, variant) = VARIANTS
        .iter()
        .find_map(|(prefix, variant)| Some((text.strip_prefix(prefix)?, *variant)))
        .ok_or(NotRead::Other)?;
    parts(rest, variant).ok_or(NotRead::Malformed)
}

/// The order `m`, `t`, `p` is fixed, as in the reference implementation.
fn parts(rest: &str, variant: Variant) -> Option<Parts> {
    let (version, rest) = version(rest)?;
    let [cost, salt, digest] = fields(rest, '$')?;
    let [memory, passes, lanes] = fields(cost, ',')?;
    let number = |field: &str, key| decimal(field.strip_prefix(key)?);
    let argon2 =
        Argon2::new(variant, version, number(memory, "m=")?, number(passes, "t=")?, number(lanes, "p=")?)?;
    let (salt, digest) = (Base64::Unpadded.decode(salt)?, Base64::Unpadded.decode(digest)?);
    Argon2::fits(salt.expose(), digest.expose()).then_some(Parts {
        recipe: Kdf::Argon2(argon2).into(),
        salt,
        digest,
    })
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
pub(super) fn print(parts: &Parts) -> Option<String> {
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
