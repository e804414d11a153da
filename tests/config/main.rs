//! The configuration as an operator meets it: files and variables in, types or a report out.

#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a helper of a test fails the test by panicking, and counts lines of a short text"
)]

use idstore_proxy::config::{self, Loaded, Name};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

mod example;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod presets;
mod reports;
mod sources;

/// A folder with a configuration, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("idstore-config-{}-{number}", std::process::id()));
        fs::create_dir_all(path.join("conf.d")).unwrap();
        for (name, text) in files {
            fs::write(path.join(name), text).unwrap();
        }
        Self(path)
    }

    fn load(&self, environment: &[(&str, &str)]) -> Result<Loaded, String> {
        let environment = environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let folder = format!("{}/", self.0.display());
        config::load(&self.0.join("config.toml"), environment)
            .map_err(|report| report.to_string().replace(&folder, ""))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn load(text: &str) -> Result<Loaded, String> {
    Folder::new(&[("config.toml", text)]).load(&[])
}

/// A configuration that is right, for one thing to be wrong in.
const RIGHT: &str = "[callers.auth0]\nbearer.credential = \"t\"\nconnections = [\"a\"]\n\
                     [stores.memory.people]\npasswords.write = \"bcrypt\"\n\
                     [connections.a]\nstore = \"people\"\n";

fn refused(text: &str) -> String {
    load(text).map(|loaded| loaded.config).unwrap_err()
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}
