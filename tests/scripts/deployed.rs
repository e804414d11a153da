//! The scripts against the running daemon: each answer that it can be brought to give.

use crate::daemon::{Daemon, Folder};
use crate::database::Database;
use crate::sandbox::{TOKEN, asked, case, options, run, script, subject, told, written};
use idstore_proxy::config::Action;
use idstore_proxy::scripts::auth0::{Options, VerifyReturns};
use serde_json::{Value, json};

/// bcrypt of cost 4 of `CANARY-right-1`, made by the crypt(3) of libxcrypt.
pub(crate) const HASH: &str = "$2b$04$abcdefghijklmnopqrstuucH10QKEi9CX5V8vsgdSbRL2pqz1QSVO";

/// Accounts of every standing, and one without an address.
fn people() -> String {
    let account = |id: &str, name: &str, more: &str| {
        format!(
            "[[stores.memory.people.accounts]]\nuser_id = \"{id}\"\nemail = \"{name}@example.test\"\n\
             username = \"{name}\"\nphone_number = \"+44207946000{id}\"\npassword = \"{HASH}\"\n{more}\n"
        )
    };
    [
        account("1", "ann", "given_name = \"Ann\"\napp_metadata = { plan = \"gold\" }"),
        account("2", "blocked", "blocked = true"),
        account("3", "locked", "locked = true"),
        account("4", "restricted", "restricted = true"),
        account("5", "expired", "password_expired = true"),
    ]
    .concat()
}

fn daemon(more_of_store: &str) -> Daemon {
    Daemon::start_ready(&format!(
        "[stores.memory.people]\n{more_of_store}\n{}[stores.memory.people.passwords]\naccept = [\"bcrypt\"]\n\
         write = \"bcrypt\"\n[connections.customers]\nstore = \"people\"\nuser_id_prefix = \"crm\"\ndeadline_ms = 8000\n",
        people()
    ))
}

/// The same case, answered by a daemon.
pub(crate) fn forwarded(daemon: &Daemon, script: &str, arguments: &Value) -> Value {
    let mut case = case(script, arguments, &json!(["forward"]));
    case["upstream"] = format!("http://{}", daemon.address).into();
    case
}

/// Runs one script against the daemon.
fn ask(daemon: &Daemon, options: &Options, action: Action, arguments: &Value) -> Value {
    let files = written(&subject(), options);
    run(&[forwarded(daemon, &script(&files, action), arguments)]).remove(0)
}

#[test]
fn the_daemons_answers_are_told_as_the_table_says() {
    let daemon = daemon("");
    let tell = |action, arguments: Value| told(&ask(&daemon, &options(), action, &arguments));
    let right = "CANARY-right-1";
    let ann: Value = serde_json::from_str(&tell(Action::Login, json!(["ann@example.test", right]))).unwrap();
    assert_eq!(ann["user_id"], "crm|1");
    assert_eq!(ann["app_metadata"], json!({ "plan": "gold", "roles": [], "organizations": [] }));
    assert!(ann.get("standing").is_none());
    for (name, text) in [
        ("blocked", "U(This account is blocked."),
        ("locked", "U(This account is locked."),
        ("restricted", "U(Sign-in is not allowed now"),
        ("expired", "U(Your password has expired."),
    ] {
        let told = tell(Action::Login, json!([name, right]));
        assert!(told.starts_with(text), "{name}: {told}");
        assert_eq!(tell(Action::Login, json!([name, "CANARY-wrong"])).get(..6), Some("W(crm|"), "{name}");
        let found: Value = serde_json::from_str(&tell(Action::GetUser, json!([name]))).unwrap();
        assert_eq!(found["username"], name, "get_user shows whoever is barred");
    }
    for (action, arguments, expected) in [
        (Action::Login, json!(["ann", "CANARY-wrong"]), "W(crm|1)"),
        (Action::Login, json!(["nobody", "CANARY-wrong"]), "W(null)"),
        (Action::Login, json!(["", ""]), "W(null)"),
        (Action::GetUser, json!(["nobody"]), "null"),
        (
            Action::Create,
            json!([{ "email": "ann@example.test", "password": "CANARY-1" }]),
            "V(user_exists, There is such a user already.)",
        ),
        (
            Action::Create,
            json!([{ "email": "bob@example.test", "username": "ann", "password": "CANARY-1" }]),
            "V(username_exists, This user name is taken.)",
        ),
        (
            Action::Create,
            json!([{ "email": "bob@example.test", "password": "" }]),
            "V(invalid_password, The password is empty or contains a character that can't be stored.)",
        ),
        (
            Action::Create,
            json!([{ "email": "bob@example.test", "password": "a".repeat(73) }]),
            "V(invalid_password, The password is too long.)",
        ),
        (Action::Create, json!([{ "username": "a@b", "password": "CANARY-1" }]), "V(invalid_signup, "),
        (Action::ChangePassword, json!(["nobody", "CANARY-2"]), "false"),
        (Action::ChangePassword, json!(["ann", ""]), "V(invalid_password, The password is empty"),
        (
            Action::ChangePassword,
            json!(["blocked", "CANARY-2"]),
            "V(invalid_password, This account is blocked.",
        ),
        (Action::ChangeEmail, json!(["nobody@example.test", "x@example.test", true]), "false"),
        (
            Action::ChangeEmail,
            json!(["ann@example.test", "locked@example.test", true]),
            "E(This is already in use. (user_exists, ref ",
        ),
        (Action::ChangeUsername, json!(["nobody", "x"]), "false"),
        (Action::ChangeUsername, json!(["ann", "locked"]), "E(This is already in use."),
        (Action::ChangePhoneNumber, json!(["nobody", "+442079460099"]), "false"),
        (Action::ChangePhoneNumber, json!(["ann", "+442079460003", false]), "E(This is already in use."),
        (Action::Verify, json!(["nobody@example.test"]), "E(This is not possible"),
        (Action::Delete, json!(["auth0|other|1"]), "E(This is not possible"),
        (Action::Delete, json!(["crm|99"]), "null"),
    ] {
        let told = tell(action, arguments.clone());
        assert!(told.starts_with(expected), "{action} {arguments}: {told} is not {expected}");
    }
}

#[test]
fn what_succeeds_is_told_in_the_form_that_auth0_takes() {
    let daemon = daemon("");
    let plain = options();
    let tell = |options: &Options, action, arguments: Value| told(&ask(&daemon, options, action, &arguments));
    let user = json!({
        "email": "bob@example.test", "username": "bob", "password": "CANARY-1", "given_name": "Bob", "family_name": null,
        "user_metadata": { "colour": "blue" }, "tenant": "t", "client_id": "c", "connection": "customers",
    });
    let made = ask(&daemon, &plain, Action::Create, &json!([user]));
    assert_eq!(told(&made), "null");
    let sent: Vec<_> = made["requests"][0]["body"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(sent, ["email", "username", "password", "given_name", "user_metadata"], "an allow-list");
    for _ in 0..2 {
        let verified: Value =
            serde_json::from_str(&tell(&plain, Action::Verify, json!(["bob@example.test"]))).unwrap();
        assert_eq!(verified["email_verified"], true);
        assert_eq!(verified.as_object().unwrap().len(), 3);
    }
    let brief = Options { verify_returns: Some(VerifyReturns::True), ..options() };
    assert_eq!(tell(&brief, Action::Verify, json!(["bob@example.test"])), "true");
    let changed: Value =
        serde_json::from_str(&tell(&plain, Action::ChangePassword, json!(["bob", "CANARY-2"]))).unwrap();
    assert!(changed["last_password_reset"].as_u64().unwrap() > 1_700_000_000_000, "{changed}");
    assert!(changed.get("email_verified").is_none());
    let proving = Options { reset_verifies_email: true, ..options() };
    let changed: Value = serde_json::from_str(&tell(
        &proving,
        Action::ChangePassword,
        json!(["ann@example.test", "CANARY-3"]),
    ))
    .unwrap();
    assert_eq!(changed["email_verified"], true);
    let ann: Value = serde_json::from_str(&tell(&plain, Action::GetUser, json!(["ann"]))).unwrap();
    assert_eq!(ann["email_verified"], true);
    for arguments in [
        json!(["bob@example.test", "bob@example.test", true]),
        json!(["bob@example.test", "robert@example.test", false]),
    ] {
        assert_eq!(tell(&plain, Action::ChangeEmail, arguments), "true");
    }
    assert_eq!(tell(&plain, Action::ChangeUsername, json!(["bob", "robert"])), "true");
    assert_eq!(tell(&plain, Action::ChangePhoneNumber, json!(["ann", "+442079460055", true])), "true");
    let renamed = Options { metadata_key: "metadata".to_owned(), ..options() };
    let ann: Value = serde_json::from_str(&tell(&renamed, Action::GetUser, json!(["ann"]))).unwrap();
    assert_eq!((&ann["metadata"]["plan"], ann.get("app_metadata")), (&json!("gold"), None));
    let kept = Options { delete_auth0_only: true, ..options() };
    let result = ask(&daemon, &kept, Action::Delete, &json!(["crm|1"]));
    assert_eq!((told(&result).as_str(), asked(&result).len()), ("null", 0));
    assert_eq!(tell(&plain, Action::Delete, json!(["auth0|crm|1"])), "null");
    assert_eq!(tell(&plain, Action::GetUser, json!(["ann"])), "null");
}

#[test]
fn a_context_is_one_argument_more_and_one_text_serves_both() {
    let daemon = daemon("");
    let organization =
        json!({ "organization": { "id": "org_1", "name": "acme", "display_name": "Acme", "metadata": {} } });
    for (action, arguments) in [
        (Action::Login, json!(["ann", "CANARY-right-1", organization])),
        (Action::GetUser, json!(["ann", organization])),
        (Action::Create, json!([{ "email": "bob@example.test", "password": "CANARY-1" }, organization])),
        (Action::Verify, json!(["ann@example.test", organization])),
        (Action::ChangePassword, json!(["ann", "CANARY-2", organization])),
        (Action::ChangeEmail, json!(["ann@example.test", "anna@example.test", true, organization])),
        (Action::ChangeUsername, json!(["ann", "anna", organization])),
        (Action::ChangePhoneNumber, json!(["anna", "+442079460055", true, organization])),
        (Action::ChangePhoneNumber, json!(["anna", "+442079460056", organization])),
        (Action::Delete, json!(["crm|1", {}])),
    ] {
        let result = ask(&daemon, &options(), action, &arguments);
        assert!(!told(&result).contains('('), "{action}: {}", told(&result));
        let context = &result["requests"][0]["body"]["context"];
        let expected = json!({ "organization": { "id": "org_1", "name": "acme", "metadata": {} } });
        let passed_on = matches!(action, Action::Login | Action::Create);
        assert_eq!(*context, if passed_on { expected } else { Value::Null }, "{action}");
    }
}

#[test]
fn by_user_id_nobody_passes_who_is_barred() {
    let daemon = daemon("");
    let by_id = |id: &str| {
        told(&ask(&daemon, &options(), Action::GetUser, &json!([id, { "identifierType": "user_id" }])))
    };
    for id in ["crm|1", "auth0|crm|1"] {
        assert!(by_id(id).contains("\"user_id\":\"crm|1\""), "{}", by_id(id));
    }
    assert!(by_id("crm|2").starts_with("U(This account is blocked."), "{}", by_id("crm|2"));
    assert!(by_id("auth0|crm|5").starts_with("U(Your password has expired."));
    assert_eq!(by_id("crm|99"), "null");
}

#[test]
fn a_caller_that_may_not_and_a_connection_that_is_not_there_are_no_users_fault() {
    let daemon = daemon("");
    let files = written(&subject(), &options());
    let mut elsewhere = subject();
    elsewhere.connection = "others".to_owned();
    let others = written(&elsewhere, &options());
    for action in Action::OF_PLATFORMS {
        let arguments = crate::sandbox::arguments(action);
        let mut stranger = forwarded(&daemon, &script(&files, action), &arguments);
        stranger["token"] = "not-the-callers-token".into();
        let lost = forwarded(&daemon, &script(&others, action), &arguments);
        let told: Vec<_> = run(&[stranger, lost]).iter().map(told).collect();
        for (told, code) in told.iter().zip(["caller_unauthenticated", "unknown_connection"]) {
            assert!(told.starts_with("E(") && told.contains(code), "{action}: {told}");
        }
    }
}

#[test]
fn an_action_that_is_not_offered_says_so_where_somebody_sees_it() {
    let daemon = daemon("abilities = [\"verify\"]");
    let told = |action| told(&ask(&daemon, &options(), action, &crate::sandbox::arguments(action)));
    assert_eq!(told(Action::Create), "V(invalid_signup, Sign-up is not available.)");
    assert_eq!(told(Action::ChangePassword), "V(invalid_password, The password can't be changed here.)");
    assert!(told(Action::Delete).starts_with("E("));
}

#[test]
fn a_write_whose_answer_was_lost_is_looked_after() {
    let daemon = daemon("");
    let files = written(&subject(), &options());
    let lost = |action, arguments: Value| {
        let mut case = forwarded(&daemon, &script(&files, action), &arguments);
        case["replies"] = json!(["cut", "forward"]);
        told(&run(&[case])[0])
    };
    assert_eq!(
        lost(Action::Create, json!([{ "email": "bob@example.test", "password": "CANARY-1" }])),
        "null"
    );
    assert!(lost(Action::Verify, json!(["ann@example.test"])).contains("\"email_verified\":true"));
    assert_eq!(lost(Action::Delete, json!(["crm|3"])), "null");
    assert_eq!(lost(Action::Delete, json!(["crm|2"])), "null");
    let changed = lost(Action::ChangePassword, json!(["ann", "CANARY-2"]));
    assert!(changed.starts_with("E(It is not certain that the password was changed."), "{changed}");
    let login = lost(Action::Login, json!(["ann", "CANARY-2"]));
    assert!(login.contains("crm|1"), "and it was: {login}");
}

#[test]
fn a_sign_up_with_a_passkey_is_told_who_was_made() {
    let files = written(&subject(), &Options { passkeys: true, context: true, ..options() });
    let user = json!({ "user": { "user_id": "crm|9", "email": "bob@example.test" }, "standing": "ok" });
    let reply = crate::sandbox::reply(201, "application/json", &user);
    let user = json!({ "email": "bob@example.test", "usePasskey": true });
    let result = &run(&[case(&script(&files, Action::Create), &json!([user, {}]), &json!([reply]))])[0];
    assert_eq!(told(result), r#"{"user_id":"crm|9","email":"bob@example.test"}"#);
    assert_eq!(result["requests"][0]["body"], json!({ "email": "bob@example.test", "invite": true }));
}

#[test]
fn a_store_that_is_down_is_no_users_fault() {
    let database = Database::postgres();
    let folder = Folder::new();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = database.store_behind(port, &folder);
    let daemon = Daemon::start_in(
        folder,
        &format!("{store}preset = \"generic\"\n[connections.customers]\nstore = \"users\"\n"),
    );
    daemon.wait_for("/readyz/users", 503);
    let files = written(&subject(), &options());
    let offered = Action::OF_PLATFORMS
        .into_iter()
        .filter(|action| *action != Action::ChangeUsername && *action != Action::ChangePhoneNumber);
    let cases: Vec<_> = offered
        .map(|action| forwarded(&daemon, &script(&files, action), &crate::sandbox::arguments(action)))
        .collect();
    for result in run(&cases) {
        let told = told(&result);
        assert!(told.starts_with("E(") && told.contains("(store_unavailable, ref "), "{told}");
    }
}

#[test]
fn a_token_that_the_sandbox_was_given_is_in_no_script() {
    let files = written(&subject(), &options());
    assert!(files.iter().all(|file| !file.text.contains(TOKEN)));
}
