//! Base64 of bytes with a head: ASP.NET Identity and 389 Directory Server.

use crate::encoding::Base64;
use crate::hash::Parts;
use crate::kdf::{Algorithm, Kdf, Pbkdf2};
use crate::random::Salt;
use crate::scheme::{Columns, Format, NotRead, Usual};
use crate::schemes::own::parts;
use crate::write::Written;
use idstore_secret::Secret;

/// The least that ASP.NET takes for a salt and for a key, in bytes.
const BYTES_MIN: usize = 16;

/// ASP.NET Identity 2, `SimpleMembership` and `Crypto.HashPassword`: a zero, 16 bytes of salt, 32 of PBKDF2.
pub(super) struct V2;

/// ASP.NET Core Identity: a one, the digest's number, the rounds and the salt's length in four bytes each, salt, key.
pub(super) struct V3;

/// 389 Directory Server's `{PBKDF2_SHA256}`: four bytes of rounds, 64 of salt, 256 of key.
pub(super) struct Ds389;

impl Format for V2 {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let bytes = Base64::Padded.decode(columns.text).ok_or(NotRead::Other)?;
        let read = || {
            let (salt, digest) = bytes.expose().strip_prefix(&[0])?.split_at_checked(16)?;
            let whole = digest.len() == 32;
            pbkdf2(Algorithm::Sha1, 1000)
                .filter(|_| whole)
                .map(|kdf| parts(kdf, Secret::new(salt), Secret::new(digest)))
        };
        read().ok_or(NotRead::Other)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let bytes = [&[0], parts.salt.expose(), parts.digest.expose()].concat();
        Some(Written::text(Base64::Padded.encode(&bytes)))
    }

    fn usual(&self) -> Usual {
        Usual::of(pbkdf2(Algorithm::Sha1, 1000), Salt::Bytes(16), 32)
    }
}

impl Format for V3 {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let bytes = Base64::Padded.decode(columns.text).ok_or(NotRead::Other)?;
        v3(bytes.expose().strip_prefix(&[1]).ok_or(NotRead::Other)?).ok_or(NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let Kdf::Pbkdf2(pbkdf2) = parts.recipe.kdf else { return None };
        let prf = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]
            .iter()
            .position(|own| *own == pbkdf2.algorithm())?;
        let head = [u32::try_from(prf).ok()?, pbkdf2.rounds(), u32::try_from(parts.salt.len()).ok()?];
        let mut bytes = vec![1];
        bytes.extend(head.iter().flat_map(|number| number.to_be_bytes()));
        bytes.extend_from_slice(parts.salt.expose());
        bytes.extend_from_slice(parts.digest.expose());
        Some(Written::text(Base64::Padded.encode(&bytes)))
    }

    /// What .NET writes since its seventh release.
    fn usual(&self) -> Usual {
        Usual::of(pbkdf2(Algorithm::Sha512, 100_000), Salt::Bytes(16), 32)
    }
}

fn v3(bytes: &[u8]) -> Option<Parts> {
    let (prf, bytes) = number(bytes)?;
    let (rounds, bytes) = number(bytes)?;
    let (salt_len, bytes) = number(bytes)?;
    let algorithm = match prf {
        0 => Algorithm::Sha1,
        1 => Algorithm::Sha256,
        2 => Algorithm::Sha512,
        _ => return None,
    };
    let (salt, digest) = bytes.split_at_checked(usize::try_from(salt_len).ok()?)?;
    if salt.len() < BYTES_MIN || digest.len() < BYTES_MIN {
        return None;
    }
    Some(parts(pbkdf2(algorithm, rounds)?, Secret::new(salt), Secret::new(digest)))
}

impl Format for Ds389 {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        const PREFIX: &str = "{PBKDF2_SHA256}";
        let (head, text) = columns.text.split_at_checked(PREFIX.len()).ok_or(NotRead::Other)?;
        if !head.eq_ignore_ascii_case(PREFIX) {
            return Err(NotRead::Other);
        }
        let read = || {
            let bytes = Base64::Padded.decode(text)?;
            let (rounds, bytes) = number(bytes.expose())?;
            let (salt, digest) = bytes.split_at_checked(64)?;
            let whole = digest.len() == 256;
            pbkdf2(Algorithm::Sha256, rounds)
                .filter(|_| whole)
                .map(|kdf| parts(kdf, Secret::new(salt), Secret::new(digest)))
        };
        read().ok_or(NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let Kdf::Pbkdf2(pbkdf2) = parts.recipe.kdf else { return None };
        let bytes = [&pbkdf2.rounds().to_be_bytes(), parts.salt.expose(), parts.digest.expose()].concat();
        Some(Written::text(format!("{{PBKDF2_SHA256}}{}", Base64::Padded.encode(&bytes))))
    }

    fn usual(&self) -> Usual {
        Usual::of(pbkdf2(Algorithm::Sha256, 30_000), Salt::Bytes(64), 256)
    }
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    bytes.split_first_chunk().map(|(number, rest)| (u32::from_be_bytes(*number), rest))
}

fn pbkdf2(algorithm: Algorithm, rounds: u32) -> Option<Kdf> {
    Pbkdf2::new(algorithm, rounds).map(Kdf::Pbkdf2)
}
