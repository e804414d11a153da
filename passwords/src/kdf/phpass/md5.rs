//! MD5's compression (RFC 1321) of several blocks at once, without instructions of its own: every word is an array with
//! one element for each lane, which the compiler makes vectors of.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::inline_always,
    clippy::many_single_char_names,
    reason = "a kernel: the indices are a step's number below 64 or modulo 16; it must be inlined into a function that \
              is compiled for a wider processor"
)]

use crate::kdf::digest::MD5_INITIAL;
use std::array;

/// A word of each lane.
pub(crate) type Word<const L: usize> = [u32; L];

/// The digest of a block of each lane that is all there is.
#[inline(always)]
pub(crate) fn digest<const L: usize>(block: &[Word<L>; 16]) -> [Word<L>; 4] {
    let initial = MD5_INITIAL.map(|word| [word; L]);
    let [mut a, mut b, mut c, mut d] = initial;
    for step in 0..64 {
        let place = match step / 16 {
            0 => step,
            1 => 5 * step + 1,
            2 => 3 * step + 5,
            _ => 7 * step,
        } % 16;
        let rotation = ROTATIONS[step / 16][step % 4];
        let word = block[place];
        let next: Word<L> = array::from_fn(|lane| {
            let (b, c, d) = (b[lane], c[lane], d[lane]);
            let mixed = match step / 16 {
                0 => d ^ (b & (c ^ d)),
                1 => c ^ (d & (b ^ c)),
                2 => b ^ c ^ d,
                _ => c ^ (b | !d),
            };
            let sum = a[lane].wrapping_add(mixed).wrapping_add(word[lane]).wrapping_add(CONSTANTS[step]);
            b.wrapping_add(sum.rotate_left(rotation))
        });
        (a, d, c, b) = (d, c, b, next);
    }
    let ends = [a, b, c, d];
    array::from_fn(|n| array::from_fn(|lane| initial[n][lane].wrapping_add(ends[n][lane])))
}

const ROTATIONS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

#[rustfmt::skip]
const CONSTANTS: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];
