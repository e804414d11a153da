//! `create`: make an account. Who exists already is the store's to say.

use super::ask::write_for;
use super::identifier::{SIZE, allow};
use super::{Answer, Ask, Refusal, User};
use crate::connections::plausible;
use idstore_contract::{Ability, IdentifierKind, NewAccount, Profile, Secret};

/// The request.
#[derive(Debug)]
pub struct Create {
    /// Identifiers, names and metadata. Its flags are what the caller claims.
    pub profile: Profile,
    /// The password; none for an invited account, which gets one that nobody learns.
    pub password: Option<Secret>,
    /// The organization that the account begins in.
    pub organization: Option<String>,
}

/// Where the request has each kind of identifier.
const MEMBERS: [(IdentifierKind, &str); 3] = [
    (IdentifierKind::Email, "/email"),
    (IdentifierKind::Username, "/username"),
    (IdentifierKind::PhoneNumber, "/phone_number"),
];

pub(super) async fn run(ask: &Ask<'_>, create: Create) -> Result<Answer, Refusal> {
    ask.needs(Ability::Create)?;
    let mut profile = create.profile;
    if MEMBERS.iter().all(|(kind, _)| profile.identifier(*kind).is_none()) {
        return Err(Refusal::Malformed("", "one of email, username and phone_number is needed"));
    }
    for (kind, pointer) in MEMBERS {
        if let Some(value) = profile.identifier(kind) {
            allow(kind, pointer, value)?;
        }
    }
    // A flag goes with its identifier, and is true only when the caller may say so.
    profile.email_verified = claimed(ask, profile.email.is_some(), profile.email_verified);
    profile.phone_verified = claimed(ask, profile.phone_number.is_some(), profile.phone_verified);
    let write = ask.connection.passwords.write.as_ref();
    if write.is_some_and(|write| write_for(write, &profile).is_none()) {
        return Err(Refusal::Malformed("/username", "the store's passwords take in the user name"));
    }
    let organization = ask.organization(create.organization)?;
    if organization.as_ref().is_some_and(|key| !plausible(key)) {
        return Err(Refusal::Malformed("/organization", SIZE));
    }
    if !ask.connection.admits_new(ask.context.organization.as_ref(), organization.as_deref()) {
        return Err(Refusal::OrganizationDenied(None));
    }
    let password = match create.password {
        Some(password) => {
            ask.allow_new_password(&password)?;
            password
        }
        None => ask.unguessable_password()?,
    };
    let password = ask.prepare_password(password, &profile).await?;
    let new = NewAccount { profile, password, organization };
    let account = ask.read_back(ask.connection.store.create(&ask.call, new).await)?;
    Ok(Answer::Created(User::of(ask, account)))
}

fn claimed(ask: &Ask<'_>, present: bool, claim: Option<bool>) -> Option<bool> {
    present.then(|| claim.unwrap_or(false) && ask.rights.may_verify)
}
