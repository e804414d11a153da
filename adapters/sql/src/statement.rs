//! [`Statement`] and [`Statements`]: what the configuration's texts became, compiled once for a dialect.

use crate::{Kind, Parameter, Prepared, StatementKey};
use idstore_contract::{Problem, Surroundings};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// One SQL text with a bind position for each occurrence of a parameter.
pub struct Statement {
    pub(crate) key: StatementKey,
    pub(crate) index: Option<usize>,
    pub(crate) number: usize,
    pub(crate) sql: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) is_select: bool,
    pub(crate) answers_nothing: bool,
}

impl Statement {
    /// The key it stands under.
    pub fn key(&self) -> StatementKey {
        self.key
    }

    /// Its number in [`Statements::all`], for caches of prepared statements.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The text in the server's own spelling.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// What each bind position is filled with.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Whether a parameter is bound anywhere.
    pub fn binds(&self, parameter: &Parameter) -> bool {
        self.parameters.contains(parameter)
    }

    /// Whether this is one plain SELECT without a lock and without INTO, so that it may share a session.
    pub fn is_select(&self) -> bool {
        self.is_select
    }

    /// Whether its text says that it answers no rows: a plain INSERT, UPDATE or DELETE.
    pub fn answers_nothing(&self) -> bool {
        self.answers_nothing
    }

    /// Whether it may change something, as far as its key and its text tell.
    pub fn writes(&self) -> bool {
        match self.key.kind() {
            Kind::Write => true,
            Kind::Check => !self.is_select,
            Kind::Lookup | Kind::Membership | Kind::Probe => false,
        }
    }

    /// The names of the connection's parameters that it binds.
    pub(crate) fn connection_parameters(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter_map(|parameter| {
            if let Parameter::Connection(name) = parameter { Some(name.as_str()) } else { None }
        })
    }

    /// Where it stands in the store's table: `statements.create[1]`.
    pub fn place(&self) -> String {
        place(self.key, self.index)
    }
}

/// Shows where the statement stands; its text may be long.
impl fmt::Debug for Statement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Statement({})", self.place())
    }
}

/// All statements of a store.
#[derive(Debug)]
pub struct Statements {
    pub(crate) by_key: BTreeMap<StatementKey, Vec<Arc<Statement>>>,
    /// What the configuration says around the statements.
    pub(crate) around: Surroundings,
}

impl Statements {
    /// The statements of a key, in order; empty where there is none.
    pub fn of(&self, key: StatementKey) -> &[Arc<Statement>] {
        self.by_key.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The only or first statement of a key.
    pub fn first(&self, key: StatementKey) -> Option<&Arc<Statement>> {
        self.of(key).first()
    }

    /// Every statement, in the order of their numbers.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Statement>> {
        self.by_key.values().flatten()
    }

    /// Whether any statement may change the store.
    pub fn writes(&self) -> bool {
        self.all().any(|statement| statement.writes())
    }

    /// The lookup by key: `get_user_by_id`, else `get_user` where that names `:user_id`.
    pub(crate) fn by_id(&self) -> Option<&Arc<Statement>> {
        let get_user =
            || self.first(StatementKey::GetUser).filter(|statement| statement.binds(&Parameter::UserId));
        self.first(StatementKey::GetUserById).or_else(get_user)
    }

    /// Whether there is a statement of that key.
    pub(crate) fn has(&self, key: StatementKey) -> bool {
        self.by_key.contains_key(&key)
    }

    /// The keys that have statements.
    pub(crate) fn keys(&self) -> impl Iterator<Item = StatementKey> {
        self.by_key.keys().copied()
    }

    /// Whether any statement of a key binds a parameter.
    pub(crate) fn binds(&self, key: StatementKey, parameter: &Parameter) -> bool {
        self.of(key).iter().any(|statement| statement.binds(parameter))
    }

    /// The names of the connection's parameters that the statements of a key bind.
    pub(crate) fn connection_parameters(&self, key: StatementKey) -> impl Iterator<Item = &str> {
        self.of(key).iter().flat_map(|statement| statement.connection_parameters())
    }

    /// Compares what the server says of each statement, in the order of [`Statements::all`] and `None` where it could
    /// not be prepared, with what is needed of it.
    pub fn inspect(&self, prepared: &[Option<Prepared>]) -> Vec<Problem> {
        crate::inspect::inspect(self, prepared)
    }
}

/// The dotted path of a text below the store's table.
pub(crate) fn place(key: StatementKey, index: Option<usize>) -> String {
    match index {
        Some(index) => format!("statements.{key}[{index}]"),
        None => format!("statements.{key}"),
    }
}
