//! `migration`: how far an import is, and taking a mark off.

use super::local::{Local, block_on};
use super::{ConfigFile, Exit, print};
use crate::connections::Connection;
use crate::stores::Failure;
use idstore_contract::{Ability, Account, ErrorKind, Lookup, Mark, PAGE_MAX, Purpose, Timestamp};
use jiff::tz::Offset;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

/// See how many accounts the platform has taken over, or take a mark off
#[derive(Debug, clap::Args)]
pub(super) struct Migration {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Count the accounts that are marked as migrated, per day (UTC)
    Status(Status),
    /// Take the mark off one account, so that it signs in through the store again
    Unmark(Unmark),
}

#[derive(Debug, clap::Args)]
struct Status {
    /// The connection; may be left out where there is only one
    #[arg(long, short, value_name = "NAME")]
    connection: Option<String>,
    #[command(flatten)]
    file: ConfigFile,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(id = "who", args = ["identifier", "user_id"], required = true, multiple = false)]
struct Unmark {
    /// What the user types to sign in
    #[arg(value_name = "IDENTIFIER")]
    identifier: Option<String>,
    /// Name the user by id, with the connection's prefix
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,
    /// The connection; may be left out where there is only one
    #[arg(long, short, value_name = "NAME")]
    connection: Option<String>,
    #[command(flatten)]
    file: ConfigFile,
}

/// How long one page, one lookup or one mark may take.
const STORE_TIME: Duration = Duration::from_secs(10);

impl Migration {
    pub(super) fn run(self) -> Exit {
        match self.what {
            What::Status(status) => status.run(),
            What::Unmark(unmark) => unmark.run(),
        }
    }
}

impl Status {
    fn run(self) -> Exit {
        let loaded = match self.file.load() {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
        block_on(async {
            let local = match Local::open(loaded, self.connection.as_deref(), "migration") {
                Ok(local) => local,
                Err(exit) => return exit,
            };
            if !offers(&local, Ability::List, "list") {
                return Exit::Config;
            }
            match count(&local).await {
                Ok(counted) => {
                    print::line(&if self.json { counted.json() } else { counted.text() });
                    Exit::Ok
                }
                Err(failed) => failed.tell(),
            }
        })
    }
}

impl Unmark {
    fn run(self) -> Exit {
        let loaded = match self.file.load() {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
        block_on(async {
            let local = match Local::open(loaded, self.connection.as_deref(), "migration") {
                Ok(local) => local,
                Err(exit) => return exit,
            };
            if !offers(&local, Ability::UnmarkMigrated, "unmark_migrated") {
                return Exit::Config;
            }
            match self.unmark(&local).await {
                Ok(true) => {
                    print::line(
                        "the account is not marked any more: its user signs in through the store again",
                    );
                    Exit::Ok
                }
                Ok(false) => {
                    print::error("there is no such account");
                    Exit::No
                }
                Err(failed) => failed.tell(),
            }
        })
    }

    /// Whether there was such an account. One that the platform has taken over is found here all the same.
    async fn unmark(&self, local: &Local) -> Result<bool, Failed> {
        let connection = &local.connection;
        let lookup = match (&self.identifier, &self.user_id) {
            (Some(identifier), _) => Some(Lookup::Identifier(identifier.clone())),
            (None, Some(id)) => connection.lookup_by_public_id(id),
            (None, None) => None,
        };
        let Some(lookup) = lookup else { return Ok(false) };
        let found = connection.store.find(&local.call(STORE_TIME), &lookup, Purpose::Profile).await?;
        let found = connection
            .resolve(&lookup, found)
            .map_err(|_| Failed::Wrong("two accounts match equally well".to_owned()))?;
        let Some(account) = found else { return Ok(false) };
        connection.store.mark_migrated(&local.call(STORE_TIME), account, Mark::NotMigrated).await?;
        Ok(true)
    }
}

/// What keeps a command from its answer.
enum Failed {
    Store(Failure),
    /// A sentence on what is wrong with the statements or the data.
    Wrong(String),
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::Store(failure)
    }
}

impl Failed {
    fn tell(&self) -> Exit {
        match self {
            Self::Wrong(why) => {
                print::error(why);
                Exit::Config
            }
            Self::Store(failure) => {
                print::error(&format!("store {}, {}: {}", failure.store, failure.operation, failure.error));
                match failure.error.kind() {
                    ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Busy => Exit::Unavailable,
                    _ => Exit::Config,
                }
            }
        }
    }
}

fn offers(local: &Local, ability: Ability, statement: &str) -> bool {
    let offered = local.connection.store.descriptor().offers(ability);
    if !offered {
        print::error(&format!(
            "the store {} does not offer this: it has no {statement}",
            local.connection.store.name()
        ));
    }
    offered
}

/// How many accounts there are, and how many are marked.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    accounts: u64,
    marked: u64,
    /// Marked ones by the day of the mark; `None` where the store keeps no time.
    days: BTreeMap<Option<String>, u64>,
}

impl Counted {
    fn add(&mut self, account: &Account) {
        self.accounts = self.accounts.saturating_add(1);
        let Some(since) = account.migrated else { return };
        self.marked = self.marked.saturating_add(1);
        let day = (since != Timestamp::MIN).then(|| Offset::UTC.to_datetime(since).date().to_string());
        let count = self.days.entry(day).or_default();
        *count = count.saturating_add(1);
    }

    fn json(&self) -> String {
        let days: serde_json::Map<_, _> =
            self.days.iter().map(|(day, count)| (day.clone().unwrap_or_default(), (*count).into())).collect();
        json!({ "accounts": self.accounts, "migrated": self.marked, "days": days }).to_string()
    }

    fn text(&self) -> String {
        let percent = self.marked.saturating_mul(100).checked_div(self.accounts).unwrap_or(0);
        let mut text = format!("{} of {} accounts are migrated ({percent} %)", self.marked, self.accounts);
        for (day, count) in &self.days {
            let day = day.as_deref().unwrap_or("day not kept");
            text.extend(["\n", day, "  ", &count.to_string()]);
        }
        text
    }
}

/// Counts page by page.
async fn count(local: &Local) -> Result<Counted, Failed> {
    let mut counted = Counted::default();
    let mut after: Option<String> = None;
    let shows_progress = std::io::stderr().is_terminal();
    loop {
        let page = page(local, after.as_deref()).await?;
        for account in &page {
            counted.add(account);
        }
        if shows_progress {
            print::error(&format!("{} accounts so far", counted.accounts));
        }
        match page.last() {
            Some(last) if page.len() >= PAGE_MAX => after = Some(last.user_id.clone()),
            _ => return Ok(counted),
        }
    }
}

/// One page, which must go on behind the one before and be the connection's own.
async fn page(local: &Local, after: Option<&str>) -> Result<Vec<Account>, Failed> {
    let connection: &Connection = &local.connection;
    let page = connection.store.list(&local.call(STORE_TIME), after, PAGE_MAX).await?;
    if after.is_some() && page.iter().any(|account| Some(account.user_id.as_str()) == after) {
        return Err(Failed::Wrong(
            "list does not go on behind :after, so that its pages would never end".to_owned(),
        ));
    }
    if page.iter().any(|account| !connection.owns(account)) {
        return Err(Failed::Wrong("list answers accounts of another organization".to_owned()));
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use idstore_contract::Handle;

    #[test]
    fn marks_are_counted_by_their_day_and_those_without_one_apart() {
        let mut counted = Counted::default();
        let days =
            [None, Some("2026-03-01T23:59:59Z"), Some("2026-03-01T00:00:00Z"), Some("2026-03-02T00:00:00Z")];
        for since in days {
            let migrated = since.map(|time| time.parse().unwrap());
            counted.add(&Account { migrated, ..Account::new(Handle::new("1"), "1") });
        }
        let unknown = Account { migrated: Some(Timestamp::MIN), ..Account::new(Handle::new("1"), "1") };
        counted.add(&unknown);
        assert_eq!(
            counted.text(),
            "4 of 5 accounts are migrated (80 %)\nday not kept  1\n2026-03-01  2\n2026-03-02  1"
        );
        assert_eq!(
            counted.json(),
            r#"{"accounts":5,"migrated":4,"days":{"":1,"2026-03-01":2,"2026-03-02":1}}"#
        );
    }
}
