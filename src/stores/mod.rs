//! The stores as the core sees them: an adapter's promise, kept within deadlines and limits, and watched.
//!
//! Nothing here knows what an action is, or which candidate is the account.

mod guarded;
mod health;

pub use guarded::{Failure, GuardedStore};
pub use health::{Health, watch};
