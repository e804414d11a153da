//! [`StatementKey`]: the one table of the statements that a configuration may hold. A new statement starts here.

use idstore_contract::{CANDIDATES_MAX, IdentifierKind, Mark, MembershipChange, PAGE_MAX};
use std::fmt;

/// The name of a statement below `statements` in a store's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatementKey {
    /// The account by any identifier.
    GetUser,
    /// The account by its key.
    GetUserById,
    /// The account with what a login needs, where `get_user` does not return it.
    Login,
    /// A new account.
    Create,
    /// The address is proven.
    Verify,
    /// Another password.
    ChangePassword,
    /// Another e-mail address.
    ChangeEmail,
    /// Another user name.
    ChangeUsername,
    /// Another phone number.
    ChangePhoneNumber,
    /// No such account any more, or a blocked one.
    Delete,
    /// The account's roles, which hold everywhere.
    Roles,
    /// The organizations that the account belongs to.
    Organizations,
    /// The account joins an organization.
    JoinOrganization,
    /// The account leaves an organization.
    LeaveOrganization,
    /// A better hash of the same password.
    Rehash,
    /// A page of accounts, in the order of their keys.
    List,
    /// The account counts as migrated to the platform.
    MarkMigrated,
    /// The account no longer counts as migrated.
    UnmarkMigrated,
    /// The store compares the password itself.
    Check,
    /// The cheap round trip that shows that the store serves.
    Probe,
}

/// What a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Finds accounts and changes nothing.
    Lookup,
    /// Reads what an account that was found belongs to.
    Membership,
    /// Changes an account or makes one.
    Write,
    /// Compares a password, and may count.
    Check,
    /// Shows that the store serves.
    Probe,
}

impl Kind {
    /// Whether it finds something out and changes nothing; a check may count.
    pub const fn only_reads(self) -> bool {
        match self {
            Self::Lookup | Self::Membership | Self::Probe => true,
            Self::Write | Self::Check => false,
        }
    }
}

impl StatementKey {
    /// All keys, in the order in which they are documented.
    pub const ALL: [Self; 20] = [
        Self::GetUser,
        Self::GetUserById,
        Self::Login,
        Self::Create,
        Self::Verify,
        Self::ChangePassword,
        Self::ChangeEmail,
        Self::ChangeUsername,
        Self::ChangePhoneNumber,
        Self::Delete,
        Self::Roles,
        Self::Organizations,
        Self::JoinOrganization,
        Self::LeaveOrganization,
        Self::Rehash,
        Self::List,
        Self::MarkMigrated,
        Self::UnmarkMigrated,
        Self::Check,
        Self::Probe,
    ];

    /// The names of all keys, in the same order.
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut index = 0;
        while index < Self::ALL.len() {
            #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, with a bound of its own")]
            {
                names[index] = Self::ALL[index].name();
            }
            index = index.saturating_add(1);
        }
        names
    };

    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        self.facts().0
    }

    /// What it is for.
    pub const fn kind(self) -> Kind {
        self.facts().1
    }

    /// The key of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// The statement that changes a membership.
    pub const fn membership(change: &MembershipChange) -> Self {
        match change {
            MembershipChange::Join(_) => Self::JoinOrganization,
            MembershipChange::Leave(_) => Self::LeaveOrganization,
        }
    }

    /// The statement that sets a mark, or takes it off.
    pub const fn mark(mark: Mark) -> Self {
        match mark {
            Mark::Migrated => Self::MarkMigrated,
            Mark::NotMigrated => Self::UnmarkMigrated,
        }
    }

    /// The most rows of it that are looked at; a database reads one more to see that there are more, and then stops.
    pub const fn rows_max(self) -> usize {
        match (self, self.kind()) {
            (Self::List, _) => PAGE_MAX,
            (_, Kind::Membership) => crate::MEMBERSHIPS_MAX,
            (_, Kind::Lookup | Kind::Write | Kind::Check | Kind::Probe) => CANDIDATES_MAX,
        }
    }

    /// The statement that changes an identifier of a kind.
    pub const fn change_of(kind: IdentifierKind) -> Self {
        match kind {
            IdentifierKind::Email => Self::ChangeEmail,
            IdentifierKind::Username => Self::ChangeUsername,
            IdentifierKind::PhoneNumber => Self::ChangePhoneNumber,
        }
    }

    const fn facts(self) -> (&'static str, Kind) {
        match self {
            Self::GetUser => ("get_user", Kind::Lookup),
            Self::GetUserById => ("get_user_by_id", Kind::Lookup),
            Self::Login => ("login", Kind::Lookup),
            Self::Create => ("create", Kind::Write),
            Self::Verify => ("verify", Kind::Write),
            Self::ChangePassword => ("change_password", Kind::Write),
            Self::ChangeEmail => ("change_email", Kind::Write),
            Self::ChangeUsername => ("change_username", Kind::Write),
            Self::ChangePhoneNumber => ("change_phone_number", Kind::Write),
            Self::Delete => ("delete", Kind::Write),
            Self::Roles => ("roles", Kind::Membership),
            Self::Organizations => ("organizations", Kind::Membership),
            Self::JoinOrganization => ("join_organization", Kind::Write),
            Self::LeaveOrganization => ("leave_organization", Kind::Write),
            Self::Rehash => ("rehash", Kind::Write),
            Self::List => ("list", Kind::Lookup),
            Self::MarkMigrated => ("mark_migrated", Kind::Write),
            Self::UnmarkMigrated => ("unmark_migrated", Kind::Write),
            Self::Check => ("check", Kind::Check),
            Self::Probe => ("probe", Kind::Probe),
        }
    }
}

impl fmt::Display for StatementKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
