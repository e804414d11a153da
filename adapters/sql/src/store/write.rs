//! The frame of every write: one transaction that ends in a proof or leaves nothing behind.

use super::bind::Binder;
use super::read::{Inside, Outside, by_id, find};
use super::{Database, SqlStore};
use crate::{Parameter, Ran, Statement, StatementKey, Transaction, Uniqueness};
use idstore_contract::{Account, Call, Error, ErrorKind, IdentifierKind, Lookup, Purpose, Rejection, Result};
use std::sync::Arc;

/// An identifier that an account is to have.
pub(super) type Claim<'a> = (IdentifierKind, &'a str);

impl<D: Database> SqlStore<D> {
    /// The statements of a write.
    pub(super) fn offered(&self, key: StatementKey) -> Result<&[Arc<Statement>]> {
        match self.statements.of(key) {
            [] => Err(Error::unsupported()),
            statements => Ok(statements),
        }
    }

    /// Ends a transaction: for good after a proof, else without a trace.
    pub(super) async fn end<T: Send>(&self, transaction: D::Transaction, done: Result<T>) -> Result<T> {
        match done {
            Ok(proven) => {
                transaction.commit().await?;
                tracing::debug!("the transaction is committed");
                Ok(proven)
            }
            Err(error) => {
                tracing::debug!("the transaction is rolled back");
                transaction.rollback().await?;
                Err(error)
            }
        }
    }

    /// Where the schema keeps nobody from having the same identifier: takes the locks named after the claims, in one
    /// order for everybody, and then asks the store's own lookups. An answer with the account's own key is no conflict.
    pub(super) async fn claim(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        claims: &[Claim<'_>],
        own: Option<&str>,
    ) -> Result<()> {
        if self.uniqueness == Uniqueness::Constraint {
            return Ok(());
        }
        let mut names: Vec<String> =
            claims.iter().map(|(_, value)| value.trim().to_ascii_lowercase()).collect();
        names.sort();
        names.dedup();
        for name in names {
            transaction.lock(&name).await?;
        }
        for (kind, value) in claims {
            let lookup = Lookup::Named(*kind, (*value).to_owned());
            let found =
                find(&mut Inside(transaction), &self.statements, call, &lookup, Purpose::Profile).await;
            match found {
                Ok(accounts) if is_taken(&accounts, own) => return Err(taken(*kind)),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Unsupported => {
                    return Err(Error::misconfigured(
                        "uniqueness = \"lock\" needs a lookup by this identifier",
                    )
                    .with("identifier", kind.as_str()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Says which field a violated constraint was about: the lookups are asked after the rollback. A write that claims
    /// nothing violated a constraint that is about something else: the store refused a value.
    pub(super) async fn name_conflict<T: Send>(
        &self,
        done: Result<T>,
        call: &Call,
        claims: &[Claim<'_>],
        own: Option<&str>,
    ) -> Result<T> {
        match done {
            Err(error) if error.kind() == ErrorKind::AlreadyExists(None) => {
                Err(self.conflict(error, call, claims, own).await)
            }
            done => done,
        }
    }

    async fn conflict(&self, error: Error, call: &Call, claims: &[Claim<'_>], own: Option<&str>) -> Error {
        let mut all_asked = true;
        for (kind, value) in claims {
            let lookup = Lookup::Named(*kind, (*value).to_owned());
            let found =
                find(&mut Outside(&self.database), &self.statements, call, &lookup, Purpose::Profile).await;
            match found {
                Ok(accounts) if is_taken(&accounts, own) => {
                    return error.as_kind(ErrorKind::AlreadyExists(Some(*kind)));
                }
                Ok(_) => {}
                Err(_) => all_asked = false,
            }
        }
        if all_asked { error.as_kind(ErrorKind::Rejected(Rejection::Value(None))) } else { error }
    }

    /// The account on the session that wrote; gone is [`ErrorKind::NotFound`].
    pub(super) async fn read_back(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        user_id: &str,
        purpose: Purpose,
    ) -> Result<Account> {
        let read = by_id(&mut Inside(transaction), &self.statements, call, user_id, purpose).await?;
        read.ok_or_else(Error::not_found)
    }
}

/// Runs the statements of a list in order, and tells how many rows they touched: a count that misleads by itself (see
/// `proof`), and that only ever says what a look at the account leaves open.
pub(super) async fn run<T: Transaction>(
    transaction: &mut T,
    statements: &[Arc<Statement>],
    binder: &mut Binder<'_>,
) -> Result<u64> {
    let mut touched = 0_u64;
    for statement in statements {
        let values = binder.values(statement)?;
        let ran = transaction.run(statement, values).await;
        match ran.map_err(|error| error.with("statement", statement.place()))? {
            Ran::Rows(rows) => {
                tracing::debug!(statement = %statement.place(), touched = rows.affected, "a writing statement ran");
                touched = touched.saturating_add(rows.affected);
                binder.remember(rows);
            }
            Ran::Unfit { position } => return Err(unfit(statement, position)),
        }
    }
    Ok(touched)
}

/// Whether the store refused a value or found it taken: another call may have been faster.
pub(super) fn is_refused(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::AlreadyExists(_) | ErrorKind::Rejected(_))
}

/// The server's type at a position can't hold what was to be bound.
pub(super) fn unfit(statement: &Statement, position: usize) -> Error {
    let Some(parameter) = statement.parameters().get(position) else {
        return Error::unexpected("the database named a bind position that there is not");
    };
    let kind = match parameter {
        Parameter::Known(kind) | Parameter::NewIdentifier(kind) => {
            ErrorKind::Rejected(Rejection::Value(Some(*kind)))
        }
        Parameter::UserId => ErrorKind::NotFound,
        Parameter::Identifier
        | Parameter::Profile(_)
        | Parameter::UserMetadata(_)
        | Parameter::AppMetadata(_)
        | Parameter::After
        | Parameter::Organization => ErrorKind::Rejected(Rejection::Value(None)),
        Parameter::EmailVerified
        | Parameter::PhoneVerified
        | Parameter::PasswordHash
        | Parameter::PasswordSalt
        | Parameter::OldPasswordHash
        | Parameter::Password
        | Parameter::Limit
        | Parameter::Connection(_)
        | Parameter::New(_)
        | Parameter::Generated(_) => ErrorKind::Misconfigured,
    };
    Error::new(kind, "the type of a column can't hold the value that is bound to it")
        .with("statement", statement.place())
        .with("parameter", parameter.to_string())
}

fn is_taken(accounts: &[Account], own: Option<&str>) -> bool {
    accounts.iter().any(|account| Some(account.user_id.as_str()) != own)
}

fn taken(kind: IdentifierKind) -> Error {
    Error::new(ErrorKind::AlreadyExists(Some(kind)), "an account with this identifier exists already")
}
