//! A new identifier: what can be one, and the change that stores it.

use super::{Answer, Ask, Refusal, User, Wanted};
use crate::connections::{looks_like_address_or_number, looks_like_number, plausible};
use idstore_contract::{Ability, IdentifierChange, IdentifierKind};

/// Refuses what can't be a new identifier of that kind. `pointer` says which member of the request it was.
pub(super) fn allow(kind: IdentifierKind, pointer: &'static str, value: &str) -> Result<(), Refusal> {
    let possible = plausible(value);
    match kind {
        IdentifierKind::Email | IdentifierKind::PhoneNumber if !possible => {
            Err(Refusal::Malformed(pointer, SIZE))
        }
        IdentifierKind::Username if !possible => Err(Refusal::InvalidUsername(SIZE)),
        // Whoever could take an address that reads as somebody's name (or the reverse, below) would be found beside that
        // somebody, and two candidates let nobody in.
        IdentifierKind::Email if !value.contains('@') => {
            Err(Refusal::Malformed(pointer, "an e-mail address has an @"))
        }
        IdentifierKind::PhoneNumber if !looks_like_number(value) => {
            Err(Refusal::Malformed(pointer, "a phone number is + and digits (E.164)"))
        }
        // Whoever could take a name that reads as somebody's address could sign in where that somebody is looked for.
        IdentifierKind::Username if looks_like_address_or_number(value) => Err(Refusal::InvalidUsername(
            "a user name must not look like an e-mail address or a phone number",
        )),
        IdentifierKind::Email | IdentifierKind::PhoneNumber | IdentifierKind::Username => Ok(()),
    }
}

pub(super) const SIZE: &str = "it must have 1 to 512 bytes and no NUL";

/// Finds the account and gives it another identifier, which the request has in the member `pointer`.
pub(super) async fn change(
    ask: &Ask<'_>,
    wanted: &Wanted,
    pointer: &'static str,
    change: IdentifierChange,
) -> Result<Answer, Refusal> {
    ask.needs(match change.kind {
        IdentifierKind::Email => Ability::ChangeEmail,
        IdentifierKind::Username => Ability::ChangeUsername,
        IdentifierKind::PhoneNumber => Ability::ChangePhoneNumber,
    })?;
    allow(change.kind, pointer, &change.value)?;
    let lookup = wanted.lookup(ask)?;
    let account = ask.require(&lookup).await?;
    let user_id = account.user_id.clone();
    let written = ask.connection.store.change_identifier(&ask.call, account, change).await;
    let account = ask.changed(&lookup, &user_id, written).await?;
    Ok(Answer::User(User::of(ask, account)))
}
