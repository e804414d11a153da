//! Compares a password by a bind as the user, on a session of its own, once.

use crate::account::{Like, Reading};
use crate::client::Client;
use crate::config::PasswordCheck;
use crate::directory::Directory;
use crate::dn;
use crate::entry::Entry;
use crate::error::{Doing, code, failed};
use crate::filter::Filter;
use crate::message::{Request, Scope};
use crate::plan::parameter;
use crate::session::Session;
use crate::standing;
use crate::verdict;
use idstore_contract::{Account, Call, Error, Handle, Lookup, Secret, Verdict};
use tokio::time::timeout_at;

impl Client {
    /// The verdict on a password. The server counts: the bind is sent once, and again only where the entry has another DN
    /// by then.
    pub(crate) async fn check(
        &self,
        call: &Call,
        account: &Account,
        password: &Secret,
    ) -> Result<Verdict, Error> {
        if !matches!(self.plan.password_check, PasswordCheck::Bind | PasswordCheck::DnTemplate) {
            return Err(Error::unsupported());
        }
        // A server may take an empty password for an anonymous bind, and answer that it succeeded.
        if password.is_empty() {
            return Ok(Verdict::Mismatch);
        }
        let checking = async {
            if self.plan.password_check == PasswordCheck::DnTemplate {
                self.bind_blindly(call, account, password).await
            } else {
                self.bind_and_look(call, account, password).await
            }
        };
        timeout_at(call.deadline.into(), checking).await.unwrap_or_else(|_| Err(Error::timeout()))
    }

    async fn bind_and_look(
        &self,
        call: &Call,
        account: &Account,
        password: &Secret,
    ) -> Result<Verdict, Error> {
        let directory = self.directory_or_generic(call).await?;
        let mut dn = account.handle.clone();
        let mut may_have_moved = true;
        loop {
            let permit = self.binds.acquire().await.map_err(|_| Error::unexpected("no user can be bound"))?;
            let mut session = self.opener.for_nobody().await?;
            let answer = session.bind(dn.as_str(), password).await?;
            session.close();
            drop(permit);
            let bound = verdict::read(directory, self.plan.grace_logins, &answer)?;
            match (bound.refusal(), self.again(call, account).await?) {
                // Nobody was bound: the entry was renamed since it was found.
                (Some(Verdict::Mismatch), Some((after, _))) if after.handle != dn && may_have_moved => {
                    dn = after.handle;
                    may_have_moved = false;
                }
                (Some(refusal), _) => return Ok(refusal),
                (None, Some((mut after, entry))) => {
                    self.add_groups(call, &mut after, &entry).await?;
                    return Ok(signed_in(directory, (after, entry)));
                }
                // The password was right, and the account is gone or invisible by now.
                (None, None) => return Err(Error::not_found()),
            }
        }
    }

    /// A bind as the DN that was made of what the user typed. Only the user may be able to read the entry.
    async fn bind_blindly(
        &self,
        call: &Call,
        account: &Account,
        password: &Secret,
    ) -> Result<Verdict, Error> {
        let directory = self.directory_or_generic(call).await?;
        let _permit = self.binds.acquire().await.map_err(|_| Error::unexpected("no user can be bound"))?;
        let mut session = self.opener.for_nobody().await?;
        let answer = session.bind(account.handle.as_str(), password).await?;
        if let Some(refusal) = verdict::read(directory, self.plan.grace_logins, &answer)?.refusal() {
            session.close();
            return Ok(refusal);
        }
        let own = self.as_the_user(call, &mut session, account, &self.plan.object_filter).await?;
        let verdict = match own {
            Some(after) => signed_in(directory, after),
            None => self.outside(call, &mut session, account).await?,
        };
        session.close();
        Ok(verdict)
    }

    /// Somebody who signed in and is not found by the `object_filter` is nobody here; who can't read the own entry at all
    /// is another matter.
    async fn outside(&self, call: &Call, session: &mut Session, account: &Account) -> Result<Verdict, Error> {
        let anything = Filter::Present("objectClass".to_owned());
        match self.as_the_user(call, session, account, &anything).await? {
            Some(_) => Ok(Verdict::Mismatch),
            None => Err(Error::misconfigured(
                "a user who signed in may not read the own entry; give users that right, or write password_check = \"bind\"",
            )),
        }
    }

    /// Where the root DSE can't be asked without a bind, the codes that all directories share.
    async fn directory_or_generic(&self, call: &Call) -> Result<Directory, Error> {
        match self.directory(call).await {
            Err(error) if error.kind() == idstore_contract::ErrorKind::Misconfigured => {
                Ok(Directory::Generic)
            }
            other => other,
        }
    }

    /// What a lookup answers where a DN is made of what the user typed: the account of that DN, of which nothing is known
    /// before the bind.
    pub(crate) fn by_template(&self, call: &Call, lookup: &Lookup) -> Result<Vec<Account>, Error> {
        let Some(template) = &self.plan.dn_template else { return Err(Error::unsupported()) };
        let values = |name: &str| match name {
            "identifier" => Some(lookup.text().to_owned()),
            name => parameter(call, name),
        };
        let dn = template.fill(&values, dn::escape).map_err(|name| {
            Error::misconfigured("the DN's template has a name that has no value in this call")
                .with("name", name)
        })?;
        // The key shows to who is signed in.
        let mut account = Account::new(Handle::new(dn), "");
        match lookup {
            Lookup::Named(kind, text) => *account.profile.identifier_mut(*kind) = Some(text.clone()),
            Lookup::Identifier(text) => account.signed_in_as = Some(text.clone()),
            Lookup::UserId(_) => return Err(Error::unsupported()),
        }
        Ok(vec![account])
    }

    /// The user's own entry, as the user may read it.
    async fn as_the_user(
        &self,
        call: &Call,
        session: &mut Session,
        account: &Account,
        filtered: &Filter,
    ) -> Result<Option<(Account, Entry)>, Error> {
        let directory = self.directory_or_generic(call).await?;
        let mut filter = crate::ber::Writer::new();
        let values = |name: &str| parameter(call, name);
        filtered.write(&mut filter, &values).map_err(|name| {
            Error::misconfigured("a filter has a name that has no value in this call").with("name", name)
        })?;
        let wanted = self.plan.wanted(directory, false);
        let request = Request::search(account.handle.as_str(), Scope::Base, 1, 0, &filter, &wanted);
        let found = session.search(&request, 1).await?;
        if found.answer.outcome.code != code::SUCCESS {
            return Err(failed(&found.answer.outcome, Doing::Reading));
        }
        let Some(entry) = found.entries.into_iter().next() else { return Ok(None) };
        let reading = Reading { plan: &self.plan, directory, call, like: Like::Before(account) };
        Ok(Some((reading.account(&entry)?, entry)))
    }
}

/// The account of somebody who was let in.
fn signed_in(directory: Directory, (mut after, entry): (Account, Entry)) -> Verdict {
    after.standings = standing::after_bind(directory, &entry, after.standings);
    Verdict::Match(Box::new(after))
}

/// Finds the account of a lookup.
pub(crate) fn filter_of(client: &Client, lookup: &Lookup) -> Result<Option<Filter>, Error> {
    let plan = &client.plan;
    Ok(match lookup {
        Lookup::UserId(text) => plan.id.filter(&plan.attributes.user_id, text),
        Lookup::Identifier(_) => Some(plan.filter.clone()),
        Lookup::Named(kind, text) => {
            let attribute = plan.attribute_of(*kind).ok_or_else(Error::unsupported)?;
            Some(Filter::Is { attribute: attribute.to_owned(), value: text.as_bytes().to_vec() })
        }
    })
}
