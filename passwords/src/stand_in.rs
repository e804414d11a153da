//! [`StandIns`]: what an unknown user costs.
//!
//! Were an unknown user answered at once, the time would tell who has an account. So the work of a verification is
//! done for nobody, and of the same kind as for the users that the store does have.

use crate::hash::{HashFailure, Shape};
use crate::random::fill;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// How many verifications are remembered.
const SHAPES_MAX: usize = 64;

/// The shapes of a store's last 64 verifications, and a drawing from them in which a name keeps its cost.
///
/// The shapes are kept sorted, and a name's keyed hash is a place on the line from the first to the last. When one
/// verification replaces another, only names near a border between two costs move; in a store that mixes two costs
/// half and half, a name stays on its side. (Were a name bound to one of 64 slots, it would change its cost with
/// every second turn-over of its slot, and that it changes would show that nobody has this name.)
pub struct StandIns {
    key: Zeroizing<[u8; 32]>,
    first: Shape,
    seen: Mutex<Seen>,
}

/// The same shapes twice: by age and in order.
#[derive(Default)]
struct Seen {
    by_age: VecDeque<Shape>,
    sorted: Vec<Shape>,
}

/// A random key for [`StandIns::new`]; one for the life of the process.
pub fn stand_in_key() -> Result<[u8; 32], HashFailure> {
    let mut key = [0; 32];
    fill(&mut key)?;
    Ok(key)
}

impl StandIns {
    /// `first` is drawn until a verification was seen: the store's written scheme, else its first accepted one.
    pub fn new(key: [u8; 32], first: Shape) -> Self {
        Self { key: Zeroizing::new(key), first, seen: Mutex::default() }
    }

    /// Takes note of a verification that ran for an account of the store.
    pub fn note(&self, shape: Shape) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(shape);
    }

    /// What a name that nobody has costs. The identifier is folded as the connection compares it, so that two
    /// spellings of a name cost the same.
    pub fn draw(&self, folded_identifier: &str) -> Shape {
        let place = self.place(folded_identifier);
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .at(place)
            .unwrap_or_else(|| self.first.clone())
    }

    /// A number that is the name's for as long as the key lives, evenly over all numbers.
    fn place(&self, name: &str) -> u64 {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.as_slice()) else { return 0 };
        mac.update(name.as_bytes());
        let tag = mac.finalize().into_bytes();
        tag.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }
}

impl Seen {
    fn push(&mut self, shape: Shape) {
        if self.by_age.len() >= SHAPES_MAX
            && let Some(oldest) = self.by_age.pop_front()
            && let Ok(place) = self.sorted.binary_search(&oldest)
        {
            self.sorted.remove(place);
        }
        let place = self.sorted.binary_search(&shape).unwrap_or_else(|place| place);
        self.sorted.insert(place, shape.clone());
        self.by_age.push_back(shape);
    }

    /// The shape at this part of 2^64 of the line.
    fn at(&self, place: u64) -> Option<Shape> {
        let count = u128::try_from(self.sorted.len()).ok()?;
        let index = u128::from(place).checked_mul(count)?.checked_shr(64)?;
        self.sorted.get(usize::try_from(index).ok()?).cloned()
    }
}

impl std::fmt::Debug for StandIns {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("StandIns(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kdf::{Bcrypt, Kdf};

    fn bcrypt(cost: u32) -> Shape {
        Shape::new("bcrypt", Kdf::Bcrypt(Bcrypt::new(cost).unwrap()).into(), 16, 23)
    }

    fn stand_ins() -> StandIns {
        StandIns::new([7; 32], bcrypt(12))
    }

    fn names() -> Vec<String> {
        (0..1000).map(|number| format!("user{number}@example.com")).collect()
    }

    #[test]
    fn before_any_verification_all_cost_what_was_said_first() {
        assert!(names().iter().all(|name| stand_ins().draw(name) == bcrypt(12)));
    }

    #[test]
    fn what_was_verified_replaces_the_guess() {
        let stand_ins = stand_ins();
        stand_ins.note(bcrypt(10));
        assert!(names().iter().all(|name| stand_ins.draw(name) == bcrypt(10)));
    }

    #[test]
    fn costs_are_drawn_as_often_as_they_occur() {
        let stand_ins = stand_ins();
        for number in 0..64 {
            stand_ins.note(bcrypt(if number % 4 == 0 { 12 } else { 10 }));
        }
        let rare = names().iter().filter(|name| stand_ins.draw(name) == bcrypt(12)).count();
        assert!((200..300).contains(&rare), "{rare} of 1000");
    }

    #[test]
    fn a_name_keeps_its_cost_while_the_store_s_mixture_stays() {
        let stand_ins = stand_ins();
        let note = |count: u32| {
            for number in 0..count {
                stand_ins.note(bcrypt(if number % 2 == 0 { 12 } else { 10 }));
            }
        };
        note(64);
        let before: Vec<_> = names().iter().map(|name| stand_ins.draw(name)).collect();
        note(1000);
        let after: Vec<_> = names().iter().map(|name| stand_ins.draw(name)).collect();
        assert_eq!(before, after);
        // One verification moves one name in 64 at most.
        stand_ins.note(bcrypt(12));
        let moved =
            names().iter().zip(&after).filter(|(name, shape)| stand_ins.draw(name) != **shape).count();
        assert!(moved < 1000 / 64 + 20, "{moved} of 1000");
    }

    #[test]
    fn only_the_last_sixty_four_count() {
        let stand_ins = stand_ins();
        stand_ins.note(bcrypt(4));
        for _ in 0..SHAPES_MAX {
            stand_ins.note(bcrypt(10));
        }
        assert!(names().iter().all(|name| stand_ins.draw(name) == bcrypt(10)));
    }

    #[test]
    fn another_key_draws_otherwise() {
        let draw = |key| {
            let stand_ins = StandIns::new(key, bcrypt(12));
            stand_ins.note(bcrypt(10));
            stand_ins.note(bcrypt(12));
            names().iter().map(|name| stand_ins.draw(name)).collect::<Vec<_>>()
        };
        assert_ne!(draw([1; 32]), draw([2; 32]));
        assert_ne!(stand_in_key().unwrap(), stand_in_key().unwrap());
    }
}
