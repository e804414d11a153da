//! `preset`: the applications whose schema is known, and what each preset writes.

use super::{Exit, print};
use crate::config::preset::{self, OptionValue};
use serde_json::json;
use std::collections::BTreeMap;

/// Show the applications whose schema is known
#[derive(Debug, clap::Args)]
pub(super) struct Preset {
    #[command(subcommand)]
    command: PresetCommand,
}

#[derive(Debug, clap::Subcommand)]
enum PresetCommand {
    /// List the presets and their options
    List {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print a preset as configuration that can be pasted and changed
    Show {
        /// The preset
        name: String,
        /// The kind of store it is written out for
        #[arg(long, default_value = "postgres")]
        adapter: String,
        /// An option's value, such as --option `allauth=true`; may stand several times
        #[arg(long = "option", value_name = "NAME=VALUE", value_parser = option)]
        options: Vec<(String, OptionValue)>,
    },
}

fn option(text: &str) -> Result<(String, OptionValue), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
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
            PresetCommand::Show { name, adapter, options } => {
                show(&name, &adapter, &options.into_iter().collect())
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

fn show(name: &str, adapter: &str, options: &BTreeMap<String, OptionValue>) -> Exit {
    match preset::show(name, adapter, options) {
        Ok(text) => {
            print::line(text.trim_end());
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

fn shown(value: &OptionValue) -> serde_json::Value {
    match value {
        OptionValue::Flag(flag) => (*flag).into(),
        OptionValue::Text(text) => text.as_str().into(),
    }
}
