//! The outage matrix: every method under every fault. An outage is told as one: never *no account*, never *no match*,
//! never success; and when it is over the store serves again without a restart.

use crate::cases::{Case, case};
use crate::expect;
use crate::fixture::{Fault, Scope, Setup};
use crate::method::{Method, PROBLEMS, Reading, Said, Writing};
use crate::world::{Outcome, World, is_outage, read};
use idstore_contract::{Account, Call, Error, ErrorKind, Lookup, Purpose};

/// How many exclusive sessions there are, so that few calls use up all.
const POOL_MAX: u32 = 2;

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    let mut cases = Vec::new();
    for fault in scope.faults.iter().copied() {
        let setup = Setup { pool_max: POOL_MAX, ..Setup::usual(scope) };
        let with = fault.as_str();
        cases.push(case!("outage", setup.clone(), every_method_tells_it_and_the_store_recovers(fault), with));
        cases.push(case!("outage", setup, after_twice_pool_max_failures_every_permit_is_back(fault), with));
    }
    cases
}

async fn every_method_tells_it_and_the_store_recovers(world: &World, fault: Fault) -> Outcome {
    let methods: Vec<Method> = Method::offered(world).collect();
    let witness = world.seed(&world.row(500)).await?;
    let mut subjects = Vec::new();
    for (number, method) in (1..).zip(&methods) {
        let account = world.seed(&world.row(number)).await?;
        let before = world.peek(&account.user_id).await?;
        subjects.push((number, *method, account, before));
    }
    let count = world.backdoor.count().await?;

    world.strike(fault).await?;
    let mut wrong = Vec::new();
    for (number, method, account, _) in &subjects {
        let answer = method.call(world, &world.short_call(), account, *number).await;
        wrong.extend(judge(fault, *method, answer));
    }
    world.heal(fault).await?;
    expect::that(wrong.is_empty(), format!("under {}: {}", fault.as_str(), wrong.join("; ")))?;

    world.recovers(&witness).await?;
    // What a frozen network held back may still arrive: those outcomes are unknown, and were told so.
    if fault != Fault::Frozen {
        for (_, method, account, before) in &subjects {
            expect::same(
                &format!("the account after {method:?}"),
                before,
                &world.peek(&account.user_id).await?,
            )?;
        }
        expect::same("accounts", &count, &world.backdoor.count().await?)?;
    }
    everything_works(world, &methods).await
}

/// What is wrong with the answer of a method while something is broken.
fn judge(fault: Fault, method: Method, answer: Result<Said, Error>) -> Option<String> {
    match answer {
        Err(error) if tells(fault, error.kind()) => None,
        Err(error) => Some(format!("{method:?} failed as something else ({error:?})")),
        // One cheap round trip asks no statement, and a full probe tells what it found as its answer.
        Ok(_) if fault == Fault::StatementBroken && method == Method::Read(Reading::ProbeAlive) => None,
        Ok(PROBLEMS) if fault == Fault::StatementBroken => None,
        Ok(said) => Some(format!("{method:?} said {said}")),
    }
}

fn tells(fault: Fault, kind: ErrorKind) -> bool {
    match fault {
        Fault::Refused | Fault::Reset | Fault::Frozen | Fault::HalfClosed => is_outage(kind),
        Fault::LoginRefused => is_outage(kind) || kind == ErrorKind::Misconfigured,
        Fault::StatementBroken => kind == ErrorKind::Misconfigured,
    }
}

/// Afterwards every method does what it does on any day.
async fn everything_works(world: &World, methods: &[Method]) -> Outcome {
    for (number, method) in (600..).zip(methods) {
        let account = world.seed(&world.row(number)).await?;
        let answer = method.call(world, &world.call(), &account, number).await;
        let said = expect::success(&format!("{method:?} after the outage"), answer)?;
        expect::that(
            !matches!(said, PROBLEMS | "an empty list" | "a mismatch"),
            format!("{method:?} after the outage said {said}"),
        )?;
    }
    Ok(())
}

async fn after_twice_pool_max_failures_every_permit_is_back(world: &World, fault: Fault) -> Outcome {
    let witness = world.seed(&world.row(500)).await?;
    let accounts = seeded(world, 1..=POOL_MAX.saturating_mul(2)).await?;
    world.strike(fault).await?;
    let failed = all_at_once(world, &accounts, World::short_call).await;
    world.heal(fault).await?;
    for (what, answer) in failed {
        expect::failure(&format!("{what} under {}", fault.as_str()), answer, |kind| tells(fault, kind))?;
    }
    world.recovers(&witness).await?;
    let fresh = seeded(world, 700..=700_u32.saturating_add(POOL_MAX.saturating_mul(2))).await?;
    for (what, answer) in all_at_once(world, &fresh, World::call).await {
        expect::success(&format!("{what} after the outage"), answer)?;
    }
    Ok(())
}

async fn seeded(
    world: &World,
    numbers: std::ops::RangeInclusive<u32>,
) -> Result<Vec<(u32, Account)>, String> {
    let mut accounts = Vec::new();
    for number in numbers {
        accounts.push((number, world.seed(&world.row(number)).await?));
    }
    Ok(accounts)
}

/// A lookup and, where there is one, a write for each account, all at the same time.
async fn all_at_once(
    world: &World,
    accounts: &[(u32, Account)],
    call: fn(&World) -> Call,
) -> Vec<(String, Result<Said, Error>)> {
    let write = Writing::of_an_account(world).find(|writing| *writing != Writing::Delete);
    let mut reads = tokio::task::JoinSet::new();
    for (_, account) in accounts {
        let (store, call) = (world.store.clone(), call(world));
        let lookup = Lookup::UserId(account.user_id.clone());
        reads.spawn(async move { read(&call, store.find(&call, &lookup, Purpose::Login)).await });
    }
    let writes = accounts.iter().map(async |(number, account)| match write {
        Some(writing) => {
            Some((format!("{writing:?}"), writing.call(world, &call(world), account, *number).await))
        }
        None => None,
    });
    let mut answers: Vec<_> = futures_util::future::join_all(writes).await.into_iter().flatten().collect();
    while let Some(found) = reads.join_next().await {
        let found = found.unwrap_or_else(|_| Err(Error::unexpected("the adapter panicked")));
        answers.push((
            "a lookup".into(),
            found.map(|found| if found.is_empty() { "an empty list" } else { "an account" }),
        ));
    }
    answers
}
