//! The writes on an account that was found, each with its proof.

use super::bind::{Ask, Binder, Change};
use super::read::{Inside, by_id};
use super::write::run;
use super::{Database, SqlStore};
use crate::{Parameter, Statement, StatementKey};
use idstore_contract::{
    Account, Call, Deleted, Error, ErrorKind, IdentifierChange, NewPassword, PasswordChange, Purpose,
    Rejection, Result, Secret, proof,
};
use std::sync::Arc;

impl<D: Database> SqlStore<D> {
    /// See [`idstore_contract::Store::verify`].
    pub(super) async fn verify_email(&self, call: &Call, account: &Account) -> Result<Account> {
        let statements = self.offered(StatementKey::Verify)?;
        let mut transaction = self.database.begin(call).await?;
        let done = self.verify_in(&mut transaction, call, statements, account).await;
        let done = self.end(transaction, done).await;
        self.name_conflict(done, call, &[], None).await
    }

    async fn verify_in(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        statements: &[Arc<Statement>],
        account: &Account,
    ) -> Result<Account> {
        call.begin_write()?;
        run(transaction, statements, &mut Binder::new(call, Ask::Account(account, Change::Nothing))).await?;
        let read = self.read_back(transaction, call, &account.user_id, Purpose::Profile).await?;
        proof::verified(call, account, &read)?;
        Ok(read)
    }

    /// See [`idstore_contract::Store::change_password`].
    pub(super) async fn store_password(
        &self,
        call: &Call,
        account: &Account,
        change: &PasswordChange,
    ) -> Result<Account> {
        let statements = self.offered(StatementKey::ChangePassword)?;
        let binds = self.statements.binds(StatementKey::ChangePassword, &Parameter::EmailVerified);
        let verify = if change.email_verified && !binds { self.offered(StatementKey::Verify)? } else { &[] };
        let mut transaction = self.database.begin(call).await?;
        let done = self.password_in(&mut transaction, call, [statements, verify], account, change).await;
        let done = self.end(transaction, done).await;
        let done = self.name_conflict(done, call, &[], None).await;
        done.map_err(|error| {
            if matches!(change.password, NewPassword::Hashed(_)) { unfit_hash(error) } else { error }
        })
    }

    async fn password_in(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        [statements, verify]: [&[Arc<Statement>]; 2],
        account: &Account,
        change: &PasswordChange,
    ) -> Result<Account> {
        // What the store hashes itself is compared with what was there before, as this transaction sees it.
        let before = match &change.password {
            NewPassword::Hashed(_) => account.clone(),
            NewPassword::Clear(_) => {
                self.read_back(transaction, call, &account.user_id, Purpose::Login).await?
            }
        };
        call.begin_write()?;
        run(transaction, statements, &mut Binder::new(call, Ask::Account(account, Change::Password(change))))
            .await?;
        run(transaction, verify, &mut Binder::new(call, Ask::Account(account, Change::Nothing))).await?;
        let read = self.read_back(transaction, call, &account.user_id, Purpose::Login).await?;
        match &change.password {
            NewPassword::Clear(password) if !shows_another_hash(&before, &read) => {
                self.accepts(transaction, call, &read, password).await?;
                // The store has said that it holds the new password: the hash may well be the same one.
                let before = Account { password: None, ..before };
                proof::password_changed(call, &before, change, &read)?;
            }
            NewPassword::Clear(_) | NewPassword::Hashed(_) => {
                proof::password_changed(call, &before, change, &read)?;
            }
        }
        Ok(read)
    }

    /// The store itself says, in the same transaction, that the new password is right.
    pub(super) async fn accepts(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        account: &Account,
        password: &Secret,
    ) -> Result<()> {
        if self.statements.has(StatementKey::Check)
            && self.matches(transaction, call, account, password).await?
        {
            return Ok(());
        }
        Err(Error::misconfigured("after the write nothing shows the new password; nothing was changed")
            .with("column", "password_hash"))
    }

    /// See [`idstore_contract::Store::change_identifier`].
    pub(super) async fn store_identifier(
        &self,
        call: &Call,
        account: &Account,
        change: &IdentifierChange,
    ) -> Result<Account> {
        let statements = self.offered(StatementKey::change_of(change.kind))?;
        let own = Some(account.user_id.as_str());
        let claims = [(change.kind, change.value.as_str())];
        let mut transaction = self.database.begin(call).await?;
        let done = match self.claim(&mut transaction, call, &claims, own).await {
            Ok(()) => self.identifier_in(&mut transaction, call, statements, account, change).await,
            Err(error) => Err(error),
        };
        let done = self.end(transaction, done).await;
        let done = self.name_conflict(done, call, &claims, own).await;
        // The caller gave one value: whatever the store refused, it was that one.
        done.map_err(|error| match error.kind() {
            ErrorKind::Rejected(Rejection::Value(None)) => {
                error.as_kind(ErrorKind::Rejected(Rejection::Value(Some(change.kind))))
            }
            _ => error,
        })
    }

    async fn identifier_in(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        statements: &[Arc<Statement>],
        account: &Account,
        change: &IdentifierChange,
    ) -> Result<Account> {
        call.begin_write()?;
        run(
            transaction,
            statements,
            &mut Binder::new(call, Ask::Account(account, Change::Identifier(change))),
        )
        .await?;
        let read = self.read_back(transaction, call, &account.user_id, Purpose::Profile).await?;
        proof::identifier_changed(call, account, change, &read)?;
        Ok(read)
    }

    /// See [`idstore_contract::Store::delete`].
    pub(super) async fn delete_account(&self, call: &Call, account: &Account) -> Result<Deleted> {
        let statements = self.offered(StatementKey::Delete)?;
        let mut transaction = self.database.begin(call).await?;
        let done = self.delete_in(&mut transaction, call, statements, account).await;
        let done = self.end(transaction, done).await;
        self.name_conflict(done, call, &[], None).await
    }

    async fn delete_in(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        statements: &[Arc<Statement>],
        account: &Account,
    ) -> Result<Deleted> {
        // Afterwards an account that was never there looks like one that was removed.
        let before = self.read_back(transaction, call, &account.user_id, Purpose::Profile).await?;
        proof::isolated(call, &before)?;
        call.begin_write()?;
        run(transaction, statements, &mut Binder::new(call, Ask::Account(account, Change::Nothing))).await?;
        let reader = &mut Inside(transaction);
        let read = by_id(reader, &self.statements, call, &account.user_id, Purpose::Profile).await?;
        proof::deleted(read.as_ref())
    }
}

/// A hash is ours: a column that can't hold it (SQLSTATE class 22, data exceptions) is wrong, and no value of the
/// caller's is. What a constraint or a trigger refuses stays refused.
fn unfit_hash(error: Error) -> Error {
    let is_rejected = error.kind() == ErrorKind::Rejected(Rejection::Value(None));
    let unfit =
        is_rejected && error.details().any(|(name, value)| name == "sqlstate" && value.starts_with("22"));
    if unfit { error.as_kind(ErrorKind::Misconfigured).with("column", "password_hash") } else { error }
}

fn shows_another_hash(before: &Account, read: &Account) -> bool {
    match (&before.password, &read.password) {
        (Some(before), Some(read)) => !before.hash.same_as(&read.hash),
        (None, Some(_)) => true,
        (_, None) => false,
    }
}
