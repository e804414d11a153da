//! [`Accept`]: which schemes a store's values may be of.

use crate::custom::{Choice, Schemes};
use crate::hash::{Hash, Shape};
use crate::limits::Limits;
use crate::scheme::{Columns, NameError, NameWarning, NotRead, Scheme, named, scheme, unknown};
use crate::schemes::all;
use crate::stored::{HASH_BYTES_MAX, Reading, SALT_BYTES_MAX, Stored, Unusable, is_disabled};
use idstore_secret::Secret;

/// The schemes that a store's values are read as, in this order. Never empty.
///
/// A value that two of them may have written (bare hex, for one) is tried as each, in the order of the names.
#[derive(Clone, Debug)]
pub struct Accept {
    first: Choice,
    others: Vec<Choice>,
}

impl Accept {
    /// From the configuration's `accept`, of the catalogue alone; see [`parse_with`](Self::parse_with).
    pub fn parse(names: Option<&[String]>) -> Result<(Self, Vec<NameWarning>), Vec<NameError>> {
        Self::parse_with(names, &Schemes::default())
    }

    /// From the configuration's `accept`. `None`: every scheme that is self-describing and not weak, and every one
    /// that is described in the configuration.
    ///
    /// A scheme's name means that scheme, a family's all of it. The warnings tell which names mean weak schemes. A
    /// scheme that needs a key, and for which none is configured, is an error where it is named, and left out where
    /// its family is.
    pub fn parse_with(
        names: Option<&[String]>,
        schemes: &Schemes,
    ) -> Result<(Self, Vec<NameWarning>), Vec<NameError>> {
        let Some(names) = names else {
            let own = schemes.iter().cloned();
            let usual = all().filter(|scheme| {
                scheme.is_self_describing() && !scheme.is_weak() && !scheme.format.needs_key()
            });
            let choices = own.chain(usual.map(|scheme| schemes.choice(scheme).unnamed()));
            let warnings = schemes
                .iter()
                .filter_map(|own| weakness(0, own.scheme.name, std::slice::from_ref(own)))
                .collect();
            return Self::of(choices).map(|accept| (accept, warnings)).ok_or_else(none);
        };
        let (mut choices, mut warnings, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (index, name) in names.iter().enumerate() {
            let members = schemes.named(name);
            if let Some(message) = refused(name, &members, schemes) {
                errors.push(NameError { index, message });
            }
            warnings.extend(weakness(index, name, &members));
            choices.extend(members.into_iter().filter(|choice| !choice.lacks_key()));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Self::of(choices).map(|accept| (accept, warnings)).ok_or_else(none)
    }

    /// Reads what a store keeps of a password. Does no work on it beyond parsing.
    ///
    /// Where the store names the scheme of the row, the value is read as that one alone, if it is accepted.
    pub fn read(&self, stored: &Stored<'_>, limits: &Limits) -> Reading {
        let salt = stored.salt.map(Secret::expose);
        let too_long = stored.hash.len() > HASH_BYTES_MAX
            || [stored.salt, stored.parameters]
                .into_iter()
                .flatten()
                .any(|column| column.len() > SALT_BYTES_MAX);
        if too_long {
            return Reading::Unusable(Unusable::TooLong);
        }
        let Some(text) = stored.hash.expose_text() else { return Reading::Unusable(Unusable::Unknown) };
        if is_disabled(text) {
            return Reading::NoPassword;
        }
        let parameters = stored.parameters.and_then(Secret::expose_text);
        let user = stored.user.map(str::as_bytes);
        let columns = Columns { text, salt, user, parameters, key: None };
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
        self.choices().map(|choice| choice.scheme.name)
    }

    /// Whether one of the schemes takes the account's name, so that the store has to return it.
    pub fn needs_user(&self) -> bool {
        self.choices().any(|choice| choice.scheme.format.needs_user())
    }

    fn of(choices: impl IntoIterator<Item = Choice>) -> Option<Self> {
        let mut kept: Vec<Choice> = Vec::new();
        for choice in choices {
            if !kept.iter().any(|earlier| earlier.scheme == choice.scheme) {
                kept.push(choice);
            }
        }
        let mut kept = kept.into_iter();
        Some(Self { first: kept.next()?, others: kept.collect() })
    }

    fn choices(&self) -> impl Iterator<Item = &Choice> {
        std::iter::once(&self.first).chain(self.others.iter())
    }

    fn read_as_any(&self, columns: &Columns<'_>, limits: &Limits) -> Reading {
        let reading = read_as(self.choices(), columns, limits);
        if !matches!(reading, Reading::Unusable(Unusable::Unknown)) {
            return reading;
        }
        let refused = all()
            .filter(|scheme| {
                scheme.is_self_describing() && !self.choices().any(|accepted| accepted.scheme == *scheme)
            })
            .find(|scheme| !matches!(scheme.read(columns, limits), Err(NotRead::Other)));
        match refused {
            Some(scheme) => Reading::Unusable(Unusable::NotAccepted { scheme: scheme.name }),
            None => reading,
        }
    }

    fn read_as_named(&self, name: &str, columns: &Columns<'_>, limits: &Limits) -> Reading {
        // A scheme's name means that scheme, even where it is a family's too.
        let exact = scheme(name).is_some() || self.choices().any(|choice| choice.scheme.name == name);
        let means =
            |choice: &&Choice| choice.scheme.name == name || !exact && choice.scheme.family() == Some(name);
        let accepted: Vec<_> = self.choices().filter(means).collect();
        let Some(first) = accepted.first() else {
            return Reading::Unusable(match named(name).first() {
                Some(scheme) => Unusable::NotAccepted { scheme: scheme.name },
                None => Unusable::UnknownSchemeName,
            });
        };
        let first = first.scheme.name;
        let reading = read_as(accepted.into_iter(), columns, limits);
        if matches!(reading, Reading::Unusable(Unusable::Unknown)) {
            return Reading::Unusable(Unusable::Malformed { scheme: first });
        }
        reading
    }
}

/// Every scheme that can read the value is a candidate; where none can, the first that recognised it says why.
fn read_as<'a>(choices: impl Iterator<Item = &'a Choice>, columns: &Columns<'_>, limits: &Limits) -> Reading {
    let (mut candidates, mut reason) = (Vec::new(), None);
    for choice in choices {
        match choice.read(columns, limits) {
            Ok(candidate) => candidates.push(candidate),
            Err(not_read) => reason = reason.or_else(|| unusable(choice.scheme.name, not_read)),
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
        NotRead::Weak => Some(Unusable::NotAccepted { scheme }),
        NotRead::MissingSalt => Some(Unusable::MissingSalt { scheme }),
        NotRead::MissingUser => Some(Unusable::MissingUser { scheme }),
        NotRead::MissingKey => Some(Unusable::MissingKey { scheme }),
        NotRead::MissingParameters => Some(Unusable::MissingParameters { scheme }),
        NotRead::TooCostly(limit) => Some(Unusable::TooCostly { scheme, limit }),
    }
}

/// Why a name can't be accepted.
fn refused(name: &str, members: &[Choice], schemes: &Schemes) -> Option<String> {
    if members.is_empty() {
        return Some(unknown(name, schemes.accepted_names()));
    }
    let lacking: Vec<_> = members.iter().filter(|choice| choice.lacks_key()).collect();
    let alone = lacking.len() == members.len();
    alone.then(|| {
        format!("the password scheme {name} needs the key that the application is configured with: give it a table \
            passwords.schemes.\"{name}\" with pepper")
    })
}

fn none() -> Vec<NameError> {
    vec![NameError {
        index: 0,
        message: "no scheme is accepted, so that no password could ever match".to_owned(),
    }]
}

fn weakness(index: usize, name: &str, members: &[Choice]) -> Option<NameWarning> {
    let weak: Vec<_> = members
        .iter()
        .map(|choice| choice.scheme)
        .filter(|scheme| scheme.is_weak())
        .map(|scheme: &Scheme| scheme.name)
        .collect();
    let message = match weak.as_slice() {
        [] => return None,
        [only] if *only == name => {
            format!("the password scheme {name} is weak: whoever has the store can guess fast")
        }
        _ => format!("\"{name}\" includes weak password schemes: {}", weak.join(", ")),
    };
    Some(NameWarning { index, message })
}
