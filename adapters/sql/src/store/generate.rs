//! Random values for statements: keys and tokens that the schema has no default for.

use crate::Generated;
use idstore_contract::{Error, Result};

/// The length of the two random texts, in characters: 128 bits in hexadecimal, 190 bits in letters and digits.
const LENGTH: usize = 32;

/// A new random value, from the system's generator.
pub(super) fn generate(kind: Generated) -> Result<String> {
    match kind {
        Generated::Uuid => Ok(uuid(random()?)),
        Generated::Hex => Ok(hexadecimal(&random::<16>()?)),
        Generated::Alphanumeric => alphanumeric(),
    }
}

/// RFC 9562, version 4.
fn uuid(mut bytes: [u8; 16]) -> String {
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let parts: Vec<String> = [0..4, 4..6, 6..8, 8..10, 10..16]
        .into_iter()
        .filter_map(|range| bytes.get(range))
        .map(hexadecimal)
        .collect();
    parts.join("-")
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16);
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]).filter_map(digit).collect()
}

/// Bytes that are no multiple of the alphabet are thrown away, so that every character is as likely as the next.
fn alphanumeric() -> Result<String> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(LENGTH);
    while text.len() < LENGTH {
        let even =
            random::<LENGTH>()?.into_iter().filter(|byte| *byte < 248).map(|byte| usize::from(byte) % 62);
        let fresh = even.filter_map(|index| ALPHABET.get(index)).map(|letter| char::from(*letter));
        text.extend(fresh.take(LENGTH.saturating_sub(text.len())));
    }
    Ok(text)
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::unexpected("the system gives no random numbers"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_says_its_version() {
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_ne!(generate(Generated::Uuid).unwrap(), generate(Generated::Uuid).unwrap());
    }

    #[test]
    fn random_texts_have_their_length_and_their_letters() {
        let hex = generate(Generated::Hex).unwrap();
        assert!(hex.len() == 32 && hex.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')));
        let text = generate(Generated::Alphanumeric).unwrap();
        assert!(text.len() == 32 && text.chars().all(|c| c.is_ascii_alphanumeric()));
    }
}
