//! `[connections.NAME]`: what a platform sees, with its mode, its platform, its identifiers and its organizations.

use super::limits::Bounded;
use super::names::{Name, ParameterName, Prefix};
use super::types::DeadlineMs;
use idstore_contract::IdentifierKind;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `[connections.NAME]`: what the platform sees, `/v1/NAME/…`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// The store behind it.
    pub store: Name,
    /// `proxy`: the store stays the authority; the default. `import`: users move to the platform, each with its next
    /// login.
    #[serde(default)]
    pub mode: Mode,
    /// `[connections.NAME.import]`, for that mode.
    pub import: Option<Import>,
    /// The platform whose value ranges hold for profiles. Absent: they are told as stored.
    pub platform: Option<Platform>,
    /// How long a request may take, in milliseconds. Absent: the server's `deadline_ms`. From 50 to 60,000.
    pub deadline_ms: Option<DeadlineMs>,
    /// `crm` makes the user ids `crm|<key>`. Unique over the connections; absent: the bare key, and then no second
    /// connection may be without one.
    pub user_id_prefix: Option<Prefix>,
    /// Which kinds of identifier sign in, and when two spellings are one.
    #[serde(default)]
    pub identifiers: Identifiers,
    /// Bound as `:param.<name>` in every statement; one store serves many organizations.
    #[serde(default)]
    pub parameters: BTreeMap<ParameterName, String>,
    /// `[connections.NAME.organization]`: membership as a gate, where one store holds the users of many organizations.
    #[serde(default)]
    pub organization: OrganizationGate,
}

/// How a connection works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The store stays the authority for users and passwords.
    #[default]
    Proxy,
    /// The platform takes each user over with the next successful login.
    Import,
}

/// Which kinds sign in: a kind without a rule does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifiers {
    /// E-mail addresses; `ascii_case`.
    pub email: Option<IdentifierRule>,
    /// User names; `exact`.
    pub username: Option<IdentifierRule>,
    /// Phone numbers; `e164`.
    pub phone_number: Option<IdentifierRule>,
}

/// What holds when `identifiers` is not written at all.
impl Default for Identifiers {
    fn default() -> Self {
        Self {
            email: Some(IdentifierRule::AsciiCase),
            username: Some(IdentifierRule::Exact),
            phone_number: Some(IdentifierRule::E164),
        }
    }
}

impl Identifiers {
    /// The rule of a kind, `None` when that kind does not sign in.
    pub fn rule(&self, kind: IdentifierKind) -> Option<IdentifierRule> {
        match kind {
            IdentifierKind::Email => self.email,
            IdentifierKind::Username => self.username,
            IdentifierKind::PhoneNumber => self.phone_number,
        }
    }
}

/// When two spellings are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierRule {
    /// Byte for byte.
    Exact,
    /// A–Z equal a–z, and nothing else does.
    AsciiCase,
    /// `+` and digits; what people write between them does not count.
    E164,
}

/// `[connections.NAME.import]`: how accounts are marked that the platform has taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Import {
    /// What a mark that fails does to the login; `best_effort`.
    pub mark: ImportMark,
    /// How long after the mark the same login still succeeds, in seconds, so that an answer that was lost on its way
    /// heals by signing in again; 86,400, from 0 to 31,536,000. 0 where the store keeps no time of the mark.
    pub grace_secs: Bounded<0, 31_536_000, 86_400>,
}

/// What becomes of a login whose mark failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportMark {
    /// It succeeds; the failure is logged and counted.
    #[default]
    BestEffort,
    /// It fails with the store's error.
    Required,
}

/// A platform that has limits of its own for what a profile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Auth0.
    Auth0,
}

/// `[connections.NAME.organization]`: whether a login needs a membership.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrganizationGate {
    /// When a membership is asked for; `off`.
    pub rule: OrganizationRule,
    /// What the organization that the caller names is compared by; `id`.
    #[serde(rename = "match")]
    pub by: OrganizationMatch,
}

/// When a membership is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationRule {
    /// Never.
    #[default]
    Off,
    /// When the caller names an organization.
    Checked,
    /// Always: a login without an organization is denied.
    Required,
}

/// What an organization is known by, between the platform and the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationMatch {
    /// Its id, which is the column `organization`.
    #[default]
    Id,
    /// Its name, which is the column `name`. Names get reused.
    Name,
}
