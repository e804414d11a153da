//! [`SqlStore`]: the contract's store over any [`Database`].

use crate::{Database, Statements, Uniqueness};
use idstore_contract::{
    Account, Call, Deleted, Depth, Descriptor, Error, IdentifierChange, Lookup, Mark, MembershipChange,
    Memberships, NewAccount, PasswordChange, Problem, Purpose, Rehash, Rehashed, Result, Secret, Store,
    Verdict,
};
use std::sync::Arc;

/// A store whose accounts are rows of an SQL database.
pub struct SqlStore<D> {
    database: D,
    statements: Arc<Statements>,
    uniqueness: Uniqueness,
}

impl<D: Database> SqlStore<D> {
    /// A store on a database, with its statements. No I/O.
    pub fn new(database: D, statements: Arc<Statements>, uniqueness: Uniqueness) -> Self {
        Self { database, statements, uniqueness }
    }
}

impl<D: Database> Store for SqlStore<D> {
    fn describe(&self) -> Descriptor {
        let _ = self.uniqueness;
        Descriptor {
            adapter: D::ADAPTER,
            password_check: idstore_contract::PasswordCheck::ByProxy,
            abilities: std::collections::BTreeSet::new(),
            transport: self.database.transport(),
        }
    }
    async fn find(&self, _call: &Call, _lookup: &Lookup, _purpose: Purpose) -> Result<Vec<Account>> {
        Err(Error::unsupported())
    }
    async fn check(&self, _call: &Call, _account: &Account, _password: &Secret) -> Result<Verdict> {
        Err(Error::unsupported())
    }
    async fn create(&self, _call: &Call, _new: &NewAccount) -> Result<Account> {
        Err(Error::unsupported())
    }
    async fn verify(&self, _call: &Call, _account: &Account) -> Result<Account> {
        Err(Error::unsupported())
    }
    async fn change_password(&self, _: &Call, _: &Account, _: &PasswordChange) -> Result<Account> {
        Err(Error::unsupported())
    }
    async fn rehash(&self, _call: &Call, _account: &Account, _rehash: &Rehash) -> Result<Rehashed> {
        Err(Error::unsupported())
    }
    async fn change_identifier(&self, _: &Call, _: &Account, _: &IdentifierChange) -> Result<Account> {
        Err(Error::unsupported())
    }
    async fn change_membership(&self, _: &Call, _: &Account, _: &MembershipChange) -> Result<()> {
        Err(Error::unsupported())
    }
    async fn memberships(&self, _call: &Call, _account: &Account) -> Result<Memberships> {
        Err(Error::unsupported())
    }
    async fn delete(&self, _call: &Call, _account: &Account) -> Result<Deleted> {
        Err(Error::unsupported())
    }
    async fn list(&self, _call: &Call, _after: Option<&str>, _limit: u32) -> Result<Vec<Account>> {
        Err(Error::unsupported())
    }
    async fn mark_migrated(&self, _call: &Call, _account: &Account, _mark: Mark) -> Result<()> {
        Err(Error::unsupported())
    }
    async fn probe(&self, call: &Call, depth: Depth) -> Result<Vec<Problem>> {
        self.database.probe(call, &self.statements, depth).await
    }
}
