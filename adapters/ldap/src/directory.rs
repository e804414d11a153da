//! [`Directory`]: which product answers, for each tells the states of an account in its own way.

use crate::entry::Entry;
use serde::Deserialize;

/// A kind of directory. It alone picks the table of account states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Directory {
    /// OpenLDAP, with or without its password policy overlay.
    Openldap,
    /// 389 Directory Server, Red Hat Directory Server.
    Ds389,
    /// FreeIPA, which is a 389 Directory Server with states of its own.
    Freeipa,
    /// NetIQ eDirectory.
    Edirectory,
    /// Active Directory, or Samba as a domain controller.
    ActiveDirectory,
    /// Any other: result codes and the password policy control alone.
    Generic,
}

/// What a root DSE is read for, to tell directories apart.
pub(crate) const TELLING: [&str; 6] = [
    "objectClass",
    "vendorName",
    "supportedCapabilities",
    "supportedExtension",
    "supportedControl",
    "namingContexts",
];

/// Active Directory, in `supportedCapabilities` (MS-ADTS 3.1.1.3.4.3.1).
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";
/// FreeIPA's way to fetch a keytab, in `supportedExtension`.
const FREEIPA_KEYTAB: &str = "2.16.840.1.113730.3.8.10.5";

impl Directory {
    /// Which one a root DSE is of.
    pub(crate) fn of(root: &Entry) -> Self {
        let has = |attribute: &str, wanted: &str| {
            root.values(attribute).any(|value| value.eq_ignore_ascii_case(wanted.as_bytes()))
        };
        let vendor = root.text("vendorName").unwrap_or_default().to_ascii_lowercase();
        if has("supportedCapabilities", ACTIVE_DIRECTORY) {
            Self::ActiveDirectory
        } else if has("objectClass", "OpenLDAProotDSE") {
            Self::Openldap
        } else if has("supportedExtension", FREEIPA_KEYTAB) {
            Self::Freeipa
        } else if vendor.starts_with("389 project") || vendor.starts_with("red hat") {
            Self::Ds389
        } else if vendor.contains("novell") || vendor.contains("netiq") || vendor.contains("microfocus") {
            Self::Edirectory
        } else {
            Self::Generic
        }
    }

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Openldap => "openldap",
            Self::Ds389 => "ds389",
            Self::Freeipa => "freeipa",
            Self::Edirectory => "edirectory",
            Self::ActiveDirectory => "active_directory",
            Self::Generic => "generic",
        }
    }

    /// The attributes that tell an account's state, which have to be asked for by name.
    pub(crate) fn state_attributes(self) -> &'static [&'static str] {
        match self {
            Self::Openldap | Self::Generic => &["pwdAccountLockedTime", "pwdReset"],
            Self::Ds389 => &["nsAccountLock", "accountUnlockTime", "passwordExpirationTime"],
            Self::Freeipa => {
                &["nsAccountLock", "accountUnlockTime", "krbPasswordExpiration", "krbPrincipalExpiration"]
            }
            Self::Edirectory => &[
                "loginDisabled",
                "loginExpirationTime",
                "lockedByIntruder",
                "loginIntruderResetTime",
                "passwordExpirationTime",
            ],
            Self::ActiveDirectory => &[
                "userAccountControl",
                "msDS-User-Account-Control-Computed",
                "accountExpires",
                "lockoutTime",
                "pwdLastSet",
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_directory_is_known_by_its_root() {
        for (attribute, value, directory) in [
            ("supportedCapabilities", ACTIVE_DIRECTORY, Directory::ActiveDirectory),
            ("objectClass", "OpenLDAProotDSE", Directory::Openldap),
            ("supportedExtension", FREEIPA_KEYTAB, Directory::Freeipa),
            ("vendorName", "389 Project", Directory::Ds389),
            ("vendorName", "NetIQ Corporation", Directory::Edirectory),
            ("vendorName", "Somebody", Directory::Generic),
        ] {
            let attributes = vec![(attribute.to_ascii_uppercase(), vec![value.as_bytes().to_vec()])];
            let root = Entry { dn: String::new(), attributes };
            assert_eq!(Directory::of(&root), directory, "{value}");
        }
    }
}
