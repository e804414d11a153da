//! `create`: an account is made and answered as it was read back, or there is no trace of it.

use super::bind::{Ask, Binder};
use super::read::{Inside, find};
use super::write::{Claim, run};
use super::{Database, SqlStore, memberships};
use crate::{Parameter, Statement, StatementKey};
use idstore_contract::{
    Account, Call, Error, ErrorKind, IdentifierKind, Lookup, MembershipChange, NewAccount, NewPassword,
    Purpose, Rejection, Result, proof,
};
use std::sync::Arc;

impl<D: Database> SqlStore<D> {
    /// See [`idstore_contract::Store::create`].
    pub(super) async fn create_account(&self, call: &Call, new: &NewAccount) -> Result<Account> {
        let statements = self.offered(StatementKey::Create)?;
        let claims = claims(new);
        self.everything_is_bound(new, &claims)?;
        let mut transaction = self.database.begin(call).await?;
        let done = self.create_in(&mut transaction, call, statements, new, &claims).await;
        let done = self.end(transaction, done).await;
        self.name_conflict(done, call, &claims, None).await
    }

    async fn create_in(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        statements: &[Arc<Statement>],
        new: &NewAccount,
        claims: &[Claim<'_>],
    ) -> Result<Account> {
        self.claim(transaction, call, claims, None).await?;
        call.begin_write()?;
        let mut binder = Binder::new(call, Ask::Create(new));
        run(transaction, statements, &mut binder).await?;
        let user_id = match binder.returned_user_id()? {
            Some(user_id) => user_id,
            None => self.made(transaction, call, claims).await?,
        };
        let read = self.read_back(transaction, call, &user_id, Purpose::Login).await;
        let account =
            read.map_err(|error| if error.kind() == ErrorKind::NotFound { lost() } else { error })?;
        proof::created(call, new, &account)?;
        if let (NewPassword::Clear(password), None) = (&new.password, &account.password) {
            self.accepts(transaction, call, &account, password).await?;
        }
        self.begins_in(transaction, call, new, &account).await?;
        Ok(account)
    }

    /// Where memberships are told, the account must show the one that it was to begin in: an organization that is not
    /// there takes nobody in, and an INSERT from a SELECT does not say so.
    async fn begins_in(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        new: &NewAccount,
        account: &Account,
    ) -> Result<()> {
        let Some(organization) = &new.organization else { return Ok(()) };
        if !self.statements.has(StatementKey::Organizations) {
            return Ok(());
        }
        let shown = memberships::read(&mut Inside(transaction), &self.statements, call, account).await?;
        proof::membership_changed(&MembershipChange::Join(organization.clone()), &shown).map_err(|_| {
            let kind = ErrorKind::Rejected(Rejection::Value(None));
            Error::new(kind, "the account does not begin in the organization: there may be no such one")
                .with("statement", "statements.create")
        })
    }

    /// The key of the account that was made by statements that did not return it.
    async fn made(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        claims: &[Claim<'_>],
    ) -> Result<String> {
        for (kind, value) in claims {
            let lookup = Lookup::Named(*kind, (*value).to_owned());
            let found =
                find(&mut Inside(transaction), &self.statements, call, &lookup, Purpose::Profile).await;
            let accounts = match found {
                Err(error) if error.kind() == ErrorKind::Unsupported => continue,
                found => found?,
            };
            let shows = |account: &Account| {
                account.profile.identifier(*kind).is_some_and(|shown| shown.eq_ignore_ascii_case(value))
            };
            let mut matching = accounts.into_iter().filter(shows);
            return match (matching.next(), matching.next()) {
                (Some(account), None) => Ok(account.user_id),
                (Some(_), Some(_)) => Err(Error::ambiguous()),
                (None, _) => Err(lost()),
            };
        }
        Err(Error::misconfigured("create returns no user_id, and no lookup finds what it was given")
            .with("statement", "statements.create"))
    }

    /// What the caller gives must go somewhere: an address that no statement binds would be forgotten in silence.
    fn everything_is_bound(&self, new: &NewAccount, claims: &[Claim<'_>]) -> Result<()> {
        let binds = |parameter: &Parameter| self.statements.binds(StatementKey::Create, parameter);
        let unbound = claims.iter().map(|(kind, _)| *kind).find(|kind| !binds(&Parameter::Known(*kind)));
        let homeless = new.organization.is_some() && !binds(&Parameter::Organization);
        if unbound.is_some() || homeless {
            let kind = ErrorKind::Rejected(Rejection::Value(unbound));
            return Err(Error::new(kind, "no statement of create stores what was given"));
        }
        Ok(())
    }
}

fn claims(new: &NewAccount) -> Vec<Claim<'_>> {
    let given = |kind| new.profile.identifier(kind).map(|value| (kind, value));
    IdentifierKind::ALL.into_iter().filter_map(given).collect()
}

fn lost() -> Error {
    Error::misconfigured("after create no lookup finds the account; nothing was changed")
        .with("column", "user_id")
}
