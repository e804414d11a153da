//! Which of the candidates is the account.

use super::Connection;
use crate::config::{IdentifierRule as Rule, Identifiers};
use idstore_contract::{Account, Lookup};

/// Two accounts match equally well: data to repair, and nobody is let in.
#[derive(Debug)]
pub struct Ambiguous;

impl Connection {
    /// The account among the candidates of a lookup: the one that is equal as written, else the one that is equal when
    /// folded, else none. Rows of another organization are none at all, and counted.
    pub fn resolve(&self, lookup: &Lookup, candidates: Vec<Account>) -> Result<Option<Account>, Ambiguous> {
        let mut exact = Vec::new();
        let mut folded = Vec::new();
        for account in candidates {
            if !self.owns(&account) {
                self.isolation_refused.inc();
                tracing::debug!("a candidate belongs to another organization, and counts as nobody");
                continue;
            }
            match likeness(self.identifiers, lookup, &account) {
                Some(Likeness::AsWritten) => exact.push(account),
                Some(Likeness::Folded) => folded.push(account),
                None => {}
            }
        }
        let how = match (exact.len(), folded.len()) {
            (0, 0) => "no candidate has it",
            (0, 1) => "one candidate has it in another spelling",
            (1, _) => "one candidate has it as written",
            (0, _) => "several candidates have it in another spelling",
            _ => "several candidates have it as written",
        };
        tracing::debug!(how, "the identifier was compared again, under the connection's rule");
        let account = one(exact)?.map_or_else(|| one(folded), |account| Ok(Some(account)))?;
        Ok(account)
    }

    /// Whether each parameter that the row shows is this connection's.
    pub fn owns(&self, account: &Account) -> bool {
        account.parameters.iter().all(|(name, shown)| self.parameters.get(name) == shown.as_ref())
    }
}

fn one(mut accounts: Vec<Account>) -> Result<Option<Account>, Ambiguous> {
    match accounts.len() {
        0 | 1 => Ok(accounts.pop()),
        _ => Err(Ambiguous),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Likeness {
    AsWritten,
    Folded,
}

fn likeness(identifiers: Identifiers, lookup: &Lookup, account: &Account) -> Option<Likeness> {
    match lookup {
        // A database finds 7 for '007'; the key is compared as text, whatever its type.
        Lookup::UserId(key) => (account.user_id == *key).then_some(Likeness::AsWritten),
        Lookup::Named(kind, text) => {
            compare(identifiers.comparison(*kind), text, account.profile.identifier(*kind))
        }
        Lookup::Identifier(text) => {
            let alias = account.signed_in_as.as_deref();
            let by_alias =
                alias.and_then(|alias| compare(identifiers.comparison_of_alias(alias), text, Some(alias)));
            identifiers
                .sign_in()
                .map(|(kind, rule)| compare(rule, text, account.profile.identifier(kind)))
                .chain([by_alias])
                .flatten()
                .min_by_key(|likeness| *likeness == Likeness::Folded)
        }
    }
}

fn compare(rule: Rule, asked: &str, shown: Option<&str>) -> Option<Likeness> {
    let shown = shown?;
    if shown == asked {
        Some(Likeness::AsWritten)
    } else {
        rule.same(asked, shown).then_some(Likeness::Folded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idstore_contract::{Handle, IdentifierKind};

    fn account(id: &str, email: &str, username: &str) -> Account {
        let mut account = Account::new(Handle::new(id), id);
        account.profile.email = Some(email.to_owned());
        account.profile.username = Some(username.to_owned());
        account
    }

    fn like(lookup: &Lookup, account: &Account) -> Option<&'static str> {
        likeness(Identifiers::default(), lookup, account)
            .map(|likeness| if likeness == Likeness::AsWritten { "as written" } else { "folded" })
    }

    #[test]
    fn a_row_that_a_collation_found_is_no_account() {
        let kelvin = account("1", "kelvin@example.test", "kelvin");
        assert_eq!(like(&Lookup::Identifier("\u{212a}elvin@example.test".into()), &kelvin), None);
        assert_eq!(like(&Lookup::Identifier("KELVIN@example.test".into()), &kelvin), Some("folded"));
        assert_eq!(like(&Lookup::Identifier("kelvin".into()), &kelvin), Some("as written"));
        assert_eq!(
            like(&Lookup::Identifier("Kelvin".into()), &kelvin),
            None,
            "user names are compared as written"
        );
    }

    #[test]
    fn a_key_is_compared_as_text() {
        let seven = account("7", "a@example.test", "a");
        assert_eq!(like(&Lookup::UserId("7".into()), &seven), Some("as written"));
        for other in ["007", "7 ", "7abc", "+7"] {
            assert_eq!(like(&Lookup::UserId(other.into()), &seven), None, "{other}");
        }
    }

    #[test]
    fn a_named_lookup_compares_that_member_alone() {
        let account = account("1", "a@example.test", "b@example.test");
        assert_eq!(like(&Lookup::Named(IdentifierKind::Email, "b@example.test".into()), &account), None);
        assert_eq!(
            like(&Lookup::Named(IdentifierKind::Username, "b@example.test".into()), &account),
            Some("as written")
        );
    }

    #[test]
    fn what_a_row_was_found_by_counts_where_it_is_no_identifier() {
        let mut account = account("1", "a@example.test", "a");
        account.signed_in_as = Some("alias@example.test".into());
        assert_eq!(like(&Lookup::Identifier("Alias@example.test".into()), &account), Some("folded"));
        assert_eq!(like(&Lookup::Named(IdentifierKind::Email, "alias@example.test".into()), &account), None);
    }
}
