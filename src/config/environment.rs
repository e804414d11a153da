//! `IDSTORE_SERVER__LISTEN=…`: variables of the environment that override a key.
//!
//! They override keys of `[server]`, `[admin]`, `[log]` and of tables that a file has; `__` stands between levels, and
//! `_` also for the `-` of a name. A variable's text is taken as it is; `load.rs` gives it the type of its key. Secrets
//! are never set here, and a variable that an `env` secret names is no configuration, whatever it is called.

use super::locate::{Content, Node};
use super::nearest::nearest;
use super::report::{Finding, Place};
use super::sources::{Sources, Variable};
use std::collections::BTreeSet;

/// What the name of a variable begins with.
const PREFIX: &str = "IDSTORE_";

/// The tables whose keys can be set without a file that has them.
const ALWAYS: [&str; 3] = ["server", "admin", "log"];

/// The keys that say where a secret is kept.
const SECRET_PLACES: [&str; 3] = ["credential", "file", "env"];

/// Takes the variables of ours out of the environment, in the order of their names.
pub(super) fn variables(
    environment: impl IntoIterator<Item = (String, String)>,
    sources: &Sources,
) -> (Vec<Variable>, Vec<Finding>) {
    let mut of_secrets = BTreeSet::new();
    for tree in sources.written() {
        secret_variables(tree, &mut of_secrets);
    }
    let mut ours: Vec<(String, String)> = environment
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && !of_secrets.contains(name.as_str()))
        .collect();
    ours.sort();
    let mut variables: Vec<Variable> = Vec::new();
    let mut findings = Vec::new();
    for (name, text) in ours {
        match resolve(&name, sources) {
            Err(why) => findings.push(Finding::error(why, Place::Variable(name))),
            Ok(path) => match variables.iter().find(|variable| variable.path == path) {
                Some(first) => {
                    let why = format!("this sets the key that {} sets", first.name);
                    findings.push(Finding::error(why, Place::Variable(name)));
                }
                None => variables.push(Variable { name, path, text }),
            },
        }
    }
    (variables, findings)
}

/// How the variable is called that sets a key.
pub(super) fn name_of(path: &[String]) -> String {
    let steps: Vec<String> = path.iter().map(|step| step.to_uppercase().replace('-', "_")).collect();
    format!("{PREFIX}{}", steps.join("__"))
}

fn resolve(name: &str, sources: &Sources) -> Result<Vec<String>, String> {
    let steps: Vec<&str> = name.strip_prefix(PREFIX).unwrap_or_default().split("__").collect();
    let Some((key, tables)) =
        steps.split_last().filter(|(key, tables)| !key.is_empty() && !tables.is_empty())
    else {
        let why =
            "this sets no key of the configuration; the name of a variable is like IDSTORE_SERVER__LISTEN";
        return Err(format!("{why}{}", guess(name, sources)));
    };
    let mut path: Vec<String> = Vec::new();
    for step in tables {
        path.push(known(&path, step, sources));
    }
    let table = path.join(".");
    if !ALWAYS.contains(&table.as_str()) && !sources.has_table(&path) {
        return Err(format!(
            "no file has a table [{table}]; the environment sets keys of [server], [admin], [log] and of tables that a \
             file has{}",
            guess(name, sources)
        ));
    }
    path.push(known(&path, key, sources));
    if path.last().is_some_and(|key| SECRET_PLACES.contains(&key.as_str())) {
        return Err("the place of a secret is not set by the environment; write it into a file".to_owned());
    }
    Ok(path)
}

/// The step as a file spells it, else in lower case.
fn known(above: &[String], step: &str, sources: &Sources) -> String {
    let step = step.to_lowercase();
    let spelled = |member: &&String| member.to_lowercase().replace('-', "_") == step;
    let found = sources.written().filter_map(|tree| tree.get(above)).flat_map(Node::members);
    found.map(|(member, _)| member).find(spelled).cloned().unwrap_or(step)
}

/// The nearest variable that overrides something that is written.
fn guess(name: &str, sources: &Sources) -> String {
    let mut names: BTreeSet<String> = BTreeSet::new();
    names.extend(
        ["server.listen", "admin.listen", "log.level", "log.format"]
            .map(|key| name_of(&key.split('.').map(str::to_owned).collect::<Vec<_>>())),
    );
    for tree in sources.written() {
        leaves(tree, &mut Vec::new(), &mut names);
    }
    nearest(name, names.iter().map(String::as_str))
        .map(|name| format!("; did you mean {name}?"))
        .unwrap_or_default()
}

fn leaves(node: &Node, path: &mut Vec<String>, names: &mut BTreeSet<String>) {
    for (step, member) in node.members() {
        path.push(step.clone());
        if !member.is_table() && path.len() > 1 && !SECRET_PLACES.contains(&step.as_str()) {
            names.insert(name_of(path));
        }
        leaves(member, path, names);
        path.pop();
    }
}

fn secret_variables<'a>(node: &'a Node, names: &mut BTreeSet<&'a str>) {
    for (key, member) in node.members() {
        match &member.content {
            Content::Text(text) if key == "env" => {
                names.insert(text);
            }
            _ => secret_variables(member, names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::locate::Document;
    use crate::config::sources::Layer;

    fn taken(file: &str, names: &[&str]) -> (Vec<String>, Vec<String>) {
        let (document, tree, _) = Document::parse("x", file.to_owned());
        let layer = Layer { document: 0, below: Vec::new(), tree, written: true };
        let sources = Sources { documents: vec![document], layers: vec![layer], ..Sources::default() };
        let environment = names.iter().map(|name| ((*name).to_owned(), "x".to_owned()));
        let (variables, findings) = variables(environment, &sources);
        let paths = variables.iter().map(|variable| variable.path.join(".")).collect();
        (paths, findings.into_iter().map(|finding| finding.message).collect())
    }

    #[test]
    fn keys_of_the_daemon_and_of_tables_in_a_file_are_set() {
        let file = "[stores.postgres.crm-eu]\nhost = 'a'\n";
        let names =
            ["IDSTORE_SERVER__LISTEN", "IDSTORE_STORES__POSTGRES__CRM_EU__PORT", "PATH", "IDSTORES__X"];
        let (paths, problems) = taken(file, &names);
        assert_eq!(paths, ["server.listen", "stores.postgres.crm-eu.port"]);
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn a_table_that_no_file_has_is_refused_with_the_nearest_variable() {
        let (paths, problems) =
            taken("[stores.sqlite.crm]\npath = 'a'\n", &["IDSTORE_STORES__SQLITE__CRN__PATH"]);
        assert!(paths.is_empty());
        assert!(problems[0].contains("[stores.sqlite.crn]"), "{problems:?}");
        assert!(problems[0].contains("did you mean IDSTORE_STORES__SQLITE__CRM__PATH?"), "{problems:?}");
    }

    #[test]
    fn a_variable_that_names_no_key_is_refused() {
        let (paths, problems) = taken("", &["IDSTORE_LISTEN", "IDSTORE_SERVER__", "IDSTORE___LISTEN"]);
        assert!(paths.is_empty());
        assert_eq!(problems.len(), 3);
    }

    #[test]
    fn the_variable_of_a_secret_is_no_configuration() {
        let file = "[callers.a]\nbearer.env = 'IDSTORE_TOKEN'\n";
        let (paths, problems) = taken(file, &["IDSTORE_TOKEN"]);
        assert!(paths.is_empty() && problems.is_empty(), "{problems:?}");
        let (_, problems) = taken(file, &["IDSTORE_CALLERS__A__BEARER__ENV"]);
        assert!(problems[0].contains("the place of a secret"), "{problems:?}");
    }
}
