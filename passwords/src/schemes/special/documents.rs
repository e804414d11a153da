//! Hashes in documents: Keycloak's and npm-credential's JSON, and passlib's SCRAM with a digest for each function.

use crate::encoding::{Base64, decimal, fields};
use crate::hash::Parts;
use crate::kdf::{Algorithm, Argon2, Kdf, Pbkdf2, Variant, Version};
use crate::random::Salt;
use crate::scheme::{Columns, Format, NotRead, Usual};
use crate::schemes::own::parts;
use crate::write::Written;
use serde_json::{Value, json};

/// Keycloak's `secret_data` in the hash's column and `credential_data` in the parameters'.
pub(super) struct Keycloak {
    pub(super) argon2: bool,
}

/// npm's `credential`: everything in one document.
pub(super) struct Credential;

/// `$scram$rounds$salt$sha-1=…,sha-256=…`: the strongest of them is compared.
pub(super) struct Scram;

impl Format for Keycloak {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let secret: Value = serde_json::from_str(columns.text).map_err(|_| NotRead::Other)?;
        let text = |name: &str| secret.get(name).and_then(Value::as_str).ok_or(NotRead::Other);
        let decode = |name: &str| Base64::Padded.decode(text(name)?).ok_or(NotRead::Malformed);
        let (digest, salt) = (decode("value")?, decode("salt")?);
        let data: Value = columns
            .parameters
            .and_then(|parameters| serde_json::from_str(parameters).ok())
            .ok_or(NotRead::MissingParameters)?;
        let data = data.get("credential_data").unwrap_or(&data);
        let algorithm = data.get("algorithm").and_then(Value::as_str).unwrap_or("pbkdf2");
        if (algorithm == "argon2") != self.argon2 {
            return Err(NotRead::Other);
        }
        let kdf = if self.argon2 { argon2(data) } else { pbkdf2(algorithm, data) };
        let fits = digest.len() >= 16 && salt.len() >= 8;
        kdf.filter(|_| fits).map(|kdf| parts(kdf, salt, digest)).ok_or(NotRead::Malformed)
    }

    /// With what today's release keeps in `credential_data`.
    fn print(&self, parts: &Parts) -> Option<Written> {
        let secret = json!({
            "value": Base64::Padded.encode(parts.digest.expose()),
            "salt": Base64::Padded.encode(parts.salt.expose()),
            "additionalParameters": {},
        });
        let data = match parts.recipe.kdf {
            Kdf::Pbkdf2(pbkdf2) => json!({
                "hashIterations": pbkdf2.rounds(),
                "algorithm": pbkdf2_name(pbkdf2.algorithm())?,
                "additionalParameters": {},
            }),
            Kdf::Argon2(argon2) => json!({
                "hashIterations": argon2.passes(),
                "algorithm": "argon2",
                "additionalParameters": {
                    "hashLength": [parts.digest.len().to_string()],
                    "memory": [argon2.memory_kib().to_string()],
                    "type": ["id"],
                    "version": ["1.3"],
                    "parallelism": [argon2.lanes().to_string()],
                },
            }),
            _ => return None,
        };
        Some(Written { parameters: Some(data.to_string()), ..Written::text(secret.to_string()) })
    }

    fn usual(&self) -> Usual {
        let argon2 = Argon2::new(Variant::Id, Version::V19, 7168, 5, 1).map(Kdf::Argon2);
        let pbkdf2 = Pbkdf2::new(Algorithm::Sha512, 210_000).map(Kdf::Pbkdf2);
        let (kdf, len) = if self.argon2 { (argon2, 32) } else { (pbkdf2, 64) };
        Usual::of(kdf, Salt::Bytes(16), len)
    }
}

fn pbkdf2(algorithm: &str, data: &Value) -> Option<Kdf> {
    let (_, algorithm) = PBKDF2.iter().find(|(name, _)| *name == algorithm)?;
    Pbkdf2::new(*algorithm, number(data.get("hashIterations")?)?).map(Kdf::Pbkdf2)
}

const PBKDF2: [(&str, Algorithm); 3] =
    [("pbkdf2", Algorithm::Sha1), ("pbkdf2-sha256", Algorithm::Sha256), ("pbkdf2-sha512", Algorithm::Sha512)];

fn pbkdf2_name(algorithm: Algorithm) -> Option<&'static str> {
    PBKDF2.iter().find(|(_, own)| *own == algorithm).map(|(name, _)| *name)
}

fn argon2(data: &Value) -> Option<Kdf> {
    let more = data.get("additionalParameters")?;
    let first = |name: &str| more.get(name).map(|value| value.get(0).unwrap_or(value));
    let variant = match first("type").and_then(Value::as_str).unwrap_or("id") {
        "id" => Variant::Id,
        "i" => Variant::I,
        "d" => Variant::D,
        _ => return None,
    };
    let version = match first("version").and_then(Value::as_str).unwrap_or("1.3") {
        "1.3" => Version::V19,
        "1.0" => Version::V16,
        _ => return None,
    };
    let (memory, lanes) = (number(first("memory")?)?, number(first("parallelism")?)?);
    Argon2::new(variant, version, memory, number(data.get("hashIterations")?)?, lanes).map(Kdf::Argon2)
}

/// A number, or a text that is one.
fn number(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => decimal(text),
        value => u32::try_from(value.as_u64()?).ok(),
    }
}

impl Format for Credential {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let object: Value = serde_json::from_str(columns.text).map_err(|_| NotRead::Other)?;
        if object.get("hashMethod").and_then(Value::as_str) != Some("pbkdf2") {
            return Err(NotRead::Other);
        }
        let read = || {
            let text = |name: &str| object.get(name).and_then(Value::as_str);
            let digest = Base64::Padded.decode(text("hash")?)?;
            let len = usize::try_from(object.get("keyLength")?.as_u64()?).ok()?;
            let kdf = Kdf::Pbkdf2(Pbkdf2::new(Algorithm::Sha1, number(object.get("iterations")?)?)?);
            if len == digest.len() && len >= 16 {
                Some(parts(kdf, text("salt")?.into(), digest))
            } else {
                None
            }
        };
        read().ok_or(NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let Kdf::Pbkdf2(pbkdf2) = parts.recipe.kdf else { return None };
        let document = json!({
            "hash": Base64::Padded.encode(parts.digest.expose()),
            "salt": parts.salt.expose_text()?,
            "keyLength": parts.digest.len(),
            "hashMethod": "pbkdf2",
            "iterations": pbkdf2.rounds(),
        });
        Some(Written::text(document.to_string()))
    }

    fn usual(&self) -> Usual {
        Usual::of(Pbkdf2::new(Algorithm::Sha1, 111_493).map(Kdf::Pbkdf2), Salt::Base64(66), 66)
    }
}

impl Format for Scram {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest = columns.text.strip_prefix("$scram$").ok_or(NotRead::Other)?;
        scram(rest).ok_or(NotRead::Malformed)
    }

    fn print(&self, _: &Parts) -> Option<Written> {
        None
    }

    fn usual(&self) -> Usual {
        Usual::of(Pbkdf2::new(Algorithm::Sha512, 100_000).map(Kdf::Pbkdf2), Salt::Bytes(12), 64)
    }
}

fn scram(rest: &str) -> Option<Parts> {
    let [rounds, salt, digests] = fields(rest, '$')?;
    let digests: Vec<_> = digests.split(',').map(|pair| pair.split_once('=')).collect::<Option<_>>()?;
    let strongest = [
        ("sha-512", Algorithm::Sha512),
        ("sha-384", Algorithm::Sha384),
        ("sha-256", Algorithm::Sha256),
        ("sha-224", Algorithm::Sha224),
        ("sha-1", Algorithm::Sha1),
    ];
    let (algorithm, digest) = strongest.iter().find_map(|(name, algorithm)| {
        digests.iter().find(|(own, _)| own == name).map(|(_, digest)| (*algorithm, *digest))
    })?;
    let digest = Base64::Dotted.decode(digest).filter(|digest| digest.len() == algorithm.len())?;
    let kdf = Kdf::Pbkdf2(Pbkdf2::new(algorithm, decimal(rounds)?)?);
    let mut parts = parts(kdf, Base64::Dotted.decode(salt)?, digest);
    parts.recipe.expression = super::prepared()?;
    Some(parts)
}
