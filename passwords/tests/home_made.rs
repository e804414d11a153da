//! Schemes of the operator's own: one line of configuration and no code.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use idstore_passwords::{Accept, Definition, Limits, Reading, Schemes, Stored, Unusable, Write};
use idstore_secret::{Secret, SecretRef};
use std::path::PathBuf;

fn definition(json: &str) -> Definition {
    serde_json::from_str(json).unwrap()
}

fn schemes(name: &str, json: &str) -> Schemes {
    Schemes::parse([(name, &definition(json))]).unwrap().resolve().unwrap()
}

fn mistake(name: &str, json: &str) -> String {
    Schemes::parse([(name, &definition(json))]).unwrap_err()[0].message.clone()
}

fn verifies(schemes: &Schemes, name: &str, hash: &str, salt: Option<&str>, password: &str) -> bool {
    let (accept, _) = Accept::parse_with(Some(&[name.to_owned()]), schemes).unwrap();
    let (hash, salt) = (Secret::from(hash), salt.map(Secret::from));
    let stored = Stored { salt: salt.as_ref(), ..Stored::new(&hash) };
    match accept.read(&stored, &Limits::default()) {
        Reading::Hash(hash) => hash.verify(&password.into()).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn key(name: &str, key: &str) -> String {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, key).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_digest_is_one_line() {
    let schemes = schemes("intranet", r#"{"digest": "md5(md5(pass) . salt)"}"#);
    assert!(verifies(&schemes, "intranet", "28f9975808ae2bdc5847b1cda26033ea", Some("308"), "hashcat"));
    assert!(!verifies(&schemes, "intranet", "28f9975808ae2bdc5847b1cda26033ea", Some("308"), "hashcats"));
}

#[test]
fn a_digest_that_ends_as_text_is_stored_as_that_text() {
    // Base64 of the SHA-1 of "password", and the first 32 digits of the hex of that of "abpassword".
    let base64 = schemes("base64", r#"{"digest": "base64(sha1(pass))"}"#);
    assert!(verifies(&base64, "base64", "W6ph5Mm5Pz8GgiULbPgzG37mj9g=", None, "password"));
    let cut = schemes("cut", r#"{"digest": "left(sha1(salt . pass), 32)", "layout": "<salt>$<digest>"}"#);
    assert!(verifies(&cut, "cut", "ab$52b2206cc0873b305d67119f309b55a3", None, "password"));
    assert!(!verifies(&cut, "cut", "ab$52b2206cc0873b305d67119f309b55a3", None, "passwords"));
}

#[test]
fn a_layout_says_where_the_parts_stand() {
    let schemes = schemes("shop", r#"{"digest": "md5(salt . pass)", "layout": "v1|<salt>|<digest:base64>"}"#);
    // MD5 of "saltpassword".
    assert!(verifies(&schemes, "shop", "v1|salt|Z6Hgm7H4P1AH3BGcFNZjqg==", None, "password"));
}

#[test]
fn text_and_charset_are_done_to_the_password_before_anything_else() {
    let schemes = schemes("old", r#"{"digest": "md5(pass)", "text": ["trim", "html"], "charset": "latin1"}"#);
    // MD5 of the bytes of "<é>" in Latin-1, the angle brackets escaped.
    let bytes = Secret::new(b"&lt;\xe9&gt;".to_vec());
    let plain = Write::parse("hex_md5").unwrap().hash(&bytes).unwrap().hash;
    assert!(verifies(&schemes, "old", plain.expose_text().unwrap(), None, "  <é> "));
    assert!(!verifies(&schemes, "old", plain.expose_text().unwrap(), None, "<密>"));
}

#[test]
fn a_pepper_is_read_from_its_place_and_goes_in_as_the_digest_says() {
    let file = key("home-made-pepper", "s3cr3tsalt\n");
    let json = format!(r#"{{"digest": "hmac_sha256(key, pass)", "pepper": {{"file": "{file}"}}}}"#);
    let schemes = schemes("peppered", &json);
    let stored = "87c2e2ddbdb90c332a3e46d730bc00bc2fa46b274577bce7dc35101ebcb5c25b";
    assert!(verifies(&schemes, "peppered", stored, None, "password"));
    assert!(!verifies(&schemes, "peppered", stored, None, "passwords"));
}

#[test]
fn a_scheme_of_the_catalogue_gets_its_key_by_a_table_of_its_name_or_of_another() {
    let file = key("devise-pepper", "3a1f8c5b7d9e0f2a4b6c8d0e1f3a5b7c");
    let stored = Write::parse_with(
        "devise:pepper",
        &schemes("devise:pepper", &format!(r#"{{"pepper": {{"file": "{file}"}}}}"#)),
    )
    .unwrap()
    .hash(&"password".into())
    .unwrap()
    .hash;
    let own = schemes(
        "ours",
        &format!(
            r#"{{"digest": "bcrypt(pass . key)", "layout": "<bcrypt>", "pepper": {{"file": "{file}"}}}}"#
        ),
    );
    assert!(verifies(&own, "ours", stored.expose_text().unwrap(), None, "password"));
    let missing = Accept::parse(Some(&["devise:pepper".to_owned()])).unwrap_err();
    assert!(missing[0].message.contains("needs the key"), "{}", missing[0].message);
}

#[test]
fn what_a_home_made_scheme_writes_it_reads() {
    for json in [
        r#"{"digest": "sha256(salt . pass)"}"#,
        r#"{"digest": "sha256(salt . pass)", "encoding": "base64"}"#,
        r#"{"digest": "pbkdf2_sha256(pass, salt, rounds)", "layout": "p$<rounds>$<salt>$<digest:base64>"}"#,
        r#"{"digest": "repeat(sha1(salt . pass), rounds - 1, sha1(bin(it) . salt))", "layout": "<rounds>:<salt>:<digest>"}"#,
        r#"{"digest": "argon2id(pass, salt, 1024, 2, 1, 32)", "layout": "<salt>.<digest>"}"#,
    ] {
        let schemes = schemes("written", json);
        let written = Write::parse_with("written", &schemes).unwrap().hash(&"pässwörd".into()).unwrap();
        let salt = written.salt.as_ref().map(|salt| salt.expose_text().unwrap());
        let text = written.hash.expose_text().unwrap();
        assert!(verifies(&schemes, "written", text, salt, "pässwörd"), "{json}: {text}");
        assert!(!verifies(&schemes, "written", text, salt, "passwörd"), "{json}: {text}");
    }
}

#[test]
fn mistakes_are_told() {
    for (json, part) in [
        (r#"{"digest": "md5(pass"}"#, "closing parenthesis"),
        (r#"{"digest": "md5(pass)", "encoding": "rot13"}"#, "\"rot13\" is no encoding"),
        (r#"{"digest": "md5(pass)", "charset": "koi8"}"#, "\"koi8\" is no charset"),
        (r#"{"digest": "md5(pass)", "text": ["rot13"]}"#, "\"rot13\" is nothing that is done to text"),
        (r#"{"digest": "md5(pass)", "layout": "<digset>"}"#, "\"digset\" is no field"),
        (r#"{"digest": "md5(pass)", "scheme": "bcrypt"}"#, "not both"),
        (r#"{"digest": "md5(pass)", "pepper": {"env": "P"}}"#, "takes a pepper"),
        (r#"{"scheme": "bcrpyt"}"#, "did you mean \"bcrypt\"?"),
        ("{}", "a scheme of one's own has a digest"),
        (r#"{"digest": "repeat(pass, 1000, sha1(it))"}"#, "begin with the first round"),
        (r#"{"digest": "sha512_crypt(pass)"}"#, "needs <sha512_crypt> in the layout"),
    ] {
        let message = mistake("own", json);
        assert!(message.contains(part), "{json}: {message}");
    }
    assert!(mistake("bcrypt", r#"{"digest": "md5(pass)"}"#).contains("is a scheme of the catalogue"));
    assert!(serde_json::from_str::<Definition>(r#"{"digset": "md5(pass)"}"#).is_err());
}

#[test]
fn a_home_made_digest_is_warned_about_and_a_derivation_is_not() {
    let warnings = |json| {
        let schemes = schemes("own", json);
        Accept::parse_with(Some(&["own".to_owned()]), &schemes).unwrap().1.len()
    };
    assert_eq!(warnings(r#"{"digest": "sha512(salt . pass)"}"#), 1);
    assert_eq!(warnings(r#"{"digest": "pbkdf2_sha512(pass, salt, 10000)"}"#), 0);
}

#[test]
fn no_debug_text_holds_a_key() {
    let file = SecretRef::File(PathBuf::from(key("debug-pepper", "hunter2")));
    let definition =
        Definition { digest: Some("md5(key . pass)".into()), pepper: Some(file), ..Definition::default() };
    let schemes = Schemes::parse([("debugged", &definition)]).unwrap().resolve().unwrap();
    assert!(!format!("{definition:?} {schemes:?}").contains("hunter2"));
}

#[test]
fn configured_rounds_are_those_of_what_is_read_and_of_what_is_written() {
    let digest = r#""digest": "pbkdf2_sha256(pass, salt, rounds, 32)""#;
    let own = schemes("own", &format!("{{{digest}, \"parameters\": {{\"rounds\": 7}}}}"));
    let written = Write::parse_with("own", &own).unwrap().hash(&"password".into()).unwrap();
    let salt = written.salt.as_ref().and_then(Secret::expose_text);
    let hash = written.hash.expose_text().unwrap();
    assert!(verifies(&own, "own", hash, salt, "password"));
    let eight = schemes("own", &format!("{{{digest}, \"parameters\": {{\"rounds\": 8}}}}"));
    assert!(!verifies(&eight, "own", hash, salt, "password"));
}

#[test]
fn rounds_that_nothing_says_make_a_value_unusable_and_are_not_written() {
    let own = schemes("own", r#"{"digest": "pbkdf2_sha256(pass, salt, rounds, 32)"}"#);
    let (accept, _) = Accept::parse_with(Some(&["own".to_owned()]), &own).unwrap();
    let (hash, salt) =
        (Secret::from("ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"), "salt".into());
    let stored = Stored { salt: Some(&salt), ..Stored::new(&hash) };
    let reading = accept.read(&stored, &Limits::default());
    assert!(
        matches!(reading, Reading::Unusable(Unusable::MissingParameters { scheme: "own" })),
        "{reading:?}"
    );
    // A column that is the number says it.
    let two = Secret::from("2");
    let Reading::Hash(hash) = accept.read(&Stored { parameters: Some(&two), ..stored }, &Limits::default())
    else {
        panic!("readable")
    };
    assert!(hash.verify(&"password".into()).unwrap());
    let refused = Write::parse_with("own", &own).unwrap_err().message;
    assert!(refused.contains("parameters"), "{refused}");
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    // Where the salt ends and the digest begins, nothing says.
    let own = schemes("own", r#"{"digest": "md5(salt . pass)", "layout": "<salt><digest>"}"#);
    let refused = Write::parse_with("own", &own).unwrap_err().message;
    assert!(refused.contains("could not be read"), "{refused}");
}
