//! [`Write`]: the scheme in which new passwords are stored.

use crate::hash::{HashFailure, Parts, Shape};
use crate::kdf::Scratch;
use crate::limits::{LimitProblem, Limits, TooCostly};
use crate::scheme::{NameError, NameWarning, Scheme, named, scheme, unknown};
use crate::schemes::all;
use idstore_secret::Secret;
use std::fmt;

/// The longest password that is hashed, in bytes: what the daemon takes from a caller.
const PASSWORD_BYTES_MAX: usize = 1024;

/// The scheme of new passwords, with the parameters that its original writes today.
#[derive(Clone, Copy, Debug)]
pub struct Write(&'static Scheme);

/// A new password as it goes into the store.
#[derive(Clone, Debug)]
pub struct Written {
    /// For the column `password_hash`.
    pub hash: Secret,
    /// For the column `password_salt`, under a scheme that keeps the salt there.
    pub salt: Option<Secret>,
}

/// Why a new password can't be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Longer than what the scheme makes count (bcrypt: 72 bytes), or than 1,024 bytes. Never cut.
    TooLong,
    /// Empty, or with a NUL in it.
    Malformed,
    /// It reads like a stored value, in a scheme that keeps passwords as they are. No scheme does so yet.
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
    /// From the configuration's `write`: the name of one scheme that can be written.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        let message = match scheme(name) {
            Some(scheme) if scheme.written => return Ok(Self(scheme)),
            Some(_) => format!("the password scheme {name} is read, but no longer written"),
            None if named(name).is_empty() => unknown(name, written_names()),
            None => {
                let members: Vec<_> =
                    named(name).iter().filter(|scheme| scheme.written).map(|scheme| scheme.name).collect();
                format!("\"{name}\" is a family of password schemes; write one of {}", members.join(", "))
            }
        };
        Err(NameError { index: 0, message })
    }

    /// The scheme's name.
    pub fn scheme(&self) -> &'static str {
        self.0.name
    }

    /// What to tell the operator, if the scheme is weak.
    pub fn warning(&self) -> Option<NameWarning> {
        let message = format!("new passwords are written in the weak scheme {}", self.scheme());
        self.0.is_weak().then_some(NameWarning { index: 0, message })
    }

    /// Whether the salt goes into a column of its own.
    pub fn needs_salt_column(&self) -> bool {
        // A declared scheme with a salt has no other place for it: its text is the digest alone.
        !self.0.is_self_describing() && self.0.format.usual().salt.len() > 0
    }

    /// The longest password of which the scheme makes every byte count; `None` where it has no limit of its own.
    pub fn password_bytes_max(&self) -> Option<usize> {
        self.0.format.usual().recipe.password_bytes_max()
    }

    /// Whether this can't be a password under the scheme.
    pub fn refuse(&self, password: &Secret) -> Option<Refusal> {
        let bytes_max = self.password_bytes_max().unwrap_or(PASSWORD_BYTES_MAX);
        if password.is_empty() || password.expose().contains(&0) {
            Some(Refusal::Malformed)
        } else if password.len() > bytes_max {
            Some(Refusal::TooLong)
        } else {
            None
        }
    }

    /// Hashes a new password with a new salt. Blocks: run it on the [`Workers`](crate::Workers).
    pub fn hash(&self, password: &Secret) -> Result<Written, HashFailure> {
        let parts = self.parts(password)?;
        let digest = parts.derivation(password).run(&mut Scratch::default())?;
        self.print(&Parts { digest, ..parts })
    }

    /// A new password's parts with a new salt, complete but for the bytes of the digest.
    pub(crate) fn parts(self, password: &Secret) -> Result<Parts, HashFailure> {
        if let Some(refusal) = self.refuse(password) {
            return Err(HashFailure::Refused(refusal));
        }
        let usual = self.0.format.usual();
        let digest = Secret::new(vec![0; usual.digest_len]);
        Ok(Parts { recipe: usual.recipe, salt: usual.salt.draw()?, digest })
    }

    /// The text of complete parts.
    pub(crate) fn print(self, parts: &Parts) -> Result<Written, HashFailure> {
        self.0.format.print(parts).ok_or(HashFailure::Parameters)
    }

    /// The limit that new hashes would exceed, so that nobody could sign in with one.
    pub fn exceeds(&self, limits: &Limits) -> Option<LimitProblem> {
        let usual = self.0.format.usual();
        let parts = Parts {
            recipe: usual.recipe,
            salt: Secret::new(vec![0; usual.salt.len()]),
            digest: Secret::new(vec![0; usual.digest_len]),
        };
        let TooCostly(key) = limits.admit(&parts).err()?;
        let message = format!(
            "new passwords ({}) would cost more than this allows, and none could be used",
            self.shape()
        );
        Some(LimitProblem { key, message })
    }

    /// Whether a stored value is of another scheme than new ones, or of the same at a lower cost.
    pub fn improves(&self, stored: &Shape) -> bool {
        stored.is_less_than(self.scheme(), &self.0.format.usual().recipe)
    }

    /// What verifying a hash of this scheme costs.
    pub fn shape(&self) -> Shape {
        self.0.usual_shape()
    }
}

impl Written {
    /// All in one text.
    pub(crate) fn text(text: String) -> Self {
        Self { hash: Secret::from(text), salt: None }
    }
}

fn written_names() -> impl Iterator<Item = &'static str> {
    all().filter(|scheme| scheme.written).map(|scheme| scheme.name)
}
