//! The daemon's own wire: JSON objects, as the platform's action scripts send and read them.

use super::{Malformed, json};
use crate::actions::{
    Answer, ChangeEmail, ChangePassword, ChangePhoneNumber, ChangeUsername, Context, Create, Delete, GetUser,
    JoinOrganization, LeaveOrganization, Login, NamedOrganization, Request, User, Verify, Wanted,
};
use crate::config::Action;
use idstore_contract::{IdentifierKind, Metadata, Profile, Secret};
use serde_json::{Map, Value, json};

/// The request in a body, and what it claims of its origin. Members that are not known are ignored: platforms add their
/// own.
pub fn decode(action: Action, body: &[u8]) -> Result<(Request, Context), Malformed> {
    let members = Members(json::object(body)?);
    let context = members.context()?;
    Ok((request(action, &members)?, context))
}

fn request(action: Action, members: &Members) -> Result<Request, Malformed> {
    Ok(match action {
        Action::Login => Request::Login(Login {
            identifier: members.needed("identifier")?,
            password: members.needed_secret("password")?,
        }),
        Action::GetUser => Request::GetUser(GetUser { wanted: members.wanted()? }),
        Action::Create => Request::Create(Box::new(Create {
            profile: members.profile()?,
            password: members.password_or_invite()?,
            organization: members.text("organization")?,
        })),
        Action::Verify => Request::Verify(Verify { email: members.needed("email")? }),
        Action::ChangePassword => Request::ChangePassword(ChangePassword {
            wanted: members.wanted()?,
            new_password: members.needed_secret("new_password")?,
            email_verified: members.flag("email_verified")?.unwrap_or(false),
        }),
        Action::ChangeEmail => Request::ChangeEmail(ChangeEmail {
            wanted: members.wanted()?,
            new_email: members.needed("new_email")?,
            verified: members.flag("verified")?.unwrap_or(false),
        }),
        Action::ChangeUsername => Request::ChangeUsername(ChangeUsername {
            wanted: members.wanted()?,
            new_username: members.needed("new_username")?,
        }),
        Action::ChangePhoneNumber => Request::ChangePhoneNumber(ChangePhoneNumber {
            wanted: members.wanted()?,
            new_phone_number: members.needed("new_phone_number")?,
            verified: members.flag("verified")?.unwrap_or(false),
        }),
        Action::Delete => Request::Delete(Delete { wanted: members.wanted()? }),
        Action::JoinOrganization => Request::JoinOrganization(JoinOrganization {
            wanted: members.wanted()?,
            organization: members.text("organization")?,
        }),
        Action::LeaveOrganization => Request::LeaveOrganization(LeaveOrganization {
            wanted: members.wanted()?,
            organization: members.text("organization")?,
        }),
    })
}

/// The status and the body of an answer.
pub fn encode(answer: &Answer) -> (u16, Value) {
    match answer {
        Answer::User(user) => (200, Value::Object(about(user))),
        Answer::Created(user) => (201, Value::Object(about(user))),
        Answer::Verified(user) => {
            let mut members = about(user);
            members.insert("email_verified".to_owned(), Value::Bool(true));
            (200, Value::Object(members))
        }
        Answer::PasswordChanged(user, at) => {
            let mut members = about(user);
            members.insert("changed_at".to_owned(), Value::String(at.to_string()));
            (200, Value::Object(members))
        }
        Answer::Deleted(deleted) => (200, json!({ "deleted": deleted })),
    }
}

fn about(user: &User) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("user".to_owned(), Value::Object(profile(user)));
    members.insert("standing".to_owned(), user.standing.as_str().into());
    members
}

/// The profile: what the store does not have is left out, never null.
fn profile(user: &User) -> Map<String, Value> {
    let mut members = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };
    let text = |text: &Option<String>| text.clone().map(Value::String);
    let metadata = |metadata: &Metadata| (!metadata.is_empty()).then(|| Value::Object(metadata.clone()));
    let profile = &user.profile;
    put("user_id", Some(Value::String(user.user_id.clone())));
    put("email", text(&profile.email));
    put("email_verified", profile.email_verified.map(Value::Bool));
    put("username", text(&profile.username));
    put("phone_number", text(&profile.phone_number));
    put("phone_verified", profile.phone_verified.map(Value::Bool));
    put("name", text(&profile.name));
    put("given_name", text(&profile.given_name));
    put("family_name", text(&profile.family_name));
    put("nickname", text(&profile.nickname));
    put("picture", text(&profile.picture));
    put("created_at", profile.created_at.map(|at| Value::String(at.to_string())));
    put("user_metadata", metadata(&profile.user_metadata));
    put("app_metadata", metadata(&profile.app_metadata));
    members
}

/// An organization as the context names it; the types of its members are checked already.
fn named(organization: &Map<String, Value>) -> NamedOrganization {
    let text = |name: &str| organization.get(name).and_then(Value::as_str).map(str::to_owned);
    NamedOrganization { id: text("id"), name: text("name") }
}

/// The members of a body, each taken as the type that it must have.
struct Members(Map<String, Value>);

impl Members {
    /// A text, where the member is there. Null is no text.
    fn text(&self, name: &str) -> Result<Option<String>, Malformed> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Malformed::at(format!("/{name}"), "it must be a string")),
        }
    }

    fn needed(&self, name: &str) -> Result<String, Malformed> {
        self.text(name)?.ok_or_else(|| Malformed::at(format!("/{name}"), "it is missing"))
    }

    fn needed_secret(&self, name: &str) -> Result<Secret, Malformed> {
        self.needed(name).map(Secret::from)
    }

    /// The password of a new account, or none where it is an invited one.
    fn password_or_invite(&self) -> Result<Option<Secret>, Malformed> {
        match (self.text("password")?, self.flag("invite")?.unwrap_or(false)) {
            (Some(_), true) => {
                Err(Malformed::at("/invite", "an invited account has no password yet; send one or the other"))
            }
            (None, false) => {
                Err(Malformed::at("/password", "it is missing; an invited account says so with invite"))
            }
            (password, _) => Ok(password.map(Secret::from)),
        }
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Malformed> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Malformed::at(format!("/{name}"), "it must be true or false")),
        }
    }

    fn object(&self, name: &str) -> Result<Metadata, Malformed> {
        match self.0.get(name) {
            None => Ok(Metadata::new()),
            Some(Value::Object(object)) => Ok(object.clone()),
            Some(_) => Err(Malformed::at(format!("/{name}"), "it must be an object")),
        }
    }

    /// Exactly one of the members by which somebody is named.
    fn wanted(&self) -> Result<Wanted, Malformed> {
        let mut found = None;
        let named = IdentifierKind::ALL.map(IdentifierKind::as_str);
        for name in ["identifier", "user_id"].into_iter().chain(named) {
            let Some(text) = self.text(name)? else { continue };
            if found.replace((name, text)).is_some() {
                return Err(Malformed::at("", "two members name a user; only one can"));
            }
        }
        let (name, text) = found.ok_or_else(|| {
            Malformed::at("", "one of identifier, email, username, phone_number and user_id is needed")
        })?;
        Ok(match (name, IdentifierKind::ALL.into_iter().find(|kind| kind.as_str() == name)) {
            (_, Some(kind)) => Wanted::Named(kind, text),
            ("user_id", None) => Wanted::UserId(text),
            (_, None) => Wanted::Identifier(text),
        })
    }

    fn profile(&self) -> Result<Profile, Malformed> {
        Ok(Profile {
            email: self.text("email")?,
            email_verified: self.flag("email_verified")?,
            username: self.text("username")?,
            phone_number: self.text("phone_number")?,
            phone_verified: self.flag("phone_verified")?,
            name: self.text("name")?,
            given_name: self.text("given_name")?,
            family_name: self.text("family_name")?,
            nickname: self.text("nickname")?,
            picture: self.text("picture")?,
            created_at: None,
            user_metadata: self.object("user_metadata")?,
            app_metadata: self.object("app_metadata")?,
        })
    }

    /// What the caller claims of the request's origin. What nothing is done with yet has a form all the same, so that no
    /// caller comes to rely on a wrong one.
    fn context(&self) -> Result<Context, Malformed> {
        let context = match self.0.get("context") {
            None => return Ok(Context::default()),
            Some(Value::Object(context)) => context,
            Some(_) => return Err(Malformed::at("/context", "it must be an object")),
        };
        for name in ["ip", "user_agent", "client_id"] {
            if context.get(name).is_some_and(|value| !value.is_string()) {
                return Err(Malformed::at(format!("/context/{name}"), "it must be a string"));
            }
        }
        match context.get("organization") {
            None => Ok(Context::default()),
            Some(Value::Object(organization)) => {
                match organization.iter().find(|(name, value)| match name.as_str() {
                    "id" | "name" => !value.is_string(),
                    "metadata" => !value.is_object(),
                    _ => false,
                }) {
                    Some((name, _)) => {
                        Err(Malformed::at(format!("/context/organization/{name}"), "it has the wrong type"))
                    }
                    None => Ok(Context { organization: Some(named(organization)) }),
                }
            }
            Some(_) => Err(Malformed::at("/context/organization", "it must be an object")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each action with the smallest body that it takes.
    const BODIES: [(Action, &str); 11] = [
        (Action::Login, r#"{"identifier": "a", "password": "p"}"#),
        (Action::GetUser, r#"{"user_id": "1"}"#),
        (Action::Create, r#"{"email": "a@b", "password": "p"}"#),
        (Action::Verify, r#"{"email": "a@b"}"#),
        (Action::ChangePassword, r#"{"email": "a@b", "new_password": "p"}"#),
        (Action::ChangeEmail, r#"{"user_id": "1", "new_email": "a@b"}"#),
        (Action::ChangeUsername, r#"{"user_id": "1", "new_username": "a"}"#),
        (Action::ChangePhoneNumber, r#"{"user_id": "1", "new_phone_number": "+49"}"#),
        (Action::Delete, r#"{"user_id": "1"}"#),
        (Action::JoinOrganization, r#"{"user_id": "1"}"#),
        (Action::LeaveOrganization, r#"{"user_id": "1"}"#),
    ];

    #[test]
    fn each_action_takes_its_smallest_body_and_ignores_what_it_does_not_know() {
        for (action, body) in BODIES {
            assert!(decode(action, body.as_bytes()).is_ok(), "{action}");
            let mut more: Map<String, Value> = serde_json::from_str(body).unwrap();
            more.insert("tenant".to_owned(), json!({"anything": [1, null]}));
            assert!(decode(action, Value::Object(more).to_string().as_bytes()).is_ok(), "{action}");
        }
    }

    #[test]
    fn every_member_of_a_wrong_type_is_refused_at_its_place() {
        for (action, body) in BODIES {
            let members: Map<String, Value> = serde_json::from_str(body).unwrap();
            for name in members.keys() {
                for wrong in [json!(0), json!(1.5), json!(true), json!(null), json!(["a"]), json!({"a": "b"})]
                {
                    let mut changed = members.clone();
                    changed.insert(name.clone(), wrong.clone());
                    let error = decode(action, Value::Object(changed).to_string().as_bytes()).unwrap_err();
                    assert_eq!(error.pointer, format!("/{name}"), "{action} {wrong}");
                }
            }
        }
    }

    #[test]
    fn every_member_that_is_needed_is_missed() {
        for (action, body) in BODIES {
            let members: Map<String, Value> = serde_json::from_str(body).unwrap();
            for name in members.keys().filter(|name| action != Action::Create || *name == "password") {
                let mut fewer = members.clone();
                fewer.shift_remove(name);
                assert!(
                    decode(action, Value::Object(fewer).to_string().as_bytes()).is_err(),
                    "{action} without {name}"
                );
            }
        }
    }

    #[test]
    fn two_members_that_name_a_user_are_refused() {
        let error = decode(Action::GetUser, br#"{"user_id": "1", "email": "a@b"}"#).unwrap_err();
        assert_eq!(error.detail, "two members name a user; only one can");
    }

    #[test]
    fn the_context_has_a_form() {
        for context in ["1", r#"{"ip": 1}"#, r#"{"organization": "acme"}"#, r#"{"organization": {"id": 7}}"#]
        {
            let body = format!(r#"{{"user_id": "1", "context": {context}}}"#);
            assert!(
                decode(Action::GetUser, body.as_bytes()).unwrap_err().pointer.starts_with("/context"),
                "{context}"
            );
        }
        let body = br#"{"user_id": "1", "context": {"ip": "::1", "organization": {"id": "o", "metadata": {}}, "x": 1}}"#;
        assert!(decode(Action::GetUser, body).is_ok());
    }
}
