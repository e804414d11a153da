//! Pages of all accounts, in the order of `user_id`.
//!
//! A directory sorts by few attributes and not by a key, so each page reads all entries, a page of the protocol at a time,
//! and keeps the next ones. Memory is bounded by the page; the time grows with the directory.

use crate::account::{Like, Reading};
use crate::client::{Client, Search};
use crate::error::code;
use crate::message::{Scope, next_page};
use crate::plan::parameter;
use idstore_contract::{Account, Call, Error};
use std::collections::BTreeMap;

/// Entries that are asked for at once; Active Directory answers 1000 at most.
const PAGE_ENTRIES: usize = 500;

impl Client {
    pub(crate) async fn list(
        &self,
        call: &Call,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Account>, Error> {
        let directory = self.directory(call).await?;
        let values = |name: &str| parameter(call, name);
        let search = Search {
            base: &self.plan.base,
            scope: Scope::Subtree,
            filter: &self.plan.object_filter,
            values: &values,
            attributes: &self.plan.wanted(directory, false),
            entries_max: PAGE_ENTRIES,
        };
        let reading = Reading { plan: &self.plan, directory, call, like: Like::Entry };
        let mut next: BTreeMap<String, Account> = BTreeMap::new();
        let (mut cookie, mut seen) = (Vec::new(), 0_usize);
        loop {
            let found = self.page(call, &search, &cookie).await?;
            seen = seen.saturating_add(found.entries.len());
            for entry in &found.entries {
                let account = reading.account(entry)?;
                if after.is_none_or(|after| account.user_id.as_str() > after) {
                    next.insert(account.user_id.clone(), account);
                }
                if next.len() > limit {
                    next.pop_last();
                }
            }
            match next_page(&found.answer.controls) {
                Some(following) => cookie = following,
                None if found.answer.outcome.code == code::SIZE_LIMIT => {
                    return Err(Error::misconfigured(
                        "the server does not let this service read all entries",
                    ));
                }
                None => break,
            }
        }
        // 389 Directory Server answers a paged search of a base that is not there with success.
        if seen == 0 && !self.is_there(call, &self.plan.base).await? {
            return Err(Error::misconfigured("the base is not there, or this service may not see it"));
        }
        Ok(next.into_values().collect())
    }
}
