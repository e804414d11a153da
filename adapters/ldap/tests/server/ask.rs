//! Asks a store, as the core does.

use idstore_conformance::PARAMETER;
pub(crate) use idstore_conformance::ask::{kind, same};
use idstore_contract::{
    Account, Call, ConnectionNeeds, Error, Lookup, NewAccount, NewPassword, PasswordChange, PasswordWrite,
    Profile, Purpose, Secret, StoreHandle, Surroundings, Timestamp, Verdict,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The connections around every store of the tests.
pub(crate) fn around() -> Surroundings {
    Surroundings {
        password_write: Some(PasswordWrite::ByStore),
        connections: vec![ConnectionNeeds {
            connection: "people".into(),
            parameters: BTreeSet::from([PARAMETER.to_owned()]),
            ..ConnectionNeeds::default()
        }],
        deadline_max: Some(Duration::from_secs(10)),
    }
}

/// Opens a store whose directory hashes.
pub(crate) fn open(config: Value) -> Result<StoreHandle, String> {
    open_for(config, PasswordWrite::ByStore)
}

/// Opens a store to which new passwords are handed over in that way.
pub(crate) fn open_for(config: Value, write: PasswordWrite) -> Result<StoreHandle, String> {
    let config = serde_json::from_value(config).map_err(|error| error.to_string())?;
    let around = Surroundings { password_write: Some(write), ..around() };
    idstore_ldap::open(config, &around).map_err(|problems| format!("{problems:?}"))
}

/// A call with so much time, at the time that the tests take for now.
pub(crate) fn call(within_ms: u64) -> Call {
    let now = Instant::now();
    let deadline = now.checked_add(Duration::from_millis(within_ms)).unwrap_or(now);
    let parameters = BTreeMap::from([(PARAMETER.to_owned(), "acme".to_owned())]);
    Call::new(
        "specific",
        deadline,
        "2026-06-30T12:00:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH),
        Arc::new(parameters),
    )
}

/// The accounts of whatever the user typed, for a login.
pub(crate) async fn find(store: &StoreHandle, name: &str, within_ms: u64) -> Result<Vec<Account>, Error> {
    let (call, lookup) = (call(within_ms), Lookup::Identifier(name.to_owned()));
    let found = tokio::time::timeout_at(call.deadline.into(), store.find(&call, &lookup, Purpose::Login));
    found.await.unwrap_or_else(|_| Err(Error::timeout()))
}

/// The one account of an identifier, as `get_user` tells it.
pub(crate) async fn account(store: &StoreHandle, name: &str) -> Result<Account, String> {
    let lookup = Lookup::Identifier(name.to_owned());
    let found = store.find(&call(10_000), &lookup, Purpose::Profile).await;
    let found = found.map_err(|error| format!("{name}: {error:?}"))?;
    let count = found.len();
    let [account] = <[Account; 1]>::try_from(found).map_err(|_| format!("{name} finds {count}, not one"))?;
    Ok(account)
}

/// What a login with that name and password is told, in words.
pub(crate) async fn login(store: &StoreHandle, name: &str, password: &str) -> Result<String, String> {
    let found = find(store, name, 10_000).await.map_err(|error| format!("{name}: {error:?}"))?;
    let account = found.first().ok_or_else(|| format!("{name} finds nobody"))?;
    match store.check(&call(10_000), account, &Secret::from(password)).await {
        Ok(Verdict::Match(after)) => Ok(format!("match, {}", after.standings.worst().as_str())),
        Ok(Verdict::Mismatch) => Ok("mismatch".into()),
        Ok(Verdict::Barred(standing)) => Ok(format!("barred, {}", standing.as_str())),
        Ok(Verdict::TooManyAttempts) => Ok("too many attempts".into()),
        Err(error) => Ok(format!("{:?}", error.kind())),
    }
}

/// Makes an account.
pub(crate) async fn create(store: &StoreHandle, name: &str, password: &str) -> Result<Account, Error> {
    let new = NewAccount {
        profile: Profile {
            username: Some(name.to_owned()),
            family_name: Some("Doe".into()),
            ..Profile::default()
        },
        password: NewPassword::Clear(Secret::from(password)),
        organization: None,
    };
    store.create(&call(10_000), &new).await
}

/// Gives an account another password.
pub(crate) async fn change_password(
    store: &StoreHandle,
    account: &Account,
    password: &str,
) -> Result<Account, Error> {
    let password = NewPassword::Clear(Secret::from(password));
    let change = PasswordChange { password, email_verified: false };
    store.change_password(&call(10_000), account, &change).await
}
