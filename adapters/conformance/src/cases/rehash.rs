//! `rehash`: a better hash of the same password, only in place of the one that was checked.

use crate::cases::{Case, usual_cases};
use crate::expect;
use crate::fixture::Scope;
use crate::method::writing;
use crate::world::{Outcome, World};
use idstore_contract::{Ability, Account, Error, ErrorKind, Rehash, Rehashed};

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    if !scope.offers(Ability::Rehash) {
        return Vec::new();
    }
    usual_cases!(
        "rehash",
        scope,
        [the_checked_hash_is_replaced, another_hash_is_left_alone, one_who_is_gone_is_overtaken_or_not_found,]
    )
}

async fn the_checked_hash_is_replaced(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    let rehashed = expect::success("rehash", rehash(world, &account, 1, 2).await)?;
    expect::same("rehash", &Rehashed::Replaced, &rehashed)?;
    world.has_password(&world.account(&account.user_id).await?, 2).await
}

async fn another_hash_is_left_alone(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    let before = world.peek(&account.user_id).await?;
    let rehashed = expect::success("rehash of a hash that is gone", rehash(world, &account, 8, 9).await)?;
    expect::same("rehash of a hash that is gone", &Rehashed::Overtaken, &rehashed)?;
    expect::same("the account", &before, &world.peek(&account.user_id).await?)
}

async fn one_who_is_gone_is_overtaken_or_not_found(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    world.backdoor.remove(&account.user_id).await?;
    match rehash(world, &account, 1, 2).await {
        Ok(rehashed) => expect::same("rehash of one who is gone", &Rehashed::Overtaken, &rehashed),
        Err(error) => expect::same("rehash of one who is gone", &ErrorKind::NotFound, &error.kind()),
    }
}

async fn rehash(world: &World, account: &Account, old: u32, new: u32) -> Result<Rehashed, Error> {
    let call = world.call();
    let rehash = Rehash { old: world.hashed(old), new: world.hashed(new) };
    writing(world, &call, account, |store, call, account| async move {
        store.rehash(&call, &account, &rehash).await
    })
    .await
}
