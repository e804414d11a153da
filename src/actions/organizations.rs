//! What organizations have to do with an action: what a caller may see, what the gate lets through, what is told of them.

use super::{Ask, Refusal};
use idstore_contract::{Ability, Account, Memberships, Profile};
use serde_json::Value;

impl Ask<'_> {
    /// Whether the caller is limited to organizations.
    pub(super) fn is_limited(&self) -> bool {
        !self.rights.organizations.is_empty()
    }

    /// What the account belongs to, as far as the store tells.
    pub(super) async fn memberships(&self, account: &Account) -> Result<Memberships, Refusal> {
        let store = &self.connection.store;
        if !store.descriptor().offers(Ability::Roles) && !store.descriptor().offers(Ability::Organizations) {
            return Ok(Memberships::default());
        }
        Ok(store.memberships(&self.call, account).await?)
    }

    /// Whether the caller may see who belongs to these.
    pub(super) fn sees(&self, memberships: &Memberships) -> bool {
        !self.is_limited() || memberships.organizations.iter().any(|one| self.is_own(&one.organization))
    }

    /// Whether the caller may have to do with an organization.
    fn is_own(&self, organization: &str) -> bool {
        !self.is_limited() || self.rights.organizations.iter().any(|own| own == organization)
    }

    /// Lets somebody through the connection's gate, after the right password.
    pub(super) fn admit(&self, account: &Account, memberships: &Memberships) -> Result<(), Refusal> {
        let named = self.context.organization.as_ref();
        // Of two organizations of the user, one may be none of the caller's.
        let own =
            self.connection.membership(named, memberships).is_none_or(|one| self.is_own(&one.organization));
        if own && self.connection.admits(named, memberships) {
            return Ok(());
        }
        tracing::debug!("the account is no member of the organization that the login is for");
        Err(Refusal::OrganizationDenied(Some(self.connection.public_id(&account.user_id))))
    }

    /// The organization that something is done in: what the request names, else the caller's own.
    pub(super) fn organization(&self, named: Option<String>) -> Result<Option<String>, Refusal> {
        match (named, &*self.rights.organizations) {
            (Some(named), _) if !self.is_own(&named) => Err(Refusal::CallerForbidden(
                "the caller works for other organizations than the one that is named",
            )),
            (Some(named), _) => Ok(Some(named)),
            (None, []) => Ok(None),
            (None, [own]) => Ok(Some(own.clone())),
            (None, _) => Err(Refusal::Malformed(
                "/organization",
                "the caller works for several organizations; name one of them",
            )),
        }
    }

    /// Puts roles and organizations into the profile, where the store tells them; those of others than the caller's
    /// organizations stay out. The roles of the organization that the request is for stand among the roles.
    pub(super) fn tell(&self, memberships: Memberships, profile: &mut Profile) {
        let store = self.connection.store.descriptor();
        let here = self.connection.membership(self.context.organization.as_ref(), &memberships);
        let here = here.filter(|one| self.is_own(&one.organization));
        let here = here.map_or_else(Vec::new, |one| one.roles.clone());
        if store.offers(Ability::Roles) || !here.is_empty() {
            let roles = distinct(memberships.roles.into_iter().chain(here));
            profile.app_metadata.insert("roles".to_owned(), roles);
        }
        if store.offers(Ability::Organizations) {
            let own = memberships.organizations.iter().filter(|one| self.is_own(&one.organization));
            let words = own.filter_map(|one| self.connection.organization_word(one).map(str::to_owned));
            profile.app_metadata.insert("organizations".to_owned(), distinct(words));
        }
    }
}

/// Each text once, in the store's order.
fn distinct(texts: impl Iterator<Item = String>) -> Value {
    let mut kept: Vec<Value> = Vec::new();
    for text in texts.map(Value::String) {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    Value::Array(kept)
}
