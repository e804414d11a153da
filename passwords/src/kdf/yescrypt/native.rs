//! yescrypt's native mode with one lane and no extra time, which is what systems write (`j` and two characters more).
//!
//! The crate's own stays for all other parameters, and as what this is compared with. This takes half of its time: what
//! is written here as arithmetic on pairs of words becomes instructions on vectors, and the memory serves again.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::inline_always,
    clippy::many_single_char_names,
    reason = "a kernel: places are masked to the memory's size or run over an array's own length, and words are cut into \
              their halves and bytes on purpose; six rounds are one piece only where each is inlined"
)]

use crate::kdf::Algorithm;
use argon2::Block as Memory;
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use std::array;
use zeroize::{Zeroize as _, Zeroizing};

/// 64 bytes as pairs of words of 64 bits, in the order that suits vectors: half word `n` is number `5 n % 16` of what
/// the bytes say.
type Block = [[u64; 2]; 4];

/// A table of pwxform.
type Table = [[u64; 2]; 256];

/// So many blocks of memory, of 64 bytes, are worth a hash of the password with a 64th of them before.
const PREHASH_BLOCKS_MIN: u64 = 1 << 18;

/// What a [`Memory`] holds.
const BLOCKS_PER_KIB: usize = 16;

/// The cost: how many rows, and how many blocks each has.
#[derive(Clone, Copy)]
pub(super) struct Native {
    rows: u64,
    row: usize,
}

impl Native {
    /// `None` where a row does not consist of whole KiB, in which the memory comes.
    pub(super) fn new(n: u64, r: u32) -> Option<Self> {
        let row = usize::try_from(r).ok()?.checked_mul(2)?;
        let possible = r >= 8 && row.is_multiple_of(BLOCKS_PER_KIB) && n >= 4 && n.is_power_of_two();
        possible.then_some(Self { rows: n, row })
    }

    /// How much memory it takes, in KiB.
    pub(super) fn memory_kib(self) -> Option<usize> {
        usize::try_from(self.rows).ok()?.checked_mul(self.row / BLOCKS_PER_KIB)
    }

    /// The digest, with memory of that size.
    pub(super) fn derive(self, password: &[u8], salt: &[u8], memory: &mut [Memory]) -> Zeroizing<[u8; 32]> {
        let keyed = |name: &[u8], password: &[u8]| Algorithm::Sha256.hmac(name, password);
        let key = if self.rows >= 0x100 && self.rows * self.row as u64 >= PREHASH_BLOCKS_MIN {
            let before = Self { rows: self.rows / 64, ..self };
            let prehash = before.mix(&keyed(b"yescrypt-prehash", password), salt, memory);
            keyed(b"yescrypt", prehash.as_slice())
        } else {
            keyed(b"yescrypt", password)
        };
        let derived = self.mix(&key, salt, memory);
        let mut stored = Zeroizing::new([0; 32]);
        stored.copy_from_slice(&Algorithm::Sha256.hash(&[&keyed(derived.as_slice(), b"Client Key")]));
        stored
    }

    fn mix(self, key: &[u8], salt: &[u8], memory: &mut [Memory]) -> Zeroizing<[u8; 32]> {
        let mut bytes = Zeroizing::new(vec![0; 64 * self.row]);
        pbkdf2_hmac::<Sha256>(key, salt, 1, &mut bytes);
        let key = Zeroizing::new(bytes[..32].to_vec());
        let mut blocks: Zeroizing<Vec<Block>> =
            Zeroizing::new(bytes.as_chunks().0.iter().map(block_of).collect());
        let mut tables = Tables::new(&mut blocks[..2]);
        let key = Algorithm::Sha256.hmac(bytes_of(&blocks[self.row - 1]).as_slice(), &key);
        self.fill(&mut blocks, memory, &mut tables);
        for (bytes, block) in bytes.as_chunks_mut().0.iter_mut().zip(blocks.iter()) {
            *bytes = *bytes_of(block);
        }
        let mut derived = Zeroizing::new([0; 32]);
        pbkdf2_hmac::<Sha256>(&key, &bytes, 1, derived.as_mut_slice());
        derived
    }

    /// Writes every row, then a third of their number again, in the order that the rows themselves say.
    fn fill(self, blocks: &mut [Block], memory: &mut [Memory], tables: &mut Tables) {
        let width = self.row / BLOCKS_PER_KIB;
        let place = |number: u64| number as usize * width..(number as usize + 1) * width;
        for number in 0..self.rows {
            copy(&mut memory[place(number)], blocks);
            if number > 1 {
                // Of the rows so far, as many as the highest power of two, and the youngest.
                let window = 1 << number.ilog2();
                let other = (number_in(blocks) & (window - 1)) + (number - window);
                mix_in(blocks, &memory[place(other)]);
            }
            tables.mix(blocks);
        }
        for _ in 0..self.rows.div_ceil(3).next_multiple_of(2) {
            let row = &mut memory[place(number_in(blocks) & (self.rows - 1))];
            mix_in(blocks, row);
            copy(row, blocks);
            tables.mix(blocks);
        }
    }
}

/// The tables of pwxform, which writes one while it reads the two others.
struct Tables {
    /// The one that is written, and the second and the first that are read.
    all: [Box<Table>; 3],
    /// How many blocks have been written, each in sixteen pairs of words.
    written: usize,
}

impl Tables {
    /// As scrypt's first loop fills its memory: with a row of two blocks, which it changes.
    fn new(row: &mut [Block]) -> Self {
        let mut all = [(); 3].map(|()| Box::new([[0; 2]; 256]));
        for two in all.iter_mut().flat_map(|table| table.as_chunks_mut::<8>().0) {
            two.copy_from_slice(row.as_flattened());
            let mut last = row[1];
            for block in &mut *row {
                xor(&mut last, block);
                salsa20(&mut last, 4);
                *block = last;
            }
        }
        Self { all, written: 0 }
    }

    /// pwxform of each block together with what became of the one before, and in the end Salsa20/2.
    fn mix(&mut self, blocks: &mut [Block]) {
        let mut last = blocks[blocks.len() - 1];
        for block in &mut *blocks {
            xor(&mut last, block);
            let [written, one, zero] = &mut self.all;
            let place = self.written % 16;
            transform(&mut last, zero, one, &mut written.as_chunks_mut().0[place]);
            self.all.rotate_left(1);
            self.written += 1;
            *block = last;
        }
        salsa20(&mut last, 1);
        blocks[blocks.len() - 1] = last;
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        self.all.iter_mut().for_each(|table| table.zeroize());
    }
}

/// pwxform: six rounds, of which the four in the middle are written.
#[inline]
fn transform(block: &mut Block, zero: &Table, one: &Table, written: &mut [[u64; 2]; 16]) {
    round(block, zero, one);
    for written in written.as_chunks_mut::<4>().0 {
        round(block, zero, one);
        *written = *block;
    }
    round(block, zero, one);
}

#[inline(always)]
fn round(block: &mut Block, zero: &Table, one: &Table) {
    for pair in block {
        let added = zero[usize::from((pair[0] >> 4) as u8)];
        let mixed = one[usize::from((pair[0] >> 36) as u8)];
        *pair = array::from_fn(|n| {
            let product = (pair[n] >> 32) * (pair[n] & 0xffff_ffff);
            product.wrapping_add(added[n]) ^ mixed[n]
        });
    }
}

/// The number that a row's last block holds.
fn number_in(blocks: &[Block]) -> u64 {
    let [[low, _], .., [high, _]] = blocks[blocks.len() - 1];
    low & 0xffff_ffff | high & !0xffff_ffff
}

fn xor(to: &mut Block, from: &Block) {
    for (to, from) in to.as_flattened_mut().iter_mut().zip(from.as_flattened()) {
        *to ^= from;
    }
}

fn copy(row: &mut [Memory], blocks: &[Block]) {
    for (memory, blocks) in row.iter_mut().zip(blocks.chunks_exact(BLOCKS_PER_KIB)) {
        memory.as_mut().copy_from_slice(blocks.as_flattened().as_flattened());
    }
}

fn mix_in(blocks: &mut [Block], row: &[Memory]) {
    for (blocks, memory) in blocks.chunks_exact_mut(BLOCKS_PER_KIB).zip(row) {
        let words = blocks.as_flattened_mut().as_flattened_mut();
        words.iter_mut().zip(memory.as_ref()).for_each(|(to, from)| *to ^= from);
    }
}

/// Salsa20 with so many double rounds.
fn salsa20(block: &mut Block, double_rounds: usize) {
    let input = halves_of(block);
    let mut x = input;
    for _ in 0..double_rounds {
        for [a, b, c, d] in [[0, 4, 8, 12], [5, 9, 13, 1], [10, 14, 2, 6], [15, 3, 7, 11]] {
            quarter(&mut x, a, b, c, d);
        }
        for [a, b, c, d] in [[0, 1, 2, 3], [5, 6, 7, 4], [10, 11, 8, 9], [15, 12, 13, 14]] {
            quarter(&mut x, a, b, c, d);
        }
    }
    *block = from_halves(&array::from_fn(|n| x[n].wrapping_add(input[n])));
}

fn quarter(x: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    x[b] ^= x[a].wrapping_add(x[d]).rotate_left(7);
    x[c] ^= x[b].wrapping_add(x[a]).rotate_left(9);
    x[d] ^= x[c].wrapping_add(x[b]).rotate_left(13);
    x[a] ^= x[d].wrapping_add(x[c]).rotate_left(18);
}

/// The half words in the bytes' order.
fn halves_of(block: &Block) -> [u32; 16] {
    let mut halves = [0; 16];
    for (n, word) in block.as_flattened().iter().enumerate() {
        halves[2 * n * 5 % 16] = *word as u32;
        halves[(2 * n + 1) * 5 % 16] = (word >> 32) as u32;
    }
    halves
}

fn from_halves(halves: &[u32; 16]) -> Block {
    let half = |n: usize| u64::from(halves[n * 5 % 16]);
    array::from_fn(|pair| {
        array::from_fn(|word| {
            let n = 2 * (2 * pair + word);
            half(n) | half(n + 1) << 32
        })
    })
}

fn block_of(bytes: &[u8; 64]) -> Block {
    let (quads, _) = bytes.as_chunks();
    from_halves(&array::from_fn(|n| u32::from_le_bytes(quads[n])))
}

fn bytes_of(block: &Block) -> Zeroizing<[u8; 64]> {
    let mut bytes = Zeroizing::new([0; 64]);
    for (bytes, half) in bytes.as_chunks_mut().0.iter_mut().zip(halves_of(block)) {
        *bytes = half.to_le_bytes();
    }
    bytes
}
