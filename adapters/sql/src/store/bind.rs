//! Which value each parameter has. This is the one place where a request meets a statement, and it makes values only:
//! there is no way from here into the text.

use super::generate::generate;
use crate::{Cell, Generated, Parameter, Rows, Statement, Value, cell};
use idstore_contract::{
    Account, Call, Error, IdentifierChange, IdentifierKind, Lookup, Metadata, NewAccount, NewPassword,
    PasswordChange, Rehash, Result, Secret, StoredPassword,
};
use std::collections::BTreeMap;

/// What a statement is run for.
#[derive(Clone, Copy)]
pub(super) enum Ask<'a> {
    /// An account is looked for.
    Lookup(&'a Lookup),
    /// A page of accounts behind a key.
    Page {
        /// The last key of the page before.
        after: Option<&'a str>,
        /// How many at most.
        limit: usize,
    },
    /// An account is made.
    Create(&'a NewAccount),
    /// Something becomes of an account that was found.
    Account(&'a Account, Change<'a>),
}

/// What becomes of an account.
#[derive(Clone, Copy)]
pub(super) enum Change<'a> {
    /// `verify`, `delete` and the marks say everything with their names.
    Nothing,
    /// Another password.
    Password(&'a PasswordChange),
    /// It joins or leaves this organization.
    Membership(&'a str),
    /// A better hash of the same password.
    Rehash(&'a Rehash),
    /// Another identifier.
    Identifier(&'a IdentifierChange),
    /// The store compares this password.
    Check(&'a Secret),
}

/// The values of one call. Generated ones stay the same in all of its statements.
pub(super) struct Binder<'a> {
    call: &'a Call,
    ask: Ask<'a>,
    returned: BTreeMap<String, Cell>,
    generated: Vec<(Generated, String)>,
}

impl<'a> Binder<'a> {
    pub(super) fn new(call: &'a Call, ask: Ask<'a>) -> Self {
        Self { call, ask, returned: BTreeMap::new(), generated: Vec::new() }
    }

    /// One value for each bind position.
    pub(super) fn values(&mut self, statement: &Statement) -> Result<Vec<Value>> {
        statement
            .parameters()
            .iter()
            .map(|parameter| {
                self.value(parameter).map_err(|error| error.with("statement", statement.place()))
            })
            .collect()
    }

    /// Keeps the columns of a statement's first row for `:new.x` in later ones.
    pub(super) fn remember(&mut self, rows: Rows) {
        if let Some(row) = rows.rows.into_iter().next() {
            self.returned.extend(rows.columns.iter().cloned().zip(row));
        }
    }

    /// The last `user_id` that a statement returned.
    pub(super) fn returned_user_id(&self) -> Result<Option<String>> {
        let Some(found) = self.returned.get("user_id") else { return Ok(None) };
        cell::key(found.clone()).map_err(|cell::Unreadable| {
            Error::misconfigured("a column holds a value that can't be read as what it means")
                .with("column", "user_id")
        })
    }

    fn value(&mut self, parameter: &Parameter) -> Result<Value> {
        match (parameter, self.ask) {
            (Parameter::Connection(name), _) => match self.call.parameters.get(name) {
                Some(value) => Ok(Value::Text(value.clone())),
                None => Err(no_value("the connection lacks a parameter that a statement binds", parameter)),
            },
            (Parameter::New(column), _) => match self.returned.get(column) {
                Some(cell) => {
                    returned(cell).ok_or_else(|| no_value("bytes can't be bound again; cast them", parameter))
                }
                None => Err(no_value("no earlier statement returned this column with a row", parameter)),
            },
            (Parameter::Generated(kind), _) => self.generated(*kind).map(Value::Text),
            (asked, Ask::Lookup(lookup)) => Ok(of_lookup(lookup, asked)),
            (Parameter::After, Ask::Page { after, .. }) => Ok(text(after)),
            (Parameter::Limit, Ask::Page { limit, .. }) => {
                Ok(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)))
            }
            (asked, Ask::Page { .. }) => Err(nothing_for(asked)),
            (asked, Ask::Create(new)) => of_new(new, asked),
            (asked, Ask::Account(account, change)) => of_account(account, change, asked),
        }
    }

    fn generated(&mut self, kind: Generated) -> Result<String> {
        if let Some((_, made)) = self.generated.iter().find(|(made, _)| *made == kind) {
            return Ok(made.clone());
        }
        let made = generate(kind)?;
        self.generated.push((kind, made.clone()));
        Ok(made)
    }
}

/// What is asked for, and NULL for the rest.
fn of_lookup(lookup: &Lookup, parameter: &Parameter) -> Value {
    match (lookup, parameter) {
        (Lookup::UserId(text), Parameter::UserId)
        | (Lookup::Identifier(text) | Lookup::Named(_, text), Parameter::Identifier) => {
            Value::Text(text.clone())
        }
        (Lookup::Named(kind, text), Parameter::Known(asked)) if kind == asked => Value::Text(text.clone()),
        _ => Value::Null,
    }
}

fn of_new(new: &NewAccount, parameter: &Parameter) -> Result<Value> {
    let profile = &new.profile;
    Ok(match (parameter, &new.password) {
        (Parameter::Known(kind), _) => text(profile.identifier(*kind)),
        // Said of nothing it is false: a column that may not be NULL takes the account all the same.
        (Parameter::EmailVerified, _) => Value::Flag(profile.email_verified == Some(true)),
        (Parameter::PhoneVerified, _) => Value::Flag(profile.phone_verified == Some(true)),
        (Parameter::Profile(field), _) => text(field.of(profile)),
        (Parameter::UserMetadata(member), _) => metadata(&profile.user_metadata, member.as_deref()),
        (Parameter::AppMetadata(member), _) => metadata(&profile.app_metadata, member.as_deref()),
        (Parameter::Organization, _) => text(new.organization.as_deref()),
        (other, password) => return of_password(password, other),
    })
}

fn of_account(account: &Account, change: Change<'_>, parameter: &Parameter) -> Result<Value> {
    Ok(match (parameter, change) {
        (Parameter::UserId, _) => text(Some(account.handle.as_str())),
        (Parameter::Known(kind), _) => text(account.profile.identifier(*kind)),
        (Parameter::NewIdentifier(kind), Change::Identifier(change)) if *kind == change.kind => {
            text(Some(&change.value))
        }
        (Parameter::EmailVerified, Change::Identifier(change)) if change.kind == IdentifierKind::Email => {
            Value::Flag(change.verified)
        }
        (Parameter::PhoneVerified, Change::Identifier(change))
            if change.kind == IdentifierKind::PhoneNumber =>
        {
            Value::Flag(change.verified)
        }
        // A change of password may prove the address and never takes that back.
        (Parameter::EmailVerified, Change::Password(change)) => {
            Value::Flag(change.email_verified || account.profile.email_verified == Some(true))
        }
        (Parameter::Organization, Change::Membership(organization)) => text(Some(organization)),
        (Parameter::OldPasswordHash, Change::Rehash(rehash)) => Value::Secret(rehash.old.hash.clone()),
        (Parameter::PasswordHash, Change::Rehash(rehash)) => Value::Secret(rehash.new.hash.clone()),
        (Parameter::PasswordSalt, Change::Rehash(rehash)) => {
            rehash.new.salt.clone().map_or(Value::Null, Value::Secret)
        }
        (Parameter::Password, Change::Check(password)) => Value::Secret(password.clone()),
        (other, Change::Password(change)) => return of_password(&change.password, other),
        (other, _) => return Err(nothing_for(other)),
    })
}

fn of_password(password: &NewPassword, parameter: &Parameter) -> Result<Value> {
    match (parameter, password) {
        (Parameter::PasswordHash, NewPassword::Hashed(StoredPassword { hash, .. })) => {
            Ok(Value::Secret(hash.clone()))
        }
        (Parameter::PasswordSalt, NewPassword::Hashed(StoredPassword { salt, .. })) => {
            Ok(salt.clone().map_or(Value::Null, Value::Secret))
        }
        (Parameter::Password, NewPassword::Clear(password)) => Ok(Value::Secret(password.clone())),
        (other, _) => Err(nothing_for(other)),
    }
}

fn text(value: Option<&str>) -> Value {
    value.map_or(Value::Null, |value| Value::Text(value.to_owned()))
}

/// The whole object as JSON text, or one member: its text, its flag, a number as text, anything else as JSON text.
fn metadata(object: &Metadata, member: Option<&str>) -> Value {
    use serde_json::Value as Json;
    let Some(member) = member else { return Value::Text(Json::Object(object.clone()).to_string()) };
    match object.get(member) {
        None | Some(Json::Null) => Value::Null,
        Some(Json::Bool(set)) => Value::Flag(*set),
        Some(Json::String(text)) => Value::Text(text.clone()),
        Some(other @ (Json::Number(_) | Json::Array(_) | Json::Object(_))) => Value::Text(other.to_string()),
    }
}

/// What a statement returned, to be bound again.
fn returned(cell: &Cell) -> Option<Value> {
    Some(match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) | Cell::Number(text) => Value::Text(text.clone()),
        Cell::Integer(number) => Value::Integer(*number),
        Cell::Flag(set) => Value::Flag(*set),
        Cell::Time(time) => Value::Text(time.to_string()),
        Cell::Json(value) => Value::Text(value.to_string()),
        Cell::Bytes(_) => return None,
    })
}

fn no_value(message: &'static str, parameter: &Parameter) -> Error {
    Error::misconfigured(message).with("parameter", parameter.to_string())
}

/// The check of the configuration lets no statement bind what its key does not have.
fn nothing_for(parameter: &Parameter) -> Error {
    Error::unexpected("a statement binds what this call does not have")
        .with("parameter", parameter.to_string())
}
