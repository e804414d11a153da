//! `[stores.ADAPTER.NAME.passwords]`: what is read, and what new passwords become. The names are those of
//! `idstore_passwords`, which alone knows them.

use idstore_contract::PasswordWrite;
use idstore_passwords::{Accept, NameWarning, Write};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// `[stores.ADAPTER.NAME.passwords]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// The schemes that a stored password may have, by name or family. Absent: every self-describing one that is not
    /// weak.
    pub accept: Option<AcceptedNames>,
    /// The scheme of new passwords, or `store`: the store hashes. Needed where passwords are written.
    pub write: Option<NewPasswords>,
    /// Whether a login with the right password replaces a hash of another scheme or of a lower cost than `write`'s;
    /// `false`, for other programs read it. Needs the store's `rehash`.
    pub rehash_on_login: bool,
}

/// The names of `accept`, each of which means something; at least one.
#[derive(Clone, Debug)]
pub struct AcceptedNames {
    accept: Accept,
    /// Which names mean weak schemes, by their place in the list.
    pub warnings: Vec<NameWarning>,
}

/// What new passwords become.
#[derive(Clone, Copy, Debug)]
pub enum NewPasswords {
    /// The store gets them in clear, and hashes.
    ByStore,
    /// The daemon hashes.
    Hashed(Write),
}

impl Passwords {
    /// The schemes that are read; the error is one of the build, which then has none to offer.
    pub fn accepted(&self) -> Result<Accept, String> {
        match &self.accept {
            Some(names) => Ok(names.accept.clone()),
            None => Accept::parse(None).map(|(accept, _)| accept).map_err(|errors| {
                errors
                    .first()
                    .map_or_else(|| "no password scheme is accepted".to_owned(), ToString::to_string)
            }),
        }
    }

    /// What the adapter is told of it.
    pub fn write_kind(&self) -> Option<PasswordWrite> {
        Some(match self.write.as_ref()? {
            NewPasswords::ByStore => PasswordWrite::ByStore,
            NewPasswords::Hashed(write) if write.needs_salt_column() => PasswordWrite::HashedWithSalt,
            NewPasswords::Hashed(_) => PasswordWrite::Hashed,
        })
    }
}

impl<'de> Deserialize<'de> for AcceptedNames {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let names: Vec<AcceptedName> = Vec::deserialize(from)?;
        let names: Vec<String> = names.into_iter().map(|name| name.0).collect();
        match Accept::parse(Some(&names)) {
            Ok((accept, warnings)) => Ok(Self { accept, warnings }),
            Err(errors) => Err(D::Error::custom(first(&errors))),
        }
    }
}

/// One name of `accept`: read by itself, so that the mistake has the place of the name.
struct AcceptedName(String);

impl<'de> Deserialize<'de> for AcceptedName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        match Accept::parse(Some(std::slice::from_ref(&name))) {
            Ok(_) => Ok(Self(name)),
            Err(errors) => Err(D::Error::custom(first(&errors))),
        }
    }
}

impl<'de> Deserialize<'de> for NewPasswords {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match String::deserialize(from)?.as_str() {
            "store" => Ok(Self::ByStore),
            name => Write::parse(name).map(Self::Hashed).map_err(D::Error::custom),
        }
    }
}

fn first(errors: &[idstore_passwords::NameError]) -> &str {
    errors.first().map_or("no password scheme is named", |error| error.message.as_str())
}
