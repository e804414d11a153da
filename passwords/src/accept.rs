//! [`Accept`]: which schemes a store's values may be of.

use crate::hash::{Hash, Shape};
use crate::limits::Limits;
use crate::scheme::{Columns, NameError, NameWarning, NotRead, Scheme, accepted_names, named, unknown};
use crate::schemes::all;
use crate::stored::{HASH_BYTES_MAX, Reading, SALT_BYTES_MAX, Stored, Unusable, is_disabled};

/// The schemes that a store's values are read as, in this order. Never empty.
///
/// A value that two of them may have written (bare hex, for one) is tried as each, in the order of the names.
#[derive(Clone, Debug)]
pub struct Accept {
    first: &'static Scheme,
    others: Vec<&'static Scheme>,
}

impl Accept {
    /// From the configuration's `accept`. `None`: every scheme that is self-describing and not weak.
    ///
    /// A scheme's name means that scheme, a family's all of it. The warnings tell which names mean weak schemes.
    pub fn parse(names: Option<&[String]>) -> Result<(Self, Vec<NameWarning>), Vec<NameError>> {
        let Some(names) = names else {
            let schemes = all().filter(|scheme| scheme.is_self_describing() && !scheme.is_weak());
            return Self::of(schemes).map(|accept| (accept, Vec::new())).ok_or_else(none);
        };
        let (mut schemes, mut warnings, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (index, name) in names.iter().enumerate() {
            let members = named(name);
            if members.is_empty() {
                errors.push(NameError { index, message: unknown(name, accepted_names()) });
            }
            warnings.extend(weakness(index, name, &members));
            schemes.extend(members);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Self::of(schemes).map(|accept| (accept, warnings)).ok_or_else(none)
    }

    /// Reads what a store keeps of a password. Does no work on it beyond parsing.
    ///
    /// Where the store names the scheme of the row, the value is read as that one alone, if it is accepted.
    pub fn read(&self, stored: &Stored<'_>, limits: &Limits) -> Reading {
        let salt = stored.salt.map(idstore_secret::Secret::expose);
        if stored.hash.len() > HASH_BYTES_MAX || salt.is_some_and(|salt| salt.len() > SALT_BYTES_MAX) {
            return Reading::Unusable(Unusable::TooLong);
        }
        let Some(text) = stored.hash.expose_text() else { return Reading::Unusable(Unusable::Unknown) };
        if is_disabled(text) {
            return Reading::NoPassword;
        }
        let columns = Columns { text, salt };
        match stored.scheme {
            None | Some("") => self.read_as_any(&columns, limits),
            Some(name) => self.read_as_named(name, &columns, limits),
        }
    }

    /// What a stand-in costs before the store verified anything, where the store writes no passwords.
    pub fn first_shape(&self) -> Shape {
        self.first.usual_shape()
    }

    /// The names of the accepted schemes, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.schemes().map(|scheme| scheme.name)
    }

    fn of(schemes: impl IntoIterator<Item = &'static Scheme>) -> Option<Self> {
        let mut kept = Vec::new();
        for scheme in schemes {
            if !kept.contains(&scheme) {
                kept.push(scheme);
            }
        }
        let mut kept = kept.into_iter();
        Some(Self { first: kept.next()?, others: kept.collect() })
    }

    fn schemes(&self) -> impl Iterator<Item = &'static Scheme> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    fn read_as_any(&self, columns: &Columns<'_>, limits: &Limits) -> Reading {
        let reading = read_as(self.schemes(), columns, limits);
        if !matches!(reading, Reading::Unusable(Unusable::Unknown)) {
            return reading;
        }
        let refused = all()
            .filter(|scheme| {
                scheme.is_self_describing() && !self.schemes().any(|accepted| accepted == *scheme)
            })
            .find(|scheme| !matches!(scheme.read(columns, limits), Err(NotRead::Other)));
        match refused {
            Some(scheme) => Reading::Unusable(Unusable::NotAccepted { scheme: scheme.name }),
            None => reading,
        }
    }

    fn read_as_named(&self, name: &str, columns: &Columns<'_>, limits: &Limits) -> Reading {
        let members = named(name);
        let Some(first) = members.first() else { return Reading::Unusable(Unusable::UnknownSchemeName) };
        let scheme = first.name;
        let accepted: Vec<_> = self.schemes().filter(|scheme| members.contains(scheme)).collect();
        if accepted.is_empty() {
            return Reading::Unusable(Unusable::NotAccepted { scheme });
        }
        let reading = read_as(accepted.into_iter(), columns, limits);
        if matches!(reading, Reading::Unusable(Unusable::Unknown)) {
            return Reading::Unusable(Unusable::Malformed { scheme });
        }
        reading
    }
}

/// Every scheme that can read the value is a candidate; where none can, the first that recognised it says why.
fn read_as(
    schemes: impl Iterator<Item = &'static Scheme>,
    columns: &Columns<'_>,
    limits: &Limits,
) -> Reading {
    let (mut candidates, mut reason) = (Vec::new(), None);
    for scheme in schemes {
        match scheme.read(columns, limits) {
            Ok(candidate) => candidates.push(candidate),
            Err(not_read) => reason = reason.or_else(|| unusable(scheme.name, not_read)),
        }
    }
    match Hash::new(candidates) {
        Some(hash) => Reading::Hash(hash),
        None => Reading::Unusable(reason.unwrap_or(Unusable::Unknown)),
    }
}

fn unusable(scheme: &'static str, not_read: NotRead) -> Option<Unusable> {
    match not_read {
        NotRead::Other => None,
        NotRead::Malformed => Some(Unusable::Malformed { scheme }),
        NotRead::MissingSalt => Some(Unusable::MissingSalt { scheme }),
        NotRead::TooCostly(limit) => Some(Unusable::TooCostly { scheme, limit }),
    }
}

fn none() -> Vec<NameError> {
    vec![NameError {
        index: 0,
        message: "no scheme is accepted, so that no password could ever match".to_owned(),
    }]
}

fn weakness(index: usize, name: &str, members: &[&'static Scheme]) -> Option<NameWarning> {
    let weak: Vec<_> = members.iter().filter(|scheme| scheme.is_weak()).map(|scheme| scheme.name).collect();
    let message = match weak.as_slice() {
        [] => return None,
        [only] if *only == name => {
            format!("the password scheme {name} is weak: whoever has the store can guess fast")
        }
        _ => format!("\"{name}\" includes weak password schemes: {}", weak.join(", ")),
    };
    Some(NameWarning { index, message })
}
