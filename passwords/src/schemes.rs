//! The catalogue: one file per family of formats, each with a table of its schemes. They read and print text; what
//! computes is in [`kdf`](crate::kdf).

mod argon2;
mod bcrypt;
mod digest;
mod django;
mod pbkdf2;

use crate::scheme::Scheme;

/// Every scheme, in the order in which values are tried where the configuration gives none.
pub(crate) fn all() -> impl Iterator<Item = &'static Scheme> {
    [bcrypt::SCHEMES, argon2::SCHEMES, django::SCHEMES, pbkdf2::SCHEMES, digest::SCHEMES]
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::all;
    use crate::hash::Parts;
    use crate::limits::Limits;
    use crate::scheme::{Columns, Scheme, scheme};
    use idstore_secret::Secret;
    use proptest::prelude::*;

    fn read(scheme: &'static Scheme, text: &str, salt: Option<&[u8]>) -> Option<Parts> {
        scheme.read(&Columns { text, salt }, &Limits::default()).ok().map(|candidate| candidate.parts)
    }

    #[test]
    fn what_the_originals_wrote_prints_byte_for_byte() {
        for line in include_str!("../tests/fixtures/vectors.jsonl").lines() {
            let vector: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| vector.get(key).and_then(serde_json::Value::as_str);
            let (stored, salt) = (text("stored").unwrap(), text("salt").map(str::as_bytes));
            let scheme = scheme(text("format").unwrap()).unwrap();
            let printed = scheme.format.print(&read(scheme, stored, salt).unwrap()).unwrap();
            // All of bcrypt's are written as `$2b$`.
            let expected = stored.replace("$2a$", "$2b$").replace("$2y$", "$2b$");
            assert_eq!(printed.hash.expose_text(), Some(expected.as_str()), "{line}");
            assert_eq!(printed.salt.as_ref().map(Secret::expose), salt, "{line}");
        }
    }

    #[test]
    fn only_declared_schemes_have_no_mark_of_their_own() {
        for scheme in all() {
            let usual = scheme.format.usual();
            let parts = Parts {
                recipe: usual.recipe,
                salt: Secret::new(vec![b's'; usual.salt.len()]),
                digest: Secret::new(vec![7; usual.digest_len]),
            };
            let text = scheme.format.print(&parts).unwrap().hash;
            let columns = Columns { text: text.expose_text().unwrap(), salt: Some(b"") };
            let readers: Vec<_> = all().filter(|reader| reader.format.read(&columns).is_ok()).collect();
            if scheme.is_self_describing() {
                assert_eq!(readers, [scheme]);
            } else {
                assert!(readers.iter().all(|reader| !reader.is_self_describing()), "{scheme:?}: {readers:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_as_the_same(
            scheme in proptest::sample::select(all().collect::<Vec<_>>()),
            salt in "[A-Za-z0-9]{16}",
            digest in prop::collection::vec(any::<u8>(), 64),
        ) {
            let usual = scheme.format.usual();
            let salt = salt.chars().cycle().take(usual.salt.len()).collect::<String>();
            let digest: Vec<u8> = digest.into_iter().take(usual.digest_len).collect();
            let parts = Parts { recipe: usual.recipe, salt: salt.into(), digest: Secret::new(digest) };
            let written = scheme.format.print(&parts).unwrap();
            let column = written.salt.as_ref().map(Secret::expose);
            let found = read(scheme, written.hash.expose_text().unwrap(), column).unwrap();
            prop_assert!(found.same_as(&parts), "{:?}", scheme);
        }
    }
}
