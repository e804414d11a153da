//! `{FSHP1|16|480000}`: base64 of salt and digest, with the function's number, the salt's length and the rounds before
//! it. PBKDF1 with password and salt in each other's place.

use crate::encoding::{Base64, decimal, fields};
use crate::expression::Expression;
use crate::hash::Parts;
use crate::kdf::{Algorithm, Kdf, Recipe};
use crate::random::Salt;
use crate::scheme::{Columns, Format, NotRead, Usual};
use crate::write::Written;
use idstore_secret::Secret;

pub(super) struct Fshp;

/// The function of each number, as passlib has them.
const VARIANTS: [Algorithm; 4] = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];

/// What passlib writes.
const USUAL: (usize, u32) = (1, 480_000);

impl Format for Fshp {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest = columns.text.strip_prefix("{FSHP").ok_or(NotRead::Other)?;
        fshp(rest).ok_or(NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let variant =
            (0..VARIANTS.len()).find(|variant| expression(*variant) == Some(parts.recipe.expression))?;
        let bytes = [parts.salt.expose(), parts.digest.expose()].concat();
        let (salt_len, rounds) = (parts.salt.len(), parts.recipe.rounds);
        let text = format!("{{FSHP{variant}|{salt_len}|{rounds}}}{}", Base64::Padded.encode(&bytes));
        Some(Written::text(text))
    }

    fn usual(&self) -> Usual {
        let (variant, rounds) = USUAL;
        let plain = Usual::of(None, Salt::Bytes(16), 32);
        let recipe = expression(variant).map(|expression| Recipe { expression, kdf: Kdf::None, rounds });
        Usual { recipe: recipe.unwrap_or(plain.recipe), ..plain }
    }
}

fn fshp(rest: &str) -> Option<Parts> {
    let (head, text) = rest.split_once('}')?;
    let [variant, salt_len, rounds] = fields(head, '|')?;
    let variant = usize::try_from(decimal(variant)?).ok()?;
    let rounds = decimal(rounds).filter(|rounds| *rounds >= 1)?;
    let bytes = Base64::Padded.decode(text)?;
    let (salt, digest) = bytes.expose().split_at_checked(usize::try_from(decimal(salt_len)?).ok()?)?;
    if digest.len() != VARIANTS.get(variant)?.len() {
        return None;
    }
    let recipe = Recipe { expression: expression(variant)?, kdf: Kdf::None, rounds };
    Some(Parts::new(recipe, Secret::new(salt), Secret::new(digest)))
}

fn expression(variant: usize) -> Option<&'static Expression> {
    match variant {
        0 => expression!("repeat(sha1(salt . pass), rounds - 1, sha1(bin(it)))"),
        1 => expression!("repeat(sha256(salt . pass), rounds - 1, sha256(bin(it)))"),
        2 => expression!("repeat(sha384(salt . pass), rounds - 1, sha384(bin(it)))"),
        3 => expression!("repeat(sha512(salt . pass), rounds - 1, sha512(bin(it)))"),
        _ => None,
    }
}
