//! `get_user`: who is it? Answers whatever the account's standing; the platform decides what to do with it.

use super::{Answer, Ask, Refusal, User};
use idstore_contract::{IdentifierKind, Lookup};

/// The request.
#[derive(Debug)]
pub struct GetUser {
    /// Who is asked for.
    pub wanted: Wanted,
}

/// Who an action is about, as the caller wrote it.
#[derive(Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The public id, with the connection's prefix.
    UserId(String),
    /// Whatever the user types to sign in.
    Identifier(String),
    /// One kind of identifier.
    Named(IdentifierKind, String),
}

/// Shows nothing of the text: people type their password into the name field.
impl std::fmt::Debug for Wanted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Wanted(..)")
    }
}

impl Wanted {
    /// The lookup for the store. A `user_id` that is no key of this connection is nobody's.
    pub(super) fn lookup(&self, ask: &Ask<'_>) -> Result<Lookup, Refusal> {
        match self {
            Self::UserId(id) => ask.connection.lookup_by_public_id(id).ok_or(Refusal::UserNotFound),
            Self::Identifier(text) => Ok(Lookup::Identifier(text.clone())),
            Self::Named(kind, text) => Ok(Lookup::Named(*kind, text.clone())),
        }
    }
}

pub(super) async fn run(ask: &Ask<'_>, request: GetUser) -> Result<Answer, Refusal> {
    let account = ask.require(&request.wanted.lookup(ask)?).await?;
    let memberships = ask.memberships(&account).await?;
    Ok(Answer::User(User::with(ask, account, memberships)))
}
