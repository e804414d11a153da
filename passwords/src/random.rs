//! Random bytes and salts from the system's generator.

use crate::encoding::{Base64, hex_encode};
use crate::hash::HashFailure;
use idstore_secret::Secret;

/// How a scheme's salts look.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Salt {
    /// No salt at all.
    None,
    /// So many random bytes.
    Bytes(usize),
    /// So many characters of `[A-Za-z0-9]`: a salt that is text, for strings and columns.
    Alphanumeric(usize),
    /// So many digits of lower-case hex, which enter the hash as text.
    Hex(usize),
    /// So many random bytes in base64, which stands in the column; the expression takes the bytes out.
    Base64(usize),
}

impl Salt {
    /// The number of bytes that enter the hash.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::None => 0,
            Self::Bytes(count) | Self::Alphanumeric(count) | Self::Hex(count) => count,
            Self::Base64(count) => count.div_ceil(3).saturating_mul(4),
        }
    }

    /// A new salt.
    pub(crate) fn draw(self) -> Result<Secret, HashFailure> {
        match self {
            Self::None => Ok(Secret::new(Vec::new())),
            Self::Bytes(count) => {
                let mut bytes = vec![0; count];
                fill(&mut bytes)?;
                Ok(Secret::new(bytes))
            }
            Self::Alphanumeric(count) => alphanumeric(count),
            Self::Hex(count) => {
                let mut bytes = vec![0; count.div_ceil(2)];
                fill(&mut bytes)?;
                Ok(Secret::from(hex_encode(&bytes).chars().take(count).collect::<String>()))
            }
            Self::Base64(count) => {
                let mut bytes = vec![0; count];
                fill(&mut bytes)?;
                Ok(Secret::from(Base64::Padded.encode(&bytes)))
            }
        }
    }
}

/// Fills the buffer from the system's generator.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), HashFailure> {
    getrandom::fill(bytes).map_err(|_| HashFailure::Random)
}

const CHARACTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Draws six bits a time and throws away what has no character, so that every character is equally likely.
fn alphanumeric(count: usize) -> Result<Secret, HashFailure> {
    let mut text = Vec::with_capacity(count);
    while text.len() < count {
        let mut block = [0; 64];
        fill(&mut block)?;
        let drawn = block.iter().filter_map(|byte| CHARACTERS.get(usize::from(byte & 0x3f)).copied());
        text.extend(drawn.take(count.saturating_sub(text.len())));
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_has_the_length_and_the_characters_that_were_asked_for() {
        let text = Salt::Alphanumeric(1000).draw().unwrap();
        assert_eq!(text.len(), 1000);
        assert!(text.expose().iter().all(u8::is_ascii_alphanumeric));
        let distinct: std::collections::BTreeSet<_> = text.expose().iter().collect();
        assert_eq!(distinct.len(), 62);
        assert_eq!(Salt::Bytes(16).draw().unwrap().len(), 16);
        assert!(Salt::None.draw().unwrap().is_empty());
    }

    #[test]
    fn two_salts_differ() {
        assert!(!Salt::Bytes(16).draw().unwrap().same_as(&Salt::Bytes(16).draw().unwrap()));
    }
}
