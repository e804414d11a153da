//! [`Fixture`]: what an adapter brings to the suite. One fixture is one way to reach one kind of store: `sqlite`,
//! `postgres`, `postgres-tls`, `openldap-bind`.
//!
//! A fixture holds no assertions; it opens, writes and reads behind the adapter's back, and breaks things when told.

use crate::Gate;
use idstore_contract::{
    Ability, IdentifierKind, NewAccount, PasswordCheck, PasswordWrite, Standings, StoreHandle,
};
use std::any::Any;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A boxed future: fixtures of several kinds stand in one list.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The parameter of the connection that isolates one organization from another.
pub const PARAMETER: &str = "org";
/// The organization that the suite's calls are made for.
pub const HOME: &str = "acme";
/// The one whose accounts they must never see.
pub const ELSEWHERE: &str = "globex";

/// A store that can be opened for a test.
pub trait Fixture: Send + Sync {
    /// The first part of each test's name, such as `postgres-tls`.
    fn name(&self) -> &'static str;

    /// What can be tried on it. No I/O: the list of tests is made of it.
    fn scope(&self) -> Scope;

    /// Opens a store without accounts that no other test sees (a database of its own, a suffix of its own). `Err` says
    /// why there is none; it fails the test, and so the run.
    ///
    /// Lookups fold ASCII case, so that several accounts can answer for one text.
    fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, Result<Opened, String>>;
}

/// A store that was opened for one test.
pub struct Opened {
    /// The store under test.
    pub store: StoreHandle,
    /// The way to its data that does not lead through the adapter.
    pub backdoor: Box<dyn Backdoor>,
    /// The gate between adapter and server, where there is a network. Faults of the network are made with it.
    pub gate: Option<Gate>,
    /// Whatever must live as long as the test: a temporary folder, a server of its own.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// The data behind the adapter's back. Errors say what went wrong with the fixture, not with the adapter.
pub trait Backdoor: Send + Sync {
    /// Puts an account into the store and answers its `user_id`.
    fn seed<'a>(&'a self, row: &'a Row) -> Later<'a, Result<String, String>>;

    /// What the store holds under that `user_id`, in whatever organization.
    fn peek<'a>(&'a self, user_id: &'a str) -> Later<'a, Result<Option<Row>, String>>;

    /// Removes the account, as if somebody else had.
    fn remove<'a>(&'a self, user_id: &'a str) -> Later<'a, Result<(), String>>;

    /// How many accounts the store holds, in all organizations.
    fn count(&self) -> Later<'_, Result<usize, String>>;

    /// Breaks something. Only what [`Scope::faults`] names, and nothing of what the [`Gate`] does.
    fn strike(&self, fault: Fault) -> Later<'_, Result<(), String>>;

    /// Mends it again.
    fn heal(&self, fault: Fault) -> Later<'_, Result<(), String>>;

    /// Takes away what the fixture made on a server that others use too. The last call; the store is gone by then.
    fn close(&self) -> Later<'_, Result<(), String>>;
}

/// An account as it is written and read behind the adapter's back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// E-mail address.
    pub email: Option<String>,
    /// Whether it is proven.
    pub email_verified: bool,
    /// User name.
    pub username: Option<String>,
    /// Phone number.
    pub phone_number: Option<String>,
    /// Whether it is proven.
    pub phone_verified: bool,
    /// First name.
    pub given_name: Option<String>,
    /// Last name; the suite always gives one, for directories want it.
    pub family_name: Option<String>,
    /// In [`Backdoor::seed`] the hash, or the clear password where the store compares ([`PasswordCheck::ByStore`]); in
    /// [`Backdoor::peek`] what is stored. Two peeks are compared with each other, and a hash with the one written.
    pub password: Option<String>,
    /// The salt, where it is kept beside the hash ([`PasswordWrite::HashedWithSalt`]).
    pub salt: Option<String>,
    /// Why the user may not sign in. A lock is one that lasts until the far future; `restricted` is not used.
    pub standings: Standings,
    /// The value of [`PARAMETER`]; [`HOME`] in fixtures that do not isolate.
    pub organization: String,
}

/// What can be tried on a fixture.
#[derive(Clone)]
pub struct Scope {
    /// The identifiers that its accounts have.
    pub identifiers: &'static [IdentifierKind],
    /// Who compares passwords.
    pub password_check: PasswordCheck,
    /// What new passwords are handed over as.
    pub password_write: PasswordWrite,
    /// What the store offers when it is opened with [`Offers::Everything`]. What is named here is tested, and the store
    /// must describe exactly this.
    pub abilities: BTreeSet<Ability>,
    /// The kinds of key that a [`Setup`] may ask for; the first is the usual one.
    pub keys: &'static [Key],
    /// The ways to keep accounts unique that a [`Setup`] may ask for; the first is the usual one. Empty: this store
    /// can't keep them unique, and the cases about it are not run.
    pub uniqueness: &'static [Uniqueness],
    /// Whether lookups and writes are bound to [`PARAMETER`].
    pub isolates: bool,
    /// Takes from a new account what the store can't do without; `None` where it needs nothing.
    pub without_mandatory: Option<fn(&mut NewAccount)>,
    /// An organization that accounts can join; needed where [`Ability::JoinOrganization`] is offered.
    pub organization: Option<&'static str>,
    /// What can be broken.
    pub faults: &'static [Fault],
    /// The wrong schemas and statements that a [`Setup`] may ask for.
    pub sabotages: &'static [Sabotage],
    /// The most sessions that the store may hold with [`Setup::pool_max`] exclusive ones; counted at the [`Gate`].
    pub sessions_max: Option<fn(u32) -> usize>,
    /// How long a write may take to show behind the adapter's back. Zero for all but replicated directories.
    pub settles_within: Duration,
}

/// What a test asks of [`Fixture::open`]. A fixture is never asked for what its [`Scope`] does not name.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which abilities the configuration offers.
    pub offers: Offers,
    /// The kind of the primary key.
    pub key: Key,
    /// What keeps accounts unique.
    pub uniqueness: Uniqueness,
    /// What is wrong with the schema or the statements.
    pub sabotage: Option<Sabotage>,
    /// How many exclusive sessions there are at most, where there is a pool.
    pub pool_max: u32,
}

/// Which abilities a configuration offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offers {
    /// All that the adapter can do.
    Everything,
    /// Lookups, and [`idstore_contract::Store::check`] where the store compares. No write at all.
    Reading,
}

/// The kind of a primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A number that the store counts up.
    Integer,
    /// A UUID.
    Uuid,
    /// A text.
    Text,
}

/// What keeps accounts unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// A constraint of the store on each identifier as written.
    Constraint,
    /// Nothing in the store: the adapter takes a lock and asks.
    Lock,
}

/// What can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The port refuses. Made with the [`Gate`] where there is one.
    Refused,
    /// Each session is reset, new ones too. Made with the [`Gate`] where there is one.
    Reset,
    /// Each session stalls: nothing is answered, nothing is closed. Made with the [`Gate`] where there is one.
    Frozen,
    /// The server has said goodbye on each session and the adapter may not have noticed. Made with the [`Gate`].
    HalfClosed,
    /// The service account's login is refused, on sessions that are opened from now on; the open ones are cut.
    LoginRefused,
    /// What the statements name is gone: a renamed table, a base that is not there.
    StatementBroken,
}

/// A schema or statement that is wrong in one way (or, once, looks wrong and is right).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Each write's condition is never true.
    WritesTouchNothing,
    /// The hash is cut to 20 bytes on its way into the column, and nobody complains.
    HashIsCut,
    /// The column of the hash holds 20 bytes; the server may complain.
    HashColumnShort,
    /// The column of the hash is a CHAR(128), padded with blanks. That is right.
    HashColumnPadded,
    /// A trigger stores another hash.
    TriggerChangesHash,
    /// A trigger stores another e-mail address.
    TriggerChangesEmail,
    /// `change_password` leaves the account expired.
    LeavesExpired,
    /// The second step of `create` fails.
    CreateFailsHalfWay,
    /// Lookups answer each account twice, equal in every column. Harmless.
    RowsRepeat,
    /// Lookups answer each account twice, different in one column.
    RowsContradict,
    /// Lookups forget the organization, and return the column that shows it.
    LookupLeaks,
}

impl Default for Row {
    fn default() -> Self {
        Self {
            email: None,
            email_verified: false,
            username: None,
            phone_number: None,
            phone_verified: false,
            given_name: None,
            family_name: Some("Doe".into()),
            password: None,
            salt: None,
            standings: Standings::default(),
            organization: HOME.into(),
        }
    }
}

impl Row {
    /// The identifier of a kind.
    pub fn identifier(&self, kind: IdentifierKind) -> Option<&str> {
        match kind {
            IdentifierKind::Email => self.email.as_deref(),
            IdentifierKind::Username => self.username.as_deref(),
            IdentifierKind::PhoneNumber => self.phone_number.as_deref(),
        }
    }
}

impl Scope {
    /// Whether an ability is offered.
    pub fn offers(&self, ability: Ability) -> bool {
        self.abilities.contains(&ability)
    }
}

impl Setup {
    /// The usual setup of a fixture: everything offered, nothing wrong.
    pub fn usual(scope: &Scope) -> Self {
        Self {
            offers: Offers::Everything,
            key: scope.keys.first().copied().unwrap_or(Key::Text),
            uniqueness: scope.uniqueness.first().copied().unwrap_or(Uniqueness::Constraint),
            sabotage: None,
            pool_max: 4,
        }
    }
}

macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),* $(,)? })*) => {
        $(impl $type {
            /// The word in the names of tests.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        })*
    };
}

words! {
    Key { Integer = "integer", Uuid = "uuid", Text = "text" }
    Uniqueness { Constraint = "constraint", Lock = "lock" }
    Offers { Everything = "everything", Reading = "reading" }
    Fault {
        Refused = "refused", Reset = "reset", Frozen = "frozen", HalfClosed = "half_closed",
        LoginRefused = "login_refused", StatementBroken = "statement_broken",
    }
    Sabotage {
        WritesTouchNothing = "writes_touch_nothing", HashIsCut = "hash_is_cut", HashColumnShort = "hash_column_short",
        HashColumnPadded = "hash_column_padded", TriggerChangesHash = "trigger_changes_hash",
        TriggerChangesEmail = "trigger_changes_email", LeavesExpired = "leaves_expired",
        CreateFailsHalfWay = "create_fails_half_way", RowsRepeat = "rows_repeat", RowsContradict = "rows_contradict",
        LookupLeaks = "lookup_leaks",
    }
}
