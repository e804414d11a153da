//! [`World`]: one opened store and what a case does with it. It plays the core's part: every call has a deadline, reads
//! are dropped when it passes, writes run on in a task of their own.

pub(crate) use crate::ask::Outcome;
use crate::expect;
use crate::fixture::{Backdoor, ELSEWHERE, Fault, Fixture, HOME, PARAMETER, Row, Scope, Setup};
use crate::gate::{Gate, Mode};
use crate::method::Writing;
use idstore_contract::{
    Ability, Account, Call, Error, ErrorKind, IdentifierKind, Lookup, NewAccount, NewPassword, PasswordCheck,
    PasswordWrite, Profile, Purpose, Secret, StoreHandle, StoredPassword, Timestamp, Verdict,
};
use std::any::Any;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a call gets where nothing is broken: far more than it needs, so that a busy machine fails nothing.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);
/// What a call gets where something is broken: enough to notice, and short, for most of these calls use it up.
pub(crate) const SHORT: Duration = Duration::from_millis(500);
/// How soon a store serves again after it was mended. The promise is a second; the rest is for a busy machine.
pub(crate) const RECOVERY_MAX: Duration = Duration::from_secs(3);

/// One opened store.
pub(crate) struct World {
    pub(crate) store: StoreHandle,
    pub(crate) backdoor: Box<dyn Backdoor>,
    pub(crate) gate: Option<Gate>,
    pub(crate) scope: Scope,
    pub(crate) setup: Setup,
    calls: AtomicU64,
    _keep: Box<dyn Any + Send + Sync>,
}

impl World {
    /// Opens a fixture.
    pub(crate) async fn open(fixture: &dyn Fixture, setup: Setup) -> Result<Self, String> {
        let opened = fixture.open(&setup).await.map_err(|why| format!("the fixture can not open: {why}"))?;
        Ok(Self {
            store: opened.store,
            backdoor: opened.backdoor,
            gate: opened.gate,
            scope: fixture.scope(),
            setup,
            calls: AtomicU64::new(0),
            _keep: opened.keep,
        })
    }

    /// Lets go of the store, and then of what it stood on.
    pub(crate) async fn close(self) -> Outcome {
        drop(self.store);
        self.backdoor.close().await.map_err(|why| format!("the fixture can not close: {why}"))
    }

    /// A call of the organization that the suite works in.
    pub(crate) fn call(&self) -> Call {
        self.call_for(HOME, DEADLINE)
    }

    /// A call that ends soon.
    pub(crate) fn short_call(&self) -> Call {
        self.call_for(HOME, SHORT)
    }

    /// A call of the other organization.
    pub(crate) fn call_elsewhere(&self) -> Call {
        self.call_for(ELSEWHERE, DEADLINE)
    }

    fn call_for(&self, organization: &str, within: Duration) -> Call {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        Call::new(
            format!("conformance-{number}"),
            now.checked_add(within).unwrap_or(now),
            wall_clock(),
            Arc::new(BTreeMap::from([(PARAMETER.to_owned(), organization.to_owned())])),
        )
    }

    /// Whether an ability is offered.
    pub(crate) fn offers(&self, ability: Ability) -> bool {
        self.store.describe().offers(ability)
    }

    /// The candidates, which must be told without an error.
    pub(crate) async fn candidates(&self, lookup: &Lookup) -> Result<Vec<Account>, String> {
        let call = self.call();
        let found = read(&call, self.store.find(&call, lookup, Purpose::Profile)).await;
        found.map_err(|error| format!("{lookup:?} was answered with an error: {error:?}"))
    }

    /// The one account with that key.
    pub(crate) async fn account(&self, user_id: &str) -> Result<Account, String> {
        let lookup = Lookup::UserId(user_id.to_owned());
        let found = self.candidates(&lookup).await?;
        let [account] = <[Account; 1]>::try_from(found)
            .map_err(|found| format!("the user_id of one account finds {}", found.len()))?;
        if account.user_id != user_id {
            return Err("the account found by user_id has another user_id".into());
        }
        Ok(account)
    }

    /// Puts an account into the store and finds it through the adapter.
    pub(crate) async fn seed(&self, row: &Row) -> Result<Account, String> {
        let user_id = self.backdoor.seed(row).await?;
        self.account(&user_id).await
    }

    /// The account with a number, with every identifier that the fixture has.
    pub(crate) fn row(&self, number: u32) -> Row {
        let text = |kind| self.has(kind).then(|| identifier(kind, number));
        Row {
            email: text(IdentifierKind::Email),
            username: text(IdentifierKind::Username),
            phone_number: text(IdentifierKind::PhoneNumber),
            given_name: Some(format!("Given{number}")),
            password: Some(self.stored_text(number)),
            salt: (self.scope.password_write == PasswordWrite::HashedWithSalt).then(|| salt(number)),
            ..Row::default()
        }
    }

    /// The kind of identifier that takes any text best: the user name where there is one.
    pub(crate) fn name_kind(&self) -> IdentifierKind {
        if self.has(IdentifierKind::Username) { IdentifierKind::Username } else { IdentifierKind::Email }
    }

    /// What the account with a number is found by, as a user would type it.
    pub(crate) fn name(&self, number: u32) -> String {
        identifier(self.name_kind(), number)
    }

    /// Every lookup but that by `user_id` which finds the account with a number.
    pub(crate) fn lookups(&self, number: u32) -> Vec<Lookup> {
        let kinds = self.scope.identifiers.iter();
        kinds
            .flat_map(|kind| {
                let text = identifier(*kind, number);
                [Lookup::Named(*kind, text.clone()), Lookup::Identifier(text)]
            })
            .collect()
    }

    /// Makes the account with a number, as the core does.
    pub(crate) async fn create(&self, number: u32) -> Result<Account, Error> {
        self.create_so(&self.call(), self.new_account(number)).await
    }

    /// Makes an account, as the core does.
    pub(crate) async fn create_so(&self, call: &Call, new: NewAccount) -> Result<Account, Error> {
        let (store, same) = (self.store.clone(), call.clone());
        write(call, async move { store.create(&same, &new).await }).await
    }

    /// Whether the fixture's accounts have an identifier of that kind.
    pub(crate) fn has(&self, kind: IdentifierKind) -> bool {
        self.scope.identifiers.contains(&kind)
    }

    /// The same account as [`World::row`], as one that is to be made.
    pub(crate) fn new_account(&self, number: u32) -> NewAccount {
        let row = self.row(number);
        NewAccount {
            profile: Profile {
                phone_verified: row.phone_number.is_some().then_some(false),
                email: row.email,
                email_verified: Some(false),
                username: row.username,
                phone_number: row.phone_number,
                given_name: row.given_name,
                family_name: row.family_name,
                ..Profile::default()
            },
            password: self.new_password(number),
            organization: None,
        }
    }

    /// The password with a number, as the store wants new ones.
    pub(crate) fn new_password(&self, number: u32) -> NewPassword {
        match self.scope.password_write {
            PasswordWrite::ByStore => NewPassword::Clear(clear(number)),
            PasswordWrite::Hashed | PasswordWrite::HashedWithSalt => NewPassword::Hashed(self.hashed(number)),
        }
    }

    /// The hash with a number, and its salt where that is kept beside it.
    pub(crate) fn hashed(&self, number: u32) -> StoredPassword {
        let salted = self.scope.password_write == PasswordWrite::HashedWithSalt;
        let salt = salted.then(|| Secret::from(salt(number)));
        StoredPassword { salt, ..StoredPassword::new(Secret::from(hash(number))) }
    }

    /// The password with a number, as it is seeded.
    pub(crate) fn stored_text(&self, number: u32) -> String {
        match self.scope.password_write {
            PasswordWrite::ByStore => String::from_utf8_lossy(clear(number).expose()).into_owned(),
            PasswordWrite::Hashed | PasswordWrite::HashedWithSalt => hash(number),
        }
    }

    /// What the store holds of an account that must be there.
    pub(crate) async fn peek(&self, user_id: &str) -> Result<Row, String> {
        self.backdoor.peek(user_id).await?.ok_or_else(|| "the account is not in the store any more".into())
    }

    /// Waits until the account looks like that behind the adapter's back, as long as the store may take to settle.
    pub(crate) async fn settles(&self, user_id: &str, what: &str, is_so: impl Fn(&Row) -> bool) -> Outcome {
        let until = Instant::now().checked_add(self.scope.settles_within);
        loop {
            if is_so(&self.peek(user_id).await?) {
                return Ok(());
            }
            if until.is_none_or(|until| Instant::now() >= until) {
                return Err(format!("the store does not hold it: {what}"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Breaks something.
    pub(crate) async fn strike(&self, fault: Fault) -> Outcome {
        match (&self.gate, mode(fault)) {
            (Some(gate), Some(mode)) => gate.set(mode).await,
            (Some(gate), None) => {
                self.backdoor.strike(fault).await?;
                if fault == Fault::LoginRefused {
                    gate.set(Mode::Reset).await?;
                    gate.set(Mode::Forward).await?;
                }
                Ok(())
            }
            (None, _) => self.backdoor.strike(fault).await,
        }
    }

    /// Mends it.
    pub(crate) async fn heal(&self, fault: Fault) -> Outcome {
        match (&self.gate, mode(fault)) {
            (Some(gate), Some(_)) => gate.set(Mode::Forward).await,
            _ => self.backdoor.heal(fault).await,
        }
    }

    /// Waits until the account is found again, and then until it can be written again, without a restart.
    pub(crate) async fn recovers(&self, account: &Account) -> Outcome {
        let lookup = Lookup::UserId(account.user_id.clone());
        let began = Instant::now();
        loop {
            let call = self.short_call();
            match read(&call, self.store.find(&call, &lookup, Purpose::Login)).await {
                Ok(found) => {
                    expect::accounts("the account after the outage", &[account], &found)?;
                    break;
                }
                Err(error) => not_yet(began, &error).await?,
            }
        }
        let Some(writing) = Writing::of_an_account(self).find(|writing| *writing != Writing::Delete) else {
            return Ok(());
        };
        loop {
            match writing.call(self, &self.short_call(), account, 0).await {
                Ok(_) => return Ok(()),
                Err(error) => not_yet(began, &error).await?,
            }
        }
    }

    /// The account must have the password with that number, and show it where it shows any.
    pub(crate) async fn has_password(&self, account: &Account, number: u32) -> Outcome {
        if self.scope.password_check == PasswordCheck::ByStore {
            let call = self.call();
            return match read(&call, self.store.check(&call, account, &clear(number))).await {
                Ok(Verdict::Match(_)) => Ok(()),
                Ok(other) => Err(format!("the new password is told as {other:?}")),
                Err(error) => Err(format!("the new password can not be checked: {error:?}")),
            };
        }
        let row = self.peek(&account.user_id).await?;
        if let NewPassword::Hashed(new) = self.new_password(number) {
            let stored = row.password.map(Secret::from);
            expect::that(
                stored.is_some_and(|stored| stored.same_as(&new.hash)),
                "the store holds another hash",
            )?;
            let shown = self.account(&account.user_id).await?.password.ok_or("the account shows no hash")?;
            expect::that(shown.hash.same_as(&new.hash), "the account shows another hash")?;
            let salted = new.salt.is_none_or(|new| shown.salt.is_some_and(|shown| shown.same_as(&new)));
            expect::that(salted, "the account shows another salt")?;
        }
        Ok(())
    }
}

/// A read, as the core makes it: dropped at the deadline.
pub(crate) async fn read<T>(
    call: &Call,
    reading: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout_at(call.deadline.into(), reading).await.unwrap_or_else(|_| Err(Error::timeout()))
}

/// A write, as the core makes it: never dropped; given up at the deadline if nothing was sent, and else unknown.
pub(crate) async fn write<T, F>(call: &Call, writing: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    match tokio::time::timeout_at(call.deadline.into(), tokio::spawn(writing)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Error::unexpected("the adapter panicked")),
        Err(_) if call.abandon_write() => Err(Error::busy("nothing was sent before the deadline")),
        Err(_) => Err(Error::timeout()),
    }
}

/// The error kinds that say that a store can't be asked, and nothing else.
pub(crate) fn is_outage(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Busy)
}

/// The identifier of the account with a number.
pub(crate) fn identifier(kind: IdentifierKind, number: u32) -> String {
    match kind {
        IdentifierKind::Email => format!("person{number}@example.com"),
        IdentifierKind::Username => format!("person{number}"),
        IdentifierKind::PhoneNumber => format!("+4420794{number:05}"),
    }
}

/// An account with that identifier alone.
pub(crate) fn called(kind: IdentifierKind, name: &str) -> Row {
    let text = |other| (kind == other).then(|| name.to_owned());
    Row {
        email: text(IdentifierKind::Email),
        username: text(IdentifierKind::Username),
        phone_number: text(IdentifierKind::PhoneNumber),
        ..Row::default()
    }
}

/// Looks like a bcrypt hash, and is none: adapters hash nothing and compare nothing.
pub(crate) fn hash(number: u32) -> String {
    format!("$2b$10$conformance.{number:04}.abcdefghijklmnopqrstuvwxyz01234567")
}

fn salt(number: u32) -> String {
    format!("salt-{number}")
}

/// A password in clear, long enough for a directory's own policy.
pub(crate) fn clear(number: u32) -> Secret {
    Secret::from(format!("Correct-Horse-{number}-Battery"))
}

/// Waits a little, unless the time to recover is over.
async fn not_yet(began: Instant, error: &Error) -> Outcome {
    expect::that(
        began.elapsed() <= RECOVERY_MAX,
        format!("not serving {RECOVERY_MAX:?} after it was mended: {error:?}"),
    )?;
    tokio::time::sleep(Duration::from_millis(20)).await;
    Ok(())
}

fn mode(fault: Fault) -> Option<Mode> {
    match fault {
        Fault::Refused => Some(Mode::Refuse),
        Fault::Reset => Some(Mode::Reset),
        Fault::Frozen => Some(Mode::Freeze),
        Fault::HalfClosed => Some(Mode::HalfClose),
        Fault::LoginRefused | Fault::StatementBroken => None,
    }
}

/// The wall clock, as the core reads it at the start of a request: a store that notes its own time must be near it.
#[allow(
    clippy::disallowed_methods,
    reason = "the suite stands where the core does, and this is its one place"
)]
fn wall_clock() -> Timestamp {
    Timestamp::now()
}
