//! OpenLDAP under the suite: plain, with StartTLS, with ldaps, and with hashes that the daemon compares.

mod server;

use idstore_conformance::{
    Backdoor, Fault, Fixture, Gate, Key, Later, Offers, Opened, PARAMETER, Row, Sabotage, Scope, Setup,
    Target, Uniqueness,
};
use idstore_contract::{
    Ability, ConnectionNeeds, IdentifierKind, PasswordCheck, PasswordWrite, Standings, Surroundings,
};
use serde_json::{Value, json};
use server::{Options, PEOPLE, SERVICE, Slapd, ca, change};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// One way to reach a slapd.
struct OpenLdap {
    name: &'static str,
    tls: Tls,
    /// The daemon compares hashes.
    hashes: bool,
}

#[derive(PartialEq)]
enum Tls {
    None,
    Started,
    Ldaps,
}

const PLAIN: OpenLdap = OpenLdap { name: "openldap", tls: Tls::None, hashes: false };

fn main() -> std::process::ExitCode {
    idstore_conformance::run(&[
        &PLAIN,
        &OpenLdap { name: "openldap-starttls", tls: Tls::Started, ..PLAIN },
        &OpenLdap { name: "openldap-ldaps", tls: Tls::Ldaps, ..PLAIN },
        &OpenLdap { name: "openldap-hashes", hashes: true, ..PLAIN },
    ])
}

impl OpenLdap {
    fn config(&self, slapd: &Slapd, port: u16, setup: &Setup) -> Result<Value, String> {
        let mut config = slapd.config();
        let scheme = if self.tls == Tls::Ldaps { "ldaps" } else { "ldap" };
        change(&mut config, "urls", json!([format!("{scheme}://127.0.0.1:{port}")]));
        if self.tls != Tls::None {
            change(&mut config, "ca_file", json!(ca()?));
            change(&mut config, "start_tls", self.tls == Tls::Started);
        }
        if self.hashes {
            change(&mut config, "password_check", "compare_hash");
            change(&mut config, "password_change", "attribute");
            change(&mut config, "attributes.password_hash", "testHash");
        }
        if setup.offers == Offers::Reading {
            change(&mut config, "offers", json!([]));
        }
        if setup.uniqueness == Uniqueness::Lock {
            change(&mut config, "uniqueness", "lock");
        }
        if setup.sabotage == Some(Sabotage::LookupLeaks) {
            change(&mut config, "object_filter", "(objectClass=testPerson)");
        }
        change(&mut config, "pool_max", setup.pool_max);
        Ok(config)
    }

    fn password_write(&self) -> PasswordWrite {
        if self.hashes { PasswordWrite::Hashed } else { PasswordWrite::ByStore }
    }

    async fn start(&self, setup: &Setup) -> Result<Opened, String> {
        let policy = match setup.sabotage {
            // Nobody has a password so long: the entry is made, and its password refused.
            Some(Sabotage::CreateFailsHalfWay) => "pwdMinLength: 200\n",
            // Whoever gets a password from somebody else must change it.
            _ => "pwdMustChange: TRUE\npwdMinLength: 8\n",
        };
        let unique = setup.uniqueness == Uniqueness::Constraint;
        // Who may do all is not held to the policy.
        let service_may =
            if setup.sabotage == Some(Sabotage::CreateFailsHalfWay) { "write" } else { "manage" };
        let slapd = Slapd::start(&Options { unique, policy, service_may, ..Options::default() })?;
        let port = if self.tls == Tls::Ldaps { slapd.ldaps_port } else { slapd.port };
        let gate = Gate::open(Target::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
            .await
            .map_err(|error| error.to_string())?;
        let config = self.config(&slapd, gate.port(), setup)?;
        let config = serde_json::from_value(config).map_err(|error| error.to_string())?;
        let around = Surroundings {
            password_write: Some(self.password_write()),
            connections: vec![ConnectionNeeds {
                connection: "people".into(),
                parameters: BTreeSet::from([PARAMETER.to_owned()]),
                ..ConnectionNeeds::default()
            }],
            deadline_max: Some(Duration::from_secs(10)),
        };
        let store = idstore_ldap::open(config, &around).map_err(|problems| format!("{problems:?}"))?;
        let slapd = Arc::new(slapd);
        let password = if self.hashes { "testHash" } else { "userPassword" };
        let backdoor = Behind { slapd: slapd.clone(), password, seeded: AtomicUsize::new(0) };
        Ok(Opened { store, backdoor: Box::new(backdoor), gate: Some(gate), keep: Box::new(slapd) })
    }
}

impl Fixture for OpenLdap {
    fn name(&self) -> &'static str {
        self.name
    }

    fn scope(&self) -> Scope {
        let mut abilities = BTreeSet::from([
            Ability::Create,
            Ability::Verify,
            Ability::ChangePassword,
            Ability::ChangePasswordVerifies,
            Ability::ChangeEmail,
            Ability::ChangeUsername,
            Ability::ChangePhoneNumber,
            Ability::Delete,
            Ability::List,
            Ability::MarkMigrated,
            Ability::UnmarkMigrated,
        ]);
        // With hashes the password is part of the entry: there is no second step.
        let mut sabotages: &[Sabotage] = &[Sabotage::LookupLeaks, Sabotage::CreateFailsHalfWay];
        if self.hashes {
            abilities.insert(Ability::Rehash);
            sabotages = &[Sabotage::LookupLeaks];
        }
        Scope {
            identifiers: &IdentifierKind::ALL,
            password_check: if self.hashes { PasswordCheck::ByProxy } else { PasswordCheck::ByStore },
            password_write: self.password_write(),
            abilities,
            keys: &[Key::Uuid],
            uniqueness: &[Uniqueness::Constraint, Uniqueness::Lock],
            isolates: true,
            without_mandatory: Some(|new| new.profile.family_name = None),
            organization: None,
            faults: &[
                Fault::Refused,
                Fault::Reset,
                Fault::Frozen,
                Fault::HalfClosed,
                Fault::LoginRefused,
                Fault::StatementBroken,
            ],
            sabotages,
            // As many users are bound at once as the service has sessions.
            sessions_max: Some(|pool_max| usize::try_from(pool_max).unwrap_or_default().saturating_mul(2)),
            settles_within: Duration::ZERO,
        }
    }

    fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, Result<Opened, String>> {
        Box::pin(self.start(setup))
    }
}

/// The directory, without the adapter.
struct Behind {
    slapd: Arc<Slapd>,
    /// The attribute of the password.
    password: &'static str,
    seeded: AtomicUsize,
}

impl Behind {
    fn put(&self, row: &Row) -> Result<String, String> {
        let number = self.seeded.fetch_add(1, Ordering::Relaxed);
        let name = format!("seed-{number}");
        let dn = format!("cn={name},{PEOPLE}");
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
            (self.password, row.password.as_deref()),
            ("testBlocked", flag(standings.blocked)),
            ("pwdAccountLockedTime", standings.locked.then_some("20260101000000Z")),
            ("pwdReset", standings.password_expired.then_some("TRUE")),
        ];
        let attributes: Vec<(&str, &str)> =
            attributes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        self.slapd.add(&dn, &attributes)?;
        let found = self.slapd.search(&dn, "base", "(objectClass=*)", &["entryUUID"])?;
        let id = found.into_iter().flat_map(|(_, attributes)| attributes).next();
        id.map(|(_, id)| id).ok_or_else(|| "the entry has no entryUUID".into())
    }

    fn entry(&self, user_id: &str) -> Result<Option<server::Found>, String> {
        let found = self.slapd.search("dc=test", "sub", &format!("(entryUUID={user_id})"), &["*", "+"])?;
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
            password: text(self.password),
            salt: None,
            standings: Standings {
                blocked: flag("testBlocked"),
                locked: text("pwdAccountLockedTime").is_some(),
                restricted: false,
                password_expired: flag("pwdReset"),
            },
            organization: text("testOrganization").unwrap_or_default(),
        }
    }

    fn set_service_password(&self, password: &str) -> Result<(), String> {
        self.slapd.modify(SERVICE, &format!("replace: userPassword\nuserPassword: {password}"))?;
        // The policy would have it changed at once.
        self.slapd.modify(SERVICE, "replace: pwdReset")
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
            self.slapd.tool("ldapdelete", &[&dn], None).map(drop)
        })
    }

    fn count(&self) -> Later<'_, Result<usize, String>> {
        Box::pin(async {
            self.slapd.search("dc=test", "sub", "(objectClass=testPerson)", &["1.1"]).map(|found| found.len())
        })
    }

    fn strike(&self, fault: Fault) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            match fault {
                Fault::LoginRefused => self.set_service_password("another"),
                _ => self.slapd.tool("ldapmodrdn", &["-r", PEOPLE, "ou=gone"], None).map(drop),
            }
        })
    }

    fn heal(&self, fault: Fault) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            match fault {
                Fault::LoginRefused => self.set_service_password(server::PASSWORD),
                _ => self.slapd.tool("ldapmodrdn", &["-r", "ou=gone,dc=test", "ou=people"], None).map(drop),
            }
        })
    }

    /// The server goes with the last who holds it.
    fn close(&self) -> Later<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}
