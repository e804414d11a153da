//! [`Scheme`]: a named format of stored passwords; names, families, and the errors about them.

use crate::encoding::decimal;
use crate::expression::Stored;
use crate::hash::{Candidate, Parts};
use crate::kdf::{Kdf, Recipe};
use crate::limits::Limits;
use crate::random::Salt;
use crate::schemes::all;
use crate::write::Written;
use std::fmt;

/// A format with its name.
pub(crate) struct Scheme {
    /// The name in the configuration and in the scheme column: `bcrypt`, `django:pbkdf2_sha256`. What stands before
    /// the colon is the family.
    pub(crate) name: &'static str,
    pub(crate) detection: Detection,
    pub(crate) strength: Strength,
    /// Whether new passwords are written in it.
    pub(crate) written: bool,
    pub(crate) format: Box<dyn Format>,
}

/// Whether a stored value says of itself that it is of this scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detection {
    /// It does, by a prefix that is the scheme's own.
    SelfDescribing,
    /// It does not; the operator has to name the scheme.
    Declared,
}

/// Whether the scheme withstands guessing once the store has leaked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    Sound,
    /// Accepted only where named, and warned about.
    Weak,
}

/// How the text of a scheme is read and written. Does no work on passwords.
pub(crate) trait Format: Send + Sync {
    /// Reads the columns. Builds only what the derivation itself accepts; whether it is affordable comes after.
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead>;

    /// Writes what [`read`](Self::read) gives back; `None` for parts of another scheme.
    fn print(&self, parts: &Parts) -> Option<Written>;

    /// What new passwords get, and what a stand-in costs before any hash was seen.
    fn usual(&self) -> Usual;

    /// The same, where the configuration says the rounds or their like.
    fn usual_with(&self, _parameters: Option<&str>) -> Usual {
        self.usual()
    }

    /// Whether the salt stands in a column of its own.
    fn needs_salt_column(&self) -> bool {
        false
    }

    /// Whether a configured key goes in, needed or not.
    fn takes_key(&self) -> bool {
        false
    }

    /// Whether nothing can be computed without a configured key.
    fn needs_key(&self) -> bool {
        false
    }

    /// Whether it would take any text for a password as it stands, without a mark before it.
    fn is_clear(&self, _text: &str) -> bool {
        false
    }

    /// Whether the stored value tells the password.
    fn is_reversible(&self) -> bool {
        false
    }

    /// Whether the account's name goes in and is not in the stored text.
    fn needs_user(&self) -> bool {
        false
    }
}

/// What a store keeps of one password.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a> {
    pub(crate) text: &'a str,
    pub(crate) salt: Option<&'a [u8]>,
    pub(crate) user: Option<&'a [u8]>,
    /// Further numbers: of a column, or of the configuration.
    pub(crate) parameters: Option<&'a str>,
    /// The configured key.
    pub(crate) key: Option<&'a [u8]>,
}

impl<'a> Columns<'a> {
    /// A text alone.
    pub(crate) fn of(text: &'a str) -> Self {
        Self { text, salt: None, user: None, parameters: None, key: None }
    }

    /// A number of the parameters, under one of the names that applications give it.
    pub(crate) fn number(&self, name: Stored) -> Option<u32> {
        let names: &[&str] = match name {
            Stored::Rounds => &[
                "rounds",
                "iterations",
                "stretches",
                "hashIterations",
                "cost",
                "factor",
                "i",
                "iteration_count",
                "iterationcount",
            ],
            Stored::LogN => &["ln", "memCost", "mem_cost"],
            Stored::N => &["n", "N"],
            Stored::R => &["r", "rounds"],
            Stored::P => &["p"],
        };
        let parameters = self.parameters?;
        // A column that is the number itself.
        if let Some(rounds) = decimal(parameters) {
            return Some(rounds).filter(|_| name == Stored::Rounds);
        }
        if let Ok(object) = serde_json::from_str::<serde_json::Value>(parameters) {
            return names.iter().find_map(|name| u32::try_from(object.get(name)?.as_u64()?).ok());
        }
        // `$pbkdf2-sha256$i=600000,l=32$`: names and numbers among other text.
        let mut pairs = parameters.split(['$', ',', ';', ' ']).filter_map(|word| word.split_once('='));
        pairs.find(|(own, _)| names.contains(own)).and_then(|(_, value)| decimal(value))
    }
}

/// The parameters of new hashes.
pub(crate) struct Usual {
    pub(crate) recipe: Recipe,
    pub(crate) salt: Salt,
    /// What is drawn for the salt's column, where the text has a salt of its own.
    pub(crate) column: Salt,
    /// In bytes.
    pub(crate) digest_len: usize,
}

impl Usual {
    /// With the password as it is.
    pub(crate) fn of(kdf: Option<Kdf>, salt: Salt, digest_len: usize) -> Self {
        Self { recipe: kdf.unwrap_or(Kdf::None).into(), salt, column: Salt::None, digest_len }
    }
}

/// Why a format did not read a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRead {
    /// It is not of this scheme.
    Other,
    /// It is of this scheme, and can't be understood.
    Malformed,
    /// It is of this scheme, and the salt column is missing.
    MissingSalt,
    /// It is of this scheme, and the account has no name here.
    MissingUser,
    /// It is of this scheme, and no key is configured.
    MissingKey,
    /// It is of this scheme, and its rounds or their like are not to be found.
    MissingParameters,
    /// It is a weak value of a scheme that nobody named.
    Weak,
    /// It asks for more than this limit allows.
    TooCostly(&'static str),
}

impl Scheme {
    /// Reads the columns as this scheme, and bounds the cost.
    pub(crate) fn read(&'static self, columns: &Columns<'_>, limits: &Limits) -> Result<Candidate, NotRead> {
        let parts = self.format.read(columns)?;
        limits.admit(&parts).map_err(|excess| NotRead::TooCostly(excess.0))?;
        Ok(Candidate { scheme: self.name, parts })
    }

    pub(crate) fn is_weak(&self) -> bool {
        self.strength == Strength::Weak
    }

    pub(crate) fn is_self_describing(&self) -> bool {
        self.detection == Detection::SelfDescribing
    }

    pub(crate) fn family(&self) -> Option<&'static str> {
        self.name.split_once(':').map(|(family, _)| family)
    }
}

/// Two are the same when they have the same name.
impl PartialEq for Scheme {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for Scheme {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)
    }
}

/// A name in the configuration that means no scheme, or none that fits there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    /// Its place in `accept`; 0 in `write`.
    pub index: usize,
    /// What is wrong, with the nearest known name where there is one.
    pub message: String,
}

impl fmt::Display for NameError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for NameError {}

/// A name in the configuration that means a weak scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameWarning {
    /// Its place in `accept`; 0 in `write`.
    pub index: usize,
    /// What is weak about it.
    pub message: String,
}

impl fmt::Display for NameWarning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

/// The names of all schemes, in the order of the documentation.
pub fn scheme_names() -> impl Iterator<Item = &'static str> {
    all().map(|scheme| scheme.name)
}

/// What a name means: the scheme of that name alone, else every member of the family. Empty: nothing.
pub(crate) fn named(name: &str) -> Vec<&'static Scheme> {
    match scheme(name) {
        Some(scheme) => vec![scheme],
        None => all().filter(|scheme| scheme.family() == Some(name)).collect(),
    }
}

/// The scheme of that very name.
pub(crate) fn scheme(name: &str) -> Option<&'static Scheme> {
    all().find(|scheme| scheme.name == name)
}

/// `unknown password scheme "bcrpyt"; did you mean "bcrypt"?`, choosing among these names.
pub(crate) fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> String {
    let nearest = known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    match nearest {
        Some((_, candidate)) => format!("unknown password scheme \"{name}\"; did you mean \"{candidate}\"?"),
        None => format!("unknown password scheme \"{name}\""),
    }
}

/// All names that `accept` understands: the schemes' and the families'.
pub(crate) fn accepted_names() -> impl Iterator<Item = &'static str> {
    all().flat_map(|scheme| [Some(scheme.name), scheme.family()]).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_schemes_share_a_name() {
        let names: Vec<_> = scheme_names().collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn a_label_means_itself_and_a_family_all_of_it() {
        // It is a family's name, too.
        assert_eq!(named("bcrypt").len(), 1);
        assert!(named("django").iter().any(|scheme| scheme.name == "django:pbkdf2_sha256"));
        assert!(named("django").iter().any(|scheme| scheme.is_weak()));
        assert!(named("nonesuch").is_empty());
    }

    #[test]
    fn a_misspelt_name_is_told_the_nearest() {
        assert!(unknown("bcrpyt", accepted_names()).ends_with("did you mean \"bcrypt\"?"));
        assert!(unknown("djano", accepted_names()).ends_with("did you mean \"django\"?"));
        assert_eq!(unknown("zzz", accepted_names()), "unknown password scheme \"zzz\"");
    }
}
