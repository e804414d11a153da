//! The backdoor of the suite: rows as entries, written and read by OpenLDAP's own programs.

use super::PASSWORD;
use super::tools::{Found, Tools};
use idstore_conformance::{Backdoor, Fault, Later, Row};
use idstore_contract::Standings;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A directory, without the adapter.
pub(crate) struct Behind {
    pub(crate) tools: Tools,
    /// All that belongs to the test.
    pub(crate) suffix: String,
    /// Where accounts are, directly below it.
    pub(crate) people: String,
    /// The account of the service.
    pub(crate) service: String,
    pub(crate) words: Words,
    pub(crate) seeded: AtomicUsize,
}

/// How a directory names what rows have.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    /// The immutable key.
    pub(crate) id: &'static str,
    pub(crate) password: &'static str,
    /// A lock: the attribute, and a value that lasts.
    pub(crate) locked: (&'static str, &'static str),
    /// That the password must be changed.
    pub(crate) expired: (&'static str, &'static str),
}

impl Words {
    /// OpenLDAP's password policy.
    pub(crate) const OPENLDAP: Self = Self {
        id: "entryUUID",
        password: "userPassword",
        locked: ("pwdAccountLockedTime", "20260101000000Z"),
        expired: ("pwdReset", "TRUE"),
    };
    /// 389 Directory Server's.
    pub(crate) const DS389: Self = Self {
        id: "nsUniqueId",
        password: "userPassword",
        locked: ("accountUnlockTime", "20380101000000Z"),
        expired: ("passwordExpirationTime", "19700101000000Z"),
    };
}

impl Behind {
    fn put(&self, row: &Row) -> Result<String, String> {
        let number = self.seeded.fetch_add(1, Ordering::Relaxed);
        let name = format!("seed-{number}");
        let dn = format!("cn={name},{}", self.people);
        let flag = |is_so: bool| Some(if is_so { "TRUE" } else { "FALSE" });
        let standings = row.standings;
        let attributes = [
            ("objectClass", Some("inetOrgPerson")),
            ("objectClass", Some("testPerson")),
            ("cn", Some(name.as_str())),
            ("testOrganization", Some(row.organization.as_str())),
            ("mail", row.email.as_deref()),
            ("testEmailVerified", flag(row.email_verified)),
            ("uid", row.username.as_deref()),
            ("telephoneNumber", row.phone_number.as_deref()),
            ("testPhoneVerified", flag(row.phone_verified)),
            ("givenName", row.given_name.as_deref()),
            ("sn", row.family_name.as_deref()),
            (self.words.password, row.password.as_deref()),
            ("testBlocked", flag(standings.blocked)),
        ];
        let attributes: Vec<(&str, &str)> =
            attributes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        self.tools.add(&dn, &attributes)?;
        // A policy may want a password that was just set to be changed: each state is set, or taken away.
        self.set(&dn, self.words.locked, standings.locked)?;
        self.set(&dn, self.words.expired, standings.password_expired)?;
        let found = self.tools.search(&dn, "base", "(objectClass=*)", &[self.words.id])?;
        let id = found.into_iter().flat_map(|(_, attributes)| attributes).next();
        id.map(|(_, id)| id).ok_or_else(|| "the entry has no key".into())
    }

    fn set(&self, dn: &str, (attribute, value): (&str, &str), is_so: bool) -> Result<(), String> {
        let line = if is_so { format!("\n{attribute}: {value}") } else { String::new() };
        self.tools.modify(dn, &format!("replace: {attribute}{line}"))
    }

    fn entry(&self, user_id: &str) -> Result<Option<Found>, String> {
        let filter = format!("({}={user_id})", self.words.id);
        let attributes = ["*", "+", self.words.id, self.words.locked.0, self.words.expired.0];
        let found = self.tools.search(&self.suffix, "sub", &filter, &attributes)?;
        Ok(found.into_iter().next())
    }

    fn row(&self, attributes: &[(String, String)]) -> Row {
        let text = |name: &str| {
            let found = attributes.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        let flag = |name: &str| text(name).as_deref() == Some("TRUE");
        Row {
            email: text("mail"),
            email_verified: flag("testEmailVerified"),
            username: text("uid"),
            phone_number: text("telephoneNumber"),
            phone_verified: flag("testPhoneVerified"),
            given_name: text("givenName"),
            family_name: text("sn"),
            password: text(self.words.password),
            salt: None,
            standings: Standings {
                blocked: flag("testBlocked"),
                locked: text(self.words.locked.0).is_some(),
                restricted: false,
                password_expired: text(self.words.expired.0).as_deref() == Some(self.words.expired.1),
            },
            organization: text("testOrganization").unwrap_or_default(),
        }
    }

    fn set_service_password(&self, password: &str) -> Result<(), String> {
        self.tools.modify(&self.service, &format!("replace: userPassword\nuserPassword: {password}"))?;
        // The policy would have it changed at once.
        self.set(&self.service, self.words.expired, false)
    }

    fn moved(&self) -> String {
        format!("ou=gone,{}", self.suffix)
    }
}

impl Backdoor for Behind {
    fn seed<'a>(&'a self, row: &'a Row) -> Later<'a, Result<String, String>> {
        Box::pin(async { self.put(row) })
    }

    fn peek<'a>(&'a self, user_id: &'a str) -> Later<'a, Result<Option<Row>, String>> {
        Box::pin(async { Ok(self.entry(user_id)?.map(|(_, attributes)| self.row(&attributes))) })
    }

    fn remove<'a>(&'a self, user_id: &'a str) -> Later<'a, Result<(), String>> {
        Box::pin(async {
            let (dn, _) = self.entry(user_id)?.ok_or("there is no such entry")?;
            self.tools.remove(&dn)
        })
    }

    fn count(&self) -> Later<'_, Result<usize, String>> {
        Box::pin(async {
            let found = self.tools.search(&self.suffix, "sub", "(objectClass=testPerson)", &["1.1"]);
            found.map(|found| found.len())
        })
    }

    fn strike(&self, fault: Fault) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            match fault {
                Fault::LoginRefused => self.set_service_password("another"),
                _ => self.tools.rename(&self.people, "ou=gone"),
            }
        })
    }

    fn heal(&self, fault: Fault) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            match fault {
                Fault::LoginRefused => self.set_service_password(PASSWORD),
                _ => self.tools.rename(&self.moved(), "ou=people"),
            }
        })
    }

    /// The server goes with the last who holds it, or with the run.
    fn close(&self) -> Later<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}
