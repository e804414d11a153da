//! The [`Store`] that a directory is.

use crate::account::Like;
use crate::check::filter_of;
use crate::client::Client;
use crate::config::{Config, PasswordCheck};
use crate::opener::Opener;
use crate::plan::Plan;
use idstore_contract::{
    Ability, Account, Call, Deleted, Depth, Descriptor, Error, IdentifierChange, Lookup, Mark,
    MembershipChange, Memberships, NewAccount, PasswordChange, Problem, Purpose, Rehash, Rehashed, Result,
    Secret, Store, StoreHandle, Surroundings, Verdict,
};
use idstore_tls::verifying;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// Opens a store: reads its secrets and certificates, and connects to nothing.
///
/// `Err` holds every problem, warnings among them; warnings alone are logged.
#[allow(
    clippy::needless_pass_by_value,
    reason = "every adapter opens like this, and some keep the configuration"
)]
pub fn open(config: Config, around: &Surroundings) -> std::result::Result<StoreHandle, Vec<Problem>> {
    let (plan, mut problems) = Plan::compile(&config, around);
    let password = config.bind_password.as_ref().and_then(|reference| match reference.resolve() {
        Ok(resolved) => {
            problems.extend(resolved.warning.map(|warning| Problem::warning("bind_password", warning)));
            Some(resolved.secret)
        }
        Err(error) => {
            problems.push(Problem::error("bind_password", error.to_string()));
            None
        }
    });
    if password.as_ref().is_some_and(Secret::is_empty) {
        problems.push(Problem::error("bind_password", "the password is empty"));
    }
    let needs_tls = config.start_tls || config.urls.iter().any(|url| url.starts_with("ldaps://"));
    let tls = needs_tls
        .then(|| verifying(config.ca_file.as_deref()).map(|config| TlsConnector::from(Arc::new(config))))
        .transpose()
        .unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
    let Some(plan) = plan.filter(|_| !problems.iter().any(Problem::is_error)) else { return Err(problems) };
    for problem in &problems {
        tracing::warn!(key = problem.key, "{}", problem.message);
    }
    let descriptor = Descriptor {
        adapter: "ldap",
        password_check: plan.check(),
        abilities: plan.abilities.clone(),
        finds_by_id: true,
        transport: plan.transport(),
    };
    let service = config.bind_dn.clone().zip(password);
    let opener = Opener::new(&plan, tls.as_ref(), service);
    let pool_max = usize::try_from(config.pool_max).unwrap_or(usize::MAX);
    let client = Client::new(plan, opener, pool_max)
        .map_err(|error| vec![Problem::error("pool_max", error.to_string())])?;
    Ok(Arc::new(Ldap { client, descriptor }))
}

/// A configured directory.
struct Ldap {
    client: Client,
    descriptor: Descriptor,
}

impl Store for Ldap {
    fn describe(&self) -> Descriptor {
        self.descriptor.clone()
    }

    async fn find(&self, call: &Call, lookup: &Lookup, purpose: Purpose) -> Result<Vec<Account>> {
        self.client.fits(call).await?;
        let check = self.client.plan.password_check;
        let is_typed = !matches!(lookup, Lookup::UserId(_));
        if check == PasswordCheck::DnTemplate && purpose == Purpose::Login && is_typed {
            return self.client.by_template(call, lookup);
        }
        let Some(filter) = filter_of(&self.client, lookup)? else { return Ok(Vec::new()) };
        let compares = check == PasswordCheck::CompareHash;
        let mut found = self.client.accounts(call, filter, Like::Typed(lookup), compares).await?;
        if (purpose == Purpose::Profile || compares)
            && let [(account, entry)] = found.as_mut_slice()
        {
            self.client.add_groups(call, account, entry).await?;
        }
        Ok(found.into_iter().map(|(account, _)| account).collect())
    }

    async fn check(&self, call: &Call, account: &Account, password: &Secret) -> Result<Verdict> {
        self.client.check(call, account, password).await
    }

    async fn create(&self, call: &Call, new: &NewAccount) -> Result<Account> {
        self.client.plan.offered(Ability::Create)?;
        self.client.passwords_offered(call).await?;
        self.client.fits(call).await?;
        self.client.create(call, new).await
    }

    async fn verify(&self, call: &Call, account: &Account) -> Result<Account> {
        self.client.plan.offered(Ability::Verify)?;
        self.client.verify(call, account).await
    }

    async fn change_password(
        &self,
        call: &Call,
        account: &Account,
        change: &PasswordChange,
    ) -> Result<Account> {
        self.client.plan.offered(Ability::ChangePassword)?;
        self.client.passwords_offered(call).await?;
        if change.email_verified {
            self.client.plan.offered(Ability::ChangePasswordVerifies)?;
        }
        self.client.change_password(call, account, change).await
    }

    async fn rehash(&self, call: &Call, account: &Account, rehash: &Rehash) -> Result<Rehashed> {
        self.client.plan.offered(Ability::Rehash)?;
        self.client.rehash(call, account, rehash).await
    }

    async fn change_identifier(
        &self,
        call: &Call,
        account: &Account,
        change: &IdentifierChange,
    ) -> Result<Account> {
        self.client.plan.offered(match change.kind {
            idstore_contract::IdentifierKind::Email => Ability::ChangeEmail,
            idstore_contract::IdentifierKind::Username => Ability::ChangeUsername,
            idstore_contract::IdentifierKind::PhoneNumber => Ability::ChangePhoneNumber,
        })?;
        self.client.change_identifier(call, account, change).await
    }

    async fn change_membership(&self, _: &Call, _: &Account, _: &MembershipChange) -> Result<()> {
        Err(Error::unsupported())
    }

    async fn memberships(&self, _: &Call, _: &Account) -> Result<Memberships> {
        Err(Error::unsupported())
    }

    async fn delete(&self, call: &Call, account: &Account) -> Result<Deleted> {
        self.client.plan.offered(Ability::Delete)?;
        self.client.delete(call, account).await
    }

    async fn list(&self, call: &Call, after: Option<&str>, limit: usize) -> Result<Vec<Account>> {
        self.client.plan.offered(Ability::List)?;
        self.client.fits(call).await?;
        self.client.list(call, after, limit).await
    }

    async fn mark_migrated(&self, call: &Call, account: &Account, mark: Mark) -> Result<()> {
        self.client.plan.offered(match mark {
            Mark::Migrated => Ability::MarkMigrated,
            Mark::NotMigrated => Ability::UnmarkMigrated,
        })?;
        self.client.mark_migrated(call, account, mark).await
    }

    async fn probe(&self, call: &Call, depth: Depth) -> Result<Vec<Problem>> {
        self.client.probe(call, depth).await
    }
}
