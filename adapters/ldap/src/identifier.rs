//! Changes of an identifier: one value among several, and perhaps part of the entry's name.

use crate::client::Client;
use crate::dn::{self, Rdn};
use crate::entry::Entry;
use crate::error::{Doing as Step, code, failed};
use crate::message::{Change, Doing, Request};
use crate::write::{flag, taken, unknown};
use idstore_contract::{
    Account, Call, Error, ErrorKind, IdentifierChange, IdentifierKind, Rejection, Secret, proof,
};

impl Client {
    /// Gives the account another identifier.
    pub(crate) async fn change_identifier(
        &self,
        call: &Call,
        account: &Account,
        change: &IdentifierChange,
    ) -> Result<Account, Error> {
        let attribute = self.plan.attribute_of(change.kind).ok_or_else(Error::unsupported)?;
        let _turn = self.turn(call, &account.user_id).await?;
        let _looking = self.look(call, change.kind, &change.value, Some(&account.user_id)).await?;
        let (before, entry) = self.present(call, account).await?;
        let wanted = Wanted::of(&entry, attribute, &before, change);
        let flags = self.flags(change, &wanted)?;
        let asked = Asked { account, change, wanted, flags };
        let changed = match self.rename(call, &before, &entry, attribute, change).await {
            Ok(None) => self.change_values(call, &asked, &before, &entry).await,
            Ok(Some(renamed)) => self.after_rename(call, &asked, &entry, renamed).await,
            Err(error) => Err(error),
        };
        match changed {
            Err(error) if matches!(error.kind(), ErrorKind::Rejected(_) | ErrorKind::AlreadyExists(_)) => {
                Err(self.why_refused(call, account, change, error).await)
            }
            changed => changed,
        }
    }

    /// The flag beside the value. An entry has one, and it is about the first of its values.
    fn flags(&self, change: &IdentifierChange, wanted: &Wanted) -> Result<Vec<Change>, Error> {
        let attribute = match change.kind {
            IdentifierKind::Email => self.plan.attributes.email_verified.as_deref(),
            IdentifierKind::PhoneNumber => self.plan.attributes.phone_verified.as_deref(),
            IdentifierKind::Username => None,
        };
        let is_first = wanted.values.first().is_some_and(|first| first == change.value.as_bytes());
        match attribute {
            Some(_) if is_first => Ok(vec![flag(attribute, change.verified)?]),
            Some(_) if change.verified => Err(Error::new(
                ErrorKind::Rejected(Rejection::Value(Some(change.kind))),
                "an entry says of its first value alone whether it is proven",
            )),
            Some(_) | None => Ok(Vec::new()),
        }
    }

    /// The rest of a change whose entry has been renamed, or all as it was.
    async fn after_rename(
        &self,
        call: &Call,
        asked: &Asked<'_>,
        old: &Entry,
        renamed: Renamed,
    ) -> Result<Account, Error> {
        let rest = async {
            let (before, entry) =
                self.present(call, asked.account).await.map_err(|error| match error.kind() {
                    ErrorKind::NotFound => Error::misconfigured(
                        "an account is not seen any more under its new name; see `object_filter`",
                    ),
                    _ => error,
                })?;
            self.change_values(call, asked, &before, &entry).await
        };
        let error = match rest.await {
            Ok(read) => return Ok(read),
            Err(error) => error,
        };
        let undone = async {
            let answer = self.write(call, &Request::rename(&renamed.dn, &renamed.old)).await?;
            if answer.outcome.code != code::SUCCESS {
                return Err(unknown());
            }
            // A server puts the value of the name behind the others.
            let (_, entry) = self.present(call, asked.account).await?;
            let wanted = &asked.wanted;
            let back = Wanted {
                values: old.values(&wanted.attribute).map(<[u8]>::to_vec).collect(),
                ..wanted.clone()
            };
            let changes = back.changes(&entry);
            if changes.is_empty() { Ok(()) } else { self.modify(call, &entry.dn, &changes).await }
        };
        if undone.await.is_ok() { Err(error) } else { Err(unknown()) }
    }

    /// Gives the attribute its values, and the flag beside it.
    async fn change_values(
        &self,
        call: &Call,
        asked: &Asked<'_>,
        before: &Account,
        entry: &Entry,
    ) -> Result<Account, Error> {
        let Asked { account, change, wanted, flags } = asked;
        let changes = [wanted.changes(entry), flags.clone()].concat();
        let proven = |read: &Account| {
            let mut read = read.clone();
            self.hide_what_is_not_stored(&mut read);
            proof::identifier_changed(call, account, change, &read)
        };
        // Of several values the new one is to be shown.
        let mut shown = before.clone();
        *shown.profile.identifier_mut(change.kind) = Some(change.value.clone());
        self.change(call, &shown, entry, &changes, proven).await
    }

    /// Renames the entry where the value that is to be replaced is part of its name. `None` where nothing was renamed.
    async fn rename(
        &self,
        call: &Call,
        before: &Account,
        entry: &Entry,
        attribute: &str,
        change: &IdentifierChange,
    ) -> Result<Option<Renamed>, Error> {
        let old = before.profile.identifier(change.kind).unwrap_or_default();
        let Some(rdn) = Rdn::first(&entry.dn) else { return Ok(None) };
        let Some(named) = rdn.value_of(attribute) else { return Ok(None) };
        let is_another = entry.values(attribute).count() > 1 && !named.eq_ignore_ascii_case(old);
        if is_another || named == change.value {
            return Ok(None);
        }
        let new = rdn.with(attribute, &change.value);
        let answer = self.write(call, &Request::rename(&entry.dn, &new)).await?;
        if answer.outcome.code == code::SUCCESS {
            let old = rdn.with(attribute, &named);
            Ok(Some(Renamed { dn: dn::with_first(&entry.dn, &new), old }))
        } else {
            Err(failed(&answer.outcome, Step::Writing))
        }
    }

    /// A refusal is told as a conflict where another account has the identifier, and else as the value's.
    async fn why_refused(
        &self,
        call: &Call,
        account: &Account,
        change: &IdentifierChange,
        error: Error,
    ) -> Error {
        match self.is_taken(call, change.kind, &change.value, Some(&account.user_id)).await {
            Ok(true) => taken(change.kind),
            Ok(false) if matches!(error.kind(), ErrorKind::Rejected(_) | ErrorKind::AlreadyExists(_)) => {
                error.as_kind(ErrorKind::Rejected(Rejection::Value(Some(change.kind))))
            }
            Ok(false) | Err(_) => error,
        }
    }
}

/// A change, and what it comes to in the entry.
struct Asked<'a> {
    account: &'a Account,
    change: &'a IdentifierChange,
    wanted: Wanted,
    flags: Vec<Change>,
}

/// An entry under its new name.
struct Renamed {
    dn: String,
    /// Its first name before.
    old: String,
}

/// The values that the attribute is to have: the new one in the place of the old one, and once.
#[derive(Clone)]
struct Wanted {
    attribute: String,
    values: Vec<Vec<u8>>,
}

impl Wanted {
    fn of(entry: &Entry, attribute: &str, before: &Account, change: &IdentifierChange) -> Self {
        let new = change.value.as_bytes();
        let held: Vec<&[u8]> = entry.values(attribute).collect();
        let old = before.profile.identifier(change.kind).map(str::as_bytes);
        let old = old.filter(|old| held.contains(old) && held.len() > 1);
        let values = match old {
            Some(old) => {
                let kept = held.iter().filter(|value| **value == old || **value != new);
                kept.map(|value| if *value == old { new } else { value }.to_vec()).collect()
            }
            None => vec![new.to_vec()],
        };
        Self { attribute: attribute.to_owned(), values }
    }

    /// What is to be done to an entry. All values are named, so that one that somebody has changed meanwhile is not
    /// written over, and come in their order.
    fn changes(&self, entry: &Entry) -> Vec<Change> {
        let all = |doing, values: Vec<&[u8]>| Change {
            doing,
            attribute: self.attribute.clone(),
            values: values.into_iter().map(Secret::new).collect(),
        };
        let held: Vec<&[u8]> = entry.values(&self.attribute).collect();
        let wanted: Vec<&[u8]> = self.values.iter().map(Vec::as_slice).collect();
        if held == wanted {
            Vec::new()
        } else if held.len() > 1 {
            vec![all(Doing::Delete, held), all(Doing::Add, wanted)]
        } else {
            vec![all(Doing::Replace, wanted)]
        }
    }
}
