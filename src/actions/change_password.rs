//! `change_password`: another password. The next login with it succeeds, so an expired password and a lock that the
//! store can clear end here; a block does not.

use super::{Answer, Ask, Refusal, User, Wanted};
use idstore_contract::{Ability, PasswordChange, Secret};

/// The request.
#[derive(Debug)]
pub struct ChangePassword {
    /// Whose it is.
    pub wanted: Wanted,
    /// The new password.
    pub new_password: Secret,
    /// The caller says that the link went to the address on file, so that it is proven now.
    pub email_verified: bool,
}

pub(super) async fn run(ask: &Ask<'_>, request: ChangePassword) -> Result<Answer, Refusal> {
    ask.needs(Ability::ChangePassword)?;
    if request.email_verified {
        if !ask.rights.may_verify {
            return Err(Refusal::CallerForbidden(
                "only a caller that may_verify can say that an address is proven",
            ));
        }
        ask.needs(Ability::ChangePasswordVerifies)?;
    }
    ask.allow_new_password(&request.new_password)?;
    let lookup = request.wanted.lookup(ask)?;
    let account = ask.require_unblocked(&lookup).await?;
    let password = ask.prepare_password(request.new_password, &account.profile).await?;
    let change = PasswordChange { password, email_verified: request.email_verified };
    let (user_id, before) = (account.user_id.clone(), account.password_changed_at);
    let written = ask.connection.store.change_password(&ask.call, account, change).await;
    let account = ask.changed(&lookup, &user_id, written).await?;
    // A column that the change did not touch tells of an earlier one.
    let shown = account.password_changed_at.filter(|at| Some(*at) != before);
    let changed_at = shown.unwrap_or(ask.call.now);
    Ok(Answer::PasswordChanged(User::of(ask, account), changed_at))
}
