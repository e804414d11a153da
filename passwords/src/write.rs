//! [`Write`]: the scheme in which new passwords are stored.

use crate::custom::{Choice, Schemes};
use crate::hash::{Bound, HashFailure, Parts, Shape};
use crate::kdf::Scratch;
use crate::limits::{LimitProblem, Limits, TooCostly};
use crate::scheme::{Columns, NameError, NameWarning, NotRead, unknown};
use crate::stored::is_disabled;
use idstore_secret::Secret;
use std::fmt;

/// The longest password that is hashed, in bytes: what the daemon takes from a caller.
const PASSWORD_BYTES_MAX: usize = 1024;

/// The scheme of new passwords, with the parameters that its original writes today.
#[derive(Clone, Debug)]
pub struct Write {
    choice: Choice,
    /// The account's name, for the schemes that take it.
    user: Option<Secret>,
}

/// A new password as it goes into the store.
#[derive(Clone, Debug)]
pub struct Written {
    /// For the column `password_hash`.
    pub hash: Secret,
    /// For the column `password_salt`, under a scheme that keeps the salt there.
    pub salt: Option<Secret>,
    /// What the application keeps in a column of parameters beside this hash, under a scheme that has one. It is the same
    /// for every new password.
    pub parameters: Option<String>,
}

/// Why a new password can't be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Longer than what the scheme makes count (bcrypt: 72 bytes), or than 1,024 bytes. Never cut.
    TooLong,
    /// Empty, or with a NUL in it.
    Malformed,
    /// It reads like a stored value, in a scheme that keeps passwords as they are.
    StorePolicy,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TooLong => "it is too long",
            Self::Malformed => "it is empty or holds a NUL",
            Self::StorePolicy => "it reads like a stored value",
        })
    }
}

impl std::error::Error for Refusal {}

impl Write {
    /// From the configuration's `write`, of the catalogue alone: the name of one scheme that can be written.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        Self::parse_with(name, &Schemes::default())
    }

    /// From the configuration's `write`: the name of one scheme that can be written.
    pub fn parse_with(name: &str, schemes: &Schemes) -> Result<Self, NameError> {
        let members = schemes.named(name);
        let message = match members.as_slice() {
            [choice] if choice.scheme.name == name && choice.lacks_key() => format!(
                "the password scheme {name} needs the key that the application is configured with: give it a table \
                 passwords.schemes.\"{name}\" with pepper"
            ),
            [choice] if choice.scheme.name == name && choice.scheme.written => {
                let write = Self { choice: choice.clone(), user: None };
                match write.reads_back() {
                    Ok(()) => return Ok(write),
                    Err(why) => {
                        format!("what is written in the password scheme {name} could not be read: {why}")
                    }
                }
            }
            [choice] if choice.scheme.name == name => {
                format!("the password scheme {name} is read, but no longer written")
            }
            [] => unknown(name, schemes.written_names()),
            members => {
                let written: Vec<_> =
                    members.iter().map(|choice| choice.scheme).filter(|scheme| scheme.written).collect();
                let names: Vec<_> = written.iter().map(|scheme| scheme.name).collect();
                format!("\"{name}\" is a family of password schemes; write one of {}", names.join(", "))
            }
        };
        Err(NameError { index: 0, message })
    }

    /// For this account, whose name some schemes take in.
    #[must_use]
    pub fn for_user(mut self, user: &str) -> Self {
        self.user = Some(Secret::from(user));
        self
    }

    /// Whether the scheme takes the account's name: then [`for_user`](Self::for_user) has to be told.
    pub fn needs_user(&self) -> bool {
        self.choice.scheme.format.needs_user()
    }

    /// The scheme's name.
    pub fn scheme(&self) -> &'static str {
        self.choice.scheme.name
    }

    /// What to tell the operator, if the scheme is weak.
    pub fn warning(&self) -> Option<NameWarning> {
        let message = format!("new passwords are written in the weak scheme {}", self.scheme());
        self.choice.scheme.is_weak().then_some(NameWarning { index: 0, message })
    }

    /// Whether the salt goes into a column of its own.
    pub fn needs_salt_column(&self) -> bool {
        self.choice.scheme.format.needs_salt_column()
    }

    /// The longest password of which the scheme makes every byte count; `None` where it has no limit of its own.
    pub fn password_bytes_max(&self) -> Option<usize> {
        self.choice.usual().recipe.password_bytes_max()
    }

    /// Whether this can't be a password under the scheme.
    pub fn refuse(&self, password: &Secret) -> Option<Refusal> {
        if password.is_empty() || password.expose().contains(&0) {
            return Some(Refusal::Malformed);
        }
        let (usual, bound, none) = (self.choice.usual(), self.bound(), Secret::new(Vec::new()));
        let inputs = bound.inputs(password, &none);
        if password.len() > PASSWORD_BYTES_MAX || usual.recipe.would_cut(&inputs) {
            return Some(Refusal::TooLong);
        }
        if !usual.recipe.has_value(&inputs) {
            return Some(Refusal::Malformed);
        }
        if self.choice.scheme.format.is_reversible() && reads_like_stored(password) {
            return Some(Refusal::StorePolicy);
        }
        None
    }

    /// Hashes a new password with a new salt. Blocks: run it on the [`Workers`](crate::Workers).
    pub fn hash(&self, password: &Secret) -> Result<Written, HashFailure> {
        let parts = self.parts(password)?;
        let digest = parts.derivation(password).run(&mut Scratch::default())?;
        self.print(&Parts { digest, ..parts })
    }

    /// A new password's parts with a new salt, complete but for the bytes of the digest.
    pub(crate) fn parts(&self, password: &Secret) -> Result<Parts, HashFailure> {
        if let Some(refusal) = self.refuse(password) {
            return Err(HashFailure::Refused(refusal));
        }
        let usual = self.choice.usual();
        let digest = Secret::new(vec![0; usual.digest_len]);
        let mut bound = self.bound();
        bound.column = if usual.column.len() > 0 { Some(usual.column.draw()?) } else { None };
        Ok(Parts { bound, ..Parts::new(usual.recipe, usual.salt.draw()?, digest) })
    }

    /// The text of complete parts.
    pub(crate) fn print(&self, parts: &Parts) -> Result<Written, HashFailure> {
        self.choice.scheme.format.print(parts).ok_or(HashFailure::Parameters)
    }

    /// Whether a stored value is of another scheme than new ones, or of the same at a lower cost.
    pub fn improves(&self, stored: &Shape) -> bool {
        stored.is_less_than(self.scheme(), &self.choice.usual().recipe)
    }

    /// Whether a new hash could be verified. A layout may leave out what the digest needs, or be ambiguous.
    fn reads_back(&self) -> Result<(), &'static str> {
        let (usual, zeros) = (self.choice.usual(), |count| Secret::new(vec![b'0'; count]));
        let column = (usual.column.len() > 0).then(|| zeros(usual.column.len()));
        let bound = Bound { user: Some(Secret::from("user")), key: Some(Secret::from("key")), column };
        let parts =
            Parts { bound, ..Parts::new(usual.recipe, zeros(usual.salt.len()), zeros(usual.digest_len)) };
        let written = self.print(&parts).map_err(|_| "its layout can't hold it")?;
        let columns = Columns {
            salt: written.salt.as_ref().map(Secret::expose),
            user: Some(b"user"),
            key: Some(b"key"),
            ..Columns::of(written.hash.expose_text().unwrap_or_default())
        };
        let parameters = written.parameters.as_deref().or(self.choice.parameters());
        let columns = Columns { parameters, ..columns };
        match self.choice.scheme.format.read(&columns) {
            Ok(read) if read.recipe == usual.recipe => Ok(()),
            Err(NotRead::MissingParameters) => Err("say its rounds in parameters"),
            Ok(_) | Err(_) => Err("its layout does not keep the parts apart"),
        }
    }

    fn bound(&self) -> Bound {
        Bound { user: self.user.clone(), key: self.choice.key().cloned(), column: None }
    }

    /// The limit that new hashes would exceed, so that nobody could sign in with one.
    pub fn exceeds(&self, limits: &Limits) -> Option<LimitProblem> {
        let usual = self.choice.usual();
        let zeros = |count| Secret::new(vec![0; count]);
        let parts = Parts::new(usual.recipe, zeros(usual.salt.len()), zeros(usual.digest_len));
        let TooCostly(key) = limits.admit(&parts).err()?;
        let message = format!(
            "new passwords ({}) would cost more than this allows, and none could be used",
            self.shape()
        );
        Some(LimitProblem { key, message })
    }

    /// What verifying a hash of this scheme costs.
    pub fn shape(&self) -> Shape {
        self.choice.usual_shape()
    }
}

impl Written {
    /// All in one text.
    pub(crate) fn text(text: String) -> Self {
        Self { hash: Secret::from(text), salt: None, parameters: None }
    }
}

/// A marker, or what begins as a stored value does: where passwords are kept as they are, it would be read as one.
fn reads_like_stored(password: &Secret) -> bool {
    let text = password.expose_text().unwrap_or_default();
    is_disabled(text) || text.starts_with(['{', '$'])
}
