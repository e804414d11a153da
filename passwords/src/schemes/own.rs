//! The formats that carry parameters of their own: a layout names one (`<bcrypt>`), and an expression what is done to
//! the password before it (`bcrypt(sha256(pass))`).

use super::{argon2, bcrypt, crypt, phc};
use crate::expression::Expression;
use crate::hash::Parts;
use crate::kdf::{Kdf, Recipe};
use crate::random::Salt;
use crate::scheme::{NotRead, Usual};
use idstore_secret::Secret;
use std::sync::LazyLock;

/// A format with parameters of its own.
pub(crate) struct Own {
    /// Its name in layouts and expressions.
    pub(super) name: &'static str,
    pub(super) read: fn(&str) -> Result<Parts, NotRead>,
    /// Writes it; the text says how, where there are several ways (`2y`).
    pub(super) print: fn(&Parts, Option<&str>) -> Option<String>,
    /// What new passwords get.
    pub(super) usual: fn() -> (Kdf, Salt, usize),
    /// The derivation with this cost, for layouts that take the format's parts apart.
    pub(super) at_cost: fn(Option<u32>) -> Option<Kdf>,
}

/// The format of this name.
pub(crate) fn own(name: &str) -> Option<&'static Own> {
    [bcrypt::OWN, argon2::OWN, crypt::OWN, phc::OWN].into_iter().flatten().find(|own| own.name == name)
}

/// Whether there is a format of this name.
pub(crate) fn is_own(name: &str) -> bool {
    own(name).is_some()
}

/// A password that nothing is done to.
pub(crate) fn plain() -> &'static Expression {
    static PLAIN: LazyLock<Expression> = LazyLock::new(Expression::pass);
    &PLAIN
}

/// Parts with the password as it is.
pub(super) fn parts(kdf: Kdf, salt: Secret, digest: Secret) -> Parts {
    Parts::new(kdf.into(), salt, digest)
}

impl Own {
    pub(crate) fn read(&self, text: &str) -> Result<Parts, NotRead> {
        (self.read)(text)
    }

    pub(crate) fn print(&self, parts: &Parts, how: Option<&str>) -> Option<String> {
        (self.print)(parts, how)
    }

    /// What new passwords get where nothing is done to them.
    pub(super) fn plain_usual(&self) -> Usual {
        let (kdf, salt, digest_len) = (self.usual)();
        Usual::of(Some(kdf), salt, digest_len)
    }

    pub(super) fn usual(&self, expression: &'static Expression) -> Usual {
        let (kdf, salt, digest_len) = (self.usual)();
        Usual { recipe: Recipe { expression, kdf, rounds: 1 }, salt, column: Salt::None, digest_len }
    }
}
