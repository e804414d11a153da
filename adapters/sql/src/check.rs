//! Everything about the statements that can be said without a server, all of it at once.

use crate::statement::place;
use crate::template::{Template, compile};
use crate::{
    Dialect, Kind, Parameter, Statement, StatementKey, Statements, StatementsConfig, Texts, Uniqueness,
};
use idstore_contract::{PasswordWrite, Problem, Surroundings};
use std::collections::BTreeMap;
use std::sync::Arc;

#[cfg(test)]
mod tests;
mod whole;

impl StatementsConfig {
    /// Every error and warning, in the order of the keys. Pure.
    pub fn check(&self, dialect: Dialect, uniqueness: Uniqueness, around: &Surroundings) -> Vec<Problem> {
        self.assemble(dialect, uniqueness, around).1
    }

    /// The statements in the server's own spelling, or every problem where one of them stops the store. Pure.
    pub fn compile(
        &self,
        dialect: Dialect,
        uniqueness: Uniqueness,
        around: &Surroundings,
    ) -> Result<Statements, Vec<Problem>> {
        let (statements, problems) = self.assemble(dialect, uniqueness, around);
        if problems.iter().any(Problem::is_error) { Err(problems) } else { Ok(statements) }
    }

    fn assemble(
        &self,
        dialect: Dialect,
        uniqueness: Uniqueness,
        around: &Surroundings,
    ) -> (Statements, Vec<Problem>) {
        let mut assembly =
            Assembly { dialect, around, problems: Vec::new(), by_key: BTreeMap::new(), number: 0 };
        for key in StatementKey::ALL {
            if let Some(texts) = self.get(key) {
                assembly.add(key, texts);
            }
        }
        let statements = Statements { by_key: assembly.by_key, around: around.clone() };
        let mut problems = assembly.problems;
        whole::check(&statements, uniqueness, around, &mut problems);
        (statements, problems)
    }
}

/// The statements so far, and what is wrong with each by itself.
struct Assembly<'a> {
    dialect: Dialect,
    around: &'a Surroundings,
    problems: Vec<Problem>,
    by_key: BTreeMap<StatementKey, Vec<Arc<Statement>>>,
    number: usize,
}

impl Assembly<'_> {
    fn add(&mut self, key: StatementKey, texts: &Texts) {
        let count = texts.iter().count();
        if count == 0 {
            self.problems.push(Problem::error(place(key, None), "the list has no statement"));
        } else if count > 1 && key.kind().only_reads() {
            self.problems.push(Problem::error(place(key, None), "this is one statement, not a list"));
        }
        for (index, text) in texts.iter() {
            let (template, faults) = compile(self.dialect, key, text);
            let place = place(key, index);
            let faults =
                faults.into_iter().map(|fault| Problem::error(&place, fault.message).at(fault.offset));
            self.problems.extend(faults);
            self.check(key, index, &template);
            self.by_key.entry(key).or_default().push(Arc::new(Statement {
                key,
                index,
                number: self.number,
                sql: template.sql,
                parameters: template.parameters.into_iter().map(|(parameter, _)| parameter).collect(),
                is_select: template.is_select,
                answers_nothing: template.answers_nothing,
            }));
            self.number = self.number.saturating_add(1);
        }
    }

    fn check(&mut self, key: StatementKey, index: Option<usize>, template: &Template) {
        let place = place(key, index);
        let verb = if template.is_writing_with { "update" } else { &template.verb };
        if let Some(message) = refused_verb(self.dialect, key, verb) {
            self.problems.push(Problem::error(&place, message));
        }
        for (parameter, offset) in &template.parameters {
            let refused = if !parameter.stands_in(key) {
                Some(no_value(key, parameter))
            } else if matches!(parameter, Parameter::New(_)) && index.is_none_or(|index| index == 0) {
                Some(format!(
                    "{parameter} is what an earlier statement of the list returned, and there is none"
                ))
            } else {
                self.password(key, parameter).map(str::to_owned)
            };
            self.problems.extend(refused.map(|message| Problem::error(&place, message).at(*offset)));
            if let Parameter::Connection(name) = parameter {
                let lacking =
                    self.around.connections.iter().filter(|around| !around.parameters.contains(name));
                self.problems.extend(lacking.map(|around| {
                    let message = format!("connection {} has no parameter {name}", around.connection);
                    Problem::error(&place, message).at(*offset)
                }));
            }
        }
    }

    /// What `passwords.write` gives to a write, and what it does not.
    fn password(&self, key: StatementKey, parameter: &Parameter) -> Option<&'static str> {
        use PasswordWrite::{ByStore, Hashed, HashedWithSalt};
        match (parameter, self.around.password_write?) {
            (_, ByStore) if key == StatementKey::Rehash => {
                Some("with passwords.write = \"store\" nobody but the store hashes; remove rehash")
            }
            (Parameter::Password, Hashed | HashedWithSalt) if key.kind() == Kind::Write => Some(
                "a write gets :password in clear only with passwords.write = \"store\"; bind :password_hash",
            ),
            (Parameter::PasswordHash | Parameter::PasswordSalt, ByStore) => {
                Some("with passwords.write = \"store\" there is no hash; bind :password")
            }
            (Parameter::PasswordSalt, Hashed) => {
                Some("the scheme in passwords.write has its salt inside the hash")
            }
            _ => None,
        }
    }
}

/// What can't be done by a statement of that key, from its first word.
fn refused_verb(dialect: Dialect, key: StatementKey, verb: &str) -> Option<&'static str> {
    match verb {
        "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" | "set"
        | "attach" | "detach" | "pragma" | "lock" | "unlock" | "use" => {
            Some("statements run in a transaction and on a session that are not theirs to change")
        }
        "insert" | "update" | "delete" | "merge" | "replace" | "truncate" | "create" | "alter" | "drop"
            if key.kind().only_reads() =>
        {
            Some("this statement only reads")
        }
        "truncate" | "create" | "alter" | "drop" | "rename" | "grant" | "revoke"
            if dialect == Dialect::MySql =>
        {
            Some("the server commits before and after such a statement, so what fails later can't be undone")
        }
        _ => None,
    }
}

fn no_value(key: StatementKey, parameter: &Parameter) -> String {
    let remedy = match (key, parameter) {
        (StatementKey::Create, Parameter::UserId) => {
            "; the key that an earlier statement of the list returned is :new.user_id"
        }
        (StatementKey::Create, Parameter::Identifier) => "; bind :email, :username or :phone_number",
        (StatementKey::GetUserById, _) => "; it is looked up by :user_id",
        (StatementKey::List, _) => "; a page begins behind :after and has :limit rows",
        (_, Parameter::Identifier) => "; the account is known already: bind :user_id",
        _ => "",
    };
    format!("{parameter} has no value in {key}{remedy}")
}
