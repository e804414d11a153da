//! What the configuration names beside what the directory's schema has: a name that nobody there knows finds nobody, which
//! looks like a wrong password.

use crate::client::Client;
use crate::directory::{Directory, TELLING};
use crate::dn;
use crate::entry::Entry;
use crate::filter::Filter;
use crate::plan::{Plan, Recipe};
use crate::template::Template;
use idstore_contract::{Ability, Call, Error, ErrorKind, IdentifierKind, Problem};
use std::collections::BTreeMap;
use tokio::sync::RwLock;
use tokio::time::timeout_at;

/// Whether the directory fits, as it was when it was last compared; `None`: it never was.
pub(crate) type Fit = RwLock<Option<Result<(), Error>>>;

impl Client {
    /// Refuses where the last comparison found an error: a name that the directory does not know finds nobody, and a right
    /// password would be told as a wrong one. Who comes before there was any makes the first.
    pub(crate) async fn fits(&self, call: &Call) -> Result<(), Error> {
        let known = self.fit.read().await.clone();
        if let Some(fit) = known {
            return fit;
        }
        let comparing = async {
            let mut fit = self.fit.write().await;
            if fit.is_none() {
                *fit = Some(first_error(&self.misfits(call).await?));
            }
            fit.clone().unwrap_or(Ok(()))
        };
        timeout_at(call.deadline.into(), comparing).await.unwrap_or_else(|_| Err(Error::timeout()))
    }

    /// What the schema lacks of what the configuration names; kept for the calls that follow.
    pub(crate) async fn compare(&self, call: &Call) -> Result<Vec<Problem>, Error> {
        let problems = self.misfits(call).await?;
        *self.fit.write().await = Some(first_error(&problems));
        Ok(problems)
    }

    /// A schema that can't be read says nothing.
    async fn misfits(&self, call: &Call) -> Result<Vec<Problem>, Error> {
        let wanted: Vec<&str> = TELLING.into_iter().chain(["subschemaSubentry"]).collect();
        let root = match self.root(call, &wanted).await {
            Err(error) if error.kind() == ErrorKind::Misconfigured => return Ok(Vec::new()),
            root => root?,
        };
        let Some(dn) = root.text("subschemaSubentry") else { return Ok(Vec::new()) };
        // Apart, for in a large domain both together are longer than the longest message.
        let attributes = self.names(call, dn, "attributeTypes").await?;
        let classes = self.names(call, dn, "objectClasses").await?;
        Ok(Schema { attributes, classes }.misfits(&self.plan, Directory::of(&root)))
    }

    async fn names(&self, call: &Call, dn: &str, attribute: &str) -> Result<Names, Error> {
        match self.read(call, dn, "objectClass", attribute).await {
            Ok(found) => Ok(found.map(|entry| Names::of(&entry, attribute)).unwrap_or_default()),
            // It may not be read, or is too long to be.
            Err(error) if matches!(error.kind(), ErrorKind::Misconfigured | ErrorKind::Unavailable) => {
                Ok(Names::default())
            }
            Err(error) => Err(error),
        }
    }
}

fn first_error(problems: &[Problem]) -> Result<(), Error> {
    problems.iter().find(|problem| problem.is_error()).map_or(Ok(()), |problem| {
        Err(Error::misconfigured("the directory does not fit the configuration")
            .with("key", problem.key.clone())
            .with("problem", problem.message.clone()))
    })
}

/// The names of a directory's attributes and object classes.
#[derive(Debug, Default)]
struct Schema {
    attributes: Names,
    classes: Names,
}

/// Each name and each number of a definition, in lower case, with the first name of that definition.
#[derive(Debug, Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    /// Nothing where not all values came: what is missing would be told as unknown.
    fn of(entry: &Entry, attribute: &str) -> Self {
        if entry.attributes.iter().any(|(name, _)| name.contains(';')) {
            return Self::default();
        }
        let mut names = BTreeMap::new();
        for definition in entry.values(attribute) {
            let (number, its_names) = read(&String::from_utf8_lossy(definition));
            let Some(first) = its_names.first().cloned().or_else(|| number.clone()) else { continue };
            for name in its_names.into_iter().chain(number) {
                names.insert(name.to_ascii_lowercase(), first.clone());
            }
        }
        Self(names)
    }

    /// The first name of what is meant; options are no part of a name.
    fn first(&self, name: &str) -> Option<&str> {
        self.0.get(&bare(name)).map(String::as_str)
    }

    fn lack(&self, name: &str) -> bool {
        !self.0.is_empty() && self.first(name).is_none()
    }
}

impl Schema {
    fn misfits(&self, plan: &Plan, directory: Directory) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, name) in attributes(plan) {
            if self.attributes.lack(&name) {
                problems.push(lacks(key, "attribute", &name));
            }
        }
        for (key, name) in classes(plan) {
            if self.classes.lack(&name) {
                problems.push(lacks(key, "object class", &name));
            }
        }
        problems.extend(self.answered_otherwise(plan, directory));
        let mut told = Vec::new();
        problems.retain(|problem| {
            let is_new = !told.contains(&(problem.key.clone(), problem.message.clone()));
            told.push((problem.key.clone(), problem.message.clone()));
            is_new
        });
        problems
    }

    /// Names by which an attribute is found, but not answered: OpenLDAP answers the first name of a definition, whatever it
    /// was asked for. 389 Directory Server answers what it was asked for; of the others that is not known.
    fn answered_otherwise(&self, plan: &Plan, directory: Directory) -> Vec<Problem> {
        if matches!(directory, Directory::Ds389 | Directory::Freeipa) {
            return Vec::new();
        }
        let other = |(key, name): (String, String)| {
            let first = self.attributes.first(&name).filter(|first| bare(first) != bare(&name))?;
            Some(if directory == Directory::Openldap {
                Problem::error(key, format!("the server answers {name} as {first}; write {first}"))
            } else {
                let message =
                    format!("servers may answer {name} as {first}, which is then not found; write {first}");
                Problem::warning(key, message)
            })
        };
        self.read_from_entries(plan).into_iter().filter_map(other).collect()
    }

    /// The attributes that are looked for in an answer.
    fn read_from_entries(&self, plan: &Plan) -> Vec<(String, String)> {
        let mut read = mapped(plan);
        if let Some(groups) = &plan.groups {
            read.extend(groups.member_of.iter().map(|name| ("groups.member_of".to_owned(), name.clone())));
            read.push(("groups.name".to_owned(), groups.name.clone()));
        }
        // What the filter compares is compared again, but for what the map shows anyway.
        let shown: Vec<&str> = IdentifierKind::ALL
            .into_iter()
            .filter_map(|kind| self.attributes.first(plan.attribute_of(kind)?))
            .collect();
        let compared = plan.aliases.iter();
        let compared =
            compared.filter(|name| self.attributes.first(name).is_some_and(|first| !shown.contains(&first)));
        read.extend(compared.map(|name| ("filter".to_owned(), name.clone())));
        read
    }
}

fn lacks(key: String, what: &str, name: &str) -> Problem {
    Problem::error(key, format!("the directory's schema has no {what} {name}; see how it is spelled there"))
}

/// Every attribute that the configuration names, and its key.
fn attributes(plan: &Plan) -> Vec<(String, String)> {
    let mut named = mapped(plan);
    for (key, filter) in filters(plan) {
        named.extend(filter.attributes().into_iter().map(|name| (key.to_owned(), name.to_owned())));
    }
    if let Some(groups) = &plan.groups {
        named.extend(groups.member_of.iter().map(|name| ("groups.member_of".to_owned(), name.clone())));
        named.push(("groups.name".to_owned(), groups.name.clone()));
    }
    named.extend(plan.dn_template.iter().flat_map(|template| in_dn("dn_template", template)));
    if let Some(recipe) = recipe(plan) {
        named.extend(in_dn("create.dn", &recipe.dn));
        let set = recipe.attributes.iter().map(|(name, _)| name);
        named.extend(set.map(|name| (format!("create.attributes.{name}"), name.clone())));
    }
    named
}

/// Every object class that the configuration names, and its key.
fn classes(plan: &Plan) -> Vec<(String, String)> {
    let mut named = Vec::new();
    for (key, filter) in filters(plan) {
        named.extend(filter.classes().into_iter().map(|name| (key.to_owned(), name)));
    }
    let made = recipe(plan).into_iter().flat_map(|recipe| &recipe.object_classes);
    named.extend(made.map(|name| ("create.object_classes".to_owned(), name.clone())));
    named
}

fn mapped(plan: &Plan) -> Vec<(String, String)> {
    plan.attributes
        .named()
        .into_iter()
        .map(|(key, name)| (format!("attributes.{key}"), name.to_owned()))
        .collect()
}

fn filters(plan: &Plan) -> Vec<(&'static str, &Filter)> {
    let groups = plan.groups.as_ref().and_then(|groups| groups.filter.as_ref());
    let own = [("filter", &plan.filter), ("object_filter", &plan.object_filter)];
    own.into_iter().chain(groups.map(|filter| ("groups.filter", filter))).collect()
}

/// A preset's recipe is there where nothing is made by it, too.
fn recipe(plan: &Plan) -> Option<&Recipe> {
    plan.create.as_ref().filter(|_| plan.abilities.contains(&Ability::Create))
}

/// The attributes in a template of a DN.
fn in_dn(key: &str, template: &Template) -> Vec<(String, String)> {
    let names = dn::names(&template.shape()).unwrap_or_default();
    names.iter().flat_map(dn::Rdn::attributes).map(|name| (key.to_owned(), name.to_owned())).collect()
}

/// The number and the names of a definition (RFC 4512, section 4.1). What is in quotes elsewhere is no name.
fn read(definition: &str) -> (Option<String>, Vec<String>) {
    let mut tokens = tokens(definition).into_iter().filter(|token| *token != "(");
    let number = tokens.next().map(str::to_owned);
    let mut names = tokens.skip_while(|token| !token.eq_ignore_ascii_case("NAME")).skip(1);
    let names =
        std::iter::from_fn(|| names.next()?.strip_prefix('\'')?.strip_suffix('\'').map(str::to_owned));
    (number, names.collect())
}

/// Words, texts in their quotes, and parentheses.
fn tokens(definition: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = definition.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '(' | ')' => Some(1),
            '\'' => rest.get(1..).and_then(|rest| rest.find('\'')).map(|length| length.saturating_add(2)),
            _ => rest.find(|char: char| char.is_whitespace() || "()'".contains(char)),
        };
        let (token, after) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

fn bare(name: &str) -> String {
    name.split(';').next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(definitions: &[&str]) -> Names {
        let values = definitions.iter().map(|text| text.as_bytes().to_vec()).collect();
        Names::of(
            &Entry { dn: String::new(), attributes: vec![("attributeTypes".into(), values)] },
            "attributeTypes",
        )
    }

    #[test]
    fn a_definition_has_a_number_and_names() {
        for (definition, number, expected) in [
            ("( 2.5.4.3 NAME 'cn' )", "2.5.4.3", vec!["cn"]),
            ("( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'x' )", "2.5.4.3", vec!["cn", "commonName"]),
            ("(2.5.4.3 NAME('cn''commonName')SUP name)", "2.5.4.3", vec!["cn", "commonName"]),
            ("( odd-oid name 'odd' SYNTAX '1.2{9}' )", "odd-oid", vec!["odd"]),
            ("( 1.2 DESC 'the NAME ''mail'' is not here' SYNTAX 1.3 )", "1.2", vec![]),
            ("( 1.2 DESC 'first NAME (''a'')' NAME 'later' )", "1.2", vec!["later"]),
            ("( 1.2 )", "1.2", vec![]),
        ] {
            let (found, its_names) = read(definition);
            assert_eq!(
                (found.as_deref(), its_names),
                (Some(number), expected.iter().map(|name| (*name).into()).collect())
            );
        }
        assert_eq!(read(""), (None, vec![]));
        assert_eq!(read("( 1.2 NAME 'open"), (Some("1.2".into()), vec![]));
    }

    #[test]
    fn a_name_is_looked_for_among_the_names_alone() {
        let names = names(&[
            "( 0.9.1 NAME ( 'uid' 'userid' ) DESC 'not ''mail''' )",
            "( 2.5.4.4 NAME 'sn' SUP 'name' )",
        ]);
        for known in ["uid", "USERID", "0.9.1", "sn;lang-fr"] {
            assert!(!names.lack(known), "{known}");
        }
        for unknown in ["mail", "name", "0.9", "ui", ";lang-fr"] {
            assert!(names.lack(unknown), "{unknown}");
        }
        assert_eq!(names.first("userid;x"), Some("uid"));
    }

    /// Active Directory answers a long list in ranges.
    #[test]
    fn part_of_a_schema_is_none() {
        let values = vec![b"( 2.5.4.4 NAME 'sn' )".to_vec()];
        let entry =
            Entry { dn: String::new(), attributes: vec![("attributeTypes;range=0-1499".into(), values)] };
        assert!(!Names::of(&entry, "attributeTypes").lack("mail"));
        assert!(!Names::default().lack("mail"));
    }
}
