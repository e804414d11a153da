//! What this crate writes, for the original software to verify, and the reverse; `tests/long/password_writers` runs it.
//!
//! `written write KEYFILE` prints a JSON object a line for each scheme that is written: `scheme`, `hash`, `salt`,
//! `parameters`, `user`, `key`, `password`. `written read` takes such lines from standard input, prints those whose
//! password is not the hash's, and fails if there is one.

#![allow(clippy::print_stdout, reason = "the answers are what it is for")]

use idstore_passwords::{Accept, Definition, Limits, Reading, Schemes, Stored, Write, scheme_names};
use idstore_secret::{Secret, SecretRef};
use serde_json::{Value, json};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

type Failed = Box<dyn Error + Send + Sync>;

const USER: &str = "alice";
const PASSWORD: &str = "pässwörd-é";

/// Where eight bytes count.
const SHORT: &str = "pässw";

fn main() -> Result<ExitCode, Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write", key_file] => write(&PathBuf::from(key_file)),
        ["read"] => read(),
        _ => Err("usage: written write KEYFILE | written read".into()),
    }
}

fn write(key_file: &PathBuf) -> Result<ExitCode, Failed> {
    let key = std::fs::read_to_string(key_file)?;
    for name in scheme_names() {
        let (write, key) = match Write::parse(name) {
            Ok(write) => (write, None),
            Err(error) if error.message.contains("needs the key") => {
                let pepper = Some(SecretRef::File(key_file.clone()));
                let definition = Definition { pepper, ..Definition::default() };
                let schemes = Schemes::parse([(name, &definition)]).map_err(|_| "a table")?.resolve()?;
                let Ok(write) = Write::parse_with(name, &schemes) else { continue };
                (write, Some(key.as_str()))
            }
            Err(_) => continue,
        };
        let write = write.for_user(USER);
        let short = write.refuse(&PASSWORD.into()).is_some();
        let password = if short { SHORT } else { PASSWORD };
        let written = write.hash(&password.into())?;
        let text = |secret: &Secret| secret.expose_text().map(str::to_owned);
        let (hash, salt) = (text(&written.hash), written.salt.as_ref().and_then(text));
        println!(
            "{}",
            json!({
                "scheme": name, "hash": hash, "salt": salt, "parameters": written.parameters, "user": USER,
                "key": key, "password": password,
            })
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn read() -> Result<ExitCode, Failed> {
    let (mut right, mut wrong) = (0_u32, 0_u32);
    for line in std::io::stdin().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        if matches(&line)? {
            right = right.saturating_add(1);
        } else {
            wrong = wrong.saturating_add(1);
            println!("{line}");
        }
    }
    println!("{right} of the originals' values verified, {wrong} did not");
    Ok(if wrong == 0 && right > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn matches(line: &Value) -> Result<bool, Failed> {
    let text = |name: &str| line.get(name).and_then(Value::as_str);
    let name = text("scheme").ok_or("no scheme")?;
    let (accept, _) = Accept::parse(Some(&[name.to_owned()])).map_err(|_| "an unknown scheme")?;
    let secret = |name| text(name).map(Secret::from);
    let (hash, salt) = (secret("hash").ok_or("no hash")?, secret("salt"));
    let password = secret("password").ok_or("no password")?;
    let stored = Stored { salt: salt.as_ref(), user: text("user").or(Some(USER)), ..Stored::new(&hash) };
    let Reading::Hash(hash) = accept.read(&stored, &Limits::default()) else { return Ok(false) };
    let other = Secret::from(format!("x{}", text("password").unwrap_or_default()));
    Ok(hash.verify(&password)? && !hash.verify(&other)?)
}
