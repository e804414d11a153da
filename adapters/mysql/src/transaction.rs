//! [`MysqlTransaction`]: a transaction on a session of its own.

use crate::error::Failure;
use crate::pool::Lease;
use idstore_contract::{Error, ErrorKind};
use idstore_sql::{Doing, Ran, Statement, Transaction, Value};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;
use tokio::time::timeout_at;

/// A transaction that writes.
pub(crate) struct MysqlTransaction {
    lease: Lease,
    deadline: Instant,
    state: State,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// A statement failed; the server may have undone some or all of what came before it.
    Failed,
    /// A statement ended the transaction, as a procedure with a COMMIT does: what came before it stays.
    Ended,
}

impl MysqlTransaction {
    /// A transaction that is open on a session.
    pub(crate) fn new(lease: Lease, deadline: Instant) -> Self {
        Self { lease, deadline, state: State::Open }
    }

    /// Waits for an answer no longer than the caller does, and remembers what it says.
    async fn within<T>(
        &mut self,
        asked: impl AsyncFnOnce(&mut crate::session::Session) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let deadline = self.deadline.into();
        let outcome = timeout_at(deadline, asked(self.lease.session()?)).await;
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(failure)) => {
                self.state = State::Failed;
                Err(self.lease.broke(failure).error)
            }
            Err(_) => {
                self.state = State::Failed;
                Err(Error::timeout())
            }
        }
    }

    /// An error where a statement ended the transaction.
    fn still_open(&mut self) -> Result<(), Error> {
        if self.lease.session()?.is_in_transaction() {
            return Ok(());
        }
        self.state = State::Ended;
        Err(ended())
    }

    /// After a statement that the server refused: whether it ended the transaction before. The refusal itself does not
    /// say so. A deadlock ends it as well, and undoes it.
    async fn look(&mut self, refused: &Error) -> Result<(), Error> {
        if matches!(refused.kind(), ErrorKind::Timeout | ErrorKind::Unavailable) {
            return Ok(());
        }
        match self.within(async |session| session.alive().await).await {
            Ok(()) => self.still_open(),
            Err(_) => Ok(()),
        }
    }
}

impl Transaction for MysqlTransaction {
    async fn run(&mut self, statement: &Arc<Statement>, values: Vec<Value>) -> Result<Ran, Error> {
        // The lookup that proves a write only reads, and its errors are a lookup's.
        let only_reads = statement.key().kind().only_reads();
        let doing = if only_reads { Doing::Reading } else { Doing::Writing };
        match self.within(async |session| session.run(statement, &values, doing).await).await {
            Ok(ran) => self.still_open().map(|()| ran),
            Err(refused) => {
                self.look(&refused).await?;
                Err(refused)
            }
        }
    }

    async fn lock(&mut self, name: &str) -> Result<(), Error> {
        let name = lock_name(self.lease.database(), name);
        let left = self.deadline.saturating_duration_since(Instant::now());
        self.within(async |session| session.lock(&name, left.as_secs().saturating_add(1)).await).await
    }

    async fn commit(mut self) -> Result<(), Error> {
        if self.state != State::Open {
            return Err(Error::unexpected("a transaction whose statement failed was to be committed"));
        }
        self.within(async |session| session.command("COMMIT", Doing::Committing).await).await?;
        // It is done. A lock that can't be given free ends with the session.
        self.within(async |session| session.unlock().await).await.ok();
        self.lease.give_back();
        Ok(())
    }

    async fn rollback(mut self) -> Result<(), Error> {
        if self.state == State::Ended {
            return Err(ended());
        }
        let undone = self.within(async |session| session.command("ROLLBACK", Doing::Writing).await).await;
        // Whatever became of the session, the server undoes what nobody commits.
        let Ok(warnings) = undone else { return Ok(()) };
        self.within(async |session| session.unlock().await).await.ok();
        self.lease.give_back();
        // 1196, the one warning of a ROLLBACK: a table without transactions was changed.
        if warnings > 0 {
            let message = "a table without transactions was changed, which can't be undone; use InnoDB";
            return Err(Error::new(ErrorKind::Timeout, message));
        }
        Ok(())
    }
}

/// What came before the end stays, and what came after it does not.
fn ended() -> Error {
    let message = "a statement ended the transaction, so what was written stays; leave COMMIT, and what changes a \
                   schema, out of statements and procedures";
    Error::new(ErrorKind::Timeout, message)
}

/// The bytes of a digest that name a lock: enough that no two names share one.
const DIGEST_BYTES: usize = 24;

/// The name of a lock: the server's names have at most 64 characters, are compared without regard to case, and are
/// shared by all of its databases and applications.
fn lock_name(database: &str, name: &str) -> String {
    let digest = Sha256::new().chain_update(database).chain_update([0]).chain_update(name).finalize();
    digest.iter().take(DIGEST_BYTES).fold(String::from("idstore:"), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_lock_fits_the_server_and_is_its_own() {
        let long = "a".repeat(512);
        assert!(lock_name("crm", &long).len() <= 64);
        assert_ne!(lock_name("crm", "ann"), lock_name("crm", "Ann"));
        assert_ne!(lock_name("crm", "ann"), lock_name("shop", "ann"));
    }
}
