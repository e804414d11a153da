//! Rows become accounts: the names of the columns say what each cell is.
//!
//! A value never enters an error: what can't be read is told by the name of its column.

use crate::cell::{self, Flag, Unreadable};
use crate::column::Column;
use crate::{Cell, ProfileField, Rows, Statement, StatementKey};
use idstore_contract::{Account, Call, Error, Handle, Result, Secret, StoredPassword, Timestamp};

/// The different accounts that a lookup's rows show. Rows of the same account that are equal in every column count
/// once: a join may repeat them, and may not change them.
pub(crate) fn accounts(call: &Call, statement: &Statement, rows: Rows) -> Result<Vec<Account>> {
    let columns = columns(statement, &rows.columns)?;
    if rows.rows.len() > statement.key().rows_max() {
        let error = match statement.key() {
            StatementKey::List => Error::misconfigured("a page has more rows than :limit"),
            _ => Error::ambiguous(),
        };
        return Err(error.with("statement", statement.place()));
    }
    let mut kept: Vec<Vec<Cell>> = Vec::new();
    for row in rows.rows {
        if !kept.contains(&row) {
            kept.push(row);
        }
    }
    let mut accounts: Vec<Account> = Vec::new();
    for row in kept {
        let account = account(call.now, statement, &columns, row)?;
        if accounts.iter().any(|other| other.user_id == account.user_id) {
            return Err(Error::misconfigured("a lookup answered one account in two different rows")
                .with("statement", statement.place()));
        }
        accounts.push(account);
    }
    Ok(accounts)
}

/// What the columns of an answer mean, each with its name.
fn columns(statement: &Statement, names: &[String]) -> Result<Vec<(Column, String)>> {
    let columns = names
        .iter()
        .map(|name| match Column::parse(name) {
            Some(column) => Ok((column, name.clone())),
            None => Err(of(statement, "a lookup returned a column whose name means nothing here", name)),
        })
        .collect::<Result<Vec<_>>>()?;
    for (index, (column, name)) in columns.iter().enumerate() {
        if columns.iter().take(index).any(|(earlier, _)| earlier == column) {
            return Err(of(statement, "a lookup returned two columns of one name", name));
        }
    }
    let returns = |column: &Column| columns.iter().any(|(found, _)| found == column);
    if !returns(&Column::UserId) {
        return Err(of(statement, "a lookup did not return a column that it must", "user_id"));
    }
    for name in statement.connection_parameters() {
        if !returns(&Column::Connection(name.to_owned())) {
            let message = "a lookup is limited by a parameter and did not return it";
            return Err(of(statement, message, &format!("param.{name}")));
        }
    }
    Ok(columns)
}

fn account(
    now: Timestamp,
    statement: &Statement,
    columns: &[(Column, String)],
    row: Vec<Cell>,
) -> Result<Account> {
    if row.len() != columns.len() {
        return Err(Error::unexpected("a row has not as many cells as its answer has columns"));
    }
    let mut reading = Reading {
        now,
        account: Account::new(Handle::new(""), ""),
        hash: None,
        salt: None,
        scheme: None,
        parameters: None,
    };
    for ((column, name), cell) in columns.iter().zip(row) {
        reading.read(column, cell).map_err(|Unreadable| {
            of(statement, "a column holds a value that can't be read as what it means", name)
        })?;
    }
    let Reading { mut account, hash, salt, scheme, parameters, .. } = reading;
    if account.user_id.is_empty() {
        return Err(of(statement, "a lookup returned a row without a key", "user_id"));
    }
    account.handle = Handle::new(account.user_id.clone());
    account.password = hash.map(|hash| StoredPassword { hash, salt, scheme, parameters });
    Ok(account)
}

/// An account as far as its row has been read.
struct Reading {
    now: Timestamp,
    account: Account,
    hash: Option<Secret>,
    salt: Option<Secret>,
    scheme: Option<String>,
    parameters: Option<Secret>,
}

impl Reading {
    fn read(&mut self, column: &Column, cell: Cell) -> std::result::Result<(), Unreadable> {
        let now = self.now;
        let account = &mut self.account;
        let profile = &mut account.profile;
        match column {
            Column::UserId => account.user_id = cell::key(cell)?.unwrap_or_default(),
            Column::Identifier(kind) => *profile.identifier_mut(*kind) = cell::text(cell)?,
            Column::EmailVerified => profile.email_verified = Some(cell::flag(&cell)? != Flag::No),
            Column::PhoneVerified => profile.phone_verified = Some(cell::flag(&cell)? != Flag::No),
            Column::Profile(field) => *field.of_mut(profile) = cell::text(cell)?,
            Column::CreatedAt => profile.created_at = cell::time(&cell)?,
            Column::Blocked => account.standings.blocked = cell::flag(&cell)?.since(now),
            Column::Locked => account.standings.locked = cell::flag(&cell)?.until(now),
            Column::PasswordExpired => account.standings.password_expired = cell::flag(&cell)?.since(now),
            Column::Restricted => match cell::flag(&cell)? {
                Flag::Time(_) => return Err(Unreadable),
                Flag::Yes => account.standings.restricted = true,
                Flag::No => account.standings.restricted = false,
            },
            Column::Migrated => {
                account.migrated = match cell::flag(&cell)? {
                    Flag::No => None,
                    Flag::Yes => Some(Timestamp::MIN),
                    // Also one that lies ahead: the store's clock may be, and whoever counts from there sees to it.
                    Flag::Time(time) => Some(time),
                }
            }
            Column::PasswordHash => self.hash = cell::secret(cell)?.filter(|hash| !hash.is_empty()),
            Column::PasswordSalt => self.salt = cell::secret(cell)?,
            Column::PasswordScheme => self.scheme = cell::text(cell)?,
            Column::PasswordParameters => self.parameters = cell::secret(cell)?,
            Column::PasswordChangedAt => account.password_changed_at = cell::time(&cell)?,
            Column::SignedInAs => account.signed_in_as = cell::text(cell)?,
            Column::Connection(name) => {
                account.parameters.insert(name.clone(), cell::text(cell)?);
            }
            Column::UserMetadata(None) => profile.user_metadata.extend(cell::object(cell)?),
            Column::AppMetadata(None) => profile.app_metadata.extend(cell::object(cell)?),
            Column::UserMetadata(Some(name)) => {
                profile.user_metadata.extend(cell::member(cell)?.map(|value| (name.clone(), value)));
            }
            Column::AppMetadata(Some(name)) => {
                profile.app_metadata.extend(cell::member(cell)?.map(|value| (name.clone(), value)));
            }
        }
        Ok(())
    }
}

impl ProfileField {
    fn of_mut(self, profile: &mut idstore_contract::Profile) -> &mut Option<String> {
        match self {
            Self::Name => &mut profile.name,
            Self::GivenName => &mut profile.given_name,
            Self::FamilyName => &mut profile.family_name,
            Self::Nickname => &mut profile.nickname,
            Self::Picture => &mut profile.picture,
        }
    }

    /// The member of a profile.
    pub(crate) fn of(self, profile: &idstore_contract::Profile) -> Option<&str> {
        match self {
            Self::Name => profile.name.as_deref(),
            Self::GivenName => profile.given_name.as_deref(),
            Self::FamilyName => profile.family_name.as_deref(),
            Self::Nickname => profile.nickname.as_deref(),
            Self::Picture => profile.picture.as_deref(),
        }
    }
}

fn of(statement: &Statement, message: &'static str, column: &str) -> Error {
    Error::misconfigured(message).with("statement", statement.place()).with("column", column)
}

/// Whether an answer has a column.
pub(crate) fn returns(names: &[String], column: &Column) -> bool {
    names.iter().any(|name| Column::parse(name).as_ref() == Some(column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dialect, StatementsConfig, Texts, Uniqueness};
    use idstore_contract::{ErrorKind, Surroundings};
    use std::sync::Arc;
    use std::time::Instant;

    const LOOKUP: &str = "SELECT 1 FROM t WHERE a = :identifier";

    fn read(text: &str, columns: &[&str], rows: Vec<Vec<Cell>>) -> Result<Vec<Account>> {
        let mut config = StatementsConfig::default();
        config.set(StatementKey::GetUser, Texts::One(text.into()));
        let statements =
            config.compile(Dialect::Sqlite, Uniqueness::Constraint, &Surroundings::default()).unwrap();
        let call = Call::new("test", Instant::now(), "2024-06-01T00:00:00Z".parse().unwrap(), Arc::default());
        let rows =
            Rows { columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows, affected: 0 };
        accounts(&call, statements.first(StatementKey::GetUser).unwrap(), rows)
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn the_names_of_the_columns_are_the_mapping() {
        let columns =
            ["user_id", "email", "given_name", "locked", "blocked", "app_metadata.plan", "password_hash"];
        let row = vec![
            Cell::Integer(7),
            text("a@example.com"),
            text(""),
            text("2024-06-02 00:00:00"),
            Cell::Null,
            text("gold"),
            text("$2b$"),
        ];
        let found = read(LOOKUP, &columns, vec![row]).unwrap().remove(0);
        assert_eq!((found.user_id.as_str(), found.handle.as_str()), ("7", "7"));
        assert_eq!(found.profile.email.as_deref(), Some("a@example.com"));
        assert_eq!((found.profile.given_name, found.profile.email_verified), (None, None));
        assert!(found.standings.locked && !found.standings.blocked);
        assert_eq!(found.profile.app_metadata["plan"], "gold");
        assert!(found.password.unwrap().hash.same_as(&Secret::from("$2b$")));
    }

    #[test]
    fn an_empty_hash_is_none() {
        for hash in [Cell::Null, text("")] {
            let row = vec![Cell::Integer(7), hash];
            assert!(read(LOOKUP, &["user_id", "password_hash"], vec![row]).unwrap()[0].password.is_none());
        }
    }

    #[test]
    fn a_row_that_is_repeated_counts_once_and_one_that_changes_is_refused() {
        let row = |name: &str| vec![Cell::Integer(7), text(name)];
        let columns = ["user_id", "name"];
        assert_eq!(read(LOOKUP, &columns, vec![row("a"), row("a")]).unwrap().len(), 1);
        let refused = read(LOOKUP, &columns, vec![row("a"), row("b")]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Misconfigured);
    }

    #[test]
    fn a_ninth_row_is_ambiguous() {
        let rows = |count: i64| (0..count).map(|key| vec![Cell::Integer(key)]).collect::<Vec<_>>();
        assert_eq!(read(LOOKUP, &["user_id"], rows(8)).unwrap().len(), 8);
        assert_eq!(read(LOOKUP, &["user_id"], rows(9)).unwrap_err().kind(), ErrorKind::Ambiguous);
    }

    #[test]
    fn what_is_wrong_with_a_column_is_told_by_its_name_and_never_its_value() {
        for (columns, cells, name) in [
            (vec!["user_id", "secret_question"], vec![Cell::Integer(7), text("hunter2")], "secret_question"),
            (vec!["user_id", "blocked"], vec![Cell::Integer(7), text("hunter2")], "blocked"),
            (vec!["user_id", "name", "name"], vec![Cell::Integer(7), text("hunter2"), Cell::Null], "name"),
            (vec!["email"], vec![text("hunter2")], "user_id"),
            (vec!["user_id", "email"], vec![Cell::Null, text("hunter2")], "user_id"),
        ] {
            let refused = read(LOOKUP, &columns, vec![cells]).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Misconfigured);
            assert!(refused.details().any(|(key, value)| key == "column" && value == name), "{refused:?}");
            assert!(!format!("{refused:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_lookup_that_does_not_show_what_limits_it_is_refused_even_without_a_row() {
        let limited = "SELECT 1 FROM t WHERE a = :identifier AND org = :param.org";
        let refused = read(limited, &["user_id"], vec![]).unwrap_err();
        assert!(refused.details().any(|(_, value)| value == "param.org"));
        assert!(read(limited, &["user_id", "param.org"], vec![]).unwrap().is_empty());
    }
}
