//! The backdoor of the suite into a unit of a domain: rows as accounts of Active Directory.

use super::PASSWORD;
use super::samba::{Samba, unicode};
use super::tools::Found;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use idstore_conformance::{Backdoor, Fault, Later, Row};
use idstore_contract::Standings;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A unit, without the adapter.
pub(crate) struct Unit {
    samba: Arc<Samba>,
    seeded: AtomicUsize,
}

/// The bit of `userAccountControl` of a barred account.
const DISABLED: u32 = 2;

impl Unit {
    pub(crate) fn new(samba: Arc<Samba>) -> Self {
        Self { samba, seeded: AtomicUsize::new(0) }
    }

    fn put(&self, row: &Row) -> Result<String, String> {
        let number = self.seeded.fetch_add(1, Ordering::Relaxed);
        let dn = format!("CN=seed-{number},{}", self.samba.people);
        let flag = |is_so: bool| Some(if is_so { "TRUE" } else { "FALSE" });
        let attributes = [
            ("company", Some(row.organization.as_str())),
            ("mail", row.email.as_deref()),
            ("division", flag(row.email_verified)),
            ("uid", row.username.as_deref()),
            ("telephoneNumber", row.phone_number.as_deref()),
            ("employeeType", flag(row.phone_verified)),
            ("givenName", row.given_name.as_deref()),
            ("sn", row.family_name.as_deref()),
        ];
        let attributes: Vec<(&str, &str)> =
            attributes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        self.samba.person(&dn, row.password.as_deref(), &attributes)?;
        let modify = |line: &str| {
            let attribute = line.split(':').next().unwrap_or_default();
            self.samba.tools.modify(&dn, &format!("replace: {attribute}\n{line}"))
        };
        // Barring lifts a lock, so it comes first.
        if row.standings.blocked {
            modify("userAccountControl: 514")?;
        }
        if row.standings.locked {
            self.samba.lock(&dn)?;
        }
        if row.standings.password_expired {
            modify("pwdLastSet: 0")?;
        }
        let found = self.samba.tools.search(&dn, "base", "(objectClass=*)", &["objectGUID"])?;
        let guid = found.into_iter().flat_map(|(_, attributes)| attributes).next();
        let (_, encoded) = guid.ok_or("the account has no objectGUID")?;
        uuid(&STANDARD.decode(encoded).map_err(|error| error.to_string())?)
    }

    /// Samba takes a key as text in a filter.
    fn entry(&self, user_id: &str) -> Result<Option<Found>, String> {
        let filter = format!("(&(objectClass=user)(objectGUID={user_id}))");
        let found = self.samba.tools.search(&self.samba.suffix, "sub", &filter, &["*"])?;
        Ok(found.into_iter().next())
    }

    fn set_service_password(&self, password: &str) -> Result<(), String> {
        let value = STANDARD.encode(unicode(password));
        self.samba.tools.modify(&self.samba.service, &format!("replace: unicodePwd\nunicodePwd:: {value}"))
    }
}

/// The first three groups of a UUID stand the other way round.
fn uuid(bytes: &[u8]) -> Result<String, String> {
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let digits: Option<Vec<String>> =
        order.iter().map(|place| bytes.get(*place).map(|byte| format!("{byte:02x}"))).collect();
    let text = digits.ok_or("the key has not 16 bytes")?.concat();
    let parts =
        [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| text.get(part).unwrap_or_default().to_owned());
    Ok(parts.join("-"))
}

fn row(attributes: &[(String, String)]) -> Row {
    let text = |name: &str| {
        let found = attributes.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    };
    let flag = |name: &str| text(name).as_deref() == Some("TRUE");
    let control: u32 = text("userAccountControl").and_then(|text| text.parse().ok()).unwrap_or_default();
    Row {
        email: text("mail"),
        email_verified: flag("division"),
        username: text("uid"),
        phone_number: text("telephoneNumber"),
        phone_verified: flag("employeeType"),
        given_name: text("givenName"),
        family_name: text("sn"),
        // It can't be read; when it was set can.
        password: text("pwdLastSet"),
        salt: None,
        standings: Standings {
            blocked: control & DISABLED != 0,
            locked: text("lockoutTime").is_some_and(|since| since != "0"),
            restricted: false,
            password_expired: text("pwdLastSet").as_deref() == Some("0"),
        },
        organization: text("company").unwrap_or_default(),
    }
}

impl Backdoor for Unit {
    fn seed<'a>(&'a self, row: &'a Row) -> Later<'a, Result<String, String>> {
        Box::pin(async { self.put(row) })
    }

    fn peek<'a>(&'a self, user_id: &'a str) -> Later<'a, Result<Option<Row>, String>> {
        Box::pin(async { Ok(self.entry(user_id)?.map(|(_, attributes)| row(&attributes))) })
    }

    fn remove<'a>(&'a self, user_id: &'a str) -> Later<'a, Result<(), String>> {
        Box::pin(async {
            let (dn, _) = self.entry(user_id)?.ok_or("there is no such account")?;
            self.samba.tools.remove(&dn)
        })
    }

    fn count(&self) -> Later<'_, Result<usize, String>> {
        Box::pin(async {
            // The service is an account too, and of no company.
            let filter = "(&(objectClass=user)(company=*))";
            self.samba.tools.search(&self.samba.suffix, "sub", filter, &["1.1"]).map(|found| found.len())
        })
    }

    fn strike(&self, fault: Fault) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            match fault {
                Fault::LoginRefused => self.set_service_password("another"),
                _ => self.samba.tools.rename(&self.samba.people, "OU=gone"),
            }
        })
    }

    fn heal(&self, fault: Fault) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            match fault {
                Fault::LoginRefused => self.set_service_password(PASSWORD),
                _ => self.samba.tools.rename(&format!("OU=gone,{}", self.samba.suffix), "OU=people"),
            }
        })
    }

    /// The domain goes with the run.
    fn close(&self) -> Later<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}
