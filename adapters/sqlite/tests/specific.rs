//! What is SQLite's own, and what the shared SQL code does that no other adapter's suite asks for.

#[cfg(test)]
mod file;
#[cfg(test)]
#[path = "specific/files.rs"]
mod files;
#[cfg(test)]
#[path = "specific/statements.rs"]
mod statements;
#[cfg(test)]
#[path = "specific/time.rs"]
mod time;
#[cfg(test)]
#[path = "specific/world.rs"]
mod world;
