//! [`Sha512Stream`]: one PBKDF2-HMAC-SHA512 between two rounds.

use super::sha512::{self, Word};
use crate::kdf::kernels::Avx512;
use crate::kdf::lanes::{Digest, Stream};
use crate::kdf::{Algorithm, copy};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha512;
use sha2::block_api::compress512;
use std::array;
use zeroize::{Zeroize as _, Zeroizing};

/// The lanes of a vector of 512 bits.
pub(crate) const LANES: usize = 8;

/// From how many on a vector is faster than one after another: it takes as long as two of them.
const VECTOR_MIN: usize = 3;

/// HMAC's key and block, in bytes.
const BLOCK: usize = 128;

/// The length of what a round digests, in bits: a block of HMAC's and a digest.
const MESSAGE_BITS: u16 = 8 * (128 + 64);

/// A state, or a digest, of SHA-512.
type State = [u64; 8];

/// The first block of the output, which is 64 bytes.
pub(crate) struct Sha512Stream {
    /// The states after HMAC's two pads, which are all that is needed of the password.
    inner: State,
    outer: State,
    /// What the last round made.
    last: State,
    /// All rounds, mixed.
    sum: State,
}

impl Sha512Stream {
    /// With the first round done.
    pub(super) fn new(password: &[u8], salt: &[u8]) -> Self {
        let mut key = Zeroizing::new([0_u8; BLOCK]);
        if password.len() <= BLOCK {
            copy(password, key.as_mut_slice());
        } else {
            copy(&Algorithm::Sha512.hash(&[password]), key.as_mut_slice());
        }
        let padded = |pad: u8| {
            let mut state = sha512::INITIAL;
            compress512(&mut state, &[*Zeroizing::new(key.map(|byte| byte ^ pad))]);
            state
        };
        let (inner, outer) = (padded(0x36), padded(0x5c));
        let mut last = State::default();
        if let Ok(mut first) = Hmac::<Sha512>::new_from_slice(password) {
            first.update(salt);
            first.update(&1_u32.to_be_bytes());
            let made = first.finalize().into_bytes();
            for (word, bytes) in last.iter_mut().zip(made.as_chunks().0) {
                *word = u64::from_be_bytes(*bytes);
            }
        }
        Self { inner, outer, last, sum: last }
    }

    fn round(&mut self) {
        for pad in [&self.inner, &self.outer] {
            let mut state = *pad;
            compress512(&mut state, &[last_block(&self.last)]);
            self.last = state;
        }
        for (sum, word) in self.sum.iter_mut().zip(self.last) {
            *sum ^= word;
        }
    }
}

/// The last block of a message: a digest, after the block of a pad.
fn last_block(digest: &State) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    for (to, word) in block.as_chunks_mut().0.iter_mut().zip(digest) {
        *to = word.to_be_bytes();
    }
    if let [end, .., high, low] = block.split_at_mut(64).1 {
        *end = 0x80;
        [*high, *low] = MESSAGE_BITS.to_be_bytes();
    }
    block
}

impl Stream for Sha512Stream {
    const LANES: usize = LANES;

    const ROUNDS_PER_STEP: u64 = 256;

    fn advance(streams: &mut [Self], rounds: u64) {
        let avx512 = Avx512::detect();
        for lanes in streams.chunks_mut(LANES) {
            match avx512 {
                Some(avx512) if lanes.len() >= VECTOR_MIN => {
                    Vectors::load(lanes).advance(avx512, rounds, lanes);
                }
                _ => lanes.iter_mut().for_each(|lane| (0..rounds).for_each(|_| lane.round())),
            }
        }
    }

    fn digest(&self) -> Digest {
        Digest::new(self.sum.iter().flat_map(|word| word.to_be_bytes()).collect())
    }
}

impl Drop for Sha512Stream {
    fn drop(&mut self) {
        for state in [&mut self.inner, &mut self.outer, &mut self.last, &mut self.sum] {
            state.zeroize();
        }
    }
}

/// Up to eight streams, each word of them a vector.
pub(crate) struct Vectors {
    inner: [Word<LANES>; 8],
    outer: [Word<LANES>; 8],
    last: [Word<LANES>; 8],
    sum: [Word<LANES>; 8],
}

impl Vectors {
    /// Lanes without a stream compute something for nobody.
    fn load(streams: &[Sha512Stream]) -> Self {
        let gather = |state: fn(&Sha512Stream) -> &State| {
            array::from_fn(|word| {
                array::from_fn(|lane| {
                    streams.get(lane).and_then(|stream| state(stream).get(word)).copied().unwrap_or(0)
                })
            })
        };
        Self {
            inner: gather(|stream| &stream.inner),
            outer: gather(|stream| &stream.outer),
            last: gather(|stream| &stream.last),
            sum: gather(|stream| &stream.sum),
        }
    }

    fn advance(mut self, avx512: Avx512, rounds: u64, streams: &mut [Sha512Stream]) {
        avx512.pbkdf2_sha512(&mut self, rounds);
        for (lane, stream) in streams.iter_mut().enumerate() {
            for (vectors, state) in [(&self.last, &mut stream.last), (&self.sum, &mut stream.sum)] {
                for (vector, word) in vectors.iter().zip(state) {
                    *word = vector.get(lane).copied().unwrap_or(0);
                }
            }
        }
        for vectors in [&mut self.inner, &mut self.outer, &mut self.last, &mut self.sum] {
            vectors.zeroize();
        }
    }

    /// So many rounds of all lanes. Has to be inlined where the wider instructions may be used.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "see above")]
    pub(crate) fn rounds(&mut self, rounds: u64) {
        let mut block = [[0; LANES]; 16];
        let [.., length] = &mut block;
        *length = [MESSAGE_BITS.into(); LANES];
        let [_, _, _, _, _, _, _, _, end, ..] = &mut block;
        *end = [1 << 63; LANES];
        for _ in 0..rounds {
            for pad in [&self.inner, &self.outer] {
                let mut state = *pad;
                for (to, word) in block.iter_mut().zip(&self.last) {
                    *to = *word;
                }
                sha512::compress(&mut state, &block);
                self.last = state;
            }
            for (sum, word) in self.sum.iter_mut().zip(&self.last) {
                for (sum, word) in sum.iter_mut().zip(word) {
                    *sum ^= word;
                }
            }
        }
    }
}
