//! The listeners: accepting, the router, who calls, what a body may be, the one mapping of errors, the admin pages.
//!
//! A request's way through the files: `accept` (a permit, then the connection, with its patience) → `framing` (can it be
//! read in one way only?), `handle` (request id, the whole way of one request) → `router` (the path's shape) → `callers` (who asks, and may they) → `body` (size,
//! type, time) → the wire dialect and the action → `code` and `problem` (every refusal, once).

mod accept;
mod admin;
mod body;
mod callers;
mod code;
mod framing;
mod handle;
mod live;
mod patience;
mod problem;
mod request_id;
mod router;

pub use accept::{Limits, Listener, serve};
pub use admin::Admin;
pub use callers::{Caller, Callers};
pub use code::Code;
pub use handle::Api;
pub use live::Live;
pub use problem::Problem;
