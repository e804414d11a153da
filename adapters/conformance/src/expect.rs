//! The assertions of the suite. Each names what was tried; none shows a secret.

use crate::world::Outcome;
use idstore_contract::{Account, Error, ErrorKind};
use std::fmt::Debug;

/// It must be so.
pub(crate) fn that(so: bool, otherwise: impl Into<String>) -> Outcome {
    if so { Ok(()) } else { Err(otherwise.into()) }
}

/// Both must be equal.
pub(crate) fn same<T: PartialEq + Debug>(what: &str, expected: &T, found: &T) -> Outcome {
    that(expected == found, format!("{what}: expected {expected:?}, found {found:?}"))
}

/// It must succeed.
pub(crate) fn success<T>(what: &str, result: Result<T, Error>) -> Result<T, String> {
    result.map_err(|error| format!("{what} failed: {error:?}"))
}

/// It must fail, with a kind that fits.
pub(crate) fn failure<T>(
    what: &str,
    result: Result<T, Error>,
    fits: impl Fn(ErrorKind) -> bool,
) -> Result<Error, String> {
    match result {
        Ok(_) => Err(format!("{what} succeeded")),
        Err(error) if fits(error.kind()) => Ok(error),
        Err(error) => Err(format!("{what} failed as something else: {error:?}")),
    }
}

/// It must fail as exactly that kind.
pub(crate) fn kind<T>(what: &str, result: Result<T, Error>, expected: ErrorKind) -> Outcome {
    failure(what, result, |kind| kind == expected).map(drop)
}

/// The accounts must be exactly those, in whatever order.
pub(crate) fn accounts(what: &str, expected: &[&Account], found: &[Account]) -> Outcome {
    let mut expected: Vec<&str> = expected.iter().map(|account| account.user_id.as_str()).collect();
    let mut found: Vec<&str> = found.iter().map(|account| account.user_id.as_str()).collect();
    expected.sort_unstable();
    found.sort_unstable();
    same(what, &expected, &found)
}
