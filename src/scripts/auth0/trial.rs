//! The scripts' requests, sent from the shell before anybody signs in, and what Auth0 would have been told.
//!
//! Nothing is changed: everything is asked about somebody who does not exist, and the sign-up has an empty password,
//! which the daemon refuses before it asks the store. Each request is sent once.

use super::exchange::{Reply, post};
use super::{Answers, BaseUrl, Messages, Subject, Verdict};
use crate::config::Action;
use idstore_contract::Secret;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A trial of a deployed daemon.
pub struct Trial<'a> {
    /// Where it is reached.
    pub url: &'a BaseUrl,
    /// The caller's token.
    pub token: &'a Secret,
    /// The connection.
    pub subject: &'a Subject,
    /// The prefix of its user ids.
    pub prefix: Option<&'a str>,
    /// A word that is in nobody's name.
    pub word: &'a str,
    /// What the scripts do with refusals.
    pub answers: &'a Answers,
    /// The texts.
    pub messages: &'a Messages,
}

/// One request of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The script whose request it was.
    pub action: Action,
    /// What was asked, in a few words.
    pub about: &'static str,
    /// What Auth0 would have been told.
    pub seen: String,
    /// What that is not explained by.
    pub why: Option<String>,
    /// Whether a daemon that is deployed right answers so.
    pub as_expected: bool,
    /// How long it took.
    pub took: Duration,
}

impl Trial<'_> {
    /// Sends the request of each action that the connection offers.
    pub async fn run(&self) -> Vec<Tried> {
        let mut tried = Vec::new();
        for action in Action::OF_PLATFORMS.into_iter().filter(|action| self.subject.offers.contains(action)) {
            let began = Instant::now();
            let path = format!("/v1/{}/{action}", self.subject.connection);
            let Some((about, body, expected)) = self.request(action) else { continue };
            let replied = post(self.url, &path, self.token, &body, self.subject.attempt()).await;
            let (code, seen, why) = match &replied {
                Ok(reply) => self.seen(action, reply),
                Err(why) => {
                    ("no_answer".to_owned(), error(self.messages, None, "no_answer"), Some(why.clone()))
                }
            };
            let as_expected = code == expected;
            let why = why.filter(|_| !as_expected);
            tried.push(Tried { action, about, seen, why, as_expected, took: began.elapsed() });
        }
        tried
    }

    /// What is asked, the body, and the code of the right answer; nothing for what Auth0 does not ask.
    fn request(&self, action: Action) -> Option<(&'static str, Value, &'static str)> {
        let name = format!("idstore-trial-{}@example.invalid", self.word);
        let other = format!("idstore-trial-{}-2@example.invalid", self.word);
        let nobody = "somebody who does not exist";
        Some(match action {
            Action::Login => {
                (nobody, json!({ "identifier": name, "password": self.word }), "invalid_credentials")
            }
            Action::GetUser => (nobody, json!({ "identifier": name }), "user_not_found"),
            Action::Create => {
                ("an empty password", json!({ "email": name, "password": "" }), "invalid_password")
            }
            Action::Verify => (nobody, json!({ "email": name }), "user_not_found"),
            Action::ChangePassword => (
                nobody,
                json!({ "identifier": name, "new_password": format!("Trial-{}", self.word) }),
                "user_not_found",
            ),
            Action::ChangeEmail => {
                (nobody, json!({ "email": name, "new_email": other, "verified": false }), "user_not_found")
            }
            Action::ChangeUsername => {
                (nobody, json!({ "identifier": name, "new_username": "idstore-trial" }), "user_not_found")
            }
            Action::ChangePhoneNumber => (
                nobody,
                json!({ "identifier": name, "new_phone_number": "+15550100", "verified": false }),
                "user_not_found",
            ),
            Action::Delete => {
                let key = format!("idstore-trial-{}", self.word);
                let id = self.prefix.map_or_else(|| key.clone(), |prefix| format!("{prefix}|{key}"));
                (nobody, json!({ "user_id": id }), "ok")
            }
            Action::JoinOrganization | Action::LeaveOrganization => return None,
        })
    }

    /// The code, what the script would have called back with, and what an operator wants to know beside it.
    fn seen(&self, action: Action, reply: &Reply) -> (String, String, Option<String>) {
        let member = |name: &str| reply.json.as_ref().and_then(|document| document.get(name));
        let text = |name: &str| member(name).and_then(Value::as_str).map(str::to_owned);
        if (200..300).contains(&reply.status) && reply.media_type == "application/json" {
            return match (action, member("deleted").and_then(Value::as_bool)) {
                (Action::Delete, Some(_)) => ("ok".to_owned(), "callback(null)".to_owned(), None),
                _ => ("not_expected".to_owned(), "a user who does not exist".to_owned(), None),
            };
        }
        let code = text("code").filter(|_| reply.media_type == "application/problem+json");
        let Some((code, verdict)) = code.and_then(|code| {
            let verdict = self.answers.verdict(action, &code)?;
            Some((code, verdict))
        }) else {
            let why = format!(
                "status {} of type {:?}: not the daemon's answer, but one of something in between",
                reply.status, reply.media_type
            );
            return ("not_understood".to_owned(), error(self.messages, None, "not_understood"), Some(why));
        };
        let user_id = member("user_id").map(Value::to_string);
        let seen = self.told(verdict, &code, reply, user_id, text("detail").as_deref());
        (code, seen, text("title"))
    }

    fn told(
        &self,
        verdict: &Verdict,
        code: &str,
        reply: &Reply,
        user_id: Option<String>,
        detail: Option<&str>,
    ) -> String {
        let minutes = reply.retry_after.unwrap_or(60).div_ceil(60).max(1).to_string();
        let text = |key: &str| match self.messages.get(key) {
            "" => detail.unwrap_or_else(|| self.messages.get("unavailable")).to_owned(),
            text => text.replace("{minutes}", &minutes),
        };
        match verdict {
            Verdict::Wrong => {
                let who = user_id.unwrap_or_else(|| "what was typed".to_owned());
                format!("callback(new WrongUsernameOrPasswordError({who}))")
            }
            Verdict::Show(key) => format!("callback(new UnauthorizedError({:?}))", text(key)),
            Verdict::Reject(code, key) => format!("callback(new ValidationError({code:?}, {:?}))", text(key)),
            Verdict::Exists => "callback(new ValidationError(\"user_exists\"))".to_owned(),
            Verdict::Nobody => "callback(null)".to_owned(),
            Verdict::Unchanged => "callback(null, false)".to_owned(),
            Verdict::Error(Some(key)) => error(self.messages, Some(&text(key)), code),
            Verdict::Again | Verdict::Look | Verdict::Repeat | Verdict::Error(None) => {
                error(self.messages, None, code)
            }
        }
    }
}

fn error(messages: &Messages, text: Option<&str>, code: &str) -> String {
    format!(
        "callback(new Error(\"{} ({code}, ref …)\"))",
        text.unwrap_or_else(|| messages.get("unavailable"))
    )
}
