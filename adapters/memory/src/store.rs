//! [`Memory`]: the contract, kept over [`Accounts`].
//!
//! A write changes a copy, proves it and puts it in place while it holds the lock, so that nobody sees half of it.

use crate::accounts::{Accounts, Record, Rows};
use crate::config::{Config, DeleteMode, PasswordChecker};
use crate::password;
use idstore_contract::{
    Ability, Account, CANDIDATES_MAX, Call, Deleted, Depth, Descriptor, Error, ErrorKind, Handle,
    IdentifierChange, IdentifierKind, Lookup, Mark, Membership, MembershipChange, Memberships, NewAccount,
    NewPassword, PasswordChange, Problem, Purpose, Rehash, Rehashed, Rejection, Result, Secret, Standing,
    Standings, Store, Transport, Verdict, proof,
};
use std::collections::BTreeSet;
use std::ops::Bound;

/// A store whose accounts are in memory.
#[derive(Debug)]
pub struct Memory {
    descriptor: Descriptor,
    identifiers: BTreeSet<IdentifierKind>,
    password_check: PasswordChecker,
    delete: DeleteMode,
    parameters: BTreeSet<String>,
    accounts: Accounts,
}

impl Memory {
    /// A store as configured; the configuration was checked before.
    pub fn new(config: Config) -> Self {
        let accounts = Accounts::default();
        let descriptor = Descriptor {
            adapter: "memory",
            password_check: config.password_check.into(),
            abilities: config.abilities(),
            finds_by_id: true,
            transport: Transport::Local,
        };
        let identifiers = config.identifiers();
        for record in config.accounts {
            accounts.put(record);
        }
        Self {
            descriptor,
            identifiers,
            password_check: config.password_check,
            delete: config.delete,
            parameters: config.parameters,
            accounts,
        }
    }

    /// The accounts themselves, for tests.
    pub fn accounts(&self) -> Accounts {
        self.accounts.clone()
    }

    fn offered(&self, ability: Ability) -> Result<()> {
        if self.descriptor.offers(ability) { Ok(()) } else { Err(Error::unsupported()) }
    }

    /// Whether the record belongs to the connection.
    fn visible(&self, call: &Call, record: &Record) -> bool {
        self.parameters.iter().all(|name| record.parameters.get(name) == call.parameters.get(name))
    }

    fn read<'a>(&self, call: &Call, rows: &'a Rows, account: &Account) -> Option<&'a Record> {
        rows.by_id.get(account.handle.as_str()).filter(|record| self.visible(call, record))
    }

    /// Changes one account, or nothing: the change is proven on a copy, and then put in place.
    fn write<T>(
        &self,
        call: &Call,
        account: &Account,
        change: impl FnOnce(&Rows, &mut Record) -> Result<()>,
        prove: impl FnOnce(Account) -> Result<T>,
    ) -> Result<T> {
        let mut rows = self.accounts.lock();
        let mut record = self.read(call, &rows, account).cloned().ok_or_else(Error::not_found)?;
        change(&rows, &mut record)?;
        let proven = prove(self.account(&record))?;
        call.begin_write()?;
        rows.by_id.insert(record.user_id.clone(), record);
        Ok(proven)
    }

    /// What the adapter shows of a record.
    fn account(&self, record: &Record) -> Account {
        Account {
            profile: record.profile(),
            standings: Standings {
                blocked: record.blocked,
                locked: record.locked,
                restricted: record.restricted,
                password_expired: record.password_expired,
            },
            password: password::shown(record, self.password_check),
            password_changed_at: record.password_changed_at,
            migrated: record.migrated,
            parameters: self
                .parameters
                .iter()
                .map(|name| (name.clone(), record.parameters.get(name).cloned()))
                .collect(),
            ..Account::new(Handle::new(record.user_id.clone()), record.user_id.clone())
        }
    }

    /// The store's own constraint: no two accounts of a connection have the same identifier.
    fn unique(&self, call: &Call, rows: &Rows, new: &Record, kind: IdentifierKind) -> Result<()> {
        let Some(ours) = new.identifier(kind) else { return Ok(()) };
        let taken = rows.by_id.values().any(|other| {
            other.user_id != new.user_id && self.visible(call, other) && other.is_called(kind, ours)
        });
        if taken {
            return Err(Error::new(
                ErrorKind::AlreadyExists(Some(kind)),
                "another account has this identifier",
            ));
        }
        Ok(())
    }

    fn record(&self, call: &Call, new: &NewAccount) -> Result<Record> {
        let profile = &new.profile;
        for kind in IdentifierKind::ALL {
            if profile.identifier(kind).is_some() && !self.identifiers.contains(&kind) {
                return Err(rejected(Some(kind)));
            }
        }
        if IdentifierKind::ALL.into_iter().all(|kind| profile.identifier(kind).is_none()) {
            return Err(rejected(None));
        }
        let parameters = self
            .parameters
            .iter()
            .filter_map(|name| call.parameters.get_key_value(name))
            .map(owned)
            .collect();
        Ok(Record {
            organizations: new.organization.iter().cloned().collect(),
            parameters,
            created_at: Some(call.now),
            ..Record::of(profile)
        })
    }
}

impl Store for Memory {
    fn describe(&self) -> Descriptor {
        self.descriptor.clone()
    }

    async fn find(&self, call: &Call, lookup: &Lookup, _purpose: Purpose) -> Result<Vec<Account>> {
        if let Lookup::Named(kind, _) = lookup
            && !self.identifiers.contains(kind)
        {
            return Err(Error::unsupported());
        }
        let matches = |record: &Record| match lookup {
            Lookup::UserId(user_id) => record.user_id == *user_id,
            Lookup::Identifier(text) => self.identifiers.iter().any(|kind| record.is_called(*kind, text)),
            Lookup::Named(kind, text) => record.is_called(*kind, text),
        };
        let rows = self.accounts.lock();
        let found: Vec<Account> = rows
            .by_id
            .values()
            .filter(|record| self.visible(call, record) && matches(record))
            .take(CANDIDATES_MAX.saturating_add(1))
            .map(|record| self.account(record))
            .collect();
        if found.len() > CANDIDATES_MAX { Err(Error::ambiguous()) } else { Ok(found) }
    }

    async fn check(&self, call: &Call, account: &Account, password: &Secret) -> Result<Verdict> {
        if self.password_check != PasswordChecker::ByStore {
            return Err(Error::unsupported());
        }
        let rows = self.accounts.lock();
        let Some(record) = self.read(call, &rows, account) else { return Ok(Verdict::Mismatch) };
        let stored = record.password.as_deref().filter(|stored| !stored.is_empty());
        if !stored.is_some_and(|stored| Secret::from(stored).same_as(password)) {
            return Ok(Verdict::Mismatch);
        }
        let account = self.account(record);
        let standing = account.standings.worst();
        Ok(if standing == Standing::Ok {
            Verdict::Match(Box::new(account))
        } else {
            Verdict::Barred(standing)
        })
    }

    async fn create(&self, call: &Call, new: &NewAccount) -> Result<Account> {
        self.offered(Ability::Create)?;
        let mut record = self.record(call, new)?;
        password::keep(&mut record, self.password_check, &new.password)?;
        let mut rows = self.accounts.lock();
        for kind in IdentifierKind::ALL {
            self.unique(call, &rows, &record, kind)?;
        }
        record.user_id = rows.new_key();
        let read = self.account(&record);
        proof::created(call, new, &read)?;
        call.begin_write()?;
        rows.by_id.insert(record.user_id.clone(), record);
        Ok(read)
    }

    async fn verify(&self, call: &Call, account: &Account) -> Result<Account> {
        self.offered(Ability::Verify)?;
        let change = |_: &Rows, record: &mut Record| {
            record.email_verified = true;
            Ok(())
        };
        self.write(call, account, change, |read| proof::verified(call, account, &read).map(|()| read))
    }

    async fn change_password(
        &self,
        call: &Call,
        account: &Account,
        change: &PasswordChange,
    ) -> Result<Account> {
        self.offered(Ability::ChangePassword)?;
        if change.email_verified {
            self.offered(Ability::ChangePasswordVerifies)?;
        }
        let apply = |_: &Rows, record: &mut Record| {
            password::keep(record, self.password_check, &change.password)?;
            record.password_expired = false;
            record.locked = false;
            record.password_changed_at = Some(call.now);
            record.email_verified |= change.email_verified;
            Ok(())
        };
        self.write(call, account, apply, |read| {
            proof::password_changed(call, account, change, &read).map(|()| read)
        })
    }

    async fn rehash(&self, call: &Call, account: &Account, rehash: &Rehash) -> Result<Rehashed> {
        self.offered(Ability::Rehash)?;
        let mut overtaken = false;
        let apply = |_: &Rows, record: &mut Record| {
            overtaken = !password::shown(record, self.password_check)
                .is_some_and(|kept| password::same(&kept, &rehash.old));
            if overtaken {
                // Ends the write; what is answered is said below.
                return Err(Error::not_found());
            }
            password::keep(record, self.password_check, &NewPassword::Hashed(rehash.new.clone()))
        };
        let written =
            self.write(call, account, apply, |read| proof::rehashed(call, account, &rehash.new, &read));
        if overtaken { Ok(Rehashed::Overtaken) } else { written.map(|()| Rehashed::Replaced) }
    }

    async fn change_identifier(
        &self,
        call: &Call,
        account: &Account,
        change: &IdentifierChange,
    ) -> Result<Account> {
        self.offered(match change.kind {
            IdentifierKind::Email => Ability::ChangeEmail,
            IdentifierKind::Username => Ability::ChangeUsername,
            IdentifierKind::PhoneNumber => Ability::ChangePhoneNumber,
        })?;
        let apply = |rows: &Rows, record: &mut Record| {
            let value = Some(change.value.clone());
            match change.kind {
                IdentifierKind::Email => {
                    record.email = value;
                    record.email_verified = change.verified;
                }
                IdentifierKind::Username => record.username = value,
                IdentifierKind::PhoneNumber => {
                    record.phone_number = value;
                    record.phone_verified = change.verified;
                }
            }
            self.unique(call, rows, record, change.kind)
        };
        self.write(call, account, apply, |read| {
            proof::identifier_changed(call, account, change, &read).map(|()| read)
        })
    }

    async fn change_membership(
        &self,
        call: &Call,
        account: &Account,
        change: &MembershipChange,
    ) -> Result<()> {
        self.offered(match change {
            MembershipChange::Join(_) => Ability::JoinOrganization,
            MembershipChange::Leave(_) => Ability::LeaveOrganization,
        })?;
        let apply = |_: &Rows, record: &mut Record| {
            record.organizations.retain(|joined| joined != change.organization());
            if let MembershipChange::Join(organization) = change {
                record.organizations.push(organization.clone());
            }
            Ok(())
        };
        self.write(call, account, apply, |read| proof::isolated(call, &read))
    }

    async fn memberships(&self, call: &Call, account: &Account) -> Result<Memberships> {
        let (roles, organizations) =
            (self.descriptor.offers(Ability::Roles), self.descriptor.offers(Ability::Organizations));
        if !roles && !organizations {
            return Err(Error::unsupported());
        }
        let rows = self.accounts.lock();
        let record = self.read(call, &rows, account).ok_or_else(Error::not_found)?;
        // The key is the name, as in a table that has nothing else.
        let membership = |key: &String| Membership {
            organization: key.clone(),
            name: Some(key.clone()),
            roles: Vec::new(),
        };
        Ok(Memberships {
            roles: record.roles.iter().filter(|_| roles).cloned().collect(),
            organizations: record.organizations.iter().filter(|_| organizations).map(membership).collect(),
        })
    }

    async fn delete(&self, call: &Call, account: &Account) -> Result<Deleted> {
        self.offered(Ability::Delete)?;
        match self.delete {
            DeleteMode::Deactivate => {
                let block = |_: &Rows, record: &mut Record| {
                    record.blocked = true;
                    Ok(())
                };
                self.write(call, account, block, |read| proof::deleted(Some(&read)))
            }
            DeleteMode::Remove => {
                let mut rows = self.accounts.lock();
                let key = self.read(call, &rows, account).ok_or_else(Error::not_found)?.user_id.clone();
                call.begin_write()?;
                rows.by_id.remove(&key);
                proof::deleted(self.read(call, &rows, account).map(|left| self.account(left)).as_ref())
            }
        }
    }

    async fn list(&self, call: &Call, after: Option<&str>, limit: usize) -> Result<Vec<Account>> {
        self.offered(Ability::List)?;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.accounts.lock();
        let page = rows.by_id.range::<str, _>((from, Bound::Unbounded));
        Ok(page
            .filter(|(_, record)| self.visible(call, record))
            .take(limit)
            .map(|(_, record)| self.account(record))
            .collect())
    }

    async fn mark_migrated(&self, call: &Call, account: &Account, mark: Mark) -> Result<()> {
        self.offered(match mark {
            Mark::Migrated => Ability::MarkMigrated,
            Mark::NotMigrated => Ability::UnmarkMigrated,
        })?;
        let apply = |_: &Rows, record: &mut Record| {
            record.migrated = match mark {
                // The first mark holds: the grace after a migration is counted from there.
                Mark::Migrated => record.migrated.or(Some(call.now)),
                Mark::NotMigrated => None,
            };
            Ok(())
        };
        self.write(call, account, apply, |read| proof::marked(call, account, mark, &read))
    }

    async fn probe(&self, _call: &Call, _depth: Depth) -> Result<Vec<Problem>> {
        Ok(Vec::new())
    }
}

fn rejected(kind: Option<IdentifierKind>) -> Error {
    Error::new(ErrorKind::Rejected(Rejection::Value(kind)), "this store can not keep such an account")
}

fn owned((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}
