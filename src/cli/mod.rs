//! The commands, one file each. Each answers an [`Exit`]; what it prints goes through [`print`].

mod check;
mod demo;
mod hash;
mod invite;
mod local;
mod migration;
mod open;
mod preset;
mod print;
mod scripts;
mod serve;
mod story;
mod terminal;
mod try_action;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Where the configuration is when nothing else is said.
const DEFAULT_CONFIG: &str = "/etc/idstore-proxy/config.toml";

/// How a command ended; the numbers are those of `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or yes.
    Ok = 0,
    /// The answer is no.
    No = 1,
    /// The command line is wrong.
    Usage = 64,
    /// Something that is needed does not answer.
    Unavailable = 69,
    /// A bug of ours.
    Bug = 70,
    /// The configuration is wrong.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        let number: u8 = match exit {
            Exit::Ok => 0,
            Exit::No => 1,
            Exit::Usage => 64,
            Exit::Unavailable => 69,
            Exit::Bug => 70,
            Exit::Config => 78,
        };
        number.into()
    }
}

/// Lets an identity platform use the user table of a legacy SQL database, or an LDAP directory, as its user store.
#[derive(Debug, Parser)]
#[command(name = "idstore-proxy", version, max_term_width = 110, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
First steps:
  idstore-proxy demo             serves an embedded store at once and prints curl lines to paste
  idstore-proxy preset list      the applications whose schema is known
  idstore-proxy check --connect  finds every mistake before anybody signs in
  idstore-proxy try login NAME   signs somebody in from the shell and explains what happened

Exit codes: 0 done or yes, 1 the answer is no, 64 usage, 69 unavailable, 70 a bug, 78 configuration.";

/// Each command's text stands with its arguments.
#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Check(check::Check),
    Try(try_action::Try),
    Demo(demo::Demo),
    Preset(preset::Preset),
    Hash(hash::Hash),
    Invite(invite::Invite),
    Migration(migration::Migration),
    /// Write the platform's side of a connection, or try it out
    Scripts(scripts::Scripts),
}

/// The configuration's place, for the commands that read it.
#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// The configuration file; every *.toml of the folder conf.d beside it is read too
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
}

/// Runs the command that the arguments name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let exit = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => match arguments.command {
            Command::Serve(command) => command.run(),
            Command::Check(command) => command.run(),
            Command::Try(command) => command.run(),
            Command::Demo(command) => command.run(),
            Command::Preset(command) => command.run(),
            Command::Hash(command) => command.run(),
            Command::Invite(command) => command.run(),
            Command::Migration(command) => command.run(),
            Command::Scripts(command) => command.run(),
        },
        Err(error) => {
            // Help and version come as errors too, and are none.
            let asked_for = !error.use_stderr();
            if error.print().is_err() || asked_for { Exit::Ok } else { Exit::Usage }
        }
    };
    exit.into()
}

impl ConfigFile {
    /// Loads the configuration, or prints every problem of it.
    fn load(&self) -> Result<crate::config::Loaded, Exit> {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        crate::config::load(&self.config, environment).map_err(|report| {
            print::error(&report.to_string());
            Exit::Config
        })
    }
}

/// 128 random bits in hexadecimal.
fn random_word() -> std::io::Result<String> {
    use std::fmt::Write as _;
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    let mut word = String::new();
    for byte in bytes {
        write!(word, "{byte:02x}").map_err(std::io::Error::other)?;
    }
    Ok(word)
}
