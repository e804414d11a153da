//! [`Parameter`]: the names that a statement may bind, parsed once, and in which statements each may stand.

use crate::{Kind, StatementKey};
use idstore_contract::IdentifierKind;
use std::fmt;

/// What one bind position of a statement is filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `:identifier`: whatever the user typed.
    Identifier,
    /// `:email`, `:username`, `:phone_number`: what a lookup asks for, what `create` was given, else what the account
    /// found holds.
    Known(IdentifierKind),
    /// `:user_id`: the key that is looked for, or that of the account found.
    UserId,
    /// `:new_email`, `:new_username`, `:new_phone_number`.
    NewIdentifier(IdentifierKind),
    /// `:email_verified`.
    EmailVerified,
    /// `:phone_verified`.
    PhoneVerified,
    /// `:password_hash`.
    PasswordHash,
    /// `:password_salt`.
    PasswordSalt,
    /// `:old_password_hash`: the hash that a better one replaces.
    OldPasswordHash,
    /// `:password`: in clear, for a store that hashes or compares by itself.
    Password,
    /// `:given_name` and the other names of a profile.
    Profile(ProfileField),
    /// `:user_metadata`, the whole object as JSON text, or one member of it.
    UserMetadata(Option<String>),
    /// `:app_metadata`, the whole object as JSON text, or one member of it.
    AppMetadata(Option<String>),
    /// `:param.x`: a parameter of the connection.
    Connection(String),
    /// `:organization`.
    Organization,
    /// `:after`: the last key of the page before, NULL for the first page.
    After,
    /// `:limit`: how many accounts a page has at most.
    Limit,
    /// `:new.x`: a column that an earlier statement of the list returned.
    New(String),
    /// A random value, the same within one call.
    Generated(Generated),
}

/// Names of a person in a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileField {
    /// `:name`.
    Name,
    /// `:given_name`.
    GivenName,
    /// `:family_name`.
    FamilyName,
    /// `:nickname`.
    Nickname,
    /// `:picture`.
    Picture,
}

/// Random values that a statement may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generated {
    /// `:uuid`: version 4, in its usual spelling.
    Uuid,
    /// `:random_hex_32`: 32 hexadecimal digits.
    Hex,
    /// `:random_alnum_32`: 32 of A–Z, a–z, 0–9.
    Alphanumeric,
}

/// Every name without a dot.
const FIXED: [(&str, Parameter); 27] = [
    ("identifier", Parameter::Identifier),
    ("email", Parameter::Known(IdentifierKind::Email)),
    ("username", Parameter::Known(IdentifierKind::Username)),
    ("phone_number", Parameter::Known(IdentifierKind::PhoneNumber)),
    ("user_id", Parameter::UserId),
    ("new_email", Parameter::NewIdentifier(IdentifierKind::Email)),
    ("new_username", Parameter::NewIdentifier(IdentifierKind::Username)),
    ("new_phone_number", Parameter::NewIdentifier(IdentifierKind::PhoneNumber)),
    ("email_verified", Parameter::EmailVerified),
    ("phone_verified", Parameter::PhoneVerified),
    ("password_hash", Parameter::PasswordHash),
    ("password_salt", Parameter::PasswordSalt),
    ("old_password_hash", Parameter::OldPasswordHash),
    ("password", Parameter::Password),
    ("name", Parameter::Profile(ProfileField::Name)),
    ("given_name", Parameter::Profile(ProfileField::GivenName)),
    ("family_name", Parameter::Profile(ProfileField::FamilyName)),
    ("nickname", Parameter::Profile(ProfileField::Nickname)),
    ("picture", Parameter::Profile(ProfileField::Picture)),
    ("organization", Parameter::Organization),
    ("after", Parameter::After),
    ("limit", Parameter::Limit),
    ("uuid", Parameter::Generated(Generated::Uuid)),
    ("random_hex_32", Parameter::Generated(Generated::Hex)),
    ("random_alnum_32", Parameter::Generated(Generated::Alphanumeric)),
    ("user_metadata", Parameter::UserMetadata(None)),
    ("app_metadata", Parameter::AppMetadata(None)),
];

/// The heads of the names with a dot.
pub(crate) const DOTTED: [&str; 4] = ["param", "new", "user_metadata", "app_metadata"];

impl Parameter {
    /// The parameter of that name, without its colon.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some((head, member)) = name.split_once('.') {
            let member = Some(member).filter(|member| !member.is_empty())?.to_owned();
            return match head {
                "param" => Some(Self::Connection(member)),
                "new" => Some(Self::New(member)),
                "user_metadata" => Some(Self::UserMetadata(Some(member))),
                "app_metadata" => Some(Self::AppMetadata(Some(member))),
                _ => None,
            };
        }
        FIXED.into_iter().find(|(fixed, _)| *fixed == name).map(|(_, parameter)| parameter)
    }

    /// The known name that is nearest to an unknown one, if one is near.
    pub fn nearest(name: &str) -> Option<&'static str> {
        crate::nearest::nearest(name, FIXED.iter().map(|(fixed, _)| *fixed))
    }

    /// Whether it may stand in a statement of that key. What depends on the rest of the configuration (`:password`,
    /// `:password_salt`, `:new.x` in the first statement of a list) is checked beside it.
    pub(crate) fn stands_in(&self, key: StatementKey) -> bool {
        use StatementKey as Key;
        let write = key.kind() == Kind::Write;
        match self {
            Self::Connection(_) => key != Key::Probe,
            Self::Identifier => matches!(key, Key::GetUser | Key::Login),
            Self::Known(_) => !matches!(key, Key::GetUserById | Key::List | Key::Probe),
            Self::UserId => !matches!(key, Key::Create | Key::List | Key::Probe),
            Self::NewIdentifier(kind) => key == Key::change_of(*kind),
            Self::EmailVerified => matches!(key, Key::Create | Key::ChangePassword | Key::ChangeEmail),
            Self::PhoneVerified => matches!(key, Key::Create | Key::ChangePhoneNumber),
            Self::PasswordHash | Self::PasswordSalt => {
                matches!(key, Key::Create | Key::ChangePassword | Key::Rehash)
            }
            Self::OldPasswordHash => key == Key::Rehash,
            Self::Password => matches!(key, Key::Create | Key::ChangePassword | Key::Check),
            Self::Profile(_) | Self::UserMetadata(_) | Self::AppMetadata(_) => key == Key::Create,
            Self::Organization => {
                matches!(key, Key::Create | Key::JoinOrganization | Key::LeaveOrganization)
            }
            Self::After | Self::Limit => key == Key::List,
            Self::New(_) | Self::Generated(_) => write,
        }
    }
}

/// The name as it is written, with its colon.
impl fmt::Display for Parameter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = FIXED.iter().find(|(_, fixed)| fixed == self) {
            return write!(out, ":{name}");
        }
        if let Self::Connection(member) = self {
            write!(out, ":param.{member}")
        } else if let Self::New(column) = self {
            write!(out, ":new.{column}")
        } else if let Self::UserMetadata(Some(member)) = self {
            write!(out, ":user_metadata.{member}")
        } else if let Self::AppMetadata(Some(member)) = self {
            write!(out, ":app_metadata.{member}")
        } else {
            Ok(())
        }
    }
}
