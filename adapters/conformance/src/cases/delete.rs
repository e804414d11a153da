//! `delete`: the account is gone, or stays and is blocked; and nobody else's is.

use crate::cases::{Case, usual_cases};
use crate::expect;
use crate::fixture::Scope;
use crate::method::writing;
use crate::world::{Outcome, World};
use idstore_contract::{Ability, Account, Deleted, Error, ErrorKind, Lookup};

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    if !scope.offers(Ability::Delete) {
        return Vec::new();
    }
    let mut cases =
        usual_cases!("delete", scope, [the_effect_shows_and_twice_is_told, one_who_is_gone_is_not_found]);
    if scope.offers(Ability::Create) {
        cases.extend(usual_cases!("delete", scope, [a_name_that_is_free_again_can_be_given_again]));
    }
    cases
}

async fn the_effect_shows_and_twice_is_told(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    let neighbour = world.seed(&world.row(2)).await?;
    let before = world.peek(&neighbour.user_id).await?;
    let deleted = expect::success("delete", delete(world, &account).await)?;
    let found = world.candidates(&Lookup::UserId(account.user_id.clone())).await?;
    let again = delete(world, &account).await;
    match deleted {
        Deleted::Removed => {
            expect::accounts("a removed account", &[], &found)?;
            expect::same("accounts", &1, &world.backdoor.count().await?)?;
            expect::kind("delete again", again, ErrorKind::NotFound)?;
        }
        Deleted::Deactivated => {
            expect::same(
                "standings",
                &vec![true],
                &found.iter().map(|found| found.standings.blocked).collect(),
            )?;
            expect::same("delete again", &Deleted::Deactivated, &expect::success("delete again", again)?)?;
        }
    }
    expect::same("the neighbour", &before, &world.peek(&neighbour.user_id).await?)
}

async fn a_name_that_is_free_again_can_be_given_again(world: &World) -> Outcome {
    let first = expect::success("create", world.create(1).await)?;
    if expect::success("delete", delete(world, &first).await)? == Deleted::Removed {
        expect::success("create with a name that is free again", world.create(1).await)?;
        expect::same("accounts", &1, &world.backdoor.count().await?)?;
    }
    Ok(())
}

async fn one_who_is_gone_is_not_found(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    world.backdoor.remove(&account.user_id).await?;
    expect::kind("delete of one who is gone", delete(world, &account).await, ErrorKind::NotFound)
}

async fn delete(world: &World, account: &Account) -> Result<Deleted, Error> {
    let call = world.call();
    writing(world, &call, account, |store, call, account| async move { store.delete(&call, &account).await })
        .await
}
