//! Compares a password by a bind as the user, on a session of its own, once.

use crate::account::Reading;
use crate::client::Client;
use crate::config::PasswordCheck;
use crate::dn;
use crate::error::{Doing, code, failed};
use crate::filter::Filter;
use crate::message::{Entry, Request, Scope};
use crate::plan::parameter;
use crate::session::Session;
use crate::verdict::{self, Bound};
use idstore_contract::{Account, Call, Error, Handle, IdentifierKind, Lookup, Secret, Verdict};
use tokio::time::timeout_at;

impl Client {
    /// The verdict on a password. The server counts: the bind is sent once and never again.
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
        let checking = self.bind_and_look(call, account, password);
        timeout_at(call.deadline.into(), checking).await.unwrap_or_else(|_| Err(Error::timeout()))
    }

    async fn bind_and_look(
        &self,
        call: &Call,
        account: &Account,
        password: &Secret,
    ) -> Result<Verdict, Error> {
        let directory = self.directory_or_generic(call).await?;
        let permit = self.binds.acquire().await.map_err(|_| Error::unexpected("no user can be bound"))?;
        let mut session = self.opener.for_nobody().await?;
        let answer = session.bind(account.handle.as_str(), password).await?;
        let bound = verdict::read(directory, self.plan.grace_logins, &answer)?;
        let after = match (self.plan.password_check, bound) {
            // Only the user may be able to read the entry.
            (PasswordCheck::DnTemplate, Bound::Right) => {
                self.as_the_user(call, &mut session, account).await?
            }
            (PasswordCheck::DnTemplate, _) => None,
            _ => {
                session.close();
                drop(permit);
                let found = self.by_id(call, &account.user_id).await?;
                return self.verdict(call, bound, found).await;
            }
        };
        session.close();
        self.verdict(call, bound, after).await
    }

    async fn verdict(
        &self,
        call: &Call,
        bound: Bound,
        after: Option<(Account, Entry)>,
    ) -> Result<Verdict, Error> {
        Ok(match (bound, after) {
            (Bound::Right, Some((mut after, entry))) => {
                if self.plan.password_check == PasswordCheck::Bind {
                    self.add_groups(call, &mut after, &entry).await?;
                }
                Verdict::Match(Box::new(after))
            }
            // The password was right, and the account is gone or invisible by now.
            (Bound::Right, None) => return Err(Error::not_found()),
            (Bound::Wrong, _) => Verdict::Mismatch,
            (Bound::Barred(standing), _) => Verdict::Barred(standing),
            (Bound::TooManyAttempts, _) => Verdict::TooManyAttempts,
        })
    }

    /// Where the root DSE can't be asked without a bind, the codes that all directories share.
    async fn directory_or_generic(&self, call: &Call) -> Result<crate::directory::Directory, Error> {
        match self.directory(call).await {
            Err(error) if error.kind() == idstore_contract::ErrorKind::Misconfigured => {
                Ok(crate::directory::Directory::Generic)
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
        let mut account = Account::new(Handle::new(dn.clone()), dn);
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
    ) -> Result<Option<(Account, Entry)>, Error> {
        let directory = self.directory_or_generic(call).await?;
        let mut filter = crate::ber::Writer::new();
        let values = |name: &str| parameter(call, name);
        self.plan.object_filter.write(&mut filter, &values).map_err(|name| {
            Error::misconfigured("a filter has a name that has no value in this call").with("name", name)
        })?;
        let wanted = self.plan.wanted(directory, false);
        let request = Request::search(account.handle.as_str(), Scope::Base, 1, 0, &filter, &wanted);
        let found = session.search(&request, 1).await?;
        if found.answer.outcome.code != code::SUCCESS {
            return Err(failed(&found.answer.outcome, Doing::Reading));
        }
        let Some(entry) = found.entries.into_iter().next() else { return Ok(None) };
        let lookup = Self::typed(account);
        let reading = Reading { plan: &self.plan, directory, now: call.now, lookup: lookup.as_ref() };
        Ok(Some((reading.account(&entry)?, entry)))
    }

    /// What [`Client::by_template`] made the account of.
    fn typed(account: &Account) -> Option<Lookup> {
        let named = |kind: IdentifierKind| {
            account.profile.identifier(kind).map(|text| Lookup::Named(kind, text.to_owned()))
        };
        match &account.signed_in_as {
            Some(text) => Some(Lookup::Identifier(text.clone())),
            None => IdentifierKind::ALL.into_iter().find_map(named),
        }
    }
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
