//! New passwords. One that was set here works at the next login, whatever the directory's must-change rule says.

use crate::client::Client;
use crate::config::PasswordChange as How;
use crate::directory::Directory;
use crate::entry::Entry;
use crate::error::{Doing as Step, code, failed, told};
use crate::message::{Change, Doing, PASSWORD_POLICY, Request};
use crate::policy::Policy;
use crate::session::Answer;
use crate::way::Way;
use crate::write::flag;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idstore_contract::{
    Account, Call, Error, ErrorKind, NewPassword, PasswordChange, PasswordReason, Rejection, Secret, proof,
};
use tokio::time::timeout_at;

impl Client {
    pub(crate) async fn change_password(
        &self,
        call: &Call,
        account: &Account,
        change: &PasswordChange,
    ) -> Result<Account, Error> {
        let _turn = self.turn(call, &account.user_id).await?;
        let (before, entry) = self.present(call, account).await?;
        let first = self.first_password(call, &change.password).await?;
        self.set_password(call, &entry.dn, first.of(&change.password)).await?;
        self.set_last(call, &entry.dn, &first, &change.password).await?;
        if change.email_verified {
            let proven = flag(self.plan.attributes.email_verified.as_deref(), true)?;
            self.modify(call, &entry.dn, &[proven]).await?;
        }
        let (mut read, shown) = self.usable(call, &before, &change.password).await?;
        // Where the hash is read, another one must show; a directory that hides it has said all that there is by 0.
        if self.plan.hashed {
            proof::password_changed(call, account, change, &read)?;
        } else {
            proof::password_renewed(call, account, change, &read)?;
        }
        self.add_groups(call, &mut read, &shown).await?;
        Ok(read)
    }

    /// Sets the password of an entry, as the service.
    pub(crate) async fn set_password(&self, call: &Call, dn: &str, new: &NewPassword) -> Result<(), Error> {
        let how = self.plan.password_change.ok_or_else(Error::unsupported)?;
        let request = match (how, new) {
            (How::Extended, NewPassword::Clear(password)) => Request::password_modify(dn, None, password),
            (How::UnicodePwd, NewPassword::Clear(password)) => {
                Request::modify(dn, &[replace("unicodePwd", vec![unicode_pwd(password)?])])
            }
            (How::Attribute, new) => {
                let value = Self::attribute_value(new)?;
                Request::modify(dn, &[replace(self.plan.password_attribute(), vec![value])])
            }
            (How::Extended | How::UnicodePwd, NewPassword::Hashed(_)) => {
                return Err(Error::unexpected("a hash was given to a directory that hashes by itself"));
            }
        };
        let answer = self.write(call, &request.with(PASSWORD_POLICY, None)).await?;
        accepted(&answer)
    }

    /// What is written into the attribute of the password. A clear text that looks like a hash would be taken for one, or
    /// for a reference to another service (`{SASL}`).
    pub(crate) fn attribute_value(new: &NewPassword) -> Result<Secret, Error> {
        match new {
            NewPassword::Hashed(stored) => Ok(stored.hash.clone()),
            NewPassword::Clear(password) => {
                let text = password.expose_text().unwrap_or_default();
                if text.starts_with('{') && text.contains('}') {
                    return Err(refused(PasswordReason::StorePolicy));
                }
                Ok(password.clone())
            }
        }
    }

    /// The account after its password was set, and able to sign in with it: a password that somebody else has set may be
    /// one that the user must change first.
    pub(crate) async fn usable(
        &self,
        call: &Call,
        account: &Account,
        new: &NewPassword,
    ) -> Result<(Account, Entry), Error> {
        let (read, entry) = self.present(call, account).await?;
        let directory = self.directory(call).await?;
        if read.standings.locked {
            // Not every service may lift a lock; the account then shows that it is still locked.
            self.lift_lock(call, directory, &entry.dn).await?;
        }
        if read.standings.password_expired && !self.clear_must_change(call, directory, &entry.dn).await? {
            self.set_again(call, &entry.dn, new).await?;
        }
        if read.standings.locked || read.standings.password_expired {
            return self.present(call, account).await;
        }
        Ok((read, entry))
    }

    /// Takes the must-change flag away. False where the service may not.
    async fn clear_must_change(&self, call: &Call, directory: Directory, dn: &str) -> Result<bool, Error> {
        let change = match directory {
            Directory::Openldap | Directory::Generic => replace("pwdReset", Vec::new()),
            Directory::Ds389 | Directory::Edirectory => replace("passwordExpirationTime", Vec::new()),
            Directory::ActiveDirectory => replace("pwdLastSet", vec!["-1".into()]),
            Directory::Freeipa => return Ok(false),
        };
        self.may(call, dn, change).await
    }

    async fn lift_lock(&self, call: &Call, directory: Directory, dn: &str) -> Result<bool, Error> {
        let change = match directory {
            Directory::Openldap | Directory::Generic => replace("pwdAccountLockedTime", Vec::new()),
            Directory::Ds389 | Directory::Freeipa => replace("accountUnlockTime", Vec::new()),
            Directory::Edirectory => replace("lockedByIntruder", vec!["FALSE".into()]),
            Directory::ActiveDirectory => replace("lockoutTime", vec!["0".into()]),
        };
        self.may(call, dn, change).await
    }

    /// A modification that the service may not be allowed to make.
    async fn may(&self, call: &Call, dn: &str, change: Change) -> Result<bool, Error> {
        let answer = self.write(call, &Request::modify(dn, &[change])).await?;
        Ok(answer.outcome.code == code::SUCCESS)
    }

    /// What the service sets. The wanted password, unless the directory would have it changed: it would then stand in the
    /// account's history, and could not be set once more.
    pub(crate) async fn first_password(&self, call: &Call, wanted: &NewPassword) -> Result<First, Error> {
        let by_user = self.way(call).await? == Way::ByUser;
        Ok(match wanted {
            NewPassword::Clear(_) if by_user => First::Random(NewPassword::Clear(random_password()?)),
            NewPassword::Clear(_) | NewPassword::Hashed(_) => First::Wanted,
        })
    }

    /// The step after [`Client::first_password`]: the wanted one, set by the user. Where the directory refuses it, it has
    /// the random one by then, and so it is for the user to choose another.
    pub(crate) async fn set_last(
        &self,
        call: &Call,
        dn: &str,
        first: &First,
        wanted: &NewPassword,
    ) -> Result<(), Error> {
        let (First::Random(NewPassword::Clear(random)), NewPassword::Clear(password)) = (first, wanted)
        else {
            return Ok(());
        };
        match self.set_as_user(call, dn, random, password).await {
            Ok(()) => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::Rejected(_)) => {
                tracing::warn!(
                    "the directory refused a new password after the old one was gone; see `offers`"
                );
                Err(error)
            }
            Err(error) => {
                tracing::warn!(%error, "a password could not be set as the user");
                // Nobody may be left with a password that nobody knows.
                self.set_password(call, dn, wanted).await.map_err(|_| half_set())?;
                Err(half_set())
            }
        }
    }

    /// The wanted password is set, and the directory wants it changed, which was not known: the user sets it once more.
    async fn set_again(&self, call: &Call, dn: &str, new: &NewPassword) -> Result<(), Error> {
        let NewPassword::Clear(wanted) = new else { return Ok(()) };
        if !self.plan.users_can_set() {
            return Ok(());
        }
        self.learn(Way::ByUser).await;
        self.set_as_user(call, dn, wanted, wanted).await.map_err(|_| half_set())
    }

    /// Signs in as the user and sets another password.
    async fn set_as_user(&self, call: &Call, dn: &str, old: &Secret, new: &Secret) -> Result<(), Error> {
        let as_the_user = async {
            let mut session = self.opener.for_nobody().await?;
            let bound = session.bind(dn, old).await?;
            if bound.outcome.code != code::SUCCESS {
                return Err(failed(&bound.outcome, Step::Writing));
            }
            let request = match self.plan.password_change {
                Some(How::Attribute) => {
                    let attribute = self.plan.password_attribute();
                    let one = |doing, value: &Secret| Change {
                        doing,
                        attribute: attribute.to_owned(),
                        values: vec![value.clone()],
                    };
                    Request::modify(dn, &[one(Doing::Delete, old), one(Doing::Add, new)])
                }
                _ => Request::password_modify(dn, Some(old), new),
            };
            let answer = session.ask(&request.with(PASSWORD_POLICY, None)).await?;
            session.close();
            accepted(&answer)
        };
        timeout_at(call.deadline.into(), as_the_user).await.unwrap_or_else(|_| Err(Error::timeout()))
    }
}

/// What the service sets where somebody wants a password.
pub(crate) enum First {
    Wanted,
    /// One that nobody knows; the user sets the wanted one.
    Random(NewPassword),
}

impl First {
    /// The password itself.
    pub(crate) fn of<'a>(&'a self, wanted: &'a NewPassword) -> &'a NewPassword {
        match self {
            Self::Wanted => wanted,
            Self::Random(random) => random,
        }
    }
}

/// The account has another password than before, and can't sign in with it.
fn half_set() -> Error {
    let message =
        "the directory wants the new password to be changed before it works, and the user could not do it";
    Error::new(ErrorKind::Timeout, message)
}

/// Whether a new password was taken, and else why not.
pub(crate) fn accepted(answer: &Answer) -> Result<(), Error> {
    let outcome = &answer.outcome;
    if outcome.code == code::SUCCESS {
        return Ok(());
    }
    if let Some(reason) = Policy::of(&answer.controls).reason() {
        return Err(refused(reason));
    }
    // Active Directory writes its own code in front, with result 1, 19 or 53.
    let own = outcome.text.get(..8).unwrap_or_default().to_ascii_uppercase();
    match (own.as_str(), outcome.code) {
        ("0000052C", _) => Err(refused(PasswordReason::Malformed)),
        ("0000001F", _) => {
            Err(told(ErrorKind::Misconfigured, "the server takes unicodePwd over TLS alone", outcome))
        }
        ("00000525", _) => Err(failed(outcome, Step::Writing)),
        ("0000052D", _) | (_, code::CONSTRAINT | code::UNWILLING) => {
            Err(refused(PasswordReason::StorePolicy))
        }
        (_, code::INSUFFICIENT_ACCESS) => {
            Err(told(ErrorKind::Misconfigured, "this service may not set passwords", outcome))
        }
        _ => Err(failed(outcome, Step::Writing)),
    }
}

fn refused(reason: PasswordReason) -> Error {
    Error::new(ErrorKind::Rejected(Rejection::Password(reason)), "the directory refuses the password")
}

fn replace(attribute: &str, values: Vec<Secret>) -> Change {
    Change { doing: Doing::Replace, attribute: attribute.to_owned(), values }
}

/// A password as `unicodePwd` takes it: in quotes, in UTF-16, the lower byte first (MS-ADTS 3.1.1.3.1.5).
pub(crate) fn unicode_pwd(password: &Secret) -> Result<Secret, Error> {
    let text = password.expose_text().ok_or_else(|| refused(PasswordReason::Malformed))?;
    let quoted = zeroize::Zeroizing::new(format!("\"{text}\""));
    let mut bytes = Vec::with_capacity(quoted.len().saturating_mul(2));
    bytes.extend(quoted.encode_utf16().flat_map(u16::to_le_bytes));
    Ok(Secret::new(bytes))
}

/// Long, and of every kind of character that policies ask for.
fn random_password() -> Result<Secret, Error> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|_| Error::unexpected("the system gives no random bytes"))?;
    Ok(Secret::from(format!("Aa1-{}", URL_SAFE_NO_PAD.encode(bytes))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Control, Outcome};

    fn kind(code: i64, text: &str, error: Option<u8>) -> ErrorKind {
        let controls =
            error.map(|error| Control { oid: PASSWORD_POLICY.into(), value: vec![0x30, 3, 0x81, 1, error] });
        let outcome = Outcome { code, text: text.into() };
        accepted(&Answer { outcome, controls: controls.into_iter().collect() }).unwrap_err().kind()
    }

    #[test]
    fn a_refused_password_is_told_with_its_reason() {
        use PasswordReason::{History, Malformed, StorePolicy, Strength, TooLong};
        for (code, text, error, reason) in [
            (19, "", Some(6), Strength),
            (19, "", Some(5), Strength),
            (19, "", Some(8), History),
            (19, "", Some(9), TooLong),
            (19, "", Some(7), StorePolicy),
            (19, "", None, StorePolicy),
            (19, "0000052D: SvcErr: DSID-031A12D2", None, StorePolicy),
            (53, "0000052D: SvcErr", None, StorePolicy),
            (1, "0000052C: SvcErr", None, Malformed),
        ] {
            assert_eq!(
                kind(code, text, error),
                ErrorKind::Rejected(Rejection::Password(reason)),
                "{code} {text}"
            );
        }
        assert_eq!(kind(53, "0000001F: SvcErr", None), ErrorKind::Misconfigured);
        assert_eq!(kind(53, "00000525: SvcErr", None), ErrorKind::NotFound);
        assert_eq!(kind(50, "", None), ErrorKind::Misconfigured);
        assert_eq!(kind(32, "", None), ErrorKind::NotFound);
    }

    #[test]
    fn active_directory_takes_utf_16_in_quotes() {
        assert_eq!(unicode_pwd(&Secret::from("a\u{e9}")).unwrap().expose(), b"\"\0a\0\xe9\0\"\0");
    }
}
