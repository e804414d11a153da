//! What only the server knows of the statements: their result columns and the types of their parameters.

use crate::column::Column;
use crate::store::{MATCHES, memberships};
use crate::{Kind, Parameter, Prepared, Statement, StatementKey, Statements};
use idstore_contract::{IdentifierKind, PasswordWrite, Problem};
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;
mod together;

/// See [`Statements::inspect`].
pub(crate) fn inspect(statements: &Statements, prepared: &[Option<Prepared>]) -> Vec<Problem> {
    let mut seen =
        Seen { statements, columns: BTreeMap::new(), flags: BTreeMap::new(), problems: Vec::new() };
    for (statement, prepared) in statements.all().zip(prepared) {
        if let Some(prepared) = prepared {
            seen.statement(statement, prepared);
        }
    }
    // What could not be prepared is told already, and nothing can be said of what it would return.
    if prepared.iter().all(Option::is_some) {
        seen.returned_later();
        // A lookup whose columns the server tells only with the answer is looked at then.
        let is_told = |statement: &Statement| seen.columns.contains_key(&statement.number());
        if statements.all().all(|statement| !statement.key().kind().only_reads() || is_told(statement)) {
            seen.together();
        }
    }
    seen.problems
}

/// What has been seen so far.
struct Seen<'a> {
    statements: &'a Statements,
    /// The names that each statement returns, by its number.
    columns: BTreeMap<usize, Vec<String>>,
    /// The type of the column `migrated` of a statement, by its number, where that can hold no time.
    flags: BTreeMap<usize, String>,
    problems: Vec<Problem>,
}

impl Seen<'_> {
    fn statement(&mut self, statement: &Statement, prepared: &Prepared) {
        for (parameter, type_name) in statement.parameters().iter().zip(&prepared.parameters) {
            if let Some(type_name) = type_name {
                self.parameter(statement, parameter, &type_name.to_ascii_lowercase());
            }
        }
        let Some(columns) = &prepared.columns else { return };
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        for (index, column) in columns.iter().enumerate() {
            if let Some(cast) = &column.cast {
                let type_name = column.type_name.as_deref().unwrap_or("unknown");
                self.error(
                    statement,
                    format!(
                        "column {} has the type {type_name}, which is not read here; write {cast}",
                        column.name
                    ),
                );
            }
            if names.iter().take(index).any(|earlier| *earlier == column.name) {
                self.error(statement, format!("two columns are named {}", column.name));
            }
        }
        match statement.key().kind() {
            Kind::Lookup => self.lookup(statement, &names),
            Kind::Membership => self.membership(statement, &names),
            Kind::Write | Kind::Check | Kind::Probe => {}
        }
        if let Some(flag) = columns.iter().find(|column| column.name == "migrated")
            && let Some(type_name) = flag.type_name.as_deref().filter(|name| is_flag(name))
        {
            self.flags.insert(statement.number(), type_name.to_owned());
        }
        self.columns.insert(statement.number(), names);
    }

    fn lookup(&mut self, statement: &Statement, names: &[String]) {
        for name in names.iter().filter(|name| Column::parse(name).is_none()) {
            let meant = Column::nearest(name).map_or_else(
                || {
                    "; the names of the columns are the mapping, so rename it with AS or leave it out"
                        .to_owned()
                },
                |near| format!("; did you mean {near}?"),
            );
            self.error(statement, format!("column {name} means nothing here{meant}"));
        }
        let returns = |column: &Column| names.iter().any(|name| Column::parse(name).as_ref() == Some(column));
        if !returns(&Column::UserId) {
            self.error(statement, "it returns no user_id".to_owned());
        }
        for name in statement.connection_parameters() {
            if !returns(&Column::Connection(name.to_owned())) {
                let message = format!(
                    "it is limited by :param.{name} and does not return it as \"param.{name}\", \
                     so that nothing would show a leak"
                );
                self.error(statement, message);
            }
        }
        let mut shown = IdentifierKind::ALL.into_iter().map(Column::Identifier).chain([Column::SignedInAs]);
        if statement.binds(&Parameter::Identifier) && !shown.any(|column| returns(&column)) {
            let message = "it finds by :identifier and returns no email, username, phone_number or signed_in_as \
                           that could be compared with it";
            self.error(statement, message.to_owned());
        }
    }

    /// Roles and organizations have columns of their own.
    fn membership(&mut self, statement: &Statement, names: &[String]) {
        let (needed, known) = memberships::columns(statement.key());
        for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
            let message = format!("column {name} means nothing here; it may return {}", known.join(", "));
            self.error(statement, message);
        }
        if !names.iter().any(|name| name == needed) {
            self.error(statement, format!("it returns no {needed}"));
        }
    }

    /// Whether the server's type at a position can take what is bound there.
    fn parameter(&mut self, statement: &Statement, parameter: &Parameter, type_name: &str) {
        let is_flag = matches!(parameter, Parameter::EmailVerified | Parameter::PhoneVerified);
        let is_time = type_name.starts_with("timestamp")
            || matches!(type_name, "date" | "datetime" | "time" | "timetz");
        let is_bytes = matches!(type_name, "bytea" | "blob" | "binary" | "varbinary");
        if is_flag && (is_time || is_bytes || type_name == "uuid") {
            let message = format!(
                "{parameter} is a flag, and the type there is {type_name}; write CASE WHEN {parameter} …"
            );
            self.error(statement, message);
        }
        if matches!(parameter, Parameter::PasswordHash | Parameter::PasswordSalt | Parameter::Password)
            && is_bytes
        {
            let message = format!(
                "{parameter} is text, and the type there is {type_name}; convert it in the statement"
            );
            self.error(statement, message);
        }
        if statement.key() == StatementKey::Check
            && *parameter == Parameter::Password
            && type_name == "citext"
        {
            let message = "the password is compared without regard to case: the type there is citext";
            self.problems.push(Problem::warning(statement.place(), message));
        }
    }

    /// `:new.x` is a column of an earlier statement of the same list.
    fn returned_later(&mut self) {
        for key in self.statements.keys() {
            let mut returned: Vec<&String> = Vec::new();
            let mut is_told = true;
            let mut found = Vec::new();
            for statement in self.statements.of(key) {
                let lacking = statement.parameters().iter().filter(|parameter| {
                    matches!(parameter, Parameter::New(column) if is_told && !returned.contains(&column))
                });
                found.extend(lacking.map(|parameter| {
                    Problem::error(
                        statement.place(),
                        format!("no earlier statement of the list returns {parameter}"),
                    )
                }));
                let columns = self.columns.get(&statement.number());
                is_told &= columns.is_some();
                returned.extend(columns.into_iter().flatten());
            }
            self.problems.extend(found);
        }
    }

    fn error(&mut self, statement: &Statement, message: String) {
        self.problems.push(Problem::error(statement.place(), message));
    }

    /// Whether the first statement of a key returns a column.
    fn returns(&self, key: StatementKey, column: &Column) -> bool {
        self.statements.first(key).is_some_and(|statement| self.shows(statement, column))
    }

    /// The names of the columns that the first statement of a key returns.
    fn names_of(&self, key: StatementKey) -> &[String] {
        let statement = self.statements.first(key);
        statement.and_then(|statement| self.columns.get(&statement.number())).map_or(&[], Vec::as_slice)
    }

    /// The type of a key's column `migrated`, where it can hold no time.
    fn flag_type(&self, key: StatementKey) -> Option<&String> {
        self.flags.get(&self.statements.first(key)?.number())
    }

    fn shows(&self, statement: &Statement, column: &Column) -> bool {
        let names = self.columns.get(&statement.number());
        names.is_some_and(|names| names.iter().any(|name| Column::parse(name).as_ref() == Some(column)))
    }
}

/// Whether a server's type holds yes and no alone, and never a time.
fn is_flag(type_name: &str) -> bool {
    let name = type_name.to_ascii_lowercase();
    matches!(name.as_str(), "bool" | "boolean" | "bit" | "int2" | "int4" | "int8")
        || name.starts_with("tinyint")
        || name.starts_with("smallint")
        || name.starts_with("int")
}
