//! Joining and leaving: the step that both share.

use super::identifier::SIZE;
use super::{Answer, Ask, Refusal, User, Wanted};
use crate::connections::plausible;
use idstore_contract::{ErrorKind, MembershipChange};

/// Finds the account, changes its membership and tells what it belongs to afterwards.
pub(super) async fn change(
    ask: &Ask<'_>,
    wanted: &Wanted,
    organization: Option<String>,
    change: fn(String) -> MembershipChange,
) -> Result<Answer, Refusal> {
    let organization =
        ask.organization(organization)?.ok_or(Refusal::Malformed("/organization", "it is missing"))?;
    if !plausible(&organization) {
        return Err(Refusal::Malformed("/organization", SIZE));
    }
    let lookup = wanted.lookup(ask)?;
    let account = ask.require(&lookup).await?;
    let (user_id, found) = (account.user_id.clone(), account.clone());
    match ask.connection.store.change_membership(&ask.call, account, change(organization)).await {
        Ok(()) => {}
        Err(failure) if failure.error.kind() == ErrorKind::NotFound => {
            return Err(ask.gone(&lookup, &user_id, failure).await);
        }
        Err(failure) => return Err(failure.into()),
    }
    let memberships = ask.memberships(&found).await?;
    Ok(Answer::User(User::with(ask, found, memberships)))
}
