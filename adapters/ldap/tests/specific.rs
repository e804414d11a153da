//! What only a directory has.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "what stands beside tests in a test program is no test to clippy; a panic here fails one"
)]

mod server;

mod specific {
    mod active_directory;
    mod ds389;
    mod groups;
    mod hidden;
    mod limits;
    mod login;
    mod names;
    mod passwords;
    mod peer;
    mod rogue;
    mod rules;
    mod schema;
    mod servers;
    mod several;
    mod verdicts;
}
