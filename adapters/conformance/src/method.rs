//! [`Method`]: every method of a store as one thing that can be called, for the cases that hold for all of them.

use crate::world::{World, clear, identifier, read, write};
use idstore_contract::{
    Ability, Account, Call, Depth, Error, IdentifierChange, IdentifierKind, Lookup, Mark, MembershipChange,
    NewAccount, PasswordChange, PasswordCheck, Purpose, Rehash, StoreHandle, StoredPassword, Verdict,
};
use std::future::Future;

/// A method of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Read(Reading),
    Write(Writing),
}

/// One that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    FindByUserId,
    FindByIdentifier,
    FindByName(IdentifierKind),
    Check,
    Memberships,
    List,
    ProbeAlive,
    ProbeFull,
}

/// One that changes something, with arguments that do so whatever is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    Create,
    Verify,
    ChangePassword,
    Rehash,
    ChangeIdentifier(IdentifierKind),
    Join,
    MarkMigrated,
    Delete,
}

/// What a method answered, in words that fit after "it said …".
pub(crate) type Said = &'static str;
/// What a probe says that found something wrong.
pub(crate) const PROBLEMS: Said = "that something is wrong";
/// What a probe says that found nothing.
pub(crate) const ALL_IS_WELL: Said = "that all is well";
/// The arguments of writes are made from numbers this far from those of the accounts that cases seed.
const FAR: u32 = 40_000;

impl Method {
    /// All that the store offers.
    pub(crate) fn offered(world: &World) -> impl Iterator<Item = Self> {
        Self::all().filter(|method| method.is_offered(world))
    }

    /// All that it does not offer.
    pub(crate) fn not_offered(world: &World) -> impl Iterator<Item = Self> {
        Self::all().filter(|method| !method.is_offered(world))
    }

    fn all() -> impl Iterator<Item = Self> {
        Reading::ALL.into_iter().map(Self::Read).chain(Writing::ALL.into_iter().map(Self::Write))
    }

    fn is_offered(self, world: &World) -> bool {
        match self {
            Self::Read(reading) => reading.is_offered(world),
            Self::Write(writing) => writing.is_offered(world),
        }
    }

    /// Calls it, as the core does. `account` is the account with `number`.
    pub(crate) async fn call(
        self,
        world: &World,
        call: &Call,
        account: &Account,
        number: u32,
    ) -> Result<Said, Error> {
        match self {
            Self::Read(reading) => reading.call(world, call, account, number).await,
            Self::Write(writing) => writing.call(world, call, account, number).await,
        }
    }
}

impl Reading {
    const ALL: [Self; 10] = [
        Self::FindByUserId,
        Self::FindByIdentifier,
        Self::FindByName(IdentifierKind::Email),
        Self::FindByName(IdentifierKind::Username),
        Self::FindByName(IdentifierKind::PhoneNumber),
        Self::Check,
        Self::Memberships,
        Self::List,
        Self::ProbeAlive,
        Self::ProbeFull,
    ];

    fn is_offered(self, world: &World) -> bool {
        match self {
            Self::FindByUserId | Self::FindByIdentifier | Self::ProbeAlive | Self::ProbeFull => true,
            Self::FindByName(kind) => world.has(kind),
            Self::Check => world.store.describe().password_check == PasswordCheck::ByStore,
            Self::Memberships => world.offers(Ability::Roles) || world.offers(Ability::Organizations),
            Self::List => world.offers(Ability::List),
        }
    }

    /// Calls it, as the core does. `account` is the account with `number`.
    pub(crate) async fn call(
        self,
        world: &World,
        call: &Call,
        account: &Account,
        number: u32,
    ) -> Result<Said, Error> {
        let store = &world.store;
        match self {
            Self::FindByUserId => find(store, call, &Lookup::UserId(account.user_id.clone())).await,
            Self::FindByIdentifier => find(store, call, &Lookup::Identifier(world.name(number))).await,
            Self::FindByName(kind) => find(store, call, &Lookup::Named(kind, identifier(kind, number))).await,
            Self::Check => Ok(match read(call, store.check(call, account, &clear(number))).await? {
                Verdict::Match(_) => "a match",
                Verdict::Mismatch => "a mismatch",
                Verdict::Barred(_) => "that the account is barred",
                Verdict::TooManyAttempts => "that there were too many attempts",
            }),
            Self::Memberships => read(call, store.memberships(call, account)).await.map(|_| "memberships"),
            Self::List => read(call, store.list(call, None, 10)).await.map(|_| "a page"),
            Self::ProbeAlive => probe(store, call, Depth::Alive).await,
            Self::ProbeFull => probe(store, call, Depth::Full).await,
        }
    }
}

impl Writing {
    /// All of them. Deleting comes last, for nothing can follow it.
    pub(crate) const ALL: [Self; 10] = [
        Self::Create,
        Self::Verify,
        Self::ChangePassword,
        Self::Rehash,
        Self::ChangeIdentifier(IdentifierKind::Email),
        Self::ChangeIdentifier(IdentifierKind::Username),
        Self::ChangeIdentifier(IdentifierKind::PhoneNumber),
        Self::Join,
        Self::MarkMigrated,
        Self::Delete,
    ];

    /// All that the store offers and that change an account which is there.
    pub(crate) fn of_an_account(world: &World) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|writing| *writing != Self::Create && writing.is_offered(world))
    }

    fn is_offered(self, world: &World) -> bool {
        world.offers(match self {
            Self::Create => Ability::Create,
            Self::Verify => Ability::Verify,
            Self::ChangePassword => Ability::ChangePassword,
            Self::Rehash => Ability::Rehash,
            Self::ChangeIdentifier(kind) => ability_to_change(kind),
            Self::Join => Ability::JoinOrganization,
            Self::MarkMigrated => Ability::MarkMigrated,
            Self::Delete => Ability::Delete,
        })
    }

    /// Calls it, as the core does. `account` is the account with `number`.
    pub(crate) async fn call(
        self,
        world: &World,
        call: &Call,
        account: &Account,
        number: u32,
    ) -> Result<Said, Error> {
        let arguments = Arguments {
            new: world.new_account(number.saturating_add(FAR)),
            old: world.hashed(number),
            better: world.hashed(number.saturating_add(FAR)),
            number: number.saturating_add(FAR),
            organization: world.scope.organization.unwrap_or("nobody").to_owned(),
        };
        writing(world, call, account, |store, call, account| async move {
            self.perform(&store, &call, &account, arguments).await
        })
        .await
    }

    async fn perform(
        self,
        store: &StoreHandle,
        call: &Call,
        account: &Account,
        with: Arguments,
    ) -> Result<Said, Error> {
        match self {
            Self::Create => store.create(call, &with.new).await.map(|_| "a new account"),
            Self::Verify => store.verify(call, account).await.map(|_| "that the address is proven"),
            Self::ChangePassword => {
                let change = PasswordChange { password: with.new.password, email_verified: false };
                store.change_password(call, account, &change).await.map(|_| "that the password is changed")
            }
            Self::Rehash => {
                let change = Rehash { old: with.old, new: with.better };
                store
                    .rehash(call, account, &change)
                    .await
                    .map(|_| "that the hash is replaced, or was another one")
            }
            Self::ChangeIdentifier(kind) => {
                let change = IdentifierChange { kind, value: identifier(kind, with.number), verified: false };
                store
                    .change_identifier(call, account, &change)
                    .await
                    .map(|_| "that the identifier is changed")
            }
            Self::Join => {
                let change = MembershipChange::Join(with.organization);
                store.change_membership(call, account, &change).await.map(|()| "that the account joined")
            }
            Self::MarkMigrated => store
                .mark_migrated(call, account, Mark::Migrated)
                .await
                .map(|()| "that the account is marked"),
            Self::Delete => store.delete(call, account).await.map(|_| "that the account is deleted"),
        }
    }
}

/// What the writes are called with.
struct Arguments {
    new: NewAccount,
    old: StoredPassword,
    better: StoredPassword,
    number: u32,
    organization: String,
}

/// The ability that changing an identifier needs.
pub(crate) fn ability_to_change(kind: IdentifierKind) -> Ability {
    match kind {
        IdentifierKind::Email => Ability::ChangeEmail,
        IdentifierKind::Username => Ability::ChangeUsername,
        IdentifierKind::PhoneNumber => Ability::ChangePhoneNumber,
    }
}

/// A write in a task of its own, with copies of what it borrows.
pub(crate) async fn writing<T, F, W>(
    world: &World,
    call: &Call,
    account: &Account,
    begin: W,
) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
    W: FnOnce(StoreHandle, Call, Account) -> F,
{
    write(call, begin(world.store.clone(), call.clone(), account.clone())).await
}

async fn find(store: &StoreHandle, call: &Call, lookup: &Lookup) -> Result<Said, Error> {
    Ok(match read(call, store.find(call, lookup, Purpose::Login)).await?.as_slice() {
        [] => "an empty list",
        [_] => "an account",
        [..] => "several accounts",
    })
}

async fn probe(store: &StoreHandle, call: &Call, depth: Depth) -> Result<Said, Error> {
    let problems = read(call, store.probe(call, depth)).await?;
    Ok(if problems.iter().any(idstore_contract::Problem::is_error) { PROBLEMS } else { ALL_IS_WELL })
}
