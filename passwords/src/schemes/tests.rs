//! The tables: each line is right, prints what it reads, and claims no other's values.

use super::*;
use crate::custom::Schemes;
use crate::limits::Limits;
use crate::scheme::scheme;
use idstore_secret::Secret;
use proptest::prelude::*;

#[test]
fn every_line_of_the_tables_is_right() {
    let wrong: Vec<_> = build().into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Everything that a stored value may need beside it.
fn columns<'a>(text: &'a str, salt: Option<&'a [u8]>) -> Columns<'a> {
    Columns { text, salt, user: Some(b"user"), parameters: None, key: Some(b"key") }
}

#[test]
fn what_the_originals_wrote_prints_byte_for_byte_where_it_is_written() {
    let mut problems = Vec::new();
    for line in include_str!("../../tests/fixtures/vectors.jsonl").lines() {
        let vector: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| vector.get(key).and_then(serde_json::Value::as_str);
        let (stored, salt) = (text("stored").unwrap(), text("salt").map(str::as_bytes));
        let scheme = scheme(text("format").unwrap()).unwrap();
        let parameters = vector.get("params").map(ToString::to_string);
        let columns = Columns { parameters: parameters.as_deref(), ..columns(stored, salt.or(Some(b""))) };
        let Some(printed) =
            scheme.written.then(|| scheme.format.print(&scheme.format.read(&columns).unwrap()))
        else {
            continue;
        };
        // Case, padding and the letter of bcrypt's version are as today's release of the original has them.
        let plain =
            |text: &str| text.replace("$2a$", "$2b$").replace("$2y$", "$2b$").replace('=', "").to_lowercase();
        let printed = printed.map(|printed| printed.hash.expose_text().unwrap().to_owned());
        // Spellings that are read as well as the one that is written.
        let other_spelling = [".B64}", ".HEX}", "$H$"].iter().any(|mark| stored.contains(mark))
            || ["spring:pbkdf2", "spring:sha256", "zope:sha", "symfony:digest"].contains(&scheme.name);
        if !other_spelling && printed.as_deref().map(plain) != Some(plain(stored)) {
            problems.push(format!("{} {stored} {printed:?}", scheme.name));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn usual_text(scheme: &Scheme) -> Option<String> {
    let usual = scheme.format.usual();
    let salt = Secret::new(vec![b's'; usual.salt.len()]);
    let parts = Parts::new(usual.recipe, salt, Secret::new(vec![7; usual.digest_len]));
    Some(scheme.format.print(&parts)?.hash.expose_text()?.to_owned())
}

#[test]
fn a_value_is_described_by_one_scheme_at_most() {
    let mut problems = Vec::new();
    for scheme in all() {
        let Some(text) = usual_text(scheme) else { continue };
        let describes = |reader: &&Scheme| {
            reader.is_self_describing() && reader.format.read(&columns(&text, Some(b""))).is_ok()
        };
        let readers: Vec<_> = all().filter(describes).collect();
        if readers.len() > 1 || scheme.is_self_describing() && readers != [scheme] {
            problems.push(format!("{scheme:?} {text}: {readers:?}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn what_is_clear_or_cheap_is_weak() {
    for scheme in all() {
        let usual = scheme.format.usual();
        let cheap = matches!(usual.recipe.kdf, crate::kdf::Kdf::None) && usual.recipe.rounds < 999;
        assert!(!cheap || scheme.is_weak() || usual.recipe.expression.repeats().is_some(), "{scheme:?}");
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_as_the_same(
        scheme in proptest::sample::select(all().filter(|scheme| scheme.written).collect::<Vec<_>>()),
        salt in "[A-Za-z0-9]{16}",
        digest in prop::collection::vec(any::<u8>(), 512),
    ) {
        let usual = scheme.format.usual();
        prop_assume!(!scheme.format.is_reversible());
        let salt = salt.chars().cycle().take(usual.salt.len()).collect::<String>();
        let mut digest: Vec<u8> = digest.into_iter().take(usual.digest_len).collect();
        // Of Drupal's last byte two bits are stored.
        if usual.digest_len == 33 {
            digest[32] &= 3;
        }
        let mut parts = Parts::new(usual.recipe, salt.into(), Secret::new(digest));
        parts.bound.column = (usual.column.len() > 0).then(|| "column".into());
        parts.bound.user = scheme.format.needs_user().then(|| "user".into());
        parts.bound.key = scheme.format.takes_key().then(|| "key".into());
        let written = scheme.format.print(&parts).unwrap();
        let column = written.salt.as_ref().map(Secret::expose);
        let text = written.hash.expose_text().unwrap();
        let found = {
            let columns = Columns { parameters: written.parameters.as_deref(), ..columns(text, column) };
            Schemes::default().choice(scheme).scheme.read(&columns, &Limits::default())
        };
        let found = found.map_err(|error| TestCaseError::fail(format!("{scheme:?} {text}: {error:?}")))?.parts;
        prop_assert!(found.same_as(&parts), "{:?} {}", scheme, text);
    }
}
