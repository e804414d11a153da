//! `try`: one action from the shell, explained. It runs the daemon's own code against the configured store, on the same
//! way as a request: through the wire dialect, the action, the connection and the adapter.

use super::open::{Assembled, open};
use super::{ConfigFile, Exit, print, story, terminal};
use crate::actions::{self, Ask, Rights};
use crate::clock;
use crate::config::{Action, Loaded};
use crate::connections::Connection;
use crate::http::{Code, Problem};
use crate::platforms::native;
use crate::telemetry::Metrics;
use idstore_contract::{Call, Secret};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Run one action from the shell and explain it: which row, which scheme, which mapping, how long
///
/// Passwords are asked for without echo, or read as one line of standard input when that is no terminal.
/// It is not a rehearsal: create, verify, delete and the changes really write.
#[derive(Debug, clap::Args)]
pub(super) struct Try {
    /// login, `get_user`, create, verify, `change_password`, `change_email`, `change_username`, `change_phone_number`, delete
    #[arg(value_parser = action)]
    action: Action,
    /// The connection to ask; may be left out when there is only one
    #[arg(long, short, value_name = "NAME")]
    connection: Option<String>,
    #[command(flatten)]
    file: ConfigFile,
    #[command(flatten)]
    who: Who,
    /// The new e-mail address, user name or phone number of a change
    #[arg(long, value_name = "TEXT")]
    new: Option<String>,
    /// The changed address or number is proven
    #[arg(long)]
    verified: bool,
    /// A further member of create, such as --set `given_name=Ann`
    #[arg(long, value_name = "NAME=TEXT", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Print the answer as one JSON object and nothing else
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Who {
    /// What the user types to sign in
    #[arg(value_name = "IDENTIFIER")]
    identifier: Option<String>,
    /// By e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// By user name
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// By phone number
    #[arg(long, value_name = "NUMBER")]
    phone_number: Option<String>,
    /// By the id, with the connection's prefix
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,
}

fn action(text: &str) -> Result<Action, String> {
    Action::parse(text).ok_or_else(|| {
        let known: Vec<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
        format!("there is no such action; one of {}", known.join(", "))
    })
}

fn assignment(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write it as NAME=TEXT".to_owned())
}

impl Try {
    pub(super) fn run(self) -> Exit {
        let loaded = match self.file.load() {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
        let password = match self.ask_password() {
            Ok(password) => password,
            Err(error) => {
                print::error(&format!("no password could be read: {error}"));
                return Exit::Usage;
            }
        };
        if !self.json {
            story::tell();
        }
        let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else {
            return Exit::Unavailable;
        };
        let exit = runtime.block_on(self.ask(loaded, password));
        runtime.shutdown_timeout(Duration::from_secs(1));
        exit
    }

    fn ask_password(&self) -> std::io::Result<Option<Secret>> {
        match self.action {
            Action::Login => terminal::password("Password: ").map(Some),
            Action::Create | Action::ChangePassword => terminal::password("New password: ").map(Some),
            _ => Ok(None),
        }
    }

    async fn ask(self, loaded: Loaded, password: Option<Secret>) -> Exit {
        let metrics = Arc::new(Metrics::new());
        let Loaded { config, sources, .. } = loaded;
        let Assembled { live, workers } = match open(config, &metrics) {
            Ok(assembled) => assembled,
            Err(faults) => {
                faults.print(&sources);
                return Exit::Config;
            }
        };
        let Some(connection) = choose(&live.connections, self.connection.as_deref()) else {
            let known: Vec<_> = live.connections.keys().map(String::as_str).collect();
            print::error(&format!("name one of these with --connection: {}", known.join(", ")));
            return Exit::Usage;
        };
        let began = Instant::now();
        let deadline = began.checked_add(connection.deadline).unwrap_or(began);
        let call = Call::new("try", deadline, clock::now(), Arc::clone(&connection.parameters));
        // The operator at the store's own machine may know everything that a caller could be allowed to.
        let rights = Rights { may_know_accounts: true, may_verify: true };
        let ask = Ask { connection, call, rights, workers: &workers, metrics: &metrics };
        let body = Value::Object(self.body(password.as_ref())).to_string();
        let answered = match native::decode(self.action, body.as_bytes()) {
            Ok(request) => actions::run(&ask, request).await.map_err(|refusal| Problem::of(refusal, true)),
            Err(malformed) => Err(malformed.into()),
        };
        self.tell(connection, began, &answered)
    }

    /// The body that a platform would send.
    fn body(&self, password: Option<&Secret>) -> Map<String, Value> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value.into());
            }
        };
        put("identifier", self.who.identifier.as_deref());
        put("email", self.who.email.as_deref());
        put("username", self.who.username.as_deref());
        put("phone_number", self.who.phone_number.as_deref());
        put("user_id", self.who.user_id.as_deref());
        for (name, value) in &self.set {
            put(name, Some(value));
        }
        let typed = password.and_then(Secret::expose_text);
        put(if self.action == Action::ChangePassword { "new_password" } else { "password" }, typed);
        match self.action {
            Action::ChangeEmail => put("new_email", self.new.as_deref()),
            Action::ChangeUsername => put("new_username", self.new.as_deref()),
            Action::ChangePhoneNumber => put("new_phone_number", self.new.as_deref()),
            _ => {}
        }
        if self.verified {
            let name = if self.action == Action::ChangePassword { "email_verified" } else { "verified" };
            body.insert(name.to_owned(), Value::Bool(true));
        }
        body
    }

    fn tell(
        &self,
        connection: &Connection,
        began: Instant,
        answered: &Result<actions::Answer, Problem>,
    ) -> Exit {
        let ms = began.elapsed().as_secs_f64() * 1000.0;
        let (exit, status, body) = match answered {
            Ok(answer) => {
                let (status, body) = native::encode(answer);
                (Exit::Ok, status, body)
            }
            Err(problem) => (exit_of(problem.code), problem.code.status().as_u16(), problem.document("try")),
        };
        if self.json {
            print::line(&json!({ "status": status, "ms": ms, "body": body }).to_string());
            return exit;
        }
        if let Some(why) = answered.as_ref().err().and_then(|problem| problem.log.as_deref()) {
            print::error(&format!("{:9}     for the operator: {why}", ""));
        }
        print::error(&format!("{ms:9.1} ms  {} on {}: {status}", self.action, connection.name));
        print::line(&serde_json::to_string_pretty(&body).unwrap_or_default());
        exit
    }
}

fn choose<'a>(
    connections: &'a std::collections::BTreeMap<String, Arc<Connection>>,
    name: Option<&str>,
) -> Option<&'a Arc<Connection>> {
    match name {
        Some(name) => connections.get(name),
        None if connections.len() == 1 => connections.values().next(),
        None => None,
    }
}

/// A no is 1; what is broken says where to look.
fn exit_of(code: Code) -> Exit {
    match code {
        Code::StoreUnavailable | Code::StoreTimeout | Code::OutcomeUnknown | Code::Busy => Exit::Unavailable,
        Code::StoreMisconfigured | Code::ActionNotSupported => Exit::Config,
        Code::Internal => Exit::Bug,
        Code::MalformedRequest => Exit::Usage,
        _ => Exit::No,
    }
}
