//! What an adapter's own tests ask a store, and say of its answers: those about what only one kind of store has, beside
//! the suite.

use crate::fixture::PARAMETER;
use idstore_contract::{
    Account, Call, ConnectionNeeds, Error, ErrorKind, IdentifierChange, IdentifierKind, Lookup,
    PasswordWrite, Purpose, StoreHandle, Surroundings, Timestamp,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest deadline of the tests' calls.
pub const DEADLINE_MAX: Duration = Duration::from_secs(10);

/// What a test ends with; the text says what broke the promise.
pub type Outcome = Result<(), String>;

/// Sets a key of a configuration.
pub fn change(config: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(table) = config.as_object_mut() {
        table.insert(key.to_owned(), value.into());
    }
}

/// The connections around every store of the tests.
pub fn around(password_write: PasswordWrite) -> Surroundings {
    let parameters = BTreeSet::from([PARAMETER.to_owned()]);
    Surroundings {
        password_write: Some(password_write),
        connections: vec![ConnectionNeeds {
            connection: "people".into(),
            parameters,
            ..ConnectionNeeds::default()
        }],
        deadline_max: Some(DEADLINE_MAX),
    }
}

/// A call with so much time.
pub fn call(within_ms: u64) -> Call {
    let now = Instant::now();
    let deadline = now.checked_add(Duration::from_millis(within_ms)).unwrap_or(now);
    let parameters = BTreeMap::from([(PARAMETER.to_owned(), "acme".to_owned())]);
    Call::new("specific", deadline, Timestamp::UNIX_EPOCH, Arc::new(parameters))
}

/// The accounts of an identifier.
pub async fn find(store: &StoreHandle, name: &str, within_ms: u64) -> Result<Vec<Account>, Error> {
    store.find(&call(within_ms), &Lookup::Identifier(name.to_owned()), Purpose::Profile).await
}

/// The one account of an identifier, which must be there within ten seconds.
pub async fn account(store: &StoreHandle, name: &str) -> Result<Account, String> {
    let found = find(store, name, 10_000).await.map_err(|error| format!("{name}: {error:?}"))?;
    let count = found.len();
    let [account] = <[Account; 1]>::try_from(found).map_err(|_| format!("{name} finds {count}, not one"))?;
    Ok(account)
}

/// Gives the account another e-mail address.
pub async fn change_email(
    store: &StoreHandle,
    account: &Account,
    email: &str,
    within_ms: u64,
) -> Result<Account, Error> {
    let change = IdentifierChange { kind: IdentifierKind::Email, value: email.to_owned(), verified: false };
    let call = call(within_ms);
    store.change_identifier(&call, account, &change).await
}

/// Asks again and again, for so long at most, until it is so.
pub async fn within<F: Future<Output = Result<bool, String>>>(
    time: Duration,
    what: &str,
    mut is_so: impl FnMut() -> F,
) -> Outcome {
    let began = Instant::now();
    while !is_so().await? {
        if began.elapsed() > time {
            return Err(format!("not so within {time:?}: {what}"));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Whether what must hold holds.
pub fn ensure(holds: bool, what: impl Into<String>) -> Outcome {
    if holds { Ok(()) } else { Err(what.into()) }
}

/// The kind of an error that must have happened.
pub fn kind<T>(answer: Result<T, Error>) -> Result<ErrorKind, String> {
    answer.err().map(|error| error.kind()).ok_or_else(|| "it was answered as if nothing were wrong".into())
}

/// It must be equal.
pub fn same<T: PartialEq + Debug>(what: &str, expected: &T, found: &T) -> Outcome {
    crate::expect::same(what, expected, found)
}
