//! The groups of an account: their names, filtered and limited, as `app_metadata.groups`.

use crate::config::Groups;
use crate::dn::Rdn;
use crate::entry::Entry;
use crate::filter::{Filter, is_attribute};
use crate::id;
use crate::message::Scope;
use idstore_contract::Problem;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The most groups of an account that are read, before `include` and `groups_max` choose among them: what Active Directory
/// answers to one search.
pub(crate) const GROUPS_READ_MAX: usize = 1000;

/// Where groups are looked for.
pub(crate) struct Place<'a> {
    pub(crate) base: Cow<'a, str>,
    pub(crate) scope: Scope,
    pub(crate) filter: Cow<'a, Filter>,
}

/// Where groups come from, compiled.
#[derive(Clone, Debug)]
pub(crate) struct GroupPlan {
    pub(crate) member_of: Option<String>,
    pub(crate) filter: Option<Filter>,
    pub(crate) base: String,
    /// The attribute of a group that is its name.
    pub(crate) name: String,
    pub(crate) primary: bool,
    include: Vec<String>,
    pub(crate) names_max: usize,
}

impl GroupPlan {
    pub(crate) fn compile(
        groups: &Groups,
        base: &str,
        names_max: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        if groups.member_of.is_none() && groups.filter.is_none() && !groups.primary {
            problems.push(Problem::error("groups", "name `member_of` or `filter`, where groups come from"));
        }
        if groups.base.is_some() && groups.filter.is_none() && !groups.primary {
            problems.push(Problem::error("groups.base", "it is where `filter` looks, and there is none"));
        }
        for (key, name) in [("member_of", &groups.member_of), ("name", &groups.name)] {
            if name.as_ref().is_some_and(|name| !is_attribute(name)) {
                problems.push(Problem::error(
                    format!("groups.{key}"),
                    "the name of an attribute is letters, digits, dots and hyphens",
                ));
            }
        }
        let filter = match &groups.filter {
            Some(text) => match Filter::compile(text, &["dn", "username", "user_id", "param."]) {
                Ok(filter) => Some(filter),
                Err(wrong) => {
                    problems.push(wrong.problem("groups.filter"));
                    return None;
                }
            },
            None => None,
        };
        Some(Self {
            member_of: groups.member_of.clone(),
            filter,
            base: groups.base.clone().unwrap_or_else(|| base.to_owned()),
            name: groups.name.clone().unwrap_or_else(|| "cn".to_owned()),
            primary: groups.primary,
            include: groups.include.clone(),
            names_max,
        })
    }

    /// The attributes of an account that its groups are read from.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &str> {
        let primary: &[&str] = if self.primary { &["objectSid", "primaryGroupID", "gidNumber"] } else { &[] };
        self.member_of.iter().map(String::as_str).chain(primary.iter().copied())
    }

    /// The names that the account's own entry tells.
    pub(crate) fn names_in(&self, entry: &Entry) -> Vec<String> {
        if self.member_of.as_ref().is_some_and(|attribute| entry.is_cut(attribute)) {
            tracing::warn!(
                "an account has more groups than the directory tells at once; see `groups.filter`"
            );
        }
        let dns = self.member_of.iter().flat_map(|attribute| entry.values(attribute));
        dns.filter_map(|dn| Rdn::first(std::str::from_utf8(dn).ok()?)?.value()).collect()
    }

    /// Where the groups are that are not in the account's own entry.
    pub(crate) fn places(&self, entry: &Entry) -> Vec<Place<'_>> {
        let searched = self.filter.iter().map(|filter| Place {
            base: Cow::Borrowed(&self.base),
            scope: Scope::Subtree,
            filter: Cow::Borrowed(filter),
        });
        searched.chain(self.primary(entry)).collect()
    }

    /// The primary group. In Active Directory its SID is the account's with another last number, and a base by itself,
    /// wherever the group is; elsewhere it is the posixGroup with the account's own number.
    fn primary(&self, entry: &Entry) -> Option<Place<'_>> {
        if !self.primary {
            return None;
        }
        if let Some(own) = entry.values("objectSid").next() {
            let number: u32 = entry.text("primaryGroupID")?.parse().ok()?;
            let own = id::sid(own)?;
            let (domain, _) = own.rsplit_once('-')?;
            return Some(Place {
                base: Cow::Owned(format!("<SID={domain}-{number}>")),
                scope: Scope::Base,
                filter: Cow::Owned(Filter::Present("objectClass".to_owned())),
            });
        }
        let is = |attribute: &str, value: &str| Filter::Is {
            attribute: attribute.to_owned(),
            value: value.as_bytes().to_vec(),
        };
        Some(Place {
            base: Cow::Borrowed(&self.base),
            scope: Scope::Subtree,
            filter: Cow::Owned(Filter::And(vec![
                is("objectClass", "posixGroup"),
                is("gidNumber", entry.text("gidNumber")?),
            ])),
        })
    }

    /// Those that are told, sorted, each once, at most so many.
    pub(crate) fn told(&self, names: Vec<String>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let fits = |name: &String| {
            self.include.is_empty() || self.include.iter().any(|pattern| matches(pattern, name))
        };
        seen.extend(names.into_iter().filter(fits));
        if seen.len() > self.names_max {
            tracing::warn!(
                groups = seen.len(),
                told = self.names_max,
                "an account has more groups than `groups_max`"
            );
        }
        seen.into_iter().take(self.names_max).collect()
    }
}

/// Whether a name fits a pattern in which `*` is any text. ASCII case is ignored, as directories do.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(include: &[&str], names_max: usize) -> GroupPlan {
        let groups = Groups {
            member_of: Some("memberOf".into()),
            primary: true,
            include: include.iter().map(|pattern| (*pattern).to_owned()).collect(),
            ..Groups::default()
        };
        GroupPlan::compile(&groups, "dc=x", names_max, &mut Vec::new()).unwrap()
    }

    #[test]
    fn patterns_are_any_text_where_a_star_is() {
        for (pattern, name, fits) in [
            ("app-*", "app-crm", true),
            ("app-*", "APP-crm", true),
            ("app-*", "my-app-crm", false),
            ("*-admins", "crm-admins", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXcYb", false),
            ("a*a", "a", false),
            ("staff", "staff", true),
            ("staff", "staffs", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn names_are_told_once_sorted_and_at_most_so_many() {
        let names = ["b", "a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(plan(&[], 2).told(names.clone()), ["a", "b"]);
        assert_eq!(plan(&["C"], 9).told(names), ["c"]);
    }

    #[test]
    fn a_list_that_the_directory_cuts_is_noticed() {
        for (name, is_cut) in [
            ("memberOf", false),
            ("memberOf;range=0-1499", true),
            ("memberOf;range=1500-*", false),
            ("other;range=0-1", false),
        ] {
            let entry = Entry { dn: "cn=x".into(), attributes: vec![(name.into(), vec![b"cn=a".to_vec()])] };
            assert_eq!(entry.is_cut("memberof"), is_cut, "{name}");
            assert_eq!(entry.values("memberOf").count(), usize::from(!name.starts_with("other")), "{name}");
        }
    }

    #[test]
    fn a_member_of_is_told_by_its_first_name() {
        let dns = ["cn=app\\2C one,ou=groups", "CN=App\\, two,OU=x", "broken"];
        let values = dns.iter().map(|dn| dn.as_bytes().to_vec()).collect();
        let entry = Entry { dn: "uid=x".into(), attributes: vec![("memberof".into(), values)] };
        assert_eq!(plan(&[], 9).names_in(&entry), ["app, one", "App, two"]);
    }

    #[test]
    fn the_primary_group_has_the_domain_of_its_member() {
        let sid =
            |last: u32| [vec![1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0], last.to_le_bytes().to_vec()].concat();
        let attributes = vec![
            ("objectSid".to_owned(), vec![sid(1103)]),
            ("primaryGroupID".to_owned(), vec![b"513".to_vec()]),
        ];
        let entry = Entry { dn: "cn=x".into(), attributes };
        let plan = plan(&[], 9);
        let place = plan.places(&entry).pop().unwrap();
        assert_eq!((place.base.as_ref(), place.scope), ("<SID=S-1-5-21-513>", Scope::Base));
    }

    #[test]
    fn a_posix_account_names_its_primary_group_by_a_number() {
        let entry =
            Entry { dn: "uid=x".into(), attributes: vec![("gidNumber".into(), vec![b"100".to_vec()])] };
        let plan = plan(&[], 9);
        assert_eq!(plan.places(&entry).pop().unwrap().base, "dc=x");
        assert!(plan.places(&Entry { dn: "uid=x".into(), attributes: Vec::new() }).is_empty());
    }
}
