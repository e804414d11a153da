//! Time: a store that stalls never resolves as *no*, and what it leaves behind harms nobody.

use crate::cases::{Case, case};
use crate::expect;
use crate::fixture::{Fault, Scope, Setup};
use crate::method::Writing;
use crate::world::{Outcome, World, is_outage, read};
use idstore_contract::{Account, Lookup, Purpose};
use std::time::{Duration, Instant};

/// How late after its deadline a call may come back; the rest is for a busy machine.
const LATE_MAX: Duration = Duration::from_millis(500);

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    if !scope.faults.contains(&Fault::Frozen) {
        return Vec::new();
    }
    let setup = Setup { pool_max: 1, ..Setup::usual(scope) };
    let mut cases = vec![
        case!("time", setup.clone(), a_stalled_lookup_ends_with_its_deadline),
        case!("time", setup.clone(), dropped_lookups_leave_the_store_usable),
        case!("time", setup.clone(), an_overdue_answer_is_told_to_nobody_else),
        case!("time", setup.clone(), a_call_whose_time_is_up_changes_nothing),
    ];
    if scope.offers(idstore_contract::Ability::ChangePassword) {
        cases.push(case!("time", setup, the_session_of_an_overdue_write_is_not_used_again));
    }
    cases
}

async fn a_stalled_lookup_ends_with_its_deadline(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    world.strike(Fault::Frozen).await?;
    let call = world.short_call();
    let found = find(world, &call, &account).await;
    let late = Instant::now().saturating_duration_since(call.deadline);
    world.heal(Fault::Frozen).await?;
    expect::failure("a stalled lookup", found, is_outage)?;
    expect::that(late < LATE_MAX, format!("a stalled lookup ended {late:?} after its deadline"))?;
    world.recovers(&account).await
}

async fn dropped_lookups_leave_the_store_usable(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    world.strike(Fault::Frozen).await?;
    for _ in 0..6 {
        let call = world.call();
        // The client went away: the future is dropped long before the deadline.
        let found = tokio::time::timeout(Duration::from_millis(50), find(world, &call, &account)).await;
        if let Ok(Ok(found)) = found {
            return Err(format!("a stalled lookup found {} accounts", found.len()));
        }
    }
    world.heal(Fault::Frozen).await?;
    world.recovers(&account).await?;
    for _ in 0..6 {
        world.account(&account.user_id).await?;
    }
    Ok(())
}

/// Answers that arrive after their question was dropped must not be taken for the answers of later questions.
async fn an_overdue_answer_is_told_to_nobody_else(world: &World) -> Outcome {
    let one = world.seed(&world.row(1)).await?;
    let two = world.seed(&world.row(2)).await?;
    world.strike(Fault::Frozen).await?;
    for _ in 0..3 {
        let found = find(world, &world.short_call(), &one).await;
        expect::failure("a stalled lookup", found, is_outage)?;
    }
    world.heal(Fault::Frozen).await?;
    let until = Instant::now().checked_add(Duration::from_secs(1));
    world.recovers(&two).await?;
    while until.is_some_and(|until| Instant::now() < until) {
        for (account, number) in [(&one, 1), (&two, 2)] {
            world.account(&account.user_id).await?;
            let found = world.candidates(&Lookup::Identifier(world.name(number))).await?;
            expect::accounts("an account after a stall", &[account], &found)?;
        }
    }
    Ok(())
}

async fn the_session_of_an_overdue_write_is_not_used_again(world: &World) -> Outcome {
    let one = world.seed(&world.row(1)).await?;
    let two = world.seed(&world.row(2)).await?;
    let before = world.peek(&one.user_id).await?;
    world.strike(Fault::Frozen).await?;
    let stalled = Writing::ChangePassword.call(world, &world.short_call(), &one, 1).await;
    world.heal(Fault::Frozen).await?;
    expect::failure("a stalled change_password", stalled, is_outage)?;
    world.recovers(&two).await?;
    let next = Writing::ChangePassword.call(world, &world.call(), &two, 2).await;
    expect::success("change_password on the only session, after one that stalled", next)?;
    let after = world.peek(&one.user_id).await?;
    let changed = after.password != before.password;
    let mut expected = before;
    if changed {
        expected.password.clone_from(&after.password);
        expect::same("the password", &Some(world.stored_text(40_001)), &after.password)?;
    }
    expect::same("the account whose change stalled", &expected, &after)
}

/// Given up before a session was free: nothing was sent, so nothing may happen later.
async fn a_call_whose_time_is_up_changes_nothing(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    let before = world.peek(&account.user_id).await?;
    for writing in Writing::of_an_account(world) {
        let call = world.short_call();
        expect::that(call.abandon_write(), "a call that nobody used has begun to write")?;
        let written = writing.call(world, &call, &account, 1).await;
        expect::failure(&format!("{writing:?} of a call that was given up"), written, is_outage)?;
        expect::same(
            &format!("the account after {writing:?}"),
            &before,
            &world.peek(&account.user_id).await?,
        )?;
    }
    Ok(())
}

async fn find(
    world: &World,
    call: &idstore_contract::Call,
    account: &Account,
) -> Result<Vec<Account>, idstore_contract::Error> {
    read(call, world.store.find(call, &Lookup::UserId(account.user_id.clone()), Purpose::Login)).await
}
