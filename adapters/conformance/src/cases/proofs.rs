//! Write proofs: a write that does not show is never acknowledged, and nothing of it stays.

use crate::cases::{Case, case};
use crate::expect;
use crate::fixture::{Row, Sabotage, Scope, Setup};
use crate::method::Writing;
use crate::world::{Outcome, World, read};
use idstore_contract::{Ability, Error, ErrorKind, IdentifierKind, Lookup, Purpose, Standings};

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    scope.sabotages.iter().filter_map(|sabotage| of(scope, *sabotage)).collect()
}

fn of(scope: &Scope, sabotage: Sabotage) -> Option<Case> {
    let setup = Setup { sabotage: Some(sabotage), ..Setup::usual(scope) };
    match sabotage {
        Sabotage::WritesTouchNothing => {
            Some(case!("proofs", setup, a_write_that_touches_nothing_is_no_success))
        }
        Sabotage::HashIsCut => Some(case!("proofs", setup, a_hash_that_was_cut_is_no_success)),
        Sabotage::HashColumnShort => Some(case!("proofs", setup, a_hash_that_does_not_fit_is_no_success)),
        Sabotage::HashColumnPadded => Some(case!("proofs", setup, a_hash_padded_with_blanks_is_right)),
        Sabotage::TriggerChangesHash => {
            Some(case!("proofs", setup, a_hash_that_a_trigger_changed_is_no_success))
        }
        Sabotage::TriggerChangesEmail => {
            Some(case!("proofs", setup, an_address_that_a_trigger_changed_is_no_success))
        }
        Sabotage::LeavesExpired => {
            Some(case!("proofs", setup, a_new_password_that_leaves_the_account_expired_is_none))
        }
        Sabotage::RowsRepeat => Some(case!("proofs", setup, equal_rows_of_one_account_are_one_candidate)),
        Sabotage::RowsContradict => {
            Some(case!("proofs", setup, rows_of_one_account_that_differ_are_misconfigured))
        }
        // Of their own groups: `create` and `isolation`.
        Sabotage::CreateFailsHalfWay | Sabotage::LookupLeaks => None,
    }
}

async fn a_write_that_touches_nothing_is_no_success(world: &World) -> Outcome {
    for (number, writing) in (1..).zip(Writing::of_an_account(world)) {
        let account = world.seed(&world.row(number)).await?;
        // Joining may as well touch nothing because there is no such organization.
        let may_be_refused = writing == Writing::Join;
        unchanged_by(world, writing, &account.user_id, number, |kind| {
            kind == ErrorKind::Misconfigured || may_be_refused && matches!(kind, ErrorKind::Rejected(_))
        })
        .await?;
        // The account is there: for one that is gone the same statement tells something else.
        world.backdoor.remove(&account.user_id).await?;
        if writing != Writing::Rehash {
            let gone = writing.call(world, &world.call(), &account, number).await;
            expect::kind(&format!("{writing:?} of one who is gone"), gone, ErrorKind::NotFound)?;
        }
    }
    Ok(())
}

async fn a_hash_that_was_cut_is_no_success(world: &World) -> Outcome {
    password_writes_fail(world, |kind| kind == ErrorKind::Misconfigured).await
}

/// Whether the server complains or cuts is its own choice.
async fn a_hash_that_does_not_fit_is_no_success(world: &World) -> Outcome {
    let fits = |kind| matches!(kind, ErrorKind::Misconfigured | ErrorKind::Rejected(_));
    let short = Row { password: Some("short".into()), ..world.row(1) };
    let account = world.seed(&short).await?;
    unchanged_by(world, Writing::ChangePassword, &account.user_id, 1, fits).await?;
    nothing_is_made(world, fits).await.map(drop)
}

async fn a_hash_that_a_trigger_changed_is_no_success(world: &World) -> Outcome {
    password_writes_fail(world, |kind| kind == ErrorKind::Misconfigured).await
}

async fn password_writes_fail(world: &World, fits: fn(ErrorKind) -> bool) -> Outcome {
    let user_id = world.backdoor.seed(&world.row(1)).await?;
    let error = unchanged_by(world, Writing::ChangePassword, &user_id, 1, fits).await?;
    names(&error, "password_hash")?;
    names(&nothing_is_made(world, fits).await?, "password_hash")
}

async fn a_hash_padded_with_blanks_is_right(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    world.has_password(&account, 1).await?;
    let made = expect::success("create", world.create(2).await)?;
    world.has_password(&made, 2).await?;
    expect::success(
        "change_password",
        Writing::ChangePassword.call(world, &world.call(), &account, 1).await,
    )?;
    let Some(shown) = world.account(&account.user_id).await?.password else { return Ok(()) };
    let bare = shown.hash.without_trailing_blanks();
    expect::that(shown.hash.same_as(&bare), "the blanks of the column are told as the hash's own")
}

async fn an_address_that_a_trigger_changed_is_no_success(world: &World) -> Outcome {
    let misconfigured = |kind| kind == ErrorKind::Misconfigured;
    names(&nothing_is_made(world, misconfigured).await?, "email")?;
    if world.offers(Ability::ChangeEmail) {
        let user_id = world.backdoor.seed(&world.row(1)).await?;
        let change = Writing::ChangeIdentifier(IdentifierKind::Email);
        names(&unchanged_by(world, change, &user_id, 1, misconfigured).await?, "email")?;
    }
    Ok(())
}

async fn a_new_password_that_leaves_the_account_expired_is_none(world: &World) -> Outcome {
    let standings = Standings { password_expired: true, ..Standings::default() };
    let expired = world.seed(&Row { standings, ..world.row(1) }).await?;
    let misconfigured = |kind| kind == ErrorKind::Misconfigured;
    let error = unchanged_by(world, Writing::ChangePassword, &expired.user_id, 1, misconfigured).await?;
    names(&error, "password_expired")
}

async fn equal_rows_of_one_account_are_one_candidate(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    for lookup in world.lookups(1) {
        expect::accounts(&format!("{lookup:?}"), &[&account], &world.candidates(&lookup).await?)?;
    }
    Ok(())
}

async fn rows_of_one_account_that_differ_are_misconfigured(world: &World) -> Outcome {
    let user_id = world.backdoor.seed(&world.row(1)).await?;
    let mut lookups = world.lookups(1);
    lookups.push(Lookup::UserId(user_id));
    for lookup in lookups {
        let call = world.call();
        let found = read(&call, world.store.find(&call, &lookup, Purpose::Login)).await;
        expect::kind(&format!("{lookup:?} whose rows differ"), found, ErrorKind::Misconfigured)?;
    }
    Ok(())
}

/// The write fails so, and the account is what it was.
async fn unchanged_by(
    world: &World,
    writing: Writing,
    user_id: &str,
    number: u32,
    fits: impl Fn(ErrorKind) -> bool,
) -> Result<Error, String> {
    let account = world.account(user_id).await?;
    let before = world.peek(user_id).await?;
    let written = writing.call(world, &world.call(), &account, number).await;
    let error = expect::failure(&format!("{writing:?}"), written, fits)?;
    expect::same(&format!("the account after {writing:?}"), &before, &world.peek(user_id).await?)?;
    Ok(error)
}

/// `create` fails so, and there are as many accounts as before.
async fn nothing_is_made(world: &World, fits: impl Fn(ErrorKind) -> bool) -> Result<Error, String> {
    let before = world.backdoor.count().await?;
    let error = expect::failure("create", world.create(5).await, fits)?;
    expect::same("accounts", &before, &world.backdoor.count().await?)?;
    Ok(error)
}

/// The error says which column did not show it.
fn names(error: &Error, column: &str) -> Outcome {
    let named = error.details().any(|(_, value)| value == column);
    expect::that(named, format!("the error does not name {column}: {error:?}"))
}
