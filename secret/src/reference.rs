//! [`SecretRef`]: where a secret is kept, as the configuration writes it.

use crate::Secret;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

/// The largest secret file that is read, in bytes: a token list or a key, never a database dump.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Where a secret is kept. Written as exactly one of `x.credential = "name"` (a systemd credential, see
/// `LoadCredential=`), `x.file = "/path"` and `x.env = "NAME"`; a literal is refused, and not repeated in the error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// The file of that name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// A file of its own.
    File(PathBuf),
    /// An environment variable; a warning says that child processes and `/proc` see it.
    Env(String),
}

/// A secret that was found, and what the operator should know about its place.
#[derive(Debug)]
pub struct Resolved {
    /// The value, without the one newline that editors put at the end of a file.
    pub secret: Secret,
    /// A remark on the place, such as a file that others may read.
    pub warning: Option<String>,
}

/// Why there is no secret; the text names the place, never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretError(String);

impl fmt::Display for SecretError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for SecretError {}

impl SecretRef {
    /// Reads the secret. One trailing newline is stripped and nothing else; an empty value is an error.
    pub fn resolve(&self) -> Result<Resolved, SecretError> {
        let (bytes, warning) = match self {
            Self::Credential(name) => (read_credential(name)?, None),
            Self::File(path) => (read_file(path)?, readable_by_others(path)),
            Self::Env(name) => (
                std::env::var_os(name)
                    .ok_or_else(|| SecretError(format!("the environment variable {name} is not set")))?
                    .into_encoded_bytes(),
                Some(format!(
                    "the environment variable {name} is visible to child processes; a credential or a file is not"
                )),
            ),
        };
        let secret = Secret::new(without_last_newline(bytes));
        if secret.is_empty() {
            return Err(SecretError(format!("{self} is empty")));
        }
        Ok(Resolved { secret, warning })
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(name) => write!(out, "the credential {name}"),
            Self::File(path) => write!(out, "the file {}", path.display()),
            Self::Env(name) => write!(out, "the environment variable {name}"),
        }
    }
}

fn read_credential(name: &str) -> Result<Vec<u8>, SecretError> {
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return Err(SecretError(format!(
            "\"{name}\" can not be the name of a credential: it is a file name without a folder"
        )));
    }
    let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") else {
        return Err(SecretError(format!(
            "the credential {name} needs $CREDENTIALS_DIRECTORY, which systemd sets for LoadCredential={name}:…; \
             outside systemd, set it to the folder that holds the file {name}"
        )));
    };
    read_file(&Path::new(&folder).join(name))
}

fn read_file(path: &Path) -> Result<Vec<u8>, SecretError> {
    let failed = |error: io::Error| SecretError(format!("{}: {error}", path.display()));
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > FILE_BYTES_MAX {
        return Err(SecretError(format!(
            "{} has {length} bytes; a secret has at most {FILE_BYTES_MAX}",
            path.display()
        )));
    }
    fs::read(path).map_err(failed)
}

fn readable_by_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o044 != 0).then(|| {
        format!("{} is readable by group or others (mode {mode:03o}); chmod 0600 it", path.display())
    })
}

fn without_last_newline(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    bytes
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ReferenceVisitor)
    }
}

const EXPECTED: &str = "exactly one of `credential`, `file` and `env`";

struct ReferenceVisitor;

impl<'de> Visitor<'de> for ReferenceVisitor {
    type Value = SecretRef;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a table with ")?;
        out.write_str(EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretRef, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            let reference = match key.as_str() {
                "credential" => SecretRef::Credential(map.next_value()?),
                "file" => SecretRef::File(map.next_value()?),
                "env" => SecretRef::Env(map.next_value()?),
                other => return Err(A::Error::unknown_field(other, &["credential", "file", "env"])),
            };
            if found.replace(reference).is_some() {
                return Err(A::Error::custom(format!("two places for one secret; write {EXPECTED}")));
            }
        }
        found.ok_or_else(|| A::Error::custom(format!("no place for the secret; write {EXPECTED}")))
    }

    // The default of serde prints the literal that it met, and here that is the password itself.
    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<SecretRef, E> {
        Err(literal())
    }
    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<SecretRef, E> {
        Err(literal())
    }
    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<SecretRef, E> {
        Err(literal())
    }
    fn visit_i128<E: serde::de::Error>(self, _: i128) -> Result<SecretRef, E> {
        Err(literal())
    }
    fn visit_u128<E: serde::de::Error>(self, _: u128) -> Result<SecretRef, E> {
        Err(literal())
    }
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<SecretRef, E> {
        Err(literal())
    }
    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<SecretRef, E> {
        Err(literal())
    }
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, _: A) -> Result<SecretRef, A::Error> {
        Err(literal())
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<SecretRef, E> {
        Err(literal())
    }
}

/// How the refusal of a literal begins: whoever shows the line of the mistake must leave its value out.
pub const LITERAL_REFUSED: &str = "a secret never stands in the configuration";

fn literal<E: serde::de::Error>() -> E {
    E::custom(format!("{LITERAL_REFUSED}; write {EXPECTED}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<SecretRef, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn one_place_is_a_reference() {
        assert_eq!(read(r#"{"credential": "db"}"#), Ok(SecretRef::Credential("db".into())));
        assert_eq!(read(r#"{"file": "/a/b"}"#), Ok(SecretRef::File("/a/b".into())));
        assert_eq!(read(r#"{"env": "DB"}"#), Ok(SecretRef::Env("DB".into())));
    }

    #[test]
    fn a_literal_is_refused_and_never_repeated() {
        for literal in [r#""hunter2-31337""#, "31337", "-31337", "3.1337", r#"["hunter2-31337"]"#] {
            let error = read(literal).unwrap_err();
            assert!(error.contains("never stands in the configuration"), "{error}");
            assert!(!error.contains("31337"), "{error}");
        }
    }

    #[test]
    fn no_place_two_places_and_unknown_places_are_refused() {
        assert!(read("{}").unwrap_err().contains("no place"));
        assert!(read(r#"{"env": "A", "file": "/b"}"#).unwrap_err().contains("two places"));
        assert!(read(r#"{"literal": "x"}"#).unwrap_err().contains("unknown field"));
    }

    #[test]
    fn one_newline_at_the_end_of_a_file_is_no_part_of_the_secret() {
        let path = std::env::temp_dir().join(format!("idstore-secret-{}", std::process::id()));
        fs::write(&path, " pad \n\n").unwrap();
        let found = SecretRef::File(path.clone()).resolve().unwrap();
        assert_eq!(found.secret.expose(), b" pad \n");
        fs::write(&path, "\n").unwrap();
        assert!(SecretRef::File(path.clone()).resolve().unwrap_err().to_string().contains("is empty"));
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_credential_is_a_plain_file_name() {
        for name in ["../shadow", "/etc/shadow", "", ".hidden"] {
            assert!(SecretRef::Credential(name.into()).resolve().is_err(), "{name}");
        }
    }
}
