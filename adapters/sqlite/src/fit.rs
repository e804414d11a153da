//! Whether the statements fit the schema of a file: asked when a session opens it, and by a full probe.

use crate::error::translate;
use idstore_contract::{Error, ErrorKind, Problem, Result};
use idstore_sql::{Prepared, PreparedColumn, Statement, Statements};
use rusqlite::{CachedStatement, Connection};

/// What does not fit.
pub(crate) struct Fit {
    /// Everything that is wrong, or worth knowing.
    pub(crate) problems: Vec<Problem>,
    /// The first statement that can't be prepared, as the error that a call with it would see.
    broken: Option<Error>,
}

impl Fit {
    /// Prepares every statement. A file that can't be asked is an error.
    pub(crate) fn of(connection: &Connection, statements: &Statements) -> Result<Self> {
        let mut fit = Self { problems: Vec::new(), broken: None };
        let mut prepared = Vec::new();
        for statement in statements.all() {
            prepared.push(match described(connection, statement) {
                Ok((described, readonly)) => {
                    if !readonly && statement.key().kind().only_reads() {
                        fit.problems.push(Problem::error(statement.place(), "this lookup changes something"));
                    }
                    Some(described)
                }
                Err(error) if error.kind() == ErrorKind::Misconfigured => {
                    fit.problems.push(Problem::error(statement.place(), error.to_string()));
                    fit.broken.get_or_insert(error.with("statement", statement.place()));
                    None
                }
                Err(error) => return Err(error),
            });
        }
        fit.problems.extend(statements.inspect(&prepared));
        Ok(fit)
    }

    /// Nothing is answered from a file that the statements do not fit.
    pub(crate) fn or_refuse(self) -> Result<()> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        match self.problems.into_iter().find(Problem::is_error) {
            Some(problem) => Err(Error::misconfigured("a statement does not fit the schema")
                .with("key", problem.key)
                .with("problem", problem.message)),
            None => Ok(()),
        }
    }
}

/// A statement, ready to be bound to that many values.
pub(crate) fn prepared<'a>(
    connection: &'a Connection,
    statement: &Statement,
    values: usize,
) -> Result<CachedStatement<'a>> {
    let prepared = connection.prepare_cached(statement.sql()).map_err(|error| translate(&error))?;
    // SQLite would take a position that nobody fills for NULL.
    if prepared.parameter_count() != values {
        return Err(Error::misconfigured("SQLite sees other parameters in a statement than its names"));
    }
    Ok(prepared)
}

/// What SQLite says of a statement, and whether it only reads.
fn described(connection: &Connection, statement: &Statement) -> Result<(Prepared, bool)> {
    let prepared = prepared(connection, statement, statement.parameters().len())?;
    let columns = prepared.columns().map(|column| PreparedColumn {
        name: column.name().to_owned(),
        type_name: column.decl_type().map(str::to_ascii_lowercase),
        cast: None,
    });
    let parameters = vec![None; statement.parameters().len()];
    Ok((Prepared { columns: Some(columns.collect()), parameters }, prepared.readonly()))
}
