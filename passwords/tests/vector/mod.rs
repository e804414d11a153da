//! The lines of the fixtures: a stored value with what stands beside it.

use idstore_passwords::{Accept, Definition, Limits, Reading, Schemes, Stored};
use idstore_secret::{Secret, SecretRef};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// The parameters that are keys of an application's configuration.
const KEYS: [&str; 13] = [
    "pepper",
    "security_salt",
    "security_password_salt",
    "passwordsalt",
    "cookie_key",
    "hash_key",
    "secret",
    "site_key",
    "static_salt",
    "userAuthSalt",
    "passwordsaltmain",
    "key",
    "signerKey",
];

pub(crate) struct Vector {
    pub(crate) id: String,
    pub(crate) format: String,
    pub(crate) stored: Secret,
    pub(crate) salt: Option<Secret>,
    pub(crate) user: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) parameters: Option<Secret>,
    pub(crate) password: Secret,
    pub(crate) wrong: Secret,
    pub(crate) slow: bool,
}

pub(crate) fn parse(lines: &str) -> Vec<Vector> {
    lines.lines().map(|line| vector(&serde_json::from_str(line).unwrap())).collect()
}

fn vector(object: &Value) -> Vector {
    let text = |key: &str| object[key].as_str().map(str::to_owned);
    let mut parameters = object["params"].as_object().cloned().unwrap_or_default();
    let mut take = |key: &str| parameters.remove(key).and_then(|value| value.as_str().map(str::to_owned));
    let user = take("user");
    let key = KEYS.iter().find_map(|key| take(key));
    // The realm of a digest stands where others have a salt.
    let salt = text("salt").or_else(|| take("realm"));
    Vector {
        id: text("id").unwrap(),
        format: text("format").unwrap(),
        stored: text("stored").unwrap().into(),
        salt: salt.map(Secret::from),
        user,
        key,
        parameters: column(&parameters),
        password: text("password").unwrap().into(),
        wrong: text("wrong_password").unwrap().into(),
        slow: text("note").unwrap().contains("slow ~"),
    }
}

/// One text is the column's own; several members are a document.
fn column(parameters: &Map<String, Value>) -> Option<Secret> {
    let only = parameters.iter().next().filter(|_| parameters.len() == 1).map(|(_, value)| value);
    match only {
        Some(Value::String(text)) => Some(text.clone().into()),
        _ if parameters.is_empty() => None,
        _ => Some(serde_json::to_string(parameters).unwrap().into()),
    }
}

impl Vector {
    /// The catalogue, with the vector's key for its scheme.
    pub(crate) fn schemes(&self) -> Schemes {
        let Some(key) = &self.key else { return Schemes::default() };
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{}.key", self.id.replace(['/', ':'], "-")));
        std::fs::write(&file, key).unwrap();
        let definition = Definition { pepper: Some(SecretRef::File(file)), ..Definition::default() };
        Schemes::parse([(self.format.as_str(), &definition)]).unwrap().resolve().unwrap()
    }

    pub(crate) fn accept(&self, name: &str) -> Accept {
        Accept::parse_with(Some(&[name.to_owned()]), &self.schemes()).unwrap().0
    }

    pub(crate) fn stored<'a>(&'a self, scheme: Option<&'a str>) -> Stored<'a> {
        Stored {
            hash: &self.stored,
            salt: self.salt.as_ref(),
            scheme,
            user: self.user.as_deref(),
            parameters: self.parameters.as_ref(),
        }
    }

    /// As the scheme of its label alone.
    pub(crate) fn read(&self) -> Reading {
        self.accept(&self.format).read(&self.stored(None), &Limits::default())
    }
}
