//! [`DynStore`]: the object-safe face of [`Store`]. Written once; adapters implement `Store` and never this.

use crate::{
    Account, Call, Deleted, Depth, Descriptor, IdentifierChange, Lookup, Mark, MembershipChange, Memberships,
    NewAccount, PasswordChange, Problem, Purpose, Rehash, Rehashed, Result, Secret, Store, Verdict,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A store of any adapter.
pub type StoreHandle = Arc<dyn DynStore>;

/// The boxed answer of a store.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Declares the object-safe trait and implements it for every [`Store`], one line a method.
macro_rules! face {
    ($($method:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {
        /// [`Store`] with boxed answers, so that the core can hold `Arc<dyn DynStore>`.
        pub trait DynStore: Send + Sync + 'static {
            /// See [`Store::describe`].
            fn describe(&self) -> Descriptor;
            $(
                #[doc = concat!("See [`Store::", stringify!($method), "`].")]
                fn $method<'a>(&'a self, call: &'a Call $(, $argument: $type)*) -> Answer<'a, $output>;
            )*
        }

        impl<S: Store> DynStore for S {
            fn describe(&self) -> Descriptor {
                Store::describe(self)
            }
            $(
                fn $method<'a>(&'a self, call: &'a Call $(, $argument: $type)*) -> Answer<'a, $output> {
                    Box::pin(Store::$method(self, call $(, $argument)*))
                }
            )*
        }
    };
}

face! {
    find(lookup: &'a Lookup, purpose: Purpose) -> Vec<Account>;
    check(account: &'a Account, password: &'a Secret) -> Verdict;
    create(new: &'a NewAccount) -> Account;
    verify(account: &'a Account) -> Account;
    change_password(account: &'a Account, change: &'a PasswordChange) -> Account;
    rehash(account: &'a Account, rehash: &'a Rehash) -> Rehashed;
    change_identifier(account: &'a Account, change: &'a IdentifierChange) -> Account;
    change_membership(account: &'a Account, change: &'a MembershipChange) -> ();
    memberships(account: &'a Account) -> Memberships;
    delete(account: &'a Account) -> Deleted;
    list(after: Option<&'a str>, limit: usize) -> Vec<Account>;
    mark_migrated(account: &'a Account, mark: Mark) -> ();
    probe(depth: Depth) -> Vec<Problem>;
}
