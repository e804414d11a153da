//! [`Client`]: asks the directory as the service, with the configuration's filters on every path.
//!
//! It repeats a read once where a pooled session turned out dead, and never anything else.

use crate::account::{GROUPS, Like, Reading};
use crate::ber::Writer;
use crate::directory::{Directory, TELLING};
use crate::entry::Entry;
use crate::error::{Doing, Failure, code, failed, forgotten};
use crate::filter::Filter;
use crate::groups::{GROUPS_READ_MAX, Place};
use crate::message::{Change, Request, Scope};
use crate::opener::Opener;
use crate::plan::{Plan, parameter};
use crate::pool::Pool;
use crate::schema::Fit;
use crate::session::{Answer, Found};
use crate::template::Values;
use crate::way::Way;
use idstore_contract::{Account, CANDIDATES_MAX, Call, Error, ErrorKind};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, OnceLock};
use tokio::sync::{Mutex, MutexGuard, RwLock, Semaphore};
use tokio::time::timeout_at;

/// How many changes can go on at the same time: more than a directory ever gets.
const TURNS: usize = 64;

/// Asks the directory.
pub(crate) struct Client {
    pub(crate) plan: Plan,
    pub(crate) opener: Arc<Opener>,
    pool: Pool,
    /// One permit for each user that is bound at the same time.
    pub(crate) binds: Semaphore,
    /// Held by a write that looks whether an identifier is taken.
    pub(crate) looking: Mutex<()>,
    /// Held by a change of an account: what is read back must not be what somebody else has written since.
    turns: [Mutex<()>; TURNS],
    directory: OnceLock<Directory>,
    /// How new passwords are set, once that is known.
    pub(crate) way: RwLock<Option<Way>>,
    pub(crate) fit: Fit,
}

/// What is searched for, and where.
pub(crate) struct Search<'a> {
    pub(crate) base: &'a str,
    pub(crate) scope: Scope,
    pub(crate) filter: &'a Filter,
    pub(crate) values: &'a dyn Values,
    pub(crate) attributes: &'a [String],
    pub(crate) entries_max: usize,
}

impl Client {
    pub(crate) fn new(plan: Plan, opener: Opener, pool_max: usize) -> Result<Self, Error> {
        let opener = Arc::new(opener);
        Ok(Self {
            plan,
            pool: Pool::new(opener.clone(), pool_max)?,
            opener,
            binds: Semaphore::new(pool_max),
            looking: Mutex::new(()),
            turns: std::array::from_fn(|_| Mutex::new(())),
            directory: OnceLock::new(),
            way: RwLock::default(),
            fit: Fit::default(),
        })
    }

    /// Waits until nobody else in this process changes that account.
    pub(crate) async fn turn(&self, call: &Call, user_id: &str) -> Result<MutexGuard<'_, ()>, Error> {
        let mut hasher = DefaultHasher::new();
        user_id.hash(&mut hasher);
        let index =
            usize::try_from(hasher.finish()).unwrap_or_default().checked_rem(TURNS).unwrap_or_default();
        let turn = self.turns.get(index).ok_or_else(|| Error::unexpected("there is no such turn"))?;
        timeout_at(call.deadline.into(), turn.lock()).await.map_err(|_| {
            Error::busy("another change of this account did not end in time; nothing was written")
        })
    }

    /// Which product answers: as configured, else as the root DSE says, which is read once.
    pub(crate) async fn directory(&self, call: &Call) -> Result<Directory, Error> {
        if let Some(known) = self.plan.directory.or_else(|| self.directory.get().copied()) {
            return Ok(known);
        }
        let root = self.root(call, &TELLING).await?;
        let found = Directory::of(&root);
        if self.directory.set(found).is_ok() {
            tracing::info!(directory = found.as_str(), "the directory was told by its root DSE");
        }
        Ok(found)
    }

    /// The root DSE.
    pub(crate) async fn root(&self, call: &Call, attributes: &[&str]) -> Result<Entry, Error> {
        let attributes: Vec<String> = attributes.iter().map(|name| (*name).to_owned()).collect();
        let anything = Filter::Present("objectClass".to_owned());
        let search = Search {
            base: "",
            scope: Scope::Base,
            filter: &anything,
            values: &nothing,
            attributes: &attributes,
            entries_max: 1,
        };
        let found = self.search(call, &search).await?;
        let root = found.entries.into_iter().next();
        root.ok_or_else(|| Error::misconfigured("this service may not read the root DSE; name `directory`"))
    }

    /// The accounts that a filter finds, at most [`CANDIDATES_MAX`].
    pub(crate) async fn accounts(
        &self,
        call: &Call,
        filter: Filter,
        like: Like<'_>,
        with_password: bool,
    ) -> Result<Vec<(Account, Entry)>, Error> {
        let directory = self.directory(call).await?;
        let filter = filter.and(&self.plan.object_filter);
        let values = |name: &str| match (name, like) {
            ("identifier", Like::Typed(lookup)) => Some(lookup.text().to_owned()),
            (name, _) => parameter(call, name),
        };
        let search = Search {
            base: &self.plan.base,
            scope: Scope::Subtree,
            filter: &filter,
            values: &values,
            attributes: &self.plan.wanted(directory, with_password),
            entries_max: CANDIDATES_MAX.saturating_add(1),
        };
        let found = self.search(call, &search).await?;
        if found.answer.outcome.code == code::SIZE_LIMIT || found.entries.len() > CANDIDATES_MAX {
            return Err(Error::ambiguous());
        }
        // Who may see nothing is answered by some servers as if there were nothing.
        if found.entries.is_empty() && !self.is_there(call, &self.plan.base).await? {
            return Err(Error::misconfigured(if self.opener.signs_in() {
                "this service may not see the base any more, or it is gone"
            } else {
                "nobody may see the base without a bind; write `bind_dn`"
            }));
        }
        let reading = Reading { plan: &self.plan, directory, call, like };
        let account = |entry: Entry| {
            if let Some(attribute) = reading.hides_what_was_asked(&entry) {
                return Err(Error::misconfigured(
                    "an entry is found by an attribute that it does not show: this service may search it and not read it, \
                     or the directory answers with another of its names",
                )
                .with("attribute", attribute.to_owned()));
            }
            Ok((reading.account(&entry)?, entry))
        };
        found.entries.into_iter().map(account).collect()
    }

    /// The account as it is now; `None` where it is gone, or invisible to this call.
    pub(crate) async fn again(
        &self,
        call: &Call,
        account: &Account,
    ) -> Result<Option<(Account, Entry)>, Error> {
        let Some(filter) = self.plan.id.filter(&self.plan.attributes.user_id, &account.user_id) else {
            return Ok(None);
        };
        let mut found = self.accounts(call, filter, Like::Before(account), true).await?;
        match found.len() {
            0 | 1 => Ok(found.pop()),
            _ => Err(Error::ambiguous()),
        }
    }

    /// Adds the groups that are not in the account's own entry.
    pub(crate) async fn add_groups(
        &self,
        call: &Call,
        account: &mut Account,
        entry: &Entry,
    ) -> Result<(), Error> {
        let Some(groups) = &self.plan.groups else { return Ok(()) };
        let profile = &account.profile;
        let values = |name: &str| match name {
            "dn" => Some(entry.dn.clone()),
            "username" => profile.username.clone(),
            "user_id" => Some(account.user_id.clone()),
            name => parameter(call, name),
        };
        let places = groups.places(entry);
        if places.is_empty() {
            return Ok(());
        }
        let mut names = groups.names_in(entry);
        for Place { base, scope, filter } in &places {
            // Who has no user name is in no group by it.
            let has_name = profile.username.is_some();
            let filter = if has_name { Some(filter.as_ref().clone()) } else { filter.without("username") };
            let Some(filter) = filter else { continue };
            let search = Search {
                base,
                scope: *scope,
                filter: &filter,
                values: &values,
                attributes: std::slice::from_ref(&groups.name),
                entries_max: GROUPS_READ_MAX,
            };
            let found = match self.search(call, &search).await {
                // A primary group that this service may not see is a base that is not there.
                Err(error) if *scope == Scope::Base && error.kind() == ErrorKind::Misconfigured => continue,
                found => found?,
            };
            if found.answer.outcome.code == code::SIZE_LIMIT {
                tracing::warn!(read = found.entries.len(), "an account has more groups than are read");
            }
            names
                .extend(found.entries.iter().filter_map(|group| group.text(&groups.name)).map(str::to_owned));
        }
        account.profile.app_metadata.insert(GROUPS.to_owned(), groups.told(names).into());
        Ok(())
    }

    /// One search as the service. Sent again, once, where a pooled session turned out dead.
    pub(crate) async fn search(&self, call: &Call, search: &Search<'_>) -> Result<Found, Error> {
        let request = search.limited(call, u32::try_from(search.entries_max).unwrap_or(u32::MAX))?;
        let mut is_first = true;
        loop {
            match self.search_once(call, &request, search.entries_max).await {
                Err(failure) if failure.repeat && is_first => is_first = false,
                other => return Ok(other?),
            }
        }
    }

    async fn search_once(
        &self,
        call: &Call,
        request: &Request,
        entries_max: usize,
    ) -> Result<Found, Failure> {
        let searching = async {
            let mut lease = self.pool.lease(call).await?;
            lease.search(request, entries_max).await
        };
        let found = timeout_at(call.deadline.into(), searching)
            .await
            .unwrap_or_else(|_| Err(Error::timeout().into()))?;
        let outcome = &found.answer.outcome;
        match outcome.code {
            code::SUCCESS | code::SIZE_LIMIT => Ok(found),
            _ => {
                let repeat = forgotten(outcome);
                if repeat {
                    // What forgot one bind has forgotten those before it.
                    self.pool.drain();
                }
                Err(Failure { error: failed(outcome, Doing::Reading), repeat })
            }
        }
    }

    /// One page of a search; `cookie` is where it goes on.
    pub(crate) async fn page(&self, call: &Call, search: &Search<'_>, cookie: &[u8]) -> Result<Found, Error> {
        let entries = u32::try_from(search.entries_max).unwrap_or(u32::MAX);
        // A limit would be one of all pages together.
        let request = search.limited(call, 0)?.page(entries, cookie);
        Ok(self.search_once(call, &request, search.entries_max).await?)
    }

    /// One operation that writes. Never repeated: once it was sent, a session that breaks leaves the outcome unknown.
    pub(crate) async fn write(&self, call: &Call, request: &Request) -> Result<Answer, Error> {
        let mut lease = self.pool.lease(call).await?;
        call.begin_write()?;
        match timeout_at(call.deadline.into(), lease.ask(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failure)) => Err(failure.error.as_kind(ErrorKind::Timeout)),
            Err(_) => Err(Error::timeout()),
        }
    }

    /// A modification that must succeed.
    pub(crate) async fn modify(&self, call: &Call, dn: &str, changes: &[Change]) -> Result<(), Error> {
        let answer = self.write(call, &Request::modify(dn, changes)).await?;
        if answer.outcome.code == code::SUCCESS {
            Ok(())
        } else {
            Err(failed(&answer.outcome, Doing::Writing))
        }
    }
}

impl Search<'_> {
    /// The request, by which the server is to stop after so many entries.
    fn limited(&self, call: &Call, entries: u32) -> Result<Request, Error> {
        let mut filter = Writer::new();
        self.filter.write(&mut filter, self.values).map_err(|name| {
            Error::misconfigured("a filter has a name that has no value in this call").with("name", name)
        })?;
        Ok(Request::search(self.base, self.scope, entries, seconds(call), &filter, self.attributes))
    }
}

/// What is left, in whole seconds and at least one: 0 would be no limit.
fn seconds(call: &Call) -> u32 {
    u32::try_from(call.remaining().as_secs().saturating_add(1)).unwrap_or(u32::MAX)
}

/// Values where a filter has no names.
pub(crate) fn nothing(_: &str) -> Option<String> {
    None
}
