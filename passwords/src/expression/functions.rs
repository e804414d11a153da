//! The functions of one value: spellings, cases, charsets, normal forms, and the small digests of databases.

use super::charset;
use crate::encoding::{Base64, hex_decode, hex_encode};
use crate::kdf::{Algorithm, cram_md5, lm, mysql323, oracle10};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Hex,
    Bin,
    Base64,
    Base64Url,
    /// In bcrypt's alphabet.
    Bcrypt64,
    /// In phpass's alphabet and order.
    Phpass64,
    Unhex,
    /// The bytes of text in bcrypt's alphabet.
    UnBcrypt64,
    /// The bytes of base64 text; what is none stays as it is.
    Unbase64,
    /// Text of hex without the zero bytes that it begins with.
    Trim00,
    Upper,
    Lower,
    Trim,
    Html,
    HtmlQuotes,
    Nfc,
    Nfkc,
    Saslprep,
    Utf16le,
    Utf16be,
    /// A zero behind every byte: UTF-16 for those who take bytes for characters.
    Widen,
    Latin1,
    Cp1252,
    Cp437,
    /// `user@realm` as `user:realm`.
    UserRealm,
    /// Where bcrypt would cut it, base64 of its SHA-512: with more than 72 bytes, or a NUL.
    FitBcrypt,
    /// In braces, where it is not empty.
    Braced,
    /// What stands behind the first colon; all of it where there is none.
    AfterColon,
    /// Zeros after it up to 16 bytes, or to 32 from 17 on.
    PixPad,
    /// Three of four bytes.
    PixPick,
    Lm,
    Mysql323,
    CramMd5,
    Oracle10,
}

const NAMES: &[(&str, Function)] = &[
    ("hex", Function::Hex),
    ("bin", Function::Bin),
    ("base64", Function::Base64),
    ("base64url", Function::Base64Url),
    ("base64_bcrypt", Function::Bcrypt64),
    ("base64_phpass", Function::Phpass64),
    ("fit_bcrypt", Function::FitBcrypt),
    ("braced", Function::Braced),
    ("after_colon", Function::AfterColon),
    ("unbase64_bcrypt", Function::UnBcrypt64),
    ("unhex", Function::Unhex),
    ("unbase64", Function::Unbase64),
    ("trim_00", Function::Trim00),
    ("upper", Function::Upper),
    ("lower", Function::Lower),
    ("trim", Function::Trim),
    ("html", Function::Html),
    ("html_quotes", Function::HtmlQuotes),
    ("nfc", Function::Nfc),
    ("nfkc", Function::Nfkc),
    ("saslprep", Function::Saslprep),
    ("utf16le", Function::Utf16le),
    ("utf16be", Function::Utf16be),
    ("widen", Function::Widen),
    ("latin1", Function::Latin1),
    ("cp1252", Function::Cp1252),
    ("cp437", Function::Cp437),
    ("user_realm", Function::UserRealm),
    ("pix_pad", Function::PixPad),
    ("pix_pick", Function::PixPick),
    ("lm", Function::Lm),
    ("mysql323", Function::Mysql323),
    ("cram_md5", Function::CramMd5),
    ("oracle10", Function::Oracle10),
];

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(own, _)| *own == name).map(|(_, function)| *function)
    }

    /// Whether it makes text that may be stored as it is.
    pub(super) fn makes_text(self) -> bool {
        matches!(
            self,
            Self::Hex
                | Self::Base64
                | Self::Base64Url
                | Self::Bcrypt64
                | Self::Phpass64
                | Self::Upper
                | Self::Lower
        )
    }

    /// Whether the result is a digest, which stands in hex wherever text is meant.
    pub(super) fn makes_digest(self) -> bool {
        matches!(self, Self::Lm | Self::Mysql323 | Self::CramMd5 | Self::Oracle10)
    }

    /// Whether a digest goes in as its bytes and not in hex.
    pub(super) fn takes_digest(self) -> bool {
        matches!(
            self,
            Self::Hex | Self::Bin | Self::Base64 | Self::Base64Url | Self::Bcrypt64 | Self::Phpass64
        )
    }

    /// `None` where the value has no such form.
    pub(super) fn apply(self, value: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
        Some(Zeroizing::new(match self {
            Self::Hex => hex_encode(&value).into_bytes(),
            Self::Base64 => Base64::Padded.encode(&value).into_bytes(),
            Self::Base64Url => Base64::Url.encode(&value).into_bytes(),
            Self::Bcrypt64 => Base64::Bcrypt.encode(&value).into_bytes(),
            Self::Phpass64 => Base64::Little.encode(&value).into_bytes(),
            Self::FitBcrypt if value.len() > 72 || value.contains(&0) => {
                Base64::Padded.encode(&Algorithm::Sha512.hash(&[&value])).into_bytes()
            }
            Self::Braced if !value.is_empty() => [b"{", value.as_slice(), b"}"].concat(),
            Self::Bin | Self::FitBcrypt | Self::Braced => return Some(value),
            Self::AfterColon => {
                let start =
                    value.iter().position(|byte| *byte == b':').map_or(0, |place| place.saturating_add(1));
                value.get(start..).unwrap_or_default().to_vec()
            }
            Self::Unhex => hex_decode(std::str::from_utf8(&value).ok()?)?.expose().to_vec(),
            Self::UnBcrypt64 => Base64::Bcrypt.decode(std::str::from_utf8(&value).ok()?)?.expose().to_vec(),
            Self::Unbase64 => {
                match std::str::from_utf8(&value).ok().and_then(|text| Base64::Padded.decode(text)) {
                    Some(bytes) => bytes.expose().to_vec(),
                    None => return Some(value),
                }
            }
            Self::Trim00 => {
                let mut rest = value.as_slice();
                while let Some(more) = rest.strip_prefix(b"00") {
                    rest = more;
                }
                rest.to_vec()
            }
            Self::Upper => match std::str::from_utf8(&value) {
                Ok(text) => text.to_uppercase().into_bytes(),
                Err(_) => value.to_ascii_uppercase(),
            },
            Self::Lower => match std::str::from_utf8(&value) {
                Ok(text) => text.to_lowercase().into_bytes(),
                Err(_) => value.to_ascii_lowercase(),
            },
            Self::Trim => trim(&value).to_vec(),
            Self::Html => escape(&value, false),
            Self::HtmlQuotes => escape(&value, true),
            Self::Nfc => std::str::from_utf8(&value).ok()?.nfc().collect::<String>().into_bytes(),
            Self::Nfkc => std::str::from_utf8(&value).ok()?.nfkc().collect::<String>().into_bytes(),
            // As PostgreSQL does: what can't be prepared is taken as it is.
            Self::Saslprep => match std::str::from_utf8(&value).ok().map(stringprep::saslprep) {
                Some(Ok(prepared)) => prepared.into_owned().into_bytes(),
                _ => return Some(value),
            },
            Self::Utf16le => charset::utf16(&value)?.flat_map(u16::to_le_bytes).collect(),
            Self::Utf16be => charset::utf16(&value)?.flat_map(u16::to_be_bytes).collect(),
            Self::Widen => value.iter().flat_map(|byte| [*byte, 0]).collect(),
            Self::Latin1 => charset::latin1(&value)?,
            Self::Cp1252 => charset::single_byte(&value, charset::CP1252)?,
            Self::Cp437 => charset::single_byte(&value, charset::CP437)?,
            Self::UserRealm => user_realm(&value),
            Self::PixPad => {
                let width = if value.len() > 16 { 32 } else { 16 };
                value.iter().copied().chain(std::iter::repeat(0)).take(width).collect()
            }
            Self::PixPick => value.chunks(4).flat_map(|four| four.iter().take(3)).copied().collect(),
            Self::Lm => lm(&value),
            Self::Mysql323 => mysql323(&value),
            Self::CramMd5 => cram_md5(&value),
            Self::Oracle10 => oracle10(&value),
        }))
    }
}

/// What PHP's trim takes away.
fn trim(value: &[u8]) -> &[u8] {
    const BLANKS: &[u8] = b" \t\n\r\0\x0b";
    let is_text = |byte: &u8| !BLANKS.contains(byte);
    let start = value.iter().position(is_text).unwrap_or(value.len());
    let end = value.iter().rposition(is_text).map_or(start, |last| last.saturating_add(1));
    value.get(start..end).unwrap_or_default()
}

/// PHP's htmlspecialchars, with or without single quotes.
fn escape(value: &[u8], single_quotes: bool) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(value.len().saturating_mul(6));
    for byte in value {
        let entity: &[u8] = match byte {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'"' => b"&quot;",
            b'\'' if single_quotes => b"&#039;",
            other => std::slice::from_ref(other),
        };
        escaped.extend_from_slice(entity);
    }
    escaped
}

fn user_realm(value: &[u8]) -> Vec<u8> {
    let mut parts = value.splitn(2, |byte| *byte == b'@');
    let (user, realm) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    [user, b":", realm].concat()
}
