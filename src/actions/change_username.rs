//! `change_username`: another user name.

use super::identifier::change;
use super::{Answer, Ask, Refusal, Wanted};
use idstore_contract::{IdentifierChange, IdentifierKind};

/// The request.
pub struct ChangeUsername {
    /// Whose it is.
    pub wanted: Wanted,
    /// The new one.
    pub new_username: String,
}

/// Shows nothing of the new value.
impl std::fmt::Debug for ChangeUsername {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ChangeUsername(..)")
    }
}

pub(super) async fn run(ask: &Ask<'_>, request: ChangeUsername) -> Result<Answer, Refusal> {
    let kind = IdentifierKind::Username;
    let asked = IdentifierChange { kind, value: request.new_username, verified: false };
    change(ask, &request.wanted, "/new_username", asked).await
}
