//! `rehash`: a stored hash makes way for a better one of the same password, unless somebody was faster.

use super::bind::{Ask, Binder, Change};
use super::write::run;
use super::{Database, SqlStore};
use crate::{Statement, StatementKey};
use idstore_contract::{Account, Call, Error, Purpose, Rehash, Rehashed, Result, StoredPassword, proof};
use std::sync::Arc;

impl<D: Database> SqlStore<D> {
    /// See [`idstore_contract::Store::rehash`].
    pub(super) async fn store_rehash(
        &self,
        call: &Call,
        account: &Account,
        rehash: &Rehash,
    ) -> Result<Rehashed> {
        let statements = self.offered(StatementKey::Rehash)?;
        let mut transaction = self.database.begin(call).await?;
        let done = self.rehash_in(&mut transaction, call, statements, account, rehash).await;
        let done = self.end(transaction, done).await;
        self.name_conflict(done, call, &[], None).await
    }

    async fn rehash_in(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        statements: &[Arc<Statement>],
        account: &Account,
        rehash: &Rehash,
    ) -> Result<Rehashed> {
        let before = self.read_back(transaction, call, &account.user_id, Purpose::Login).await?;
        proof::isolated(call, &before)?;
        if !holds(&before, &rehash.old) {
            return Ok(Rehashed::Overtaken);
        }
        call.begin_write()?;
        let asked = Ask::Account(account, Change::Rehash(rehash));
        let touched = run(transaction, statements, &mut Binder::new(call, asked)).await?;
        let read = self.read_back(transaction, call, &account.user_id, Purpose::Login).await?;
        match (touched, holds(&read, &rehash.old)) {
            (0, true) => Err(Error::misconfigured("rehash touches nothing, and the old hash is still there")
                .with("column", "password_hash")),
            // Another password came between the two looks.
            (0, false) => Ok(Rehashed::Overtaken),
            _ => proof::rehashed(call, account, &rehash.new, &read).map(|()| Rehashed::Replaced),
        }
    }
}

fn holds(account: &Account, stored: &StoredPassword) -> bool {
    account.password.as_ref().is_some_and(|shown| shown.hash.same_as(&stored.hash))
}
