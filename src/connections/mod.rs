//! What a platform sees: a name in the URL, backed by a store, with its own policy.
//!
//! Here, once and for all kinds of store, is decided which of the candidates that a lookup answered is the account.
//! Nothing here knows what an action is.

mod delays;
mod identifiers;
mod mode;
mod needs;
mod open;
mod organizations;
mod platform;
mod resolve;

pub use delays::CheckTimes;
pub use identifiers::{fold_any, looks_like_address_or_number, looks_like_number};
pub use mode::{Mode, NoTime};
pub use needs::Unmet;
pub use open::{OpenProblem, Opened, open};
pub use organizations::NamedOrganization;

use crate::config::{Identifiers, OrganizationGate, Platform};
use crate::stores::GuardedStore;
use crate::telemetry::AdjustedLabels;
use idstore_contract::Lookup;
use idstore_passwords::{Accept, Limits, StandIns, Write};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// An identifier has 1 to 512 bytes: the longest address of RFC 5321 has 254, the longest DN that directories take in
/// practice is below this.
pub const IDENTIFIER_BYTES_MAX: usize = 512;

/// One connection, ready to serve.
pub struct Connection {
    /// Its name.
    pub name: Arc<str>,
    /// The store behind it.
    pub store: Arc<GuardedStore>,
    /// The store's password policy; the same for all connections on that store.
    pub passwords: Arc<Passwords>,
    /// Whether the store stays the authority.
    pub mode: Mode,
    /// Whose limits hold for profiles.
    pub platform: Option<Platform>,
    /// Whether a login needs a membership, and what it is compared by.
    pub organization: OrganizationGate,
    /// Which identifiers sign in, and when two spellings are one.
    pub identifiers: Identifiers,
    /// What `:param.x` is bound to.
    pub parameters: Arc<BTreeMap<String, String>>,
    /// The prefix of its `user_id`s.
    pub prefix: Option<Arc<str>>,
    /// The prefixes of the other connections: what begins with one of them is somebody else's.
    pub foreign_prefixes: Arc<[Arc<str>]>,
    /// The longest that one request may take.
    pub deadline: Duration,
    /// Counts rows of another organization.
    pub isolation_refused: Counter,
    /// Counts values of profiles that were adjusted for the platform.
    pub profile_adjusted: Family<AdjustedLabels, Counter>,
}

/// How the passwords of one store are read and written.
pub struct Passwords {
    /// Which stored formats are accepted.
    pub accept: Accept,
    /// How new ones are stored; `None`: the store hashes, or stores none.
    pub write: Option<Write>,
    /// Whether a right password replaces a hash that is older than what is written.
    pub rehash_on_login: bool,
    /// The bounds of every cost.
    pub limits: Limits,
    /// What an unknown user costs where the daemon compares.
    pub stand_ins: StandIns,
    /// What an unknown user costs where the store compares.
    pub check_times: CheckTimes,
}

impl Connection {
    /// The `user_id` as the platform sees it.
    pub fn public_id(&self, key: &str) -> String {
        self.prefix.as_ref().map_or_else(|| key.to_owned(), |prefix| format!("{prefix}|{key}"))
    }

    /// The lookup for a `user_id` as the platform wrote it; `None` when it is no key of this connection.
    pub fn lookup_by_public_id(&self, id: &str) -> Option<Lookup> {
        let key = match &self.prefix {
            Some(prefix) => id.strip_prefix(&**prefix)?.strip_prefix('|')?,
            None if self.foreign_prefixes.iter().any(|foreign| has_prefix(id, foreign)) => return None,
            None => id,
        };
        Some(Lookup::UserId(key.to_owned()))
    }
}

/// Whether a text can be an identifier at all. What can't is answered without a query.
pub fn plausible(identifier: &str) -> bool {
    (1..=IDENTIFIER_BYTES_MAX).contains(&identifier.len()) && !identifier.contains('\0')
}

fn has_prefix(id: &str, prefix: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('|'))
}
