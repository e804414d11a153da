//! `check`: the store compares the password. It counts, so it is asked once, on a session of its own, and committed.
//! It is no write of ours: what a login does not hear in time is no unknown outcome, so `begin_write` is not said.

use super::bind::{Ask, Binder, Change};
use super::read::{Inside, by_id};
use super::write::unfit;
use super::{Database, SqlStore};
use crate::cell::{self, Flag, Unreadable};
use crate::{Ran, Rows, Statement, StatementKey, Transaction};
use idstore_contract::{Account, Call, Error, ErrorKind, Purpose, Result, Secret, Verdict};

/// The column that says whether the password is right.
pub(crate) const MATCHES: &str = "matches";

impl<D: Database> SqlStore<D> {
    /// See [`idstore_contract::Store::check`].
    pub(super) async fn check_in_store(
        &self,
        call: &Call,
        account: &Account,
        password: &Secret,
    ) -> Result<Verdict> {
        self.offered(StatementKey::Check)?;
        let mut transaction = self.database.begin(call).await?;
        let done = self.verdict(&mut transaction, call, account, password).await;
        self.end(transaction, done).await
    }

    async fn verdict(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        account: &Account,
        password: &Secret,
    ) -> Result<Verdict> {
        if !self.matches(transaction, call, account, password).await? {
            return Ok(Verdict::Mismatch);
        }
        // The store may have locked the account while it compared; it is told as it is now.
        let reader = &mut Inside(transaction);
        let read = match self.statements.by_id() {
            Some(_) => by_id(reader, &self.statements, call, &account.user_id, Purpose::Profile).await?,
            None => Some(account.clone()),
        };
        Ok(read.map_or(Verdict::Mismatch, |account| Verdict::Match(Box::new(account))))
    }

    /// Whether the store says that the password is right.
    pub(super) async fn matches(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        account: &Account,
        password: &Secret,
    ) -> Result<bool> {
        let mut binder = Binder::new(call, Ask::Account(account, Change::Check(password)));
        let mut said = None;
        for statement in self.statements.of(StatementKey::Check) {
            let values = binder.values(statement)?;
            let ran = transaction.run(statement, values).await;
            match ran.map_err(|error| error.with("statement", statement.place()))? {
                Ran::Rows(rows) => said = said_by(statement, &rows)?.or(said),
                Ran::Unfit { position } => match unfit(statement, position) {
                    error if error.kind() == ErrorKind::Misconfigured => return Err(error),
                    _ => return Ok(false),
                },
            }
        }
        said.ok_or_else(|| {
            Error::misconfigured("check did not return a column that it must")
                .with("statement", "statements.check")
                .with("column", MATCHES)
        })
    }
}

/// What a statement's rows say: no row is no match, two rows are two accounts.
fn said_by(statement: &Statement, rows: &Rows) -> Result<Option<bool>> {
    let Some(index) = rows.columns.iter().position(|name| name == MATCHES) else { return Ok(None) };
    let cell = match rows.rows.as_slice() {
        [] => return Ok(Some(false)),
        [row] => row.get(index),
        _ => return Err(Error::ambiguous().with("statement", statement.place())),
    };
    match cell.map(cell::flag) {
        Some(Ok(flag @ (Flag::Yes | Flag::No))) => Ok(Some(flag == Flag::Yes)),
        Some(Ok(Flag::Time(_)) | Err(Unreadable)) | None => {
            Err(Error::misconfigured("a column holds a value that can't be read as what it means")
                .with("statement", statement.place())
                .with("column", MATCHES))
        }
    }
}
