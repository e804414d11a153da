//! The configuration: what the operator writes, read once, checked whole, and handed on as types.
//!
//! | file | what it does |
//! |---|---|
//! | `types.rs`, `connection.rs`, `address.rs`, `names.rs`, `limits.rs`, `passwords.rs` | the keys: meaning, unit, default, limits |
//! | `files.rs`, `environment.rs`, `preset.rs` | where they come from |
//! | `load.rs` | puts those together and reads types from them; the only file that knows figment |
//! | `assemble.rs`, `fields.rs`, `keys.rs` | table after table, into [`Config`]; the names of all keys |
//! | `check.rs` | what two keys say together |
//! | `locate.rs`, `literal.rs`, `sources.rs` | key path → file, line and column; the only ones that know the TOML parser |
//! | `explain.rs`, `nearest.rs`, `report.rs` | what is said of a problem, and how it is shown |
//!
//! Every problem is reported at once, each with its place. Nothing here opens a socket, a store or a secret.

mod address;
mod assemble;
mod check;
mod connection;
mod environment;
mod explain;
mod fields;
mod files;
mod keys;
mod limits;
mod literal;
mod load;
mod locate;
mod names;
mod nearest;
mod passwords;
pub mod preset;
mod report;
mod sources;
mod types;

pub use address::{Address, AdminListen, FileMode, ServerListen};
pub use connection::*;
pub use keys::{adapter_keys, core_keys};
pub use limits::Bounded;
pub use names::{Name, OrganizationKey, ParameterName, Prefix};
pub use passwords::{NewPasswords, Passwords};
pub use report::{Rendered, Report};
pub use sources::Sources;
pub use types::*;

use assemble::Assembled;
use load::Value;
use locate::Document;
use preset::{OptionValue, Wanted};
use report::{Finding, Place};
use sources::{Aim, Layer};
use std::path::Path;

/// A configuration that can be used.
#[derive(Debug)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// Where it says so: for problems that only a store's server shows.
    pub sources: Sources,
    /// What the operator should know; no errors.
    pub warnings: Report,
}

/// Reads the file, the folder `conf.d` beside it and the `IDSTORE_…` variables of the environment.
///
/// Every problem that the texts alone show is in the report. A variable whose name or text is no UTF-8 is left out by
/// the caller of this function.
pub fn load(path: &Path, environment: impl IntoIterator<Item = (String, String)>) -> Result<Loaded, Report> {
    let (texts, mut findings) = files::read(path);
    let mut sources = Sources::default();
    for text in texts {
        findings.extend(add(&mut sources, text));
    }
    let complete = findings.is_empty();
    findings.extend(sources.conflicts());
    findings.extend(sources.misfits());
    let (variables, unknown) = environment::variables(environment, &sources);
    sources.variables = variables;
    findings.extend(unknown);
    let wanted = wanted(&Value::whole(&sources), &sources);
    findings.extend(preset::apply(&wanted, &mut sources));
    let Assembled { config, declared, findings: unread } =
        assemble::assemble(&Value::whole(&sources), &sources, complete);
    findings.extend(unread);
    for (adapter, name) in &declared.stores {
        let table = vec!["stores".to_owned(), adapter.clone(), name.clone()];
        sources.stores.entry(name.clone()).or_insert(table);
    }
    findings.extend(check::check(&config, &declared).into_iter().map(|fault| shown(fault, &sources)));
    for (name, store) in &config.stores {
        let problems = store.adapter.check(&store.surroundings);
        findings.extend(problems.iter().map(|problem| sources.finding(name.as_str(), problem)));
    }
    let report = Report::new(&sources, findings);
    if report.has_errors() { Err(report) } else { Ok(Loaded { config, sources, warnings: report }) }
}

fn add(sources: &mut Sources, text: files::Text) -> Vec<Finding> {
    let document = sources.documents.len();
    let (parsed, tree, errors) = Document::parse(text.name, text.text);
    sources.documents.push(parsed);
    sources.layers.push(Layer { document, below: Vec::new(), tree, written: true });
    let place = |at: std::ops::Range<usize>| Place::Text { document, at: at.into(), inside: false };
    errors
        .into_iter()
        .map(|error| Finding::error(format!("no TOML: {}", error.message), place(error.at)))
        .collect()
}

fn shown(fault: check::Fault, sources: &Sources) -> Finding {
    let place = sources.place(&fault.path, fault.aim);
    let finding = Finding { severity: fault.severity, ..Finding::error(fault.message, place) };
    match fault.note {
        Some((why, path)) => finding.with_note(why, sources.place(&path, Aim::Key)),
        None => finding,
    }
}

/// The stores that ask for a preset. What can't be read of them is told when their tables are.
fn wanted(whole: &Value, sources: &Sources) -> Vec<Wanted> {
    let members = |path: &[&str]| -> Vec<(String, Value)> {
        let found = whole.at(path);
        let members = found.as_ref().and_then(Value::members);
        members.into_iter().flatten().map(|(key, value)| (key.to_owned(), value)).collect()
    };
    let mut all = Vec::new();
    for (adapter, _) in members(&["stores"]) {
        for (store, table) in members(&["stores", &adapter]) {
            let Some(preset) = table.at(&["preset"]).and_then(|preset| Some(preset.text()?.to_owned()))
            else {
                continue;
            };
            let at = ["stores", &adapter, &store, "preset_options"];
            let options = members(&at).into_iter().filter_map(|(option, value)| {
                let path: Vec<String> =
                    at.iter().map(|step| (*step).to_owned()).chain([option.clone()]).collect();
                Some((option, chosen(&value, sources.variable(&path).is_some())?))
            });
            let connections = members(&["connections"]).into_iter().filter_map(|(name, connection)| {
                let on_it = connection.at(&["store"])?.text() == Some(store.as_str());
                on_it.then(|| (name, connection.at(&["identifiers"]).is_some()))
            });
            let (options, connections) = (options.collect(), connections.collect());
            all.push(Wanted { adapter: adapter.clone(), store, preset, options, connections });
        }
    }
    all
}

/// The value of an option; a variable can say true and false only as a text.
fn chosen(value: &Value, from_variable: bool) -> Option<OptionValue> {
    match (value.flag(), value.text()) {
        (Some(flag), _) => Some(OptionValue::Flag(flag)),
        (None, Some("true")) if from_variable => Some(OptionValue::Flag(true)),
        (None, Some("false")) if from_variable => Some(OptionValue::Flag(false)),
        (None, text) => text.map(|text| OptionValue::Text(text.to_owned())),
    }
}
