//! `preset`: the applications whose schema is known, and what each preset writes.

use super::{Exit, print};
use crate::config::preset::{self, OptionValue};
use serde_json::json;
use std::collections::BTreeMap;

/// Show the applications whose schema is known
///
/// A store with preset = "django" needs no statements of its own; what is written beside it wins, key by key.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 done, 64 usage.")]
pub(super) struct Preset {
    #[command(subcommand)]
    command: PresetCommand,
}

#[derive(Debug, clap::Subcommand)]
enum PresetCommand {
    /// List the presets and their options
    List {
        /// Print one JSON object, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Print a preset as configuration that can be pasted and changed
    Show {
        /// The preset; preset list has them
        #[arg(value_name = "PRESET")]
        name: String,
        /// The kind of store it is written out for
        #[arg(long, default_value = "postgres")]
        adapter: String,
        /// The store's name in the configuration
        #[arg(long, value_name = "NAME", default_value = "NAME")]
        store: String,
        /// The connection's name in the configuration
        #[arg(long, value_name = "NAME", default_value = "NAME")]
        connection: String,
        #[arg(long = "option", value_name = "OPTION=VALUE", value_parser = option)]
        #[arg(help = "An option of the preset, as in --option allauth=true; may stand several times")]
        options: Vec<(String, OptionValue)>,
    },
}

fn option(text: &str) -> Result<(String, OptionValue), String> {
    let (name, value) = text.split_once('=').ok_or("write it as OPTION=VALUE")?;
    let value = match value {
        "true" => OptionValue::Flag(true),
        "false" => OptionValue::Flag(false),
        text => OptionValue::Text(text.to_owned()),
    };
    Ok((name.to_owned(), value))
}

impl Preset {
    pub(super) fn run(self) -> Exit {
        match self.command {
            PresetCommand::List { json } => {
                list(json);
                Exit::Ok
            }
            PresetCommand::Show { name, adapter, store, connection, options } => {
                show(&name, &adapter, [&store, &connection], &options.into_iter().collect())
            }
        }
    }
}

fn list(json: bool) {
    if json {
        let presets: serde_json::Map<_, _> = preset::PRESETS
            .iter()
            .map(|(name, _)| {
                let options: Vec<_> = preset::options_of(name)
                    .into_iter()
                    .map(|option| json!({ "name": option.name, "takes": option.takes, "default": shown(&option.default), "about": option.about }))
                    .collect();
                ((*name).to_owned(), json!({ "about": preset::about(name), "options": options }))
            })
            .collect();
        return print::line(&json!({ "presets": presets }).to_string());
    }
    for (name, _) in preset::PRESETS {
        print::line(&format!("{name}: {}", preset::about(name).unwrap_or_default()));
        for option in preset::options_of(name) {
            print::line(&format!(
                "    {} ({}; {}): {}",
                option.name,
                option.takes,
                shown(&option.default),
                option.about
            ));
        }
    }
}

fn show(
    name: &str,
    adapter: &str,
    [store, connection]: [&str; 2],
    options: &BTreeMap<String, OptionValue>,
) -> Exit {
    match preset::show(name, adapter, options) {
        Ok(text) => {
            print::line(&format!(
                "# The preset {name}, written out for {adapter}. Paste it in place of the line preset = \"{name}\" (and of\n\
                 # preset_options); the store's table still says where the database is, the connection's which store it asks."
            ));
            for line in text.trim_end().lines() {
                print::line(&named(line, adapter, store, connection));
            }
            Exit::Ok
        }
        Err(problems) => {
            for problem in problems {
                print::error(&problem);
            }
            Exit::Usage
        }
    }
}

/// A table's header with the operator's own names; every other line as it is.
fn named(line: &str, adapter: &str, store: &str, connection: &str) -> String {
    let whose = [(format!("[stores.{adapter}."), store), ("[connections.".to_owned(), connection)];
    for (before, name) in whose {
        if let Some(rest) = line.strip_prefix(&before).and_then(|rest| rest.strip_prefix("NAME")) {
            return format!("{before}{name}{rest}");
        }
    }
    line.to_owned()
}

fn shown(value: &OptionValue) -> serde_json::Value {
    match value {
        OptionValue::Flag(flag) => (*flag).into(),
        OptionValue::Text(text) => text.as_str().into(),
    }
}
