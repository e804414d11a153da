//! `change_phone_number`: another phone number, proven or not.

use super::identifier::change;
use super::{Answer, Ask, Refusal, Wanted};
use idstore_contract::{IdentifierChange, IdentifierKind};

/// The request.
pub struct ChangePhoneNumber {
    /// Whose it is.
    pub wanted: Wanted,
    /// The new one.
    pub new_phone_number: String,
    /// Whether it is proven to be the user's; the platform that asks has seen to that.
    pub verified: bool,
}

/// Shows nothing of the new value.
impl std::fmt::Debug for ChangePhoneNumber {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ChangePhoneNumber(..)")
    }
}

pub(super) async fn run(ask: &Ask<'_>, request: ChangePhoneNumber) -> Result<Answer, Refusal> {
    let kind = IdentifierKind::PhoneNumber;
    let asked = IdentifierChange { kind, value: request.new_phone_number, verified: request.verified };
    change(ask, &request.wanted, "/new_phone_number", asked).await
}
