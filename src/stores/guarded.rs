//! [`GuardedStore`]: the one deadline, the permits and the metrics around every call to an adapter.
//!
//! Reads die with the client. Writes run to their end once they have begun, whatever the client does, and are never
//! sent again; a write that did not end in time has an unknown outcome, unless it had not begun. How a write ended that
//! nobody waited for is in the log, and a daemon that stops waits for it.

use crate::telemetry::{Label, Metrics, StoreCallLabels, StoreLabels, seconds};
use idstore_contract::{
    Account, Answer, Call, Deleted, Depth, Descriptor, DynStore, Error, ErrorKind, IdentifierChange, Lookup,
    Mark, MembershipChange, Memberships, NewAccount, PasswordChange, Problem, Purpose, Rehash, Rehashed,
    Result, Secret, StoreHandle, Transport, Verdict,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, oneshot};
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
    in_flight_max: usize,
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
        let permits = Arc::new(Semaphore::new(in_flight_max));
        Self { name, inner, descriptor, permits, in_flight_max, metrics }
    }

    /// The store's name in the configuration.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What the store offers.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Waits until no call runs. Afterwards each is `busy`: this is for a daemon that has stopped listening.
    pub async fn finish(&self) {
        for _ in 0..self.in_flight_max {
            match self.permits.acquire().await {
                Ok(permit) => permit.forget(),
                // The semaphore is never closed.
                Err(_) => return,
            }
        }
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

    /// See [`idstore_contract::Store::memberships`].
    pub async fn memberships(
        &self,
        call: &Call,
        account: &Account,
    ) -> std::result::Result<Memberships, Failure> {
        self.read("memberships", call, |store| store.memberships(call, account)).await
    }

    /// See [`idstore_contract::Store::list`].
    pub async fn list(
        &self,
        call: &Call,
        after: Option<&str>,
        limit: usize,
    ) -> std::result::Result<Vec<Account>, Failure> {
        self.read("list", call, |store| store.list(call, after, limit)).await
    }

    /// See [`idstore_contract::Store::change_membership`].
    pub async fn change_membership(
        &self,
        call: &Call,
        account: Account,
        change: MembershipChange,
    ) -> std::result::Result<(), Failure> {
        self.write("change_membership", call, (account, change), |store, call, (account, change)| {
            store.change_membership(call, account, change)
        })
        .await
    }

    /// See [`idstore_contract::Store::rehash`].
    pub async fn rehash(
        &self,
        call: &Call,
        account: Account,
        rehash: Rehash,
    ) -> std::result::Result<Rehashed, Failure> {
        self.write("rehash", call, (account, rehash), |store, call, (account, rehash)| {
            store.rehash(call, account, rehash)
        })
        .await
    }

    /// See [`idstore_contract::Store::mark_migrated`].
    pub async fn mark_migrated(
        &self,
        call: &Call,
        account: Account,
        mark: Mark,
    ) -> std::result::Result<(), Failure> {
        self.write("mark_migrated", call, (account, mark), |store, call, (account, mark)| {
            store.mark_migrated(call, account, *mark)
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
        let ended =
            Ended { store: Arc::clone(&self.name), metrics: Arc::clone(&self.metrics), operation, began };
        let last = call.deadline.checked_add(WRITE_GRACE).unwrap_or(call.deadline);
        let (answered, answer) = oneshot::channel();
        let task = tokio::spawn(async move {
            let _held = (permit, counted);
            let answer = timeout_at(last.into(), ask(&*store, &spawned_call, &arguments))
                .await
                .unwrap_or_else(|_| Err(Error::timeout()));
            ended.count(&answer);
            if let Err(answer) = answered.send(answer) {
                ended.tell_unheard(&spawned_call.request_id, &answer);
            }
        });
        let answer = match timeout_at(call.deadline.into(), answer).await {
            Ok(Ok(answer)) => answer,
            // It runs on, and is counted by how it ends.
            Err(_) if !call.abandon_write() => Err(Error::timeout()),
            Ok(Err(_)) => {
                let panicked = Error::unexpected("the adapter panicked during a write");
                return self.told(operation, &call, began, Err(panicked));
            }
            Err(_) => {
                task.abort();
                let waited =
                    Error::busy("the deadline passed before a session was free; nothing was written");
                return self.told(operation, &call, began, Err(waited));
            }
        };
        answer.map_err(|error| self.failure(operation, &call, error))
    }

    fn told<T>(
        &self,
        operation: &'static str,
        call: &Call,
        began: Instant,
        answer: Result<T>,
    ) -> std::result::Result<T, Failure> {
        let (store, metrics) = (Arc::clone(&self.name), Arc::clone(&self.metrics));
        Ended { store, metrics, operation, began }.count(&answer);
        answer.map_err(|error| self.failure(operation, call, error))
    }

    fn failure(&self, operation: &'static str, call: &Call, error: Error) -> Failure {
        Failure { store: Arc::clone(&self.name), operation, write_begun: call.write_begun(), error }
    }

    fn counted(&self) -> Counted {
        let labels = StoreLabels { store: Label(Arc::clone(&self.name)) };
        let gauge = self.metrics.store_in_flight.get_or_create_owned(&labels);
        gauge.inc();
        Counted(gauge)
    }
}

/// A call that ended, for the metrics and the log.
struct Ended {
    store: Arc<str>,
    metrics: Arc<Metrics>,
    operation: &'static str,
    began: Instant,
}

impl Ended {
    fn count<T>(&self, answer: &Result<T>) {
        let outcome = answer.as_ref().map_or_else(|error| kind_name(error.kind()), |_| "ok");
        let labels =
            StoreCallLabels { store: Label(Arc::clone(&self.store)), operation: self.operation, outcome };
        self.metrics.store_duration.get_or_create(&labels).observe(seconds(self.began.elapsed()));
    }

    /// A write whose client left or whose time was over; the request has its own line by now, under the same id.
    fn tell_unheard<T>(&self, request_id: &str, answer: &Result<T>) {
        let (store, operation) = (&*self.store, self.operation);
        match answer {
            Ok(_) => {
                tracing::info!(request_id, store, operation, "a write that nobody waited for was done");
            }
            Err(error) => {
                tracing::warn!(request_id, store, operation, %error, "a write that nobody waited for failed");
            }
        }
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
