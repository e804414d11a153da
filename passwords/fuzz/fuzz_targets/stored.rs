//! Whatever stands in a store's columns is read, as every scheme and as none in particular, without a panic and without
//! long work; what can be verified within the smallest limits is.

#![no_main]

mod smallest;

use idstore_passwords::{Accept, Reading, Schemes, Stored, likely, scheme_names};
use idstore_secret::Secret;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static USUAL: LazyLock<Accept> = LazyLock::new(|| Accept::parse(None).expect("the default list").0);

/// Each scheme by itself, and all of them.
static NAMED: LazyLock<Vec<Accept>> = LazyLock::new(|| {
    let accept =
        |names: &[String]| Accept::parse_with(Some(names), &Schemes::default()).ok().map(|found| found.0);
    let names: Vec<String> = scheme_names().map(str::to_owned).collect();
    let alone = names.iter().filter_map(|name| accept(std::slice::from_ref(name)));
    let with_a_key: Vec<String> =
        names.iter().filter(|name| accept(std::slice::from_ref(name)).is_some()).cloned().collect();
    alone.chain(accept(&with_a_key)).collect()
});

fuzz_target!(|data: &[u8]| {
    // HASH, and where there are more lines: SALT, PARAMETERS, USER.
    let mut columns = data.split(|byte| *byte == b'\n');
    let secret = |bytes: &[u8]| Secret::new(bytes.to_vec());
    let hash = secret(columns.next().unwrap_or_default());
    let (salt, parameters) = (columns.next().map(secret), columns.next().map(secret));
    let user = columns.next().and_then(|user| std::str::from_utf8(user).ok());
    let stored = Stored { salt: salt.as_ref(), parameters: parameters.as_ref(), user, ..Stored::new(&hash) };

    // One scheme of the many, which the input chooses, so that a run stays short.
    let chosen = data.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let one = NAMED.get(chosen.checked_rem(NAMED.len()).unwrap_or(0));
    for accept in [Some(&*USUAL), NAMED.last(), one].into_iter().flatten() {
        if let Reading::Hash(hash) = accept.read(&stored, &smallest::LIMITS) {
            let _ = std::hint::black_box(hash.verify(&Secret::from("password")));
        }
    }
    if let Ok(text) = std::str::from_utf8(hash.expose()) {
        std::hint::black_box(likely(text));
    }
});
