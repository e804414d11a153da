//! [`Md5Stream`]: one phpass between two rounds.

use super::md5::{self, Word};
use crate::kdf::Algorithm;
use crate::kdf::kernels::Avx2;
use crate::kdf::lanes::{Digest, Stream};
use std::array;
use zeroize::{Zeroize as _, Zeroizing};

/// Two vectors of 256 bits: one alone would wait for itself.
pub(crate) const LANES: usize = 16;

/// From how many on vectors are faster than one after another: they take as long as four or five of them.
const VECTOR_MIN: usize = 5;

/// The longest password that fits into one block behind a digest and before MD5's padding, in bytes.
const PASSWORD_BYTES_MAX: usize = 39;

/// The block that is digested in each round: the last digest, the password, the padding.
pub(crate) struct Md5Stream {
    block: [u32; 16],
}

impl Md5Stream {
    /// `None` where the password is too long.
    pub(super) fn new(password: &[u8], salt: &[u8]) -> Option<Self> {
        let message = password.len().checked_add(16)?;
        let bits =
            u64::try_from(message).ok()?.checked_mul(8).filter(|_| password.len() <= PASSWORD_BYTES_MAX)?;
        let first = Algorithm::Md5.hash(&[salt, password]);
        let content =
            first.iter().chain(password).copied().chain([0x80]).chain(std::iter::repeat(0)).take(56);
        let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(content.chain(bits.to_le_bytes()).collect());
        let mut block = [0; 16];
        for (word, bytes) in block.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        Some(Self { block })
    }

    fn round(&mut self) {
        let made = md5::digest(&self.block.map(|word| [word]));
        for (word, [made]) in self.block.iter_mut().zip(made) {
            *word = made;
        }
    }
}

impl Stream for Md5Stream {
    const LANES: usize = LANES;

    const ROUNDS_PER_STEP: u64 = 256;

    fn advance(streams: &mut [Self], rounds: u64) {
        let avx2 = Avx2::detect();
        for lanes in streams.chunks_mut(LANES) {
            match avx2 {
                Some(avx2) if lanes.len() >= VECTOR_MIN => Vectors::load(lanes).advance(avx2, rounds, lanes),
                _ => lanes.iter_mut().for_each(|lane| (0..rounds).for_each(|_| lane.round())),
            }
        }
    }

    fn digest(&self) -> Digest {
        Digest::new(self.block.iter().take(4).flat_map(|word| word.to_le_bytes()).collect())
    }
}

impl Drop for Md5Stream {
    fn drop(&mut self) {
        self.block.zeroize();
    }
}

/// Up to sixteen streams, each word of them two vectors.
pub(crate) struct Vectors {
    block: [Word<LANES>; 16],
}

impl Vectors {
    /// Lanes without a stream compute something for nobody.
    fn load(streams: &[Md5Stream]) -> Self {
        let word =
            |place, lane| streams.get(lane).and_then(|stream: &Md5Stream| stream.block.get(place)).copied();
        Self { block: array::from_fn(|place| array::from_fn(|lane| word(place, lane).unwrap_or(0))) }
    }

    fn advance(mut self, avx2: Avx2, rounds: u64, streams: &mut [Md5Stream]) {
        avx2.phpass(&mut self, rounds);
        for (lane, stream) in streams.iter_mut().enumerate() {
            for (word, vector) in stream.block.iter_mut().zip(&self.block).take(4) {
                *word = vector.get(lane).copied().unwrap_or(0);
            }
        }
        self.block.zeroize();
    }

    /// So many rounds of all lanes. Has to be inlined where the wider instructions may be used.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "see above")]
    pub(crate) fn rounds(&mut self, rounds: u64) {
        for _ in 0..rounds {
            let made = md5::digest(&self.block);
            for (word, made) in self.block.iter_mut().zip(made) {
                *word = made;
            }
        }
    }
}
