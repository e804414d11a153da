//! The id under which one request is found in the logs of both sides.

use hyper::HeaderMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// The header, in both directions.
pub(super) const HEADER: &str = "x-request-id";

/// The longest id that is taken from a caller, in bytes: a UUID with room for a prefix.
const BYTES_MAX: usize = 64;

/// The caller's id when it is short and plain, else one of ours.
pub(super) fn of(headers: &HeaderMap) -> Arc<str> {
    let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
    given.filter(|id| is_plain(id)).map_or_else(made, Arc::from)
}

/// Plain: nothing that a log, a shell or a header could read as syntax.
fn is_plain(id: &str) -> bool {
    (1..=BYTES_MAX).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn made() -> Arc<str> {
    let mut random = [0_u8; 16];
    // Without randomness the id is zero: a worse id is no reason to refuse a login.
    if getrandom::fill(&mut random).is_err() {
        random.fill(0);
    }
    let mut id = String::with_capacity(32);
    for byte in random {
        if write!(id, "{byte:02x}").is_err() {
            break;
        }
    }
    id.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(id: &str) -> Arc<str> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, id.parse().unwrap());
        of(&headers)
    }

    #[test]
    fn a_short_plain_id_is_kept_and_any_other_replaced() {
        assert_eq!(&*of_text("req-7_a.B"), "req-7_a.B");
        for other in ["", "a b", "a\"b", "{}", &"a".repeat(65), "ä"] {
            assert_ne!(&*of_text(other), other);
            assert_eq!(of_text(other).len(), 32);
        }
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
