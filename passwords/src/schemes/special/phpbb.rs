//! phpBB's converted hashes: bcrypt over the phpass hash that was there before.

use crate::encoding::Base64;
use crate::hash::Parts;
use crate::kdf::{BCRYPT_DIGEST_BYTES, BCRYPT_SALT_BYTES, Bcrypt, Kdf, Recipe, des_number};
use crate::random::Salt;
use crate::scheme::{Columns, Format, NotRead, Usual};
use crate::write::Written;
use idstore_secret::Secret;

/// `$H\2y$9saltsalt$10\bcrypt-salt$bcrypt-digest`: eight characters of phpass's salt, sixteen bytes of bcrypt's.
pub(super) struct Combined {
    /// Whether the phpass hash is of the hex MD5 that phpBB 2 had.
    pub(super) md5: bool,
}

impl Format for Combined {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest = ["$H\\2y$", "$H\\2a$", "$P\\2y$", "$P\\2a$"]
            .iter()
            .find_map(|prefix| columns.text.strip_prefix(prefix));
        combined(rest.ok_or(NotRead::Other)?, self.md5).ok_or(NotRead::Malformed)
    }

    fn print(&self, _: &Parts) -> Option<Written> {
        None
    }

    fn usual(&self) -> Usual {
        Usual::of(Bcrypt::new(10).map(Kdf::Bcrypt), Salt::Bytes(24), BCRYPT_DIGEST_BYTES)
    }
}

fn combined(rest: &str, md5: bool) -> Option<Parts> {
    let (setting, rest) = rest.split_once('$')?;
    let (cost, rest) = rest.split_once('\\')?;
    let (bcrypt_salt, digest) = rest.split_once('$')?;
    let log2 = des_number(setting.as_bytes().get(..1)?, 1).filter(|log2| (7..=24).contains(log2))?;
    let phpass_salt = setting.get(1..).filter(|salt| salt.len() == 8)?;
    let bcrypt = Bcrypt::new(cost.parse().ok().filter(|_| cost.len() == 2)?)?;
    let bcrypt_salt = Base64::Bcrypt.decode(bcrypt_salt).filter(|salt| salt.len() == BCRYPT_SALT_BYTES)?;
    let digest = Base64::Bcrypt.decode(digest).filter(|digest| digest.len() == BCRYPT_DIGEST_BYTES)?;
    let expression = if md5 {
        expression!(
            "bcrypt(base64_phpass(repeat(md5(left(salt, 8) . md5(pass)), rounds, md5(bin(it) . md5(pass)))), slice(salt, 8, 16))"
        )?
    } else {
        expression!(
            "bcrypt(base64_phpass(repeat(md5(left(salt, 8) . pass), rounds, md5(bin(it) . pass))), slice(salt, 8, 16))"
        )?
    };
    let recipe = Recipe { expression, kdf: Kdf::Bcrypt(bcrypt), rounds: 1_u32.checked_shl(log2)? };
    Some(Parts::new(recipe, Secret::new([phpass_salt.as_bytes(), bcrypt_salt.expose()].concat()), digest))
}
