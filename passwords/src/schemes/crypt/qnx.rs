//! The strings of QNX: `@S@digest@salt`, in hex and as text, with a letter for the digest and perhaps the rounds:
//! `@S,5000@`.

use crate::encoding::{decimal, fields, hex_decode, hex_encode};
use crate::hash::Parts;
use crate::kdf::{Algorithm, Kdf, Qnx};
use crate::scheme::NotRead;
use crate::schemes::own::parts;

/// The rounds where a string does not say.
pub(super) const ROUNDS: u32 = 1000;

const LETTERS: [(&str, Algorithm); 3] =
    [("@m", Algorithm::Md5), ("@s", Algorithm::Sha256), ("@S", Algorithm::Sha512)];

pub(super) fn qnx(text: &str) -> Result<Parts, NotRead> {
    let found = LETTERS.iter().find_map(|(letter, algorithm)| Some((text.strip_prefix(letter)?, *algorithm)));
    let (rest, algorithm) = found.filter(|(rest, _)| rest.starts_with(['@', ','])).ok_or(NotRead::Other)?;
    let read = || {
        let [rounds, digest, salt] = fields(rest, '@')?;
        let rounds = if rounds.is_empty() { ROUNDS } else { decimal(rounds.strip_prefix(',')?)? };
        let digest = hex_decode(digest).filter(|digest| digest.len() == algorithm.len())?;
        Some(parts(Kdf::Qnx(Qnx::new(algorithm, rounds)?), salt.into(), digest))
    };
    read().ok_or(NotRead::Malformed)
}

pub(super) fn print_qnx(parts: &Parts) -> Option<String> {
    let Kdf::Qnx(qnx) = parts.recipe.kdf else { return None };
    let (letter, _) = LETTERS.iter().find(|(_, algorithm)| *algorithm == qnx.algorithm())?;
    let rounds = if qnx.rounds() == ROUNDS { String::new() } else { format!(",{}", qnx.rounds()) };
    Some(format!("{letter}{rounds}@{}@{}", hex_encode(parts.digest.expose()), parts.salt.expose_text()?))
}
