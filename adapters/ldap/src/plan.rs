//! [`Plan`]: the configuration compiled. What it holds is known to fit together; below it no text has rules.

mod check;

use crate::address::Address;
use crate::config::{
    Attributes, Config, Delete, EmailVerified, GraceLogins, Offer, PasswordChange, PasswordCheck,
};
use crate::directory::Directory;
use crate::entry::Entry;
use crate::filter::Filter;
use crate::groups::GroupPlan;
use crate::id::IdSyntax;
use crate::template::Template;
use idstore_contract::{
    Ability, Call, Error, IdentifierKind, PasswordCheck as Check, PasswordWrite, Problem, Surroundings,
    Transport,
};
use std::collections::BTreeSet;

/// What is asked, and what is made of the answers.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) addresses: Vec<Address>,
    pub(crate) start_tls: bool,
    /// As configured; `None`: the root DSE tells.
    pub(crate) directory: Option<Directory>,
    pub(crate) base: String,
    pub(crate) object_filter: Filter,
    pub(crate) filter: Filter,
    /// What `filter` compares with what the user typed, beside the identifiers of the profile.
    pub(crate) aliases: Vec<String>,
    pub(crate) id: IdSyntax,
    pub(crate) attributes: Attributes,
    pub(crate) password_check: PasswordCheck,
    pub(crate) dn_template: Option<Template>,
    pub(crate) password_change: Option<PasswordChange>,
    /// New passwords arrive as hashes.
    pub(crate) hashed: bool,
    pub(crate) email_verified: EmailVerified,
    pub(crate) grace_logins: GraceLogins,
    pub(crate) lockout_after: Option<u32>,
    pub(crate) lockout_duration_secs: Option<u32>,
    pub(crate) groups: Option<GroupPlan>,
    pub(crate) create: Option<Recipe>,
    pub(crate) delete: Delete,
    /// This process looks whether an identifier is taken, one write after the other.
    pub(crate) looks_before: bool,
    pub(crate) abilities: BTreeSet<Ability>,
}

/// How a new entry is made.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) dn: Template,
    pub(crate) object_classes: Vec<String>,
    pub(crate) attributes: Vec<(String, Vec<Template>)>,
}

impl Plan {
    /// Compiles a configuration, and tells everything that is wrong with it. `None` where that stops the store.
    pub(crate) fn compile(config: &Config, around: &Surroundings) -> (Option<Self>, Vec<Problem>) {
        let mut problems = Vec::new();
        let plan = check::compile(config, around, &mut problems);
        let stops = problems.iter().any(Problem::is_error);
        (plan.filter(|_| !stops), problems)
    }

    /// The attribute of a kind of identifier.
    pub(crate) fn attribute_of(&self, kind: IdentifierKind) -> Option<&str> {
        match kind {
            IdentifierKind::Email => self.attributes.email.as_deref(),
            IdentifierKind::Username => self.attributes.username.as_deref(),
            IdentifierKind::PhoneNumber => self.attributes.phone_number.as_deref(),
        }
    }

    /// The first value of a kind of identifier.
    pub(crate) fn first<'a>(&self, entry: &'a Entry, kind: IdentifierKind) -> Option<&'a str> {
        self.attribute_of(kind).and_then(|name| entry.text(name))
    }

    /// The attribute of the password.
    pub(crate) fn password_attribute(&self) -> &str {
        self.attributes.password_hash.as_deref().unwrap_or("userPassword")
    }

    /// The attributes that an account is read from, each once.
    pub(crate) fn wanted(&self, directory: Directory, with_password: bool) -> Vec<String> {
        let map = &self.attributes;
        let mapped = map.named().into_iter().filter(|(key, _)| key != "password_hash").map(|(_, name)| name);
        let with_password = with_password.then_some(map.password_hash.as_deref()).flatten();
        let groups = self.groups.iter().flat_map(GroupPlan::attributes);
        let all = mapped
            .chain(self.aliases.iter().map(String::as_str))
            .chain(groups)
            .chain(directory.state_attributes().iter().copied())
            .chain(with_password);
        let mut seen = BTreeSet::new();
        all.filter(|name| seen.insert(name.to_ascii_lowercase())).map(str::to_owned).collect()
    }

    /// Who compares passwords, in the contract's words.
    pub(crate) fn check(&self) -> Check {
        match self.password_check {
            PasswordCheck::Bind | PasswordCheck::DnTemplate => Check::ByStore,
            PasswordCheck::CompareHash => Check::ByProxy,
            PasswordCheck::None => Check::None,
        }
    }

    /// The least protected of the ways to the servers.
    pub(crate) fn transport(&self) -> Transport {
        let ways: Vec<Transport> =
            self.addresses.iter().map(|address| address.transport(self.start_tls)).collect();
        [Transport::Clear, Transport::Verified]
            .into_iter()
            .find(|way| ways.contains(way))
            .unwrap_or(Transport::Local)
    }

    /// Whether new passwords are set that the directory compares.
    pub(crate) fn sets_passwords(&self) -> bool {
        let offers = |ability| self.abilities.contains(&ability);
        (offers(Ability::Create) || offers(Ability::ChangePassword))
            && (!self.hashed || self.password_attribute().eq_ignore_ascii_case("userPassword"))
    }

    /// Whether a new password can be set signed in as the user: it has to be known, and not only its hash.
    pub(crate) fn users_can_set(&self) -> bool {
        !self.hashed && self.password_change != Some(PasswordChange::UnicodePwd)
    }

    /// Refuses what is not offered.
    pub(crate) fn offered(&self, ability: Ability) -> Result<(), Error> {
        if self.abilities.contains(&ability) { Ok(()) } else { Err(Error::unsupported()) }
    }
}

/// The value of `param.NAME` in a call.
pub(crate) fn parameter(call: &Call, name: &str) -> Option<String> {
    name.strip_prefix("param.").and_then(|name| call.parameters.get(name)).cloned()
}

/// The abilities that a configuration offers.
fn abilities(config: &Config, around: &Surroundings) -> BTreeSet<Ability> {
    let mut abilities = BTreeSet::new();
    for offer in &config.offers {
        match offer {
            Offer::Create => abilities.insert(Ability::Create),
            Offer::Verify => abilities.insert(Ability::Verify),
            Offer::ChangePassword => {
                if config.offers.contains(&Offer::Verify) {
                    abilities.insert(Ability::ChangePasswordVerifies);
                }
                abilities.insert(Ability::ChangePassword)
            }
            Offer::ChangeEmail => abilities.insert(Ability::ChangeEmail),
            Offer::ChangeUsername => abilities.insert(Ability::ChangeUsername),
            Offer::ChangePhoneNumber => abilities.insert(Ability::ChangePhoneNumber),
            Offer::Delete => abilities.insert(Ability::Delete),
            Offer::List => abilities.insert(Ability::List),
            Offer::MarkMigrated => {
                abilities.insert(Ability::UnmarkMigrated) | abilities.insert(Ability::MarkMigrated)
            }
        };
    }
    let compares = config.password_check == PasswordCheck::CompareHash;
    if compares
        && config.password_change == Some(PasswordChange::Attribute)
        && config.offers.contains(&Offer::ChangePassword)
        && around.password_write == Some(PasswordWrite::Hashed)
    {
        abilities.insert(Ability::Rehash);
    }
    abilities
}
