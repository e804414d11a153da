//! What only the server knows of the statements: their result columns and the types of their parameters.

use crate::{Prepared, Statements};
use idstore_contract::Problem;

/// See [`Statements::inspect`].
pub(crate) fn inspect(_statements: &Statements, _prepared: &[Option<Prepared>]) -> Vec<Problem> {
    Vec::new()
}
