//! The server's own rules about passwords, as far as this service may read them.

use crate::client::{Client, Search, nothing};
use crate::directory::Directory;
use crate::dn;
use crate::entry::Entry;
use crate::filter::Filter;
use crate::message::Scope;
use crate::standing;
use idstore_contract::{Call, Error, ErrorKind};

/// The most policies that are read: a directory has a handful.
const POLICIES_MAX: usize = 100;

/// What the policies say. Where there are several, the strictest counts, for it holds for somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// So many wrong passwords lock an account; `None`: no number of them does.
    pub(crate) lockout_after: Option<u32>,
    /// Whoever got a password from somebody else must change it.
    pub(crate) must_change: bool,
    /// Users may give themselves another password, at any time.
    pub(crate) users_may_change: bool,
}

/// How a directory writes its rules: each the name of an attribute.
struct Words {
    /// Whether there is a lock at all; where it has no name a number above 0 says it.
    locks: Option<&'static str>,
    after: &'static str,
    must_change: Option<&'static str>,
    /// Absent from an entry, users may.
    users_may: Option<&'static str>,
    /// In seconds, or any other unit.
    age_min: Option<&'static str>,
}

/// OpenLDAP's overlay, and whatever else follows draft-behera-ldap-password-policy.
const PPOLICY: Words = Words {
    locks: Some("pwdLockout"),
    after: "pwdMaxFailure",
    must_change: Some("pwdMustChange"),
    users_may: Some("pwdAllowUserChange"),
    age_min: Some("pwdMinAge"),
};
const DS389: Words = Words {
    locks: Some("passwordLockout"),
    after: "passwordMaxFailure",
    must_change: Some("passwordMustChange"),
    users_may: Some("passwordChange"),
    age_min: Some("passwordMinAge"),
};
const FREEIPA: Words =
    Words { locks: None, after: "krbPwdMaxFailure", must_change: None, users_may: None, age_min: None };
/// A reset is no change that has to be repeated.
const DOMAIN: Words =
    Words { locks: None, after: "lockoutThreshold", must_change: None, users_may: None, age_min: None };
/// Policies for some people of a domain (MS-ADTS 3.1.1.1.11: password settings objects).
const SETTINGS: Words = Words { after: "msDS-LockoutThreshold", ..DOMAIN };

/// Where policies are, and how they are written.
struct Place {
    base: String,
    scope: Scope,
    class: &'static str,
    words: Words,
}

impl Client {
    /// `None` where the server shows none of them to this service.
    pub(crate) async fn rules(&self, call: &Call, directory: Directory) -> Result<Option<Rules>, Error> {
        let mut rules: Option<Rules> = None;
        for place in self.places(call, directory).await? {
            for entry in self.policies(call, &place).await? {
                rules =
                    Some(rules.map_or_else(
                        || place.words.read(&entry),
                        |known| known.and(place.words.read(&entry)),
                    ));
            }
        }
        Ok(rules)
    }

    async fn places(&self, call: &Call, directory: Directory) -> Result<Vec<Place>, Error> {
        let root = self.root(call, &["namingContexts", "defaultNamingContext"]).await?;
        let below = |class, words| {
            let base = root.values("namingContexts").filter_map(|base| std::str::from_utf8(base).ok());
            let base = base.filter(|base| dn::is_below(&self.plan.base, base)).max_by_key(|base| base.len());
            base.map(|base| Place { base: base.to_owned(), scope: Scope::Subtree, class, words })
        };
        let place = match directory {
            Directory::Openldap | Directory::Generic => below("pwdPolicy", PPOLICY),
            Directory::Freeipa => below("krbPwdPolicy", FREEIPA),
            Directory::Ds389 => {
                Some(Place { base: "cn=config".to_owned(), scope: Scope::Base, class: "*", words: DS389 })
            }
            Directory::ActiveDirectory => {
                let Some(domain) = root.text("defaultNamingContext").map(str::to_owned) else {
                    return Ok(Vec::new());
                };
                let settings = format!("CN=Password Settings Container,CN=System,{domain}");
                let class = "msDS-PasswordSettings";
                return Ok(vec![
                    Place { base: domain, scope: Scope::Base, class: "*", words: DOMAIN },
                    Place { base: settings, scope: Scope::Subtree, class, words: SETTINGS },
                ]);
            }
            Directory::Edirectory => None,
        };
        Ok(place.into_iter().collect())
    }

    /// Nothing where this service may not look.
    async fn policies(&self, call: &Call, place: &Place) -> Result<Vec<Entry>, Error> {
        let class = "objectClass".to_owned();
        let filter = match place.class {
            "*" => Filter::Present(class),
            name => Filter::Is { attribute: class, value: name.as_bytes().to_vec() },
        };
        let words = &place.words;
        let names = [words.locks, Some(words.after), words.must_change, words.users_may, words.age_min];
        let attributes: Vec<String> = names.into_iter().flatten().map(str::to_owned).collect();
        let search = Search {
            base: &place.base,
            scope: place.scope,
            filter: &filter,
            values: &nothing,
            attributes: &attributes,
            entries_max: POLICIES_MAX,
        };
        match self.search(call, &search).await {
            // One that is no policy by its class, and shows nothing of one, is one whose rules may not be read.
            Ok(found) => {
                let shown = |entry: &Entry| place.class != "*" || !entry.attributes.is_empty();
                Ok(found.entries.into_iter().filter(shown).collect())
            }
            Err(error) if error.kind() == ErrorKind::Misconfigured => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

impl Words {
    fn read(&self, entry: &Entry) -> Rules {
        let flag = |name: Option<&str>| name.and_then(|name| entry.text(name)).and_then(standing::flag);
        let number = |name: &str| {
            entry.text(name).and_then(|text| text.parse::<u32>().ok()).filter(|number| *number > 0)
        };
        let locks = self.locks.is_none() || flag(self.locks) == Some(true);
        Rules {
            lockout_after: number(self.after).filter(|_| locks),
            must_change: flag(self.must_change) == Some(true),
            users_may_change: flag(self.users_may) != Some(false) && self.age_min.and_then(number).is_none(),
        }
    }
}

impl Rules {
    fn and(self, other: Self) -> Self {
        Self {
            lockout_after: self.lockout_after.into_iter().chain(other.lockout_after).min(),
            must_change: self.must_change || other.must_change,
            users_may_change: self.users_may_change && other.users_may_change,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(words: &Words, attributes: &[(&str, &str)]) -> Rules {
        let attributes =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), vec![value.as_bytes().to_vec()]));
        words.read(&Entry { dn: "cn=x".into(), attributes: attributes.collect() })
    }

    #[test]
    fn each_directory_writes_its_rules_in_its_own_way() {
        let lock = |words, attributes: &[(&str, &str)]| rules(words, attributes).lockout_after;
        assert_eq!(lock(&PPOLICY, &[("pwdLockout", "TRUE"), ("pwdMaxFailure", "5")]), Some(5));
        assert_eq!(lock(&PPOLICY, &[("pwdLockout", "FALSE"), ("pwdMaxFailure", "5")]), None);
        assert_eq!(lock(&PPOLICY, &[("pwdMaxFailure", "5")]), None);
        assert_eq!(lock(&PPOLICY, &[("pwdLockout", "TRUE"), ("pwdMaxFailure", "0")]), None);
        assert_eq!(lock(&DS389, &[("passwordLockout", "on"), ("passwordMaxFailure", "3")]), Some(3));
        assert_eq!(lock(&DOMAIN, &[("lockoutThreshold", "0")]), None);
        assert_eq!(lock(&DOMAIN, &[("lockoutThreshold", "25")]), Some(25));
        assert!(rules(&PPOLICY, &[("pwdMustChange", "TRUE")]).must_change);
        assert!(rules(&DS389, &[("passwordMustChange", "on")]).must_change);
        for (words, attribute, value, may) in [
            (&PPOLICY, "pwdMaxFailure", "5", true),
            (&PPOLICY, "pwdAllowUserChange", "FALSE", false),
            (&PPOLICY, "pwdMinAge", "60", false),
            (&PPOLICY, "pwdMinAge", "0", true),
            (&DS389, "passwordChange", "off", false),
        ] {
            assert_eq!(rules(words, &[(attribute, value)]).users_may_change, may, "{attribute} {value}");
        }
    }

    #[test]
    fn of_several_policies_the_strictest_counts() {
        let strict = Rules { lockout_after: Some(3), must_change: true, users_may_change: true };
        let other = Rules { lockout_after: Some(9), must_change: false, users_may_change: false };
        let none = Rules { lockout_after: None, must_change: false, users_may_change: true };
        let expected = Rules { lockout_after: Some(3), must_change: true, users_may_change: false };
        assert_eq!(other.and(none).and(strict), expected);
    }
}
