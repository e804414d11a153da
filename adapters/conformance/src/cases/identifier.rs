//! `change_identifier`: the account's own value is no conflict, a neighbour's is, and then nothing changes.

use crate::cases::{Case, case, usual_cases};
use crate::expect;
use crate::fixture::{Row, Scope, Setup};
use crate::method::{ability_to_change, writing};
use crate::world::{Outcome, World, identifier, write};
use idstore_contract::{Account, Error, ErrorKind, IdentifierChange, IdentifierKind, Lookup};
use std::sync::Arc;
use tokio::sync::Barrier;

/// How many want the same name at once.
const AT_ONCE: u32 = 8;

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    if scope.identifiers.iter().all(|kind| !scope.offers(ability_to_change(*kind))) {
        return Vec::new();
    }
    let mut cases = usual_cases!(
        "change_identifier",
        scope,
        [
            the_new_one_finds_the_account_and_the_old_one_nobody,
            whether_it_is_proven_is_stored,
            one_who_is_gone_is_not_found,
        ]
    );
    for uniqueness in scope.uniqueness {
        let setup = Setup { uniqueness: *uniqueness, ..Setup::usual(scope) };
        let with = uniqueness.as_str();
        cases.push(case!("change_identifier", setup.clone(), its_own_value_is_no_conflict, with));
        cases.push(case!("change_identifier", setup.clone(), onto_a_neighbour_both_stay_as_they_are, with));
        cases.push(case!("change_identifier", setup, eight_at_once_onto_one_have_one_winner, with));
    }
    cases
}

async fn the_new_one_finds_the_account_and_the_old_one_nobody(world: &World) -> Outcome {
    for (number, kind) in (1..).zip(offered(world)) {
        let account = world.seed(&world.row(number)).await?;
        let changed = expect::success(&format!("change of {kind}"), change(world, &account, kind, 70).await)?;
        expect::same("user_id", &account.user_id, &changed.user_id)?;
        let new = identifier(kind, 70);
        expect::same("the identifier in the answer", &Some(new.as_str()), &changed.profile.identifier(kind))?;
        world
            .settles(&account.user_id, "the new identifier", |row| row.identifier(kind) == Some(&new))
            .await?;
        let by_new = world.candidates(&Lookup::Named(kind, new)).await?;
        expect::accounts("those with the new identifier", &[&account], &by_new)?;
        let by_old = world.candidates(&Lookup::Named(kind, identifier(kind, number))).await?;
        expect::accounts("those with the old identifier", &[], &by_old)?;
    }
    Ok(())
}

async fn whether_it_is_proven_is_stored(world: &World) -> Outcome {
    let kinds = offered(world).filter(|kind| *kind != IdentifierKind::Username);
    for (number, kind) in (1..).zip(kinds) {
        let row = Row { email_verified: true, phone_verified: true, ..world.row(number) };
        let account = world.seed(&row).await?;
        for (other, verified) in [(71, false), (72, true), (73, false)] {
            let asked = IdentifierChange { kind, value: identifier(kind, other), verified };
            let call = world.call();
            let changed = writing(world, &call, &account, |store, call, account| async move {
                store.change_identifier(&call, &account, &asked).await
            })
            .await;
            expect::success(&format!("change of {kind}, proven: {verified}"), changed)?;
            let shown = |row: &Row| match kind {
                IdentifierKind::PhoneNumber => row.phone_verified == verified,
                IdentifierKind::Email | IdentifierKind::Username => row.email_verified == verified,
            };
            world.settles(&account.user_id, &format!("{kind} proven: {verified}"), shown).await?;
        }
    }
    Ok(())
}

async fn its_own_value_is_no_conflict(world: &World) -> Outcome {
    for (number, kind) in (1..).zip(offered(world)) {
        let account = world.seed(&world.row(number)).await?;
        let changed = change(world, &account, kind, number).await;
        expect::success(&format!("change of {kind} to the account's own"), changed)?;
    }
    Ok(())
}

async fn onto_a_neighbour_both_stay_as_they_are(world: &World) -> Outcome {
    for (number, kind) in (1_u32..).map(|pair| pair.saturating_mul(2)).zip(offered(world)) {
        let account = world.seed(&world.row(number)).await?;
        let neighbour = world.seed(&world.row(number.saturating_add(1))).await?;
        let before = (world.peek(&account.user_id).await?, world.peek(&neighbour.user_id).await?);
        let changed = change(world, &account, kind, number.saturating_add(1)).await;
        let named = |found| matches!(found, ErrorKind::AlreadyExists(field) if field.is_none_or(|field| field == kind));
        expect::failure(&format!("change of {kind} onto a neighbour's"), changed, named)?;
        let after = (world.peek(&account.user_id).await?, world.peek(&neighbour.user_id).await?);
        expect::same("the two accounts", &before, &after)?;
    }
    Ok(())
}

async fn eight_at_once_onto_one_have_one_winner(world: &World) -> Outcome {
    let Some(kind) = offered(world).next() else { return Ok(()) };
    let start = Arc::new(Barrier::new(usize::try_from(AT_ONCE).unwrap_or_default()));
    let mut tries = Vec::new();
    for number in 1..=AT_ONCE {
        let account = world.seed(&world.row(number)).await?;
        let before = world.peek(&account.user_id).await?;
        let (store, call, start) = (world.store.clone(), world.call(), start.clone());
        let asked = IdentifierChange { kind, value: identifier(kind, 99), verified: false };
        let user_id = account.user_id.clone();
        let attempt = tokio::spawn(async move {
            start.wait().await;
            let same = call.clone();
            write(&call, async move { store.change_identifier(&same, &account, &asked).await }).await
        });
        tries.push((user_id, before, attempt));
    }
    let mut winners = 0_usize;
    for (user_id, before, attempt) in tries {
        match attempt.await.map_err(|error| error.to_string())? {
            Ok(_) => winners = winners.saturating_add(1),
            Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists(_)) => {
                expect::same("one of the losers", &before, &world.peek(&user_id).await?)?;
            }
            Err(error) => return Err(format!("one of eight changes failed as something else: {error:?}")),
        }
    }
    expect::same("winners", &1, &winners)?;
    let found = world.candidates(&Lookup::Named(kind, identifier(kind, 99))).await?;
    expect::same("accounts with the new identifier", &1, &found.len())
}

async fn one_who_is_gone_is_not_found(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    world.backdoor.remove(&account.user_id).await?;
    for kind in offered(world) {
        let changed = change(world, &account, kind, 50).await;
        expect::kind(&format!("change of {kind} of one who is gone"), changed, ErrorKind::NotFound)?;
    }
    Ok(())
}

fn offered(world: &World) -> impl Iterator<Item = IdentifierKind> {
    world.scope.identifiers.iter().copied().filter(|kind| world.offers(ability_to_change(*kind)))
}

async fn change(
    world: &World,
    account: &Account,
    kind: IdentifierKind,
    number: u32,
) -> Result<Account, Error> {
    let call = world.call();
    let asked = IdentifierChange { kind, value: identifier(kind, number), verified: false };
    writing(world, &call, account, |store, call, account| async move {
        store.change_identifier(&call, &account, &asked).await
    })
    .await
}
