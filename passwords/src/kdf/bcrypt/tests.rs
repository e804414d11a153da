//! Against the crate that this replaced, and against values of other software.

use super::*;
use crate::encoding::Base64;
use crate::kdf::lanes::{LaneKind, Lanes};
use proptest::collection::vec;
use proptest::prelude::*;

fn alone(bcrypt: Bcrypt, password: &[u8], salt: [u8; 16]) -> [u8; 24] {
    let mut digest = [0; 24];
    bcrypt.derive(password, &salt, &mut digest).unwrap();
    digest
}

fn reference(cost: u32, password: &[u8], salt: [u8; 16]) -> [u8; 24] {
    let key: Vec<u8> = password.iter().copied().chain([0]).take(72).collect();
    bcrypt_crate::bcrypt(cost, salt, &key)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn one_lane_computes_what_the_reference_does(
        password in vec(any::<u8>(), 0..100), salt: [u8; 16], cost in 4..6_u32,
    ) {
        let bcrypt = Bcrypt::new(cost).unwrap();
        prop_assert_eq!(alone(bcrypt, &password, salt), reference(cost, &password, salt));
    }

    #[test]
    fn lanes_that_join_and_leave_at_any_time_compute_what_one_does_alone(
        jobs in vec((vec(any::<u8>(), 0..80), any::<[u8; 16]>(), 4..8_u32, any::<bool>(), 0..12_usize), 1..12),
    ) {
        let expected: Vec<_> = jobs
            .iter()
            .map(|(password, salt, cost, extended, _)| alone(with(*cost, *extended), password, *salt))
            .collect();
        let mut lanes = Lanes::new();
        let mut found = vec![None; jobs.len()];
        let mut step = |lanes: &mut Lanes<usize>| {
            for (whose, digest) in lanes.step() {
                found[whose] = Some(digest.to_vec());
            }
        };
        for (number, (password, salt, cost, extended, steps)) in jobs.iter().enumerate() {
            let mut steps = *steps;
            while !lanes.has_room(LaneKind::Bcrypt) || steps > 0 {
                step(&mut lanes);
                steps = steps.saturating_sub(1);
            }
            lanes.join(with(*cost, *extended).lane(password, salt).unwrap(), number);
        }
        while !lanes.is_empty() {
            step(&mut lanes);
        }
        for (found, expected) in found.into_iter().zip(expected) {
            prop_assert_eq!(found, Some(expected.to_vec()));
        }
    }
}

fn with(cost: u32, extended: bool) -> Bcrypt {
    let bcrypt = Bcrypt::new(cost).unwrap();
    if extended { bcrypt.sign_extended() } else { bcrypt }
}

/// Whether a string's 22 and 31 characters are those of the password.
fn matches(bcrypt: Bcrypt, text: &str, password: &[u8]) -> bool {
    let (salt, digest) = text.split_at(22);
    let salt = Base64::Bcrypt.decode(salt).unwrap();
    alone(bcrypt, password, salt.expose().try_into().unwrap())[..23]
        == *Base64::Bcrypt.decode(digest).unwrap().expose()
}

#[test]
fn sign_extension_is_that_of_the_implementation_that_had_it() {
    // Values that libxcrypt wrote after `$2x$`.
    for (cost, text, password) in [
        (4, "JF.OtA8O5rHR9MZ3gFZ59uEGvL4dVJ1oidknDemAb4ucgCz9QvTfS", "ÿ£ç"),
        (4, "Rrw152K59aTGy4dsWF2RkeCf6ax9EBHupCd0k0rq1KYiBBm5QLfVW", "пароль"),
        (4, "tyRig443nVIEIWsyzILBWObLCGMJpZTmmAfHoCFWUPKHlEQ0xuziq", "pässwörd-é"),
        (5, "usesomesillystringforehBm9mGIjvppgQJahZcI2dU91pkizrCW", "password"),
    ] {
        assert!(matches(with(cost, true), text, password.as_bytes()), "{password}");
        assert_eq!(matches(with(cost, false), text, password.as_bytes()), password.is_ascii(), "{password}");
    }
}

#[test]
fn the_ones_of_the_extension_cover_what_stands_before_it() {
    let extended = with(4, true);
    assert_eq!(alone(extended, b"\xff\xff\xa3", [7; 16]), alone(extended, b"ab\xa3", [7; 16]));
}

#[test]
fn ascii_is_alike_with_sign_extension_and_without() {
    let four = Bcrypt::new(4).unwrap();
    assert_eq!(alone(four, b"password", [7; 16]), alone(four.sign_extended(), b"password", [7; 16]));
    assert_ne!(
        alone(four, "pässword".as_bytes(), [7; 16]),
        alone(four.sign_extended(), "pässword".as_bytes(), [7; 16])
    );
}

#[test]
fn a_salt_of_another_length_is_refused() {
    let four = Bcrypt::new(4).unwrap();
    assert_eq!(four.derive(b"password", &[7; 15], &mut [0; 23]), Err(HashFailure::Parameters));
}

#[test]
fn four_share_a_thread_and_more_would_be_computed_as_well() {
    let four = Bcrypt::new(4).unwrap();
    let mut lanes = Lanes::new();
    let mut whose = Vec::new();
    for number in 0..7_u8 {
        assert_eq!(lanes.has_room(LaneKind::Bcrypt), number < 4);
        lanes.join(four.lane(&[number], &[7; 16]).unwrap(), number);
    }
    while !lanes.is_empty() {
        for (number, digest) in lanes.step() {
            assert_eq!(*digest, alone(four, &[number], [7; 16]));
            whose.push(number);
        }
    }
    whose.sort_unstable();
    assert_eq!(whose, [0, 1, 2, 3, 4, 5, 6]);
}
