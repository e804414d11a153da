//! What the operator writes, as types: every key with its meaning, its unit, its default and its limits.
//!
//! A value that stands here has been parsed: below, nobody looks at a text again to see whether it is right. What two
//! keys say together is compared in `check.rs`. Nothing here reads files, and nothing knows how the keys were read.

use super::address::{AdminListen, FileMode, ServerListen};
use super::connection::Connection;
use super::limits::Bounded;
use super::names::{Name, OrganizationKey};
use super::passwords::Passwords;
use super::preset::OptionValue;
use crate::adapters::AdapterConfig;
pub use crate::telemetry::LogFormat;
use idstore_contract::{SecretRef, Surroundings};
use idstore_passwords::{Limits, WorkerOptions};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use tracing::level_filters::LevelFilter;

/// The whole configuration, checked.
#[derive(Debug)]
pub struct Config {
    /// `[server]`: the listener that platforms call.
    pub server: Server,
    /// `[admin]`: health and metrics.
    pub admin: Admin,
    /// `[log]`.
    pub log: Log,
    /// `[hashing]`: the worker threads that hash and verify passwords.
    pub hashing: Hashing,
    /// `[callers.NAME]`: at least one.
    pub callers: BTreeMap<Name, Caller>,
    /// `[stores.ADAPTER.NAME]`, by name: names are unique over all adapters.
    pub stores: BTreeMap<Name, StoreConfig>,
    /// `[connections.NAME]`; each names a store that is in `stores`.
    pub connections: BTreeMap<Name, Connection>,
}

/// `[server]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Where platforms reach the daemon: `host:port`, `unix:/path` or `systemd` (socket activation).
    pub listen: ServerListen,
    /// The mode of the unix socket, as an octal text; `"0660"`. Only with `unix:`.
    pub listen_mode: Option<FileMode>,
    /// How long a request may take, everything included, in milliseconds; 2500, from 50 to 60,000. A platform waits
    /// longer than that, so that it hears of a slow store from us and not from its own clock.
    pub deadline_ms: DeadlineMs,
    /// Open connections of callers; 1024, from 1 to 100,000. One more waits in the kernel's queue.
    pub connections_max: Bounded<1, 100_000, 1024>,
    /// The largest request body, in bytes; 65,536, from 1,024 to 1,048,576.
    pub body_max_bytes: Bounded<1024, 1_048_576, 65_536>,
    /// How long the headers of a request may take, in milliseconds; 5000, from 100 to 60,000.
    pub header_timeout_ms: Bounded<100, 60_000, 5000>,
    /// How long the body of a request may take, in milliseconds; 5000, from 100 to 60,000.
    pub body_timeout_ms: Bounded<100, 60_000, 5000>,
    /// How long a connection may wait for its next request, in seconds; 75, from 1 to 3,600. Longer than a load
    /// balancer keeps its side open, so that it never writes into a connection that we just closed.
    pub idle_timeout_secs: Bounded<1, 3600, 75>,
    /// How long requests in flight may take to end when the daemon stops, in seconds; 20, from 0 to 300.
    pub drain_secs: Bounded<0, 300, 20>,
}

/// The deadline of a request in milliseconds.
pub type DeadlineMs = Bounded<50, 60_000, 2500>;

/// `[admin]`: `/livez`, `/readyz` and `/metrics`, on a listener of their own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// Where: `host:port` or `unix:/path`; `127.0.0.1:9090`. It asks for no token: keep it from the network.
    pub listen: AdminListen,
}

/// `[log]`: one line an event, to standard error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// The least level that is written; `info`.
    pub level: LogLevel,
    /// `json`, an object a line, or `text` for people; `json`.
    pub format: LogFormat,
}

/// A level of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Somebody must act.
    Error,
    /// Somebody should look.
    Warn,
    /// A line a request.
    #[default]
    Info,
    /// What led to it.
    Debug,
    /// Everything.
    Trace,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// `[hashing]`: the threads that hash and verify, apart from those of the network.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hashing {
    /// How many threads; absent: as many as there are cores. From 1 to 1,024.
    pub threads: Option<Bounded<1, 1024, 1>>,
    /// How many passwords may wait for a thread; 1024, from 1 to 100,000. One more is answered `busy`.
    pub queue_max: Bounded<1, 100_000, 1024>,
    /// What all hashes that are being computed may take together, in MiB; 1024, from 16 to 1,048,576.
    pub memory_max_mib: Bounded<16, 1_048_576, 1024>,
    /// How far the threads step back behind the network's; 5, from 0 (not at all) to 19.
    pub nice: Bounded<0, 19, 5>,
    /// `[hashing.limits]`: the bounds of every cost that a stored value may ask for.
    pub limits: Limits,
}

impl Hashing {
    /// What the workers are started with.
    pub fn workers(&self) -> WorkerOptions {
        WorkerOptions {
            threads: self.threads.map_or(0, Bounded::count),
            queue_max: self.queue_max.count(),
            memory_max_mib: u32::try_from(self.memory_max_mib.get()).unwrap_or(u32::MAX),
            nice: u8::try_from(self.nice.get()).unwrap_or(0),
        }
    }
}

/// `[callers.NAME]`: who may call, and what for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// Where the caller's tokens are kept: one a line, every line counts; `sha256:<hex>` stands for a token.
    pub bearer: SecretRef,
    /// The connections that it may use. Absent: all of them, with a warning.
    pub connections: Option<Vec<Name>>,
    /// The actions that it may ask for. Absent: the nine that a platform asks.
    pub actions: Option<Vec<Action>>,
    /// The keys of the organizations in which alone it sees, creates and joins. Empty: all.
    #[serde(default)]
    pub organizations: Vec<OrganizationKey>,
    /// Whether it is told in `invalid_credentials` which account it was; `false`.
    #[serde(default)]
    pub may_know_accounts: bool,
    /// Whether it may say that an address is proven; `false`.
    #[serde(default)]
    pub may_verify: bool,
}

/// What a platform asks. The same spelling in URLs, keys, file names and metric labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Is this the user's password?
    Login,
    /// Who is this?
    GetUser,
    /// Make an account.
    Create,
    /// The e-mail address is proven.
    Verify,
    /// Store a new password.
    ChangePassword,
    /// Store another e-mail address.
    ChangeEmail,
    /// Store another user name.
    ChangeUsername,
    /// Store another phone number.
    ChangePhoneNumber,
    /// Remove the account.
    Delete,
    /// Make the account a member of an organization.
    JoinOrganization,
    /// End that.
    LeaveOrganization,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Login,
        Self::GetUser,
        Self::Create,
        Self::Verify,
        Self::ChangePassword,
        Self::ChangeEmail,
        Self::ChangeUsername,
        Self::ChangePhoneNumber,
        Self::Delete,
        Self::JoinOrganization,
        Self::LeaveOrganization,
    ];

    /// Those that a platform asks. The others are an operator's: a caller may ask them only when they are named.
    pub const OF_PLATFORMS: [Self; 9] = [
        Self::Login,
        Self::GetUser,
        Self::Create,
        Self::Verify,
        Self::ChangePassword,
        Self::ChangeEmail,
        Self::ChangeUsername,
        Self::ChangePhoneNumber,
        Self::Delete,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::GetUser => "get_user",
            Self::Create => "create",
            Self::Verify => "verify",
            Self::ChangePassword => "change_password",
            Self::ChangeEmail => "change_email",
            Self::ChangeUsername => "change_username",
            Self::ChangePhoneNumber => "change_phone_number",
            Self::Delete => "delete",
            Self::JoinOrganization => "join_organization",
            Self::LeaveOrganization => "leave_organization",
        }
    }

    /// The action of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A store: the core's half of its table, the adapter's, and what surrounds them.
#[derive(Debug)]
pub struct StoreConfig {
    /// The core's half.
    pub core: StoreCore,
    /// The adapter's half.
    pub adapter: AdapterConfig,
    /// What the adapter is told of the rest.
    pub surroundings: Surroundings,
}

/// `[stores.ADAPTER.NAME]`, the keys that every store has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreCore {
    /// The application whose schema this is: a preset brings statements and settings, and what is written in the
    /// store's own table wins over it, key by key. Absent: everything is written there.
    pub preset: Option<String>,
    /// The preset's options, by name.
    #[serde(default)]
    pub preset_options: BTreeMap<String, OptionValue>,
    /// `[stores.ADAPTER.NAME.passwords]`.
    #[serde(default)]
    pub passwords: Passwords,
    /// Whether the daemon is ready only while this store is; `true`. `false`: its outage shows in `/readyz/NAME` and
    /// in the metric alone.
    #[serde(default = "yes")]
    pub required: bool,
    /// Calls that run or wait in this store; 64, from 1 to 10,000. One more is answered `busy` at once.
    #[serde(default)]
    pub in_flight_max: Bounded<1, 10_000, 64>,
}

fn yes() -> bool {
    true
}
