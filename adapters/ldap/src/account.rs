//! An entry becomes an [`Account`], by the attribute map.

use crate::config::EmailVerified;
use crate::directory::Directory;
use crate::entry::Entry;
use crate::id;
use crate::plan::Plan;
use crate::standing;
use crate::times;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use idstore_contract::{
    Account, Call, Error, Handle, IdentifierKind, Lookup, Metadata, Profile, Secret, StoredPassword,
    Timestamp,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// The member of `app_metadata` that holds the names of groups.
pub(crate) const GROUPS: &str = "groups";

/// What an entry is read with.
pub(crate) struct Reading<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) directory: Directory,
    pub(crate) call: &'a Call,
    pub(crate) like: Like<'a>,
}

/// Which values of an attribute that has several an account shows.
#[derive(Clone, Copy)]
pub(crate) enum Like<'a> {
    /// The first ones.
    Entry,
    /// What somebody typed.
    Typed(&'a Lookup),
    /// What the account showed before.
    Before(&'a Account),
}

impl<'a> Like<'a> {
    /// The identifier of that kind that is to be shown.
    fn named(self, kind: IdentifierKind) -> Option<&'a str> {
        match self {
            Self::Typed(Lookup::Named(named, text)) if *named == kind => Some(text),
            Self::Before(account) => account.profile.identifier(kind),
            Self::Entry | Self::Typed(_) => None,
        }
    }

    /// What somebody typed who did not say of which kind it is.
    fn typed(self) -> Option<&'a str> {
        match self {
            Self::Typed(Lookup::Identifier(text)) => Some(text),
            Self::Before(account) => account.signed_in_as.as_deref(),
            Self::Entry | Self::Typed(_) => None,
        }
    }
}

impl Reading<'_> {
    /// The account of an entry.
    pub(crate) fn account(&self, entry: &Entry) -> Result<Account, Error> {
        let map = &self.plan.attributes;
        let user_id = entry.values(&map.user_id).next().and_then(|value| self.plan.id.text(value));
        let user_id = user_id.ok_or_else(|| {
            Error::misconfigured("an entry does not show its key, or this service may not see it")
                .with("attribute", map.user_id.clone())
        })?;
        let mut account = Account::new(Handle::new(entry.dn.clone()), user_id);
        account.profile = self.profile(entry);
        account.signed_in_as = self.signed_in_as(entry, &account.profile);
        account.standings =
            standing::standings(self.directory, entry, self.call.now, self.plan.lockout_duration_secs);
        account.standings.blocked |= self.is_barred(entry)?;
        account.password = map
            .password_hash
            .as_ref()
            .and_then(|name| entry.values(name).next())
            .map(|hash| StoredPassword::new(Secret::new(hash)));
        account.password_changed_at = time(entry, map.password_changed_at.as_deref());
        account.migrated = migrated(entry, map.migrated.as_deref());
        account.parameters = map
            .param
            .iter()
            .map(|(name, attribute)| (name.clone(), self.parameter(entry, name, attribute)))
            .collect();
        Ok(account)
    }

    /// Whether the configured flag bars the account. One that can't be read is no *no*.
    fn is_barred(&self, entry: &Entry) -> Result<bool, Error> {
        let Some(attribute) = &self.plan.attributes.blocked else { return Ok(false) };
        let Some(text) = entry.text(attribute) else { return Ok(false) };
        standing::flag(text).ok_or_else(|| {
            Error::misconfigured("the flag that bars an account is neither TRUE nor FALSE")
                .with("attribute", attribute.clone())
        })
    }

    /// Whether a lookup found the entry by something that it does not show: then nobody can say that it is the one that
    /// was asked for.
    pub(crate) fn hides_what_was_asked(&self, entry: &Entry) -> Option<&str> {
        let plan = self.plan;
        let is_hidden = |attribute: &&str| !entry.tells(attribute);
        match self.like {
            Like::Typed(Lookup::Named(kind, _)) => plan.attribute_of(*kind).filter(is_hidden),
            Like::Typed(Lookup::Identifier(_)) => {
                let own = IdentifierKind::ALL.into_iter().filter_map(|kind| plan.attribute_of(kind));
                let mut all = plan.aliases.iter().map(String::as_str).chain(own);
                if all.clone().all(|attribute| is_hidden(&attribute)) { all.next() } else { None }
            }
            Like::Typed(Lookup::UserId(_)) | Like::Entry | Like::Before(_) => None,
        }
    }

    /// What the entry holds for a parameter: the connection's own value where it is among several.
    fn parameter(&self, entry: &Entry, name: &str, attribute: &str) -> Option<String> {
        let values = texts(entry, attribute);
        let own = self.call.parameters.get(name);
        let own = own.and_then(|own| values.iter().find(|value| *value == own));
        own.or(values.first()).map(|value| (*value).to_owned())
    }

    fn profile(&self, entry: &Entry) -> Profile {
        let map = &self.plan.attributes;
        let text = |attribute: &Option<String>| {
            attribute
                .as_ref()
                .and_then(|name| entry.text(name))
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let flag =
            |attribute: &Option<String>| text(attribute).as_deref().and_then(standing::flag).unwrap_or(false);
        let email = self.identifier(entry, IdentifierKind::Email);
        let phone_number = self.identifier(entry, IdentifierKind::PhoneNumber);
        let mut app_metadata = metadata(entry, &map.app_metadata);
        if let Some(groups) = &self.plan.groups {
            let names = groups.told(groups.names_in(entry));
            app_metadata.insert(GROUPS.to_owned(), names.into());
        }
        Profile {
            email_verified: email.as_ref().map(|email| match self.plan.email_verified {
                EmailVerified::Always => true,
                EmailVerified::Never => false,
                // An entry has one flag, and it is about the first of its addresses.
                EmailVerified::Attribute => {
                    flag(&map.email_verified)
                        && self.plan.first(entry, IdentifierKind::Email) == Some(email.as_str())
                }
            }),
            email,
            username: self.identifier(entry, IdentifierKind::Username),
            phone_verified: map
                .phone_verified
                .as_ref()
                .filter(|_| phone_number.is_some())
                .map(|_| flag(&map.phone_verified)),
            phone_number,
            name: text(&map.name),
            given_name: text(&map.given_name),
            family_name: text(&map.family_name),
            nickname: text(&map.nickname),
            picture: text(&map.picture),
            created_at: time(entry, map.created_at.as_deref()),
            user_metadata: metadata(entry, &map.user_metadata),
            app_metadata,
        }
    }

    /// The stored identifier of a kind. An attribute may have several values: the one that was asked for by its name, else
    /// the first.
    fn identifier(&self, entry: &Entry, kind: IdentifierKind) -> Option<String> {
        let values = texts(entry, self.plan.attribute_of(kind)?);
        let asked = self.like.named(kind).and_then(|text| best(&values, text));
        asked.or(values.first().copied()).map(str::to_owned)
    }

    /// What the entry was found by, where it is none of the profile's identifiers: another value of their attributes, or
    /// an attribute that only the filter compares.
    fn signed_in_as(&self, entry: &Entry, profile: &Profile) -> Option<String> {
        let text = self.like.typed()?;
        let is_shown = |kind| profile.identifier(kind).is_some_and(|shown| shown.eq_ignore_ascii_case(text));
        if IdentifierKind::ALL.into_iter().any(is_shown) {
            return None;
        }
        let values: Vec<&str> =
            self.plan.aliases.iter().flat_map(|attribute| texts(entry, attribute)).collect();
        best(&values, text).map(str::to_owned)
    }
}

/// The value that is equal as written, else one that is equal but for the case of A–Z.
fn best<'a>(values: &[&'a str], text: &str) -> Option<&'a str> {
    let exact = values.iter().find(|value| **value == text);
    exact.or_else(|| values.iter().find(|value| value.eq_ignore_ascii_case(text))).copied()
}

fn texts<'a>(entry: &'a Entry, attribute: &str) -> Vec<&'a str> {
    let values = entry.values(attribute).filter_map(|value| std::str::from_utf8(value).ok());
    values.filter(|text| !text.is_empty()).collect()
}

fn time(entry: &Entry, attribute: Option<&str>) -> Option<Timestamp> {
    entry.text(attribute?).and_then(times::any)
}

/// A time, or only that it is so.
fn migrated(entry: &Entry, attribute: Option<&str>) -> Option<Timestamp> {
    let text = entry.text(attribute?)?;
    times::any(text).or_else(|| standing::flag(text).unwrap_or(false).then_some(Timestamp::MIN))
}

/// Attributes as JSON: the first value as a text, with `[]` all of them as a list. An attribute without values is left
/// out of the first kind, and an empty list in the second.
fn metadata(entry: &Entry, members: &BTreeMap<String, String>) -> Metadata {
    let mut metadata = Metadata::new();
    for (member, attribute) in members {
        if let Some(attribute) = attribute.strip_suffix("[]") {
            let values: Vec<Value> = entry.values(attribute).map(|value| shown(attribute, value)).collect();
            metadata.insert(member.clone(), values.into());
        } else if let Some(value) = entry.values(attribute).next() {
            metadata.insert(member.clone(), shown(attribute, value));
        }
    }
    metadata
}

/// A value as text: binary keys in their usual form, other bytes that are no text in Base64.
fn shown(attribute: &str, value: &[u8]) -> Value {
    let by_name = match attribute.to_ascii_lowercase().as_str() {
        "objectguid" => id::guid(value),
        "objectsid" => id::sid(value),
        _ => None,
    };
    let text = by_name.or_else(|| std::str::from_utf8(value).ok().map(str::to_owned));
    text.unwrap_or_else(|| STANDARD.encode(value)).into()
}
