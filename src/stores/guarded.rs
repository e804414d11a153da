//! [`GuardedStore`]: the one deadline, the permits and the metrics around every call to an adapter.
//!
//! Reads die with the client. Writes run to their end once they have begun, whatever the client does, and are never
//! sent again; a write that did not end in time has an unknown outcome, unless it had not begun.

use crate::telemetry::{Label, Metrics, StoreCallLabels, StoreLabels, seconds};
use idstore_contract::{
    Account, Answer, Call, Deleted, Depth, Descriptor, DynStore, Error, ErrorKind, IdentifierChange, Lookup,
    NewAccount, PasswordChange, Problem, Purpose, Result, Secret, StoreHandle, Transport, Verdict,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

/// How much longer than its deadline a write may take to clean up (roll back, hand its session back) before it is
/// dropped, and its session with it. The caller has its answer by then.
const WRITE_GRACE: Duration = Duration::from_secs(2);

/// A call to a store that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The store.
    pub store: Arc<str>,
    /// The method of the contract.
    pub operation: &'static str,
    /// Whether something may have been changed: a `Timeout` is then an unknown outcome.
    pub write_begun: bool,
    /// What went wrong.
    pub error: Error,
}

/// A store with its limits.
pub struct GuardedStore {
    name: Arc<str>,
    inner: StoreHandle,
    descriptor: Descriptor,
    permits: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl GuardedStore {
    /// Puts the limits around a store: at most `in_flight_max` calls run or wait.
    pub fn new(name: Arc<str>, inner: StoreHandle, in_flight_max: usize, metrics: Arc<Metrics>) -> Self {
        let descriptor = inner.describe();
        let labels = StoreLabels { store: Label(Arc::clone(&name)) };
        let verified = matches!(descriptor.transport, Transport::Local | Transport::Verified);
        metrics.store_transport_verified.get_or_create(&labels).set(verified.into());
        metrics.store_up.get_or_create(&labels).set(0);
        metrics.store_in_flight.get_or_create(&labels).set(0);
        Self { name, inner, descriptor, permits: Arc::new(Semaphore::new(in_flight_max)), metrics }
    }

    /// The store's name in the configuration.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What the store offers.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// See [`idstore_contract::Store::find`].
    pub async fn find(
        &self,
        call: &Call,
        lookup: &Lookup,
        purpose: Purpose,
    ) -> std::result::Result<Vec<Account>, Failure> {
        self.read("find", call, |store| store.find(call, lookup, purpose)).await
    }

    /// See [`idstore_contract::Store::check`]. Sent at most once, by whoever calls this.
    pub async fn check(
        &self,
        call: &Call,
        account: &Account,
        password: &Secret,
    ) -> std::result::Result<Verdict, Failure> {
        self.read("check", call, |store| store.check(call, account, password)).await
    }

    /// See [`idstore_contract::Store::probe`]. Needs no permit: a full house must not look like a broken one.
    pub async fn probe(&self, call: &Call, depth: Depth) -> std::result::Result<Vec<Problem>, Failure> {
        let began = Instant::now();
        let answer = timeout_at(call.deadline.into(), self.inner.probe(call, depth)).await;
        self.told("probe", call, began, answer.unwrap_or_else(|_| Err(Error::timeout())))
    }

    /// See [`idstore_contract::Store::create`].
    pub async fn create(&self, call: &Call, new: NewAccount) -> std::result::Result<Account, Failure> {
        self.write("create", call, new, |store, call, new| store.create(call, new)).await
    }

    /// See [`idstore_contract::Store::verify`].
    pub async fn verify(&self, call: &Call, account: Account) -> std::result::Result<Account, Failure> {
        self.write("verify", call, account, |store, call, account| store.verify(call, account)).await
    }

    /// See [`idstore_contract::Store::change_password`].
    pub async fn change_password(
        &self,
        call: &Call,
        account: Account,
        change: PasswordChange,
    ) -> std::result::Result<Account, Failure> {
        self.write("change_password", call, (account, change), |store, call, (account, change)| {
            store.change_password(call, account, change)
        })
        .await
    }

    /// See [`idstore_contract::Store::change_identifier`].
    pub async fn change_identifier(
        &self,
        call: &Call,
        account: Account,
        change: IdentifierChange,
    ) -> std::result::Result<Account, Failure> {
        self.write("change_identifier", call, (account, change), |store, call, (account, change)| {
            store.change_identifier(call, account, change)
        })
        .await
    }

    /// See [`idstore_contract::Store::delete`].
    pub async fn delete(&self, call: &Call, account: Account) -> std::result::Result<Deleted, Failure> {
        self.write("delete", call, account, |store, call, account| store.delete(call, account)).await
    }

    async fn read<'a, T>(
        &'a self,
        operation: &'static str,
        call: &Call,
        ask: impl FnOnce(&'a dyn DynStore) -> Answer<'a, T>,
    ) -> std::result::Result<T, Failure> {
        let began = Instant::now();
        let Ok(_permit) = self.permits.try_acquire() else {
            return self.told(operation, call, began, Err(full()));
        };
        let _counted = self.counted();
        let answer = timeout_at(call.deadline.into(), ask(&*self.inner)).await;
        self.told(operation, call, began, answer.unwrap_or_else(|_| Err(Error::timeout())))
    }

    /// Spawned, so that a client that leaves can't cut it in half.
    async fn write<A, T>(
        &self,
        operation: &'static str,
        call: &Call,
        arguments: A,
        ask: impl for<'a> FnOnce(&'a dyn DynStore, &'a Call, &'a A) -> Answer<'a, T> + Send + 'static,
    ) -> std::result::Result<T, Failure>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let began = Instant::now();
        let call = call.next_step();
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            return self.told(operation, &call, began, Err(full()));
        };
        let counted = self.counted();
        let (store, spawned_call) = (Arc::clone(&self.inner), call.clone());
        let last = call.deadline.checked_add(WRITE_GRACE).unwrap_or(call.deadline);
        let mut task = tokio::spawn(async move {
            let _held = (permit, counted);
            timeout_at(last.into(), ask(&*store, &spawned_call, &arguments))
                .await
                .unwrap_or_else(|_| Err(Error::timeout()))
        });
        let answer = match timeout_at(call.deadline.into(), &mut task).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Error::unexpected("the adapter panicked during a write")),
            Err(_) if call.abandon_write() => {
                task.abort();
                Err(Error::busy("the deadline passed before a session was free; nothing was written"))
            }
            Err(_) => Err(Error::timeout()),
        };
        self.told(operation, &call, began, answer)
    }

    fn told<T>(
        &self,
        operation: &'static str,
        call: &Call,
        began: Instant,
        answer: Result<T>,
    ) -> std::result::Result<T, Failure> {
        let outcome = answer.as_ref().map_or_else(|error| kind_name(error.kind()), |_| "ok");
        let labels = StoreCallLabels { store: Label(Arc::clone(&self.name)), operation, outcome };
        self.metrics.store_duration.get_or_create(&labels).observe(seconds(began.elapsed()));
        answer.map_err(|error| Failure {
            store: Arc::clone(&self.name),
            operation,
            write_begun: call.write_begun(),
            error,
        })
    }

    fn counted(&self) -> Counted {
        let labels = StoreLabels { store: Label(Arc::clone(&self.name)) };
        let gauge = self.metrics.store_in_flight.get_or_create_owned(&labels);
        gauge.inc();
        Counted(gauge)
    }
}

/// Counts a call for as long as it lives.
struct Counted(prometheus_client::metrics::gauge::Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn full() -> Error {
    Error::busy("as many calls as in_flight_max allows run or wait already")
}

/// The name of a kind in metrics.
fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::NotFound => "not_found",
        ErrorKind::AlreadyExists(_) => "already_exists",
        ErrorKind::Rejected(_) => "rejected",
        ErrorKind::Ambiguous => "ambiguous",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Busy => "busy",
        ErrorKind::Misconfigured => "misconfigured",
        ErrorKind::Unexpected => "unexpected",
    }
}
