//! What the columns of several statements must show together, so that every write can be proven and every lookup
//! tells the same of an account.

use super::{Column, IdentifierKind, MATCHES, Parameter, PasswordWrite, Problem, Seen, StatementKey};
use crate::store::memberships;
use StatementKey as Key;

impl Seen<'_> {
    pub(super) fn together(&mut self) {
        self.same_profile();
        self.passwords_can_be_compared();
        self.check_answers();
        self.marks();
        self.organizations();
        if let Some(by_id) = self.statements.by_id().cloned() {
            let shows = |seen: &Self, column: &Column| seen.shows(&by_id, column);
            self.flags(&shows);
            self.identifiers(&shows);
            self.hashes(&shows);
        }
    }

    /// A lookup that shows less of the profile than `get_user` would answer another user than it did before.
    fn same_profile(&mut self) {
        let profile = |seen: &Self, key: Key| -> Option<Vec<String>> {
            let names = seen.columns.get(&seen.statements.first(key)?.number())?;
            let is_profile = |name: &&String| Column::parse(name).is_some_and(|column| column.is_profile());
            Some(names.iter().filter(is_profile).cloned().collect())
        };
        let Some(shown) = profile(self, Key::GetUser) else { return };
        for key in [Key::Login, Key::GetUserById] {
            let Some(names) = profile(self, key) else { continue };
            let lacking = shown.iter().filter(|name| !names.contains(name)).map(|name| ("lacks", name));
            let beyond = names.iter().filter(|name| !shown.contains(name)).map(|name| ("adds", name));
            let found: Vec<String> =
                lacking.chain(beyond).map(|(does, name)| format!("{does} {name}")).collect();
            if !found.is_empty() {
                let message = format!("its profile is not the one of get_user: it {}", found.join(", it "));
                self.problems.push(Problem::error(format!("statements.{key}"), message));
            }
        }
    }

    fn passwords_can_be_compared(&mut self) {
        if self.statements.has(Key::Check) {
            return;
        }
        if self.statements.has(Key::Login) {
            if !self.returns(Key::Login, &Column::PasswordHash) {
                let message = "it returns no password_hash and there is no check, so that nothing could compare a password";
                self.problems.push(Problem::error("statements.login", message));
            }
        } else if self.statements.has(Key::GetUser) && !self.returns(Key::GetUser, &Column::PasswordHash) {
            let message =
                "it returns no password_hash, and there is neither login nor check: login is not offered";
            self.problems.push(Problem::warning("statements.get_user", message));
        }
    }

    fn check_answers(&mut self) {
        let mut columns = self.statements.of(Key::Check).iter().map(|each| self.columns.get(&each.number()));
        let may_answer =
            |names: Option<&Vec<String>>| names.is_none_or(|names| names.iter().any(|name| name == MATCHES));
        if self.statements.has(Key::Check) && !columns.any(may_answer) {
            let message = format!("it returns no column {MATCHES}");
            self.problems.push(Problem::error("statements.check", message));
        }
    }

    /// A mark that is set is shown by every lookup, and tells since when where somebody counts from then.
    fn marks(&mut self) {
        if !self.statements.has(Key::MarkMigrated) && !self.statements.has(Key::UnmarkMigrated) {
            return;
        }
        let timed = self.statements.around.connections.iter().find(|connection| connection.migration_times);
        let timed = timed.map(|connection| connection.connection.clone());
        for key in [Key::GetUser, Key::GetUserById, Key::Login, Key::List] {
            if !self.statements.has(key) {
                continue;
            }
            if !self.returns(key, &Column::Migrated) {
                let message = "it returns no migrated, so that nobody would see the mark";
                self.problems.push(Problem::error(format!("statements.{key}"), message));
            }
            if let (Some(connection), Some(type_name)) = (&timed, self.flag_type(key).cloned()) {
                let message = format!(
                    "migrated has the type {type_name} and tells no time, from which connection {connection} counts its \
                     grace; return a time, or set grace_secs = 0"
                );
                self.problems.push(Problem::error(format!("statements.{key}"), message));
            }
        }
    }

    /// Connections that know organizations by their names need them.
    fn organizations(&mut self) {
        let by_name = self.statements.around.connections.iter().find(|one| one.organization_names);
        if let Some(connection) = by_name
            && self.statements.has(Key::Organizations)
            && !self.names_of(Key::Organizations).iter().any(|name| name == memberships::NAME)
        {
            let message = format!(
                "connection {} matches organizations by name, and no column {} is returned",
                connection.connection,
                memberships::NAME
            );
            self.problems.push(Problem::error("statements.organizations", message));
        }
    }

    /// A flag that is shown is also written, and one that is written is also shown.
    fn flags(&mut self, shows: &dyn Fn(&Self, &Column) -> bool) {
        let rules = [
            (Key::ChangeEmail, Parameter::EmailVerified, Column::EmailVerified, "email_verified"),
            (Key::ChangePhoneNumber, Parameter::PhoneVerified, Column::PhoneVerified, "phone_verified"),
        ];
        for (key, parameter, column, name) in rules {
            if self.statements.has(key) && shows(self, &column) && !self.statements.binds(key, &parameter) {
                let message = format!(
                    "the lookups return {name}, so the change must bind {parameter}: \
                                       the new one is proven or not, whatever the old one was"
                );
                self.problems.push(Problem::error(format!("statements.{key}"), message));
            }
        }
        let proves =
            |seen: &Self, key| key == Key::Verify || seen.statements.binds(key, &Parameter::EmailVerified);
        for key in [Key::Verify, Key::ChangePassword, Key::ChangeEmail] {
            if self.statements.has(key) && proves(self, key) && !shows(self, &Column::EmailVerified) {
                let message =
                    "no lookup by :user_id returns email_verified, so that the write can't be proven";
                self.problems.push(Problem::error(format!("statements.{key}"), message));
            }
        }
    }

    /// An identifier that is written is also shown.
    fn identifiers(&mut self, shows: &dyn Fn(&Self, &Column) -> bool) {
        for kind in IdentifierKind::ALL {
            let writes = [
                (Key::Create, Parameter::Known(kind)),
                (Key::change_of(kind), Parameter::NewIdentifier(kind)),
            ];
            for (key, parameter) in writes {
                if self.statements.binds(key, &parameter) && !shows(self, &Column::Identifier(kind)) {
                    let message =
                        format!("no lookup by :user_id returns {kind}, so that the write can't be proven");
                    self.problems.push(Problem::error(format!("statements.{key}"), message));
                }
            }
        }
    }

    /// A password that is written is also shown, or the store itself can say that it holds it.
    fn hashes(&mut self, shows: &dyn Fn(&Self, &Column) -> bool) {
        let returned =
            |seen: &Self, column: Column| shows(seen, &column) || seen.returns(Key::Login, &column);
        let hash = returned(self, Column::PasswordHash);
        let lacking = match self.statements.around.password_write {
            Some(PasswordWrite::ByStore) if !hash && !self.statements.has(Key::Check) => {
                Some("password_hash")
            }
            Some(PasswordWrite::Hashed | PasswordWrite::HashedWithSalt) if !hash => Some("password_hash"),
            Some(PasswordWrite::HashedWithSalt) if !returned(self, Column::PasswordSalt) => {
                Some("password_salt")
            }
            Some(_) | None => None,
        };
        for key in [Key::Create, Key::ChangePassword] {
            if !self.statements.has(key) {
                continue;
            }
            self.problems.extend(lacking.map(|column| {
                let message =
                    format!("no lookup of an account returns {column}, so that the write can't be proven");
                Problem::error(format!("statements.{key}"), message)
            }));
        }
    }
}
