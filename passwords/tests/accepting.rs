//! The list of accepted schemes: names, families, warnings, and values that several schemes may have written.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use idstore_passwords::{Accept, Limits, NameError, Reading, Stored, Unusable};
use idstore_secret::Secret;

fn parse(names: &[&str]) -> Result<(Accept, Vec<idstore_passwords::NameWarning>), Vec<NameError>> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    Accept::parse(Some(&names))
}

fn read(accept: &Accept, hash: &str, salt: Option<&str>, scheme: Option<&str>) -> Reading {
    let (hash, salt) = (Secret::from(hash), salt.map(Secret::from));
    accept.read(&Stored { salt: salt.as_ref(), scheme, ..Stored::new(&hash) }, &Limits::default())
}

#[test]
fn every_unknown_name_is_reported_with_its_place() {
    let errors = parse(&["bcrypt", "bcript", "django", "djagno"]).unwrap_err();
    let places: Vec<_> = errors.iter().map(|error| error.index).collect();
    assert_eq!(places, [1, 3]);
    assert_eq!(errors[0].message, "unknown password scheme \"bcript\"; did you mean \"bcrypt\"?");
    assert_eq!(errors[1].message, "unknown password scheme \"djagno\"; did you mean \"django\"?");
}

#[test]
fn an_empty_list_is_an_error_and_a_repeated_name_is_none() {
    assert!(parse(&[]).unwrap_err()[0].message.contains("no password could ever match"));
    let (accept, _) = parse(&["django", "django:md5", "bcrypt", "bcrypt"]).unwrap();
    let names: Vec<_> = accept.names().collect();
    assert_eq!(names.len(), 12);
}

#[test]
fn weak_schemes_are_warned_about_by_name_and_by_family() {
    let (_, warnings) = parse(&["bcrypt", "hex_md5", "django"]).unwrap();
    assert_eq!(warnings.iter().map(|warning| warning.index).collect::<Vec<_>>(), [1, 2]);
    assert!(
        warnings[1].message.contains("django:md5, django:unsalted_sha1, django:unsalted_md5, django:crypt")
    );
}

#[test]
fn bare_hex_is_tried_as_each_scheme_that_may_have_written_it() {
    // MD5 of "saltpassword" and of "passwordsalt".
    let (salt_pass, pass_salt) = ("67a1e09bb1f83f5007dc119c14d663aa", "b305cadbb3bce54f3aa59c64fec00dea");
    let (accept, _) = parse(&["md5:salt.pass", "md5:pass.salt"]).unwrap();
    for (stored, right) in [(salt_pass, true), (pass_salt, true), ("00000000000000000000000000000000", false)]
    {
        let Reading::Hash(hash) = read(&accept, stored, Some("salt"), None) else { panic!("{stored}") };
        assert_eq!(hash.verify(&"password".into()), Ok(right));
        assert_eq!(hash.verify(&"other".into()), Ok(false));
    }
    let (only, _) = parse(&["md5:pass.salt"]).unwrap();
    let Reading::Hash(hash) = read(&only, salt_pass, Some("salt"), None) else { panic!() };
    assert_eq!(hash.verify(&"password".into()), Ok(false));
}

#[test]
fn two_names_for_the_same_computation_are_computed_once() {
    let (both, _) = parse(&["hex_md5", "django:unsalted_md5"]).unwrap();
    let (one, _) = parse(&["hex_md5"]).unwrap();
    let shape = |accept| match read(accept, "5f4dcc3b5aa765d61d8327deb882cf99", None, None) {
        Reading::Hash(hash) => hash.shape(),
        other => panic!("{other:?}"),
    };
    assert_eq!(shape(&both), shape(&one));
}

#[test]
fn the_scheme_column_decides_alone() {
    let (accept, _) = parse(&["md5:salt.pass", "md5:pass.salt", "bcrypt"]).unwrap();
    let stored = "67a1e09bb1f83f5007dc119c14d663aa";
    let Reading::Hash(hash) = read(&accept, stored, Some("salt"), Some("md5:pass.salt")) else { panic!() };
    assert_eq!(hash.scheme(), "md5:pass.salt");
    assert_eq!(hash.verify(&"password".into()), Ok(false));
    let unusable = |scheme| match read(&accept, stored, Some("salt"), Some(scheme)) {
        Reading::Unusable(unusable) => unusable,
        other => panic!("{other:?}"),
    };
    assert_eq!(unusable("hex_md5"), Unusable::NotAccepted { scheme: "hex_md5" });
    assert_eq!(unusable("hunter2"), Unusable::UnknownSchemeName);
    assert_eq!(unusable("bcrypt"), Unusable::Malformed { scheme: "bcrypt" });
    assert!(matches!(read(&accept, stored, Some("salt"), Some("")), Reading::Hash(_)));
}

#[test]
fn the_documentation_names_every_scheme() {
    let table = include_str!("../../docs/password-schemes.md");
    for name in idstore_passwords::scheme_names() {
        assert!(table.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn nothing_prints_what_it_holds() {
    let (accept, _) = parse(&["md5:salt.pass"]).unwrap();
    let reading = read(&accept, "67a1e09bb1f83f5007dc119c14d663aa", Some("grain-of-salt"), None);
    assert_eq!(format!("{reading:?}"), "Hash(Hash(md5:salt.pass))");
    let Reading::Hash(hash) = reading else { panic!() };
    assert_eq!(hash.shape().to_string(), "md5:salt.pass, one round");
}
