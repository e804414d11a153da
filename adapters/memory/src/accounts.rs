//! [`Accounts`]: the data itself. What a database would be to another adapter: it keeps rows and knows no promise.

use idstore_contract::{IdentifierKind, Metadata, Profile, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The accounts of one store, by `user_id`. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Accounts(Arc<Mutex<Rows>>);

/// What is behind the lock.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) by_id: BTreeMap<String, Record>,
    /// The last key that was given away; keys of removed accounts are not given again.
    last_key: u64,
}

/// One account, as it stands in the configuration and as it is kept.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "independent columns of one row, as in any table of users")]
pub struct Record {
    /// The key, different for each account.
    pub user_id: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether it is proven.
    pub email_verified: bool,
    /// User name.
    pub username: Option<String>,
    /// Phone number.
    pub phone_number: Option<String>,
    /// Whether it is proven.
    pub phone_verified: bool,
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
    /// What the user may change.
    pub user_metadata: Metadata,
    /// What only applications may change.
    pub app_metadata: Metadata,
    /// The hash of the password; in clear where the store compares.
    pub password: Option<String>,
    /// The salt, where it is no part of the hash.
    pub password_salt: Option<String>,
    /// The name of the scheme, where the hash does not say it.
    pub password_scheme: Option<String>,
    /// Rounds and their like, where neither hash nor salt says them.
    pub password_parameters: Option<String>,
    /// Barred by somebody.
    pub blocked: bool,
    /// Locked by the store.
    pub locked: bool,
    /// Not at this hour, or not from here.
    pub restricted: bool,
    /// The password must be changed first.
    pub password_expired: bool,
    /// Names of roles.
    pub roles: Vec<String>,
    /// Keys of organizations.
    pub organizations: Vec<String>,
    /// The values that keep connections apart, by the name of the parameter.
    pub parameters: BTreeMap<String, String>,
    /// When the account was made; not known of those in the configuration.
    #[serde(skip)]
    pub created_at: Option<Timestamp>,
    /// When the password was last changed.
    #[serde(skip)]
    pub password_changed_at: Option<Timestamp>,
    /// Since when the account counts as migrated.
    #[serde(skip)]
    pub migrated: Option<Timestamp>,
}

impl Record {
    /// A record with the members of a profile, and without a key.
    pub fn of(profile: &Profile) -> Self {
        Self {
            email: profile.email.clone(),
            email_verified: profile.email_verified.unwrap_or(false),
            username: profile.username.clone(),
            phone_number: profile.phone_number.clone(),
            phone_verified: profile.phone_verified.unwrap_or(false),
            name: profile.name.clone(),
            given_name: profile.given_name.clone(),
            family_name: profile.family_name.clone(),
            nickname: profile.nickname.clone(),
            picture: profile.picture.clone(),
            user_metadata: profile.user_metadata.clone(),
            app_metadata: profile.app_metadata.clone(),
            ..Self::default()
        }
    }

    /// The profile in it. A text that is empty is no member of it.
    pub fn profile(&self) -> Profile {
        let shown = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Profile {
            email: shown(&self.email),
            email_verified: Some(self.email_verified),
            username: shown(&self.username),
            phone_number: shown(&self.phone_number),
            phone_verified: self.phone_number.is_some().then_some(self.phone_verified),
            name: shown(&self.name),
            given_name: shown(&self.given_name),
            family_name: shown(&self.family_name),
            nickname: shown(&self.nickname),
            picture: shown(&self.picture),
            created_at: self.created_at,
            user_metadata: self.user_metadata.clone(),
            app_metadata: self.app_metadata.clone(),
        }
    }

    /// The identifier of a kind, unless it is empty.
    pub(crate) fn identifier(&self, kind: IdentifierKind) -> Option<&str> {
        let held = match kind {
            IdentifierKind::Email => &self.email,
            IdentifierKind::Username => &self.username,
            IdentifierKind::PhoneNumber => &self.phone_number,
        };
        held.as_deref().filter(|held| !held.is_empty())
    }

    /// The comparison of this store: A–Z as a–z, nothing else.
    pub(crate) fn is_called(&self, kind: IdentifierKind, text: &str) -> bool {
        self.identifier(kind).is_some_and(|held| held.eq_ignore_ascii_case(text))
    }
}

/// Shows that there is a record, and nothing of it.
impl fmt::Debug for Record {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Record(..)")
    }
}

impl Accounts {
    /// Puts a record in place without asking anybody, under a new key where it has none, and answers the key. For
    /// tests, which seed and look behind the adapter's back.
    pub fn put(&self, mut record: Record) -> String {
        let mut rows = self.lock();
        if record.user_id.is_empty() {
            record.user_id = rows.new_key();
        }
        let key = record.user_id.clone();
        rows.by_id.insert(key.clone(), record);
        key
    }

    /// What is kept under a key.
    pub fn get(&self, user_id: &str) -> Option<Record> {
        self.lock().by_id.get(user_id).cloned()
    }

    /// Takes a record away without asking anybody, and answers it.
    pub fn remove(&self, user_id: &str) -> Option<Record> {
        self.lock().by_id.remove(user_id)
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.lock().by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows, for one call. Never held across an await. A panic while it was held can't have left half a change,
    /// for a change is one insert of a finished record.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    /// A key that no account has or had.
    pub(crate) fn new_key(&mut self) -> String {
        loop {
            self.last_key = self.last_key.saturating_add(1);
            let key = self.last_key.to_string();
            if !self.by_id.contains_key(&key) {
                return key;
            }
        }
    }
}
