//! `change_password`: the new one is what is read, and the account is not expired any more.

use crate::cases::{Case, usual_cases};
use crate::expect;
use crate::fixture::{Row, Scope};
use crate::method::writing;
use crate::world::{Outcome, World};
use idstore_contract::{Ability, Account, Error, ErrorKind, PasswordChange, Standings};

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    if !scope.offers(Ability::ChangePassword) {
        return Vec::new();
    }
    usual_cases!(
        "change_password",
        scope,
        [
            the_new_one_is_what_is_read,
            the_same_again_is_no_error,
            an_expired_account_is_not_expired_any_more,
            the_address_is_proven_where_asked,
            nobody_else_is_touched,
            changes_at_once_end_in_one_of_them,
            one_who_is_gone_is_not_found,
        ]
    )
}

async fn the_new_one_is_what_is_read(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    for number in [2, 3, 1] {
        let read = expect::success("change_password", change(world, &account, number).await)?;
        expect::same("user_id", &account.user_id, &read.user_id)?;
        world.has_password(&read, number).await?;
        world.has_password(&world.account(&account.user_id).await?, number).await?;
    }
    Ok(())
}

/// The same password, though not the same hash where the store hashes; and here the very same hash.
async fn the_same_again_is_no_error(world: &World) -> Outcome {
    let hashed = matches!(world.new_password(1), idstore_contract::NewPassword::Hashed(_));
    if !hashed {
        return Ok(());
    }
    let account = world.seed(&world.row(1)).await?;
    for round in ["the stored hash again", "and again"] {
        expect::success(round, change(world, &account, 1).await)?;
        world.has_password(&account, 1).await?;
    }
    Ok(())
}

async fn an_expired_account_is_not_expired_any_more(world: &World) -> Outcome {
    let standings = Standings { password_expired: true, ..Standings::default() };
    let account = world.seed(&Row { standings, ..world.row(1) }).await?;
    let read = expect::success("change_password", change(world, &account, 2).await)?;
    expect::same("standings", &Standings::default(), &read.standings)?;
    world.settles(&account.user_id, "no expiry", |row| !row.standings.password_expired).await
}

async fn the_address_is_proven_where_asked(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    let before = world.peek(&account.user_id).await?;
    let asked = PasswordChange { password: world.new_password(2), email_verified: true };
    let changed = change_so(world, &account, asked).await;
    if !world.offers(Ability::ChangePasswordVerifies) {
        expect::kind("change_password that proves the address", changed, ErrorKind::Unsupported)?;
        return expect::same("the account", &before, &world.peek(&account.user_id).await?);
    }
    let read = expect::success("change_password that proves the address", changed)?;
    expect::same("email_verified", &Some(true), &read.profile.email_verified)?;
    world.has_password(&read, 2).await?;
    world.settles(&account.user_id, "a proven address", |row| row.email_verified).await
}

async fn nobody_else_is_touched(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    let neighbour = world.seed(&world.row(2)).await?;
    let before = world.peek(&neighbour.user_id).await?;
    expect::success("change_password", change(world, &account, 3).await)?;
    expect::same("the neighbour", &before, &world.peek(&neighbour.user_id).await?)
}

async fn changes_at_once_end_in_one_of_them(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    let changes = tokio::join!(
        change(world, &account, 2),
        change(world, &account, 3),
        change(world, &account, 4),
        change(world, &account, 5)
    );
    for changed in [changes.0, changes.1, changes.2, changes.3] {
        expect::success("one of four changes", changed)?;
    }
    let now = world.account(&account.user_id).await?;
    for number in [2, 3, 4, 5] {
        if world.has_password(&now, number).await.is_ok() {
            return Ok(());
        }
    }
    Err("after four changes at once the password is none of the four".into())
}

async fn one_who_is_gone_is_not_found(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    world.backdoor.remove(&account.user_id).await?;
    let changed = change(world, &account, 2).await;
    expect::kind("change_password of one who is gone", changed, ErrorKind::NotFound)
}

async fn change(world: &World, account: &Account, number: u32) -> Result<Account, Error> {
    let change = PasswordChange { password: world.new_password(number), email_verified: false };
    change_so(world, account, change).await
}

async fn change_so(world: &World, account: &Account, change: PasswordChange) -> Result<Account, Error> {
    let call = world.call();
    writing(world, &call, account, |store, call, account| async move {
        store.change_password(&call, &account, &change).await
    })
    .await
}
