//! `check`: only for stores that compare passwords themselves; for the others it is unsupported.

use crate::cases::{Case, usual_cases};
use crate::expect;
use crate::fixture::{Row, Scope};
use crate::world::{Outcome, World, clear, read};
use idstore_contract::{Account, ErrorKind, PasswordCheck, Secret, Standing, Standings, Verdict};

pub(crate) fn cases(scope: &Scope) -> Vec<Case> {
    if scope.password_check == PasswordCheck::ByStore {
        usual_cases!(
            "check",
            scope,
            [
                the_right_password_is_a_match,
                a_wrong_password_is_a_verdict,
                syntax_is_no_password,
                a_barred_account_is_never_a_plain_match,
                an_account_without_a_password_never_matches,
                nobody_is_a_mismatch_or_not_found,
            ]
        )
    } else {
        usual_cases!("check", scope, [a_store_that_does_not_compare_says_so])
    }
}

async fn the_right_password_is_a_match(world: &World) -> Outcome {
    let one = world.seed(&world.row(1)).await?;
    let two = world.seed(&world.row(2)).await?;
    for (account, number) in [(&one, 1), (&two, 2), (&one, 1)] {
        match verdict(world, account, &clear(number)).await? {
            Verdict::Match(found) => expect::same("user_id of the match", &account.user_id, &found.user_id)?,
            other => return Err(format!("the right password is told as {other:?}")),
        }
    }
    Ok(())
}

async fn a_wrong_password_is_a_verdict(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    world.seed(&world.row(2)).await?;
    let right = String::from_utf8_lossy(clear(1).expose()).into_owned();
    let wrong = [
        clear(2),
        Secret::from(right.to_lowercase()),
        Secret::from(right.to_uppercase()),
        Secret::from(format!("{right} ")),
        Secret::from(format!(" {right}")),
        Secret::from(right.chars().take(8).collect::<String>()),
        Secret::from("x".repeat(1024)),
        Secret::from("\u{1f40b}"),
    ];
    for (index, password) in wrong.iter().enumerate() {
        is_mismatch(world, &account, password, &format!("wrong password {index}")).await?;
    }
    Ok(())
}

async fn syntax_is_no_password(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    for text in ["*", "' OR '1'='1", "%", ":password", "{x}", "$1", "?", "\\2a", "{CLEAR}x", "\n"] {
        is_mismatch(world, &account, &Secret::from(text), text).await?;
    }
    Ok(())
}

async fn a_barred_account_is_never_a_plain_match(world: &World) -> Outcome {
    let standings = Standings { blocked: true, ..Standings::default() };
    let account = world.seed(&Row { standings, ..world.row(1) }).await?;
    match verdict(world, &account, &clear(1)).await? {
        Verdict::Barred(Standing::Blocked) => {}
        Verdict::Match(found) if found.standings.blocked => {}
        other => return Err(format!("the right password of a blocked account is told as {other:?}")),
    }
    is_mismatch(world, &account, &clear(2), "a wrong password of a blocked account").await
}

async fn an_account_without_a_password_never_matches(world: &World) -> Outcome {
    let account = world.seed(&Row { password: None, ..world.row(1) }).await?;
    is_mismatch(world, &account, &clear(1), "the password of an account without one").await
}

async fn nobody_is_a_mismatch_or_not_found(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    world.backdoor.remove(&account.user_id).await?;
    let call = world.call();
    match read(&call, world.store.check(&call, &account, &clear(1))).await {
        Ok(Verdict::Mismatch) => Ok(()),
        Ok(other) => Err(format!("the password of an account that is gone is told as {other:?}")),
        Err(error) => expect::same("the error", &ErrorKind::NotFound, &error.kind()),
    }
}

async fn a_store_that_does_not_compare_says_so(world: &World) -> Outcome {
    let account = world.seed(&world.row(1)).await?;
    let call = world.call();
    let answer = read(&call, world.store.check(&call, &account, &clear(1))).await;
    expect::kind("check", answer, ErrorKind::Unsupported)
}

async fn verdict(world: &World, account: &Account, password: &Secret) -> Result<Verdict, String> {
    let call = world.call();
    expect::success("check", read(&call, world.store.check(&call, account, password)).await)
}

async fn is_mismatch(world: &World, account: &Account, password: &Secret, what: &str) -> Outcome {
    match verdict(world, account, password).await? {
        Verdict::Mismatch => Ok(()),
        other => Err(format!("{what:?} is told as {other:?}")),
    }
}
