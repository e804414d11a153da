//! [`Way`]: how a password that is set here comes to work at the next login, where the directory wants to have it changed.

use crate::client::{Client, Search, nothing};
use crate::directory::Directory;
use crate::error::code;
use crate::filter::Filter;
use crate::message::{Change, Doing, Request, Scope};
use crate::rules::Rules;
use idstore_contract::{Call, Error, Problem};

/// How a new password is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By the service alone, as far as it can be known.
    AtOnce,
    /// The last step is the user's.
    ByUser,
    /// It would never work: such actions are not offered.
    NotAtAll,
}

impl Client {
    /// The way; who comes before it is known finds it out.
    pub(crate) async fn way(&self, call: &Call) -> Result<Way, Error> {
        if let Some(known) = *self.way.read().await {
            return Ok(known);
        }
        let directory = self.directory(call).await?;
        let rules = self.rules(call, directory).await?;
        let (way, _) = self.find_way(call, directory, rules).await?;
        self.learn(way).await;
        Ok(way)
    }

    /// For the calls that follow.
    pub(crate) async fn learn(&self, way: Way) {
        *self.way.write().await = Some(way);
    }

    /// Refuses what sets a password, where that would not work afterwards.
    pub(crate) async fn passwords_offered(&self, call: &Call) -> Result<(), Error> {
        if self.way(call).await? == Way::NotAtAll { Err(Error::unsupported()) } else { Ok(()) }
    }

    /// Whether a password that is set here works at the next login, and what an operator should know of it.
    pub(crate) async fn find_way(
        &self,
        call: &Call,
        directory: Directory,
        rules: Option<Rules>,
    ) -> Result<(Way, Option<Problem>), Error> {
        if !self.plan.sets_passwords() || rules.is_some_and(|rules| !rules.must_change) {
            return Ok((Way::AtOnce, None));
        }
        if self.may_clear_must_change(call, directory).await? != Some(false) {
            return Ok((Way::AtOnce, None));
        }
        let by_user = self.plan.users_can_set() && rules.is_none_or(|rules| rules.users_may_change);
        let (way, message) = match (by_user, rules) {
            (true, rules) => (
                if rules.is_some() { Way::ByUser } else { Way::AtOnce },
                "where the directory wants a password to be changed that somebody else has set, this service may not take \
                 that away: the last step is done as the user, who must be allowed to do it",
            ),
            (false, Some(_)) => (
                Way::NotAtAll,
                "create and change_password are not offered: the directory wants each password to be changed that this \
                 service sets, this service may not take that away, and the user can't be the one who sets it",
            ),
            (false, None) => (
                Way::AtOnce,
                "this service may not take away that a password has to be changed, and the user can't be the one who sets \
                 it: see whether the directory wants that of passwords that somebody else has set",
            ),
        };
        Ok((way, Some(Problem::warning("offers", message))))
    }

    /// Whether this service may take the must-change flag away: tried on somebody's account, by taking away a value that it
    /// does not have. `None` where that does not show.
    pub(crate) async fn may_clear_must_change(
        &self,
        call: &Call,
        directory: Directory,
    ) -> Result<Option<bool>, Error> {
        let (attribute, value) = match directory {
            Directory::Openldap | Directory::Generic => ("pwdReset", "FALSE"),
            Directory::Ds389 => ("passwordExpirationTime", "19000101000000Z"),
            Directory::Edirectory | Directory::ActiveDirectory | Directory::Freeipa => return Ok(None),
        };
        let Some(dn) = self.somebody(call).await? else { return Ok(None) };
        let nothing =
            Change { doing: Doing::Delete, attribute: attribute.to_owned(), values: vec![value.into()] };
        let answer = self.write(&call.next_step(), &Request::modify(&dn, &[nothing])).await?;
        Ok(match answer.outcome.code {
            code::SUCCESS | code::NO_SUCH_ATTRIBUTE => Some(true),
            code::INSUFFICIENT_ACCESS => Some(false),
            _ => None,
        })
    }

    /// The DN of any account.
    async fn somebody(&self, call: &Call) -> Result<Option<String>, Error> {
        let map = &self.plan.attributes;
        let name = map.username.as_ref().or(map.email.as_ref()).or(map.phone_number.as_ref());
        let named = Filter::Present(name.unwrap_or(&map.user_id).clone());
        let is_general = self.plan.object_filter.names().is_empty();
        let search = Search {
            base: &self.plan.base,
            scope: Scope::Subtree,
            filter: if is_general { &self.plan.object_filter } else { &named },
            values: &nothing,
            attributes: &["1.1".to_owned()],
            entries_max: 1,
        };
        let found = self.search(call, &search).await?;
        Ok(found.entries.into_iter().next().map(|entry| entry.dn))
    }
}
