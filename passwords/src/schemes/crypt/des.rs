//! The strings of DES: traditional, `_` with rounds, and the two that go on behind eight characters.

use crate::encoding::Base64;
use crate::hash::Parts;
use crate::kdf::{BSDI_SALT_BYTES, DES_DIGEST_BYTES, DES_SALT_BYTES, DesCrypt, Kdf, des_number};
use crate::scheme::NotRead;
use crate::schemes::own::parts;
use idstore_secret::Secret;

/// Two characters of salt, eleven of digest, and no mark of its own.
pub(super) fn des(text: &str) -> Result<Parts, NotRead> {
    des_blocks(text, 1, DesCrypt::Traditional).ok_or(NotRead::Other)
}

pub(super) fn sixteen(text: &str) -> Result<Parts, NotRead> {
    des_blocks(text, 2, DesCrypt::Sixteen).ok_or(NotRead::Other)
}

pub(super) fn big(text: &str) -> Result<Parts, NotRead> {
    let blocks = text.len().saturating_sub(DES_SALT_BYTES).checked_div(11).unwrap_or(0);
    if !(1..=16).contains(&blocks) {
        return Err(NotRead::Other);
    }
    des_blocks(text, blocks, DesCrypt::Big).ok_or(NotRead::Other)
}

fn des_blocks(text: &str, blocks: usize, kind: DesCrypt) -> Option<Parts> {
    let (salt, rest) = text.split_at_checked(DES_SALT_BYTES)?;
    des_number(salt.as_bytes(), DES_SALT_BYTES)?;
    if rest.len() != blocks.checked_mul(11)? || !rest.is_ascii() {
        return None;
    }
    let mut digest = Vec::new();
    for block in rest.as_bytes().chunks(11) {
        digest.extend_from_slice(Base64::Crypt.decode(std::str::from_utf8(block).ok()?)?.expose());
    }
    Some(parts(Kdf::DesCrypt(kind), salt.into(), Secret::new(digest)))
}

pub(super) fn print_des(parts: &Parts, kind: DesCrypt) -> Option<String> {
    if parts.recipe.kdf != Kdf::DesCrypt(kind) {
        return None;
    }
    let blocks: String =
        parts.digest.expose().chunks(DES_DIGEST_BYTES).map(|block| Base64::Crypt.encode(block)).collect();
    Some(format!("{}{blocks}", parts.salt.expose_text()?))
}

pub(super) fn bsdi(text: &str) -> Result<Parts, NotRead> {
    let rest = text.strip_prefix('_').ok_or(NotRead::Other)?;
    let read = || {
        let (rounds, salt, digest) =
            (rest.get(..4)?, rest.get(4..8)?, rest.get(8..).filter(|digest| digest.len() == 11)?);
        let rounds = des_number(rounds.as_bytes(), 4).filter(|rounds| *rounds >= 1)?;
        des_number(salt.as_bytes(), BSDI_SALT_BYTES)?;
        Some(parts(Kdf::DesCrypt(DesCrypt::Bsdi { rounds }), salt.into(), Base64::Crypt.decode(digest)?))
    };
    read().ok_or(NotRead::Malformed)
}

pub(super) fn print_bsdi(parts: &Parts) -> Option<String> {
    let Kdf::DesCrypt(DesCrypt::Bsdi { rounds }) = parts.recipe.kdf else { return None };
    let (low, _) = rounds.to_le_bytes().split_first_chunk::<3>().map(|(low, rest)| (*low, rest.len()))?;
    let (rounds, digest) = (Base64::Little.encode(&low), Base64::Crypt.encode(parts.digest.expose()));
    Some(format!("_{rounds}{}{digest}", parts.salt.expose_text()?))
}
