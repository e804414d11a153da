//! `verify`: the e-mail address is proven. Again and again is no error.

use super::{Answer, Ask, Refusal, User};
use idstore_contract::{Ability, IdentifierKind, Lookup};

/// The request.
pub struct Verify {
    /// The address, which must be the stored one.
    pub email: String,
}

/// Shows nothing of the address.
impl std::fmt::Debug for Verify {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Verify(..)")
    }
}

pub(super) async fn run(ask: &Ask<'_>, verify: Verify) -> Result<Answer, Refusal> {
    ask.needs(Ability::Verify)?;
    let lookup = Lookup::Named(IdentifierKind::Email, verify.email);
    let account = ask.require_own(&lookup).await?;
    let user_id = account.user_id.clone();
    let written = ask.connection.store.verify(&ask.call, account).await;
    let account = ask.changed(&lookup, &user_id, written).await?;
    Ok(Answer::Verified(User::of(ask, account)))
}
