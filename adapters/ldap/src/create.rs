//! New accounts: an entry made of the template, a password, and what the directory wants beside it; all of it or nothing.

use crate::account::{Like, Reading};
use crate::client::{Client, Search};
use crate::config::PasswordChange as How;
use crate::directory::Directory;
use crate::dn;
use crate::entry::Entry;
use crate::error::{Doing as Step, code, failed};
use crate::message::{Change, Doing, PASSWORD_POLICY, Request, Scope};
use crate::password::{First, accepted};
use crate::plan::{Recipe, parameter};
use crate::policy::Policy;
use crate::template::{Template, Values, as_it_is};
use crate::times;
use crate::write::taken;
use idstore_contract::{
    Account, Call, Error, ErrorKind, IdentifierKind, NewAccount, Profile, Rejection, Secret, proof,
};
use serde_json::Value;

/// Bits of `userAccountControl` (MS-ADTS 2.2.16): the account of a person; disabled; may have no password.
const NORMAL_ACCOUNT: i64 = 0x200;
const DISABLED: i64 = 0x2;
const WITHOUT_PASSWORD: i64 = 0x20;

impl Client {
    /// Makes an account. What is made and can't be finished is removed again.
    pub(crate) async fn create(&self, call: &Call, new: &NewAccount) -> Result<Account, Error> {
        let recipe = self.plan.create.as_ref().ok_or_else(Error::unsupported)?;
        if new.organization.is_some() {
            return Err(rejected(None));
        }
        let values = New { call, profile: &new.profile, uuid: uuid()? };
        let (dn, mut attributes) = recipe.entry(&new.profile, &values)?;
        let at_once = self.plan.password_change == Some(How::Attribute);
        let first = self.first_password(call, &new.password).await?;
        if at_once {
            let value = Self::attribute_value(first.of(&new.password))?;
            attributes.push((self.plan.password_attribute().to_owned(), vec![value]));
        }
        let _looking = self.look_for_all(call, &new.profile).await?;
        let answer = self.write(call, &Request::add(&dn, &attributes).with(PASSWORD_POLICY, None)).await?;
        if answer.outcome.code != code::SUCCESS {
            if at_once && Policy::of(&answer.controls).reason().is_some() {
                accepted(&answer)?;
            }
            return Err(self.why_not_made(call, new, failed(&answer.outcome, Step::Writing)).await);
        }
        let begun = Begun { dn: &dn, first, has_password: at_once, control: enabled(&attributes) };
        let finished = self.finish(call, new, begun).await;
        if finished.is_err() {
            let removed = self.write(call, &Request::delete(&dn)).await;
            if !removed
                .is_ok_and(|answer| matches!(answer.outcome.code, code::SUCCESS | code::NO_SUCH_OBJECT))
            {
                return Err(Error::timeout());
            }
        }
        finished
    }

    /// The steps after the entry is there, and the proof.
    async fn finish(&self, call: &Call, new: &NewAccount, begun: Begun<'_>) -> Result<Account, Error> {
        let Begun { dn, first, has_password, control } = begun;
        if !has_password {
            self.set_password(call, dn, first.of(&new.password)).await?;
        }
        self.set_last(call, dn, &first, &new.password).await?;
        if self.plan.password_change == Some(How::UnicodePwd) {
            let enable = Change {
                doing: Doing::Replace,
                attribute: "userAccountControl".to_owned(),
                values: vec![control.into()],
            };
            self.modify(call, dn, &[enable]).await?;
        }
        let (made, _) = self.made(call, dn).await?;
        let (mut read, entry) = self.usable(call, &made, &new.password).await?;
        let mut shown = read.clone();
        self.hide_what_is_not_stored(&mut shown);
        proof::created(call, new, &shown)?;
        if read.standings.password_expired {
            return Err(Error::misconfigured("a new account must change its password first; see `offers`")
                .with("column", "password_expired"));
        }
        self.add_groups(call, &mut read, &entry).await?;
        Ok(read)
    }

    /// The new entry, which must fit the filter that every lookup has.
    async fn made(&self, call: &Call, dn: &str) -> Result<(Account, Entry), Error> {
        let directory: Directory = self.directory(call).await?;
        let values = |name: &str| parameter(call, name);
        let search = Search {
            base: dn,
            scope: Scope::Base,
            filter: &self.plan.object_filter,
            values: &values,
            attributes: &self.plan.wanted(directory, true),
            entries_max: 1,
        };
        let found = self.search(call, &search).await?;
        let entry = found.entries.into_iter().next().ok_or_else(|| {
            Error::misconfigured("a new entry does not fit `object_filter`, or this service may not see it")
        })?;
        let reading = Reading { plan: &self.plan, directory, call, like: Like::Entry };
        Ok((reading.account(&entry)?, entry))
    }

    async fn look_for_all(
        &self,
        call: &Call,
        profile: &Profile,
    ) -> Result<Option<tokio::sync::MutexGuard<'_, ()>>, Error> {
        let mut guard = None;
        for kind in IdentifierKind::ALL {
            let Some(value) = profile.identifier(kind) else { continue };
            if guard.is_none() {
                guard = self.look(call, kind, value, None).await?;
            } else if self.is_taken(call, kind, value, None).await? {
                return Err(taken(kind));
            }
        }
        Ok(guard)
    }

    /// A refusal is told as a conflict where an account has one of the identifiers.
    async fn why_not_made(&self, call: &Call, new: &NewAccount, error: Error) -> Error {
        if error.kind() == ErrorKind::NotFound {
            return error.as_kind(ErrorKind::Misconfigured).with("key", "create.dn");
        }
        if !matches!(error.kind(), ErrorKind::Rejected(_) | ErrorKind::AlreadyExists(_)) {
            return error;
        }
        for kind in IdentifierKind::ALL {
            let Some(value) = new.profile.identifier(kind) else { continue };
            match self.is_taken(call, kind, value, None).await {
                Ok(true) => return taken(kind),
                Ok(false) => {}
                Err(_) => return error,
            }
        }
        // What has that DN is no account.
        error.as_kind(ErrorKind::Rejected(Rejection::Value(None)))
    }
}

impl Recipe {
    /// The DN and the attributes of a new entry.
    fn entry(&self, profile: &Profile, values: &dyn Values) -> Result<(String, Vec<NewAttribute>), Error> {
        for kind in IdentifierKind::ALL {
            if profile.identifier(kind).is_some() && !self.keeps(kind) {
                return Err(rejected(Some(kind)));
            }
        }
        let dn = self.dn.fill(values, dn::escape).map_err(|name| {
            let kind = IdentifierKind::ALL.into_iter().find(|kind| kind.as_str() == name);
            rejected(kind).with("create.dn needs", name)
        })?;
        let classes = self.object_classes.iter().map(|class| Secret::from(class.as_str())).collect();
        let mut attributes = vec![("objectClass".to_owned(), classes)];
        for (attribute, templates) in &self.attributes {
            let filled =
                |template: &Template| template.fill(values, as_it_is).ok().filter(|value| !value.is_empty());
            let filled: Vec<Secret> = templates.iter().filter_map(filled).map(Secret::from).collect();
            if !filled.is_empty() {
                attributes.push((attribute.clone(), filled));
            }
        }
        Ok((dn, attributes))
    }

    /// Whether an identifier goes anywhere.
    fn keeps(&self, kind: IdentifierKind) -> bool {
        let templates = self.attributes.iter().flat_map(|(_, templates)| templates);
        templates.flat_map(Template::names).any(|name| name == kind.as_str())
    }
}

/// A new entry that is not an account yet.
struct Begun<'a> {
    dn: &'a str,
    first: First,
    has_password: bool,
    /// What `userAccountControl` is where Active Directory enables the account.
    control: String,
}

/// The template's bits, but for those that keep an account from being one.
fn enabled(attributes: &[NewAttribute]) -> String {
    let own = attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case("userAccountControl"));
    let own = own.and_then(|(_, values)| values.first()?.expose_text()?.parse::<i64>().ok());
    (own.unwrap_or(NORMAL_ACCOUNT) & !(DISABLED | WITHOUT_PASSWORD)).to_string()
}

/// An attribute and its values.
type NewAttribute = (String, Vec<Secret>);

/// What a new entry is made of.
struct New<'a> {
    call: &'a Call,
    profile: &'a Profile,
    uuid: String,
}

impl Values for New<'_> {
    fn value(&self, name: &str) -> Option<String> {
        let profile = self.profile;
        let flag = |is_so: Option<bool>| Some(if is_so? { "TRUE" } else { "FALSE" }.to_owned());
        let in_json = |table: &idstore_contract::Metadata, name: &str| match table.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        };
        match name {
            "email" => profile.email.clone(),
            "username" => profile.username.clone(),
            "phone_number" => profile.phone_number.clone(),
            "name" => profile.name.clone(),
            "given_name" => profile.given_name.clone(),
            "family_name" => profile.family_name.clone(),
            "nickname" => profile.nickname.clone(),
            "picture" => profile.picture.clone(),
            "email_verified" => flag(profile.email.as_ref().and(profile.email_verified)),
            "phone_verified" => flag(profile.phone_number.as_ref().and(profile.phone_verified)),
            "uuid" => Some(self.uuid.clone()),
            "now" => Some(times::to_generalized(self.call.now)),
            name => match name.split_once('.') {
                Some(("user_metadata", name)) => in_json(&profile.user_metadata, name),
                Some(("app_metadata", name)) => in_json(&profile.app_metadata, name),
                _ => parameter(self.call, name),
            },
        }
    }
}

fn rejected(kind: Option<IdentifierKind>) -> Error {
    Error::new(ErrorKind::Rejected(Rejection::Value(kind)), "this directory can't keep such an account")
}

/// A random UUID (RFC 9562, version 4).
fn uuid() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::unexpected("the system gives no random bytes"))?;
    let number = u128::from_be_bytes(bytes) & !(0xf << 76) | (0x4 << 76);
    let number = number & !(0x3 << 62) | (0x2 << 62);
    let text = format!("{number:032x}");
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    Ok([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}
