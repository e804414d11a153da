#![doc = include_str!("../README.md")]

mod accept;
mod custom;
mod encoding;
mod expression;
mod hash;
mod identify;
mod kdf;
mod layout;
mod limits;
mod random;
mod scheme;
mod schemes;
mod stand_in;
mod stored;
mod unguessable;
mod workers;
mod write;

pub use accept::Accept;
pub use custom::{Definition, Schemes};
pub use hash::{Hash, HashFailure, Shape};
pub use identify::{Likely, identify, likely};
pub use limits::{LimitProblem, Limits};
pub use scheme::{NameError, NameWarning, scheme_names};
pub use stand_in::{StandIns, stand_in_key};
pub use stored::{Reading, Stored, Unusable};
pub use unguessable::unguessable_password;
pub use workers::{WorkError, WorkerOptions, Workers};
pub use write::{Refusal, Write, Written};
