//! What an adapter promises: the [`Store`] trait, its types, and the rules that hold for every kind of store.
//!
//! Read in this order: [`Store`] (the promise), [`Call`] (what every method is told), [`Lookup`] and [`Account`]
//! (a question and its answer), [`NewAccount`] and the changes, [`Error`] (what can go wrong), [`proof`] (a write is
//! proven before it is acknowledged), [`Problem`] (what is wrong with a configuration).
//!
//! This crate knows no driver, no HTTP and no configuration library, and it must not learn of them.

mod account;
mod call;
mod change;
mod error;
mod face;
mod lookup;
mod problem;
pub mod proof;
mod store;

pub use account::{Account, Handle, Metadata, Profile, Standing, Standings, StoredPassword};
pub use call::Call;
pub use change::{
    Deleted, IdentifierChange, Mark, Membership, MembershipChange, Memberships, NewAccount, NewPassword,
    PasswordChange, Rehash, Rehashed,
};
pub use error::{Error, ErrorKind, PasswordReason, Rejection, Result};
pub use face::{Answer, DynStore, StoreHandle};
pub use idstore_secret::{LITERAL_REFUSED, Resolved, Secret, SecretError, SecretRef};
pub use jiff::Timestamp;
pub use lookup::{CANDIDATES_MAX, IdentifierKind, Lookup, PAGE_MAX, Purpose};
pub use problem::{ConnectionNeeds, PasswordWrite, Problem, Severity, Surroundings};
pub use store::{Ability, Depth, Descriptor, PasswordCheck, Store, Transport, Verdict};
