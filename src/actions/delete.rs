//! `delete`: the account goes. That it was gone already is an answer and no error.

use super::{Answer, Ask, Refusal, Wanted};
use idstore_contract::{Ability, ErrorKind, Purpose};

/// The request.
#[derive(Debug)]
pub struct Delete {
    /// Whose account goes.
    pub wanted: Wanted,
}

pub(super) async fn run(ask: &Ask<'_>, request: Delete) -> Result<Answer, Refusal> {
    ask.needs(Ability::Delete)?;
    // A key of another connection is told apart from a user who is gone: here somebody asked the wrong one.
    let lookup = request.wanted.lookup(ask)?;
    let Some(account) = ask.find(&lookup, Purpose::Profile).await? else { return Ok(Answer::Deleted(false)) };
    ask.allow_change(&account).await?;
    let user_id = account.user_id.clone();
    match ask.connection.store.delete(&ask.call, account).await {
        Ok(_) => Ok(Answer::Deleted(true)),
        Err(failure) if failure.error.kind() == ErrorKind::NotFound => {
            match ask.gone(&lookup, &user_id, failure).await {
                Refusal::UserNotFound => Ok(Answer::Deleted(false)),
                refusal => Err(refusal),
            }
        }
        Err(failure) => Err(failure.into()),
    }
}
