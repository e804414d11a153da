//! The presets of directories, each on the real server: what an operator writes beside them is where it is and who asks.

use crate::daemon::{Daemon, Folder};
use serde_json::json;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const SERVICE_PASSWORD: &str = "CANARY-Service-1";
const OFFERS: &str = "offers = [\"create\", \"change_password\", \"change_email\", \"change_username\", \"delete\", \"list\"]\n";

#[test]
fn openldap_with_its_preset() {
    let folder = Folder::new();
    let slapd = Slapd::start(folder);
    let daemon = daemon(
        "openldap",
        &format!("ldap://127.0.0.1:{}", slapd.port),
        "ou=people,dc=test",
        "cn=idstore,dc=test",
        None,
    );
    a_life(&daemon, "ada");
    slapd.add(
        "dn: uid=bob,ou=people,dc=test\nobjectClass: inetOrgPerson\nuid: bob\nuid: bobby\ncn: Bob\nsn: Doe\n\
         mail: bob@example.test\nmail: bobby@example.test\nuserPassword: CANARY-Right-1\n",
    );
    signs_in_with_each(&daemon, &["bob", "bobby", "bob@example.test", "bobby@example.test"]);
}

#[test]
fn ds389_with_its_preset() {
    let (unique, port) = (unique(), variable("IDSTORE_TEST_DS389_PORT"));
    let suffix = format!("ou={unique},dc=example,dc=org");
    let root =
        ["-H", &format!("ldap://127.0.0.1:{port}"), "-D", "cn=Directory Manager", "-w", "directory-manager"];
    let tool = |name, ldif: &str| run(Command::new(name).arg("-x").args(root), ldif);
    tool(
        "ldapadd",
        &format!(
            "dn: {suffix}\nobjectClass: organizationalUnit\nou: {unique}\naci: (targetattr=\"* || passwordExpirationTime\")\
             (version 3.0; acl \"service\"; allow(all) userdn=\"ldap:///cn=idstore,{suffix}\";)\n\n\
             dn: cn=idstore,{suffix}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n\
             cn: idstore\nuserPassword: {SERVICE_PASSWORD}\n"
        ),
    );
    tool(
        "ldapmodify",
        &format!("dn: cn=idstore,{suffix}\nchangetype: modify\nreplace: passwordExpirationTime\n"),
    );
    let url = format!("ldaps://localhost:{}", variable("IDSTORE_TEST_DS389_LDAPS_PORT"));
    let ca = variable("IDSTORE_TEST_DS389_CA");
    let daemon = daemon("389ds", &url, &suffix, &format!("cn=idstore,{suffix}"), Some(&ca));
    a_life(&daemon, &unique);
}

/// The domain controller listens on an address that its certificate does not name: the daemon reaches it through a tunnel.
#[test]
fn active_directory_with_its_preset() {
    let (unique, address) = (unique(), variable("IDSTORE_TEST_SAMBA_ADDRESS"));
    let suffix = format!("OU={unique},DC=ad,DC=example,DC=org");
    let service = format!("CN=svc-{unique},{suffix}");
    let ldif = format!(
        "dn: {suffix}\nobjectClass: organizationalUnit\n\n\
         dn: {service}\nobjectClass: user\nsAMAccountName: svc-{unique}\nunicodePwd:: {}\nuserAccountControl: 512\n\n\
         dn: CN=Domain Admins,CN=Users,DC=ad,DC=example,DC=org\nchangetype: modify\nadd: member\nmember: {service}\n",
        base64_of_utf16(&format!("\"{SERVICE_PASSWORD}\""))
    );
    as_administrator(&address, &ldif);
    let port = tunnel(format!("{address}:636"));
    let ca = variable("IDSTORE_TEST_SAMBA_CA");
    let url = format!("ldaps://localhost:{port}");
    let daemon = daemon("active-directory", &url, &suffix, &service, Some(&ca));
    a_life(&daemon, &unique);
    let principal = format!("principal-{unique}@ad.example.org");
    let ldif = format!(
        "dn: CN=bob-{unique},{suffix}\nobjectClass: user\nsAMAccountName: bob-{unique}\nuserPrincipalName: {principal}\n\
         unicodePwd:: {}\nuserAccountControl: 512\n",
        base64_of_utf16("\"CANARY-Right-1\"")
    );
    as_administrator(&address, &ldif);
    signs_in_with_each(&daemon, &[&format!("bob-{unique}"), &principal]);
    // The domain's own rule, which nobody has written down here.
    assert!(daemon.log().contains("locks an account after 25 wrong passwords"), "{}", daemon.log());
}

/// A daemon on that directory, as an operator would configure it.
fn daemon(preset: &str, url: &str, base: &str, service: &str, ca: Option<&str>) -> Daemon {
    let folder = Folder::new();
    let password = folder.write("service", SERVICE_PASSWORD);
    let ca = ca.map(|ca| format!("ca_file = \"{ca}\"\n")).unwrap_or_default();
    let text = format!(
        "[stores.ldap.corp]\npreset = \"{preset}\"\nurls = [\"{url}\"]\n{ca}base = \"{base}\"\nbind_dn = \"{service}\"\n\
         bind_password.file = \"{}\"\n{OFFERS}[connections.staff]\nstore = \"corp\"\ndeadline_ms = 20000\n",
        password.display(),
    );
    let daemon = Daemon::start_in(folder, &text);
    daemon.wait_until_ready();
    daemon
}

/// One account from its beginning to its end.
fn a_life(daemon: &Daemon, name: &str) {
    let ask = |action: &str, body: serde_json::Value| daemon.ask("staff", action, &body);
    let login = |identifier: &str, password: &str| {
        ask("login", json!({ "identifier": identifier, "password": password }))
    };
    let email = format!("{name}@example.test");
    let new =
        json!({ "username": name, "email": email, "password": "CANARY-Right-1", "family_name": "Lovelace" });
    let made = ask("create", new.clone()).expect(201, "ok");
    let user_id = made["user"]["user_id"].as_str().unwrap().to_owned();
    ask("create", new).expect(409, "user_exists");
    for identifier in [name, &email, &name.to_uppercase()] {
        let user = login(identifier, "CANARY-Right-1").expect(200, "ok");
        assert_eq!(user["user"]["user_id"], user_id.as_str(), "{identifier}");
    }
    login(name, "CANARY-wrong").expect(403, "invalid_credentials");
    login("nobody", "CANARY-Right-1").expect(403, "invalid_credentials");
    // Directories find the account by each of the last ones, and by some of the others.
    for typed in [
        "*".to_owned(),
        "*)(uid=*".to_owned(),
        format!("{name})(objectClass=*"),
        format!("{}*", name.chars().next().unwrap()),
        "{identifier}".to_owned(),
        format!(" {name}"),
        format!("{name} "),
        format!("{name}\u{ad}"),
        fullwidth(name),
    ] {
        login(&typed, "CANARY-Right-1").expect(403, "invalid_credentials");
        ask("get_user", json!({ "identifier": typed })).expect(404, "user_not_found");
    }

    let found = ask("get_user", json!({ "user_id": user_id })).expect(200, "ok");
    assert_eq!(found["user"]["username"], name);
    assert_eq!(found["user"]["family_name"], "Lovelace");
    ask("get_user", json!({ "email": "nobody@example.test" })).expect(404, "user_not_found");
    ask("change_password", json!({ "user_id": user_id, "new_password": "CANARY-Right-2" })).expect(200, "ok");
    login(name, "CANARY-Right-2").expect(200, "ok");
    let other = format!("{name}-2@example.test");
    ask("change_email", json!({ "user_id": user_id, "new_email": other, "verified": false }))
        .expect(200, "ok");
    login(&other, "CANARY-Right-2").expect(200, "ok");
    login(&email, "CANARY-Right-2").expect(403, "invalid_credentials");
    ask("verify", json!({ "email": other })).expect(501, "action_not_supported");
    ask("delete", json!({ "user_id": user_id })).expect(200, "ok");
    let after = login(name, "CANARY-Right-2").code();
    assert!(["user_blocked", "invalid_credentials"].contains(&after.as_str()), "{after}");
}

/// One account, by whatever it is called.
fn signs_in_with_each(daemon: &Daemon, names: &[&str]) {
    for name in names {
        let login = |password: &str| {
            daemon.ask("staff", "login", &json!({ "identifier": name, "password": password }))
        };
        login("CANARY-Right-1").expect(200, "ok");
        login("CANARY-wrong").expect(403, "invalid_credentials");
    }
}

fn as_administrator(address: &str, ldif: &str) {
    let mut add = Command::new("ldapmodify");
    add.env("LDAPTLS_REQCERT", "never").args(["-a", "-x", "-H", &format!("ldaps://{address}")]);
    add.args(["-D", "administrator@ad.example.org", "-w", "Passw0rd-Admin-1"]);
    run(&mut add, ldif);
}

/// The first letter in the form that stands between Chinese ones.
fn fullwidth(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    let wide = char::from_u32(u32::from(first.chars().next().unwrap()) + 0xfee0).unwrap();
    format!("{wide}{rest}")
}

/// A misspelled name finds nobody there: as a wrong password everybody would look for the mistake at the wrong place.
#[test]
fn a_name_that_the_directory_does_not_know_is_no_wrong_password() {
    let slapd = Slapd::start(Folder::new());
    let folder = Folder::new();
    let password = folder.write("service", SERVICE_PASSWORD);
    let text = format!(
        "[stores.ldap.corp]\npreset = \"openldap\"\nurls = [\"ldap://127.0.0.1:{}\"]\nbase = \"ou=people,dc=test\"\n\
         bind_dn = \"cn=idstore,dc=test\"\nbind_password.file = \"{}\"\nfilter = \"(|(uid={{identifier}})(mial={{identifier}}))\"\n\
         [connections.staff]\nstore = \"corp\"\n",
        slapd.port,
        password.display(),
    );
    let daemon = Daemon::start_in(folder, &text);
    daemon
        .ask("staff", "login", &json!({ "identifier": "ada", "password": "CANARY-Right-1" }))
        .expect(500, "store_misconfigured");
    daemon
        .ask("staff", "get_user", &json!({ "email": "ada@example.test" }))
        .expect(500, "store_misconfigured");
    daemon.wait_for_text("/readyz/corp", "filter: the directory's schema has no attribute mial");
    daemon.wait_for("/readyz", 503);
}

/// Nobody but the user sees anything, and there is no account of the service.
#[test]
fn a_flat_directory_needs_no_account_of_the_service() {
    let slapd = Slapd::start(Folder::new());
    slapd.add(
        "dn: uid=ada,ou=people,dc=test\nobjectClass: inetOrgPerson\nuid: ada\ncn: Ada\nsn: Lovelace\n\
         mail: ada@example.test\nuserPassword: CANARY-Right-1\n",
    );
    let text = format!(
        "[stores.ldap.flat]\nurls = [\"ldap://127.0.0.1:{}\"]\nbase = \"ou=people,dc=test\"\nfilter = \"(uid={{identifier}})\"\n\
         password_check = \"dn_template\"\ndn_template = \"uid={{identifier}},ou=people,dc=test\"\nemail_verified = \"never\"\n\
         attributes = {{ user_id = \"entryUUID\", username = \"uid\", email = \"mail\" }}\n\
         [stores.ldap.flat.passwords]\nwrite = \"store\"\n[connections.staff]\nstore = \"flat\"\n",
        slapd.port
    );
    let daemon = Daemon::start_ready(&text);
    let login = |identifier: &str, password: &str| {
        daemon.ask("staff", "login", &json!({ "identifier": identifier, "password": password }))
    };
    let user = login("ada", "CANARY-Right-1").expect(200, "ok");
    assert_eq!(
        (&user["user"]["email"], &user["user"]["username"]),
        (&json!("ada@example.test"), &json!("ada"))
    );
    // The directory takes the last two for the same name, and the connection does not.
    for (identifier, password) in [
        ("ada", "CANARY-wrong"),
        ("nobody", "CANARY-Right-1"),
        ("ada,ou=people", "CANARY-Right-1"),
        ("ADA", "CANARY-Right-1"),
        ("ada ", "CANARY-Right-1"),
    ] {
        login(identifier, password).expect(403, "invalid_credentials");
    }
    // What nobody may see is not told as nobody.
    daemon.ask("staff", "get_user", &json!({ "username": "ada" })).expect(500, "store_misconfigured");
}

/// A slapd of the test's own.
struct Slapd {
    port: u16,
    process: Child,
    _folder: Folder,
}

impl Slapd {
    fn start(folder: Folder) -> Self {
        let (schema, modules) =
            (variable("IDSTORE_TEST_SLAPD_SCHEMA"), variable("IDSTORE_TEST_SLAPD_MODULES"));
        std::fs::create_dir(folder.path().join("db")).unwrap();
        let home = folder.path().display().to_string();
        let conf = folder.write(
            "slapd.conf",
            &format!(
                "include {schema}/core.schema\ninclude {schema}/cosine.schema\ninclude {schema}/inetorgperson.schema\n\
                 modulepath {modules}\nmoduleload back_mdb\npidfile {home}/pid\ndatabase mdb\nsuffix \"dc=test\"\n\
                 rootdn \"cn=root,dc=test\"\nrootpw root\ndirectory {home}/db\ndbnosync\nmaxsize 67108864\n\
                 index objectClass,uid,mail,entryUUID eq\n\
                 access to attrs=userPassword by dn.exact=\"cn=idstore,dc=test\" write by anonymous auth by * none\n\
                 access to * by dn.exact=\"cn=idstore,dc=test\" write by self read by * none\n"
            ),
        );
        let base = folder.write(
            "base.ldif",
            &format!(
                "dn: dc=test\nobjectClass: dcObject\nobjectClass: organization\no: test\ndc: test\n\n\
                 dn: ou=people,dc=test\nobjectClass: organizationalUnit\nou: people\n\n\
                 dn: cn=idstore,dc=test\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n\
                 cn: idstore\nuserPassword: {SERVICE_PASSWORD}\n"
            ),
        );
        let program = variable("IDSTORE_TEST_SLAPD");
        run(Command::new(&program).args(["-T", "add", "-q", "-f"]).arg(&conf).arg("-l").arg(&base), "");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new("setpriv")
            .args([
                "--pdeathsig",
                "KILL",
                &program,
                "-d",
                "0",
                "-h",
                &format!("ldap://127.0.0.1:{port}"),
                "-f",
            ])
            .arg(&conf)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let slapd = Self { port, process, _folder: folder };
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "slapd did not start");
            std::thread::yield_now();
        }
        slapd
    }

    /// Adds entries, past the rules of access.
    fn add(&self, ldif: &str) {
        let root = ["-H", &format!("ldap://127.0.0.1:{}", self.port), "-D", "cn=root,dc=test", "-w", "root"];
        run(Command::new("ldapadd").arg("-x").args(root), ldif);
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A loopback port whose connections end at that address.
fn tunnel(to: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let Ok(far) = std::net::TcpStream::connect(&to) else { continue };
            for (mut from, mut to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                std::thread::spawn(move || {
                    std::io::copy(&mut from, &mut to).ok();
                    to.shutdown(std::net::Shutdown::Write).ok();
                });
            }
        }
    });
    port
}

/// A name that no other test has, of at most 16 characters.
fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("e{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run tests/run, which starts the servers and sets it"))
}

fn run(command: &mut Command, input: &str) {
    let name = Path::new(command.get_program()).display().to_string();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

fn base64_of_utf16(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let group = |chunk: &[u8]| {
        let number =
            chunk.iter().chain([&0, &0]).take(3).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        let digits =
            [18, 12, 6, 0].map(|shift| char::from(DIGITS[usize::try_from(number >> shift & 63).unwrap()]));
        let kept = chunk.len() + 1;
        digits.iter().take(kept).chain(std::iter::repeat_n(&'=', 4 - kept)).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}
