//! What a store knows of a user.

use crate::{IdentifierKind, Secret, Timestamp};
use std::collections::BTreeMap;
use std::fmt;

/// A JSON object, such as `app_metadata`.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

/// The store's own key for an account: a primary key, a DN. Opaque above the adapter that made it.
#[derive(Clone, PartialEq, Eq)]
pub struct Handle(String);

impl Handle {
    /// Made by adapters only.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// Read by the adapter that made it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Handle(..)")
    }
}

/// One account as the store holds it.
#[derive(Clone)]
pub struct Account {
    /// The key for later calls.
    pub handle: Handle,
    /// The immutable key as text, the same whichever way the account was found; without a connection's prefix. Empty
    /// where it shows only to who is signed in as that account.
    pub user_id: String,
    /// What may be told of the user.
    pub profile: Profile,
    /// Why the user may not sign in, if so.
    pub standings: Standings,
    /// What the store keeps of the password; `None` where it has none or compares by itself.
    pub password: Option<StoredPassword>,
    /// When the password was last changed.
    pub password_changed_at: Option<Timestamp>,
    /// Since when the account counts as migrated to the platform; only in import mode. `Timestamp::MIN` where the
    /// store knows that it is, and not since when.
    pub migrated: Option<Timestamp>,
    /// What the row was found by, where that is no identifier of the profile. Never sent.
    pub signed_in_as: Option<String>,
    /// The values that the row holds for the connection's parameters, by name: the proof of isolation.
    pub parameters: BTreeMap<String, Option<String>>,
}

impl Account {
    /// An account with a key and nothing else; adapters fill in the rest.
    pub fn new(handle: Handle, user_id: impl Into<String>) -> Self {
        Self {
            handle,
            user_id: user_id.into(),
            profile: Profile::default(),
            standings: Standings::default(),
            password: None,
            password_changed_at: None,
            migrated: None,
            signed_in_as: None,
            parameters: BTreeMap::new(),
        }
    }

    /// The immutable key, where it is known.
    pub fn known_id(&self) -> Option<&str> {
        (!self.user_id.is_empty()).then_some(self.user_id.as_str())
    }
}

/// Shows that there is an account, and nothing of it.
impl fmt::Debug for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Account(..)")
    }
}

/// What a platform may be told of a user. A member that the store does not have, or has empty, is `None`.
#[derive(Clone, Default, PartialEq)]
pub struct Profile {
    /// E-mail address as stored.
    pub email: Option<String>,
    /// Whether that address is proven; `None` where the store does not say.
    pub email_verified: Option<bool>,
    /// User name as stored.
    pub username: Option<String>,
    /// Phone number as stored.
    pub phone_number: Option<String>,
    /// Whether that number is proven; `None` where the store does not say.
    pub phone_verified: Option<bool>,
    /// Full name.
    pub name: Option<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Nickname.
    pub nickname: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
    /// When the account was made.
    pub created_at: Option<Timestamp>,
    /// What the user may change.
    pub user_metadata: Metadata,
    /// What only applications may change.
    pub app_metadata: Metadata,
}

impl Profile {
    /// The stored identifier of a kind.
    pub fn identifier(&self, kind: IdentifierKind) -> Option<&str> {
        match kind {
            IdentifierKind::Email => self.email.as_deref(),
            IdentifierKind::Username => self.username.as_deref(),
            IdentifierKind::PhoneNumber => self.phone_number.as_deref(),
        }
    }

    /// The place of an identifier of a kind.
    pub fn identifier_mut(&mut self, kind: IdentifierKind) -> &mut Option<String> {
        match kind {
            IdentifierKind::Email => &mut self.email,
            IdentifierKind::Username => &mut self.username,
            IdentifierKind::PhoneNumber => &mut self.phone_number,
        }
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Profile(..)")
    }
}

/// What a store keeps of a password: the hash, and what stands in columns of its own.
#[derive(Clone, Debug)]
pub struct StoredPassword {
    /// The stored text, as it is; blanks that only fill a CHAR(n) are already removed.
    pub hash: Secret,
    /// The salt, where it has a column.
    pub salt: Option<Secret>,
    /// The name of the scheme, where the store says it in a column.
    pub scheme: Option<String>,
    /// Rounds and their like, where they have a column: the rounds alone, a JSON object, or
    /// text such as `i=600000`.
    pub parameters: Option<Secret>,
}

impl StoredPassword {
    /// A hash with nothing beside it.
    pub fn new(hash: Secret) -> Self {
        Self { hash, salt: None, scheme: None, parameters: None }
    }
}

/// Each reason for which an account may not sign in, at the time of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "four independent facts, and several may hold at once")]
pub struct Standings {
    /// Barred by somebody.
    pub blocked: bool,
    /// Locked by the store, for wrong passwords say.
    pub locked: bool,
    /// Not at this hour, or not from here.
    pub restricted: bool,
    /// The password is too old or must be changed first.
    pub password_expired: bool,
}

impl Standings {
    /// The one that is told: blocked, locked, restricted, expired, in this order.
    pub fn worst(self) -> Standing {
        if self.blocked {
            Standing::Blocked
        } else if self.locked {
            Standing::Locked
        } else if self.restricted {
            Standing::Restricted
        } else if self.password_expired {
            Standing::PasswordExpired
        } else {
            Standing::Ok
        }
    }
}

/// Whether an account may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Ok,
    /// Barred by somebody.
    Blocked,
    /// Locked by the store.
    Locked,
    /// Not at this hour, or not from here.
    Restricted,
    /// The password must be changed first.
    PasswordExpired,
}

impl Standing {
    /// The word in answers and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Blocked => "blocked",
            Self::Locked => "locked",
            Self::Restricted => "restricted",
            Self::PasswordExpired => "password_expired",
        }
    }
}
