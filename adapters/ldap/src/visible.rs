//! What this service may find and not read: a directory answers that as if it were not there.

use crate::client::{Client, Search, nothing};
use crate::entry::Entry;
use crate::filter::Filter;
use crate::message::Scope;
use idstore_contract::{Call, Error, ErrorKind, IdentifierKind, Problem};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout;

/// For all of these looks together: an attribute without an index may take a directory minutes.
const LOOKING_MAX: Duration = Duration::from_millis(900);

impl Client {
    /// Accounts and attributes that are not shown. Nothing where the directory would have to look through all of its entries.
    pub(crate) async fn unseen(&self, call: &Call) -> Result<Vec<Problem>, Error> {
        timeout(LOOKING_MAX, self.look_for_hidden(call)).await.unwrap_or_else(|_| Ok(Vec::new()))
    }

    async fn look_for_hidden(&self, call: &Call) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        let key = self.plan.attributes.user_id.as_str();
        // One with names in it belongs to a connection.
        let general = Some(&self.plan.object_filter).filter(|filter| filter.names().is_empty());
        if let Some(filter) = general {
            match self.shows(call, filter, key).await? {
                Some(true) => {}
                Some(false) => problems.push(hidden("attributes.user_id", key)),
                None => problems.push(Problem::warning(
                    "base",
                    "no account is seen there; if there are some, this service may not see them, and nobody can sign in",
                )),
            }
        }
        let own = IdentifierKind::ALL.into_iter().filter_map(|kind| {
            self.plan.attribute_of(kind).map(|name| (format!("attributes.{}", kind.as_str()), name))
        });
        let compared = self.plan.aliases.iter().map(|name| ("filter".to_owned(), name.as_str()));
        let mut seen = BTreeSet::new();
        for (key, name) in own.chain(compared).filter(|(_, name)| seen.insert(name.to_ascii_lowercase())) {
            let present = Filter::Present(name.to_owned());
            let present = general.map_or(present.clone(), |general| present.and(general));
            if self.shows(call, &present, name).await? == Some(false) {
                problems.push(hidden(&key, name));
            }
        }
        Ok(problems)
    }

    /// Whether an entry that a filter finds shows the attribute; `None` where it finds none.
    async fn shows(&self, call: &Call, filter: &Filter, attribute: &str) -> Result<Option<bool>, Error> {
        let search = Search {
            base: &self.plan.base,
            scope: Scope::Subtree,
            filter,
            values: &nothing,
            attributes: &[attribute.to_owned()],
            entries_max: 1,
        };
        let found = match self.search(call, &search).await {
            Err(error) if matches!(error.kind(), ErrorKind::Misconfigured | ErrorKind::Timeout) => {
                return Ok(None);
            }
            found => found?,
        };
        // Nothing else was asked for; a server may answer it by another of its names.
        let is_shown = |entry: &Entry| entry.attributes.iter().any(|(_, values)| !values.is_empty());
        Ok(found.entries.first().map(is_shown))
    }
}

fn hidden(key: &str, name: &str) -> Problem {
    let message = format!(
        "this service finds entries by {name} and is not shown it: who is found by it is told as nobody; give it the right \
         to read"
    );
    Problem::warning(key, message)
}
