//! Roles and organizations: reading them, and joining and leaving with their proof.

use super::bind::{Ask, Binder, Change};
use super::read::{Inside, Reader};
use super::write::{run, unfit};
use super::{Database, SqlStore};
use crate::cell::{self, Unreadable};
use crate::{Cell, Ran, Rows, Statement, StatementKey, Statements};
use idstore_contract::{
    Account, Call, Error, ErrorKind, Membership, MembershipChange, Memberships, Purpose, Rejection, Result,
    proof,
};
use std::sync::Arc;

/// The column of an organization's name.
pub(crate) const NAME: &str = "name";
const ROLE: &str = "role";
const ORGANIZATION: &str = "organization";
const ROLES: &str = "roles";

/// The column that a statement must return, and all that it may.
pub(crate) fn columns(key: StatementKey) -> (&'static str, &'static [&'static str]) {
    match key {
        StatementKey::Organizations => (ORGANIZATION, &[ORGANIZATION, NAME, ROLES]),
        _ => (ROLE, &[ROLE]),
    }
}

/// See [`idstore_contract::Store::memberships`].
pub(super) async fn read<R: Reader>(
    reader: &mut R,
    statements: &Statements,
    call: &Call,
    account: &Account,
) -> Result<Memberships> {
    if !statements.has(StatementKey::Roles) && !statements.has(StatementKey::Organizations) {
        return Err(Error::unsupported());
    }
    let mut memberships = Memberships::default();
    if let Some(statement) = statements.first(StatementKey::Roles) {
        for row in ask(reader, statement, call, account).await? {
            memberships.roles.extend(text(statement, &row, ROLE)?);
        }
    }
    if let Some(statement) = statements.first(StatementKey::Organizations) {
        for row in ask(reader, statement, call, account).await? {
            join(statement, &row, &mut memberships.organizations)?;
        }
    }
    Ok(memberships)
}

impl<D: Database> SqlStore<D> {
    /// See [`idstore_contract::Store::change_membership`].
    pub(super) async fn store_membership(
        &self,
        call: &Call,
        account: &Account,
        change: &MembershipChange,
    ) -> Result<()> {
        let statements = self.offered(StatementKey::membership(change))?;
        let mut transaction = self.database.begin(call).await?;
        let done = self.membership_in(&mut transaction, call, statements, account, change).await;
        let done = self.end(transaction, done).await;
        self.name_conflict(done, call, &[], None).await
    }

    async fn membership_in(
        &self,
        transaction: &mut D::Transaction,
        call: &Call,
        statements: &[Arc<Statement>],
        account: &Account,
        change: &MembershipChange,
    ) -> Result<()> {
        let before = self.read_back(transaction, call, &account.user_id, Purpose::Profile).await?;
        proof::isolated(call, &before)?;
        // Joining twice and leaving twice are no errors, whatever the statement would say to it.
        let shown = read(&mut Inside(transaction), &self.statements, call, account).await?;
        if proof::membership_changed(change, &shown).is_ok() {
            return Ok(());
        }
        call.begin_write()?;
        let asked = Ask::Account(account, Change::Membership(change.organization()));
        let touched = run(transaction, statements, &mut Binder::new(call, asked)).await?;
        let shown = read(&mut Inside(transaction), &self.statements, call, account).await?;
        match (proof::membership_changed(change, &shown), change) {
            (Err(_), MembershipChange::Join(_)) if touched == 0 => Err(Error::new(
                ErrorKind::Rejected(Rejection::Value(None)),
                "joining touches nothing: there may be no such organization",
            )
            .with("statement", "statements.join_organization")),
            (proven, _) => proven,
        }
    }
}

/// One row with the names of its columns.
struct Row {
    columns: Arc<[String]>,
    cells: Vec<Cell>,
}

impl Row {
    fn cell(&self, name: &str) -> Option<&Cell> {
        let index = self.columns.iter().position(|column| column == name)?;
        self.cells.get(index)
    }
}

async fn ask<R: Reader>(
    reader: &mut R,
    statement: &Arc<Statement>,
    call: &Call,
    account: &Account,
) -> Result<Vec<Row>> {
    let values = Binder::new(call, Ask::Account(account, Change::Nothing)).values(statement)?;
    let ran = reader.read(call, statement, values).await;
    let rows = match ran.map_err(|error| error.with("statement", statement.place()))? {
        Ran::Rows(rows) => rows,
        Ran::Unfit { position } => return Err(unfit(statement, position)),
    };
    tracing::debug!(statement = %statement.place(), rows = rows.rows.len(), columns = rows.columns.join(", "), "memberships were read");
    of_known_columns(statement, rows)
}

fn of_known_columns(statement: &Statement, rows: Rows) -> Result<Vec<Row>> {
    let (needed, known) = columns(statement.key());
    if let Some(name) = rows.columns.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(of(statement, "a statement returned a column whose name means nothing here", name));
    }
    if !rows.columns.iter().any(|name| name == needed) {
        return Err(of(statement, "a statement did not return a column that it must", needed));
    }
    if rows.rows.len() > statement.key().rows_max() {
        return Err(Error::misconfigured("one account has more rows here than anybody can have")
            .with("statement", statement.place()));
    }
    let columns = rows.columns;
    Ok(rows.rows.into_iter().map(|cells| Row { columns: Arc::clone(&columns), cells }).collect())
}

/// Adds a row. Several rows of one organization are one membership with the roles of all of them.
fn join(statement: &Statement, row: &Row, organizations: &mut Vec<Membership>) -> Result<()> {
    let key = text(statement, row, ORGANIZATION)?;
    let organization = key.ok_or_else(|| of(statement, "a row has no organization", ORGANIZATION))?;
    let name = text(statement, row, NAME)?;
    let roles = match row.cell(ROLES) {
        Some(cell) => cell::texts(cell.clone()).map_err(|Unreadable| unreadable(statement, ROLES))?,
        None => Vec::new(),
    };
    match organizations.iter_mut().find(|known| known.organization == organization) {
        Some(known) if known.name != name => {
            Err(of(statement, "two rows of one organization have different names", NAME))
        }
        Some(known) => {
            known.roles.extend(roles);
            Ok(())
        }
        None => {
            organizations.push(Membership { organization, name, roles });
            Ok(())
        }
    }
}

fn text(statement: &Statement, row: &Row, name: &'static str) -> Result<Option<String>> {
    let Some(cell) = row.cell(name) else { return Ok(None) };
    cell::text(cell.clone()).map_err(|Unreadable| unreadable(statement, name))
}

fn unreadable(statement: &Statement, column: &str) -> Error {
    of(statement, "a column holds a value that can't be read as what it means", column)
}

fn of(statement: &Statement, message: &'static str, column: &str) -> Error {
    Error::misconfigured(message).with("statement", statement.place()).with("column", column)
}
