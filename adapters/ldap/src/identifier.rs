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
        let changed = match self.rename(call, &before, &entry, attribute, change).await {
            Ok(None) => self.change_values(call, account, &before, &entry, change).await,
            Ok(Some(renamed)) => self.after_rename(call, account, renamed, change).await,
            Err(error) => Err(error),
        };
        match changed {
            Err(error) if matches!(error.kind(), ErrorKind::Rejected(_) | ErrorKind::AlreadyExists(_)) => {
                Err(self.why_refused(call, account, change, error).await)
            }
            changed => changed,
        }
    }

    /// The rest of a change whose entry has been renamed, or its old name back.
    async fn after_rename(
        &self,
        call: &Call,
        account: &Account,
        renamed: Renamed,
        change: &IdentifierChange,
    ) -> Result<Account, Error> {
        let rest = async {
            let (before, entry) = self.present(call, account).await.map_err(|error| match error.kind() {
                ErrorKind::NotFound => Error::misconfigured(
                    "an account is not seen any more under its new name; see `object_filter`",
                ),
                _ => error,
            })?;
            self.change_values(call, account, &before, &entry, change).await
        };
        let error = match rest.await {
            Ok(read) => return Ok(read),
            Err(error) => error,
        };
        let undone = self.write(call, &Request::rename(&renamed.dn, &renamed.old)).await;
        if undone.is_ok_and(|answer| answer.outcome.code == code::SUCCESS) {
            Err(error)
        } else {
            Err(unknown())
        }
    }

    /// Gives the attribute its new value, and the flag beside it.
    async fn change_values(
        &self,
        call: &Call,
        account: &Account,
        before: &Account,
        entry: &Entry,
        change: &IdentifierChange,
    ) -> Result<Account, Error> {
        let attribute = self.plan.attribute_of(change.kind).ok_or_else(Error::unsupported)?;
        let mut changes = identifier_changes(entry, attribute, before, change);
        let verified = match change.kind {
            IdentifierKind::Email => self.plan.attributes.email_verified.as_deref(),
            IdentifierKind::PhoneNumber => self.plan.attributes.phone_verified.as_deref(),
            IdentifierKind::Username => None,
        };
        if verified.is_some() {
            changes.push(flag(verified, change.verified)?);
        }
        let proven = |read: &Account| {
            let mut read = read.clone();
            self.hide_what_is_not_stored(&mut read);
            proof::identifier_changed(call, account, change, &read)
        };
        // Of several values the new one is to be shown.
        let mut asked = before.clone();
        *asked.profile.identifier_mut(change.kind) = Some(change.value.clone());
        self.change(call, &asked, entry, &changes, proven).await
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
        if is_another || entry.values(attribute).any(|held| held == change.value.as_bytes()) {
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

/// An entry under its new name.
struct Renamed {
    dn: String,
    /// Its first name before.
    old: String,
}

/// Gives the attribute the new value in the place of the old one. Others that it has stay; all of them are named, so that
/// one that somebody has changed meanwhile is not written over.
fn identifier_changes(
    entry: &Entry,
    attribute: &str,
    account: &Account,
    change: &IdentifierChange,
) -> Vec<Change> {
    let all = |doing, values: Vec<Secret>| Change { doing, attribute: attribute.to_owned(), values };
    let held: Vec<&[u8]> = entry.values(attribute).collect();
    if held.contains(&change.value.as_bytes()) {
        return Vec::new();
    }
    let old = account.profile.identifier(change.kind).filter(|old| held.contains(&old.as_bytes()));
    let Some(old) = old.filter(|_| held.len() > 1) else {
        return vec![all(Doing::Replace, vec![change.value.as_str().into()])];
    };
    let new = |value: &&[u8]| {
        if *value == old.as_bytes() { change.value.as_str().into() } else { Secret::new(*value) }
    };
    let others = held.iter().map(new).collect();
    vec![all(Doing::Delete, held.iter().copied().map(Secret::new).collect()), all(Doing::Add, others)]
}
