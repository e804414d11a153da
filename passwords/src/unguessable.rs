//! [`unguessable_password`]: the password of an account whose user is still to choose one.

use crate::hash::HashFailure;
use crate::random::fill;
use idstore_secret::Secret;
use zeroize::Zeroizing;

/// Its length in bytes, where no scheme makes fewer count: about 110 random bits, and below the least maximum that
/// databases are known to have for a password (30).
const BYTES: usize = 28;

/// What it is made of, in turn: whichever classes a policy asks for are there, no two neighbours are the same, and none
/// follow each other in the alphabet.
const CLASSES: [&[u8]; 4] =
    [b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz", b"0123456789", b"-_.!+=%@"];

/// A random password that meets every policy for the composition of passwords, and nobody's eyes. `bytes_max` is what the
/// scheme makes count of it.
pub fn unguessable_password(bytes_max: Option<usize>) -> Result<Secret, HashFailure> {
    let length = bytes_max.map_or(BYTES, |bytes_max| bytes_max.min(BYTES));
    let mut text = Vec::with_capacity(length);
    for class in CLASSES.into_iter().cycle().take(length) {
        text.push(draw(class)?);
    }
    Ok(Secret::new(text))
}

/// One character of a class, each as likely as the others: what would favour some is drawn again.
fn draw(class: &[u8]) -> Result<u8, HashFailure> {
    let fair = 256_usize.saturating_sub(256_usize.checked_rem(class.len()).unwrap_or(0));
    loop {
        let mut byte = Zeroizing::new([0_u8; 1]);
        fill(&mut *byte)?;
        let number = usize::from(byte.first().copied().unwrap_or_default());
        let index = number.checked_rem(class.len()).filter(|_| number < fair);
        if let Some(character) = index.and_then(|index| class.get(index)) {
            return Ok(*character);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Write, scheme_names};

    #[test]
    fn it_meets_the_strictest_policy_and_is_never_the_same() {
        let mut seen = Vec::new();
        for _ in 0..200 {
            let password = unguessable_password(None).unwrap();
            let text = password.expose();
            assert_eq!(text.len(), BYTES);
            for class in CLASSES {
                assert!(text.iter().any(|byte| class.contains(byte)));
            }
            let is_run = |pair: &[u8]| {
                pair[0] == pair[1]
                    || pair.iter().all(u8::is_ascii_alphanumeric) && pair[0].abs_diff(pair[1]) == 1
            };
            assert!(!text.windows(2).any(is_run), "{text:?}");
            assert!(seen.iter().all(|other: &Secret| !other.same_as(&password)));
            seen.push(password);
        }
    }

    #[test]
    fn every_scheme_takes_one_of_its_own_length() {
        let written = scheme_names().filter_map(|name| Write::parse(name).ok());
        for write in written {
            let password = unguessable_password(write.password_bytes_max()).unwrap();
            assert_eq!(write.refuse(&password), None, "{}", write.scheme());
        }
    }
}
