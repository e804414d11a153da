//! `check`: every problem of the configuration at once; with `--connect` also what only the servers can show.

use super::open::{Assembled, open};
use super::{ConfigFile, Exit, print, story};
use crate::clock;
use crate::config::{Loaded, Sources};
use crate::stores::GuardedStore;
use idstore_contract::{Call, Depth, ErrorKind, Problem};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Report every problem of the configuration at once, each with its place
///
/// Without --connect nothing is connected: what the files alone show is checked, and that the secrets are there.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 it is good, 64 usage, 69 a store does not answer, 78 a problem to mend."
)]
pub(super) struct Check {
    #[command(flatten)]
    file: ConfigFile,
    /// Also ask each store: prepare every statement and compare its columns and parameters
    #[arg(long)]
    connect: bool,
}

/// How long one store may take to be looked at. More than a request's deadline: here somebody waits for an answer.
const STORE_TIME: Duration = Duration::from_secs(10);

impl Check {
    pub(super) fn run(self) -> Exit {
        let loaded = match self.file.load() {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
        if !loaded.warnings.problems().is_empty() {
            print::error(&loaded.warnings.to_string());
        }
        story::tell_warnings();
        let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else {
            return Exit::Unavailable;
        };
        let exit = runtime.block_on(check(loaded, self.connect));
        runtime.shutdown_timeout(Duration::from_secs(1));
        exit
    }
}

async fn check(loaded: Loaded, connect: bool) -> Exit {
    let Loaded { config, sources, .. } = loaded;
    let assembled = match open(config, &Arc::default()) {
        Ok(assembled) => assembled,
        Err(problems) => {
            problems.print(&sources);
            return Exit::Config;
        }
    };
    let mut worst = Exit::Ok;
    if connect {
        for watched in assembled.live.stores.values() {
            worst = worst_of(worst, ask(&watched.store, &sources).await);
        }
    }
    if worst == Exit::Ok {
        print::line(&summary(&assembled, connect));
    }
    worst
}

fn summary(assembled: &Assembled, connect: bool) -> String {
    let live = &assembled.live;
    let stores = if connect { "each store was asked" } else { "no store was asked; --connect does that" };
    format!(
        "the configuration is good: {}, {} ({stores})",
        counted(live.stores.len(), "store"),
        counted(live.connections.len(), "connection")
    )
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

async fn ask(store: &GuardedStore, sources: &Sources) -> Exit {
    let began = Instant::now();
    let deadline = began.checked_add(STORE_TIME).unwrap_or(began);
    let call = Call::new("check", deadline, clock::now(), Arc::default());
    match store.probe(&call, Depth::Full).await {
        Ok(problems) => {
            for problem in &problems {
                print::error(&sources.render(store.name(), problem));
            }
            if problems.iter().any(Problem::is_error) {
                return Exit::Config;
            }
            print::line(&format!("store {}: ok, asked in {} ms", store.name(), began.elapsed().as_millis()));
            Exit::Ok
        }
        Err(failure) => {
            print::error(&sources.render(store.name(), &Problem::error("", failure.error.to_string())));
            if failure.error.kind() == ErrorKind::Misconfigured { Exit::Config } else { Exit::Unavailable }
        }
    }
}

/// A configuration that is wrong is worse than a store that does not answer.
fn worst_of(one: Exit, other: Exit) -> Exit {
    if matches!(one, Exit::Config) || other == Exit::Ok { one } else { other }
}
