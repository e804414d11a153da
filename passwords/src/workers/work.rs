//! What a worker does for a caller, as the derivations that it takes: between two of them the work can wait for a
//! lane, and others can be done on the same thread.

use super::WorkError;
use crate::hash::{Hash, HashFailure, Parts};
use crate::kdf::Derivation;
use crate::write::{Write, Written};
use idstore_secret::Secret;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

/// Derivations, one after another, and an answer.
pub(super) trait Work: Send + 'static {
    type Answer: Send + 'static;

    /// What is to be derived next, or the answer. `found` is what was derived last.
    fn go_on(&mut self, found: Option<Secret>) -> Result<Step<Self::Answer>, HashFailure>;
}

/// How work goes on.
#[allow(clippy::large_enum_variant, reason = "it is taken apart where it is answered, once for each hash")]
pub(super) enum Step<T> {
    Derive(Derivation),
    Answer(T),
}

/// Work with the way back to its caller.
pub(super) trait Errand: Send {
    /// What is to be derived next; `None` when the caller was answered.
    fn go_on(&mut self, found: Option<Secret>) -> Option<Derivation>;

    /// Answers that there is no answer.
    fn fail(&mut self, error: WorkError);
}

/// The one kind of [`Errand`].
pub(super) struct Answering<W: Work> {
    work: W,
    reply: Option<oneshot::Sender<Result<W::Answer, WorkError>>>,
}

impl<W: Work> Answering<W> {
    pub(super) fn new(work: W, reply: oneshot::Sender<Result<W::Answer, WorkError>>) -> Self {
        Self { work, reply: Some(reply) }
    }

    fn answer(&mut self, result: Result<W::Answer, WorkError>) {
        if let Some(reply) = self.reply.take() {
            // Nobody waits any more where this fails; there is nobody to tell, and the result is wiped.
            let _unheard = reply.send(result);
        }
    }
}

impl<W: Work> Errand for Answering<W> {
    fn go_on(&mut self, found: Option<Secret>) -> Option<Derivation> {
        match guarded(|| self.work.go_on(found)) {
            Ok(Step::Derive(derivation)) => return Some(derivation),
            Ok(Step::Answer(answer)) => self.answer(Ok(answer)),
            Err(error) => self.answer(Err(error)),
        }
        None
    }

    fn fail(&mut self, error: WorkError) {
        self.answer(Err(error));
    }
}

/// A panic costs the job its answer, never the thread: in every profile panics unwind.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, HashFailure>) -> Result<T, WorkError> {
    let Ok(result) = catch_unwind(AssertUnwindSafe(work)) else {
        tracing::error!("a password job panicked; this is a bug");
        return Err(WorkError::Lost);
    };
    result.map_err(WorkError::Failed)
}

/// [`Hash::verify`], derivation by derivation.
pub(super) struct Verifying {
    hash: Hash,
    password: Secret,
    /// How many of the hash's candidates were derived or are being so.
    begun: usize,
}

impl Verifying {
    pub(super) fn new(hash: Hash, password: Secret) -> Self {
        Self { hash, password, begun: 0 }
    }
}

impl Work for Verifying {
    type Answer = bool;

    fn go_on(&mut self, found: Option<Secret>) -> Result<Step<bool>, HashFailure> {
        let mut rest = self.hash.parts().skip(self.begun.saturating_sub(1));
        if let Some(found) = found
            && rest.next().is_some_and(|parts| parts.agree(&found))
        {
            return Ok(Step::Answer(true));
        }
        self.begun = self.begun.saturating_add(1);
        Ok(rest.next().map_or(Step::Answer(false), |parts| Step::Derive(parts.derivation(&self.password))))
    }
}

/// [`Write::hash`], derivation by derivation.
pub(super) struct Hashing {
    write: Write,
    password: Secret,
    parts: Option<Parts>,
}

impl Hashing {
    pub(super) fn new(write: Write, password: Secret) -> Self {
        Self { write, password, parts: None }
    }
}

impl Work for Hashing {
    type Answer = Written;

    fn go_on(&mut self, found: Option<Secret>) -> Result<Step<Written>, HashFailure> {
        if let (Some(digest), Some(parts)) = (found, self.parts.take()) {
            return Ok(Step::Answer(self.write.print(&Parts { digest, ..parts })?));
        }
        let parts = self.write.parts(&self.password)?;
        let derivation = parts.derivation(&self.password);
        self.parts = Some(parts);
        Ok(Step::Derive(derivation))
    }
}
