//! `[stores.ADAPTER.NAME.passwords]`: what is read, and what new passwords become. The names are those of
//! `idstore_passwords`, which alone knows them.

use idstore_contract::PasswordWrite;
use idstore_passwords::{Accept, Definition, NameError, NameWarning, Schemes, Write};
use serde::Deserialize;
use std::collections::BTreeMap;

/// `[stores.ADAPTER.NAME.passwords]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// The schemes that a stored password may have, by name or family. Absent: every self-describing one that is not
    /// weak, and those under `schemes`.
    pub accept: Option<Vec<String>>,
    /// The scheme of new passwords, or `store`: the store hashes. Needed where passwords are written, but not in a
    /// directory, which hashes by itself.
    pub write: Option<String>,
    /// Whether a login with the right password replaces a hash of another scheme or of a lower cost than `write`'s;
    /// `false`, for other programs read it. Needs the store's `rehash`.
    pub rehash_on_login: bool,
    /// Schemes of the operator's own, and the keys and parameters of the catalogue's. Their names stand in `accept` and
    /// `write`, which mean nothing without them: for this reason all three are read together, by the methods below.
    pub schemes: BTreeMap<String, Definition>,
}

/// What new passwords become.
#[derive(Clone, Debug)]
pub enum NewPasswords {
    /// The store gets them in clear, and hashes.
    ByStore,
    /// The daemon hashes.
    Hashed(Write),
}

impl Passwords {
    /// The tables under `schemes`, without their secrets; an error has the place of its table.
    pub fn schemes(&self) -> Result<Schemes, Vec<NameError>> {
        Schemes::parse(self.schemes.iter().map(|(name, definition)| (name.as_str(), definition)))
    }

    /// The schemes that are read, and what is said about their names.
    pub fn accepted(&self, schemes: &Schemes) -> Result<(Accept, Vec<NameWarning>), Vec<NameError>> {
        Accept::parse_with(self.accept.as_deref(), schemes)
    }

    /// What new passwords become, where they are written.
    pub fn written(&self, schemes: &Schemes) -> Result<Option<NewPasswords>, NameError> {
        Ok(match self.write.as_deref() {
            None => None,
            Some("store") => Some(NewPasswords::ByStore),
            Some(name) => Some(NewPasswords::Hashed(Write::parse_with(name, schemes)?)),
        })
    }

    /// What the adapter is told of it; nothing where a name is wrong, which is told elsewhere.
    pub fn write_kind(&self) -> Option<PasswordWrite> {
        let schemes = self.schemes().unwrap_or_default();
        Some(match self.written(&schemes).ok()?? {
            NewPasswords::ByStore => PasswordWrite::ByStore,
            NewPasswords::Hashed(write) if write.needs_salt_column() => PasswordWrite::HashedWithSalt,
            NewPasswords::Hashed(_) => PasswordWrite::Hashed,
        })
    }

    /// The schemes with their secrets, read from where they are kept; the error names the place.
    pub fn resolve(&self) -> Result<Schemes, String> {
        self.schemes().unwrap_or_default().resolve().map_err(|error| error.to_string())
    }
}
