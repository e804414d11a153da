//! Strings with named parameters: PHC's PBKDF2, Spring's scrypt, and AIX's PBKDF2.

use super::own::{Own, parts};
use crate::encoding::{Base64, decimal, fields};
use crate::hash::Parts;
use crate::kdf::{Algorithm, Kdf, Pbkdf2, Scrypt};
use crate::random::Salt;
use crate::scheme::NotRead;
use idstore_secret::Secret;

/// The digests of PHC strings have any length; one shorter than 128 bits was cut off.
const DIGEST_BYTES_MIN: usize = 16;

/// What libraries derive whatever the function.
const DIGEST_BYTES_USUAL: usize = 32;

// PHC's form has no original to follow: the rounds are OWASP's.
macro_rules! phc {
    ($name:literal, $prefix:literal, $algorithm:ident, $rounds:literal) => {
        Own {
            name: $name,
            read: |text| phc(text, $prefix, Algorithm::$algorithm),
            print: |parts, _| print_phc(parts, $prefix),
            usual: || (pbkdf2(Algorithm::$algorithm, $rounds), Salt::Bytes(16), Algorithm::$algorithm.len()),
            at_cost: |_| None,
        }
    };
}

macro_rules! aix {
    ($name:literal, $prefix:literal, $algorithm:ident) => {
        Own {
            name: $name,
            read: |text| aix(text, $prefix, Algorithm::$algorithm),
            print: |_, _| None,
            usual: || {
                (pbkdf2(Algorithm::$algorithm, 1 << 6), Salt::Alphanumeric(16), Algorithm::$algorithm.len())
            },
            at_cost: |_| None,
        }
    };
}

pub(super) static OWN: &[Own] = &[
    phc!("pbkdf2_phc_sha1", "$pbkdf2-sha1$", Sha1, 1_300_000),
    phc!("pbkdf2_phc_sha256", "$pbkdf2-sha256$", Sha256, 600_000),
    phc!("pbkdf2_phc_sha512", "$pbkdf2-sha512$", Sha512, 210_000),
    phc!("pbkdf2_phc_sha224", "$pbkdf2-sha224$", Sha3_224, 600_000),
    phc!("pbkdf2_phc_sha384", "$pbkdf2-sha384$", Sha3_384, 600_000),
    phc!("pbkdf2_phc_sha2_224", "$pbkdf2-sha224$", Sha224, 600_000),
    phc!("pbkdf2_phc_sha2_384", "$pbkdf2-sha384$", Sha384, 210_000),
    aix!("aix_ssha1", "{ssha1}", Sha1),
    aix!("aix_ssha256", "{ssha256}", Sha256),
    aix!("aix_ssha512", "{ssha512}", Sha512),
    Own {
        name: "pbkdf2_dlitz",
        read: dlitz,
        print: |parts, _| print_dlitz(parts),
        usual: || (pbkdf2(Algorithm::Sha1, 400), Salt::Alphanumeric(8), 24),
        at_cost: |_| None,
    },
    Own {
        name: "scrypt_spring",
        read: spring,
        print: |parts, _| print_spring(parts),
        usual: || (Scrypt::from_n(1 << 16, 8, 1).map_or(Kdf::None, Kdf::Scrypt), Salt::Bytes(16), 32),
        at_cost: |_| None,
    },
];

fn pbkdf2(algorithm: Algorithm, rounds: u32) -> Kdf {
    Pbkdf2::new(algorithm, rounds).map_or(Kdf::None, Kdf::Pbkdf2)
}

/// `i=600000,l=32$salt$digest` behind the prefix, the length optional.
fn phc(text: &str, prefix: &str, algorithm: Algorithm) -> Result<Parts, NotRead> {
    let rest = text.strip_prefix(prefix).filter(|rest| rest.starts_with("i=")).ok_or(NotRead::Other)?;
    let read = || {
        let [cost, salt, digest] = fields(rest, '$')?;
        let (rounds, length) = match cost.split_once(',') {
            Some((rounds, length)) => (rounds, Some(decimal(length.strip_prefix("l=")?)?)),
            None => (cost, None),
        };
        let pbkdf2 = Pbkdf2::new(algorithm, decimal(rounds.strip_prefix("i=")?)?)?;
        let (salt, digest) = (Base64::Unpadded.decode(salt)?, Base64::Unpadded.decode(digest)?);
        // Without a length, a digest that is neither whole nor of the usual 32 bytes was cut off by its column.
        let whole = match length {
            Some(length) => usize::try_from(length) == Ok(digest.len()),
            None => [algorithm.len(), DIGEST_BYTES_USUAL].contains(&digest.len()),
        };
        if whole && digest.len() >= DIGEST_BYTES_MIN {
            Some(parts(Kdf::Pbkdf2(pbkdf2), salt, digest))
        } else {
            None
        }
    };
    read().ok_or(NotRead::Malformed)
}

fn print_phc(parts: &Parts, prefix: &str) -> Option<String> {
    let Kdf::Pbkdf2(pbkdf2) = parts.recipe.kdf else { return None };
    let salt = Base64::Unpadded.encode(parts.salt.expose());
    let digest = Base64::Unpadded.encode(parts.digest.expose());
    Some(format!("{prefix}i={},l={}${salt}${digest}", pbkdf2.rounds(), parts.digest.len()))
}

/// `$p5k2$rounds$salt$digest`, the rounds in hex, and 400 where they are left out. All before the digest is the salt.
fn dlitz(text: &str) -> Result<Parts, NotRead> {
    let rest = text.strip_prefix("$p5k2$").ok_or(NotRead::Other)?;
    let read = || {
        let [rounds, _, digest] = fields(rest, '$')?;
        let plain = rounds.bytes().all(|byte| byte.is_ascii_hexdigit());
        let rounds =
            if rounds.is_empty() { 400 } else { u32::from_str_radix(rounds, 16).ok().filter(|_| plain)? };
        let (salt, _) = text.rsplit_once('$')?;
        let digest = Base64::Dotted.decode(digest).filter(|digest| digest.len() == 24)?;
        Some(parts(Kdf::Pbkdf2(Pbkdf2::new(Algorithm::Sha1, rounds)?), salt.into(), digest))
    };
    read().ok_or(NotRead::Malformed)
}

fn print_dlitz(parts: &Parts) -> Option<String> {
    let text = parts.salt.expose_text().filter(|salt| salt.starts_with("$p5k2$"))?;
    Some(format!("{text}${}", Base64::Dotted.encode(parts.digest.expose())))
}

/// `$e0801$salt$digest`: N as a power of two in the bits from the seventeenth, r in eight bits, p in eight, in hex.
fn spring(text: &str) -> Result<Parts, NotRead> {
    let rest = text.strip_prefix('$').ok_or(NotRead::Other)?;
    let read = || {
        let [cost, salt, digest] = fields(rest, '$')?;
        let cost = u32::from_str_radix(cost, 16)
            .ok()
            .filter(|_| cost.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let scrypt = Scrypt::from_n(1_u32.checked_shl(cost >> 16)?, cost >> 8 & 0xff, cost & 0xff)?;
        let digest = Base64::Padded.decode(digest).filter(|digest| digest.len() == 32)?;
        Some(parts(Kdf::Scrypt(scrypt), Base64::Padded.decode(salt)?, digest))
    };
    read().ok_or(NotRead::Malformed)
}

fn print_spring(parts: &Parts) -> Option<String> {
    let Kdf::Scrypt(scrypt) = parts.recipe.kdf else { return None };
    let cost = u32::from(scrypt.log2_n()) << 16 | scrypt.block_size() << 8 | scrypt.parallelism();
    let salt = Base64::Padded.encode(parts.salt.expose());
    Some(format!("${cost:x}${salt}${}", Base64::Padded.encode(parts.digest.expose())))
}

/// `{ssha256}06$salt$digest`: two digits of rounds as a power of two. The characters of the last group hold some of its
/// bits alone, for which reason the whole groups are compared, and nothing is written.
fn aix(text: &str, prefix: &str, algorithm: Algorithm) -> Result<Parts, NotRead> {
    let rest = text
        .strip_prefix(prefix)
        .filter(|rest| rest.as_bytes().get(2) == Some(&b'$'))
        .ok_or(NotRead::Other)?;
    let read = || {
        let [cost, salt, digest] = fields(rest, '$')?;
        let cost = decimal(cost.strip_prefix('0').unwrap_or(cost))?;
        let pbkdf2 = Pbkdf2::new(algorithm, 1_u32.checked_shl(cost)?)?;
        let digest = Base64::Little.decode(digest).filter(|digest| digest.len() == algorithm.len())?;
        Some(parts(Kdf::Pbkdf2(pbkdf2), salt.into(), Secret::new(whole_groups(digest.expose()))))
    };
    read().ok_or(NotRead::Malformed)
}

/// Each group of three bytes from its last to its first.
fn whole_groups(bytes: &[u8]) -> Vec<u8> {
    bytes.as_chunks::<3>().0.iter().flat_map(|group| group.iter().rev()).copied().collect()
}
