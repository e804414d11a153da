//! `create`: an account whole or none, and never two of the same name.

use crate::cases::{Case, case, usual_cases};
use crate::expect;
use crate::fixture::{HOME, Sabotage, Scope, Setup};
use crate::world::{Outcome, World, identifier, write};
use idstore_contract::{Ability, ErrorKind, IdentifierKind, Lookup, Rejection};
use std::sync::Arc;
use tokio::sync::Barrier;

/// How many try at once to be the same person.
const AT_ONCE: usize = 8;

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    if !scope.offers(Ability::Create) {
        return Vec::new();
    }
    let mut cases = usual_cases!(
        "create",
        scope,
        [
            what_was_made_is_what_is_found,
            a_proven_address_stays_proven,
            an_account_without_what_the_store_needs_is_rejected,
            an_identifier_that_the_store_does_not_keep_is_rejected,
            an_account_with_one_identifier_can_be_made,
        ]
    );
    for uniqueness in scope.uniqueness {
        let setup = Setup { uniqueness: *uniqueness, ..Setup::usual(scope) };
        let with = uniqueness.as_str();
        cases.push(case!("create", setup.clone(), the_same_again_exists_already, with));
        cases.push(case!("create", setup.clone(), the_field_that_exists_is_named, with));
        cases.push(case!("create", setup, eight_at_once_have_one_winner, with));
    }
    if scope.sabotages.contains(&Sabotage::CreateFailsHalfWay) {
        let setup = Setup { sabotage: Some(Sabotage::CreateFailsHalfWay), ..Setup::usual(scope) };
        cases.push(case!("create", setup, half_an_account_is_never_left_behind));
    }
    cases
}

async fn what_was_made_is_what_is_found(world: &World) -> Outcome {
    world.seed(&world.row(1)).await?;
    let made = expect::success("create", world.create(2).await)?;
    let found = world.account(&made.user_id).await?;
    expect::that(
        found.profile == made.profile,
        "the account that create answers is not the one that is found",
    )?;
    let row = world.peek(&made.user_id).await?;
    let asked = world.row(2);
    for kind in IdentifierKind::ALL {
        expect::same(kind.as_str(), &asked.identifier(kind), &row.identifier(kind))?;
        let shown = made.profile.identifier(kind);
        expect::same(&format!("{kind} in the answer"), &asked.identifier(kind), &shown)?;
    }
    expect::same("given_name", &asked.given_name, &row.given_name)?;
    expect::same("family_name", &asked.family_name, &row.family_name)?;
    expect::same("organization", &HOME.to_owned(), &row.organization)?;
    expect::that(!row.email_verified, "a new address counts as proven")?;
    world.has_password(&made, 2).await?;
    expect::same("accounts", &2, &world.backdoor.count().await?)
}

async fn a_proven_address_stays_proven(world: &World) -> Outcome {
    let mut new = world.new_account(1);
    new.profile.email_verified = Some(true);
    let made = expect::success("create", world.create_so(&world.call(), new).await)?;
    expect::that(made.profile.email_verified != Some(false), "a proven address is told as not proven")?;
    world.settles(&made.user_id, "a proven address", |row| row.email_verified).await
}

async fn an_account_with_one_identifier_can_be_made(world: &World) -> Outcome {
    let kind = world.name_kind();
    for number in [1, 2] {
        let mut new = world.new_account(number);
        for other in IdentifierKind::ALL.into_iter().filter(|other| *other != kind) {
            *new.profile.identifier_mut(other) = None;
        }
        new.profile.phone_verified = None;
        new.profile.given_name = None;
        let made = expect::success("create with one identifier", world.create_so(&world.call(), new).await)?;
        let name = identifier(kind, number);
        expect::same("the identifier", &Some(name.as_str()), &made.profile.identifier(kind))?;
    }
    Ok(())
}

async fn an_account_without_what_the_store_needs_is_rejected(world: &World) -> Outcome {
    let Some(take_away) = world.scope.without_mandatory else { return Ok(()) };
    let mut new = world.new_account(1);
    take_away(&mut new);
    let made = world.create_so(&world.call(), new).await;
    let rejected = |kind| matches!(kind, ErrorKind::Rejected(Rejection::Value(_)));
    expect::failure("create without what the store needs", made, rejected)?;
    expect::same("accounts", &0, &world.backdoor.count().await?)?;
    expect::success("the same with it", world.create(1).await).map(drop)
}

async fn an_identifier_that_the_store_does_not_keep_is_rejected(world: &World) -> Outcome {
    for kind in IdentifierKind::ALL.into_iter().filter(|kind| !world.has(*kind)) {
        let mut new = world.new_account(1);
        *new.profile.identifier_mut(kind) = Some(identifier(kind, 1));
        let made = world.create_so(&world.call(), new).await;
        expect::kind(
            &format!("create with a {kind}"),
            made,
            ErrorKind::Rejected(Rejection::Value(Some(kind))),
        )?;
        expect::same("accounts", &0, &world.backdoor.count().await?)?;
    }
    Ok(())
}

async fn the_same_again_exists_already(world: &World) -> Outcome {
    let seeded = world.seed(&world.row(1)).await?;
    let made = expect::success("create", world.create(2).await)?;
    for (account, number) in [(&seeded, 1), (&made, 2)] {
        let before = world.peek(&account.user_id).await?;
        let again = world.create(number).await;
        expect::failure("create of one who exists", again, |kind| {
            matches!(kind, ErrorKind::AlreadyExists(_))
        })?;
        expect::same("the account that existed", &before, &world.peek(&account.user_id).await?)?;
    }
    expect::same("accounts", &2, &world.backdoor.count().await?)
}

async fn the_field_that_exists_is_named(world: &World) -> Outcome {
    world.seed(&world.row(1)).await?;
    for kind in world.scope.identifiers {
        let mut new = world.new_account(2);
        *new.profile.identifier_mut(*kind) = Some(identifier(*kind, 1));
        let made = world.create_so(&world.call(), new).await;
        let named = |found| matches!(found, ErrorKind::AlreadyExists(field) if field.is_none_or(|field| field == *kind));
        expect::failure(&format!("create with the {kind} of another"), made, named)?;
    }
    expect::same("accounts", &1, &world.backdoor.count().await?)?;
    expect::success("create of one who does not exist", world.create(2).await).map(drop)
}

async fn eight_at_once_have_one_winner(world: &World) -> Outcome {
    world.seed(&world.row(1)).await?;
    let start = Arc::new(Barrier::new(AT_ONCE));
    let mut tries = Vec::new();
    for _ in 0..AT_ONCE {
        let (store, call, new, start) =
            (world.store.clone(), world.call(), world.new_account(2), start.clone());
        tries.push(tokio::spawn(async move {
            start.wait().await;
            let same = call.clone();
            write(&call, async move { store.create(&same, &new).await }).await
        }));
    }
    let mut winners = Vec::new();
    for attempt in tries {
        match attempt.await.map_err(|error| error.to_string())? {
            Ok(account) => winners.push(account),
            Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists(_)) => {}
            Err(error) => return Err(format!("one of eight creates failed as something else: {error:?}")),
        }
    }
    expect::same("winners", &1, &winners.len())?;
    expect::same("accounts", &2, &world.backdoor.count().await?)?;
    for winner in &winners {
        for lookup in world.lookups(2) {
            expect::accounts("the winner", &[winner], &world.candidates(&lookup).await?)?;
        }
    }
    Ok(())
}

async fn half_an_account_is_never_left_behind(world: &World) -> Outcome {
    for _ in 0..2 {
        let failed = expect::failure("create whose second step fails", world.create(1).await, |kind| {
            matches!(kind, ErrorKind::Rejected(_) | ErrorKind::Misconfigured)
        });
        failed?;
        expect::same("accounts", &0, &world.backdoor.count().await?)?;
        let found = world.candidates(&Lookup::Identifier(world.name(1))).await?;
        expect::accounts("an account that could not be made", &[], &found)?;
    }
    Ok(())
}
