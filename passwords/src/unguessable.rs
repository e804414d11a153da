//! [`unguessable_password`]: the password of an account whose user is still to choose one.

use crate::hash::HashFailure;
use crate::random::fill;
use idstore_secret::Secret;
use zeroize::Zeroizing;

/// Its length in bytes, where no scheme makes fewer count: about 170 random bits, and below the least maximum that
/// databases are known to have for a password (30).
const BYTES: usize = 28;

/// What it is made of. Whichever classes a policy asks for are there.
const CLASSES: [&[u8]; 4] =
    [b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz", b"0123456789", b"-_.!+=%@"];

/// A random password that meets every policy for the composition of passwords, and nobody's eyes. `bytes_max` is what the
/// scheme makes count of it.
pub fn unguessable_password(bytes_max: Option<usize>) -> Result<Secret, HashFailure> {
    let length = bytes_max.map_or(BYTES, |bytes_max| bytes_max.min(BYTES));
    // One in a few does not meet them at eight characters, hardly any at more.
    loop {
        let password = draw(length)?;
        if length < CLASSES.len() || meets_policies(password.expose()) {
            return Ok(password);
        }
    }
}

fn draw(length: usize) -> Result<Secret, HashFailure> {
    let characters = CLASSES.concat();
    // A byte that would favour some characters is drawn again.
    let fair = 256_usize.saturating_sub(256_usize.checked_rem(characters.len()).unwrap_or(0));
    let mut text = Vec::with_capacity(length);
    while text.len() < length {
        let mut block = Zeroizing::new([0_u8; 64]);
        fill(&mut *block)?;
        let numbers = block.iter().map(|byte| usize::from(*byte)).filter(|number| *number < fair);
        let drawn =
            numbers.filter_map(|number| characters.get(number.checked_rem(characters.len())?).copied());
        text.extend(drawn.take(length.saturating_sub(text.len())));
    }
    Ok(Secret::new(text))
}

/// Every class is there, no character stands twice in a row, and no letters or digits follow each other in their order.
/// It begins with a letter or digit: a scheme that stores passwords as they are refuses one that begins like a mark.
fn meets_policies(text: &[u8]) -> bool {
    let begins_plainly = text.first().is_some_and(u8::is_ascii_alphanumeric);
    let has_all = CLASSES.iter().all(|class| text.iter().any(|byte| class.contains(byte)));
    let runs = text.windows(2).any(|pair| match pair {
        [one, other] if one == other => true,
        [one, other] => {
            one.is_ascii_alphanumeric() && other.is_ascii_alphanumeric() && one.abs_diff(*other) == 1
        }
        _ => false,
    });
    begins_plainly && has_all && !runs
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
            assert!(text[0].is_ascii_alphanumeric(), "{text:?}");
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
