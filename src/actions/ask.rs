//! [`Ask`]: what every action works with, and the steps that several of them share.

use super::{PASSWORD_BYTES_MAX, Refusal};
use crate::connections::{Connection, NamedOrganization, NoTime, plausible};
use crate::stores::Failure;
use crate::telemetry::{Metrics, SchemeLabels, seconds};
use idstore_contract::{
    Ability, Account, Call, Error, ErrorKind, Lookup, NewPassword, PasswordReason, Profile, Purpose, Secret,
    Standing, StoredPassword,
};
use idstore_passwords::{Refusal as PasswordRefusal, WorkError, Workers, Write, unguessable_password};
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

/// One request on its way through an action.
pub struct Ask<'a> {
    /// The connection that was asked.
    pub connection: &'a Connection,
    /// Deadline, clock, request id and parameters.
    pub call: Call,
    /// What the caller may say and know.
    pub rights: Rights,
    /// What the caller claims of the request's origin.
    pub context: Context,
    /// Where hashing happens.
    pub workers: &'a Workers,
    /// Where times are counted.
    pub metrics: &'a Metrics,
}

/// What a caller claims of a request's origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The organization that the user signs in to.
    pub organization: Option<NamedOrganization>,
}

/// What a caller may say and know beyond the actions it may ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Is told which account it was when a password is wrong.
    pub may_know_accounts: bool,
    /// May say that an address is proven.
    pub may_verify: bool,
    /// The keys of the organizations in which alone it sees, creates and joins; empty: all.
    pub organizations: Arc<[String]>,
}

impl Ask<'_> {
    /// The account that a lookup finds, if there is one. Two are an error.
    pub(super) async fn find(&self, lookup: &Lookup, purpose: Purpose) -> Result<Option<Account>, Refusal> {
        if !plausible(lookup.text()) {
            return Ok(None);
        }
        let candidates = self.connection.store.find(&self.call, lookup, purpose).await?;
        tracing::debug!(by = lookup.name(), candidates = candidates.len(), "the store answered");
        let found = self.connection.resolve(lookup, candidates).map_err(|_| Refusal::Ambiguous)?;
        let Some(account) = found else { return Ok(None) };
        if self.has_handed_over(&account)? {
            tracing::debug!("the platform has taken the account over, so it counts as nobody");
            return Ok(None);
        }
        // Before a password is compared: an outsider costs what nobody does, whether the password is right or not.
        if self.is_limited() && !self.sees(&self.memberships(&account).await?) {
            tracing::debug!(
                "the account belongs to none of the caller's organizations, and counts as nobody"
            );
            return Ok(None);
        }
        Ok(Some(account))
    }

    /// Whether the platform has taken the account over in an import.
    fn has_handed_over(&self, account: &Account) -> Result<bool, Refusal> {
        self.connection.mode.has_handed_over(account, self.call.now).map_err(|NoTime| {
            let error = Error::misconfigured(
                "migrated tells no time, from which grace_secs counts; return a time, or set 0",
            );
            let store = Arc::clone(self.connection.store.name());
            Refusal::Store(Failure { store, operation: "find", write_begun: false, error })
        })
    }

    /// The account that somebody asks for or changes.
    pub(super) async fn require(&self, lookup: &Lookup) -> Result<Account, Refusal> {
        self.find(lookup, Purpose::Profile).await?.ok_or(Refusal::UserNotFound)
    }

    /// As [`Self::require`], for what changes the account as a whole.
    pub(super) async fn require_own(&self, lookup: &Lookup) -> Result<Account, Refusal> {
        let account = self.require(lookup).await?;
        self.allow_change(&account).await?;
        Ok(account)
    }

    /// Refuses a caller that is limited to organizations what would touch another one's account too.
    pub(super) async fn allow_change(&self, account: &Account) -> Result<(), Refusal> {
        if self.is_limited() && !self.owns(&self.memberships(account).await?) {
            return Err(Refusal::CallerForbidden("the account belongs to other organizations too"));
        }
        Ok(())
    }

    /// As [`Self::require_own`], for changes that a blocked account may not make.
    pub(super) async fn require_unblocked(&self, lookup: &Lookup) -> Result<Account, Refusal> {
        let account = self.require_own(lookup).await?;
        match account.standings.worst() {
            Standing::Blocked => Err(self.barred(Standing::Blocked, &account)),
            Standing::Ok | Standing::Locked | Standing::Restricted | Standing::PasswordExpired => Ok(account),
        }
    }

    /// Refuses what the store does not offer, before anything is asked of it.
    pub(super) fn needs(&self, ability: Ability) -> Result<(), Refusal> {
        if self.connection.store.descriptor().offers(ability) { Ok(()) } else { Err(Refusal::NotSupported) }
    }

    pub(super) fn barred(&self, standing: Standing, account: &Account) -> Refusal {
        let user_id = account.known_id().map(|id| self.connection.public_id(id));
        Refusal::Barred { standing, user_id }
    }

    /// Refuses a new password that breaks a rule, before it is looked at any further.
    pub(super) fn allow_new_password(&self, password: &Secret) -> Result<(), Refusal> {
        password_shape(password).map_err(Refusal::InvalidPassword)?;
        let Some(write) = &self.connection.passwords.write else { return Ok(()) };
        write.refuse(password).map_or(Ok(()), |refusal| Err(Refusal::InvalidPassword(reason(refusal))))
    }

    /// A password that nobody learns, for an account that is invited to choose its own.
    pub(super) fn unguessable_password(&self) -> Result<Secret, Refusal> {
        let bytes_max = self.connection.passwords.write.as_ref().and_then(Write::password_bytes_max);
        unguessable_password(bytes_max).map_err(|_| Refusal::Internal("the system gives no random bytes"))
    }

    /// The new password of the account with this profile, as the store wants it: hashed on the workers, or in clear
    /// where the store hashes.
    pub(super) async fn prepare_password(
        &self,
        password: Secret,
        profile: &Profile,
    ) -> Result<NewPassword, Refusal> {
        let Some(write) = &self.connection.passwords.write else { return Ok(NewPassword::Clear(password)) };
        let write = write_for(write, profile).ok_or_else(|| self.nameless())?;
        // What is too long may show only with the name.
        write.refuse(&password).map_or(Ok(()), |refusal| Err(Refusal::InvalidPassword(reason(refusal))))?;
        let scheme = write.scheme();
        let hashing = self.workers.hash(write, password, self.call.deadline);
        let written = self.timed(scheme, hashing).await?;
        tracing::debug!(scheme, "the new password was hashed");
        Ok(NewPassword::Hashed(StoredPassword { salt: written.salt, ..StoredPassword::new(written.hash) }))
    }

    /// The scheme takes the account's name in, and there is none.
    fn nameless(&self) -> Refusal {
        let error = Error::misconfigured(
            "the scheme of new passwords takes the account's name: return username or email",
        );
        let store = Arc::clone(self.connection.store.name());
        Refusal::Store(Failure { store, operation: "hash", write_begun: false, error })
    }

    /// Counts the time of a job on the workers, waiting included.
    pub(super) async fn timed<T>(
        &self,
        scheme: &'static str,
        job: impl Future<Output = Result<T, WorkError>>,
    ) -> Result<T, Refusal> {
        let began = Instant::now();
        let done = job.await;
        self.metrics.hash_duration.get_or_create(&SchemeLabels { scheme }).observe(seconds(began.elapsed()));
        Ok(done?)
    }

    /// An account that was written and read back is this connection's, or nothing is told of it.
    pub(super) fn read_back(&self, written: Result<Account, Failure>) -> Result<Account, Refusal> {
        let account = written?;
        if self.connection.owns(&account) {
            return Ok(account);
        }
        self.connection.isolation_refused.inc();
        Err(Refusal::Internal("an adapter answered a write with an account of another organization"))
    }

    /// The account after a change; `lookup` is what it was found by before.
    pub(super) async fn changed(
        &self,
        lookup: &Lookup,
        user_id: &str,
        written: Result<Account, Failure>,
    ) -> Result<Account, Refusal> {
        match written {
            Err(failure) if failure.error.kind() == ErrorKind::NotFound => {
                Err(self.gone(lookup, user_id, failure).await)
            }
            written => self.read_back(written),
        }
    }

    /// Why a write found nobody: the user is gone since, or can be found by name and not by key. Only the first is an
    /// unknown user; the second is a wrong statement, and nobody may take its user for gone.
    pub(super) async fn gone(&self, lookup: &Lookup, user_id: &str, failure: Failure) -> Refusal {
        match self.find(lookup, Purpose::Profile).await {
            Ok(Some(account)) if account.user_id == user_id => {
                let error =
                    Error::misconfigured("the store does not find by its user_id whom it finds by name");
                Refusal::Store(Failure { error, ..failure })
            }
            Ok(_) => Refusal::UserNotFound,
            Err(failed) => failed,
        }
    }
}

/// The name that an account's hash takes in, under the schemes that do: the one that its application knows it by.
pub(super) fn name_in_hash(profile: &Profile) -> Option<&str> {
    profile.username.as_deref().or(profile.email.as_deref())
}

/// The scheme of new passwords for the account with this profile; `None` where it takes the account's name, and there
/// is none.
pub(super) fn write_for(write: &Write, profile: &Profile) -> Option<Write> {
    let write = write.clone();
    if write.needs_user() { name_in_hash(profile).map(|name| write.for_user(name)) } else { Some(write) }
}

/// Whether a text can be a password at all.
pub(super) fn password_shape(password: &Secret) -> Result<(), PasswordReason> {
    if password.len() > PASSWORD_BYTES_MAX {
        Err(PasswordReason::TooLong)
    } else if password.is_empty() || password.expose().contains(&0) {
        Err(PasswordReason::Malformed)
    } else {
        Ok(())
    }
}

fn reason(refusal: PasswordRefusal) -> PasswordReason {
    match refusal {
        PasswordRefusal::TooLong => PasswordReason::TooLong,
        PasswordRefusal::Malformed => PasswordReason::Malformed,
        PasswordRefusal::StorePolicy => PasswordReason::StorePolicy,
    }
}
