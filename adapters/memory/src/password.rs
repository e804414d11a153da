//! What a record keeps of a password: a hash where the daemon compares, the clear text where this store does.

use crate::accounts::Record;
use crate::config::PasswordChecker;
use idstore_contract::{
    Error, ErrorKind, NewPassword, PasswordReason, Rejection, Result, Secret, StoredPassword,
};

/// What the daemon is shown of it: nothing that it has not to compare.
pub(crate) fn shown(record: &Record, checker: PasswordChecker) -> Option<StoredPassword> {
    if checker != PasswordChecker::ByProxy {
        return None;
    }
    let hash = record.password.as_deref().filter(|hash| !hash.is_empty())?;
    Some(StoredPassword {
        hash: hash.into(),
        salt: record.password_salt.as_deref().map(Secret::from),
        scheme: record.password_scheme.clone(),
        parameters: record.password_parameters.as_deref().map(Secret::from),
    })
}

/// Keeps a new one.
pub(crate) fn keep(record: &mut Record, checker: PasswordChecker, password: &NewPassword) -> Result<()> {
    match (password, checker) {
        (NewPassword::Hashed(new), PasswordChecker::ByProxy) => {
            record.password = Some(text(&new.hash)?);
            record.password_salt = new.salt.as_ref().map(text).transpose()?;
            record.password_scheme.clone_from(&new.scheme);
            Ok(())
        }
        (NewPassword::Clear(new), PasswordChecker::ByStore) => {
            record.password = Some(text(new)?);
            Ok(())
        }
        (NewPassword::Hashed(_) | NewPassword::Clear(_), _) => {
            Err(Error::misconfigured("the password was handed over in a form that this store does not keep")
                .with("key", "passwords.write"))
        }
    }
}

/// Whether two are the same hash with the same salt.
pub(crate) fn same(one: &StoredPassword, other: &StoredPassword) -> bool {
    let salts = match (&one.salt, &other.salt) {
        (Some(one), Some(other)) => one.same_as(other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    one.hash.same_as(&other.hash) && salts
}

fn text(secret: &Secret) -> Result<String> {
    secret.expose_text().map(str::to_owned).ok_or_else(|| {
        let reason = Rejection::Password(PasswordReason::Malformed);
        Error::new(ErrorKind::Rejected(reason), "this store keeps text alone")
    })
}
