//! Load: many at once are answered rightly, over a bounded number of sessions, and leave nothing behind.

use crate::cases::{Case, usual_cases};
use crate::expect;
use crate::fixture::Scope;
use crate::world::{Outcome, World, read};
use idstore_contract::{Lookup, Purpose};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// How many lookups are made at once.
const AT_ONCE: u32 = 200;
/// How long what was begun may take to end after the last answer.
const SETTLE_MAX: Duration = Duration::from_secs(3);

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    usual_cases!("load", scope, [two_hundred_lookups_at_once_are_right_and_leave_nothing_behind])
}

async fn two_hundred_lookups_at_once_are_right_and_leave_nothing_behind(world: &World) -> Outcome {
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(world.seed(&world.row(number)).await?.user_id);
    }
    // The first round opens what the store keeps open.
    at_once(world, &ids).await?;
    let tasks = Handle::current().metrics().num_alive_tasks();
    for _ in 0..3 {
        at_once(world, &ids).await?;
    }
    if let (Some(gate), Some(sessions_max)) = (&world.gate, world.scope.sessions_max) {
        let most = sessions_max(world.setup.pool_max);
        let peak = gate.sessions_peak();
        expect::that(peak <= most, format!("{peak} sessions at once, where {most} are the most"))?;
    }
    let began = Instant::now();
    while Handle::current().metrics().num_alive_tasks() > tasks {
        if began.elapsed() > SETTLE_MAX {
            let left = Handle::current().metrics().num_alive_tasks().saturating_sub(tasks);
            return Err(format!("{left} tasks more than before are alive after the last answer"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn at_once(world: &World, ids: &[String]) -> Outcome {
    let mut lookups = tokio::task::JoinSet::new();
    for (number, user_id) in (0..AT_ONCE).zip((0..20).zip(ids).cycle()) {
        let (owner, user_id) = (user_id.0, user_id.1.clone());
        let (store, call, name) = (world.store.clone(), world.call(), world.name(owner));
        lookups.spawn(async move {
            let lookup =
                if number % 2 == 0 { Lookup::UserId(user_id.clone()) } else { Lookup::Identifier(name) };
            let found = read(&call, store.find(&call, &lookup, Purpose::Login)).await;
            (user_id, found)
        });
    }
    while let Some(done) = lookups.join_next().await {
        let (user_id, found) = done.map_err(|error| error.to_string())?;
        let found = expect::success("one of two hundred lookups", found)?;
        let ids: Vec<&str> = found.iter().map(|account| account.user_id.as_str()).collect();
        expect::same("one of two hundred lookups", &vec![user_id.as_str()], &ids)?;
    }
    Ok(())
}
