//! `delete`: the account goes. That it was gone already is an answer and no error.

use super::ask::is_gone;
use super::{Answer, Ask, Refusal, Wanted};
use idstore_contract::{Ability, Purpose};

/// The request.
#[derive(Debug)]
pub struct Delete {
    /// Whose account goes.
    pub wanted: Wanted,
}

pub(super) async fn run(ask: &Ask<'_>, request: Delete) -> Result<Answer, Refusal> {
    ask.needs(Ability::Delete)?;
    // A key of another connection is told apart from a user who is gone: here somebody asked the wrong one.
    let lookup = request.wanted.lookup(ask).ok_or(Refusal::UserNotFound)?;
    let Some(account) = ask.find(&lookup, Purpose::Profile).await? else { return Ok(Answer::Deleted(false)) };
    match ask.connection.store.delete(&ask.call, account).await {
        Ok(_) => Ok(Answer::Deleted(true)),
        Err(failure) if is_gone(&failure) => Ok(Answer::Deleted(false)),
        Err(failure) => Err(failure.into()),
    }
}
