//! The memory adapter under the suite: with hashes, with passwords of its own, with few identifiers.

use idstore_conformance::{
    Backdoor, Fault, Fixture, Key, Later, Offers, Opened, PARAMETER, Row, Scope, Setup, Uniqueness, run,
};
use idstore_contract::{Ability, IdentifierKind, PasswordWrite, Standings};
use idstore_memory::{Accounts, Config, DeleteMode, Identifier, Memory, PasswordChecker, Record};
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

fn main() -> ExitCode {
    run(&[
        &InMemory { name: "memory", ..USUAL },
        &InMemory { name: "memory-by-store", password_check: PasswordChecker::ByStore, ..USUAL },
        &InMemory { name: "memory-deactivates", delete: DeleteMode::Deactivate, ..USUAL },
        &InMemory { name: "memory-email-only", identifiers: &[IdentifierKind::Email], ..USUAL },
    ])
}

struct InMemory {
    name: &'static str,
    identifiers: &'static [IdentifierKind],
    password_check: PasswordChecker,
    delete: DeleteMode,
}

const USUAL: InMemory = InMemory {
    name: "",
    identifiers: &IdentifierKind::ALL,
    password_check: PasswordChecker::ByProxy,
    delete: DeleteMode::Remove,
};

impl InMemory {
    /// All that there is, but for what the configuration makes impossible.
    fn abilities(&self) -> BTreeSet<Ability> {
        let mut abilities = BTreeSet::from([
            Ability::Create,
            Ability::Verify,
            Ability::ChangePassword,
            Ability::ChangePasswordVerifies,
            Ability::ChangeMembership,
            Ability::Memberships,
            Ability::Delete,
            Ability::List,
            Ability::MarkMigrated,
        ]);
        if self.password_check == PasswordChecker::ByProxy {
            abilities.insert(Ability::Rehash);
        }
        abilities.extend(self.identifiers.iter().map(|kind| match kind {
            IdentifierKind::Email => Ability::ChangeEmail,
            IdentifierKind::Username => Ability::ChangeUsername,
            IdentifierKind::PhoneNumber => Ability::ChangePhoneNumber,
        }));
        abilities
    }
}

impl Fixture for InMemory {
    fn name(&self) -> &'static str {
        self.name
    }

    fn scope(&self) -> Scope {
        let by_store = self.password_check == PasswordChecker::ByStore;
        Scope {
            identifiers: self.identifiers,
            password_check: self.password_check.into(),
            password_write: if by_store { PasswordWrite::ByStore } else { PasswordWrite::Hashed },
            abilities: self.abilities(),
            keys: &[Key::Integer],
            uniqueness: &[Uniqueness::Constraint],
            isolates: true,
            without_mandatory: Some(|new| {
                for kind in IdentifierKind::ALL {
                    *new.profile.identifier_mut(kind) = None;
                }
            }),
            organization: Some("engineering"),
            faults: &[],
            sabotages: &[],
            sessions_max: None,
            settles_within: Duration::ZERO,
        }
    }

    fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, Result<Opened, String>> {
        let store = Memory::new(Config {
            password_check: self.password_check,
            identifiers: Some(self.identifiers.iter().map(|kind| Identifier(*kind)).collect()),
            abilities: (setup.offers == Offers::Reading).then(Vec::new),
            delete: self.delete,
            parameters: [PARAMETER.to_owned()].into(),
            accounts: Vec::new(),
        });
        let backdoor = Box::new(Behind(store.accounts()));
        Box::pin(async { Ok(Opened { store: Arc::new(store), backdoor, gate: None, keep: Box::new(()) }) })
    }
}

struct Behind(Accounts);

impl Backdoor for Behind {
    fn seed<'a>(&'a self, row: &'a Row) -> Later<'a, Result<String, String>> {
        let record = Record {
            email: row.email.clone(),
            email_verified: row.email_verified,
            username: row.username.clone(),
            phone_number: row.phone_number.clone(),
            phone_verified: row.phone_verified,
            given_name: row.given_name.clone(),
            family_name: row.family_name.clone(),
            password: row.password.clone(),
            blocked: row.standings.blocked,
            locked: row.standings.locked,
            restricted: row.standings.restricted,
            password_expired: row.standings.password_expired,
            parameters: BTreeMap::from([(PARAMETER.to_owned(), row.organization.clone())]),
            ..Record::default()
        };
        Box::pin(async { Ok(self.0.put(record)) })
    }

    fn peek<'a>(&'a self, user_id: &'a str) -> Later<'a, Result<Option<Row>, String>> {
        let row = |record: Record| Row {
            email: record.email,
            email_verified: record.email_verified,
            username: record.username,
            phone_number: record.phone_number,
            phone_verified: record.phone_verified,
            given_name: record.given_name,
            family_name: record.family_name,
            password: record.password,
            standings: Standings {
                blocked: record.blocked,
                locked: record.locked,
                restricted: record.restricted,
                password_expired: record.password_expired,
            },
            organization: record.parameters.get(PARAMETER).cloned().unwrap_or_default(),
        };
        Box::pin(async move { Ok(self.0.get(user_id).map(row)) })
    }

    fn remove<'a>(&'a self, user_id: &'a str) -> Later<'a, Result<(), String>> {
        Box::pin(
            async move { self.0.remove(user_id).map(drop).ok_or_else(|| "there is no such account".into()) },
        )
    }

    fn count(&self) -> Later<'_, Result<usize, String>> {
        Box::pin(async { Ok(self.0.len()) })
    }

    fn strike(&self, _: Fault) -> Later<'_, Result<(), String>> {
        Box::pin(async { Err("memory does not break".into()) })
    }

    fn heal(&self, _: Fault) -> Later<'_, Result<(), String>> {
        Box::pin(async { Err("memory does not break".into()) })
    }

    fn close(&self) -> Later<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}
