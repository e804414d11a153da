//! The spellings of bytes in stored values: hex, six dialects of base64, and decimal numbers.
//!
//! Decoders refuse whatever would change the meaning (a foreign character, a wrong length, a sign, a leading zero)
//! and bear what does not: upper-case hex, missing or present padding, set bits behind the last byte.

use base64::Engine as _;
use base64::alphabet::{Alphabet, BCRYPT, CRYPT, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use idstore_secret::Secret;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// bcrypt and crypt(3) fix the number of characters, so that there is nothing to pad.
const BARE: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::RequireNone);

/// What `base64` decodes and encodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base64 {
    /// RFC 4648 with padding.
    Padded,
    /// RFC 4648 without padding, as PHC strings have it.
    Unpadded,
    /// Passlib's: `.` stands for `+`, no padding. Reads `+` as well.
    Dotted,
    /// RFC 4648's alphabet for addresses, with padding.
    Url,
    /// crypt(3)'s alphabet with the lowest bits first, as phpass and yescrypt have it, never padded.
    Little,
    /// bcrypt's own alphabet, never padded.
    Bcrypt,
    /// crypt(3)'s alphabet as DES uses it, the highest bits first, never padded.
    Crypt,
}

impl Base64 {
    pub(crate) fn decode(self, text: &str) -> Option<Secret> {
        match self {
            Self::Padded | Self::Unpadded => engine(&STANDARD, LENIENT).decode(text),
            Self::Dotted => {
                let plain = Secret::from(text.replace('.', "+"));
                engine(&STANDARD, LENIENT).decode(plain.expose())
            }
            Self::Url => engine(&URL_SAFE, LENIENT).decode(text),
            Self::Little => return little_decode(text).map(Secret::new),
            Self::Bcrypt => engine(&BCRYPT, BARE).decode(text),
            Self::Crypt => engine(&CRYPT, BARE).decode(text),
        }
        .ok()
        .map(Secret::new)
    }

    pub(crate) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Padded => engine(&STANDARD, LENIENT).encode(bytes),
            Self::Unpadded => engine(&STANDARD, LENIENT.with_encode_padding(false)).encode(bytes),
            Self::Dotted => Self::Unpadded.encode(bytes).replace('+', "."),
            Self::Url => engine(&URL_SAFE, LENIENT).encode(bytes),
            Self::Little => little_encode(bytes),
            Self::Bcrypt => engine(&BCRYPT, BARE).encode(bytes),
            Self::Crypt => engine(&CRYPT, BARE).encode(bytes),
        }
    }
}

fn engine(alphabet: &Alphabet, config: GeneralPurposeConfig) -> GeneralPurpose {
    GeneralPurpose::new(alphabet, config)
}

/// crypt(3)'s alphabet, in the order of its values.
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Three bytes are four characters, two are three, one is two; the first byte is the lowest.
fn little_encode(bytes: &[u8]) -> String {
    let group = |group: &[u8]| {
        let value = group.iter().rev().fold(0_usize, |value, byte| value << 8 | usize::from(*byte));
        let characters = group.len().saturating_add(1);
        (0..characters).filter_map(move |place| ALPHABET.get(value >> place.saturating_mul(6) & 0x3f))
    };
    bytes.chunks(3).flat_map(group).map(|byte| char::from(*byte)).collect()
}

fn little_decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    for group in text.as_bytes().chunks(4) {
        let value = group.iter().rev().try_fold(0_u32, |value, character| {
            let place = ALPHABET.iter().position(|own| own == character)?;
            Some(value << 6 | u32::try_from(place).ok()?)
        })?;
        // One character alone is less than a byte.
        let count = group.len().checked_sub(1).filter(|count| *count >= 1)?;
        bytes.extend(value.to_le_bytes().iter().take(count));
    }
    Some(bytes)
}

/// Pairs of hex digits in either case.
pub(crate) fn hex_decode(text: &str) -> Option<Secret> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect();
    bytes.map(Secret::new)
}

/// Lower-case hex.
pub(crate) fn hex_encode(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .filter_map(|half| char::from_digit(u32::from(half), 16))
        .collect()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// A decimal number as programs print it: digits alone, no sign, no leading zero.
pub(crate) fn decimal(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// Exactly `N` fields between separators.
pub(crate) fn fields<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    let mut parts = text.split(separator);
    let mut found = [""; N];
    for field in &mut found {
        *field = parts.next()?;
    }
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_digits_alone() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("4294967295"), Some(u32::MAX));
        for text in ["", "+1", "-1", "01", "00", " 1", "1 ", "4294967296", "1e3", "٣"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn hex_has_either_case_and_whole_bytes() {
        assert_eq!(hex_decode("00fFA5").unwrap().expose(), [0, 0xff, 0xa5]);
        for text in ["0", "0g", "+1", "é0", " 00", "0x00"] {
            assert!(hex_decode(text).is_none(), "{text}");
        }
    }

    #[test]
    fn padding_and_spare_bits_are_borne_and_foreign_characters_are_not() {
        for text in ["YQ==", "YQ=", "YQ", "YR"] {
            assert_eq!(Base64::Padded.decode(text).unwrap().expose(), b"a", "{text}");
        }
        for text in ["Y", "YQ===", "YQ== ", "Y.==", "Y_", "Y\nQ"] {
            assert!(Base64::Padded.decode(text).is_none(), "{text:?}");
        }
        assert!(Base64::Bcrypt.decode("YQ==").is_none());
    }

    #[test]
    fn fields_are_counted() {
        assert_eq!(fields::<2>("a$b", '$'), Some(["a", "b"]));
        assert_eq!(fields::<2>("$", '$'), Some(["", ""]));
        assert_eq!(fields::<2>("a", '$'), None);
        assert_eq!(fields::<2>("a$b$c", '$'), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let expected = Secret::new(bytes.clone());
            prop_assert!(hex_decode(&hex_encode(&bytes)).unwrap().same_as(&expected));
            for dialect in [
                Base64::Padded,
                Base64::Unpadded,
                Base64::Dotted,
                Base64::Url,
                Base64::Little,
                Base64::Bcrypt,
                Base64::Crypt,
            ] {
                prop_assert!(dialect.decode(&dialect.encode(&bytes)).unwrap().same_as(&expected), "{dialect:?}");
            }
        }

        #[test]
        fn no_text_makes_a_decoder_panic(text in any::<String>()) {
            let _ = (hex_decode(&text), decimal(&text), fields::<3>(&text, '$'));
            for dialect in [
                Base64::Padded,
                Base64::Unpadded,
                Base64::Dotted,
                Base64::Url,
                Base64::Little,
                Base64::Bcrypt,
                Base64::Crypt,
            ] {
                let _ = dialect.decode(&text);
            }
        }
    }
}
