//! The keys of `[stores.ldap.NAME]`, and everything about them that can be said without a server.

use crate::directory::Directory;
use crate::plan::Plan;
use idstore_contract::{Problem, SecretRef, Surroundings};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How to reach a directory, and what to ask it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The servers, in the order in which they are tried: `ldaps://host[:port]` or `ldap://host[:port]`.
    pub urls: Vec<String>,
    /// The authorities (PEM) that may have signed the servers' certificates; absent: those of the operating system.
    pub ca_file: Option<PathBuf>,
    /// TLS by StartTLS on `ldap://`. A server that refuses it is not used.
    #[serde(default)]
    pub start_tls: bool,
    /// Lets `ldap://` go unencrypted beyond this machine: every password is readable on the way.
    #[serde(default)]
    pub allow_plain_ldap: bool,
    /// Which product answers; absent: it is read from the root DSE.
    pub directory: Option<Directory>,
    /// The account of this service. Absent: searches are anonymous.
    pub bind_dn: Option<String>,
    /// Its password.
    pub bind_password: Option<SecretRef>,
    /// The most sessions of the service, and the most binds of users at once.
    #[serde(default = "default_pool_max")]
    pub pool_max: u32,
    /// Where accounts are, and all below.
    pub base: String,
    /// Added to every search: what does not fit is invisible to every action.
    #[serde(default = "default_object_filter")]
    pub object_filter: String,
    /// Finds an account by whatever the user typed, `{identifier}`.
    pub filter: String,
    /// Who compares passwords.
    #[serde(default)]
    pub password_check: PasswordCheck,
    /// The DN of an account, of `{identifier}`; with `password_check = "dn_template"`.
    pub dn_template: Option<String>,
    /// How a new password is set. Absent: it can't be.
    pub password_change: Option<PasswordChange>,
    /// What counts as a proven e-mail address.
    pub email_verified: EmailVerified,
    /// Whether a grace login of an expired password is a login.
    #[serde(default)]
    pub grace_logins: GraceLogins,
    /// So many wrong passwords lock an account in the directory. Compared with the directory's own rule where this service
    /// may read that.
    pub lockout_after: Option<u32>,
    /// How long a lock of OpenLDAP's password policy lasts, as in its `pwdLockoutDuration`; absent: until somebody lifts
    /// it.
    pub lockout_duration_secs: Option<u32>,
    /// The most names of groups that an account is told with.
    #[serde(default = "default_groups_max")]
    pub groups_max: usize,
    /// Where groups come from. Absent: accounts have none.
    pub groups: Option<Groups>,
    /// Profile member = attribute.
    pub attributes: Attributes,
    /// What keeps two accounts from having the same identifier.
    #[serde(default)]
    pub uniqueness: Uniqueness,
    /// Which writes, and lists, are offered.
    #[serde(default)]
    pub offers: Vec<Offer>,
    /// The template of new entries.
    pub create: Option<Create>,
    /// What deleting does.
    #[serde(default)]
    pub delete: Delete,
}

/// Who compares passwords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordCheck {
    /// The server: a bind as the user, whose DN a search has found.
    #[default]
    Bind,
    /// The daemon: the hash is read from `attributes.password_hash`.
    CompareHash,
    /// The server: a bind with a DN that is made of what the user typed.
    DnTemplate,
    /// Nobody: there is no login.
    None,
}

/// How a new password is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordChange {
    /// The password modify operation (RFC 3062): the server hashes.
    Extended,
    /// Active Directory's `unicodePwd`; over TLS only.
    UnicodePwd,
    /// The attribute `attributes.password_hash` (absent: `userPassword`): a hash of the daemon, or in clear where the
    /// server hashes what is written there.
    Attribute,
}

/// What counts as a proven e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailVerified {
    /// Every address: the directory's own people put it there.
    Always,
    /// None.
    Never,
    /// Where `attributes.email_verified` is true.
    Attribute,
}

/// Whether a grace login is a login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GraceLogins {
    /// No: the password has expired.
    #[default]
    Refuse,
    /// Yes, and each uses one up.
    Allow,
}

/// What keeps two accounts from having the same identifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uniqueness {
    /// The directory: the DN, an overlay or plug-in, Active Directory's own rule for `sAMAccountName`.
    #[default]
    Constraint,
    /// Nothing in the directory: this process asks before it writes, one write after the other. Other daemons and the
    /// directory's own people are not seen.
    Lock,
}

/// Something that a directory may offer beside lookups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// New accounts, by `[create]`.
    Create,
    /// Marking the address as proven, by `attributes.email_verified`.
    Verify,
    /// New passwords, by `password_change`.
    ChangePassword,
    /// Another `attributes.email`.
    ChangeEmail,
    /// Another `attributes.username`.
    ChangeUsername,
    /// Another `attributes.phone_number`.
    ChangePhoneNumber,
    /// Removing or blocking accounts, by `delete`.
    Delete,
    /// Pages of all accounts.
    List,
    /// Marking accounts as migrated, by `attributes.migrated`.
    MarkMigrated,
}

/// What deleting does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delete {
    /// The entry is removed.
    #[default]
    Remove,
    /// The entry stays and is blocked.
    Disable,
}

/// Where the groups of an account come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Groups {
    /// The attribute of an account that holds the DNs of its groups, such as `memberOf`.
    pub member_of: Option<String>,
    /// Finds the groups of an account, by `{dn}`, `{username}` or `{user_id}`.
    pub filter: Option<String>,
    /// Where groups are looked for by `filter`, and a posixGroup by its number; absent: `base`.
    pub base: Option<String>,
    /// The attribute of a group that is its name, where `filter` finds it; of a `member_of` it is the first name of the DN.
    pub name: Option<String>,
    /// Adds the primary group, which has no `member`: Active Directory's, else the posixGroup of the account's `gidNumber`.
    pub primary: bool,
    /// Patterns (`app-*`) of the names that are told. Empty: all.
    pub include: Vec<String>,
}

/// Profile member = attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attributes {
    /// The immutable key: entryUUID, objectGUID, nsUniqueId, ipaUniqueID.
    pub user_id: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether it is proven (TRUE or FALSE).
    pub email_verified: Option<String>,
    /// User name.
    pub username: Option<String>,
    /// Phone number.
    pub phone_number: Option<String>,
    /// Whether that is proven (TRUE or FALSE).
    pub phone_verified: Option<String>,
    /// Full name.
    pub name: Option<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Nickname.
    pub nickname: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
    /// When the account was made.
    pub created_at: Option<String>,
    /// Bars the account where it is TRUE, beside what the directory itself says.
    pub blocked: Option<String>,
    /// The stored hash.
    pub password_hash: Option<String>,
    /// When the password was last changed.
    pub password_changed_at: Option<String>,
    /// Since when the account counts as migrated.
    pub migrated: Option<String>,
    /// What the user may change: name = attribute, with `[]` behind it for all its values.
    pub user_metadata: BTreeMap<String, String>,
    /// What only applications may change.
    pub app_metadata: BTreeMap<String, String>,
    /// The values that keep connections apart, by the name of the connection's parameter.
    pub param: BTreeMap<String, String>,
}

/// The template of a new entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Its DN.
    pub dn: String,
    /// Its object classes.
    pub object_classes: Vec<String>,
    /// Its attributes. One whose value has a name without a value is left out.
    #[serde(default)]
    pub attributes: BTreeMap<String, OneOrMany>,
}

/// One text or several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    pub fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

impl Attributes {
    /// Each member that is mapped, by its key below `attributes`, and its attribute.
    pub(crate) fn named(&self) -> Vec<(String, &str)> {
        let single = [
            ("user_id", Some(&self.user_id).filter(|id| !id.is_empty())),
            ("email", self.email.as_ref()),
            ("email_verified", self.email_verified.as_ref()),
            ("username", self.username.as_ref()),
            ("phone_number", self.phone_number.as_ref()),
            ("phone_verified", self.phone_verified.as_ref()),
            ("name", self.name.as_ref()),
            ("given_name", self.given_name.as_ref()),
            ("family_name", self.family_name.as_ref()),
            ("nickname", self.nickname.as_ref()),
            ("picture", self.picture.as_ref()),
            ("created_at", self.created_at.as_ref()),
            ("blocked", self.blocked.as_ref()),
            ("password_hash", self.password_hash.as_ref()),
            ("password_changed_at", self.password_changed_at.as_ref()),
            ("migrated", self.migrated.as_ref()),
        ];
        let named = single.into_iter().filter_map(|(key, name)| Some((key.to_owned(), name?.as_str())));
        let tables = [
            ("user_metadata", &self.user_metadata),
            ("app_metadata", &self.app_metadata),
            ("param", &self.param),
        ];
        let in_tables = tables.into_iter().flat_map(|(table, members)| {
            members.iter().map(move |(key, name)| (format!("{table}.{key}"), name.trim_end_matches("[]")))
        });
        named.chain(in_tables).collect()
    }
}

impl Config {
    /// Every error and warning, without I/O.
    pub fn check(&self, around: &Surroundings) -> Vec<Problem> {
        Plan::compile(self, around).1
    }
}

fn default_pool_max() -> u32 {
    8
}

fn default_groups_max() -> usize {
    100
}

fn default_object_filter() -> String {
    "(objectClass=person)".to_owned()
}
