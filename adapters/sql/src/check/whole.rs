//! What is wrong with the statements together: a write that could not be proven, a lookup that would answer everybody.

use crate::{Kind, Parameter, StatementKey, Statements, Uniqueness};
use idstore_contract::{IdentifierKind, PasswordWrite, Problem, Surroundings};
use std::collections::BTreeSet;

const LOOKUPS: [StatementKey; 3] = [StatementKey::GetUser, StatementKey::GetUserById, StatementKey::Login];

/// Adds what is wrong or worth a warning.
pub(super) fn check(
    statements: &Statements,
    uniqueness: Uniqueness,
    around: &Surroundings,
    problems: &mut Vec<Problem>,
) {
    if LOOKUPS.iter().all(|key| !statements.has(*key)) {
        problems.push(Problem::error("statements", "no account can be found without get_user or login"));
    }
    for key in StatementKey::ALL.into_iter().filter(|key| statements.has(*key)) {
        let missing = missing(statements, key);
        problems.extend(missing.map(|message| Problem::error(format!("statements.{key}"), message)));
    }
    read_back(statements, problems);
    memberships(statements, problems);
    if uniqueness == Uniqueness::Lock {
        claims(statements, problems);
    }
    passwords(statements, around, problems);
    isolation(statements, problems);
    warnings(statements, around, problems);
}

/// What a statement must bind to do its work at all.
fn missing(statements: &Statements, key: StatementKey) -> Option<String> {
    let binds = |parameter: Parameter| statements.binds(key, &parameter);
    let by_key = binds(Parameter::UserId);
    let by_any = by_key
        || binds(Parameter::Identifier)
        || IdentifierKind::ALL.into_iter().any(|kind| binds(Parameter::Known(kind)));
    let new = IdentifierKind::ALL.into_iter().find(|kind| key == StatementKey::change_of(*kind));
    match (key, new.map(Parameter::NewIdentifier)) {
        (StatementKey::Create | StatementKey::Probe, _) => None,
        (StatementKey::GetUser | StatementKey::Login, _) if by_any => None,
        (StatementKey::GetUser | StatementKey::Login, _) => {
            Some("it binds nothing to look up by, and would answer everybody; bind :identifier".to_owned())
        }
        (StatementKey::Check, _) if !binds(Parameter::Password) => {
            Some("it compares nothing; bind :password".to_owned())
        }
        (StatementKey::Check, _) if by_any => None,
        (StatementKey::List, _) => [Parameter::After, Parameter::Limit]
            .into_iter()
            .find(|parameter| !binds(parameter.clone()))
            .map(|parameter| format!("it does not bind {parameter}, so that it would have no pages")),
        (_, _) if !by_key => Some("it binds no :user_id, and would touch every account".to_owned()),
        (StatementKey::Rehash, _) if !binds(Parameter::OldPasswordHash) => {
            let bind = Parameter::OldPasswordHash;
            Some(format!(
                "it does not compare the stored hash with {bind}, and would overwrite a newer password"
            ))
        }
        (StatementKey::JoinOrganization | StatementKey::LeaveOrganization, _)
            if !binds(Parameter::Organization) =>
        {
            Some(format!("it does not bind {}", Parameter::Organization))
        }
        (_, Some(new)) if !binds(new.clone()) => Some(format!("it does not bind {new}")),
        _ => None,
    }
}

/// Every write is proven by reading the account back by its key.
fn read_back(statements: &Statements, problems: &mut Vec<Problem>) {
    if statements.by_id().is_none()
        && let Some(write) = statements.keys().find(|key| key.kind() == Kind::Write)
    {
        let message = format!(
            "{write} can't be proven: no lookup by :user_id; add get_user_by_id, or name :user_id in get_user"
        );
        problems.push(Problem::error(format!("statements.{write}"), message));
    }
}

/// Joining and leaving are proven by the organizations that show afterwards.
fn memberships(statements: &Statements, problems: &mut Vec<Problem>) {
    for key in [StatementKey::JoinOrganization, StatementKey::LeaveOrganization] {
        if statements.has(key) && !statements.has(StatementKey::Organizations) {
            let message = format!("{key} can't be proven without a statement organizations");
            problems.push(Problem::error(format!("statements.{key}"), message));
        }
    }
}

/// Where no constraint says who is there already, the store's own lookup has to.
fn claims(statements: &Statements, problems: &mut Vec<Problem>) {
    for kind in IdentifierKind::ALL {
        let known = Parameter::Known(kind);
        let found_by = [&known, &Parameter::Identifier];
        if found_by.into_iter().any(|parameter| statements.binds(StatementKey::GetUser, parameter)) {
            continue;
        }
        let writes = [
            (StatementKey::Create, known.clone()),
            (StatementKey::change_of(kind), Parameter::NewIdentifier(kind)),
        ];
        for (key, _) in writes.iter().filter(|(key, parameter)| statements.binds(*key, parameter)) {
            let message = format!(
                "with uniqueness = \"lock\" get_user must find who has that {kind} already; bind {known} or :identifier there"
            );
            problems.push(Problem::error(format!("statements.{key}"), message));
        }
    }
}

fn passwords(statements: &Statements, around: &Surroundings, problems: &mut Vec<Problem>) {
    let writes = [StatementKey::Create, StatementKey::ChangePassword, StatementKey::Rehash]
        .into_iter()
        .filter(|key| statements.has(*key));
    for (index, key) in writes.enumerate() {
        if index == 0 && around.password_write == Some(PasswordWrite::ByStore) {
            let message = "new passwords reach the store in clear: its own statement has to hash them";
            problems.push(Problem::warning("passwords.write", message));
        }
        let needed: &[Parameter] = match around.password_write {
            None if index > 0 => &[],
            None => {
                let message = format!("{key} stores passwords, so this must say how");
                problems.push(Problem::error("passwords.write", message));
                &[]
            }
            Some(PasswordWrite::Hashed) => &[Parameter::PasswordHash],
            Some(PasswordWrite::HashedWithSalt) => &[Parameter::PasswordHash, Parameter::PasswordSalt],
            Some(PasswordWrite::ByStore) => &[Parameter::Password],
        };
        let unbound = needed.iter().filter(|parameter| !statements.binds(key, parameter));
        problems.extend(unbound.map(|parameter| {
            Problem::error(
                format!("statements.{key}"),
                format!("it does not bind {parameter}: the password would be lost"),
            )
        }));
    }
}

/// A parameter that keeps tenants apart in one lookup must do so in all of them.
fn isolation(statements: &Statements, problems: &mut Vec<Problem>) {
    let lookups = || LOOKUPS.into_iter().chain([StatementKey::List]).filter(|key| statements.has(*key));
    let used: BTreeSet<&str> = lookups().flat_map(|key| statements.connection_parameters(key)).collect();
    for name in used {
        for key in lookups().filter(|key| statements.connection_parameters(*key).all(|other| other != name)) {
            let message = format!(
                "another lookup is limited by :param.{name} and this one is not: it would show accounts of others"
            );
            problems.push(Problem::error(format!("statements.{key}"), message));
        }
    }
}

fn warnings(statements: &Statements, around: &Surroundings, problems: &mut Vec<Problem>) {
    let used: BTreeSet<&str> =
        LOOKUPS.iter().flat_map(|key| statements.connection_parameters(*key)).collect();
    for connection in &around.connections {
        for name in connection.parameters.iter().filter(|name| !used.contains(name.as_str())) {
            let message = format!(
                "connection {} has the parameter {name}, and no lookup binds :param.{name}: its users are not told apart",
                connection.connection
            );
            problems.push(Problem::warning("statements", message));
        }
    }
    let login = [StatementKey::Login, StatementKey::GetUser].into_iter().find(|key| statements.has(*key));
    if let Some(key) = login.filter(|key| !statements.binds(*key, &Parameter::Identifier)) {
        let message = "it does not bind :identifier, so that login is not offered by this store";
        problems.push(Problem::warning(format!("statements.{key}"), message));
    }
}
