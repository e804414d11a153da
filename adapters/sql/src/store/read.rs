//! Finding accounts: which lookup answers what, outside a transaction and inside one.

use super::bind::{Ask, Binder};
use crate::account::{accounts, returns};
use crate::column::Column;
use crate::{Database, Parameter, Ran, Statement, StatementKey, Statements, Transaction, Value};
use idstore_contract::{Account, Call, Error, IdentifierKind, Lookup, PAGE_MAX, Purpose, Result};
use std::sync::Arc;

/// Where a lookup runs.
pub(super) trait Reader: Send {
    /// Runs a statement that only reads.
    fn read(
        &mut self,
        call: &Call,
        statement: &Arc<Statement>,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Ran>> + Send;
}

/// Outside any write.
pub(super) struct Outside<'a, D>(pub(super) &'a D);

/// On the session that writes.
pub(super) struct Inside<'a, T>(pub(super) &'a mut T);

impl<D: Database> Reader for Outside<'_, D> {
    async fn read(&mut self, call: &Call, statement: &Arc<Statement>, values: Vec<Value>) -> Result<Ran> {
        self.0.read(call, statement, values).await
    }
}

impl<T: Transaction> Reader for Inside<'_, T> {
    async fn read(&mut self, _: &Call, statement: &Arc<Statement>, values: Vec<Value>) -> Result<Ran> {
        self.0.run(statement, values).await
    }
}

/// See [`idstore_contract::Store::find`].
pub(super) async fn find<R: Reader>(
    reader: &mut R,
    statements: &Statements,
    call: &Call,
    lookup: &Lookup,
    purpose: Purpose,
) -> Result<Vec<Account>> {
    let statement = statement(statements, lookup, purpose).ok_or_else(Error::unsupported)?;
    let found = ask(reader, statement, call, lookup).await?;
    let Some(columns) = &found.columns else { return Ok(Vec::new()) };
    // A row alone is never a match: without a hash and without `check` nobody could compare a password.
    let comparable = statements.has(StatementKey::Check) || returns(columns, &Column::PasswordHash);
    // Through `:identifier` a kind is only offered where the answer shows it.
    let shown = match lookup {
        Lookup::Named(kind, _) => {
            statement.binds(&Parameter::Known(*kind)) || returns(columns, &Column::Identifier(*kind))
        }
        Lookup::UserId(_) | Lookup::Identifier(_) => true,
    };
    if !shown || purpose == Purpose::Login && !comparable {
        return Err(Error::unsupported());
    }
    Ok(found.accounts)
}

/// See [`idstore_contract::Store::list`].
pub(super) async fn page<R: Reader>(
    reader: &mut R,
    statements: &Statements,
    call: &Call,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Account>> {
    let statement = statements.first(StatementKey::List).ok_or_else(Error::unsupported)?;
    let found = run(reader, statement, call, Ask::Page { after, limit: limit.min(PAGE_MAX) }).await?;
    if found.accounts.len() > limit {
        return Err(
            Error::misconfigured("a page has more rows than :limit").with("statement", statement.place())
        );
    }
    Ok(found.accounts)
}

/// The account of exactly that key, if it is there. For [`Purpose::Login`] with its stored password, also where only
/// `login` returns that.
pub(super) async fn by_id<R: Reader>(
    reader: &mut R,
    statements: &Statements,
    call: &Call,
    user_id: &str,
    purpose: Purpose,
) -> Result<Option<Account>> {
    let statement = statements.by_id().ok_or_else(Error::unsupported)?;
    let found = ask(reader, statement, call, &Lookup::UserId(user_id.to_owned())).await?;
    let has_hash = found.columns.as_ref().is_some_and(|columns| returns(columns, &Column::PasswordHash));
    // A database finds 7 for '007'; that is another text, and no account.
    let Some(mut account) = found.accounts.into_iter().find(|account| account.user_id == user_id) else {
        return Ok(None);
    };
    if purpose == Purpose::Login
        && !has_hash
        && let Some(login) = statements.first(StatementKey::Login)
    {
        account.password = password(reader, login, call, &account).await?;
    }
    Ok(Some(account))
}

/// The stored password of an account by the statement that alone returns it.
async fn password<R: Reader>(
    reader: &mut R,
    login: &Arc<Statement>,
    call: &Call,
    account: &Account,
) -> Result<Option<idstore_contract::StoredPassword>> {
    let by_key = [Lookup::UserId(account.user_id.clone())].into_iter();
    let named = IdentifierKind::ALL.into_iter().filter_map(|kind| {
        account.profile.identifier(kind).map(|value| Lookup::Named(kind, value.to_owned()))
    });
    let typed = account.signed_in_as.iter().map(|value| Lookup::Identifier(value.clone()));
    for lookup in by_key.chain(named).chain(typed).filter(|lookup| names(login, lookup)) {
        let found = ask(reader, login, call, &lookup).await?.accounts;
        if let Some(same) = found.into_iter().find(|found| found.user_id == account.user_id) {
            return Ok(same.password);
        }
    }
    Ok(None)
}

/// The statement that answers a lookup, where one does.
fn statement<'a>(
    statements: &'a Statements,
    lookup: &Lookup,
    purpose: Purpose,
) -> Option<&'a Arc<Statement>> {
    let login = || statements.first(StatementKey::Login).filter(|_| purpose == Purpose::Login);
    match lookup {
        Lookup::UserId(_) => login().filter(|login| names(login, lookup)).or_else(|| statements.by_id()),
        Lookup::Identifier(_) | Lookup::Named(..) => login()
            .or_else(|| statements.first(StatementKey::GetUser))
            .filter(|statement| names(statement, lookup)),
    }
}

/// Whether a statement binds what a lookup gives.
fn names(statement: &Statement, lookup: &Lookup) -> bool {
    match lookup {
        Lookup::UserId(_) => statement.binds(&Parameter::UserId),
        Lookup::Identifier(_) => statement.binds(&Parameter::Identifier),
        Lookup::Named(kind, _) => {
            statement.binds(&Parameter::Known(*kind)) || statement.binds(&Parameter::Identifier)
        }
    }
}

/// What a lookup answered.
struct Found {
    accounts: Vec<Account>,
    /// `None` where the statement was not run, for no row could hold the text.
    columns: Option<Arc<[String]>>,
}

async fn ask<R: Reader>(
    reader: &mut R,
    statement: &Arc<Statement>,
    call: &Call,
    lookup: &Lookup,
) -> Result<Found> {
    run(reader, statement, call, Ask::Lookup(lookup)).await
}

async fn run<R: Reader>(
    reader: &mut R,
    statement: &Arc<Statement>,
    call: &Call,
    asked: Ask<'_>,
) -> Result<Found> {
    let values = Binder::new(call, asked).values(statement)?;
    let ran = reader.read(call, statement, values).await;
    match ran.map_err(|error| error.with("statement", statement.place()))? {
        Ran::Rows(rows) => {
            // The names of the columns are the mapping; values are in no log.
            tracing::debug!(statement = %statement.place(), rows = rows.rows.len(), columns = rows.columns.join(", "), "a statement ran");
            let columns = Some(Arc::clone(&rows.columns));
            Ok(Found { accounts: accounts(call, statement, rows)?, columns })
        }
        Ran::Unfit { position } => {
            if let Some(parameter @ Parameter::Connection(_)) = statement.parameters().get(position) {
                return Err(Error::misconfigured(
                    "the type of a column can't hold the connection's parameter",
                )
                .with("statement", statement.place())
                .with("parameter", parameter.to_string()));
            }
            tracing::debug!(statement = %statement.place(), "a statement did not run: the column's type can't hold the text");
            Ok(Found { accounts: Vec::new(), columns: None })
        }
    }
}
