//! [`Spelling`]: how a field of a layout is written.

use crate::encoding::{Base64, decimal, hex_decode, hex_encode};
use idstore_secret::Secret;

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    Text,
    Hex,
    UpperHex,
    Base64(Base64),
    /// Hex; base64 is read as well, told apart by the length.
    Either,
    /// Base64 of hex.
    Base64Hex,
    /// A text as PHP's `serialize` has it behind its `s:`, the length before it: `3:"abc"`.
    Php,
}

impl Spelling {
    /// The names in layouts and in the configuration's `encoding`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "text" => Self::Text,
            "hex" => Self::Hex,
            "HEX" => Self::UpperHex,
            "either" => Self::Either,
            "base64-hex" => Self::Base64Hex,
            "base64" => Self::Base64(Base64::Padded),
            "base64-unpadded" => Self::Base64(Base64::Unpadded),
            "base64-dotted" => Self::Base64(Base64::Dotted),
            "base64-url" => Self::Base64(Base64::Url),
            "base64-bcrypt" => Self::Base64(Base64::Bcrypt),
            "base64-crypt" => Self::Base64(Base64::Crypt),
            "base64-phpass" => Self::Base64(Base64::Little),
            "php" => Self::Php,
            _ => return None,
        })
    }

    pub(super) fn read(self, text: &str, digest_len: Option<usize>) -> Option<Secret> {
        match self {
            Self::Text => Some(text.into()),
            Self::Hex | Self::UpperHex => hex_decode(text),
            Self::Base64(dialect) => dialect.decode(text),
            Self::Base64Hex => hex_decode(Base64::Padded.decode(text)?.expose_text()?),
            Self::Php => {
                let (len, text) = text.split_once(':')?;
                let text = text.strip_prefix('"')?.strip_suffix('"')?;
                (usize::try_from(decimal(len)?).ok()? == text.len()).then(|| text.into())
            }
            Self::Either => {
                let is_hex = Some(text.len()) == digest_len.and_then(|len| len.checked_mul(2));
                if is_hex { hex_decode(text) } else { Base64::Padded.decode(text) }
            }
        }
    }

    pub(super) fn print(self, bytes: &[u8]) -> Option<String> {
        Some(match self {
            Self::Text => std::str::from_utf8(bytes).ok()?.to_owned(),
            Self::Hex | Self::Either => hex_encode(bytes),
            Self::Php => format!("{}:\"{}\"", bytes.len(), std::str::from_utf8(bytes).ok()?),
            Self::Base64Hex => Base64::Padded.encode(hex_encode(bytes).as_bytes()),
            Self::UpperHex => hex_encode(bytes).to_ascii_uppercase(),
            Self::Base64(dialect) => dialect.encode(bytes),
        })
    }
}
