//! `hash`: make, verify and identify stored passwords. What is stored and what is typed come from the terminal or from
//! standard input, never from arguments.

mod identify;

use super::{ConfigFile, Exit, print, terminal};
use idstore_contract::Secret;
use idstore_passwords::{Accept, Limits, Reading, Schemes, Stored, Write, scheme_names};
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
        #[arg(long, value_name = "NAME", required_unless_present = "store")]
        scheme: Option<String>,
        /// The account's name, for the schemes that take it
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        #[command(flatten)]
        of: OfStore,
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
        /// The account's name, for the schemes that take it
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Rounds and their like, where they have a column of their own: a JSON object, or text with i=600000 in it
        #[arg(long, value_name = "TEXT")]
        parameters: Option<String>,
        #[command(flatten)]
        of: OfStore,
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

/// Whose schemes are meant.
#[derive(Debug, clap::Args)]
struct OfStore {
    /// A store of the configuration: what it accepts and writes, with its own schemes, their keys and the limits
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    #[command(flatten)]
    file: ConfigFile,
}

/// What a store's configuration says of passwords; of the catalogue alone, nothing.
#[derive(Default)]
struct Known {
    accept: Option<Vec<String>>,
    write: Option<String>,
    schemes: Schemes,
    limits: Limits,
}

impl OfStore {
    fn known(&self) -> Result<Known, Exit> {
        let Some(name) = &self.store else { return Ok(Known::default()) };
        let config = self.file.load()?.config;
        let Some((_, store)) = config.stores.iter().find(|(own, _)| own.as_str() == name) else {
            return Err(usage(&format!("the configuration has no store \"{name}\"")));
        };
        let passwords = &store.core.passwords;
        let schemes = passwords.resolve().map_err(|why| {
            print::error(&why);
            Exit::Config
        })?;
        Ok(Known {
            accept: passwords.accept.clone(),
            write: passwords.write.clone(),
            schemes,
            limits: config.hashing.limits,
        })
    }
}

impl Hash {
    pub(super) fn run(self) -> Exit {
        match self.command {
            HashCommand::Make { scheme, user, of, json } => {
                of.known().map_or_else(|exit| exit, |known| make(scheme, &known, user.as_deref(), json))
            }
            HashCommand::Verify { scheme, salt, user, parameters, of, json } => {
                let beside =
                    Beside { salt: salt.map(Secret::from), user, parameters: parameters.map(Secret::from) };
                of.known().map_or_else(|exit| exit, |known| verify(scheme, &known, &beside, json))
            }
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

fn make(scheme: Option<String>, known: &Known, user: Option<&str>, json: bool) -> Exit {
    let scheme = match scheme.or_else(|| known.write.clone()).as_deref() {
        None | Some("store") => return usage("this store hashes no passwords here: give --scheme"),
        Some(scheme) => scheme.to_owned(),
    };
    let write = match (Write::parse_with(&scheme, &known.schemes), user) {
        (Ok(write), Some(user)) => write.for_user(user),
        (Ok(write), None) if write.needs_user() => {
            return usage("this scheme takes the account's name: give --user");
        }
        (Ok(write), None) => write,
        (Err(error), _) => return usage(&error.to_string()),
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
            &json!({ "scheme": write.scheme(), "password_hash": hash, "password_salt": salt,
                "password_parameters": written.parameters })
            .to_string(),
        );
    } else {
        print::line(&hash);
        if let Some(salt) = salt {
            print::line(&format!("salt: {salt}"));
        }
        if let Some(parameters) = written.parameters {
            print::line(&format!("parameters: {parameters}"));
        }
    }
    Exit::Ok
}

/// What a store keeps beside the hash.
struct Beside {
    salt: Option<Secret>,
    user: Option<String>,
    parameters: Option<Secret>,
}

impl Beside {
    fn of<'a>(&'a self, hash: &'a Secret) -> Stored<'a> {
        Stored {
            salt: self.salt.as_ref(),
            user: self.user.as_deref(),
            parameters: self.parameters.as_ref(),
            ..Stored::new(hash)
        }
    }
}

fn verify(schemes: Vec<String>, known: &Known, beside: &Beside, json: bool) -> Exit {
    let named = Some(schemes).filter(|schemes| !schemes.is_empty()).or_else(|| known.accept.clone());
    let accept = match Accept::parse_with(named.as_deref(), &known.schemes) {
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
    let reading = accept.read(&beside.of(&stored), &known.limits);
    let (said, scheme, exit) = match reading {
        Reading::Hash(hash) => match hash.verify(&password) {
            Ok(true) => ("match".to_owned(), Some(hash.scheme()), Exit::Ok),
            Ok(false) => ("no match".to_owned(), Some(hash.scheme()), Exit::No),
            Err(error) => (error.to_string(), Some(hash.scheme()), Exit::No),
        },
        Reading::NoPassword => ("no password: this value never matches".to_owned(), None, Exit::No),
        Reading::Unusable(why) => {
            if named.is_none() {
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
    match stored_value() {
        Ok(stored) => identify::identify(&stored, json),
        Err(error) => usage(&error.to_string()),
    }
}

/// A hash is as secret as a password: it is not echoed either.
fn stored_value() -> std::io::Result<Secret> {
    terminal::password("Stored value: ")
}

fn usage(why: &str) -> Exit {
    print::error(why);
    Exit::Usage
}
