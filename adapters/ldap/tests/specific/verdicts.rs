//! What a bind is answered by directories that are not at hand: their codes and words from a scripted peer, and what a
//! login is told.

use super::peer::{Bound, Peer, entry};
use crate::server::Outcome;
use crate::server::ask::{login, open, same};
use idstore_contract::StoreHandle;
use serde_json::json;

const ID: &str = "3f2b8c1e-7a64-4d0b-9a51-0c6d2e9f1a77";

fn store(port: u16, directory: &str) -> Result<StoreHandle, String> {
    open(json!({
        "urls": [format!("ldap://127.0.0.1:{port}")],
        "directory": directory,
        "base": "dc=test",
        "filter": "(uid={identifier})",
        "email_verified": "never",
        "attributes": { "user_id": "entryUUID", "username": "uid" },
    }))
}

fn ada(more: &[(&'static str, &'static [u8])]) -> Vec<u8> {
    let mut attributes: Vec<(&str, &[u8])> = vec![("entryUUID", ID.as_bytes()), ("uid", b"ada")];
    attributes.extend(more);
    entry("uid=ada,dc=test", &attributes)
}

#[tokio::test]
async fn each_directory_is_heard_in_its_own_words() -> Outcome {
    let data = |code: &str| {
        format!(
            "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {code}, v4563\0"
        )
    };
    let nds = |number: i32| format!("NDS error: something ({number})");
    for (directory, code, words, told) in [
        ("active_directory", 49, data("52e"), "mismatch"),
        ("active_directory", 49, data("525"), "mismatch"),
        ("active_directory", 49, data("52f"), "barred, restricted"),
        ("active_directory", 49, data("530"), "barred, restricted"),
        ("active_directory", 49, data("531"), "barred, restricted"),
        ("active_directory", 49, data("532"), "barred, password_expired"),
        ("active_directory", 49, data("533"), "barred, blocked"),
        ("active_directory", 49, data("568"), "Unavailable"),
        ("active_directory", 49, data("701"), "barred, blocked"),
        ("active_directory", 49, data("773"), "barred, password_expired"),
        ("active_directory", 49, data("775"), "too many attempts"),
        ("active_directory", 8, data("0"), "Misconfigured"),
        ("active_directory", 1, "000004DC: LdapErr: DSID-0C090A5C".into(), "Unavailable"),
        ("freeipa", 53, "Entry permanently locked.\n".into(), "too many attempts"),
        ("freeipa", 53, "Too many failed logins.\n".into(), "too many attempts"),
        ("freeipa", 53, "Principal expired".into(), "mismatch"),
        ("freeipa", 53, "Account inactivated. Contact system administrator.".into(), "mismatch"),
        ("edirectory", 0, nds(-223), "barred, password_expired"),
        ("edirectory", 49, nds(-222), "mismatch"),
        ("edirectory", 49, nds(-669), "mismatch"),
        ("edirectory", 53, nds(-197), "too many attempts"),
        ("edirectory", 53, nds(-217), "barred, restricted"),
        ("edirectory", 53, nds(-218), "barred, restricted"),
        ("edirectory", 53, nds(-220), "barred, blocked"),
        ("ds389", 19, "Exceed password retry limit. Please try later.".into(), "too many attempts"),
        ("ds389", 53, "Account inactivated. Contact system administrator.".into(), "mismatch"),
        ("generic", 0, String::new(), "match, ok"),
        ("generic", 49, String::new(), "mismatch"),
        ("generic", 51, String::new(), "Unavailable"),
        ("generic", 3, String::new(), "Timeout"),
    ] {
        let (peer, binds) = Peer::directory(ada(&[]), Bound::Says(code, words.clone())).await?;
        let found = login(&store(peer.port, directory)?, "ada", "a password").await?;
        same(&format!("{directory} {code} {words:?}"), &told.to_owned(), &found)?;
        same("binds", &1, &binds.lock().unwrap().len())?;
    }
    Ok(())
}

/// Some directories let an expired password bind with 0: then the entry says it.
#[tokio::test]
async fn a_success_is_not_enough_where_the_entry_says_more() -> Outcome {
    for (directory, attribute, value) in [
        ("freeipa", "krbPasswordExpiration", b"20260101000000Z".as_slice()),
        ("edirectory", "passwordExpirationTime", b"20260101000000Z"),
        ("ds389", "passwordExpirationTime", b"19700101000000Z"),
    ] {
        let (peer, _) = Peer::directory(ada(&[(attribute, value)]), Bound::Says(0, String::new())).await?;
        let found = login(&store(peer.port, directory)?, "ada", "a password").await?;
        same(directory, &"match, password_expired".to_owned(), &found)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_bind_that_the_server_drops_is_an_outage_and_is_not_sent_again() -> Outcome {
    let (peer, binds) = Peer::directory(ada(&[]), Bound::Closes).await?;
    let found = login(&store(peer.port, "generic")?, "ada", "a password").await?;
    same("a dropped bind", &"Unavailable".to_owned(), &found)?;
    same("binds", &1, &binds.lock().unwrap().len())
}

#[tokio::test]
async fn an_empty_password_never_reaches_the_wire() -> Outcome {
    let (peer, binds) = Peer::directory(ada(&[]), Bound::Says(0, String::new())).await?;
    let found = login(&store(peer.port, "generic")?, "ada", "").await?;
    same("an empty password", &"mismatch".to_owned(), &found)?;
    same("binds", &0, &binds.lock().unwrap().len())
}
