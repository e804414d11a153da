//! A table of users and the store on it.

use crate::file::{Behind, File};
use idstore_conformance::{HOME, PARAMETER};
use idstore_contract::{
    Account, Call, IdentifierKind, Lookup, NewAccount, NewPassword, PasswordWrite, Profile, Purpose, Result,
    Secret, StoreHandle, StoredPassword, Timestamp,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) const TABLE: &str =
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, username TEXT UNIQUE,
    verified BOOLEAN NOT NULL DEFAULT 0, password TEXT, blocked BOOLEAN NOT NULL DEFAULT 0)";

pub(crate) const GET_USER: &str =
    "SELECT id AS user_id, email, username, verified AS email_verified, blocked,
    password AS password_hash FROM users WHERE email = :identifier OR username = :identifier";

pub(crate) const BY_ID: &str = "SELECT id AS user_id, email, username, verified AS email_verified, blocked,
    password AS password_hash FROM users WHERE id = :user_id";

pub(crate) const CREATE: &str = "INSERT INTO users (email, username, verified, password)
    VALUES (:email, :username, :email_verified, :password_hash) RETURNING id AS user_id";

pub(crate) struct World {
    pub(crate) file: File,
    pub(crate) behind: Behind,
    pub(crate) store: StoreHandle,
}

impl World {
    /// A store with these statements on a file with this schema.
    pub(crate) fn open(schema: &str, statements: &Value) -> Self {
        Self::with(schema, statements, "constraint", PasswordWrite::Hashed)
    }

    pub(crate) fn with(schema: &str, statements: &Value, uniqueness: &str, write: PasswordWrite) -> Self {
        let file = File::create().unwrap();
        let behind = Behind::open(&file).unwrap();
        behind.batch(schema).unwrap();
        let store = file.open(statements, uniqueness, write).unwrap();
        Self { file, behind, store }
    }

    pub(crate) async fn by_id(&self, user_id: &str) -> Result<Vec<Account>> {
        self.store.find(&call(), &Lookup::UserId(user_id.into()), Purpose::Profile).await
    }

    pub(crate) async fn by_name(&self, name: &str) -> Result<Vec<Account>> {
        self.store.find(&call(), &Lookup::Identifier(name.into()), Purpose::Login).await
    }

    pub(crate) async fn account(&self, user_id: &str) -> Account {
        self.by_id(user_id).await.unwrap().remove(0)
    }

    /// The first cell of a query behind the adapter's back.
    pub(crate) fn peek(&self, query: &str) -> Option<String> {
        self.behind.rows(query).unwrap().into_iter().flatten().next().flatten()
    }
}

pub(crate) fn call() -> Call {
    call_within(Duration::from_secs(5))
}

pub(crate) fn call_within(time: Duration) -> Call {
    let parameters = BTreeMap::from([(PARAMETER.to_owned(), HOME.to_owned())]);
    let now = Timestamp::from_second(1_717_200_000).unwrap();
    let deadline = Instant::now().checked_add(time).unwrap();
    Call::new("test", deadline, now, Arc::new(parameters))
}

pub(crate) fn hashed(hash: &str) -> NewPassword {
    NewPassword::Hashed(StoredPassword::new(Secret::from(hash)))
}

pub(crate) fn new(email: &str, password: NewPassword) -> NewAccount {
    let mut profile = Profile { email_verified: Some(false), ..Profile::default() };
    *profile.identifier_mut(IdentifierKind::Email) = Some(email.into());
    NewAccount { profile, password, organization: None }
}
