//! The catalogue: one file per family of formats, each with a table of its schemes. They read and print text; what
//! computes is in [`kdf`](crate::kdf).

mod argon2;
mod bcrypt;
mod digest;
mod django;
mod pbkdf2;

use crate::scheme::Scheme;

/// Every scheme, in the order in which values are tried where the configuration gives none.
pub(crate) fn all() -> impl Iterator<Item = &'static Scheme> {
    [bcrypt::SCHEMES, argon2::SCHEMES, django::SCHEMES, pbkdf2::SCHEMES, digest::SCHEMES]
        .into_iter()
        .flatten()
}
