//! [`identify`]: which schemes a pasted value may be of.

use crate::hash::Parts;
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
    /// Whether rounds or their like stand in a column of their own.
    pub needs_parameters: bool,
    /// Whether one before it computes the same: accepting both is accepting one.
    pub repeats: bool,
}

/// Functions that few stores have used, and that have values of the same form as those that many have.
const SELDOM: [&str; 6] = ["md4", "ripemd160", "sha3_", "whirlpool", "bigcrypt", "crypt16"];

/// The names of all schemes that may have written this text; see [`likely`].
pub fn identify(text: &str) -> Vec<&'static str> {
    likely(text).into_iter().map(|likely| likely.name).collect()
}

/// All schemes that may have written this text: those that the value names first, then those that have values of this
/// form, the simplest first. Empty for markers, and for what only a scheme of clear text writes.
pub fn likely(text: &str) -> Vec<Likely> {
    if is_disabled(text) {
        return Vec::new();
    }
    let mut found: Vec<_> = all()
        .filter(|scheme| !scheme.format.is_clear(text))
        .filter_map(|scheme| Found::of(scheme, text))
        .collect();
    found.sort_by_key(Found::place);
    let mut likely: Vec<Likely> = Vec::new();
    for (place, one) in found.iter().enumerate() {
        let repeats = found.iter().take(place).any(|earlier| earlier.computes_as(one));
        likely.push(Likely { repeats, ..one.likely });
    }
    likely
}

/// A scheme that reads the value, and what it reads.
struct Found {
    likely: Likely,
    /// Nothing where what stands beside the value decides.
    parts: Option<Parts>,
}

impl Found {
    /// A pasted value comes without what stands beside it; anything shows whether the text itself fits.
    fn of(scheme: &'static Scheme, text: &str) -> Option<Self> {
        let columns = Columns { text, salt: Some(b""), user: Some(b""), parameters: None, key: Some(b"") };
        let lacks = |columns: &Columns<'_>, what| scheme.format.read(columns).is_err_and(|why| why == what);
        let read = scheme.format.read(&columns);
        let needs_salt = lacks(&Columns { salt: None, ..columns }, NotRead::MissingSalt);
        let needs_parameters = matches!(read, Err(NotRead::MissingParameters));
        if read.is_err() && !needs_salt && !needs_parameters {
            return None;
        }
        let lacks_user = lacks(&Columns { user: None, ..columns }, NotRead::MissingUser);
        let lacks_key = lacks(&Columns { key: None, ..columns }, NotRead::MissingKey);
        let likely = Likely {
            name: scheme.name,
            self_describing: scheme.is_self_describing(),
            weak: scheme.is_weak(),
            needs_salt,
            needs_user: lacks_user || scheme.format.needs_user(),
            needs_key: lacks_key || scheme.format.needs_key(),
            needs_parameters,
            repeats: false,
        };
        Some(Self { likely, parts: read.ok() })
    }

    /// What the value names, then what is common, then what takes fewer words to say; the general name of a computation
    /// before an application's.
    fn place(&self) -> (bool, bool, usize, bool) {
        let words = self.parts.as_ref().map_or("", |parts| parts.recipe.expression.text());
        let seldom = SELDOM.iter().any(|function| words.contains(function));
        let count = if words.is_empty() { usize::MAX } else { words.len() };
        (!self.likely.self_describing, seldom, count, self.likely.name.contains(':'))
    }

    fn computes_as(&self, other: &Self) -> bool {
        match (&self.parts, &other.parts) {
            (Some(own), Some(other)) => own.same_as(other),
            _ => false,
        }
    }
}
