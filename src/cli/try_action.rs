//! `try`: one action from the shell, explained. It runs the daemon's own code against the configured store, on the same
//! way as a request: through the wire dialect, the action, the connection and the adapter.

use super::local::{Local, block_on};
use super::{ConfigFile, Exit, print, story, terminal};
use crate::actions;
use crate::config::{Action, Loaded};
use crate::connections::Connection;
use crate::http::{Code, Problem};
use crate::platforms::native;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use idstore_contract::Secret;
use serde_json::{Map, Value, json};
use std::time::Instant;

/// Run one action from the shell and explain it: which row, which scheme, which mapping, how long
///
/// A password is asked for without echo, or read as one line of standard input where that is no terminal.
///
/// This is no rehearsal: create, verify, delete and the changes really write.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Try {
    /// What is asked
    #[arg(value_parser = action())]
    action: Action,
    /// The connection to ask; may be left out where there is only one
    #[arg(long, short, value_name = "NAME")]
    connection: Option<String>,
    #[command(flatten)]
    file: ConfigFile,
    #[command(flatten)]
    who: Who,
    /// The new e-mail address, user name or phone number of a change
    #[arg(long, value_name = "TEXT")]
    new: Option<String>,
    #[arg(long)]
    #[arg(help = "Say that the new address or number is proven; with change_password, the address on file")]
    verified: bool,
    #[arg(long, value_name = "NAME=TEXT", value_parser = assignment)]
    #[arg(help = "A further member of create, as in --set given_name=Ann; may stand several times")]
    set: Vec<(String, String)>,
    /// The organization: of the login, that a new account begins in, or that is joined or left
    #[arg(long, value_name = "ORGANIZATION")]
    organization: Option<String>,
    /// With create: an account without a password of the user's own
    #[arg(long)]
    invite: bool,
    /// Print the answer as one JSON object, without the explanation
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  idstore-proxy try login ann@example.com
  idstore-proxy try get_user --user-id 42
  idstore-proxy try create --email eve@example.com --set given_name=Eve
  idstore-proxy try change_email --user-id 42 --new ann@example.net --verified

It asks the store as the user who runs it. To be the daemon's user, with its credentials: README.md, step 4.

Exit codes: 0 done, 1 the answer is no, 64 usage, 69 the store does not answer, 70 a bug, 78 configuration.";

#[derive(Debug, clap::Args)]
struct Who {
    /// What the user types to sign in; for verify the e-mail address
    #[arg(value_name = "IDENTIFIER")]
    identifier: Option<String>,
    /// Name the user by e-mail address; with create, the address to have
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Name the user by user name; with create, the name to have
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Name the user by phone number; with create, the number to have
    #[arg(long, value_name = "NUMBER")]
    phone_number: Option<String>,
    /// Name the user by id, with the connection's prefix
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,
}

fn action() -> impl TypedValueParser<Value = Action> {
    PossibleValuesParser::new(Action::ALL.map(Action::as_str))
        .try_map(|name| Action::parse(&name).ok_or("there is no such action"))
}

fn assignment(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write it as NAME=TEXT".to_owned())
}

impl Try {
    pub(super) fn run(self) -> Exit {
        if let Some(why) = self.unfit() {
            print::error(why);
            return Exit::Usage;
        }
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
        let began = Instant::now();
        if !self.json {
            story::tell(began);
        }
        block_on(self.ask(loaded, password, began))
    }

    /// What of the command line can't be meant so; found before a password is asked for.
    fn unfit(&self) -> Option<&'static str> {
        let who = &self.who;
        let given = [&who.identifier, &who.email, &who.username, &who.phone_number, &who.user_id];
        let named = given.iter().filter(|given| given.is_some()).count();
        let changes_to =
            matches!(self.action, Action::ChangeEmail | Action::ChangeUsername | Action::ChangePhoneNumber);
        let of_organizations = matches!(
            self.action,
            Action::Login | Action::Create | Action::JoinOrganization | Action::LeaveOrganization
        );
        match self.action {
            Action::Create if who.identifier.is_some() || who.user_id.is_some() => Some(
                "create takes --email, --username and --phone-number: say which of them the new account has",
            ),
            Action::Create if named == 0 => {
                Some("create needs one of --email, --username and --phone-number")
            }
            Action::Login if who.identifier.is_none() || named > 1 => {
                Some("login takes what the user types: idstore-proxy try login IDENTIFIER")
            }
            Action::Verify if named != 1 || who.identifier.is_none() && who.email.is_none() => {
                Some("verify takes the e-mail address: idstore-proxy try verify ADDRESS")
            }
            _ if self.action != Action::Create && named != 1 => {
                Some("name the user once: IDENTIFIER, --email, --username, --phone-number or --user-id")
            }
            _ if changes_to && self.new.is_none() => Some("say with --new what it is changed to"),
            _ if !changes_to && self.new.is_some() => {
                Some("--new goes with change_email, change_username and change_phone_number")
            }
            _ if self.organization.is_some() && !of_organizations => {
                Some("--organization goes with login, create, join_organization and leave_organization")
            }
            _ if self.action != Action::Create && self.invite => Some("--invite goes with create"),
            _ if self.action != Action::Create && !self.set.is_empty() => Some("--set goes with create"),
            _ => None,
        }
    }

    fn ask_password(&self) -> std::io::Result<Option<Secret>> {
        match self.action {
            Action::Login => terminal::password("Password: ").map(Some),
            Action::Create if self.invite => Ok(None),
            Action::Create | Action::ChangePassword => terminal::password("New password: ").map(Some),
            _ => Ok(None),
        }
    }

    async fn ask(self, loaded: Loaded, password: Option<Secret>, began: Instant) -> Exit {
        let local = match Local::open(loaded, self.connection.as_deref(), "try") {
            Ok(local) => local,
            Err(exit) => return exit,
        };
        let connection = &local.connection;
        if !self.json {
            let (connection, store) = (&connection.name, connection.store.name());
            story::step(began, &format!("The connection {connection} asks the store {store}."));
        }
        let body = Value::Object(self.body(password.as_ref()));
        let answered = local.ask(self.action, &body).await;
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
        let typed = if self.action == Action::Verify { "email" } else { "identifier" };
        put(typed, self.who.identifier.as_deref());
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
        if self.invite {
            body.insert("invite".to_owned(), Value::Bool(true));
        }
        match (&self.organization, self.action) {
            // Both, for the connection matches by one of them.
            (Some(organization), Action::Login) => {
                let named = json!({ "id": organization, "name": organization });
                body.insert("context".to_owned(), json!({ "organization": named }));
            }
            (Some(organization), _) => {
                body.insert("organization".to_owned(), organization.as_str().into());
            }
            (None, _) => {}
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
            let ms = (ms * 10.0).round() / 10.0;
            print::line(&json!({ "status": status, "ms": ms, "body": body }).to_string());
            return exit;
        }
        let mut outcome = format!("{} on {} is answered with {status}", self.action, connection.name);
        if let Err(problem) = answered {
            outcome.extend([" ", problem.code.as_str(), ": ", problem.code.title()]);
            let why = problem.log.as_deref().map(|why| format!("\nFor the operator alone: {why}"));
            let advice = advice(problem.code).map(|advice| format!("\n{advice}"));
            outcome.extend([why, advice].into_iter().flatten());
        }
        story::step(began, &outcome);
        print::line(&serde_json::to_string_pretty(&body).unwrap_or_default());
        exit
    }
}

/// Where to look next, for answers that do not say it themselves.
const fn advice(code: Code) -> Option<&'static str> {
    match code {
        Code::ActionNotSupported => {
            Some("No statement of the store offers this; docs/statements.md says which one it takes.")
        }
        Code::RejectedByStore => Some(
            "No statement binds what was given, or the column's type or a constraint of the table refuses it.",
        ),
        Code::StoreAmbiguous => Some(
            "More than one row is the account under the connection's identifiers: the statement or the data \
             needs mending.",
        ),
        Code::UnusableStoredPassword => Some(
            "The command hash identify says which schemes the stored value may be of; they go into \
             passwords.accept.",
        ),
        Code::StoreUnavailable | Code::StoreTimeout | Code::StoreMisconfigured => {
            Some("The command check --connect looks at the store as a whole.")
        }
        _ => None,
    }
}

/// A no is 1; what is broken says where to look.
pub(super) fn exit_of(code: Code) -> Exit {
    match code {
        Code::StoreUnavailable | Code::StoreTimeout | Code::OutcomeUnknown | Code::Busy => Exit::Unavailable,
        Code::StoreMisconfigured | Code::ActionNotSupported => Exit::Config,
        Code::Internal => Exit::Bug,
        Code::MalformedRequest => Exit::Usage,
        _ => Exit::No,
    }
}
