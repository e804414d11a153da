//! Firebase's scrypt: the signer's key, encrypted with what scrypt makes of the password.

use crate::encoding::Base64;
use crate::hash::{Bound, Parts};
use crate::kdf::{Kdf, Recipe, Scrypt};
use crate::random::Salt;
use crate::scheme::{Columns, Format, NotRead, Usual};
use crate::write::Written;
use idstore_secret::Secret;
use serde_json::Value;

/// Digest and salt in base64 in their columns, `memCost`, `rounds` and `saltSeparator` in the parameters, and the
/// signer's key as the configured key, in base64.
pub(super) struct Project;

/// Ory Kratos's: `$firescrypt$ln=14,r=8,p=1$salt$digest$separator$key`.
pub(super) struct Kratos;

/// What a project has that was never changed.
const SEPARATOR: &str = "Bw==";

impl Format for Project {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let digest =
            Base64::Padded.decode(columns.text).filter(|digest| digest.len() == 64).ok_or(NotRead::Other)?;
        let salt = columns.salt.ok_or(NotRead::MissingSalt)?;
        let parameters = columns.parameters.and_then(|text| serde_json::from_str::<Value>(text).ok());
        let of = |name: &str| parameters.as_ref().and_then(|object| object.get(name));
        let key = columns.key.map(<[u8]>::to_vec);
        let key = key
            .or_else(|| Some(of("signerKey")?.as_str()?.as_bytes().to_vec()))
            .ok_or(NotRead::MissingKey)?;
        let number = |name: &str, usual: u32| {
            of(name).map_or(Some(usual), |value| u32::try_from(value.as_u64()?).ok())
        };
        let separator = of("saltSeparator").and_then(Value::as_str).unwrap_or(SEPARATOR);
        let read = || {
            let scrypt = Scrypt::from_n(1_u32.checked_shl(number("memCost", 14)?)?, number("rounds", 8)?, 1)?;
            let separator = Base64::Padded.decode(separator)?;
            parts(scrypt, &[&bytes(salt), separator.expose()].concat(), &bytes(&key), digest)
        };
        read().ok_or(NotRead::Malformed)
    }

    fn print(&self, _: &Parts) -> Option<Written> {
        None
    }

    fn usual(&self) -> Usual {
        Usual::of(Scrypt::from_n(1 << 14, 8, 1).map(Kdf::Scrypt), Salt::Bytes(11), 64)
    }

    fn needs_salt_column(&self) -> bool {
        true
    }

    fn takes_key(&self) -> bool {
        true
    }

    fn needs_key(&self) -> bool {
        true
    }
}

impl Format for Kratos {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest = columns.text.strip_prefix("$firescrypt$").ok_or(NotRead::Other)?;
        let read = || {
            let [cost, salt, digest, separator, key] = crate::encoding::fields(rest, '$')?;
            let [ln, r, p] = crate::encoding::fields(cost, ',')?;
            let number = |text: &str, name| crate::encoding::decimal(text.strip_prefix(name)?);
            let n = 1_u32.checked_shl(number(ln, "ln=")?)?;
            let scrypt = Scrypt::from_n(n, number(r, "r=")?, number(p, "p=")?)?;
            let decode = |text| Base64::Padded.decode(text);
            let (digest, key) = (decode(digest)?, decode(key)?);
            let salt = [decode(salt)?.expose(), decode(separator)?.expose()].concat();
            parts(scrypt, &salt, key.expose(), digest).filter(|parts| parts.digest.len() == key.len())
        };
        read().ok_or(NotRead::Malformed)
    }

    fn print(&self, _: &Parts) -> Option<Written> {
        None
    }

    fn usual(&self) -> Usual {
        Project.usual()
    }
}

fn parts(scrypt: Scrypt, salt: &[u8], key: &[u8], digest: Secret) -> Option<Parts> {
    let expression = expression!("aes256_ctr(bin(scrypt(pass, salt, 16384, 8, 1, 32)), key)")?;
    let recipe = Recipe { expression, kdf: Kdf::Scrypt(scrypt), rounds: 1 };
    let bound = Bound { key: Some(Secret::new(key)), ..Bound::default() };
    Some(Parts { recipe, salt: Secret::new(salt), digest, bound })
}

/// The bytes of base64 text; what is none is taken as it is.
fn bytes(text: &[u8]) -> Vec<u8> {
    let decoded = std::str::from_utf8(text).ok().and_then(|text| Base64::Padded.decode(text));
    decoded.map_or_else(|| text.to_vec(), |bytes| bytes.expose().to_vec())
}
