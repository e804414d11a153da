//! A subtree of its own in the 389 Directory Server that `tests/run` started.

use super::tools::Tools;
use super::{Outcome, PASSWORD, change, config, variable};
use serde_json::{Value, json};

/// The root of the server.
const ROOT: &str = "cn=Directory Manager";

/// A subtree that one test has for itself.
pub(crate) struct Ds389 {
    pub(crate) tools: Tools,
    pub(crate) suffix: String,
    pub(crate) people: String,
    pub(crate) service: String,
    pub(crate) ldaps_port: u16,
    folder: tempfile::TempDir,
}

impl Ds389 {
    /// Makes one, with an account of the service that may do all in it.
    pub(crate) fn create() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let unique = folder.path().file_name().and_then(|name| name.to_str()).unwrap_or("x");
        let unique =
            format!("test-{}-{}", std::process::id(), unique.trim_start_matches('.').to_ascii_lowercase());
        let suffix = format!("ou={unique},dc=example,dc=org");
        let port = variable("IDSTORE_TEST_DS389_PORT")?;
        let tools = Tools {
            url: format!("ldap://127.0.0.1:{port}"),
            dn: ROOT.into(),
            password: "directory-manager",
            relax: false,
        };
        let (people, service) = (format!("ou=people,{suffix}"), format!("cn=idstore,{suffix}"));
        let may = format!(
            "(targetattr=\"* || passwordExpirationTime || accountUnlockTime\")(version 3.0; acl \"service\"; allow(all) \
             userdn=\"ldap:///{service}\";)"
        );
        tools.add(&suffix, &[("objectClass", "organizationalUnit"), ("ou", &unique), ("aci", &may)])?;
        tools.add(&people, &[("objectClass", "organizationalUnit"), ("ou", "people")])?;
        tools.add(
            &service,
            &[
                ("objectClass", "organizationalRole"),
                ("objectClass", "simpleSecurityObject"),
                ("cn", "idstore"),
                ("userPassword", PASSWORD),
            ],
        )?;
        tools.modify(&service, "replace: passwordExpirationTime")?;
        std::fs::write(folder.path().join("password"), PASSWORD).map_err(|error| error.to_string())?;
        let ldaps_port = variable("IDSTORE_TEST_DS389_LDAPS_PORT")?.parse().map_err(|_| "no port")?;
        Ok(Self { tools, suffix, people, service, ldaps_port, folder })
    }

    /// A configuration that does everything, over ldaps: the server takes passwords no other way.
    pub(crate) fn config(&self, port: u16) -> Result<Value, String> {
        let mut config = config(&self.folder.path().join("password"), &self.people, &self.service);
        change(&mut config, "urls", json!([format!("ldaps://localhost:{port}")]));
        change(&mut config, "ca_file", variable("IDSTORE_TEST_DS389_CA")?);
        change(&mut config, "directory", "ds389");
        change(&mut config, "attributes.user_id", "nsUniqueId");
        change(&mut config, "attributes.password_changed_at", json!(null));
        // Nothing here keeps identifiers unique.
        change(&mut config, "uniqueness", "lock");
        Ok(config)
    }

    /// The same configuration with the root as the service.
    pub(crate) fn as_root(&self, mut config: Value) -> Result<Value, String> {
        let file = self.folder.path().join("root");
        std::fs::write(&file, self.tools.password).map_err(|error| error.to_string())?;
        change(&mut config, "bind_dn", ROOT);
        change(&mut config, "bind_password", json!({ "file": file }));
        Ok(config)
    }

    /// Replaces what the service may do.
    pub(crate) fn allow(&self, rule: &str) -> Outcome {
        self.tools.modify(&self.suffix, &format!("replace: aci\naci: {rule}"))
    }

    /// Keeps the values of an attribute unique here, as long as the answer lives. The plug-in is loaded by the whole server,
    /// whose renames it looks at too: no other test may run.
    pub(crate) fn unique(&self, attribute: &str) -> Result<PlugIn, String> {
        let name = self.suffix.split(['=', ',']).nth(1).unwrap_or_default();
        let dn = format!("cn={name},cn=plugins,cn=config");
        let attributes = [
            ("objectClass", "nsSlapdPlugin"),
            ("objectClass", "extensibleObject"),
            ("cn", name),
            ("nsslapd-pluginPath", "libattr-unique-plugin"),
            ("nsslapd-pluginInitfunc", "NSUniqueAttr_Init"),
            ("nsslapd-pluginType", "betxnpreoperation"),
            ("nsslapd-pluginEnabled", "on"),
            ("nsslapd-pluginId", "NSUniqueAttr"),
            ("nsslapd-pluginVersion", "none"),
            ("nsslapd-pluginVendor", "none"),
            ("nsslapd-pluginDescription", "none"),
            ("nsslapd-plugin-depends-on-type", "database"),
            ("uniqueness-attribute-name", attribute),
            ("uniqueness-subtrees", &self.people),
        ];
        self.tools.add(&dn, &attributes)?;
        Ok(PlugIn { tools: self.tools.clone(), dn })
    }

    /// Makes a password policy, which entries may name; its DN.
    pub(crate) fn policy(&self, lines: &str) -> Result<String, String> {
        let dn = format!("cn=policy,{}", self.suffix);
        let own = lines.lines().filter_map(|line| line.split_once(": "));
        let attributes: Vec<(&str, &str)> =
            [("objectClass", "ldapsubentry"), ("objectClass", "passwordpolicy"), ("cn", "policy")]
                .into_iter()
                .chain(own)
                .collect();
        self.tools.add(&dn, &attributes)?;
        Ok(dn)
    }
}

/// A plug-in of the server, removed when dropped.
pub(crate) struct PlugIn {
    tools: Tools,
    dn: String,
}

impl Drop for PlugIn {
    fn drop(&mut self) {
        // The server goes with the run; a plug-in that is left looks at a subtree that nobody uses.
        self.tools.remove(&self.dn).ok();
    }
}
