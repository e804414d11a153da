//! `login`: is the password right, and may the account sign in?
//!
//! Whoever has no account, no usable password or one that can't be read costs what a right guess costs. What a barred
//! account is told comes after the right password only.

use super::ask::{name_in_hash, password_shape};
use super::rehash::rehash;
use super::{Answer, Ask, Refusal, User};
use crate::config::ImportMark;
use crate::connections::{Mode, fold_any, plausible};
use crate::stores::Failure;
use crate::telemetry::{Label, MarkLabels};
use idstore_contract::{
    Account, Lookup, Mark, Memberships, PasswordCheck, Purpose, Secret, Standing, StoredPassword, Verdict,
};
use idstore_passwords::{Reading, Stored};
use std::sync::Arc;
use std::time::Instant;

/// The request.
#[derive(Debug)]
pub struct Login {
    /// What the user typed.
    pub identifier: String,
    /// The password.
    pub password: Secret,
}

pub(super) async fn run(ask: &Ask<'_>, login: Login) -> Result<Answer, Refusal> {
    let check = ask.connection.store.descriptor().password_check;
    if check == PasswordCheck::None {
        return Err(Refusal::NotSupported);
    }
    if !plausible(&login.identifier) || password_shape(&login.password).is_err() {
        return Err(stand_in(ask, check, &login, None).await);
    }
    let lookup = Lookup::Identifier(login.identifier.clone());
    let Some(account) = ask.find(&lookup, Purpose::Login).await? else {
        return Err(stand_in(ask, check, &login, None).await);
    };
    let Right { account, outdated } = match check {
        PasswordCheck::ByStore => by_store(ask, &login, &lookup, account).await?,
        PasswordCheck::ByProxy | PasswordCheck::None => by_proxy(ask, &login, account).await?,
    };
    let memberships = enter(ask, &account).await?;
    if outdated && ask.connection.mode == Mode::Proxy {
        rehash(ask, &account, &login.password).await;
    }
    Ok(Answer::User(User::with(ask, account, memberships)))
}

/// An account whose password is right.
struct Right {
    account: Account,
    /// What is stored of it is older than what would be written.
    outdated: bool,
}

/// The password is right: may the account sign in, and in the organization that the login is for? Answers what it
/// belongs to.
async fn enter(ask: &Ask<'_>, account: &Account) -> Result<Memberships, Refusal> {
    tracing::debug!(standing = account.standings.worst().as_str(), "the password is right");
    match account.standings.worst() {
        Standing::Ok => {}
        standing => return Err(ask.barred(standing, account)),
    }
    let memberships = ask.memberships(account).await?;
    ask.admit(account, &memberships)?;
    mark(ask, account).await?;
    Ok(memberships)
}

/// In an import, only a successful login marks the account. The first mark holds.
async fn mark(ask: &Ask<'_>, account: &Account) -> Result<(), Refusal> {
    let Mode::Import { mark, .. } = ask.connection.mode else { return Ok(()) };
    if account.migrated.is_some() {
        return Ok(());
    }
    let marked = ask.connection.store.mark_migrated(&ask.call, account.clone(), Mark::Migrated).await;
    let outcome = if marked.is_ok() { "marked" } else { "failed" };
    let connection = Label(Arc::clone(&ask.connection.name));
    ask.metrics.migration_marks.get_or_create(&MarkLabels { connection, outcome }).inc();
    match (marked, mark) {
        (Ok(()), _) => Ok(()),
        (Err(failure), ImportMark::BestEffort) => {
            let (request_id, error) = (&*ask.call.request_id, &failure.error);
            tracing::warn!(request_id, store = &*failure.store, %error, "an account could not be marked as migrated");
            Ok(())
        }
        // Signing in again is harmless, whether or not the mark was set: no outcome is unknown to the platform.
        (Err(failure), ImportMark::Required) => Err(Failure { write_begun: false, ..failure }.into()),
    }
}

/// The daemon compares: the stored text says how.
async fn by_proxy(ask: &Ask<'_>, login: &Login, account: Account) -> Result<Right, Refusal> {
    let policy = &ask.connection.passwords;
    let reading = account
        .password
        .as_ref()
        .map_or(Reading::NoPassword, |stored| policy.accept.read(&of(stored, &account), &policy.limits));
    match reading {
        Reading::Hash(hash) => {
            let (scheme, shape) = (hash.scheme(), hash.shape());
            let verifying = ask.workers.verify(hash, login.password.clone(), ask.call.deadline);
            let right = ask.timed(scheme, verifying).await?;
            let outdated =
                policy.rehash_on_login && policy.write.as_ref().is_some_and(|write| write.improves(&shape));
            policy.stand_ins.note(shape);
            tracing::debug!(scheme, matches = right, "the password was compared with the stored hash");
            if right { Ok(Right { account, outdated }) } else { Err(wrong(ask, Some(&account))) }
        }
        Reading::NoPassword => Err(stand_in(ask, PasswordCheck::ByProxy, login, Some(&account)).await),
        // The cost of a guess is paid, but the answer says what is the matter: it is no wrong password.
        Reading::Unusable(why) => match stand_in(ask, PasswordCheck::ByProxy, login, Some(&account)).await {
            Refusal::InvalidCredentials(_) => Err(Refusal::UnusableStoredPassword(why.to_string())),
            failed => Err(failed),
        },
    }
}

/// The store compares, and counts: asked exactly once.
async fn by_store(ask: &Ask<'_>, login: &Login, lookup: &Lookup, account: Account) -> Result<Right, Refusal> {
    let began = Instant::now();
    let verdict = ask.connection.store.check(&ask.call, &account, &login.password).await?;
    ask.connection.passwords.check_times.note(began.elapsed());
    match verdict {
        // The account as the store shows it after the check must still be the one that was asked for.
        Verdict::Match(after) => {
            let is_same = account.known_id().is_none_or(|id| id == after.user_id);
            match ask.connection.resolve(lookup, vec![*after]) {
                Ok(Some(account)) if is_same => Ok(Right { account, outdated: false }),
                // It has lost that name, or the store took two names for one that the connection tells apart.
                Ok(None) if is_same => Err(wrong(ask, None)),
                Ok(_) | Err(_) => Err(Refusal::Internal("the store matched a password for another account")),
            }
        }
        Verdict::Mismatch => Err(wrong(ask, Some(&account))),
        Verdict::Barred(standing) => Err(ask.barred(standing, &account)),
        Verdict::TooManyAttempts => Err(Refusal::TooManyAttempts),
    }
}

/// Costs what a login of a known user costs, and then says no, or what failed on the way.
async fn stand_in(ask: &Ask<'_>, check: PasswordCheck, login: &Login, account: Option<&Account>) -> Refusal {
    let name = fold_any(&login.identifier);
    let policy = &ask.connection.passwords;
    match check {
        PasswordCheck::ByStore => {
            let time = policy.check_times.draw(&name).min(ask.call.remaining());
            tokio::time::sleep(time).await;
        }
        PasswordCheck::ByProxy | PasswordCheck::None => {
            let shape = policy.stand_ins.draw(&name);
            let scheme = shape.scheme();
            tracing::debug!(scheme, "there is no hash to compare with: the same work is done for nobody");
            let working = ask.workers.stand_in(shape, login.password.clone(), ask.call.deadline);
            if let Err(failed) = ask.timed(scheme, working).await {
                return failed;
            }
        }
    }
    wrong(ask, account)
}

fn wrong(ask: &Ask<'_>, account: Option<&Account>) -> Refusal {
    let known = account.and_then(Account::known_id);
    Refusal::InvalidCredentials(known.map(|id| ask.connection.public_id(id)))
}

/// Schemes that take the account's name take the one that its application knows it by.
fn of<'a>(stored: &'a StoredPassword, account: &'a Account) -> Stored<'a> {
    let user = name_in_hash(&account.profile);
    Stored {
        hash: &stored.hash,
        salt: stored.salt.as_ref(),
        scheme: stored.scheme.as_deref(),
        user,
        parameters: stored.parameters.as_ref(),
    }
}
