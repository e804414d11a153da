//! The documents that auth0-deploy-cli reads: a folder, and one `tenant.yaml` that points into it.
//!
//! In a folder the tool knows seven scripts by file and takes the others as they stand, so those two are written out in
//! `database.json`; in YAML it takes all by file. The secret is a marker, `##IDSTORE_TOKEN##`, which the tool replaces.

use super::options::{Mode, Options, Subject, UNCONFIRMED};
use super::source::Script;
use super::{File, yaml};
use crate::config::Action;
use idstore_contract::IdentifierKind;
use serde_json::{Map, Value, json};

/// What stands for the caller's token until the deployment.
const TOKEN_MARKER: &str = "##IDSTORE_TOKEN##";

/// All files, the folder's first.
pub(super) fn files(
    subject: &Subject,
    options: &Options,
    scripts: &[Script],
    post_login: Option<String>,
) -> Vec<File> {
    let folder = format!("database-connections/{}", subject.connection);
    let inline = |script: &Script| {
        let known = !UNCONFIRMED.contains(&script.action);
        if known { format!("./{}.js", script.action) } else { script.text.clone() }
    };
    let by_path = |script: &Script| format!("./{folder}/{}.js", script.action);
    let database = |place: &dyn Fn(&Script) -> String| database(subject, options, scripts, place);
    let mut files = vec![file(format!("{folder}/database.json"), pretty(&database(&inline)))];
    files.extend(
        scripts.iter().map(|script| file(format!("{folder}/{}.js", script.action), script.text.clone())),
    );
    let mut tenant = Map::new();
    tenant.insert("databases".to_owned(), json!([database(&by_path)]));
    if let Some(code) = post_login {
        let action = action(subject, options);
        let name = action_name(subject);
        files.push(file(format!("actions/{name}.json"), pretty(&action)));
        files.push(file(format!("actions/{name}/code.js"), code));
        tenant.insert("actions".to_owned(), json!([action]));
    }
    files.push(file("tenant.yaml".to_owned(), yaml::document(&tenant.into())));
    files
}

fn file(path: String, text: String) -> File {
    File { path: path.into(), text }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// The connection. `configuration` and `customScripts` are complete each time: what the tool sends replaces them whole.
fn database(
    subject: &Subject,
    options: &Options,
    scripts: &[Script],
    place: &dyn Fn(&Script) -> String,
) -> Value {
    let proxy = subject.mode == Mode::Proxy;
    let has = |action| scripts.iter().any(|script| script.action == action);
    let mut settings = Map::new();
    let mut put = |name: &str, value: Value| drop(settings.insert(name.to_owned(), value));
    put("enabledDatabaseCustomization", true.into());
    put("import_mode", (!proxy).into());
    if options.context {
        put("enable_script_context", true.into());
    }
    // In import mode sign-ups are Auth0's own, and need no script.
    // Whoever signs up is no member of any organization, and where one is required could never sign in.
    let no_sign_up = !has(Action::Create) || subject.organization_required;
    put("disable_signup", (options.invite_only || (proxy && no_sign_up)).into());
    put("brute_force_protection", true.into());
    if proxy {
        // Otherwise names stay for ever what they were at the first sign-in.
        put("set_user_root_attributes", "on_each_login".into());
    }
    if options.sign_in == [IdentifierKind::Email].into() {
        put("requires_username", false.into());
    } else {
        put("attributes", attributes(options));
    }
    put("configuration", json!({ "IDSTORE_URL": options.url.to_string(), "IDSTORE_TOKEN": TOKEN_MARKER }));
    let scripts: Map<String, Value> =
        scripts.iter().map(|script| (script.action.to_string(), place(script).into())).collect();
    put("customScripts", scripts.into());
    json!({ "name": subject.connection, "strategy": "auth0", "options": settings })
}

/// Flexible identifiers: each kind signs in, and nobody has to have all of them.
fn attributes(options: &Options) -> Value {
    let active = |kind: &IdentifierKind| {
        (
            kind.as_str().to_owned(),
            json!({ "identifier": { "active": true }, "profile_required": false, "signup": { "status": "optional" } }),
        )
    };
    options.sign_in.iter().map(active).collect::<Map<_, _>>().into()
}

fn action_name(subject: &Subject) -> String {
    format!("idstore-{}-standing", subject.connection)
}

fn action(subject: &Subject, options: &Options) -> Value {
    let name = action_name(subject);
    json!({
        "name": name,
        "code": format!("./actions/{name}/code.js"),
        "runtime": "node22",
        "dependencies": [],
        "secrets": [
            { "name": "IDSTORE_URL", "value": options.url.to_string() },
            { "name": "IDSTORE_TOKEN", "value": TOKEN_MARKER },
        ],
        "supported_triggers": [{ "id": "post-login", "version": "v3" }],
        "deployed": true,
    })
}
