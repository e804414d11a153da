//! What a platform lets a profile hold. A value that it would refuse is cut, mended or left out, and counted by field and
//! reason: never a failed login.
//!
//! Auth0's ranges: lengths and forms of its user profile, key names of its metadata, 10 KB for the whole.

use super::Connection;
use super::identifiers::e164;
use crate::config::Platform;
use crate::telemetry::{AdjustedLabels, Label};
use idstore_contract::{Metadata, Profile};
use serde_json::Value;

/// The longest `name`, `given_name` and `family_name`, in characters.
const NAME_CHARS_MAX: usize = 150;
/// The longest `nickname`, in characters.
const NICKNAME_CHARS_MAX: usize = 350;
/// The longest user name, in characters.
const USERNAME_CHARS_MAX: usize = 128;
/// The longest address, in bytes, and the longest part before its `@`.
const EMAIL_BYTES_MAX: usize = 254;
const EMAIL_LOCAL_BYTES_MAX: usize = 64;
/// The longest address of a picture, in bytes: what servers take in a request line.
const PICTURE_BYTES_MAX: usize = 2048;
/// The whole profile, in bytes of JSON: Auth0's 10 KB, less what it adds by itself.
const PROFILE_BYTES_MAX: usize = 10_000;
/// The names of all members, the flags, the time and a `user_id`, in bytes.
const AROUND: usize = 512;
/// The lists of `app_metadata` that are cut when the whole is too large, in this order.
const CUT: [&str; 2] = ["groups", "roles"];
/// Says beside a list that it was cut.
const TRUNCATED: &str = "truncated";
/// Top-level keys that Auth0 keeps for itself in `app_metadata`.
const FORBIDDEN: [&str; 18] = [
    "__tenant",
    "_id",
    "blocked",
    "clientID",
    "created_at",
    "email",
    "email_verified",
    "globalClientID",
    "global_client_id",
    "identities",
    "lastIP",
    "lastLogin",
    "loginsCount",
    "metadata",
    "multifactor",
    "multifactor_last_modified",
    "updated_at",
    "user_id",
];

impl Connection {
    /// The profile as the connection's platform takes it.
    pub fn fit(&self, profile: &mut Profile) {
        match self.platform {
            None => {}
            Some(Platform::Auth0) => {
                for adjusted in auth0(profile) {
                    let Adjusted { field, reason } = adjusted;
                    tracing::debug!(field, reason, "a value of the profile was adjusted for the platform");
                    let connection = Label(self.name.clone());
                    let labels = AdjustedLabels { connection, field, reason };
                    self.profile_adjusted.get_or_create(&labels).inc();
                }
            }
        }
    }
}

/// One value that was not told as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Adjusted {
    field: &'static str,
    /// `too_long`, `malformed`, `spelling`, `forbidden_key`, `too_large`.
    reason: &'static str,
}

fn auth0(profile: &mut Profile) -> Vec<Adjusted> {
    let mut adjusted = Vec::new();
    let mut note = |field, reason: Option<&'static str>| {
        adjusted.extend(reason.map(|reason| Adjusted { field, reason }));
    };
    note("email", email(profile));
    note("username", dropped(&mut profile.username, "too_long", |text| chars(text) <= USERNAME_CHARS_MAX));
    note("phone_number", phone_number(profile));
    note("name", shortened(&mut profile.name, NAME_CHARS_MAX));
    note("given_name", shortened(&mut profile.given_name, NAME_CHARS_MAX));
    note("family_name", shortened(&mut profile.family_name, NAME_CHARS_MAX));
    note("nickname", shortened(&mut profile.nickname, NICKNAME_CHARS_MAX));
    note("picture", dropped(&mut profile.picture, "malformed", is_web_address));
    note("user_metadata", keys(&mut profile.user_metadata, &[]));
    note("app_metadata", keys(&mut profile.app_metadata, &FORBIDDEN));
    for field in cut(profile) {
        note(field, Some("too_large"));
    }
    adjusted
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

fn email(profile: &mut Profile) -> Option<&'static str> {
    let is_address = |text: &str| {
        text.rsplit_once('@').is_some_and(|(local, domain)| {
            (1..=EMAIL_LOCAL_BYTES_MAX).contains(&local.len()) && !domain.is_empty()
        }) && text.len() <= EMAIL_BYTES_MAX
    };
    let reason = dropped(&mut profile.email, "malformed", is_address);
    if reason.is_some() {
        profile.email_verified = None;
    }
    reason
}

fn phone_number(profile: &mut Profile) -> Option<&'static str> {
    let stored = profile.phone_number.as_deref()?;
    match e164(stored) {
        Some(number) if number == stored => None,
        Some(number) => {
            profile.phone_number = Some(number);
            Some("spelling")
        }
        None => {
            (profile.phone_number, profile.phone_verified) = (None, None);
            Some("malformed")
        }
    }
}

fn is_web_address(text: &str) -> bool {
    let uri: Option<hyper::Uri> = text.parse().ok();
    text.len() <= PICTURE_BYTES_MAX
        && uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
        })
}

fn dropped(
    value: &mut Option<String>,
    reason: &'static str,
    is_right: impl Fn(&str) -> bool,
) -> Option<&'static str> {
    value.take_if(|text| !is_right(text)).map(|_| reason)
}

fn shortened(value: &mut Option<String>, chars_max: usize) -> Option<&'static str> {
    let text = value.as_mut().filter(|text| chars(text) > chars_max)?;
    *text = text.chars().take(chars_max).collect();
    Some("too_long")
}

/// Takes out the keys that the platform would refuse, at any depth.
fn keys(metadata: &mut Metadata, forbidden: &[&str]) -> Option<&'static str> {
    let mut found = false;
    metadata.retain(|key, _| {
        let allowed = !forbidden.contains(&key.as_str());
        found |= !allowed;
        allowed
    });
    found |= take_out_punctuated(metadata);
    found.then_some("forbidden_key")
}

/// Keys with a dot or a dollar sign. Values of a store nest as deep as its JSON reader lets them.
fn take_out_punctuated(object: &mut Metadata) -> bool {
    let before = object.len();
    object.retain(|key, _| !key.contains(['.', '$']));
    let found = object.len() < before;
    object.values_mut().fold(found, |found, value| found | below(value))
}

fn below(value: &mut Value) -> bool {
    match value {
        Value::Object(object) => take_out_punctuated(object),
        Value::Array(items) => items.iter_mut().fold(false, |found, item| found | below(item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Cuts lists at a whole element until the profile is small enough, and says which ones.
fn cut(profile: &mut Profile) -> Vec<&'static str> {
    let mut excess = size(profile).saturating_sub(PROFILE_BYTES_MAX);
    if excess == 0 {
        return Vec::new();
    }
    let mark = json_size(&Value::from(TRUNCATED)).saturating_add(":true,".len());
    excess = excess.saturating_add(mark);
    let mut cut = Vec::new();
    for field in CUT {
        let Some(Value::Array(items)) = profile.app_metadata.get_mut(field) else { continue };
        if excess == 0 || items.is_empty() {
            continue;
        }
        while excess > 0
            && let Some(item) = items.pop()
        {
            excess = excess.saturating_sub(json_size(&item).saturating_add(1));
        }
        cut.push(field);
    }
    if !cut.is_empty() {
        profile.app_metadata.insert(TRUNCATED.to_owned(), Value::Bool(true));
    }
    if excess > 0 {
        cut.push("profile");
    }
    cut
}

/// About the bytes of the profile as JSON: names, quotes and commas counted generously.
fn size(profile: &Profile) -> usize {
    let texts = [
        &profile.email,
        &profile.username,
        &profile.phone_number,
        &profile.name,
        &profile.given_name,
        &profile.family_name,
        &profile.nickname,
        &profile.picture,
    ];
    let texts = texts.into_iter().flatten().map(|text| json_size(&Value::from(text.as_str())));
    let objects = [&profile.user_metadata, &profile.app_metadata];
    let objects =
        objects.into_iter().map(|object| serde_json::to_string(object).map_or(0, |text| text.len()));
    texts.chain(objects).fold(AROUND, usize::saturating_add)
}

fn json_size(value: &Value) -> usize {
    value.to_string().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn object(value: Value) -> Metadata {
        let Value::Object(object) = value else { panic!("no object") };
        object
    }

    fn reasons(profile: &mut Profile) -> Vec<(&'static str, &'static str)> {
        auth0(profile).into_iter().map(|one| (one.field, one.reason)).collect()
    }

    #[test]
    fn what_is_in_range_is_told_as_stored() {
        let mut profile = Profile {
            email: Some("Ann@Example.test".into()),
            email_verified: Some(true),
            username: Some("ann".into()),
            phone_number: Some("+4930123456".into()),
            name: Some("n".repeat(150)),
            nickname: Some("ü".repeat(350)),
            picture: Some("https://example.test/ann.png".into()),
            user_metadata: object(json!({ "theme": "dark" })),
            app_metadata: object(json!({ "roles": ["admin"], "plan": { "email": "inner keys are free" } })),
            ..Profile::default()
        };
        let before = profile.clone();
        assert_eq!(reasons(&mut profile), []);
        assert!(profile == before);
    }

    #[test]
    fn each_value_out_of_range_is_mended_or_left_out_and_told_by_field_and_reason() {
        let mut profile = Profile {
            email: Some(format!("{}@example.test", "a".repeat(65))),
            email_verified: Some(true),
            username: Some("u".repeat(129)),
            phone_number: Some("+49 (30) 123-456".into()),
            name: Some("é".repeat(151)),
            picture: Some("javascript:alert(1)".into()),
            user_metadata: object(json!({ "a.b": 1, "deep": [{ "$set": 1, "kept": 2 }] })),
            app_metadata: object(json!({ "blocked": true, "plan": "gold" })),
            ..Profile::default()
        };
        assert_eq!(
            reasons(&mut profile),
            [
                ("email", "malformed"),
                ("username", "too_long"),
                ("phone_number", "spelling"),
                ("name", "too_long"),
                ("picture", "malformed"),
                ("user_metadata", "forbidden_key"),
                ("app_metadata", "forbidden_key"),
            ]
        );
        assert_eq!((&profile.email, profile.email_verified, &profile.username), (&None, None, &None));
        assert_eq!(profile.phone_number.as_deref(), Some("+4930123456"));
        assert_eq!(profile.name, Some("é".repeat(150)));
        assert_eq!(Value::from(profile.user_metadata), json!({ "deep": [{ "kept": 2 }] }));
        assert_eq!(Value::from(profile.app_metadata), json!({ "plan": "gold" }));
    }

    #[test]
    fn groups_are_cut_before_roles_and_each_at_a_whole_element() {
        let many = |word: &str| (0..900).map(|n| format!("{word}-{n:04}")).collect::<Vec<_>>();
        let metadata = json!({ "groups": many("group"), "roles": many("role")[..100], "plan": "gold" });
        let mut profile = Profile { app_metadata: object(metadata), ..Profile::default() };
        assert_eq!(reasons(&mut profile), [("groups", "too_large")]);
        assert!(size(&profile) <= PROFILE_BYTES_MAX);
        let kept = profile.app_metadata["groups"].as_array().unwrap();
        assert!(kept.len() > 500 && kept.last().unwrap().as_str().unwrap().len() == "group-0000".len());
        assert_eq!(profile.app_metadata["roles"].as_array().unwrap().len(), 100);
        assert_eq!(profile.app_metadata["truncated"], true);

        let metadata = json!({ "groups": ["a"], "roles": many("role") });
        let mut profile = Profile { app_metadata: object(metadata), ..Profile::default() };
        assert_eq!(reasons(&mut profile), [("groups", "too_large"), ("roles", "too_large")]);
        assert!(size(&profile) <= PROFILE_BYTES_MAX);
    }

    #[test]
    fn what_can_not_be_cut_is_told_all_the_same_and_counted() {
        let mut profile =
            Profile { user_metadata: object(json!({ "note": "x".repeat(20_000) })), ..Profile::default() };
        assert_eq!(reasons(&mut profile), [("profile", "too_large")]);
        assert_eq!(profile.user_metadata["note"].as_str().unwrap().len(), 20_000);
    }

    proptest! {
        #[test]
        fn whatever_is_stored_the_second_time_nothing_is_left_to_mend(
            email in "[a-z@.]{0,80}", phone in "[+0-9 ]{0,20}", name in "\\PC{0,200}", picture in "\\PC{0,20}",
            key in "[a-z.$]{0,5}", roles in prop::collection::vec("\\PC{0,50}", 0..400),
        ) {
            let mut profile = Profile {
                email: Some(email),
                phone_number: Some(phone),
                name: Some(name),
                picture: Some(picture),
                user_metadata: object(json!({ key: 1 })),
                app_metadata: object(json!({ "roles": roles })),
                ..Profile::default()
            };
            drop(auth0(&mut profile));
            prop_assert_eq!(reasons(&mut profile), []);
        }
    }
}
