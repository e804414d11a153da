//! Changes of an account that is there: found again first, so that the filters hold in writes too, and proven afterwards.
//!
//! A directory has no transactions. A change that does not show what was asked is undone; where that fails the outcome
//! is unknown, and told so.

use crate::account::Like;
use crate::client::Client;
use crate::config::{Delete, EmailVerified};
use crate::directory::Directory;
use crate::entry::Entry;
use crate::error::{Doing as Step, code, failed};
use crate::filter::Filter;
use crate::message::{Change, Doing, Request};
use crate::times;
use idstore_contract::{
    Account, Call, Deleted, Error, ErrorKind, IdentifierKind, Lookup, Mark, Rehash, Rehashed, Rejection,
    Secret, proof,
};
use tokio::sync::MutexGuard;

impl Client {
    pub(crate) async fn verify(&self, call: &Call, account: &Account) -> Result<Account, Error> {
        let _turn = self.turn(call, &account.user_id).await?;
        let (before, entry) = self.present(call, account).await?;
        if self.plan.first(&entry, IdentifierKind::Email) != before.profile.email.as_deref() {
            let message = "an entry says of its first address alone whether it is proven";
            return Err(Error::new(
                ErrorKind::Rejected(Rejection::Value(Some(IdentifierKind::Email))),
                message,
            ));
        }
        let changes = [flag(self.plan.attributes.email_verified.as_deref(), true)?];
        self.change(call, &before, &entry, &changes, |read| proof::verified(call, account, read)).await
    }

    pub(crate) async fn rehash(
        &self,
        call: &Call,
        account: &Account,
        rehash: &Rehash,
    ) -> Result<Rehashed, Error> {
        let _turn = self.turn(call, &account.user_id).await?;
        let (before, entry) = self.present(call, account).await?;
        let attribute = self.plan.password_attribute();
        let one = |doing, value: &Secret| Change {
            doing,
            attribute: attribute.to_owned(),
            values: vec![value.clone()],
        };
        // The old value is taken away by itself: one that is another by now is not touched.
        let changes = [one(Doing::Delete, &rehash.old.hash), one(Doing::Add, &rehash.new.hash)];
        let answer = self.write(call, &Request::modify(&entry.dn, &changes)).await?;
        match answer.outcome.code {
            code::SUCCESS => {}
            code::NO_SUCH_ATTRIBUTE | code::NO_SUCH_OBJECT => return Ok(Rehashed::Overtaken),
            _ => return Err(failed(&answer.outcome, Step::Writing)),
        }
        let (read, _) = self.present(call, account).await?;
        proof::rehashed(call, &before, &rehash.new, &read)?;
        Ok(Rehashed::Replaced)
    }

    pub(crate) async fn delete(&self, call: &Call, account: &Account) -> Result<Deleted, Error> {
        let _turn = self.turn(call, &account.user_id).await?;
        let (before, entry) = self.present(call, account).await?;
        match self.plan.delete {
            Delete::Remove => {
                let answer = self.write(call, &Request::delete(&entry.dn)).await?;
                if answer.outcome.code != code::SUCCESS {
                    return Err(failed(&answer.outcome, Step::Writing));
                }
            }
            Delete::Disable => {
                let changes = [self.barring(call, &entry).await?];
                let shown = |read: &Account| proof::deleted(Some(read)).map(drop);
                self.change(call, &before, &entry, &changes, shown).await?;
            }
        }
        let left = self.again(call, account).await?;
        proof::deleted(left.as_ref().map(|(account, _)| account))
    }

    pub(crate) async fn mark_migrated(
        &self,
        call: &Call,
        account: &Account,
        mark: Mark,
    ) -> Result<(), Error> {
        let (before, entry) = self.present(call, account).await?;
        let attribute = self.plan.attributes.migrated.clone().ok_or_else(Error::unsupported)?;
        let change = match (mark, before.migrated) {
            // The first mark holds: the grace after a migration is counted from there.
            (Mark::Migrated, None) => {
                Change { doing: Doing::Add, attribute, values: vec![times::to_generalized(call.now).into()] }
            }
            (Mark::NotMigrated, Some(_)) => Change { doing: Doing::Replace, attribute, values: Vec::new() },
            (Mark::Migrated, Some(_)) | (Mark::NotMigrated, None) => {
                return proof::marked(call, account, mark, &before);
            }
        };
        let answer = self.write(call, &Request::modify(&entry.dn, &[change])).await?;
        match answer.outcome.code {
            // Somebody was faster, which the proof sees.
            code::SUCCESS | code::VALUE_EXISTS | code::CONSTRAINT => {}
            _ => return Err(failed(&answer.outcome, Step::Writing)),
        }
        let (read, _) = self.present(call, account).await?;
        proof::marked(call, account, mark, &read)
    }

    /// The account as it is now. One that is gone, or that this call may not see, is not found.
    pub(crate) async fn present(&self, call: &Call, account: &Account) -> Result<(Account, Entry), Error> {
        let (account, entry) = self.again(call, account).await?.ok_or_else(Error::not_found)?;
        proof::isolated(call, &account)?;
        Ok((account, entry))
    }

    /// Modifies the entry, reads it back and proves it; undoes what can't be proven.
    pub(crate) async fn change(
        &self,
        call: &Call,
        before: &Account,
        entry: &Entry,
        changes: &[Change],
        proven: impl Fn(&Account) -> Result<(), Error> + Send,
    ) -> Result<Account, Error> {
        // A modification of nothing is refused by some servers.
        if !changes.is_empty() {
            self.modify(call, &entry.dn, changes).await?;
        }
        let (mut read, shown) = self.present(call, before).await?;
        if let Err(error) = proven(&read) {
            let undone = self.modify(call, &entry.dn, &undoing(entry, changes)).await;
            return Err(undone.err().map_or(error, |_| unknown()));
        }
        self.add_groups(call, &mut read, &shown).await?;
        Ok(read)
    }

    /// Where nothing in the directory keeps identifiers unique: nobody else may have it. Others wait until this write has
    /// ended.
    pub(crate) async fn look(
        &self,
        call: &Call,
        kind: IdentifierKind,
        value: &str,
        own: Option<&str>,
    ) -> Result<Option<MutexGuard<'_, ()>>, Error> {
        if !self.plan.looks_before {
            return Ok(None);
        }
        let waited = tokio::time::timeout_at(call.deadline.into(), self.looking.lock()).await;
        let guard =
            waited.map_err(|_| Error::busy("another write did not end in time; nothing was written"))?;
        if self.is_taken(call, kind, value, own).await? {
            return Err(taken(kind));
        }
        Ok(Some(guard))
    }

    /// Whether another account than one's own has the identifier.
    pub(crate) async fn is_taken(
        &self,
        call: &Call,
        kind: IdentifierKind,
        value: &str,
        own: Option<&str>,
    ) -> Result<bool, Error> {
        let Some(attribute) = self.plan.attribute_of(kind) else { return Ok(false) };
        let named = Filter::Is { attribute: attribute.to_owned(), value: value.as_bytes().to_vec() };
        // Who signs in with it as anything else has it too.
        let filter = Filter::Or(vec![named, self.plan.filter.clone()]);
        let lookup = Lookup::Identifier(value.to_owned());
        let found = match self.accounts(call, filter, Like::Typed(&lookup), false).await {
            Err(error) if error.kind() == ErrorKind::Ambiguous => return Ok(true),
            found => found?,
        };
        Ok(found.iter().any(|(account, _)| Some(account.user_id.as_str()) != own))
    }

    /// What the map can't show proves nothing: whether an address counts as proven may be said by the configuration alone.
    pub(crate) fn hide_what_is_not_stored(&self, read: &mut Account) {
        if self.plan.email_verified != EmailVerified::Attribute {
            read.profile.email_verified = None;
        }
    }

    /// What bars an account: the configured flag, else the directory's own.
    async fn barring(&self, call: &Call, entry: &Entry) -> Result<Change, Error> {
        if let Some(attribute) = self.plan.attributes.blocked.as_deref() {
            return flag(Some(attribute), true);
        }
        let replace = |attribute: &str, value: String| Change {
            doing: Doing::Replace,
            attribute: attribute.to_owned(),
            values: vec![value.into()],
        };
        match self.directory(call).await? {
            Directory::Ds389 | Directory::Freeipa => Ok(replace("nsAccountLock", "true".to_owned())),
            Directory::ActiveDirectory => {
                let control: i64 =
                    entry.text("userAccountControl").and_then(|text| text.parse().ok()).unwrap_or(512);
                Ok(replace("userAccountControl", (control | 2).to_string()))
            }
            Directory::Openldap | Directory::Edirectory | Directory::Generic => Err(Error::unsupported()),
        }
    }
}

/// Another account has the identifier.
pub(crate) fn taken(kind: IdentifierKind) -> Error {
    Error::new(ErrorKind::AlreadyExists(Some(kind)), "another account has this identifier")
}

/// Sets a flag.
pub(crate) fn flag(attribute: Option<&str>, is_so: bool) -> Result<Change, Error> {
    let attribute = attribute.ok_or_else(Error::unsupported)?.to_owned();
    let value = if is_so { "TRUE" } else { "FALSE" };
    Ok(Change { doing: Doing::Replace, attribute, values: vec![value.into()] })
}

/// The changes that give each attribute the values that it had, as long as it still has those that it was given: what
/// somebody else has written since stays.
fn undoing(entry: &Entry, changes: &[Change]) -> Vec<Change> {
    let one = |doing, change: &Change, values: Vec<Secret>| Change {
        doing,
        attribute: change.attribute.clone(),
        values,
    };
    let back = |change: &Change| match change.doing {
        Doing::Add => vec![one(Doing::Delete, change, change.values.clone())],
        Doing::Delete => vec![one(Doing::Add, change, change.values.clone())],
        Doing::Replace => {
            let old = entry.values(&change.attribute).map(Secret::new).collect();
            vec![one(Doing::Delete, change, change.values.clone()), one(Doing::Add, change, old)]
        }
    };
    changes.iter().rev().flat_map(back).filter(|change| !change.values.is_empty()).collect()
}

/// Something was written that is not what was asked for, and can't be taken back.
pub(crate) fn unknown() -> Error {
    Error::new(ErrorKind::Timeout, "a change that does not show what was asked could not be undone")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(changes: &[Change]) -> Vec<(Doing, &str, Vec<&str>)> {
        let mut written = Vec::new();
        for Change { doing, attribute, values } in changes {
            let values = values.iter().map(|value| value.expose_text().unwrap()).collect();
            written.push((*doing, attribute.as_str(), values));
        }
        written
    }

    /// Named values are taken away, so that one which somebody else has written since makes the server refuse.
    #[test]
    fn a_change_is_undone_only_while_its_values_stand() {
        let attributes = vec![("mail".to_owned(), vec![b"old".to_vec()])];
        let entry = Entry { dn: "uid=ada".into(), attributes };
        let change = |doing, attribute: &str, values: &[&str]| Change {
            doing,
            attribute: attribute.into(),
            values: values.iter().copied().map(Secret::from).collect(),
        };
        let done = [
            change(Doing::Replace, "mail", &["new"]),
            change(Doing::Replace, "flag", &["TRUE"]),
            change(Doing::Delete, "uid", &["a", "b"]),
            change(Doing::Add, "uid", &["c", "b"]),
        ];
        let expected = [
            (Doing::Delete, "uid", vec!["c", "b"]),
            (Doing::Add, "uid", vec!["a", "b"]),
            (Doing::Delete, "flag", vec!["TRUE"]),
            (Doing::Delete, "mail", vec!["new"]),
            (Doing::Add, "mail", vec!["old"]),
        ];
        assert_eq!(written(&undoing(&entry, &done)), expected);
    }
}
