//! The mark of an account that was migrated to the platform: set and taken off, with its proof.

use super::bind::{Ask, Binder, Change};
use super::write::run;
use super::{Database, SqlStore};
use crate::{Statement, StatementKey};
use idstore_contract::{Account, Call, Mark, Purpose, Result, proof};
use std::sync::Arc;

impl<D: Database> SqlStore<D> {
    /// See [`idstore_contract::Store::mark_migrated`].
    pub(super) async fn store_mark(&self, call: &Call, account: &Account, mark: Mark) -> Result<()> {
        let statements = self.offered(StatementKey::mark(mark))?;
        let mut transaction = self.database.begin(call).await?;
        let done = self.mark_in(&mut transaction, call, statements, account, mark).await;
        let done = self.end(transaction, done).await;
        self.name_conflict(done, call, &[], None).await
    }

    async fn mark_in(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        statements: &[Arc<Statement>],
        account: &Account,
        mark: Mark,
    ) -> Result<()> {
        // As this transaction sees it: another login may have set the mark since the account was found.
        let before = self.read_back(transaction, call, &account.user_id, Purpose::Profile).await?;
        proof::isolated(call, &before)?;
        if before.migrated.is_some() == (mark == Mark::Migrated) {
            return Ok(());
        }
        call.begin_write()?;
        run(transaction, statements, &mut Binder::new(call, Ask::Account(account, Change::Nothing))).await?;
        let read = self.read_back(transaction, call, &account.user_id, Purpose::Profile).await?;
        proof::marked(call, &before, mark, &read)
    }
}
