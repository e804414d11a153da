//! Directories under the suite: OpenLDAP plain, with StartTLS, with ldaps and with hashes that the daemon compares, and
//! 389 Directory Server, and Samba as Active Directory.

mod server;

use idstore_conformance::{
    Fault, Fixture, Gate, Key, Later, Offers, Opened, Sabotage, Scope, Setup, Target, Uniqueness,
};
use idstore_contract::{Ability, IdentifierKind, PasswordCheck, PasswordWrite};
use serde_json::{Value, json};
use server::ask::open_for;
use server::behind::{Behind, Words};
use server::ds389::Ds389;
use server::samba::Samba;
use server::unit::Unit;
use server::{Options, PEOPLE, SERVICE, Slapd, ca, change};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
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
        &Ds389Fixture,
        &Domain,
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
        set_up(&mut config, setup);
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
        let store = open_for(config, self.password_write())?;
        let password = if self.hashes { "testHash" } else { "userPassword" };
        let backdoor = Behind {
            tools: slapd.tools(),
            suffix: "dc=test".into(),
            people: PEOPLE.into(),
            service: SERVICE.into(),
            words: Words { password, ..Words::OPENLDAP },
            seeded: AtomicUsize::new(0),
        };
        Ok(Opened { store, backdoor: Box::new(backdoor), gate: Some(gate), keep: Box::new(slapd) })
    }
}

/// What can be tried on every directory that the server compares passwords for.
fn scope() -> Scope {
    Scope {
        identifiers: &IdentifierKind::ALL,
        password_check: PasswordCheck::ByStore,
        password_write: PasswordWrite::ByStore,
        abilities: BTreeSet::from([
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
        ]),
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
        sabotages: &[Sabotage::LookupLeaks, Sabotage::CreateFailsHalfWay],
        // As many users are bound at once as the service has sessions.
        sessions_max: Some(|pool_max| usize::try_from(pool_max).unwrap_or_default().saturating_mul(2)),
        settles_within: Duration::ZERO,
    }
}

/// A 389 Directory Server that wants every password to be changed which somebody else has set.
struct Ds389Fixture;

impl Ds389Fixture {
    async fn start(&self, setup: &Setup) -> Result<Opened, String> {
        let server = Ds389::create()?;
        let gate = Gate::open(Target::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, server.ldaps_port))))
            .await
            .map_err(|error| error.to_string())?;
        let mut config = server.config(gate.port())?;
        set_up(&mut config, setup);
        let store = open_for(config, PasswordWrite::ByStore)?;
        let backdoor = Behind {
            tools: server.tools.clone(),
            suffix: server.suffix.clone(),
            people: server.people.clone(),
            service: server.service.clone(),
            words: Words::DS389,
            seeded: AtomicUsize::new(0),
        };
        Ok(Opened { store, backdoor: Box::new(backdoor), gate: Some(gate), keep: Box::new(server) })
    }
}

impl Fixture for Ds389Fixture {
    fn name(&self) -> &'static str {
        "ds389"
    }

    fn scope(&self) -> Scope {
        // All tests share one server, whose plug-ins would hold for all of them.
        Scope { uniqueness: &[Uniqueness::Lock], sabotages: &[Sabotage::LookupLeaks], ..scope() }
    }

    fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, Result<Opened, String>> {
        Box::pin(self.start(setup))
    }
}

/// Active Directory, as Samba plays it.
struct Domain;

impl Domain {
    async fn start(&self, setup: &Setup) -> Result<Opened, String> {
        let samba = Samba::create()?;
        let gate = Gate::open(Target::Tcp(samba.ldaps)).await.map_err(|error| error.to_string())?;
        let mut config = samba.config(gate.port())?;
        set_up(&mut config, setup);
        if setup.sabotage == Some(Sabotage::LookupLeaks) {
            change(&mut config, "object_filter", "(objectClass=user)");
        }
        let store = open_for(config, PasswordWrite::ByStore)?;
        let backdoor = Unit::new(Arc::new(samba));
        Ok(Opened { store, backdoor: Box::new(backdoor), gate: Some(gate), keep: Box::new(()) })
    }
}

impl Fixture for Domain {
    fn name(&self) -> &'static str {
        "active-directory"
    }

    fn scope(&self) -> Scope {
        Scope {
            uniqueness: &[Uniqueness::Lock],
            sabotages: &[Sabotage::LookupLeaks],
            // An account needs nothing but its name.
            without_mandatory: None,
            ..scope()
        }
    }

    fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, Result<Opened, String>> {
        Box::pin(self.start(setup))
    }
}

/// What a setup changes in every configuration.
fn set_up(config: &mut Value, setup: &Setup) {
    if setup.offers == Offers::Reading {
        change(config, "offers", json!([]));
    }
    if setup.uniqueness == Uniqueness::Lock {
        change(config, "uniqueness", "lock");
    }
    if setup.sabotage == Some(Sabotage::LookupLeaks) {
        change(config, "object_filter", "(objectClass=testPerson)");
    }
    change(config, "pool_max", setup.pool_max);
}

impl Fixture for OpenLdap {
    fn name(&self) -> &'static str {
        self.name
    }

    fn scope(&self) -> Scope {
        let mut scope = scope();
        // With hashes the password is part of the entry: there is no second step.
        if self.hashes {
            scope.password_check = PasswordCheck::ByProxy;
            scope.password_write = PasswordWrite::Hashed;
            scope.abilities.insert(Ability::Rehash);
            scope.sabotages = &[Sabotage::LookupLeaks];
        }
        scope
    }

    fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, Result<Opened, String>> {
        Box::pin(self.start(setup))
    }
}
