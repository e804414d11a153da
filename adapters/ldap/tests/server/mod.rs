//! A slapd of its own for each test, and the ways around the adapter: OpenLDAP's own programs, over its unix socket.

#![allow(dead_code, unused_imports, reason = "two test programs use this, each a part of it")]

pub(crate) mod ask;
pub(crate) mod behind;
pub(crate) mod ds389;
pub(crate) mod samba;
pub(crate) mod tools;
pub(crate) mod unit;

pub(crate) use idstore_conformance::ask::{Outcome, ensure};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tools::{Found, Tools, run};

/// The account of the service, and its password.
pub(crate) const SERVICE: &str = "cn=idstore,dc=test";
pub(crate) const PASSWORD: &str = "idstore-test";
/// Where accounts are.
pub(crate) const PEOPLE: &str = "ou=people,dc=test";
/// How long a slapd may take to start, a busy machine included.
const START_MAX: Duration = Duration::from_secs(10);

/// Attributes of the tests' own, under the number that is set aside for examples.
const SCHEMA: &str = "
attributetype ( 1.3.6.1.4.1.32473.1.1.1 NAME 'testEmailVerified' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.1.2 NAME 'testPhoneVerified' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.1.3 NAME 'testBlocked' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.1.4 NAME 'testOrganization' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.1.5 NAME 'testMigrated' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.1.6 NAME 'testHash' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.1.1.7 NAME 'testGuid' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.32473.1.2.1 NAME 'testPerson' SUP top AUXILIARY MAY ( testEmailVerified $ testPhoneVerified $ testBlocked $ testOrganization $ testMigrated $ testHash $ testGuid ) )
";

const BASE: &str = "dn: dc=test
objectClass: dcObject
objectClass: organization
o: test
dc: test

dn: ou=people,dc=test
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=test
objectClass: organizationalUnit
ou: groups

dn: cn=idstore,dc=test
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: idstore
userPassword: idstore-test

dn: cn=policy,dc=test
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdCheckQuality: 2
pwdSafeModify: FALSE
";

/// What a slapd is started with.
#[derive(Clone, Default)]
pub(crate) struct Options {
    /// Identifiers are unique within an organization.
    pub(crate) unique: bool,
    /// Attributes of the password policy, one a line.
    pub(crate) policy: &'static str,
    /// Lines before the database.
    pub(crate) global: &'static str,
    /// What the service may do with passwords; `manage` where it may do all.
    pub(crate) service_may: &'static str,
    /// Rules of access before all others.
    pub(crate) access: &'static str,
    /// Another certificate than the right one, by the name of its files.
    pub(crate) certificate: &'static str,
}

/// A running slapd, stopped and removed when dropped.
pub(crate) struct Slapd {
    pub(crate) port: u16,
    pub(crate) ldaps_port: u16,
    folder: tempfile::TempDir,
    process: Option<Child>,
}

/// A variable that `tests/run` exports.
pub(crate) fn variable(name: &str) -> Result<String, String> {
    std::env::var(name)
        .map_err(|_| format!("{name} is not set: run tests/run, which starts the servers and sets it"))
}

impl Slapd {
    /// Makes and starts one.
    pub(crate) fn start(options: &Options) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("slapd").tempdir().map_err(|error| error.to_string())?;
        let mut server = Self { port: 0, ldaps_port: 0, folder, process: None };
        std::fs::create_dir(server.path("db")).map_err(|error| error.to_string())?;
        let file = |name: &str, text: &str| {
            std::fs::write(server.path(name), text).map_err(|error| error.to_string())
        };
        file("slapd.conf", &server.configuration(options)?)?;
        file("base.ldif", &format!("{BASE}{}", options.policy))?;
        file("password", PASSWORD)?;
        let slapd = variable("IDSTORE_TEST_SLAPD")?;
        let mut load = Command::new(&slapd);
        load.args(["-T", "add", "-q", "-f"]).arg(server.path("slapd.conf"));
        load.arg("-l").arg(server.path("base.ldif"));
        run(&mut load, None)?;
        // Somebody else may take a free port before the server does.
        let mut started = Err("not started".to_owned());
        for _ in 0..3 {
            (server.port, server.ldaps_port) = (free_port()?, free_port()?);
            started = server.up();
            if started.is_ok() {
                break;
            }
        }
        started.map(|()| server)
    }

    /// Starts it, again on the same ports.
    pub(crate) fn up(&mut self) -> Outcome {
        let (port, ldaps) = (self.port, self.ldaps_port);
        // The second address is one that the certificate does not name.
        let addresses = format!(
            "ldap://127.0.0.1:{port} ldap://127.0.0.2:{port} ldaps://127.0.0.1:{ldaps} ldaps://127.0.0.2:{ldaps} {}",
            self.socket()
        );
        // It dies with the thread that started it, so that a test that is killed leaves nothing behind.
        let mut slapd = Command::new("setpriv");
        slapd.args([
            "--pdeathsig",
            "KILL",
            &variable("IDSTORE_TEST_SLAPD")?,
            "-d",
            "0",
            "-h",
            &addresses,
            "-f",
        ]);
        slapd.arg(self.path("slapd.conf")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = slapd.spawn().map_err(|error| format!("slapd: {error}"))?;
        let began = Instant::now();
        while !self.path("pid").exists() || self.search("", "base", "(objectClass=*)", &["1.1"]).is_err() {
            if began.elapsed() > START_MAX || process.try_wait().is_ok_and(|ended| ended.is_some()) {
                process.kill().ok();
                return Err("slapd did not start".into());
            }
            std::thread::yield_now();
        }
        self.process = Some(process);
        Ok(())
    }

    /// Ends it without a word to anybody.
    pub(crate) fn kill(&mut self) -> Outcome {
        if let Some(mut process) = self.process.take() {
            process.kill().and_then(|()| process.wait()).map_err(|error| error.to_string())?;
        }
        std::fs::remove_file(self.path("pid")).map_err(|error| error.to_string())
    }

    /// Restarts it with a definition more in its schema.
    pub(crate) fn learn(&mut self, definition: &str) -> Outcome {
        let path = self.path("slapd.conf");
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        let text = text.replacen("modulepath", &format!("{definition}\nmodulepath"), 1);
        std::fs::write(&path, text).map_err(|error| error.to_string())?;
        self.kill()?;
        self.up()
    }

    /// Its process, to be frozen.
    pub(crate) fn processes(&self) -> Result<[u32; 1], String> {
        self.process.as_ref().map(|process| [process.id()]).ok_or_else(|| "slapd does not run".into())
    }

    /// OpenLDAP's programs, over the unix socket.
    pub(crate) fn tools(&self) -> Tools {
        Tools { url: self.socket(), dn: "cn=root,dc=test".into(), password: "root", relax: true }
    }

    /// Adds an entry, past the overlays that would refuse it.
    pub(crate) fn add(&self, dn: &str, attributes: &[(&str, &str)]) -> Outcome {
        self.tools().add(dn, attributes)
    }

    /// Modifies an entry: lines of LDIF after `changetype`.
    pub(crate) fn modify(&self, dn: &str, lines: &str) -> Outcome {
        self.tools().modify(dn, lines)
    }

    /// The entries that a search finds.
    pub(crate) fn search(
        &self,
        base: &str,
        scope: &str,
        filter: &str,
        attributes: &[&str],
    ) -> Result<Vec<Found>, String> {
        self.tools().search(base, scope, filter, attributes)
    }

    /// A password as the server itself would store it.
    pub(crate) fn hashed(scheme: &str, module: &str, password: &str) -> Result<String, String> {
        let mut tool = Command::new("slappasswd");
        let path = format!("module-path={}", variable("IDSTORE_TEST_SLAPD_MODULES")?);
        tool.args(["-n", "-o", &path, "-o", &format!("module-load={module}"), "-h", scheme, "-s", password]);
        run(&mut tool, None)
    }

    /// A configuration that does everything, over a plain session, to be changed.
    pub(crate) fn config(&self) -> Value {
        let mut config = config(&self.path("password"), PEOPLE, SERVICE);
        change(&mut config, "urls", json!([format!("ldap://127.0.0.1:{}", self.port)]));
        config
    }

    /// A configuration without an account of the service: users sign in with a DN that is made of what they typed.
    pub(crate) fn config_of_nobody(&self) -> Value {
        let mut config = self.config();
        for key in ["bind_dn", "bind_password", "password_change", "create"] {
            change(&mut config, key, json!(null));
        }
        change(&mut config, "offers", json!([]));
        change(&mut config, "password_check", "dn_template");
        change(&mut config, "dn_template", "uid={identifier},ou=people,dc=test");
        config
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn socket(&self) -> String {
        format!("ldapi://{}", self.path("ldapi").display().to_string().replace('/', "%2F"))
    }

    fn configuration(&self, options: &Options) -> Result<String, String> {
        let (schema, modules) =
            (variable("IDSTORE_TEST_SLAPD_SCHEMA")?, variable("IDSTORE_TEST_SLAPD_MODULES")?);
        let schemas: String = ["core", "cosine", "inetorgperson", "nis"]
            .map(|name| format!("include {schema}/{name}.schema\n"))
            .concat();
        let loaded: String = ["back_mdb", "ppolicy", "unique", "memberof", "argon2", "pw-pbkdf2"]
            .map(|name| format!("moduleload {name}\n"))
            .concat();
        let domains = ["uid", "mail", "telephoneNumber"].into_iter().flat_map(|attribute| {
            ["acme", "globex"].map(|organization| {
                format!(
                    "unique_uri \"serialize ldap:///{PEOPLE}?{attribute}?sub?(testOrganization={organization})\"\n"
                )
            })
        });
        let unique = if options.unique {
            format!("overlay unique\n{}", domains.collect::<Vec<_>>().concat())
        } else {
            String::new()
        };
        let may = if options.service_may.is_empty() { "manage" } else { options.service_may };
        let certificate = |name: &str, kind: &str| {
            let right = PathBuf::from(variable(name)?);
            let other = right.with_file_name(format!("{}.{kind}", options.certificate));
            let file = if options.certificate.is_empty() { right } else { other };
            Ok::<_, String>(file.display().to_string())
        };
        Ok(format!(
            "{schemas}{SCHEMA}modulepath {modules}\n{loaded}pidfile {folder}/pid\nthreads 4\n\
             TLSCACertificateFile {ca}\nTLSCertificateFile {cert}\nTLSCertificateKeyFile {key}\n{global}\n\
             database mdb\nsuffix \"dc=test\"\nrootdn \"cn=root,dc=test\"\nrootpw root\ndirectory {folder}/db\n\
             dbnosync\nmaxsize 67108864\nindex objectClass,uid,mail,entryUUID eq\n{unique}\
             overlay ppolicy\nppolicy_default \"cn=policy,dc=test\"\nppolicy_use_lockout\nppolicy_hash_cleartext\n\
             overlay memberof\nlimits dn.exact=\"{SERVICE}\" size=unlimited\n{access}\
             access to attrs=userPassword by dn.exact=\"{SERVICE}\" {may} by self =xw by anonymous auth by * none\n\
             access to * by dn.exact=\"{SERVICE}\" {may} by self read by * none\n",
            folder = self.folder.path().display(),
            ca = variable("IDSTORE_TEST_SLAPD_CA")?,
            cert = certificate("IDSTORE_TEST_SLAPD_CERT", "pem")?,
            key = certificate("IDSTORE_TEST_SLAPD_KEY", "key")?,
            global = options.global,
            access = options.access,
        ))
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            process.kill().ok();
            process.wait().ok();
        }
    }
}

/// Sets a key of a configuration, a dotted path.
pub(crate) fn change(config: &mut Value, path: &str, value: impl Into<Value>) {
    let mut place = config;
    for key in path.split('.') {
        if !place.is_object() {
            *place = json!({});
        }
        let Some(table) = place.as_object_mut() else { return };
        place = table.entry(key).or_insert(Value::Null);
    }
    *place = value.into();
}

/// A configuration that does everything for accounts below `people`, to be changed; it has no server yet.
pub(crate) fn config(password: &Path, people: &str, service: &str) -> Value {
    json!({
        "urls": [],
        "directory": "openldap",
        "bind_dn": service,
        "bind_password": { "file": password },
        "base": people,
        "object_filter": "(&(objectClass=testPerson)(testOrganization={param.org}))",
        "filter": "(|(mail={identifier})(uid={identifier})(telephoneNumber={identifier}))",
        "password_change": "extended",
        "email_verified": "attribute",
        "attributes": {
            "user_id": "entryUUID", "email": "mail", "email_verified": "testEmailVerified",
            "username": "uid", "phone_number": "telephoneNumber", "phone_verified": "testPhoneVerified",
            "given_name": "givenName", "family_name": "sn", "created_at": "createTimestamp",
            "blocked": "testBlocked", "password_changed_at": "pwdChangedTime", "migrated": "testMigrated",
            "param": { "org": "testOrganization" },
        },
        "offers": [
            "create", "verify", "change_password", "change_email", "change_username", "change_phone_number",
            "delete", "list", "mark_migrated",
        ],
        "create": {
            "dn": "uid={username},{base}",
            "object_classes": ["inetOrgPerson", "testPerson"],
            "attributes": {
                "uid": "{username}", "mail": "{email}", "telephoneNumber": "{phone_number}",
                "cn": "{username}", "givenName": "{given_name}", "sn": "{family_name}",
                "testEmailVerified": "{email_verified}", "testPhoneVerified": "{phone_verified}",
                "testOrganization": "{param.org}",
            },
        },
    })
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

/// The certificates' authority.
pub(crate) fn ca() -> Result<PathBuf, String> {
    variable("IDSTORE_TEST_SLAPD_CA").map(|path| Path::new(&path).to_owned())
}
