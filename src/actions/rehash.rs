//! A stored hash that a login found to be older than what is written makes way for a better one of the same password.
//! Never fails the login, and never makes its answer late.

use super::Ask;
use super::ask::write_for;
use crate::stores::Failure;
use crate::telemetry::{Label, RehashLabels};
use idstore_contract::{Account, Rehash, Rehashed, Secret, StoredPassword};
use idstore_passwords::Write;
use std::sync::Arc;
use std::time::Instant;
use tokio::time::timeout_at;

/// Replaces the account's hash, if there is time for it; else the next login does.
pub(super) async fn rehash(ask: &Ask<'_>, account: &Account, password: &Secret) {
    let (Some(write), Some(old)) = (ask.connection.passwords.write.as_ref(), account.password.clone()) else {
        return;
    };
    let Some(write) = write_for(write, &account.profile) else { return };
    // One that is longer than the scheme makes count stays as it is stored.
    if write.refuse(password).is_some() {
        return;
    }
    // Half of what is left is the login's own: its answer is on its way whatever becomes of this.
    let until = Instant::now().checked_add(ask.call.remaining().mul_f32(0.5)).unwrap_or(ask.call.deadline);
    let replacing = replace(ask, account, password, write.clone(), old, until);
    let outcome = match timeout_at(until.into(), replacing).await {
        Ok(Ok(Rehashed::Replaced)) => "replaced",
        Ok(Ok(Rehashed::Overtaken)) => "overtaken",
        Ok(Err(None)) | Err(_) => "failed",
        Ok(Err(Some(failure))) => {
            let (request_id, error) = (&*ask.call.request_id, &failure.error);
            tracing::warn!(request_id, store = &*failure.store, %error, "a stored hash could not be replaced");
            "failed"
        }
    };
    tracing::debug!(outcome, scheme = write.scheme(), "a better hash of the password was made");
    let store = Label(Arc::clone(ask.connection.store.name()));
    ask.metrics.rehashes.get_or_create(&RehashLabels { store, outcome }).inc();
}

/// `Err(None)`: there is no hash, for no worker was free in time.
async fn replace(
    ask: &Ask<'_>,
    account: &Account,
    password: &Secret,
    write: Write,
    old: StoredPassword,
    until: Instant,
) -> Result<Rehashed, Option<Failure>> {
    let written = ask.workers.hash(write, password.clone(), until).await.map_err(|_| None)?;
    let new = StoredPassword { salt: written.salt, ..StoredPassword::new(written.hash) };
    let change = Rehash { old, new };
    ask.connection.store.rehash(&ask.call, account.clone(), change).await.map_err(Some)
}
