//! A write is proven before it is acknowledged: the account that was read back must show what was asked.
//!
//! Pure comparisons, used by every adapter inside the transaction that wrote. What does not hold is `Misconfigured`,
//! with the name of the column or attribute: a statement that touches another row, a column that cuts, a trigger that
//! changes the value. Values never enter the error.

use crate::{
    Account, Call, Deleted, Error, IdentifierChange, IdentifierKind, Mark, MembershipChange, Memberships,
    NewAccount, NewPassword, PasswordChange, Result, StoredPassword, Timestamp,
};

/// The account that `create` read back shows the identifiers, the flags and the password that it was made with.
pub fn created(call: &Call, new: &NewAccount, read: &Account) -> Result<()> {
    isolated(call, read)?;
    for kind in IdentifierKind::ALL {
        if let Some(asked) = new.profile.identifier(kind) {
            same_identifier(kind, asked, read.profile.identifier(kind))?;
        }
    }
    flag("email_verified", new.profile.email_verified, read.profile.email_verified)?;
    flag("phone_verified", new.profile.phone_verified, read.profile.phone_verified)?;
    match &new.password {
        NewPassword::Hashed(asked) => same_password(asked, read.password.as_ref()),
        NewPassword::Clear(_) => Ok(()),
    }
}

/// The account shows that its address is proven.
pub fn verified(call: &Call, before: &Account, read: &Account) -> Result<()> {
    same_account(call, before, read)?;
    if read.profile.email_verified == Some(true) { Ok(()) } else { Err(not_shown("email_verified")) }
}

/// The account shows the new password, is not expired, and is proven where that was asked.
///
/// A password that the store hashed itself shows only as another hash than `before`. Where no hash is read at all, the
/// adapter has to prove it in its own way, and uses [`password_renewed`] for the rest.
pub fn password_changed(
    call: &Call,
    before: &Account,
    change: &PasswordChange,
    read: &Account,
) -> Result<()> {
    same_account(call, before, read)?;
    match &change.password {
        NewPassword::Hashed(asked) => same_password(asked, read.password.as_ref())?,
        NewPassword::Clear(_) => {
            if let (Some(old), Some(new)) = (&before.password, &read.password)
                && old.hash.same_as(&new.hash)
            {
                return Err(not_shown("password_hash"));
            }
        }
    }
    password_renewed(call, before, change, read)
}

/// What shows of a new password beside the password itself: the account is not expired, and proven where that was asked.
/// All that there is to see where the store never shows a hash, as a directory.
pub fn password_renewed(
    call: &Call,
    before: &Account,
    change: &PasswordChange,
    read: &Account,
) -> Result<()> {
    same_account(call, before, read)?;
    if read.standings.password_expired {
        return Err(not_shown("password_expired"));
    }
    if change.email_verified && read.profile.email_verified != Some(true) {
        return Err(not_shown("email_verified"));
    }
    Ok(())
}

/// The account shows the better hash.
pub fn rehashed(call: &Call, before: &Account, asked: &StoredPassword, read: &Account) -> Result<()> {
    same_account(call, before, read)?;
    same_password(asked, read.password.as_ref())
}

/// The account shows the new address, name or number, and whether it is proven.
pub fn identifier_changed(
    call: &Call,
    before: &Account,
    change: &IdentifierChange,
    read: &Account,
) -> Result<()> {
    same_account(call, before, read)?;
    same_identifier(change.kind, &change.value, read.profile.identifier(change.kind))?;
    match change.kind {
        IdentifierKind::Email => flag("email_verified", Some(change.verified), read.profile.email_verified),
        IdentifierKind::PhoneNumber => {
            flag("phone_verified", Some(change.verified), read.profile.phone_verified)
        }
        IdentifierKind::Username => Ok(()),
    }
}

/// The account is a member, or no longer one.
pub fn membership_changed(change: &MembershipChange, read: &Memberships) -> Result<()> {
    let is_member = read.organizations.iter().any(|one| one.organization == change.organization());
    if is_member == matches!(change, MembershipChange::Join(_)) {
        Ok(())
    } else {
        Err(not_shown("organization"))
    }
}

/// The account shows the mark, or none. One that was set just now must show about the time of the call: a column without
/// a zone that holds local time would make the grace longer or shorter by hours.
pub fn marked(call: &Call, before: &Account, mark: Mark, read: &Account) -> Result<()> {
    same_account(call, before, read)?;
    match (mark, read.migrated) {
        (Mark::Migrated, Some(shown))
            if before.migrated.is_none() && shown != Timestamp::MIN && is_far(call.now, shown) =>
        {
            Err(not_shown("migrated").with("shows", "another time; one without a zone is read as UTC"))
        }
        (Mark::Migrated, Some(_)) | (Mark::NotMigrated, None) => Ok(()),
        (Mark::Migrated, None) | (Mark::NotMigrated, Some(_)) => Err(not_shown("migrated")),
    }
}

/// How far the clocks of the daemon and of a store may be apart, in seconds; the zones of the world are at least a
/// quarter of an hour apart.
const CLOCKS_APART_MAX: i64 = 600;

fn is_far(one: Timestamp, other: Timestamp) -> bool {
    one.duration_since(other).as_secs().abs() > CLOCKS_APART_MAX
}

/// No account is left, or a blocked one.
pub fn deleted(read: Option<&Account>) -> Result<Deleted> {
    match read {
        None => Ok(Deleted::Removed),
        Some(account) if account.standings.blocked => Ok(Deleted::Deactivated),
        Some(_) => Err(not_shown("blocked").with("after", "delete")),
    }
}

/// The row belongs to the connection: every parameter that it shows is the connection's.
pub fn isolated(call: &Call, read: &Account) -> Result<()> {
    for (name, shown) in &read.parameters {
        if call.parameters.get(name) != shown.as_ref() {
            return Err(not_shown("param").with("parameter", name.clone()));
        }
    }
    Ok(())
}

fn same_account(call: &Call, before: &Account, read: &Account) -> Result<()> {
    if before.user_id != read.user_id {
        return Err(not_shown("user_id"));
    }
    isolated(call, read)
}

/// Case is the store's to choose (Django lowers domains, Devise everything), nothing else is.
fn same_identifier(kind: IdentifierKind, asked: &str, shown: Option<&str>) -> Result<()> {
    if shown.is_some_and(|shown| shown.eq_ignore_ascii_case(asked)) {
        Ok(())
    } else {
        Err(not_shown(kind.as_str()))
    }
}

/// A flag that the store does not show at all proves nothing and contradicts nothing.
fn flag(column: &'static str, asked: Option<bool>, shown: Option<bool>) -> Result<()> {
    match (asked, shown) {
        (Some(asked), Some(shown)) if asked != shown => Err(not_shown(column)),
        _ => Ok(()),
    }
}

fn same_password(asked: &StoredPassword, shown: Option<&StoredPassword>) -> Result<()> {
    let Some(shown) = shown else { return Err(not_shown("password_hash")) };
    if !asked.hash.same_as(&shown.hash.without_trailing_blanks()) {
        return Err(not_shown("password_hash"));
    }
    match (&asked.salt, &shown.salt) {
        (Some(asked), Some(shown)) if asked.same_as(&shown.without_trailing_blanks()) => Ok(()),
        (None, _) => Ok(()),
        (Some(_), _) => Err(not_shown("password_salt")),
    }
}

fn not_shown(column: &'static str) -> Error {
    Error::misconfigured("after the write the account does not show what was asked; nothing was changed")
        .with("column", column)
}
