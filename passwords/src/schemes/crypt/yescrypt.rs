//! The strings of yescrypt and of what is around it: `$y$`, ALT Linux's `$gy$`, and scrypt's `$7$`.

use crate::encoding::{Base64, fields};
use crate::hash::Parts;
use crate::kdf::{Kdf, Scrypt, Yescrypt, des_number};
use crate::scheme::NotRead;
use crate::schemes::own::parts;

/// `$y$parameters$salt$digest`.
pub(super) fn yescrypt(text: &str) -> Result<Parts, NotRead> {
    read(text, "$y$", Kdf::Yescrypt)
}

/// `$gy$parameters$salt$digest`.
pub(super) fn gost(text: &str) -> Result<Parts, NotRead> {
    read(text, "$gy$", Kdf::GostYescrypt)
}

fn read(text: &str, prefix: &str, kdf: fn(Yescrypt) -> Kdf) -> Result<Parts, NotRead> {
    let rest = text.strip_prefix(prefix).ok_or(NotRead::Other)?;
    let read = || {
        let [params, salt, digest] = fields(rest, '$')?;
        let digest = Base64::Little.decode(digest).filter(|digest| digest.len() == 32)?;
        Some(parts(kdf(Yescrypt::parse(params)?), Base64::Little.decode(salt)?, digest))
    };
    read().ok_or(NotRead::Malformed)
}

/// Either of them.
pub(super) fn print_yescrypt(parts: &Parts) -> Option<String> {
    let (prefix, yescrypt) = match parts.recipe.kdf {
        Kdf::Yescrypt(yescrypt) => ("$y$", yescrypt),
        Kdf::GostYescrypt(yescrypt) => ("$gy$", yescrypt),
        _ => return None,
    };
    let (salt, digest) =
        (Base64::Little.encode(parts.salt.expose()), Base64::Little.encode(parts.digest.expose()));
    Some(format!("{prefix}{}${salt}${digest}", yescrypt.text()))
}

/// `$7$`, one character of N as a power of two, five of r, five of p, the salt as it is written, and the digest.
pub(super) fn scrypt7(text: &str) -> Result<Parts, NotRead> {
    let rest = text.strip_prefix("$7$").ok_or(NotRead::Other)?;
    let read = || {
        let number =
            |from: usize, count: usize| des_number(rest.as_bytes().get(from..)?.get(..count)?, count);
        let n = 1_u32.checked_shl(number(0, 1)?)?;
        let scrypt = Scrypt::from_n(n, number(1, 5)?, number(6, 5)?)?;
        let (salt, digest) = rest.get(11..)?.rsplit_once('$')?;
        let digest = Base64::Little.decode(digest).filter(|digest| digest.len() == 32)?;
        Some(parts(Kdf::Scrypt(scrypt), salt.into(), digest))
    };
    read().ok_or(NotRead::Malformed)
}

pub(super) fn print_scrypt7(parts: &Parts) -> Option<String> {
    let Kdf::Scrypt(scrypt) = parts.recipe.kdf else { return None };
    // Thirty bits in five characters: four bytes make six, the last of which is empty.
    let five = |number: u32| Base64::Little.encode(&number.to_le_bytes()).get(..5).map(str::to_owned);
    let n = Base64::Little.encode(&[scrypt.log2_n(), 0]);
    let (r, p) = (five(scrypt.block_size())?, five(scrypt.parallelism())?);
    let digest = Base64::Little.encode(parts.digest.expose());
    Some(format!("$7${}{r}{p}{}${digest}", n.get(..1)?, parts.salt.expose_text()?))
}
