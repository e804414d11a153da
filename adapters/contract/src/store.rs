//! [`Store`]: the promise of an adapter.

use crate::{
    Account, Call, Deleted, IdentifierChange, Lookup, Mark, MembershipChange, Memberships, NewAccount,
    PasswordChange, Problem, Purpose, Rehash, Rehashed, Result, Secret, Standing,
};
use std::collections::BTreeSet;
use std::future::Future;

/// One configured store, as its adapter speaks for it.
///
/// Adapters translate. They never decide policy, hash, retry, throttle or time out by themselves: the core does, with
/// one deadline for each request. *No* is a value and *broken* is an error: an outage must never look like a wrong
/// password or an unknown user. Reads may be dropped at any await; writes are run to their end by the core.
///
/// There are no default methods: whoever forgets one must not compile. What the configuration does not offer answers
/// [`crate::ErrorKind::Unsupported`] and changes nothing.
pub trait Store: Send + Sync + 'static {
    /// What this store offers as configured. No I/O; the same for the life of the store.
    fn describe(&self) -> Descriptor;

    /// The candidates for a lookup: none, or at most [`crate::CANDIDATES_MAX`] different accounts.
    ///
    /// Which of them is the account is decided by the core, which compares the identifiers that the rows hold. A lookup
    /// that the store can't answer is `Unsupported`, never an empty list; two rows of the same `user_id` that are not
    /// equal in every column are `Misconfigured`. A text that the store's type can't hold finds nothing.
    fn find(
        &self,
        call: &Call,
        lookup: &Lookup,
        purpose: Purpose,
    ) -> impl Future<Output = Result<Vec<Account>>> + Send;

    /// Asks the store itself whether the password is right (a bind, a procedure). The store counts: sent at most once.
    ///
    /// The password is UTF-8, is not empty and has no NUL. Only for stores that describe [`PasswordCheck::ByStore`].
    fn check(
        &self,
        call: &Call,
        account: &Account,
        password: &Secret,
    ) -> impl Future<Output = Result<Verdict>> + Send;

    /// Makes an account and answers it as read back. `AlreadyExists` comes from the store's own constraint or, where it
    /// has none, from a lookup under a lock. Half an account is never left behind.
    fn create(&self, call: &Call, new: &NewAccount) -> impl Future<Output = Result<Account>> + Send;

    /// Marks the e-mail address as proven, again and again, and answers the account as read back.
    fn verify(&self, call: &Call, account: &Account) -> impl Future<Output = Result<Account>> + Send;

    /// Stores a new password; afterwards the account is no longer `password_expired`.
    fn change_password(
        &self,
        call: &Call,
        account: &Account,
        change: &PasswordChange,
    ) -> impl Future<Output = Result<Account>> + Send;

    /// Replaces a stored hash by a better one of the same password, only if it is still the one that was checked.
    fn rehash(
        &self,
        call: &Call,
        account: &Account,
        rehash: &Rehash,
    ) -> impl Future<Output = Result<Rehashed>> + Send;

    /// Stores another e-mail address, user name or phone number. The account's own value is no conflict.
    fn change_identifier(
        &self,
        call: &Call,
        account: &Account,
        change: &IdentifierChange,
    ) -> impl Future<Output = Result<Account>> + Send;

    /// Lets the account join or leave an organization; doing so twice is no error.
    fn change_membership(
        &self,
        call: &Call,
        account: &Account,
        change: &MembershipChange,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Roles and organizations of the account, those of the two that the store tells. An organization is answered once, however many rows it has.
    fn memberships(&self, call: &Call, account: &Account)
    -> impl Future<Output = Result<Memberships>> + Send;

    /// Removes the account, or deactivates it where the application knows such a state.
    fn delete(&self, call: &Call, account: &Account) -> impl Future<Output = Result<Deleted>> + Send;

    /// The next accounts in the order of `user_id`, after the one given, at most `limit`, which is at most
    /// [`crate::PAGE_MAX`].
    fn list(
        &self,
        call: &Call,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Account>>> + Send;

    /// Marks the account as migrated to the platform, or takes the mark off. A second mark leaves the time of the first.
    fn mark_migrated(
        &self,
        call: &Call,
        account: &Account,
        mark: Mark,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Whether the store serves what a login needs. `Alive` is one cheap round trip; `Full` opens a session of its own
    /// and compares everything that only the server knows with the configuration. Problems found are the answer;
    /// a store that can't be asked is an error.
    fn probe(&self, call: &Call, depth: Depth) -> impl Future<Output = Result<Vec<Problem>>> + Send;
}

/// What a store offers, as configured.
#[derive(Clone, Debug)]
pub struct Descriptor {
    /// The adapter's name, as in `[stores.<adapter>.<name>]`.
    pub adapter: &'static str,
    /// Who compares passwords.
    pub password_check: PasswordCheck,
    /// The writes and lists that are offered; lookups tell by themselves.
    pub abilities: BTreeSet<Ability>,
    /// Whether accounts are found by `user_id`, as in every store that offers a write.
    pub finds_by_id: bool,
    /// How the way to the store is protected.
    pub transport: Transport,
}

impl Descriptor {
    /// Whether an ability is offered.
    pub fn offers(&self, ability: Ability) -> bool {
        self.abilities.contains(&ability)
    }
}

/// Something that a store may offer or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ability {
    /// [`Store::create`].
    Create,
    /// [`Store::verify`].
    Verify,
    /// [`Store::change_password`].
    ChangePassword,
    /// [`Store::change_password`] with `email_verified`.
    ChangePasswordVerifies,
    /// [`Store::rehash`].
    Rehash,
    /// [`Store::change_identifier`] for the e-mail address.
    ChangeEmail,
    /// [`Store::change_identifier`] for the user name.
    ChangeUsername,
    /// [`Store::change_identifier`] for the phone number.
    ChangePhoneNumber,
    /// [`Store::change_membership`] with [`MembershipChange::Join`].
    JoinOrganization,
    /// [`Store::change_membership`] with [`MembershipChange::Leave`].
    LeaveOrganization,
    /// [`Store::memberships`] tells the roles.
    Roles,
    /// [`Store::memberships`] tells the organizations.
    Organizations,
    /// [`Store::delete`].
    Delete,
    /// [`Store::list`].
    List,
    /// [`Store::mark_migrated`] with [`Mark::Migrated`].
    MarkMigrated,
    /// [`Store::mark_migrated`] with [`Mark::NotMigrated`].
    UnmarkMigrated,
}

/// Who compares a password with what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordCheck {
    /// The daemon: accounts carry their stored password.
    ByProxy,
    /// The store, through [`Store::check`].
    ByStore,
    /// Nobody: this store offers no login.
    None,
}

/// How the way to a store is protected. Anything but the first two is warned about and shows in a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A file, a unix socket or loopback: nothing leaves the machine.
    Local,
    /// TLS, with the server's certificate and name verified.
    Verified,
    /// TLS that trusts whoever answers.
    Unverified,
    /// In clear over the network.
    Clear,
}

/// What a store that compares passwords itself says of one.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The password is right; the account as the store shows it afterwards.
    Match(Box<Account>),
    /// The password is wrong, or nobody has that name.
    Mismatch,
    /// The password is right, and the account is barred.
    Barred(Standing),
    /// The store bars further guesses, for right and wrong passwords alike.
    TooManyAttempts,
}

/// How much a probe looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// One cheap round trip.
    Alive,
    /// Every statement, column, attribute and right that the configuration names.
    Full,
}
