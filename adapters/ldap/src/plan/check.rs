//! Compiles a configuration, and finds every problem in it at once.

use super::{Plan, Recipe, abilities};
use crate::address::Address;
use crate::config::{
    Config, Create, Delete, EmailVerified, Offer, PasswordChange, PasswordCheck, Uniqueness,
};
use crate::directory::Directory;
use crate::dn;
use crate::filter::{Filter, is_attribute};
use crate::groups::GroupPlan;
use crate::id::IdSyntax;
use crate::template::Template;
use idstore_contract::{PasswordWrite, Problem, Surroundings, Transport};

/// More sessions than this are a mistake.
const POOL_MAX_MAX: u32 = 500;

const NO_DN: &str =
    "this is no DN; one is written attribute=value,attribute=value as in ou=people,dc=example,dc=org";

/// What changes when people are renamed or moved, and the other names for it.
const CHANGING: [&str; 11] = [
    "uid",
    "userid",
    "mail",
    "rfc822mailbox",
    "cn",
    "commonname",
    "dn",
    "entrydn",
    "distinguishedname",
    "samaccountname",
    "userprincipalname",
];

/// The names that a new entry can be made of.
const NEW: [&str; 15] = [
    "email",
    "username",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "picture",
    "email_verified",
    "phone_verified",
    "uuid",
    "now",
    "user_metadata.",
    "app_metadata.",
    "param.",
];

/// `None` where a part can't be compiled; `problems` says why.
pub(super) fn compile(config: &Config, around: &Surroundings, problems: &mut Vec<Problem>) -> Option<Plan> {
    let addresses = addresses(config, problems);
    check_service(config, problems);
    check_names_of_entries(config, problems);
    check_attributes(config, problems);
    check_passwords(config, around, problems);
    check_offers(config, problems);
    let filter = noted(problems, "filter", Filter::compile(&config.filter, &["identifier", "param."]));
    let object_filter = noted(problems, "object_filter", Filter::compile(&config.object_filter, &["param."]));
    if let Some(filter) = &filter
        && !filter.names().contains(&"identifier")
    {
        problems.push(Problem::error("filter", "without {identifier} it finds everybody"));
    }
    let dn_template = config
        .dn_template
        .as_ref()
        .and_then(|text| noted(problems, "dn_template", Template::compile(text, &["identifier", "param."])));
    let groups = config
        .groups
        .as_ref()
        .and_then(|groups| GroupPlan::compile(groups, &config.base, config.groups_max, problems));
    let create = config.create.as_ref().and_then(|create| recipe(create, &config.base, problems));
    check_parameters(config, around, problems);
    let filter = filter?;
    let plan = Plan {
        addresses,
        start_tls: config.start_tls,
        directory: config.directory,
        base: config.base.clone(),
        aliases: filter.compared_with("identifier"),
        filter,
        object_filter: object_filter?,
        id: IdSyntax::of(&config.attributes.user_id),
        attributes: config.attributes.clone(),
        password_check: config.password_check,
        dn_template,
        password_change: config.password_change,
        hashed: around.password_write == Some(PasswordWrite::Hashed),
        email_verified: config.email_verified,
        grace_logins: config.grace_logins,
        lockout_after: config.lockout_after,
        lockout_duration_secs: config.lockout_duration_secs,
        groups,
        create,
        delete: config.delete,
        looks_before: config.uniqueness == Uniqueness::Lock,
        abilities: abilities(config, around),
    };
    check_names(&plan, around, problems);
    Some(plan)
}

fn noted<T>(
    problems: &mut Vec<Problem>,
    key: &str,
    compiled: Result<T, crate::template::Wrong>,
) -> Option<T> {
    compiled.map_err(|wrong| problems.push(wrong.problem(key))).ok()
}

fn addresses(config: &Config, problems: &mut Vec<Problem>) -> Vec<Address> {
    let mut addresses = Vec::new();
    for (index, url) in config.urls.iter().enumerate() {
        let key = format!("urls[{index}]");
        let address = match Address::read(url) {
            Ok(address) => address,
            Err(why) => {
                problems.push(Problem::error(key, why));
                continue;
            }
        };
        if address.ldaps && config.start_tls {
            problems.push(Problem::error(
                key.as_str(),
                "ldaps:// is TLS from the first byte; remove start_tls or write ldap://",
            ));
        }
        if (address.ldaps || config.start_tls) && address.name().is_none() {
            problems.push(Problem::error(key.as_str(), "the host is no name that a certificate could have"));
        }
        if address.transport(config.start_tls) == Transport::Clear {
            problems.push(if config.allow_plain_ldap {
                Problem::warning(
                    key.as_str(),
                    "every password is readable on the way; write ldaps:// or start_tls",
                )
            } else {
                Problem::error(
                    key.as_str(),
                    "every password would be readable on the way; write ldaps:// or start_tls",
                )
            });
        }
        addresses.push(address);
    }
    if config.urls.is_empty() {
        problems.push(Problem::error("urls", "urls names one server or more"));
    }
    if config.ca_file.is_some() && !config.start_tls && addresses.iter().all(|address| !address.ldaps) {
        problems.push(Problem::error("ca_file", "ca_file needs TLS, and no server is reached with it"));
    }
    addresses
}

fn check_service(config: &Config, problems: &mut Vec<Problem>) {
    if config.bind_dn.is_some() != config.bind_password.is_some() {
        let missing = if config.bind_password.is_none() { "bind_password" } else { "bind_dn" };
        problems.push(Problem::error(missing, "bind_dn and bind_password come together"));
    }
    if config.bind_dn.as_deref() == Some("") {
        problems.push(Problem::error("bind_dn", "bind_dn is empty; leave it out for anonymous searches"));
    }
    if config.lockout_after == Some(0) {
        problems.push(Problem::error(
            "lockout_after",
            "lockout_after is 1 or more; leave it out where nothing locks",
        ));
    }
    if !(1..=POOL_MAX_MAX).contains(&config.pool_max) {
        problems.push(Problem::error("pool_max", format!("pool_max is 1 to {POOL_MAX_MAX}")));
    }
    if config.base.trim().is_empty() {
        problems.push(Problem::error("base", "base is the DN below which the accounts are"));
    }
}

/// What is no DN is answered with an error by every server, and each in its own words.
fn check_names_of_entries(config: &Config, problems: &mut Vec<Problem>) {
    // Active Directory also takes <GUID=…> and the like for a place, and alice@corp.example and CORP\alice for an account.
    let is_domain = matches!(config.directory, None | Some(Directory::ActiveDirectory));
    let is_place =
        |text: &str| dn::names(text).is_some() || (is_domain && text.starts_with('<') && text.ends_with('>'));
    let is_account = |text: &str| dn::names(text).is_some() || (is_domain && text.contains(['@', '\\']));
    let groups = config.groups.as_ref().and_then(|groups| groups.base.as_deref());
    for (key, is_one) in [
        ("base", config.base.trim().is_empty() || is_place(&config.base)),
        ("groups.base", groups.is_none_or(is_place)),
        ("bind_dn", config.bind_dn.as_deref().is_none_or(|text| text.is_empty() || is_account(text))),
    ] {
        if !is_one {
            problems.push(Problem::error(key, NO_DN));
        }
    }
}

fn check_attributes(config: &Config, problems: &mut Vec<Problem>) {
    let map = &config.attributes;
    let id = map.user_id.as_str();
    if id.is_empty() {
        problems.push(Problem::error(
            "attributes.user_id",
            "an immutable key is needed: entryUUID, objectGUID, nsUniqueId or ipaUniqueID",
        ));
    } else if CHANGING.contains(&id.to_ascii_lowercase().as_str()) {
        problems.push(Problem::error(
            "attributes.user_id",
            "this one changes when people are renamed or moved; use entryUUID, objectGUID, nsUniqueId or ipaUniqueID",
        ));
    }
    for (key, name) in map.named() {
        if !is_attribute(name) {
            problems.push(Problem::error(
                format!("attributes.{key}"),
                "the name of an attribute is letters, digits, dots and hyphens",
            ));
        }
    }
    if map.email.is_none() && map.username.is_none() && map.phone_number.is_none() {
        problems.push(Problem::error("attributes", "name the attribute of email, username or phone_number"));
    }
    if (config.email_verified == EmailVerified::Attribute) != map.email_verified.is_some() {
        problems.push(Problem::error(
            "email_verified",
            "`email_verified = \"attribute\"` and attributes.email_verified come together",
        ));
    }
}

fn check_passwords(config: &Config, around: &Surroundings, problems: &mut Vec<Problem>) {
    match (config.password_check, &config.dn_template) {
        (PasswordCheck::DnTemplate, None) => {
            problems.push(Problem::error("dn_template", "password_check = \"dn_template\" needs it"));
        }
        (PasswordCheck::DnTemplate, Some(_)) => {}
        (_, Some(_)) => problems
            .push(Problem::error("dn_template", "it is used with password_check = \"dn_template\" alone")),
        (PasswordCheck::CompareHash, None) if config.attributes.password_hash.is_none() => problems
            .push(Problem::error("attributes.password_hash", "password_check = \"compare_hash\" needs it")),
        (_, None) => {}
    }
    let writes = config.offers.iter().any(|offer| matches!(offer, Offer::Create | Offer::ChangePassword));
    if !writes {
        return;
    }
    let encrypted = config.start_tls || config.urls.iter().all(|url| url.starts_with("ldaps://"));
    match config.password_change {
        None => problems.push(Problem::error(
            "password_change",
            "new passwords can be stored here, and nothing says how",
        )),
        Some(PasswordChange::UnicodePwd) if !encrypted => problems.push(Problem::error(
            "password_change",
            "a server takes unicodePwd over TLS alone; write ldaps:// or start_tls",
        )),
        Some(_) => {}
    }
    let by_server = config.password_check != PasswordCheck::CompareHash;
    // A directory hashes by itself: without a word that is what is meant.
    let write = around.password_write.unwrap_or(PasswordWrite::ByStore);
    let problem = match (write, config.password_change) {
        (PasswordWrite::HashedWithSalt, _) => Some("a directory has no place for a salt of its own"),
        (PasswordWrite::Hashed, Some(PasswordChange::Attribute)) => None,
        (PasswordWrite::Hashed, _) => Some("this directory hashes by itself; write \"store\""),
        (PasswordWrite::ByStore, Some(PasswordChange::Attribute)) if !by_server => {
            Some("the daemon compares hashes, so it has to write them: name the scheme")
        }
        (PasswordWrite::ByStore, _) => None,
    };
    problems.extend(problem.map(|problem| Problem::error("passwords.write", problem)));
}

fn check_offers(config: &Config, problems: &mut Vec<Problem>) {
    let map = &config.attributes;
    for offer in &config.offers {
        let lacks = match offer {
            Offer::Create => config.create.is_none().then_some("a table `create`"),
            Offer::Verify => map.email_verified.is_none().then_some("attributes.email_verified"),
            Offer::ChangeEmail => map.email.is_none().then_some("attributes.email"),
            Offer::ChangeUsername => map.username.is_none().then_some("attributes.username"),
            Offer::ChangePhoneNumber => map.phone_number.is_none().then_some("attributes.phone_number"),
            Offer::MarkMigrated => map.migrated.is_none().then_some("attributes.migrated"),
            Offer::ChangePassword | Offer::List => None,
            Offer::Delete => (config.delete == Delete::Disable
                && map.blocked.is_none()
                && !matches!(config.directory, Some(Directory::ActiveDirectory | Directory::Ds389)))
            .then_some("attributes.blocked, or `directory` where that knows such a state,"),
        };
        if let Some(lacks) = lacks {
            problems.push(Problem::error("offers", format!("{lacks} is needed for what is offered")));
        }
    }
    if config.directory == Some(Directory::Freeipa) && config.offers.iter().any(|offer| *offer != Offer::List)
    {
        problems.push(Problem::error(
            "offers",
            "FreeIPA's accounts are made and changed by its own interface: a password that somebody else sets has expired \
             at once, and what it needs beside the entry is not made",
        ));
    }
    problems.extend(twice_in_a_domain(config));
}

/// Whether another directory keeps addresses unique only its own configuration tells, which a service can't read.
fn twice_in_a_domain(config: &Config) -> Option<Problem> {
    let writes = |offer: &Offer| matches!(offer, Offer::Create | Offer::ChangeEmail);
    let is_theirs = config.directory == Some(Directory::ActiveDirectory)
        && config.uniqueness == Uniqueness::Constraint
        && config.offers.iter().any(writes);
    let email = config.attributes.email.as_deref().filter(|_| is_theirs)?;
    let unique = ["samaccountname", "userprincipalname"].contains(&email.to_ascii_lowercase().as_str());
    let message =
        format!("Active Directory lets two accounts have the same {email}; write uniqueness = \"lock\"");
    (!unique).then(|| Problem::warning("uniqueness", message))
}

fn check_parameters(config: &Config, around: &Surroundings, problems: &mut Vec<Problem>) {
    for connection in &around.connections {
        for name in config.attributes.param.keys().filter(|name| !connection.parameters.contains(*name)) {
            problems.push(Problem::error(
                format!("attributes.param.{name}"),
                format!("the connection {} has no parameter {name}", connection.connection),
            ));
        }
    }
}

/// A connection has every parameter that a filter or a template is filled with.
fn check_names(plan: &Plan, around: &Surroundings, problems: &mut Vec<Problem>) {
    let groups = plan.groups.as_ref().and_then(|groups| groups.filter.as_ref());
    let mut names: Vec<(&str, &str)> = Vec::new();
    names.extend(plan.filter.names().into_iter().map(|name| ("filter", name)));
    names.extend(plan.object_filter.names().into_iter().map(|name| ("object_filter", name)));
    names.extend(groups.into_iter().flat_map(Filter::names).map(|name| ("groups.filter", name)));
    if plan.attributes.username.is_none() && names.contains(&("groups.filter", "username")) {
        let message = "nobody has a user name here: name attributes.username, or compare with {dn}";
        problems.push(Problem::error("groups.filter", message));
    }
    names.extend(plan.dn_template.iter().flat_map(Template::names).map(|name| ("dn_template", name)));
    names.extend(plan.create.iter().flat_map(|recipe| recipe.dn.names()).map(|name| ("create.dn", name)));
    for (key, name) in names {
        let Some(parameter) = name.strip_prefix("param.") else { continue };
        let without =
            around.connections.iter().filter(|connection| !connection.parameters.contains(parameter));
        problems.extend(without.map(|connection| {
            let message = format!("the connection {} has no parameter {parameter}", connection.connection);
            Problem::error(key, message)
        }));
    }
}

fn recipe(create: &Create, base: &str, problems: &mut Vec<Problem>) -> Option<Recipe> {
    if create.object_classes.is_empty() {
        problems.push(Problem::error("create.object_classes", "an entry has one object class or more"));
    }
    // The base is a DN already: it is put in before values are.
    let text = create.dn.replace("{base}", &base.replace('{', "{{").replace('}', "}}"));
    let dn = noted(problems, "create.dn", Template::compile(&text, &NEW));
    if dn.as_ref().is_some_and(|dn| dn.names().next().is_none()) {
        problems.push(Problem::error("create.dn", "a DN without a name in braces can be given once"));
    } else if dn.as_ref().is_some_and(|dn| dn::names(&dn.shape()).is_none()) {
        problems.push(Problem::error("create.dn", NO_DN));
    }
    let mut attributes = Vec::new();
    for (name, texts) in &create.attributes {
        let key = format!("create.attributes.{name}");
        if !is_attribute(name) {
            problems.push(Problem::error(
                key.as_str(),
                "the name of an attribute is letters, digits, dots and hyphens",
            ));
        }
        let values =
            texts.texts().iter().filter_map(|text| noted(problems, &key, Template::compile(text, &NEW)));
        let values = values.collect();
        attributes.push((name.clone(), values));
    }
    Some(Recipe { dn: dn?, object_classes: create.object_classes.clone(), attributes })
}

#[cfg(test)]
mod tests;
