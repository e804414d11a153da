//! [`SqlStore`]: the contract's store over any [`Database`].
//!
//! Here is only which file answers what. `read` finds accounts, `write` is the frame of every write (one transaction,
//! claims, the statements in order, what a violated constraint means), `create` and `change` are the writes with their
//! proofs, `memberships` and `marks` are what belongs to an account beside its row, `check` asks the store to compare a password, `bind` says which value each parameter has.

mod bind;
mod change;
mod check;
mod create;
mod generate;
mod marks;
pub(crate) mod memberships;
mod read;
mod rehash;
mod write;

pub(crate) use check::MATCHES;

use crate::{Database, Hints, Parameter, StatementKey, Statements, Uniqueness};
use idstore_contract::{
    Ability, Account, Call, Deleted, Depth, Descriptor, IdentifierChange, Lookup, Mark, MembershipChange,
    Memberships, NewAccount, PasswordChange, PasswordCheck, Problem, Purpose, Rehash, Rehashed, Result,
    Secret, Store, Verdict,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A store whose accounts are rows of an SQL database.
pub struct SqlStore<D> {
    database: D,
    statements: Arc<Statements>,
    uniqueness: Uniqueness,
    hints: Hints,
}

impl<D: Database> SqlStore<D> {
    /// A store on a database, with its statements. No I/O.
    pub fn new(database: D, statements: Arc<Statements>, uniqueness: Uniqueness) -> Self {
        Self { database, statements, uniqueness, hints: Hints::new() }
    }

    /// The same store, which looks for what the configuration leaves unused whenever it is probed in full.
    #[must_use]
    pub fn with_hints(mut self, hints: Hints) -> Self {
        self.hints = hints;
        self
    }

    fn abilities(&self) -> BTreeSet<Ability> {
        let statements = &self.statements;
        let verifies = statements.has(StatementKey::Verify)
            || statements.binds(StatementKey::ChangePassword, &Parameter::EmailVerified);
        let with_verify = (verifies && statements.has(StatementKey::ChangePassword))
            .then_some(Ability::ChangePasswordVerifies);
        statements.keys().filter_map(ability).chain(with_verify).collect()
    }
}

/// The ability that a statement gives.
fn ability(key: StatementKey) -> Option<Ability> {
    match key {
        StatementKey::Create => Some(Ability::Create),
        StatementKey::Verify => Some(Ability::Verify),
        StatementKey::ChangePassword => Some(Ability::ChangePassword),
        StatementKey::ChangeEmail => Some(Ability::ChangeEmail),
        StatementKey::ChangeUsername => Some(Ability::ChangeUsername),
        StatementKey::ChangePhoneNumber => Some(Ability::ChangePhoneNumber),
        StatementKey::Delete => Some(Ability::Delete),
        StatementKey::Roles => Some(Ability::Roles),
        StatementKey::Organizations => Some(Ability::Organizations),
        StatementKey::JoinOrganization => Some(Ability::JoinOrganization),
        StatementKey::LeaveOrganization => Some(Ability::LeaveOrganization),
        StatementKey::Rehash => Some(Ability::Rehash),
        StatementKey::List => Some(Ability::List),
        StatementKey::MarkMigrated => Some(Ability::MarkMigrated),
        StatementKey::UnmarkMigrated => Some(Ability::UnmarkMigrated),
        StatementKey::GetUser
        | StatementKey::GetUserById
        | StatementKey::Login
        | StatementKey::Check
        | StatementKey::Probe => None,
    }
}

impl<D: Database> Store for SqlStore<D> {
    fn describe(&self) -> Descriptor {
        let statements = &self.statements;
        let password_check = if statements.has(StatementKey::Check) {
            PasswordCheck::ByStore
        } else if statements.has(StatementKey::Login) || statements.has(StatementKey::GetUser) {
            PasswordCheck::ByProxy
        } else {
            PasswordCheck::None
        };
        Descriptor {
            adapter: D::ADAPTER,
            password_check,
            abilities: self.abilities(),
            finds_by_id: statements.by_id().is_some(),
            transport: self.database.transport(),
        }
    }

    async fn find(&self, call: &Call, lookup: &Lookup, purpose: Purpose) -> Result<Vec<Account>> {
        read::find(&mut read::Outside(&self.database), &self.statements, call, lookup, purpose).await
    }

    async fn check(&self, call: &Call, account: &Account, password: &Secret) -> Result<Verdict> {
        self.check_in_store(call, account, password).await
    }

    async fn create(&self, call: &Call, new: &NewAccount) -> Result<Account> {
        self.create_account(call, new).await
    }

    async fn verify(&self, call: &Call, account: &Account) -> Result<Account> {
        self.verify_email(call, account).await
    }

    async fn change_password(
        &self,
        call: &Call,
        account: &Account,
        change: &PasswordChange,
    ) -> Result<Account> {
        self.store_password(call, account, change).await
    }

    async fn rehash(&self, call: &Call, account: &Account, rehash: &Rehash) -> Result<Rehashed> {
        self.store_rehash(call, account, rehash).await
    }

    async fn change_identifier(
        &self,
        call: &Call,
        account: &Account,
        change: &IdentifierChange,
    ) -> Result<Account> {
        self.store_identifier(call, account, change).await
    }

    async fn change_membership(
        &self,
        call: &Call,
        account: &Account,
        change: &MembershipChange,
    ) -> Result<()> {
        self.store_membership(call, account, change).await
    }

    async fn memberships(&self, call: &Call, account: &Account) -> Result<Memberships> {
        memberships::read(&mut read::Outside(&self.database), &self.statements, call, account).await
    }

    async fn delete(&self, call: &Call, account: &Account) -> Result<Deleted> {
        self.delete_account(call, account).await
    }

    async fn list(&self, call: &Call, after: Option<&str>, limit: usize) -> Result<Vec<Account>> {
        read::page(&mut read::Outside(&self.database), &self.statements, call, after, limit).await
    }

    async fn mark_migrated(&self, call: &Call, account: &Account, mark: Mark) -> Result<()> {
        self.store_mark(call, account, mark).await
    }

    async fn probe(&self, call: &Call, depth: Depth) -> Result<Vec<Problem>> {
        let mut problems = self.database.probe(call, &self.statements, depth).await?;
        if depth == Depth::Full {
            for (name, hint) in &self.hints {
                if self.database.knows(call, &hint.when).await? {
                    problems.push(Problem::warning(format!("hints.{name}"), hint.say.clone()));
                }
            }
        }
        Ok(problems)
    }
}
