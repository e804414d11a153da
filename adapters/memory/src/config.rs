//! [`Config`]: the keys of `[stores.memory.NAME]`, and the check of them. No I/O here.

use crate::Record;
use idstore_contract::{Ability, IdentifierKind, PasswordCheck, PasswordWrite, Problem, Surroundings};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use std::collections::BTreeSet;

/// The configuration of one store in memory.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Who compares passwords.
    pub password_check: PasswordChecker,
    /// By which identifiers accounts can be found; absent: all three. A new account can't have another one.
    pub identifiers: Option<Vec<Identifier>>,
    /// What is offered beside lookups; absent: everything.
    pub abilities: Option<Vec<Offer>>,
    /// What deleting does.
    pub delete: DeleteMode,
    /// Names of parameters of the connection. Only accounts that hold the connection's values are seen and changed, and
    /// new ones get them.
    pub parameters: BTreeSet<String>,
    /// The accounts that there are at first.
    pub accounts: Vec<Record>,
}

/// Who compares passwords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordChecker {
    /// The daemon; accounts hold hashes.
    #[default]
    ByProxy,
    /// This store; accounts hold passwords in clear.
    ByStore,
    /// Nobody: there is no login.
    None,
}

/// What deleting does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteMode {
    /// The account is gone.
    #[default]
    Remove,
    /// The account stays and is blocked.
    Deactivate,
}

/// An identifier, by its name in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identifier(pub IdentifierKind);

/// An ability, by its name in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer(pub Ability);

impl Config {
    /// Everything that is wrong, without any I/O.
    pub fn check(&self, around: &Surroundings) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_passwords(around, &mut problems);
        self.check_parameters(around, &mut problems);
        self.check_accounts(&mut problems);
        problems
    }

    /// The abilities that are offered, without those that the rest of the configuration makes impossible: where the
    /// daemon sees no hash it can't replace one, where nobody compares passwords there is none to store, and an
    /// identifier that is not kept can't be changed.
    pub(crate) fn abilities(&self) -> BTreeSet<Ability> {
        let mut abilities: BTreeSet<Ability> = match &self.abilities {
            Some(chosen) => chosen.iter().map(|Offer(ability)| *ability).collect(),
            None => ABILITIES.into(),
        };
        let without: &[Ability] = match self.password_check {
            PasswordChecker::ByProxy => &[],
            PasswordChecker::ByStore => &[Ability::Rehash],
            PasswordChecker::None => {
                &[Ability::Create, Ability::ChangePassword, Ability::ChangePasswordVerifies, Ability::Rehash]
            }
        };
        let identifiers = self.identifiers();
        for (kind, ability) in [
            (IdentifierKind::Email, Ability::ChangeEmail),
            (IdentifierKind::Username, Ability::ChangeUsername),
            (IdentifierKind::PhoneNumber, Ability::ChangePhoneNumber),
        ] {
            if !identifiers.contains(&kind) {
                abilities.remove(&ability);
            }
        }
        abilities.retain(|ability| !without.contains(ability));
        abilities
    }

    /// The identifiers by which accounts are found.
    pub(crate) fn identifiers(&self) -> BTreeSet<IdentifierKind> {
        match &self.identifiers {
            Some(chosen) => chosen.iter().map(|Identifier(kind)| *kind).collect(),
            None => IdentifierKind::ALL.into(),
        }
    }

    fn check_passwords(&self, around: &Surroundings, problems: &mut Vec<Problem>) {
        let abilities = self.abilities();
        let writes = abilities.contains(&Ability::Create) || abilities.contains(&Ability::ChangePassword);
        if !writes {
            return;
        }
        let key = "passwords.write";
        match (self.password_check, around.password_write) {
            (PasswordChecker::ByStore, Some(PasswordWrite::Hashed | PasswordWrite::HashedWithSalt)) => {
                problems.push(Problem::error(
                    key,
                    "a store that compares passwords in clear needs write = \"store\"",
                ));
            }
            (PasswordChecker::ByProxy, Some(PasswordWrite::ByStore)) => {
                problems.push(Problem::error(
                    key,
                    "this store hashes nothing; name the scheme that the daemon writes",
                ));
            }
            (_, None) => problems.push(Problem::error(
                key,
                "new passwords can be stored here, and nothing says how; set it, or leave `create` and \
                 `change_password` out of `abilities`",
            )),
            (_, Some(_)) => {}
        }
    }

    fn check_parameters(&self, around: &Surroundings, problems: &mut Vec<Problem>) {
        for connection in &around.connections {
            for name in self.parameters.difference(&connection.parameters) {
                problems.push(Problem::error(
                    "parameters",
                    format!("the connection {} has no parameter {name}", connection.connection),
                ));
            }
        }
    }

    fn check_accounts(&self, problems: &mut Vec<Problem>) {
        let mut seen = BTreeSet::new();
        for (index, account) in self.accounts.iter().enumerate() {
            let key = format!("accounts[{index}].user_id");
            if account.user_id.is_empty() {
                problems.push(Problem::error(key, "an account needs a user_id"));
            } else if !seen.insert(&account.user_id) {
                problems.push(Problem::error(key, "another account has this user_id already"));
            }
        }
    }
}

impl From<PasswordChecker> for PasswordCheck {
    fn from(checker: PasswordChecker) -> Self {
        match checker {
            PasswordChecker::ByProxy => Self::ByProxy,
            PasswordChecker::ByStore => Self::ByStore,
            PasswordChecker::None => Self::None,
        }
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        let found = IdentifierKind::ALL.into_iter().find(|kind| kind.as_str() == name);
        found
            .map(Self)
            .ok_or_else(|| D::Error::unknown_variant(&name, &["email", "username", "phone_number"]))
    }
}

impl<'de> Deserialize<'de> for Offer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        let found = NAMES.into_iter().zip(ABILITIES).find(|(known, _)| *known == name);
        found.map(|(_, ability)| Self(ability)).ok_or_else(|| D::Error::unknown_variant(&name, &NAMES))
    }
}

/// The names of [`ABILITIES`], in the same order.
const NAMES: [&str; 16] = [
    "create",
    "verify",
    "change_password",
    "change_password_verifies",
    "rehash",
    "change_email",
    "change_username",
    "change_phone_number",
    "join_organization",
    "leave_organization",
    "roles",
    "organizations",
    "delete",
    "list",
    "mark_migrated",
    "unmark_migrated",
];

const ABILITIES: [Ability; 16] = [
    Ability::Create,
    Ability::Verify,
    Ability::ChangePassword,
    Ability::ChangePasswordVerifies,
    Ability::Rehash,
    Ability::ChangeEmail,
    Ability::ChangeUsername,
    Ability::ChangePhoneNumber,
    Ability::JoinOrganization,
    Ability::LeaveOrganization,
    Ability::Roles,
    Ability::Organizations,
    Ability::Delete,
    Ability::List,
    Ability::MarkMigrated,
    Ability::UnmarkMigrated,
];
