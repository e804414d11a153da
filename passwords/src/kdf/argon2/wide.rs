//! Argon2 with the compression of a wider processor; everything else is as RFC 9106 has it.
//!
//! The crate's own stays for every other processor, and as what this is compared with.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "a kernel: all numbers are places in the memory, below 2^32, and none is subtracted from a smaller one"
)]

use super::{Argon2, Variant, Version};
use crate::kdf::kernels::{Avx2, Avx512, Words};
use argon2::Block;
use blake2::digest::Output;
use blake2::digest::block_api::{UpdateCore as _, VariableOutputCore as _};
use blake2::digest::block_buffer::LazyBuffer;
use blake2::{Blake2b512, Blake2bVarCore, Digest as _};
use zeroize::Zeroizing;

/// The slices of a pass; what one lane reads of another is older than the slice.
const SLICES: usize = 4;

/// What the processor has for the compression.
#[derive(Clone, Copy, Debug)]
pub(super) enum Vectors {
    Eight(Avx512),
    Four(Avx2),
}

impl Vectors {
    /// All that it has, the widest first.
    pub(super) fn detect() -> impl Iterator<Item = Self> {
        Avx512::detect().map(Self::Eight).into_iter().chain(Avx2::detect().map(Self::Four))
    }

    fn compress(self, previous: &Words, reference: &Words, out: &mut Words, mix: bool) {
        match self {
            Self::Eight(avx512) => avx512.compress(previous, reference, out, mix),
            Self::Four(avx2) => avx2.compress(previous, reference, out, mix),
        }
    }
}

/// Where the derivation stands; places and lengths in blocks.
#[derive(Clone, Copy)]
struct Position {
    pass: u32,
    slice: usize,
    lane: usize,
    /// In the segment, which is one lane's part of a slice.
    index: usize,
}

/// The memory's layout.
struct Layout {
    function: Argon2,
    /// In blocks.
    segment: usize,
}

/// `None` for what the parameters of [`Argon2`] exclude.
pub(super) fn derive(
    vectors: Vectors,
    function: Argon2,
    password: &[u8],
    salt: &[u8],
    out: &mut [u8],
    memory: &mut [Block],
) -> Option<()> {
    let lanes = usize::try_from(function.lanes).ok()?;
    let layout = Layout { function, segment: memory.len().checked_div(lanes)?.checked_div(SLICES)? };
    let first = initial_hash(function, password, salt, out.len())?;
    for (lane, blocks) in memory.chunks_exact_mut(layout.segment * SLICES).enumerate() {
        for (number, block) in (0_u32..2).zip(blocks) {
            let mut bytes = Zeroizing::new([0; 1024]);
            let lane = u32::try_from(lane).ok()?.to_le_bytes();
            long_hash(&[first.as_slice(), &number.to_le_bytes(), &lane], bytes.as_mut_slice())?;
            for (word, bytes) in block.as_mut().iter_mut().zip(bytes.as_chunks().0) {
                *word = u64::from_le_bytes(*bytes);
            }
        }
    }
    for pass in 0..function.passes {
        for slice in 0..SLICES {
            for lane in 0..lanes {
                layout.fill_segment(vectors, memory, Position { pass, slice, lane, index: 0 })?;
            }
        }
    }
    let mut last = Zeroizing::new([0_u8; 1024]);
    for blocks in memory.chunks_exact(layout.segment * SLICES) {
        let words = blocks.last()?.as_ref().iter();
        for (byte, from) in last.iter_mut().zip(words.flat_map(|word| word.to_le_bytes())) {
            *byte ^= from;
        }
    }
    long_hash(&[last.as_slice()], out)
}

impl Layout {
    fn fill_segment(&self, vectors: Vectors, memory: &mut [Block], at: Position) -> Option<()> {
        let lane_length = self.segment * SLICES;
        let mut addresses = self.draws_addresses(at).then(|| Addresses::new(self, memory.len(), at));
        let mix = at.pass > 0 && self.function.version == Version::V19;
        let begin = if at.pass == 0 && at.slice == 0 { 2 } else { 0 };
        for index in begin..self.segment {
            let at = Position { index, ..at };
            let place = at.slice * self.segment + index;
            let current = at.lane * lane_length + place;
            let previous = if place == 0 { current + lane_length - 1 } else { current - 1 };
            let random = match &mut addresses {
                Some(addresses) => addresses.at(vectors, index)?,
                None => *memory.get(previous)?.as_ref().first()?,
            };
            let reference = self.reference(at, random)?;
            // All three differ: neither the current block nor the one before is ever referred to.
            let [current, previous, reference] =
                memory.get_disjoint_mut([current, previous, reference]).ok()?;
            vectors.compress(words(previous)?, words(reference)?, words_mut(current)?, mix);
        }
        Some(())
    }

    /// Whether the places are drawn apart from the password.
    fn draws_addresses(&self, at: Position) -> bool {
        match self.function.variant {
            Variant::D => false,
            Variant::I => true,
            Variant::Id => at.pass == 0 && at.slice < SLICES / 2,
        }
    }

    /// The place of the block that these 64 bits refer to.
    fn reference(&self, at: Position, random: u64) -> Option<usize> {
        let (low, high) = (random & 0xffff_ffff, random >> 32);
        let lane = if at.pass == 0 && at.slice == 0 {
            at.lane
        } else {
            usize::try_from(high % u64::from(self.function.lanes)).ok()?
        };
        let lane_length = self.segment * SLICES;
        let finished = if at.pass == 0 { at.slice * self.segment } else { lane_length - self.segment };
        let area = match (lane == at.lane, at.index) {
            (true, index) => finished + index - 1,
            (false, 0) => finished - 1,
            (false, _) => finished,
        };
        let area = u64::try_from(area).ok()?;
        // The younger a block, the likelier.
        let back = (area * ((low * low) >> 32)) >> 32;
        let offset = usize::try_from(area - 1 - back).ok()?;
        let start = if at.pass == 0 { 0 } else { (at.slice + 1) * self.segment };
        Some(lane * lane_length + (start + offset) % lane_length)
    }
}

/// The places that are drawn apart from the password, a block of them at a time.
struct Addresses {
    input: Words,
    drawn: Words,
}

impl Addresses {
    fn new(layout: &Layout, blocks: usize, at: Position) -> Self {
        let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let mut input = [0; 128];
        let first = [
            u64::from(at.pass),
            wide(at.lane),
            wide(at.slice),
            wide(blocks),
            u64::from(layout.function.passes),
            u64::from(number_of(layout.function.variant)),
        ];
        for (word, value) in input.iter_mut().zip(first) {
            *word = value;
        }
        Self { input, drawn: [0; 128] }
    }

    fn at(&mut self, vectors: Vectors, index: usize) -> Option<u64> {
        let place = index % 128;
        // The counter; the first segment begins in the middle of the first block.
        let counter = u64::try_from(index / 128).ok()? + 1;
        let count = self.input.get_mut(6)?;
        if *count != counter {
            *count = counter;
            let mut half = [0; 128];
            vectors.compress(&[0; 128], &self.input, &mut half, false);
            vectors.compress(&[0; 128], &half, &mut self.drawn, false);
        }
        self.drawn.get(place).copied()
    }
}

fn words(block: &Block) -> Option<&Words> {
    block.as_ref().first_chunk()
}

fn words_mut(block: &mut Block) -> Option<&mut Words> {
    block.as_mut().first_chunk_mut()
}

fn number_of(variant: Variant) -> u32 {
    match variant {
        Variant::D => 0,
        Variant::I => 1,
        Variant::Id => 2,
    }
}

fn initial_hash(
    function: Argon2,
    password: &[u8],
    salt: &[u8],
    digest_len: usize,
) -> Option<Zeroizing<[u8; 64]>> {
    let length = |bytes: usize| u32::try_from(bytes).ok();
    let version = match function.version {
        Version::V16 => 0x10,
        Version::V19 => 0x13,
    };
    let mut hasher = Blake2b512::new();
    let Argon2 { lanes, memory_kib, passes, variant, .. } = function;
    for number in [lanes, length(digest_len)?, memory_kib, passes, version, number_of(variant)] {
        hasher.update(number.to_le_bytes());
    }
    // No secret between the salt and the associated data.
    for field in [password, salt, &[], function.data()] {
        hasher.update(length(field.len())?.to_le_bytes());
        hasher.update(field);
    }
    Some(Zeroizing::new(hasher.finalize().into()))
}

/// The hash of any length: chained `BLAKE2b`, of which each link gives 32 bytes and the last one the rest.
fn long_hash(input: &[&[u8]], out: &mut [u8]) -> Option<()> {
    let length = u32::try_from(out.len()).ok()?.to_le_bytes();
    if out.len() <= 64 {
        let all = Zeroizing::new([&[length.as_slice()], input].concat().concat());
        return short_hash(&all, out);
    }
    let mut hasher = Blake2b512::new();
    hasher.update(length);
    for piece in input {
        hasher.update(piece);
    }
    let mut link: Zeroizing<[u8; 64]> = Zeroizing::new(hasher.finalize().into());
    let mut rest = out;
    loop {
        let (part, others) = rest.split_at_mut(32);
        part.copy_from_slice(link.get(..32)?);
        if others.len() <= 64 {
            return short_hash(link.as_slice(), others);
        }
        *link = Blake2b512::digest(link.as_slice()).into();
        rest = others;
    }
}

/// `BLAKE2b` of at most 64 bytes.
fn short_hash(input: &[u8], out: &mut [u8]) -> Option<()> {
    let mut core = Blake2bVarCore::new(out.len()).ok()?;
    let mut buffer = LazyBuffer::default();
    buffer.digest_blocks(input, |blocks| core.update_blocks(blocks));
    let mut full = Output::<Blake2bVarCore>::default();
    core.finalize_variable_core(&mut buffer, &mut full);
    out.copy_from_slice(full.get(..out.len())?);
    Some(())
}
