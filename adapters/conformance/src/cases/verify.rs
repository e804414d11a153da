//! `verify`: the address is proven, again and again.

use crate::cases::{Case, usual_cases};
use crate::expect;
use crate::fixture::Scope;
use crate::method::writing;
use crate::world::{Outcome, World};
use idstore_contract::{Ability, Account, Error, ErrorKind};

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    if !scope.offers(Ability::Verify) {
        return Vec::new();
    }
    usual_cases!(
        "verify",
        scope,
        [the_address_is_proven_again_and_again, nobody_else_is_proven, one_who_is_gone_is_not_found]
    )
}

async fn the_address_is_proven_again_and_again(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    for round in ["verify", "verify again", "verify a third time"] {
        let read = expect::success(round, verify(world, &account).await)?;
        expect::same(round, &Some(true), &read.profile.email_verified)?;
        world.settles(&account.user_id, "a proven address", |row| row.email_verified).await?;
    }
    Ok(())
}

async fn nobody_else_is_proven(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    let neighbour = world.seed(&world.row(2)).await?;
    let before = world.peek(&neighbour.user_id).await?;
    expect::success("verify", verify(world, &account).await)?;
    expect::same("the neighbour", &before, &world.peek(&neighbour.user_id).await?)
}

async fn one_who_is_gone_is_not_found(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    world.backdoor.remove(&account.user_id).await?;
    expect::kind("verify of one who is gone", verify(world, &account).await, ErrorKind::NotFound)
}

async fn verify(world: &World, account: &Account) -> Result<Account, Error> {
    let call = world.call();
    writing(world, &call, account, |store, call, account| async move { store.verify(&call, &account).await })
        .await
}
