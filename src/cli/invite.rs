//! `invite`: an account whose user still chooses a password, and the request that makes the platform ask for one.

use super::local::{Local, block_on};
use super::try_action::exit_of;
use super::{ConfigFile, Exit, print};
use crate::actions::Answer;
use crate::config::{Action, Loaded, OrganizationMatch, OrganizationRule};
use crate::http::{Code, Problem};
use serde_json::{Map, Value, json};

/// Make an account for somebody who chooses the password later, and print the request that asks for one
///
/// The account gets a random password that nobody learns. With --auth0, the request is printed that makes Auth0 send the
/// mail in which the user sets a password.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Invite {
    /// The e-mail address of the new account
    #[arg(value_name = "EMAIL")]
    email: String,
    /// The connection; may be left out where there is only one
    #[arg(long, short, value_name = "NAME")]
    connection: Option<String>,
    #[command(flatten)]
    file: ConfigFile,
    /// The key of the organization that the account begins in
    #[arg(long, value_name = "ORGANIZATION")]
    organization: Option<String>,
    /// The Auth0 tenant's domain, for the request that sends the mail
    #[arg(long, value_name = "DOMAIN", requires = "client_id", value_parser = domain)]
    auth0: Option<String>,
    /// The application that the mail leads to
    #[arg(long, value_name = "ID", requires = "auth0")]
    client_id: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  idstore-proxy invite eve@example.com
  idstore-proxy invite eve@example.com --organization acme --auth0 acme.eu.auth0.com --client-id 7Xq2…

Exit codes: 0 done, 1 there is such an account already or the store refuses it, 64 usage, 69 the store does not answer,
78 configuration.";

fn domain(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if !text.is_empty() && text.contains('.') && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("write the host alone, as in acme.eu.auth0.com".to_owned())
    }
}

impl Invite {
    pub(super) fn run(self) -> Exit {
        match self.file.load() {
            Ok(loaded) => block_on(self.invite(loaded)),
            Err(exit) => exit,
        }
    }

    async fn invite(self, loaded: Loaded) -> Exit {
        let local = match Local::open(loaded, self.connection.as_deref(), "invite") {
            Ok(local) => local,
            Err(exit) => return exit,
        };
        let mut body = json!({ "email": self.email, "invite": true });
        if let (Value::Object(members), Some(organization)) = (&mut body, &self.organization) {
            members.insert("organization".to_owned(), organization.as_str().into());
        }
        match local.ask(Action::Create, &body).await {
            Ok(Answer::Created(user)) => {
                let request = self.request(&local);
                if self.json {
                    let mut told = json!({ "user_id": user.user_id, "email": self.email });
                    if let (Value::Object(members), Some((url, body))) = (&mut told, request) {
                        members.insert("request".to_owned(), json!({ "url": url, "body": body }));
                    }
                    print::line(&told.to_string());
                } else {
                    print::error(&format!("The account is made: {}", user.user_id));
                    match request {
                        Some((url, body)) => print::line(&pasteable(&url, &body)),
                        None => print::error(
                            "Its user has no password yet; let the platform send the mail that sets one \
                             (--auth0 and --client-id print Auth0's request).",
                        ),
                    }
                }
                Exit::Ok
            }
            Ok(_) => Exit::Bug,
            Err(problem) => {
                print::error(&self.refused(&problem));
                exit_of(problem.code)
            }
        }
    }

    /// Auth0's request for the mail in which a user sets a password: its address and its body.
    fn request(&self, local: &Local) -> Option<(String, Map<String, Value>)> {
        let (domain, client) = (self.auth0.as_ref()?, self.client_id.as_ref()?);
        let mut body = Map::new();
        body.insert("client_id".to_owned(), client.as_str().into());
        body.insert("email".to_owned(), self.email.as_str().into());
        body.insert("connection".to_owned(), Value::String(local.connection.name.to_string()));
        // Auth0 takes its own id of the organization, which is the store's key where they are matched by id.
        let gate = local.connection.organization;
        if let Some(organization) = &self.organization
            && gate.rule != OrganizationRule::Off
            && gate.by == OrganizationMatch::Id
        {
            body.insert("organization".to_owned(), organization.as_str().into());
        }
        Some((format!("https://{domain}/dbconnections/change_password"), body))
    }

    fn refused(&self, problem: &Problem) -> String {
        let title = problem.code.title();
        let why =
            problem.log.as_deref().map(|why| format!("\nFor the operator alone: {why}")).unwrap_or_default();
        match problem.code {
            Code::UserExists => format!(
                "{title}: nothing was changed. idstore-proxy try join_organization {} --organization KEY makes the \
                 account a member of an organization.",
                self.email
            ),
            Code::RejectedByStore if self.organization.is_some() => format!(
                "{title}: does the statement create bind :organization, and is there such an organization?{why}"
            ),
            _ => format!("{title}{why}"),
        }
    }
}

/// A line for a shell.
fn pasteable(url: &str, body: &Map<String, Value>) -> String {
    let body = Value::Object(body.clone()).to_string().replace('\'', r"'\''");
    format!("curl --fail-with-body -X POST '{url}' -H 'content-type: application/json' -d '{body}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_an_address_ends_no_argument() {
        let mut body = Map::new();
        body.insert("email".to_owned(), "o'brien@example.test".into());
        let line = pasteable("https://a.auth0.com/x", &body);
        assert!(line.ends_with(r#"-d '{"email":"o'\''brien@example.test"}'"#), "{line}");
    }

    #[test]
    fn a_domain_is_a_host_alone() {
        assert!(domain("acme.eu.auth0.com").is_ok());
        for refused in ["", "https://acme.auth0.com", "acme", "a.b/c", "a.b'"] {
            assert!(domain(refused).is_err(), "{refused}");
        }
    }
}
