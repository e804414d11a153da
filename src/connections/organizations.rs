//! The organizations of a connection: which membership a named one is, and whether a login may go on without it.
//!
//! What a caller names is only ever compared with what the store says of the account, and never looked up.

use super::Connection;
use crate::config::{OrganizationMatch, OrganizationRule};
use idstore_contract::{Membership, Memberships};

/// An organization as a platform names it. Both are claims of the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedOrganization {
    /// The platform's id for it.
    pub id: Option<String>,
    /// Its name there.
    pub name: Option<String>,
}

impl NamedOrganization {
    fn as_matched(&self, by: OrganizationMatch) -> Option<&str> {
        match by {
            OrganizationMatch::Id => self.id.as_deref(),
            OrganizationMatch::Name => self.name.as_deref(),
        }
    }
}

impl Connection {
    /// What an organization is called between the platform and the store; none where it has no name to match by.
    pub fn organization_word<'m>(&self, membership: &'m Membership) -> Option<&'m str> {
        match self.organization.by {
            OrganizationMatch::Id => Some(&membership.organization),
            OrganizationMatch::Name => membership.name.as_deref(),
        }
    }

    /// The membership that the named organization is. Nothing named is no membership.
    pub fn membership<'m>(
        &self,
        named: Option<&NamedOrganization>,
        memberships: &'m Memberships,
    ) -> Option<&'m Membership> {
        let word = named?.as_matched(self.organization.by)?;
        memberships.organizations.iter().find(|membership| self.organization_word(membership) == Some(word))
    }

    /// Whether the connection's gate lets somebody through who belongs to these.
    pub fn admits(&self, named: Option<&NamedOrganization>, memberships: &Memberships) -> bool {
        match (self.organization.rule, named) {
            (OrganizationRule::Off, _) | (OrganizationRule::Checked, None) => true,
            (OrganizationRule::Required, None) => false,
            (OrganizationRule::Checked | OrganizationRule::Required, Some(_)) => {
                self.membership(named, memberships).is_some()
            }
        }
    }

    /// Whether an account may begin in this organization, or in none, when a platform makes it for a named one. A name
    /// can't be compared with a key before there is a membership that has both; the login that follows does it.
    pub fn admits_new(&self, named: Option<&NamedOrganization>, organization: Option<&str>) -> bool {
        match (self.organization.rule, named, self.organization.by) {
            (OrganizationRule::Off, _, _) | (_, None, _) => true,
            (_, Some(named), OrganizationMatch::Id) => {
                organization.is_some() && organization == named.id.as_deref()
            }
            (_, Some(_), OrganizationMatch::Name) => organization.is_some(),
        }
    }
}
