//! From the files of `js/` to one function each: a fragment where a script says `@include`, its settings where one says
//! `@settings`.

use super::options::{Fail, Mode, Options, Organizations, Subject, VerifyReturns};
use super::{Answers, Messages};
use crate::config::Action;
use idstore_contract::Standing;
use serde_json::{Map, Value, json};

/// The texts that scripts share, by the name after `@include`.
const FRAGMENTS: [(&str, &str); 2] =
    [("exchange.js", include_str!("js/exchange.js")), ("outcome.js", include_str!("js/outcome.js"))];

/// Where the settings go.
const SETTINGS: &str = "/* @settings */ {}";

/// The error whose text Auth0 shows to somebody who signs in. Its documents disagree: where a login page shows nothing,
/// `ValidationError` in the script's settings is the other one.
const SHOW: &str = "UnauthorizedError";

/// A script of the connection.
pub(super) struct Script {
    /// Its key in `customScripts`, and its file's name.
    pub(super) action: Action,
    /// One function.
    pub(super) text: String,
}

/// The scripts of all actions that have one.
pub(super) fn scripts(subject: &Subject, options: &Options, answers: &Answers) -> Vec<Script> {
    Action::OF_PLATFORMS
        .into_iter()
        .filter(|action| options.writes(subject, *action))
        .filter_map(|action| {
            let settings = settings(subject, options, answers, action);
            Some(Script { action, text: assemble(of(action, options)?, &settings) })
        })
        .collect()
}

/// The post-login Action.
pub(super) fn post_login(subject: &Subject, options: &Options, answers: &Answers) -> String {
    let mut settings = base(subject, &options.messages, answers, Action::GetUser);
    settings.insert("auth0_connection".to_owned(), subject.connection.as_str().into());
    settings.insert("standings".to_owned(), standings());
    let fail = match options.fail.unwrap_or_default() {
        Fail::Open => "open",
        Fail::Closed => "closed",
    };
    settings.insert("fail".to_owned(), fail.into());
    let organizations = match subject.organizations {
        Organizations::Off => "off",
        Organizations::ById => "id",
        Organizations::ByName => "name",
    };
    settings.insert("organizations".to_owned(), organizations.into());
    assemble(include_str!("js/post_login.js"), &settings)
}

/// The text of a script; none for what Auth0 does not ask.
fn of(action: Action, options: &Options) -> Option<&'static str> {
    Some(match action {
        Action::Login if options.finish => include_str!("js/finish_login.js"),
        Action::Login => include_str!("js/login.js"),
        Action::GetUser if options.finish => include_str!("js/finish_get_user.js"),
        Action::GetUser => include_str!("js/get_user.js"),
        Action::Create => include_str!("js/create.js"),
        Action::Verify => include_str!("js/verify.js"),
        Action::ChangePassword => include_str!("js/change_password.js"),
        Action::ChangeEmail => include_str!("js/change_email.js"),
        Action::ChangeUsername => include_str!("js/change_username.js"),
        Action::ChangePhoneNumber => include_str!("js/change_phone_number.js"),
        Action::Delete if options.delete_auth0_only => include_str!("js/delete_auth0_only.js"),
        Action::Delete => include_str!("js/delete.js"),
        Action::JoinOrganization | Action::LeaveOrganization => return None,
    })
}

fn settings(subject: &Subject, options: &Options, answers: &Answers, action: Action) -> Map<String, Value> {
    let mut settings = base(subject, &options.messages, answers, action);
    let mut put = |name: &str, value: Value| drop(settings.insert(name.to_owned(), value));
    match action {
        Action::Login => {
            // Without the grace, the second try of a login that has marked the account would find nobody.
            put("repeat", (subject.mode != Mode::Import { grace: false }).into());
            put("metadata_key", options.metadata_key.as_str().into());
            put("show", SHOW.into());
        }
        Action::GetUser => {
            put("show", SHOW.into());
            put("metadata_key", options.metadata_key.as_str().into());
            put("standings", standings());
        }
        Action::Create => {
            put("metadata_key", options.metadata_key.as_str().into());
            put("passkeys", options.passkeys.into());
        }
        Action::Verify => {
            let returns = match options.verify_returns.unwrap_or_default() {
                VerifyReturns::Profile => "profile",
                VerifyReturns::True => "true",
            };
            put("verify_returns", returns.into());
        }
        Action::ChangePassword => put("reset_verifies_email", options.reset_verifies_email.into()),
        Action::ChangeEmail
        | Action::ChangeUsername
        | Action::ChangePhoneNumber
        | Action::Delete
        | Action::JoinOrganization
        | Action::LeaveOrganization => {}
    }
    settings
}

/// What every script is told.
fn base(subject: &Subject, messages: &Messages, answers: &Answers, action: Action) -> Map<String, Value> {
    let Value::Object(settings) = json!({
        "connection": subject.connection,
        "attempt_ms": u64::try_from(subject.attempt().as_millis()).unwrap_or(u64::MAX),
        "repeat": true,
        "answers": answers.words(action),
        "messages": messages.all(),
    }) else {
        return Map::new();
    };
    settings
}

/// The text for each standing that bars from signing in.
fn standings() -> Value {
    let texts = [
        (Standing::Blocked, "blocked"),
        (Standing::Locked, "locked"),
        (Standing::Restricted, "restricted"),
        (Standing::PasswordExpired, "password_expired"),
    ];
    texts
        .into_iter()
        .map(|(standing, key)| (standing.as_str().to_owned(), Value::from(key)))
        .collect::<Map<_, _>>()
        .into()
}

fn assemble(script: &str, settings: &Map<String, Value>) -> String {
    let mut out = String::new();
    for line in script.lines() {
        let indent = line.get(..line.len().saturating_sub(line.trim_start().len())).unwrap_or_default();
        let fragment = line
            .trim()
            .strip_prefix("// @include ")
            .and_then(|wanted| FRAGMENTS.into_iter().find(|(name, _)| *name == wanted));
        match fragment {
            Some((_, text)) => text.lines().for_each(|line| push(&mut out, indent, line)),
            None => push(&mut out, "", line),
        }
    }
    let written = serde_json::to_string_pretty(settings).unwrap_or_default().replace('\n', "\n  ");
    out.replace(SETTINGS, &written)
}

fn push(out: &mut String, indent: &str, line: &str) {
    if !line.is_empty() {
        out.push_str(indent);
    }
    out.push_str(line);
    out.push('\n');
}
