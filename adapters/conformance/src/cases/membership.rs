//! `memberships` and `change_membership`: joining and leaving show, and twice is no error.

use crate::cases::{Case, usual_cases};
use crate::expect;
use crate::fixture::Scope;
use crate::method::writing;
use crate::world::{Outcome, World, read};
use idstore_contract::{Ability, Account, ErrorKind, MembershipChange};

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    let needed = [Ability::Organizations, Ability::JoinOrganization, Ability::LeaveOrganization];
    if !needed.into_iter().all(|ability| scope.offers(ability)) {
        return Vec::new();
    }
    usual_cases!(
        "membership",
        scope,
        [joining_and_leaving_show_and_twice_is_no_error, one_who_is_gone_is_not_found]
    )
}

async fn joining_and_leaving_show_and_twice_is_no_error(world: &World) -> Outcome {
    let organization = world.scope.organization.unwrap_or_default();
    let account = world.seed(&world.row(1)).await?;
    let neighbour = world.seed(&world.row(2)).await?;
    expect::same("a member at first", &false, &is_member(world, &account).await?)?;
    for _ in 0..2 {
        change(world, &account, MembershipChange::Join(organization.into())).await?;
        expect::same("a member after joining", &true, &is_member(world, &account).await?)?;
        expect::same("the neighbour is a member", &false, &is_member(world, &neighbour).await?)?;
    }
    for _ in 0..2 {
        change(world, &account, MembershipChange::Leave(organization.into())).await?;
        expect::same("a member after leaving", &false, &is_member(world, &account).await?)?;
    }
    Ok(())
}

async fn one_who_is_gone_is_not_found(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    world.backdoor.remove(&account.user_id).await?;
    let call = world.call();
    let join = MembershipChange::Join(world.scope.organization.unwrap_or_default().into());
    let joined = writing(world, &call, &account, |store, call, account| async move {
        store.change_membership(&call, &account, &join).await
    })
    .await;
    expect::kind("joining by one who is gone", joined, ErrorKind::NotFound)
}

async fn is_member(world: &World, account: &Account) -> Result<bool, String> {
    let call = world.call();
    let found = expect::success("memberships", read(&call, world.store.memberships(&call, account)).await)?;
    let mut organizations = found.organizations.iter().map(|membership| membership.organization.as_str());
    Ok(organizations.any(|organization| Some(organization) == world.scope.organization))
}

async fn change(world: &World, account: &Account, change: MembershipChange) -> Outcome {
    let call = world.call();
    let changed = writing(world, &call, account, |store, call, account| async move {
        store.change_membership(&call, &account, &change).await
    })
    .await;
    expect::success("change_membership", changed)
}
