//! `join_organization`: the account becomes a member of an organization. Twice is no error.

use super::membership::change;
use super::{Answer, Ask, Refusal, Wanted};
use idstore_contract::{Ability, MembershipChange};

/// The request.
#[derive(Debug)]
pub struct JoinOrganization {
    /// Whose membership it is.
    pub wanted: Wanted,
    /// The organization's key; absent: the caller's own.
    pub organization: Option<String>,
}

pub(super) async fn run(ask: &Ask<'_>, request: JoinOrganization) -> Result<Answer, Refusal> {
    ask.needs(Ability::JoinOrganization)?;
    change(ask, &request.wanted, request.organization, MembershipChange::Join).await
}
