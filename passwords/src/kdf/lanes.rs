//! [`Lanes`]: several derivations on one thread, which begin and end independently of each other.
//!
//! A derivation that consists of rounds can be a [`Stream`]. Streams of one kind in lock-step take less than one after
//! another: bcrypt's fill each other's waiting time, the others' fill the width of a vector.

use super::bcrypt::BcryptStream;
use super::pbkdf2::Sha512Stream;
use super::phpass::Md5Stream;
use zeroize::Zeroizing;

/// What a stream has made in the end.
pub(crate) type Digest = Zeroizing<Vec<u8>>;

/// A derivation's state between two rounds. Wipes itself when it is dropped.
pub(crate) trait Stream: Sized {
    /// How many are worth running at once.
    const LANES: usize;

    /// How many rounds are made before the next look at what has ended and what waits: a millisecond at most, and so few
    /// that all lanes can be filled, one a step, while the first still runs.
    const ROUNDS_PER_STEP: u64;

    /// So many rounds of each, whatever their number.
    fn advance(streams: &mut [Self], rounds: u64);

    /// The digest, after all rounds.
    fn digest(&self) -> Digest;

    /// All rounds with nobody beside it.
    fn alone(mut self, rounds: u64) -> Digest {
        Self::advance(std::slice::from_mut(&mut self), rounds);
        self.digest()
    }
}

/// What can share a thread, and with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LaneKind {
    Bcrypt,
    Sha512,
    Md5,
}

/// A derivation that has begun, with its rounds.
#[allow(clippy::large_enum_variant, reason = "it is moved once, to its place among the others")]
pub(crate) enum LaneInput {
    Bcrypt(BcryptStream, u64),
    Sha512(Sha512Stream, u64),
    Md5(Md5Stream, u64),
}

/// The derivations that share a thread. A `T` says whose each is.
pub(crate) struct Lanes<T> {
    bcrypt: Group<BcryptStream, T>,
    sha512: Group<Sha512Stream, T>,
    md5: Group<Md5Stream, T>,
}

/// Streams of one kind.
struct Group<S, T> {
    /// Side by side, so that one address leads to all.
    streams: Vec<S>,
    /// In the same order: the rounds that are left, and whose it is.
    rest: Vec<(u64, T)>,
}

impl<T> Lanes<T> {
    pub(crate) fn new() -> Self {
        Self { bcrypt: Group::new(), sha512: Group::new(), md5: Group::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bcrypt.rest.is_empty() && self.sha512.rest.is_empty() && self.md5.rest.is_empty()
    }

    /// Whether one more of this kind is worth it.
    pub(crate) fn has_room(&self, kind: LaneKind) -> bool {
        match kind {
            LaneKind::Bcrypt => self.bcrypt.has_room(),
            LaneKind::Sha512 => self.sha512.has_room(),
            LaneKind::Md5 => self.md5.has_room(),
        }
    }

    pub(crate) fn join(&mut self, input: LaneInput, whose: T) {
        match input {
            LaneInput::Bcrypt(stream, rounds) => self.bcrypt.join(stream, rounds, whose),
            LaneInput::Sha512(stream, rounds) => self.sha512.join(stream, rounds, whose),
            LaneInput::Md5(stream, rounds) => self.md5.join(stream, rounds, whose),
        }
    }

    /// Works for about a millisecond on all of them; answers with those that ended.
    pub(crate) fn step(&mut self) -> Vec<(T, Digest)> {
        let mut ended = self.bcrypt.step();
        ended.extend(self.sha512.step());
        ended.extend(self.md5.step());
        ended
    }
}

impl<S: Stream, T> Group<S, T> {
    fn new() -> Self {
        // Room for all: to grow would leave the states behind in the old place.
        Self { streams: Vec::with_capacity(S::LANES), rest: Vec::with_capacity(S::LANES) }
    }

    fn has_room(&self) -> bool {
        self.rest.len() < S::LANES
    }

    fn join(&mut self, stream: S, rounds: u64, whose: T) {
        self.streams.push(stream);
        self.rest.push((rounds, whose));
    }

    fn step(&mut self) -> Vec<(T, Digest)> {
        let least = self.rest.iter().map(|(left, _)| *left).min().unwrap_or(0);
        let rounds = least.min(S::ROUNDS_PER_STEP);
        S::advance(&mut self.streams, rounds);
        for (left, _) in &mut self.rest {
            *left = left.saturating_sub(rounds);
        }
        let mut ended = Vec::new();
        while let Some(place) = self.rest.iter().position(|(left, _)| *left == 0) {
            ended.extend(self.leave(place));
        }
        ended
    }

    /// The last lane takes the place of the one that leaves, which is wiped where it then lies.
    fn leave(&mut self, place: usize) -> Option<(T, Digest)> {
        let last = self.streams.len().checked_sub(1)?;
        self.streams.swap(place, last);
        let digest = self.streams.last()?.digest();
        self.streams.truncate(last);
        Some((self.rest.swap_remove(place).1, digest))
    }
}
