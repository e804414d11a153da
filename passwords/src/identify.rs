//! [`identify`]: which schemes a pasted value may be of.

use crate::scheme::{Columns, NotRead, Scheme};
use crate::schemes::all;
use crate::stored::is_disabled;

/// A scheme that may have written a value.
#[allow(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Likely {
    /// Its name, as in `accept`.
    pub name: &'static str,
    /// Whether the value says itself that it is of this scheme.
    pub self_describing: bool,
    /// Whether the scheme is weak, so that it is accepted only where named.
    pub weak: bool,
    /// Whether the salt stands in a column of its own.
    pub needs_salt: bool,
    /// Whether the account's name goes in.
    pub needs_user: bool,
    /// Whether the application's key is needed.
    pub needs_key: bool,
}

/// The names of all schemes that may have written this text; see [`likely`].
pub fn identify(text: &str) -> Vec<&'static str> {
    likely(text).into_iter().map(|likely| likely.name).collect()
}

/// All schemes that may have written this text: those that the value names first, then those that have values of this
/// form. Empty for markers, and for what only a scheme of clear text writes.
pub fn likely(text: &str) -> Vec<Likely> {
    if is_disabled(text) {
        return Vec::new();
    }
    // A pasted value comes without what stands beside it; anything shows whether the text itself fits.
    let columns = Columns { text, salt: Some(b""), user: Some(b""), parameters: None, key: Some(b"") };
    let without_salt = Columns { salt: None, ..columns };
    let fits = |scheme: &&'static Scheme| {
        let read = scheme.format.read(&columns);
        matches!(read, Ok(_) | Err(NotRead::TooCostly(_) | NotRead::MissingParameters))
            || matches!(scheme.format.read(&without_salt), Err(NotRead::MissingSalt))
    };
    let (mut named, others): (Vec<_>, Vec<_>) = all()
        .filter(|scheme| !scheme.format.is_clear(text))
        .filter(fits)
        .partition(|scheme| scheme.is_self_describing());
    named.extend(others);
    named.into_iter().map(Likely::of).collect()
}

impl Likely {
    fn of(scheme: &'static Scheme) -> Self {
        Self {
            name: scheme.name,
            self_describing: scheme.is_self_describing(),
            weak: scheme.is_weak(),
            needs_salt: scheme.format.needs_salt_column(),
            needs_user: scheme.format.needs_user(),
            needs_key: scheme.format.needs_key(),
        }
    }
}
