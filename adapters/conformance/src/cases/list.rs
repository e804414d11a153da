//! `list`: page by page, every account once.

use crate::cases::{Case, usual_cases};
use crate::expect;
use crate::fixture::Scope;
use crate::world::{Outcome, World, read};
use idstore_contract::{Ability, Account};
use std::collections::BTreeSet;

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    if !scope.offers(Ability::List) {
        return Vec::new();
    }
    usual_cases!("list", scope, [pages_hold_every_account_once, an_empty_store_has_an_empty_page])
}

async fn pages_hold_every_account_once(world: &World) -> Outcome {
    let mut seeded = BTreeSet::new();
    for number in 1..=25 {
        seeded.insert(world.seed(&world.row(number)).await?.user_id);
    }
    for limit in [1, 7, 25, 100] {
        let mut listed = Vec::new();
        loop {
            let after = listed.last().map(|account: &Account| account.user_id.clone());
            let next = page(world, after.as_deref(), limit).await?;
            let full = next.len() >= limit;
            expect::that(next.len() <= limit, "a page is longer than asked for")?;
            listed.extend(next);
            if !full {
                break;
            }
            expect::that(listed.len() <= seeded.len(), "pages repeat accounts")?;
        }
        let found: BTreeSet<String> = listed.iter().map(|account| account.user_id.clone()).collect();
        expect::same("accounts on all pages", &seeded.len(), &listed.len())?;
        expect::same("the accounts on all pages", &seeded, &found)?;
    }
    Ok(())
}

async fn an_empty_store_has_an_empty_page(world: &World) -> Outcome {
    expect::accounts("a page of an empty store", &[], &page(world, None, 10).await?)
}

async fn page(world: &World, after: Option<&str>, limit: usize) -> Result<Vec<Account>, String> {
    let call = world.call();
    expect::success("list", read(&call, world.store.list(&call, after, limit)).await)
}
