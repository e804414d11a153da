//! What is PostgreSQL's own: its types, its sessions, its faults, the ways to reach it. Against the real server that
//! `tests/run` starts; without it every test fails and says so.

#[path = "specific/faults.rs"]
mod faults;
#[path = "specific/sharing.rs"]
mod sharing;
#[path = "specific/types.rs"]
mod types;
#[path = "specific/ways.rs"]
mod ways;

mod server;
