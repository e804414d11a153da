//! `hash`: make, verify and identify stored passwords. What is stored and what is typed come from the terminal or from
//! standard input, never from arguments.

use super::{Exit, print, terminal};
use idstore_contract::Secret;
use idstore_passwords::{Accept, Limits, Reading, Stored, Write, identify, scheme_names};
use serde_json::json;

/// Make, verify or identify a stored password
///
/// Passwords and stored values are asked for without echo, or read as lines of standard input where that is no terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 done or yes, 1 the answer is no, 64 usage.")]
pub(super) struct Hash {
    #[command(subcommand)]
    command: HashCommand,
}

#[derive(Debug, clap::Subcommand)]
enum HashCommand {
    /// Print what a new password would be stored as
    Make {
        /// The scheme, as in passwords.write; hash schemes lists them
        #[arg(long, value_name = "NAME")]
        scheme: String,
        /// Print one JSON object, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Say whether a password is that of a stored value: first the stored value, then the password, a line each
    Verify {
        /// The scheme, where the value does not say it itself; may stand several times
        #[arg(long, value_name = "NAME")]
        scheme: Vec<String>,
        /// The salt, where it has a column of its own
        #[arg(long, value_name = "TEXT")]
        salt: Option<String>,
        /// Print one JSON object, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Say which schemes a stored value may be of
    Identify {
        /// Print one JSON object, for scripts
        #[arg(long)]
        json: bool,
    },
    /// List every scheme's name
    Schemes {
        /// Print one JSON object, for scripts
        #[arg(long)]
        json: bool,
    },
}

impl Hash {
    pub(super) fn run(self) -> Exit {
        match self.command {
            HashCommand::Make { scheme, json } => make(&scheme, json),
            HashCommand::Verify { scheme, salt, json } => verify(&scheme, salt, json),
            HashCommand::Identify { json } => which(json),
            HashCommand::Schemes { json } => schemes(json),
        }
    }
}

fn schemes(json: bool) -> Exit {
    let names: Vec<&str> = scheme_names().collect();
    if json {
        print::line(&json!({ "schemes": names }).to_string());
    } else {
        print::line(&names.join("\n"));
    }
    Exit::Ok
}

fn make(scheme: &str, json: bool) -> Exit {
    let write = match Write::parse(scheme) {
        Ok(write) => write,
        Err(error) => return usage(&error.to_string()),
    };
    let password = match terminal::password("New password: ") {
        Ok(password) => password,
        Err(error) => return usage(&error.to_string()),
    };
    if let Some(refusal) = write.refuse(&password) {
        print::error(&format!("the password can't be stored in this scheme: {refusal}"));
        return Exit::No;
    }
    let written = match write.hash(&password) {
        Ok(written) => written,
        Err(error) => {
            print::error(&error.to_string());
            return Exit::Bug;
        }
    };
    let hash = written.hash.expose_text().unwrap_or_default().to_owned();
    let salt = written.salt.as_ref().and_then(Secret::expose_text);
    if json {
        print::line(
            &json!({ "scheme": write.scheme(), "password_hash": hash, "password_salt": salt }).to_string(),
        );
    } else {
        print::line(&hash);
        if let Some(salt) = salt {
            print::line(&format!("salt: {salt}"));
        }
    }
    Exit::Ok
}

fn verify(schemes: &[String], salt: Option<String>, json: bool) -> Exit {
    let accept = match Accept::parse((!schemes.is_empty()).then_some(schemes)) {
        Ok((accept, _)) => accept,
        Err(errors) => {
            return usage(&errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
        }
    };
    let (stored, password) =
        match stored_value().and_then(|stored| Ok((stored, terminal::password("Password: ")?))) {
            Ok(read) => read,
            Err(error) => return usage(&error.to_string()),
        };
    let salt = salt.map(Secret::from);
    let reading =
        accept.read(&Stored { salt: salt.as_ref(), ..Stored::new(&stored) }, &Limits::default());
    let (said, scheme, exit) = match reading {
        Reading::Hash(hash) => match hash.verify(&password) {
            Ok(true) => ("match".to_owned(), Some(hash.scheme()), Exit::Ok),
            Ok(false) => ("no match".to_owned(), Some(hash.scheme()), Exit::No),
            Err(error) => (error.to_string(), Some(hash.scheme()), Exit::No),
        },
        Reading::NoPassword => ("no password: this value never matches".to_owned(), None, Exit::No),
        Reading::Unusable(why) => {
            if schemes.is_empty() {
                print::error("hash identify says which schemes the value may be of; name one with --scheme");
            }
            (format!("unusable: {why}"), None, Exit::No)
        }
    };
    if json {
        print::line(&json!({ "matches": exit == Exit::Ok, "scheme": scheme, "said": said }).to_string());
    } else {
        print::line(&scheme.map_or_else(|| said.clone(), |scheme| format!("{said} ({scheme})")));
    }
    exit
}

fn which(json: bool) -> Exit {
    let stored = match stored_value() {
        Ok(stored) => stored,
        Err(error) => return usage(&error.to_string()),
    };
    let schemes = identify(stored.expose_text().unwrap_or_default());
    if json {
        print::line(&json!({ "schemes": schemes }).to_string());
    } else if schemes.is_empty() {
        print::error("no scheme that is known stores such a value");
    } else {
        let quoted: Vec<_> = schemes.iter().map(|scheme| format!("\"{scheme}\"")).collect();
        print::line(&format!("accept = [{}]", quoted.join(", ")));
        if schemes.len() > 1 {
            print::error(
                "several schemes write such values; hash verify --scheme NAME tries one with a password",
            );
        }
    }
    if schemes.is_empty() { Exit::No } else { Exit::Ok }
}

/// A hash is as secret as a password: it is not echoed either.
fn stored_value() -> std::io::Result<Secret> {
    terminal::password("Stored value: ")
}

fn usage(why: &str) -> Exit {
    print::error(why);
    Exit::Usage
}
