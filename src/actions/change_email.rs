//! `change_email`: another e-mail address, proven or not.

use super::identifier::change;
use super::{Answer, Ask, Refusal, Wanted};
use idstore_contract::{IdentifierChange, IdentifierKind};

/// The request.
pub struct ChangeEmail {
    /// Whose it is.
    pub wanted: Wanted,
    /// The new one.
    pub new_email: String,
    /// Whether it is proven to be the user's; the platform that asks has seen to that.
    pub verified: bool,
}

/// Shows nothing of the new value.
impl std::fmt::Debug for ChangeEmail {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ChangeEmail(..)")
    }
}

pub(super) async fn run(ask: &Ask<'_>, request: ChangeEmail) -> Result<Answer, Refusal> {
    let kind = IdentifierKind::Email;
    let asked = IdentifierChange { kind, value: request.new_email, verified: request.verified };
    change(ask, &request.wanted, "/new_email", asked).await
}
