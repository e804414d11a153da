//! [`Plan`]: what a session knows of a statement that it prepared.

use crate::answer::Prepared;
use crate::decode;
use crate::error::{Failure, nonsense};
use idstore_contract::Error;
use idstore_sql::{Fate, Prepared as Described, Statement, Value};
use mysql_common::packets::Column;
use std::sync::Arc;

/// What a session knows of a statement.
#[derive(Clone)]
pub(crate) struct Plan {
    /// The statement's number on the session.
    pub(crate) id: u32,
    /// The names of its columns; `None` where the server tells them only with the answer.
    columns: Option<Arc<[String]>>,
}

/// What the server said of a statement, for us and for the check of the configuration.
pub(crate) fn learn(
    statement: &Statement,
    prepared: Prepared,
    columns: &[Column],
) -> Result<(Plan, Described), Failure> {
    if prepared.parameters != statement.parameters().len() {
        return Err(nonsense());
    }
    // MariaDB's INSERT … RETURNING and every CALL are described as if they answered nothing.
    let is_told = !columns.is_empty() || statement.answers_nothing();
    let described = Described {
        columns: is_told.then(|| columns.iter().map(decode::describe).collect()),
        // MySQL reports types and MariaDB does not; text is bound whatever they are.
        parameters: vec![None; prepared.parameters],
    };
    let names = || columns.iter().map(|column| column.name_str().into_owned()).collect();
    Ok((Plan { id: prepared.id, columns: is_told.then(names) }, described))
}

impl Plan {
    /// The names of an answer's columns, which must be those that were prepared.
    pub(crate) fn compare(&self, columns: &[Column]) -> Result<Arc<[String]>, Failure> {
        let names: Arc<[String]> = columns.iter().map(|column| column.name_str().into_owned()).collect();
        match &self.columns {
            Some(prepared) if *prepared != names => {
                let error = Error::misconfigured("the columns of a statement changed");
                Err(Failure { error, fate: Fate::Stale, is_unfit: false })
            }
            _ => Ok(names),
        }
    }
}

/// The index of the value that the server could not convert to a column's character set. It does not say which one; it
/// is no plain ASCII, for that is in all of them.
pub(crate) fn unfit(failure: &Failure, values: &[Value]) -> Option<usize> {
    let is_special = |value: &Value| match value {
        Value::Text(text) => !text.is_ascii(),
        Value::Secret(secret) => !secret.expose().is_ascii(),
        Value::Null | Value::Flag(_) | Value::Integer(_) => false,
    };
    values.iter().position(is_special).filter(|_| failure.is_unfit)
}
