//! `scripts auth0 --test`: the scripts' requests from the shell, before go-live.

use crate::daemon::{Daemon, Folder, TOKEN, command, preamble};
use crate::sandbox::{arguments, case, options, reply, run, script, subject, written};
use idstore_proxy::config::Action;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

const STORE: &str = "[stores.memory.people]\n[stores.memory.people.passwords]\naccept = [\"bcrypt\"]\nwrite = \"bcrypt\"\n\
                     [connections.customers]\nstore = \"people\"\nuser_id_prefix = \"crm\"\n";

fn test(config: &Path, url: &str, token: &Path) -> Output {
    command()
        .args(["scripts", "auth0", "--connection", "customers", "--test", url, "--config"])
        .arg(config)
        .arg("--token-file")
        .arg(token)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn configured(more: &str) -> (Folder, std::path::PathBuf, std::path::PathBuf, String) {
    let folder = Folder::new();
    let text = preamble(&folder) + more + STORE;
    let (config, token) = (folder.write("config.toml", &text), folder.path().join("token"));
    (folder, config, token, text)
}

#[test]
fn a_daemon_that_is_deployed_right_passes_and_nothing_has_changed() {
    let (_folder, config, token, text) = configured("");
    let daemon = Daemon::start_whole(Folder::new(), &text);
    daemon.wait_until_ready();
    let output = test(&config, &format!("http://{}", daemon.address), &token);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let said = said(&output);
    for line in [
        "login, somebody who does not exist: callback(new WrongUsernameOrPasswordError(null))",
        "get_user, somebody who does not exist: callback(null)",
        "create, an empty password: callback(new ValidationError(\"invalid_password\"",
        "change_password, somebody who does not exist: callback(null, false)",
        "delete, somebody who does not exist: callback(null)",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert_eq!(said.lines().filter(|line| line.ends_with(": ok")).count(), 9, "{said}");
    assert!(!said.contains(TOKEN));
}

#[test]
fn a_wrong_token_a_caller_that_may_less_and_nobody_are_found() {
    let (folder, config, token, text) = configured("actions = [\"login\", \"get_user\"]\n");
    let daemon = Daemon::start_whole(Folder::new(), &text);
    daemon.wait_until_ready();
    let url = format!("http://{}", daemon.address);
    let output = test(&config, &url, &token);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("create, an empty password: callback(new Error(\"This is not possible"),
        "{}",
        said(&output)
    );
    assert!(said(&output).contains("caller_forbidden"), "{}", said(&output));
    let wrong = folder.write("wrong-token", "another-token-of-some-length\n");
    let output = test(&config, &url, &wrong);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said(&output).matches("caller_unauthenticated").count(), 9, "{}", said(&output));
    drop(daemon);
    let output = test(&config, &url, &token);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("no connection to"), "{}", said(&output));
    let output = test(&config, &url, &folder.path().join("no-such-file"));
    assert_eq!(output.status.code(), Some(64), "{}", said(&output));
    assert_eq!(test(&config, "http://proxy.example.com", &token).status.code(), Some(64));
    let arguments =
        ["scripts", "auth0", "--connection", "customers", "--test", &url, "--unconfirmed", "--config"];
    let output = command().args(arguments).arg(&config).arg("--token-file").arg(&token).output().unwrap();
    assert_eq!(output.status.code(), Some(64), "a flag that would do nothing is refused: {}", said(&output));
}

#[test]
fn over_tls_the_certificate_is_verified_as_auth0_does() {
    let (folder, config, token, text) = configured("");
    let daemon = Daemon::start_whole(Folder::new(), &text);
    daemon.wait_until_ready();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-out")
        .arg(&cert)
        .arg("-keyout")
        .arg(&key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", said(&made));
    let mut listener = std::process::Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/tls.js"))
        .args([&cert, &key])
        .arg(daemon.address.to_string())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(listener.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let try_out = |name: &str, trusted: Option<&Path>| {
        let url = format!("https://{name}:{}", port.trim());
        let mut command = command();
        command
            .args(["scripts", "auth0", "--connection", "customers", "--test", &url, "--config"])
            .arg(&config);
        if let Some(trusted) = trusted {
            command.env("SSL_CERT_FILE", trusted);
        }
        command.arg("--token-file").arg(&token).output().unwrap()
    };
    let trusted = try_out("localhost", Some(&cert));
    assert_eq!(trusted.status.code(), Some(0), "{}", said(&trusted));
    for (name, trust) in [("localhost", None), ("127.0.0.1", Some(cert.as_path()))] {
        let refused = try_out(name, trust);
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        assert_eq!(said(&refused).matches("no TLS with").count(), 9, "{}", said(&refused));
    }
    drop(listener.stdin.take());
    listener.wait().unwrap();
}

/// Answers every request with this, until the test ends; what was asked comes out of the channel.
fn impostor(answer: &'static str) -> (String, std::sync::mpsc::Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut text, mut chunk) = (String::new(), [0; 4096]);
            let body = loop {
                let read = stream.read(&mut chunk).unwrap();
                text.push_str(std::str::from_utf8(&chunk[..read]).unwrap());
                if let Some((_, body)) = text.split_once("\r\n\r\n")
                    && let Ok(body) = serde_json::from_str(body)
                {
                    break body;
                }
            };
            let action = text.split(' ').nth(1).unwrap().rsplit('/').next().unwrap().to_owned();
            stream.write_all(answer.as_bytes()).ok();
            if sender.send((action, body)).is_err() {
                return;
            }
        }
    });
    (url, asked)
}

#[test]
fn what_answers_in_the_daemons_place_is_found() {
    let (_folder, config, token, _) = configured("");
    for answer in [
        "HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>",
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>",
        "HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 25\r\nconnection: close\r\n\r\n{\"code\":\"user_not_found\"}",
    ] {
        let (url, _asked) = impostor(answer);
        let output = test(&config, &url, &token);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert_eq!(said(&output).matches("not_understood").count(), 9, "{}", said(&output));
        assert!(!said(&output).contains("WrongUsernameOrPassword"), "{}", said(&output));
    }
}

#[test]
fn the_trial_asks_what_the_scripts_ask() {
    let (_folder, config, token, _) = configured("");
    let (url, asked) = impostor("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    test(&config, &url, &token);
    let members = |body: &Value| -> BTreeSet<String> { body.as_object().unwrap().keys().cloned().collect() };
    let tried: Vec<(String, Value)> = asked.try_iter().collect();
    assert_eq!(tried.len(), 9);
    let files = written(&subject(), &options());
    let refused = reply(502, "text/html", &json!(""));
    let cases = Action::OF_PLATFORMS
        .map(|action| case(&script(&files, action), &arguments(action), &json!([refused])));
    for ((action, result), (path, body)) in Action::OF_PLATFORMS.iter().zip(run(&cases)).zip(tried) {
        assert_eq!(action.as_str(), path);
        assert_eq!(members(&body), members(&result["requests"][0]["body"]), "{action}");
    }
}
