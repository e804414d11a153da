//! Abilities: what is not declared answers `Unsupported` and changes nothing.

use crate::cases::{Case, case};
use crate::expect;
use crate::fixture::{Offers, Scope, Setup};
use crate::method::Method;
use crate::world::{Outcome, World};
use idstore_contract::ErrorKind;

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    let reading = Setup { offers: Offers::Reading, ..Setup::usual(scope) };
    vec![
        case!(
            "abilities",
            Setup::usual(scope),
            what_is_not_declared_is_unsupported_and_changes_nothing,
            "everything"
        ),
        case!(
            "abilities",
            reading.clone(),
            what_is_not_declared_is_unsupported_and_changes_nothing,
            "reading"
        ),
        case!("abilities", reading.clone(), a_store_for_reading_declares_no_write),
        case!("abilities", reading, a_store_for_reading_finds_accounts),
        case!("abilities", Setup::usual(scope), the_description_fits_the_fixture),
    ]
}

async fn what_is_not_declared_is_unsupported_and_changes_nothing(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    let before = world.peek(&account.user_id).await?;
    for method in Method::not_offered(world) {
        let answer = method.call(world, &world.call(), &account, 1).await;
        expect::kind(&format!("{method:?}"), answer, ErrorKind::Unsupported)?;
        expect::same(
            &format!("the account after {method:?}"),
            &before,
            &world.peek(&account.user_id).await?,
        )?;
        expect::same(&format!("accounts after {method:?}"), &1, &world.backdoor.count().await?)?;
    }
    Ok(())
}

async fn a_store_for_reading_declares_no_write(world: &World) -> Outcome {
    let declared: Vec<_> =
        Method::offered(world).filter(|method| matches!(method, Method::Write(_))).collect();
    expect::same("declared writes", &Vec::new(), &declared)
}

async fn a_store_for_reading_finds_accounts(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    for lookup in world.lookups(1) {
        expect::accounts(&format!("{lookup:?}"), &[&account], &world.candidates(&lookup).await?)?;
    }
    Ok(())
}

async fn the_description_fits_the_fixture(world: &World) -> Outcome {
    let described = world.store.describe();
    expect::same("who compares passwords", &world.scope.password_check, &described.password_check)?;
    expect::that(!described.adapter.is_empty(), "the adapter has no name")?;
    expect::same("abilities", &world.scope.abilities, &described.abilities)
}
