//! Whatever stands in a scheme's table of the configuration is refused or understood; what is understood reads, computes
//! and writes without a panic and without long work.

#![no_main]

mod smallest;

use idstore_passwords::{Accept, Definition, Reading, Schemes, Stored, Write};
use idstore_secret::Secret;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // DIGEST, LAYOUT, CHARSET, TEXT with blanks between its steps, a stored value, its salt.
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let mut next = || lines.next().filter(|line| !line.is_empty());
    let definition = Definition {
        digest: next().map(str::to_owned),
        layout: next().map(str::to_owned),
        charset: next().map(str::to_owned),
        text: next().into_iter().flat_map(|steps| steps.split(' ')).map(str::to_owned).collect(),
        ..Definition::default()
    };
    let stored = Secret::from(next().unwrap_or("5f4dcc3b5aa765d61d8327deb882cf99"));
    let salt = next().map(Secret::from);
    let Ok(schemes) = Schemes::parse([("own", &definition)]) else { return };
    let Ok((accept, _)) = Accept::parse_with(Some(&["own".to_owned()]), &schemes) else { return };
    let stored = Stored { salt: salt.as_ref(), user: Some("ada"), ..Stored::new(&stored) };
    if let Reading::Hash(hash) = accept.read(&stored, &smallest::LIMITS) {
        let _ = std::hint::black_box(hash.verify(&Secret::from("pässword")));
    }
    // New values take the usual rounds, which the table can't change: what is dear by itself is read alone.
    if text.bytes().filter(u8::is_ascii_digit).nth(4).is_none()
        && let Ok(write) = Write::parse_with("own", &schemes)
    {
        let _ = std::hint::black_box(write.for_user("ada").hash(&Secret::from("pässword")));
    }
});
