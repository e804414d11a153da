//! What a bind is answered by directories that are not at hand: their codes and words from a scripted peer, and what a
//! login is told.

use super::peer::{Bound, Peer, element, ended, entry, message, read_one};
use crate::server::ask::{call, find, login, open, same};
use crate::server::{Outcome, change, ensure};
use idstore_contract::{Depth, StoreHandle};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::AsyncWriteExt as _;

const ID: &str = "3f2b8c1e-7a64-4d0b-9a51-0c6d2e9f1a77";

fn config(port: u16, directory: &str) -> Value {
    json!({
        "urls": [format!("ldap://127.0.0.1:{port}")],
        "directory": directory,
        "base": "dc=test",
        "filter": "(uid={identifier})",
        "email_verified": "never",
        "attributes": { "user_id": "entryUUID", "username": "uid" },
    })
}

fn store(port: u16, directory: &str) -> Result<StoreHandle, String> {
    open(config(port, directory))
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

/// A directory that can forget all binds made so far: their sessions stand, and are answered 000004DC from then on.
async fn forgetful(epoch: Arc<AtomicUsize>) -> Result<Peer, String> {
    Peer::open(move |mut stream| {
        let (epoch, born) = (epoch.clone(), epoch.load(Ordering::SeqCst));
        async move {
            while let Some(request) = read_one(&mut stream).await {
                let id = request.get(..3).unwrap_or_default().to_vec();
                let forgot = born < epoch.load(Ordering::SeqCst);
                let words = "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind \
                             must be completed on the connection., data 0, v4563";
                let answer = match request.get(3) {
                    Some(0x60) => message(&id, &ended(0x61, 0, "")),
                    Some(0x63) if forgot => message(&id, &ended(0x65, 1, words)),
                    Some(0x63) => [message(&id, &ada(&[])), message(&id, &ended(0x65, 0, ""))].concat(),
                    Some(0x66) if forgot => message(&id, &ended(0x67, 1, words)),
                    _ => return,
                };
                if stream.write_all(&answer).await.is_err() {
                    return;
                }
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_bind_that_the_server_forgot_is_made_again_and_the_read_repeated() -> Outcome {
    let epoch: Arc<AtomicUsize> = Arc::default();
    let peer = forgetful(epoch.clone()).await?;
    let store = store(peer.port, "active_directory")?;
    // Several sessions, of which all are forgotten.
    let all = futures_util::future::join_all((0..4).map(|_| find(&store, "ada", 5_000))).await;
    ensure(all.iter().all(Result::is_ok), "it does not serve")?;
    for _ in 0..3 {
        epoch.fetch_add(1, Ordering::SeqCst);
        let found = find(&store, "ada", 5_000).await.map_err(|error| format!("{error:?}"))?;
        same("found", &1, &found.len())?;
    }
    // One that forgets at once is an outage, and never nobody.
    epoch.fetch_add(1, Ordering::SeqCst);
    let forgets = {
        let epoch = epoch.clone();
        tokio::spawn(async move {
            loop {
                epoch.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        })
    };
    let mut outages = 0;
    for _ in 0..50 {
        match find(&store, "ada", 5_000).await {
            Ok(found) => same("found", &1, &found.len())?,
            Err(error) => {
                same("an outage", &idstore_contract::ErrorKind::Unavailable, &error.kind())?;
                outages += 1;
            }
        }
    }
    forgets.abort();
    ensure(outages > 0, "the server was never caught forgetting")
}

/// The service's own account, by what directories say of a password that has to be changed.
#[tokio::test]
async fn the_services_own_password_is_named_where_that_is_what_fails() -> Outcome {
    let data = |code: &str| {
        format!(
            "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {code}, v4563\0"
        )
    };
    let policy = |error: u8| {
        let oid = element(4, b"1.3.6.1.4.1.42.2.27.8.5.1");
        let value = element(4, &[0x30, 3, 0x81, 1, error]);
        element(0xa0, &element(0x30, &[oid, value].concat()))
    };
    let expired =
        element(0xa0, &element(0x30, &[element(4, b"2.16.840.1.113730.3.4.4"), element(4, b"0")].concat()));
    for (code, words, controls, named) in [
        (49, data("773"), Vec::new(), true),
        (49, data("532"), Vec::new(), true),
        (49, data("52e"), Vec::new(), false),
        (0, String::new(), policy(2), true),
        (49, String::new(), policy(0), true),
        (49, "password expired!".into(), expired.clone(), true),
        (0, String::new(), expired, true),
        (49, String::new(), policy(1), false),
    ] {
        let answer = message(&[2, 1, 1], &[ended(0x61, code, &words), controls].concat());
        let peer = Peer::saying(answer).await?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        std::fs::write(folder.path().join("password"), "x").map_err(|error| error.to_string())?;
        let mut config = config(peer.port, "active_directory");
        change(&mut config, "bind_dn", "cn=service");
        change(&mut config, "bind_password", json!({ "file": folder.path().join("password") }));
        let error = find(&open(config)?, "ada", 5_000).await.err().ok_or("it serves")?;
        same("an outage", &idstore_contract::ErrorKind::Unavailable, &error.kind())?;
        same(&format!("{code} {words}"), &named, &error.message().contains("the service's own account"))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_freeipa_that_hides_when_passwords_expire_is_told_by_a_probe() -> Outcome {
    let expires: (&'static str, &'static [u8]) = ("krbPasswordExpiration", b"20260101000000Z");
    for (shown, told) in [(ada(&[expires]), false), (ada(&[]), true)] {
        let (peer, _) = Peer::directory(shown, Bound::Says(0, String::new())).await?;
        let problems = store(peer.port, "freeipa")?.probe(&call(5_000), Depth::Full).await;
        let problems = problems.map_err(|error| format!("{error:?}"))?;
        let found = problems.iter().any(|problem| problem.message.contains("krbPasswordExpiration"));
        same(&format!("{problems:?}"), &told, &found)?;
    }
    Ok(())
}
