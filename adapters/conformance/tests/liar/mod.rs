//! A store that keeps every promise but one: the memory adapter, with a wrapper that lies in one way, and that can be
//! broken as a network store can.

use crate::fixture::{Behind, InMemory};
use idstore_conformance::{
    Backdoor, ELSEWHERE, Fault, Fixture, HOME, Later, Offers, Opened, PARAMETER, Row, Scope, Setup,
};
use idstore_contract::{
    Account, Call, Deleted, Depth, Descriptor, Error, ErrorKind, IdentifierChange, IdentifierKind, Lookup,
    Mark, MembershipChange, Memberships, NewAccount, NewPassword, PasswordChange, Problem, Purpose, Rehash,
    Rehashed, Result, Secret, Standing, Store, StoreHandle, Verdict,
};
use idstore_memory::{Accounts, Record};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Barrier, Semaphore, SemaphorePermit, watch};

/// The one promise that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    None,
    NobodyIsAnError,
    FirstCandidateOnly,
    NineAreEight,
    UnsupportedIsNobody,
    BarredAreHidden,
    LongNamesAreCut,
    EscapedTwice,
    Wildcards,
    IdsArePadded,
    ParameterIgnored,
    AnyPasswordMatches,
    BarredAreWelcome,
    ExistingIsSuccess,
    FieldIsGuessed,
    AsksBeforeItWrites,
    SecondVerifyFails,
    PasswordIsNotStored,
    RehashIgnoresTheOld,
    NeighbourIsOvertaken,
    SecondDeleteSucceeds,
    PagesSkipTheFirst,
    MarkSticks,
    UndeclaredWorks,
    ErrorsTellValues,
    LogsTellValues,
    NobodyInAnOutage,
    MismatchInAnOutage,
    NotFoundInAnOutage,
    SuccessInAnOutage,
    ProbeIsBlind,
    StaysDown,
    PermitsAreLost,
    LateAnswersAreTaken,
    WritesWhenGivenUp,
}

/// A fixture over such a store.
#[derive(Clone, Copy)]
pub(crate) struct Lying {
    pub(crate) lie: Lie,
    pub(crate) memory: InMemory,
}

impl Fixture for Lying {
    fn name(&self) -> &'static str {
        "liar"
    }

    fn scope(&self) -> Scope {
        Scope {
            faults: &[
                Fault::Refused,
                Fault::Reset,
                Fault::Frozen,
                Fault::HalfClosed,
                Fault::LoginRefused,
                Fault::StatementBroken,
            ],
            ..self.memory.scope()
        }
    }

    fn open<'a>(&'a self, setup: &'a Setup) -> Later<'a, std::result::Result<Opened, String>> {
        let everything = Setup { offers: Offers::Everything, ..setup.clone() };
        let hidden = self.lie == Lie::UndeclaredWorks && setup.offers == Offers::Reading;
        let memory = self.memory.store(if hidden { &everything } else { setup });
        let accounts = memory.accounts();
        let broken = watch::Sender::new(None);
        let store = Liar {
            lie: self.lie,
            hidden,
            accounts: accounts.clone(),
            inner: Arc::new(memory),
            broken: broken.clone(),
            was_broken: AtomicBool::new(false),
            overdue: watch::Sender::new(None),
            permits: Semaphore::new(usize::try_from(setup.pool_max).unwrap_or(1)),
            together: Barrier::new(8),
        };
        let backdoor = Box::new(Breaking { behind: Behind(accounts), broken });
        Box::pin(async { Ok(Opened { store: Arc::new(store), backdoor, gate: None, keep: Box::new(()) }) })
    }
}

struct Liar {
    lie: Lie,
    /// Whether the description hides what the store does.
    hidden: bool,
    inner: StoreHandle,
    accounts: Accounts,
    broken: watch::Sender<Option<Fault>>,
    was_broken: AtomicBool,
    overdue: watch::Sender<Option<Lookup>>,
    permits: Semaphore,
    together: Barrier,
}

impl Liar {
    fn lies(&self, lie: Lie) -> bool {
        self.lie == lie
    }

    /// A session, if the store can be reached.
    async fn session(&self) -> Result<SemaphorePermit<'_>> {
        let permit = self.permits.acquire().await.map_err(|_| Error::unexpected("closed"))?;
        let fault = *self.broken.borrow();
        let failed = match fault {
            None => {
                let down = self.lies(Lie::StaysDown) && self.was_broken.load(Ordering::Relaxed);
                down.then(|| Error::unavailable("down for ever"))
            }
            Some(Fault::StatementBroken) => Some(Error::misconfigured("the table is gone")),
            Some(Fault::Frozen) => {
                self.broken.subscribe().wait_for(|fault| *fault != Some(Fault::Frozen)).await.ok();
                Some(Error::unavailable("the session is lost"))
            }
            Some(_) => Some(Error::unavailable("not there")),
        };
        let Some(error) = failed else { return Ok(permit) };
        self.was_broken.store(true, Ordering::Relaxed);
        if self.lies(Lie::PermitsAreLost) {
            permit.forget();
        }
        Err(error)
    }

    /// Whether an outage is told as something else.
    fn covers_up(&self, lie: Lie) -> bool {
        self.lies(lie) && self.broken.borrow().is_some()
    }

    fn asked(&self, lookup: &Lookup) -> Lookup {
        let change = |text: &String| match self.lie {
            Lie::EscapedTwice => text.replace('*', "\\*").replace('\'', "''"),
            Lie::LongNamesAreCut => text.chars().take(255).collect(),
            Lie::Wildcards if text.contains(['*', '%']) => "person1".into(),
            _ => text.clone(),
        };
        match lookup {
            Lookup::UserId(text) => Lookup::UserId(text.clone()),
            Lookup::Identifier(text) => Lookup::Identifier(change(text)),
            Lookup::Named(kind, text) => Lookup::Named(*kind, change(text)),
        }
    }

    /// What the memory adapter would do if nobody had given the call up.
    fn call(&self, call: &Call) -> Call {
        if self.lies(Lie::WritesWhenGivenUp) { call.next_step() } else { call.clone() }
    }
}

fn elsewhere(call: &Call) -> Call {
    let parameters = BTreeMap::from([(PARAMETER.to_owned(), ELSEWHERE.to_owned())]);
    Call::new(call.request_id.clone(), call.deadline, call.now, Arc::new(parameters))
}

impl Store for Liar {
    fn describe(&self) -> Descriptor {
        let mut described = self.inner.describe();
        if self.hidden {
            described.abilities.clear();
        }
        described
    }

    async fn find(&self, call: &Call, lookup: &Lookup, purpose: Purpose) -> Result<Vec<Account>> {
        if self.covers_up(Lie::NobodyInAnOutage) {
            return Ok(Vec::new());
        }
        if self.lies(Lie::LateAnswersAreTaken) && self.broken.borrow().is_some() {
            self.overdue.send_replace(Some(lookup.clone()));
        }
        let _session = self.session().await?;
        if self.lies(Lie::LogsTellValues) {
            tracing::trace!("looking for {}", lookup.text());
        }
        let mut lookup = self.asked(lookup);
        if let Some(overdue) = self.overdue.send_replace(None) {
            lookup = overdue;
        }
        let found = self.inner.find(call, &lookup, purpose).await;
        let mut found = match found {
            Err(error) if error.kind() == ErrorKind::Unsupported && self.lies(Lie::UnsupportedIsNobody) => {
                Vec::new()
            }
            Err(error) if error.kind() == ErrorKind::Ambiguous && self.lies(Lie::NineAreEight) => Vec::new(),
            found => found?,
        };
        match self.lie {
            Lie::NobodyIsAnError if found.is_empty() => return Err(Error::not_found()),
            Lie::FirstCandidateOnly => found.truncate(1),
            Lie::BarredAreHidden => found.retain(|account| account.standings.worst() == Standing::Ok),
            Lie::IdsArePadded if !matches!(lookup, Lookup::UserId(_)) => {
                for account in &mut found {
                    account.user_id.insert(0, '0');
                }
            }
            Lie::ParameterIgnored => found.extend(self.inner.find(&elsewhere(call), &lookup, purpose).await?),
            _ => {}
        }
        Ok(found)
    }

    async fn check(&self, call: &Call, account: &Account, password: &Secret) -> Result<Verdict> {
        if self.covers_up(Lie::MismatchInAnOutage) {
            return Ok(Verdict::Mismatch);
        }
        let _session = self.session().await?;
        match (self.lie, self.inner.check(call, account, password).await?) {
            (Lie::AnyPasswordMatches, Verdict::Mismatch) => Ok(Verdict::Match(Box::new(account.clone()))),
            (Lie::BarredAreWelcome, Verdict::Barred(_)) => {
                let standings = idstore_contract::Standings::default();
                Ok(Verdict::Match(Box::new(Account { standings, ..account.clone() })))
            }
            (_, verdict) => Ok(verdict),
        }
    }

    async fn create(&self, call: &Call, new: &NewAccount) -> Result<Account> {
        if self.lies(Lie::AsksBeforeItWrites) && self.accounts.len() == 1 {
            // Each of the eight asks before any of them writes: nobody is there, for all of them.
            let named = new.profile.identifier(IdentifierKind::Email).unwrap_or_default().to_owned();
            let taken = self.inner.find(call, &Lookup::Identifier(named), Purpose::Profile).await?;
            if taken.is_empty() {
                self.together.wait().await;
                let parameters = BTreeMap::from([(PARAMETER.to_owned(), HOME.to_owned())]);
                let key = self.accounts.put(Record { parameters, ..Record::of(&new.profile) });
                return Ok(self.inner.find(call, &Lookup::UserId(key), Purpose::Profile).await?.remove(0));
            }
        }
        let _session = self.session().await?;
        match self.inner.create(call, new).await {
            Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists(_)) => match self.lie {
                Lie::ExistingIsSuccess => {
                    let named = new.profile.email.clone().unwrap_or_default();
                    Ok(self.inner.find(call, &Lookup::Identifier(named), Purpose::Profile).await?.remove(0))
                }
                Lie::FieldIsGuessed => {
                    Err(error.as_kind(ErrorKind::AlreadyExists(Some(IdentifierKind::Username))))
                }
                Lie::ErrorsTellValues => {
                    Err(error.with("value", new.profile.email.clone().unwrap_or_default()))
                }
                _ => Err(error),
            },
            made => made,
        }
    }

    async fn verify(&self, call: &Call, account: &Account) -> Result<Account> {
        if self.covers_up(Lie::NotFoundInAnOutage) {
            return Err(Error::not_found());
        }
        let _session = self.session().await?;
        if self.lies(Lie::SecondVerifyFails)
            && self.accounts.get(&account.user_id).is_some_and(|row| row.email_verified)
        {
            return Err(Error::not_found());
        }
        self.inner.verify(&self.call(call), account).await
    }

    async fn change_password(
        &self,
        call: &Call,
        account: &Account,
        change: &PasswordChange,
    ) -> Result<Account> {
        let _session = self.session().await?;
        if self.lies(Lie::PasswordIsNotStored) {
            return Ok(account.clone());
        }
        self.inner.change_password(&self.call(call), account, change).await
    }

    async fn rehash(&self, call: &Call, account: &Account, rehash: &Rehash) -> Result<Rehashed> {
        let _session = self.session().await?;
        if self.lies(Lie::RehashIgnoresTheOld) {
            let change =
                PasswordChange { password: NewPassword::Hashed(rehash.new.clone()), email_verified: false };
            return self.inner.change_password(call, account, &change).await.map(|_| Rehashed::Replaced);
        }
        self.inner.rehash(&self.call(call), account, rehash).await
    }

    async fn change_identifier(
        &self,
        call: &Call,
        account: &Account,
        change: &IdentifierChange,
    ) -> Result<Account> {
        let _session = self.session().await?;
        let changed = self.inner.change_identifier(&self.call(call), account, change).await;
        match changed {
            Err(error)
                if matches!(error.kind(), ErrorKind::AlreadyExists(_))
                    && self.lies(Lie::NeighbourIsOvertaken) =>
            {
                let mut row = self.accounts.get(&account.user_id).ok_or_else(Error::not_found)?;
                match change.kind {
                    IdentifierKind::Email => row.email = Some(change.value.clone()),
                    IdentifierKind::Username => row.username = Some(change.value.clone()),
                    IdentifierKind::PhoneNumber => row.phone_number = Some(change.value.clone()),
                }
                self.accounts.put(row);
                Err(error)
            }
            changed => changed,
        }
    }

    async fn change_membership(
        &self,
        call: &Call,
        account: &Account,
        change: &MembershipChange,
    ) -> Result<()> {
        let _session = self.session().await?;
        self.inner.change_membership(&self.call(call), account, change).await
    }

    async fn memberships(&self, call: &Call, account: &Account) -> Result<Memberships> {
        let _session = self.session().await?;
        self.inner.memberships(call, account).await
    }

    async fn delete(&self, call: &Call, account: &Account) -> Result<Deleted> {
        if self.covers_up(Lie::SuccessInAnOutage) {
            return Ok(Deleted::Removed);
        }
        let _session = self.session().await?;
        match self.inner.delete(&self.call(call), account).await {
            Err(error) if error.kind() == ErrorKind::NotFound && self.lies(Lie::SecondDeleteSucceeds) => {
                Ok(Deleted::Removed)
            }
            deleted => deleted,
        }
    }

    async fn list(&self, call: &Call, after: Option<&str>, limit: usize) -> Result<Vec<Account>> {
        let _session = self.session().await?;
        let page = self.inner.list(call, after, limit).await?;
        let skipped = usize::from(self.lies(Lie::PagesSkipTheFirst) && after.is_some());
        Ok(page.into_iter().skip(skipped).collect())
    }

    async fn mark_migrated(&self, call: &Call, account: &Account, mark: Mark) -> Result<()> {
        let _session = self.session().await?;
        if self.lies(Lie::MarkSticks) && mark == Mark::NotMigrated {
            return Ok(());
        }
        self.inner.mark_migrated(&self.call(call), account, mark).await
    }

    async fn probe(&self, call: &Call, depth: Depth) -> Result<Vec<Problem>> {
        if self.lies(Lie::ProbeIsBlind) {
            return Ok(Vec::new());
        }
        let _session = self.session().await?;
        self.inner.probe(call, depth).await
    }
}

/// The backdoor of the memory adapter, with faults.
struct Breaking {
    behind: Behind,
    broken: watch::Sender<Option<Fault>>,
}

impl Backdoor for Breaking {
    fn seed<'a>(&'a self, row: &'a Row) -> Later<'a, std::result::Result<String, String>> {
        self.behind.seed(row)
    }

    fn peek<'a>(&'a self, user_id: &'a str) -> Later<'a, std::result::Result<Option<Row>, String>> {
        self.behind.peek(user_id)
    }

    fn remove<'a>(&'a self, user_id: &'a str) -> Later<'a, std::result::Result<(), String>> {
        self.behind.remove(user_id)
    }

    fn count(&self) -> Later<'_, std::result::Result<usize, String>> {
        self.behind.count()
    }

    fn strike(&self, fault: Fault) -> Later<'_, std::result::Result<(), String>> {
        self.broken.send_replace(Some(fault));
        Box::pin(async { Ok(()) })
    }

    fn heal(&self, _: Fault) -> Later<'_, std::result::Result<(), String>> {
        self.broken.send_replace(None);
        Box::pin(async { Ok(()) })
    }

    fn close(&self) -> Later<'_, std::result::Result<(), String>> {
        self.behind.close()
    }
}
