//! What a write asks for, and what it answers beyond the account read back.

use crate::{IdentifierKind, Profile, Secret, StoredPassword};

/// An account that is to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Identifiers, names and metadata as the caller gave them. `email_verified` is set where there is an address (false
    /// unless the caller may say that it is proven), and `phone_verified` where there is a number; not set means false.
    pub profile: Profile,
    /// The password.
    pub password: NewPassword,
    /// The organization that the account begins in.
    pub organization: Option<String>,
}

/// A password that is to be stored.
#[derive(Clone, Debug)]
pub enum NewPassword {
    /// Hashed already, in the scheme that the store's configuration names.
    Hashed(StoredPassword),
    /// In clear, for a store that hashes by itself.
    Clear(Secret),
}

/// A change of password.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// The new password.
    pub password: NewPassword,
    /// The caller says that the link went to the address on file: it is proven now, in the same transaction.
    pub email_verified: bool,
}

/// A change of e-mail address, user name or phone number.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentifierChange {
    /// Which one.
    pub kind: IdentifierKind,
    /// The new one.
    pub value: String,
    /// Whether it is proven to be the user's. Always false for a user name.
    pub verified: bool,
}

impl std::fmt::Debug for IdentifierChange {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "IdentifierChange({})", self.kind)
    }
}

/// A stored hash that is to be replaced by a better one of the same password.
#[derive(Clone, Debug)]
pub struct Rehash {
    /// What the login was checked against; the write must not touch anything else.
    pub old: StoredPassword,
    /// The replacement.
    pub new: StoredPassword,
}

/// What became of a [`Rehash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rehashed {
    /// Replaced.
    Replaced,
    /// The stored value was another one already: somebody was faster, and that is no error.
    Overtaken,
}

/// Join or leave an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MembershipChange {
    /// Join this one.
    Join(String),
    /// Leave this one.
    Leave(String),
}

/// Roles and organizations of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memberships {
    /// Names of roles that hold everywhere.
    pub roles: Vec<String>,
    /// One entry for each organization.
    pub organizations: Vec<Membership>,
}

/// One organization that an account belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Its key.
    pub organization: String,
    /// Its name.
    pub name: Option<String>,
    /// Roles that hold in it.
    pub roles: Vec<String>,
}

/// What became of a delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// No account is left.
    Removed,
    /// The account is left and blocked: the application knows such a state.
    Deactivated,
}

impl MembershipChange {
    /// The organization that it is about.
    pub fn organization(&self) -> &str {
        match self {
            Self::Join(organization) | Self::Leave(organization) => organization,
        }
    }
}

/// Whether an account counts as migrated to the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It does from now on.
    Migrated,
    /// It no longer does.
    NotMigrated,
}
