//! Isolation: a connection's parameter holds on every path, by `user_id` and in writes as well as by identifier.

use crate::cases::{Case, case, usual_cases};
use crate::expect;
use crate::fixture::{ELSEWHERE, HOME, PARAMETER, Row, Sabotage, Scope, Setup};
use crate::method::Writing;
use crate::world::{Outcome, World, read};
use idstore_contract::{Account, Call, ErrorKind, Lookup, Purpose};

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    if !scope.isolates {
        return Vec::new();
    }
    let mut cases = usual_cases!(
        "isolation",
        scope,
        [
            nobody_of_another_organization_is_found,
            nobody_of_another_organization_is_changed,
            the_same_name_in_two_organizations_is_two_people,
        ]
    );
    if scope.sabotages.contains(&Sabotage::LookupLeaks) {
        let setup = Setup { sabotage: Some(Sabotage::LookupLeaks), ..Setup::usual(scope) };
        cases.push(case!("isolation", setup.clone(), a_lookup_that_leaks_shows_whose_the_row_is));
        cases.push(case!("isolation", setup, a_write_on_a_leaked_account_fails));
    }
    cases
}

async fn nobody_of_another_organization_is_found(world: &World) -> Outcome {
    let stranger = world.backdoor.seed(&elsewhere(world, 1)).await?;
    let mut lookups = world.lookups(1);
    lookups.push(Lookup::UserId(stranger));
    for lookup in &lookups {
        expect::accounts(&format!("{lookup:?} of a stranger"), &[], &world.candidates(lookup).await?)?;
        let found = find(world, &world.call_elsewhere(), lookup).await?;
        expect::same("accounts found by their own organization", &1, &found.len())?;
    }
    Ok(())
}

async fn nobody_of_another_organization_is_changed(world: &World) -> Outcome {
    for (number, writing) in (1..).zip(Writing::of_an_account(world)) {
        let user_id = world.backdoor.seed(&elsewhere(world, number)).await?;
        let found = find(world, &world.call_elsewhere(), &Lookup::UserId(user_id.clone())).await?;
        let stranger = found.first().ok_or("the stranger is not found by their own organization")?;
        let before = world.peek(&user_id).await?;
        let written = writing.call(world, &world.call(), stranger, number).await;
        expect::failure(&format!("{writing:?} of a stranger"), written, is_refusal)?;
        expect::same(&format!("the stranger after {writing:?}"), &before, &world.peek(&user_id).await?)?;
    }
    Ok(())
}

async fn the_same_name_in_two_organizations_is_two_people(world: &World) -> Outcome {
    world.backdoor.seed(&elsewhere(world, 1)).await?;
    if !world.scope.offers(idstore_contract::Ability::Create) {
        return Ok(());
    }
    let made = expect::success("create of a stranger's namesake", world.create(1).await)?;
    let row = world.peek(&made.user_id).await?;
    expect::same("the organization of the new account", &HOME.to_owned(), &row.organization)?;
    for lookup in world.lookups(1) {
        expect::accounts(&format!("{lookup:?}"), &[&made], &world.candidates(&lookup).await?)?;
    }
    Ok(())
}

/// Which rows count is for the core to say; the adapter must show it what it needs for that.
async fn a_lookup_that_leaks_shows_whose_the_row_is(world: &World) -> Outcome {
    world.backdoor.seed(&elsewhere(world, 1)).await?;
    for lookup in world.lookups(1) {
        let call = world.call();
        match read(&call, world.store.find(&call, &lookup, Purpose::Profile)).await {
            Err(error) => expect::same("the error", &ErrorKind::Misconfigured, &error.kind())?,
            Ok(found) => {
                let shown: Vec<_> = found.iter().map(shown).collect();
                expect::same("the organization that a leaked row shows", &vec![Some(ELSEWHERE)], &shown)?;
            }
        }
    }
    Ok(())
}

async fn a_write_on_a_leaked_account_fails(world: &World) -> Outcome {
    for (number, writing) in (1..).zip(Writing::of_an_account(world)) {
        let user_id = world.backdoor.seed(&elsewhere(world, number)).await?;
        let call = world.call();
        let lookup = Lookup::UserId(user_id.clone());
        let Ok(found) = read(&call, world.store.find(&call, &lookup, Purpose::Profile)).await else {
            continue;
        };
        let Some(leaked) = found.first() else { continue };
        let before = world.peek(&user_id).await?;
        let written = writing.call(world, &world.call(), leaked, number).await;
        expect::failure(&format!("{writing:?} of a leaked account"), written, is_refusal)?;
        expect::same(
            &format!("the leaked account after {writing:?}"),
            &before,
            &world.peek(&user_id).await?,
        )?;
    }
    Ok(())
}

fn elsewhere(world: &World, number: u32) -> Row {
    Row { organization: ELSEWHERE.into(), ..world.row(number) }
}

fn shown(account: &Account) -> Option<&str> {
    account.parameters.get(PARAMETER).and_then(Option::as_deref)
}

fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::Misconfigured)
}

async fn find(world: &World, call: &Call, lookup: &Lookup) -> Result<Vec<Account>, String> {
    expect::success(
        &format!("{lookup:?}"),
        read(call, world.store.find(call, lookup, Purpose::Profile)).await,
    )
}
