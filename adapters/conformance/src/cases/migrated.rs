//! `mark_migrated`: the mark shows, and can be taken off.

use crate::cases::{Case, usual_cases};
use crate::expect;
use crate::fixture::Scope;
use crate::method::writing;
use crate::world::{Outcome, World};
use idstore_contract::{Ability, Account, Error, ErrorKind, Mark};

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    if !scope.offers(Ability::MarkMigrated) || !scope.offers(Ability::UnmarkMigrated) {
        return Vec::new();
    }
    usual_cases!("mark_migrated", scope, [the_mark_shows_and_can_be_taken_off, one_who_is_gone_is_not_found])
}

async fn the_mark_shows_and_can_be_taken_off(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    let neighbour = world.seed(&world.row(2)).await?;
    expect::that(account.migrated.is_none(), "an account counts as migrated from the start")?;
    for (on, shown) in [(Mark::Migrated, true), (Mark::Migrated, true), (Mark::NotMigrated, false)] {
        expect::success("mark_migrated", mark(world, &account, on).await)?;
        expect::same("the mark", &shown, &world.account(&account.user_id).await?.migrated.is_some())?;
        expect::that(
            world.account(&neighbour.user_id).await?.migrated.is_none(),
            "the neighbour is marked too",
        )?;
    }
    Ok(())
}

async fn one_who_is_gone_is_not_found(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    world.backdoor.remove(&account.user_id).await?;
    expect::kind(
        "a mark on one who is gone",
        mark(world, &account, Mark::Migrated).await,
        ErrorKind::NotFound,
    )
}

async fn mark(world: &World, account: &Account, mark: Mark) -> Result<(), Error> {
    let call = world.call();
    writing(world, &call, account, |store, call, account| async move {
        store.mark_migrated(&call, &account, mark).await
    })
    .await
}
