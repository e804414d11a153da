//! An organizational unit of its own in the domain that `tests/run` started.

use super::tools::{Tools, run};
use super::{Outcome, PASSWORD, change, config, variable};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Command;

const DOMAIN: &str = "DC=ad,DC=example,DC=org";
/// So many wrong passwords lock an account.
pub(crate) const LOCKS_AFTER: usize = 25;
/// The control by which Samba's own programs set what is the server's to set.
const BYPASS: &str = "local_oid:1.3.6.1.4.1.7165.4.3.20:1";

/// A unit that one test has for itself.
pub(crate) struct Samba {
    pub(crate) tools: Tools,
    pub(crate) suffix: String,
    pub(crate) people: String,
    pub(crate) service: String,
    /// Where it listens with TLS; the certificate names `localhost`.
    pub(crate) ldaps: SocketAddr,
    folder: tempfile::TempDir,
}

impl Samba {
    /// Makes one, with an account of the service that may do all in the domain.
    pub(crate) fn create() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let unique = folder.path().file_name().and_then(|name| name.to_str()).unwrap_or("x");
        let unique = format!("t{}{}", std::process::id(), unique.trim_start_matches(".tmp"));
        let suffix = format!("OU={unique},{DOMAIN}");
        let address = variable("IDSTORE_TEST_SAMBA_ADDRESS")?;
        let tools = Tools {
            url: format!("ldaps://{address}"),
            dn: "administrator@ad.example.org".into(),
            password: "Passw0rd-Admin-1",
            relax: false,
        };
        let (people, service) = (format!("OU=people,{suffix}"), format!("CN=idstore,{suffix}"));
        for dn in [&suffix, &people] {
            tools.add(dn, &[("objectClass", "organizationalUnit")])?;
        }
        let made = Self {
            tools,
            suffix,
            people,
            ldaps: format!("{address}:636").parse().map_err(|_| "no address")?,
            folder,
            service,
        };
        made.person(&made.service, Some(PASSWORD), &[("sAMAccountName", &unique)])?;
        let admins = format!("CN=Domain Admins,CN=Users,{DOMAIN}");
        made.tools.modify(&admins, &format!("add: member\nmember: {}", made.service))?;
        std::fs::write(made.folder.path().join("password"), PASSWORD).map_err(|error| error.to_string())?;
        Ok(made)
    }

    /// Adds an enabled account.
    pub(crate) fn person(&self, dn: &str, password: Option<&str>, more: &[(&str, &str)]) -> Outcome {
        // Without a password an account is enabled only if it needs none.
        let control: &[u8] = if password.is_some() { b"512" } else { b"544" };
        let mut attributes =
            vec![("objectClass", b"user".to_vec()), ("userAccountControl", control.to_vec())];
        if let Some(password) = password {
            attributes.push(("unicodePwd", unicode(password)));
        }
        attributes.extend(more.iter().map(|(name, value)| (*name, value.as_bytes().to_vec())));
        self.tools.add_bytes(dn, &attributes)
    }

    /// Locks an account, as anybody can: by as many wrong passwords as the domain takes.
    pub(crate) fn lock(&self, dn: &str) -> Outcome {
        let guess = Tools { dn: dn.to_owned(), password: "wrong", ..self.tools.clone() };
        for _ in 0..LOCKS_AFTER {
            if guess.search("", "base", "(objectClass=*)", &["1.1"]).is_ok() {
                return Err("a wrong password signs in".into());
            }
        }
        Ok(())
    }

    /// Sets what only the server itself sets.
    pub(crate) fn force(dn: &str, line: &str) -> Outcome {
        let attribute = line.split(':').next().unwrap_or_default();
        let ldif = format!("dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{line}\n");
        let root = run(Command::new("id").arg("-u"), None)?.trim() == "0";
        let mut tool = if root { Command::new("ldbmodify") } else { Command::new("sudo") };
        if !root {
            tool.args(["-n", "ldbmodify"]);
        }
        let database = variable("IDSTORE_TEST_SAMBA_DATABASE")?;
        tool.args(["-H", &database, &format!("--controls={BYPASS}")]);
        run(&mut tool, Some(&ldif)).map(drop)
    }

    /// A configuration that does everything, over ldaps.
    pub(crate) fn config(&self, port: u16) -> Result<Value, String> {
        let mut config = config(&self.folder.path().join("password"), &self.people, &self.service);
        for (key, value) in [
            ("urls", json!([format!("ldaps://localhost:{port}")])),
            ("ca_file", json!(variable("IDSTORE_TEST_SAMBA_CA")?)),
            ("directory", json!("active_directory")),
            ("object_filter", json!("(&(objectClass=user)(company={param.org}))")),
            ("password_change", json!("unicode_pwd")),
            ("uniqueness", json!("lock")),
            ("attributes.user_id", json!("objectGUID")),
            // Text attributes stand for what a real domain would have in its own.
            ("attributes.email_verified", json!("division")),
            ("attributes.phone_verified", json!("employeeType")),
            ("attributes.migrated", json!("employeeNumber")),
            ("attributes.blocked", json!(null)),
            ("attributes.created_at", json!("whenCreated")),
            ("attributes.password_changed_at", json!("pwdLastSet")),
            ("attributes.param.org", json!("company")),
            ("create.dn", json!("CN={uuid},{base}")),
            ("create.object_classes", json!(["user"])),
            (
                "create.attributes",
                json!({
                    "uid": "{username}", "mail": "{email}", "telephoneNumber": "{phone_number}",
                    "givenName": "{given_name}", "sn": "{family_name}", "division": "{email_verified}",
                    "employeeType": "{phone_verified}", "company": "{param.org}",
                }),
            ),
        ] {
            change(&mut config, key, value);
        }
        Ok(config)
    }
}

/// A password as the server takes it.
pub(crate) fn unicode(password: &str) -> Vec<u8> {
    format!("\"{password}\"").encode_utf16().flat_map(u16::to_le_bytes).collect()
}
