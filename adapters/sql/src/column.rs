//! [`Column`]: the names of result columns are the mapping, and an unknown one is an error, so that nothing leaks.

use crate::ProfileField;
use idstore_contract::IdentifierKind;

/// What a result column means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    UserId,
    Identifier(IdentifierKind),
    EmailVerified,
    PhoneVerified,
    Profile(ProfileField),
    CreatedAt,
    Blocked,
    Locked,
    PasswordExpired,
    Restricted,
    Migrated,
    PasswordHash,
    PasswordSalt,
    PasswordScheme,
    PasswordParameters,
    PasswordChangedAt,
    SignedInAs,
    /// `param.x`
    Connection(String),
    /// The whole object, or one member.
    UserMetadata(Option<String>),
    /// The whole object, or one member.
    AppMetadata(Option<String>),
}

const FIXED: [(&str, Column); 25] = [
    ("user_id", Column::UserId),
    ("email", Column::Identifier(IdentifierKind::Email)),
    ("email_verified", Column::EmailVerified),
    ("username", Column::Identifier(IdentifierKind::Username)),
    ("phone_number", Column::Identifier(IdentifierKind::PhoneNumber)),
    ("phone_verified", Column::PhoneVerified),
    ("name", Column::Profile(ProfileField::Name)),
    ("given_name", Column::Profile(ProfileField::GivenName)),
    ("family_name", Column::Profile(ProfileField::FamilyName)),
    ("nickname", Column::Profile(ProfileField::Nickname)),
    ("picture", Column::Profile(ProfileField::Picture)),
    ("created_at", Column::CreatedAt),
    ("blocked", Column::Blocked),
    ("locked", Column::Locked),
    ("password_expired", Column::PasswordExpired),
    ("restricted", Column::Restricted),
    ("migrated", Column::Migrated),
    ("password_hash", Column::PasswordHash),
    ("password_salt", Column::PasswordSalt),
    ("password_scheme", Column::PasswordScheme),
    ("password_parameters", Column::PasswordParameters),
    ("password_changed_at", Column::PasswordChangedAt),
    ("signed_in_as", Column::SignedInAs),
    ("user_metadata", Column::UserMetadata(None)),
    ("app_metadata", Column::AppMetadata(None)),
];

impl Column {
    /// The column of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if let Some((head, member)) = name.split_once('.') {
            let member = Some(member).filter(|member| !member.is_empty())?.to_owned();
            return match head {
                "param" => Some(Self::Connection(member)),
                "user_metadata" => Some(Self::UserMetadata(Some(member))),
                "app_metadata" => Some(Self::AppMetadata(Some(member))),
                _ => None,
            };
        }
        FIXED.into_iter().find(|(fixed, _)| *fixed == name).map(|(_, column)| column)
    }

    /// The known name that is nearest to an unknown one, if one is near.
    pub(crate) fn nearest(name: &str) -> Option<&'static str> {
        crate::nearest::nearest(name, FIXED.iter().map(|(fixed, _)| *fixed))
    }

    /// Whether it is a part of the profile, which every lookup must return alike.
    pub(crate) fn is_profile(&self) -> bool {
        match self {
            Self::UserId
            | Self::Identifier(_)
            | Self::EmailVerified
            | Self::PhoneVerified
            | Self::Profile(_)
            | Self::CreatedAt
            | Self::UserMetadata(_)
            | Self::AppMetadata(_) => true,
            Self::Blocked
            | Self::Locked
            | Self::PasswordExpired
            | Self::Restricted
            | Self::Migrated
            | Self::PasswordHash
            | Self::PasswordSalt
            | Self::PasswordScheme
            | Self::PasswordParameters
            | Self::PasswordChangedAt
            | Self::SignedInAs
            | Self::Connection(_) => false,
        }
    }
}
