//! Probes: whether the directory serves, and whether it has what the configuration names.

use crate::client::{Client, Search, nothing};
use crate::config::PasswordCheck;
use crate::directory::Directory;
use crate::filter::Filter;
use crate::message::Scope;
use crate::rules::Rules;
use idstore_contract::{Call, Depth, Error, ErrorKind, Problem};
use tokio::time::timeout_at;

impl Client {
    pub(crate) async fn probe(&self, call: &Call, depth: Depth) -> Result<Vec<Problem>, Error> {
        let probing = async {
            match depth {
                Depth::Alive => self.probe_briefly(call).await,
                Depth::Full => self.probe_fully(call).await,
            }
        };
        timeout_at(call.deadline.into(), probing).await.unwrap_or_else(|_| Err(Error::timeout()))
    }

    /// A server may answer its root DSE while it has lost the accounts: what counts is that the base is there.
    async fn probe_briefly(&self, call: &Call) -> Result<Vec<Problem>, Error> {
        if self.is_blind() {
            return self.root(call, &["supportedLDAPVersion"]).await.map(|_| Vec::new());
        }
        if self.is_there(call, &self.plan.base).await? {
            Ok(Vec::new())
        } else {
            Err(Error::misconfigured("the base is not there, or this service may not see it"))
        }
    }

    /// Users sign in with a DN that is made of what they typed, and nobody else does: perhaps nobody else sees anything.
    fn is_blind(&self) -> bool {
        self.plan.password_check == PasswordCheck::DnTemplate && !self.opener.signs_in()
    }

    /// On a session of its own, so that the service's bind is tried; what is asked then goes over the pool.
    async fn probe_fully(&self, call: &Call) -> Result<Vec<Problem>, Error> {
        self.opener.for_service().await?.close();
        let mut problems = Vec::new();
        let root = self.root(call, &crate::directory::TELLING).await?;
        let found = Directory::of(&root);
        if let Some(configured) = self.plan.directory
            && configured != found
            && found != Directory::Generic
        {
            problems.push(Problem::warning(
                "directory",
                format!("the server seems to be {}, and not {}", found.as_str(), configured.as_str()),
            ));
        }
        if !self.is_there(call, &self.plan.base).await? {
            problems.push(if self.is_blind() {
                Problem::warning(
                    "base",
                    "nobody may see it without a bind: of all actions only logins are answered",
                )
            } else {
                Problem::error("base", "it is not there, or this service may not see it")
            });
            return Ok(problems);
        }
        if let Some(groups) = &self.plan.groups
            && groups.filter.is_some()
            && !self.is_there(call, &groups.base).await?
        {
            problems.push(Problem::error("groups.base", "it is not there, or this service may not see it"));
        }
        problems.extend(self.compare(call).await?);
        let directory = self.plan.directory.unwrap_or(found);
        problems.extend(self.hidden_expiry(call, directory).await?);
        let rules = self.rules(call, directory).await?;
        problems.extend(rules.and_then(|rules| self.lockout(rules)));
        let (way, problem) = self.find_way(call, directory, rules).await?;
        self.learn(way).await;
        problems.extend(problem);
        problems.extend(self.unseen(call).await?);
        Ok(problems)
    }

    /// FreeIPA lets an expired password bind: only the entry shows it, to who may see that.
    async fn hidden_expiry(&self, call: &Call, directory: Directory) -> Result<Option<Problem>, Error> {
        const EXPIRY: &str = "krbPasswordExpiration";
        if directory != Directory::Freeipa {
            return Ok(None);
        }
        let shown = Filter::Present(EXPIRY.to_owned());
        let search = Search {
            base: &self.plan.base,
            scope: Scope::Subtree,
            filter: &shown,
            values: &nothing,
            attributes: &[EXPIRY.to_owned()],
            entries_max: 1,
        };
        let found = self.search(call, &search).await?;
        let is_hidden = found.entries.iter().all(|entry| entry.text(EXPIRY).is_none());
        Ok(is_hidden.then(|| {
            let message =
                format!("this service sees no {EXPIRY}: an expired password would be taken for a good one");
            Problem::warning("directory", message)
        }))
    }

    /// The configured number of wrong passwords beside the directory's own: what is to stay below a lock has to know it.
    fn lockout(&self, rules: Rules) -> Option<Problem> {
        let after = rules.lockout_after?;
        match self.plan.lockout_after {
            Some(configured) if configured <= after => None,
            Some(configured) => Some(Problem::warning(
                "lockout_after",
                format!(
                    "the directory locks an account after {after} wrong passwords, and not after {configured}"
                ),
            )),
            None => Some(Problem::warning(
                "lockout_after",
                format!(
                    "the directory locks an account after {after} wrong passwords; write lockout_after = {after}"
                ),
            )),
        }
    }

    /// Whether the service sees an entry of that DN.
    pub(crate) async fn is_there(&self, call: &Call, dn: &str) -> Result<bool, Error> {
        match self.read(call, dn, "objectClass", "1.1").await {
            Ok(found) => Ok(found.is_some()),
            Err(error) if error.kind() == ErrorKind::Misconfigured => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What an entry shows of one attribute; `None` where it does not fit, or may not be seen.
    pub(crate) async fn read(
        &self,
        call: &Call,
        dn: &str,
        present: &str,
        attribute: &str,
    ) -> Result<Option<crate::entry::Entry>, Error> {
        let filter = Filter::Present(present.to_owned());
        let search = Search {
            base: dn,
            scope: Scope::Base,
            filter: &filter,
            values: &nothing,
            attributes: &[attribute.to_owned()],
            entries_max: 1,
        };
        Ok(self.search(call, &search).await?.entries.into_iter().next())
    }
}
