//! The traditional crypt(3): DES (FIPS 46-3), 25 times over a block of zeros, keyed with 8 characters of 7 bits. The
//! 12 bits of the salt say which bits of the expansion change places, for which reason no DES library serves here.
//!
//! The halves of a block are kept as the expansion has them, each of the eight groups of four bits with its neighbours.
//! So a round is eight looks into tables, which have a box, the permutation behind it and the next round's expansion in
//! one; the permutations around the block are left out between two encryptions, where they cancel each other.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a kernel over constant tables: every index and shift is bounded by the tables, which the vectors prove"
)]

use super::copy;
use crate::encoding::Base64;
use crate::hash::HashFailure;
use crate::write::Refusal;
use std::array;
use std::sync::LazyLock;

/// The salt's length: two characters of crypt(3)'s alphabet.
pub(crate) const DES_SALT_BYTES: usize = 2;

/// The salt of `_` strings: four characters.
pub(crate) const BSDI_SALT_BYTES: usize = 4;

/// The digest's length, one block, in bytes.
pub(crate) const DES_DIGEST_BYTES: usize = 8;

/// Every byte after this many is ignored, and the highest bit of each.
pub(super) const PASSWORD_BYTES_MAX: usize = 8;

/// One block of plain DES. Of each byte of the key the lowest bit is not looked at.
pub(super) fn des(block: u64, key: u64) -> u64 {
    encrypt(block, &round_keys(key))
}

/// The ways in which crypt(3) has been made of DES.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DesCrypt {
    /// The traditional one: 8 characters, 25 rounds.
    Traditional,
    /// That of BSD/OS: so many rounds, 24 bits of salt, and the whole password.
    Bsdi { rounds: u32 },
    /// A traditional one for every 8 characters, each salted with the one before it.
    Big,
    /// Ultrix's: 20 rounds over 8 characters, 5 over the next 8.
    Sixteen,
}

impl DesCrypt {
    /// The longest password of which every byte counts; `None` where there is no limit.
    pub(super) fn password_bytes_max(self) -> Option<usize> {
        match self {
            Self::Traditional => Some(PASSWORD_BYTES_MAX),
            Self::Sixteen => Some(16),
            Self::Big => Some(128),
            Self::Bsdi { .. } => None,
        }
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
        match self {
            Self::Traditional => derive(password, salt, out),
            Self::Bsdi { rounds } => bsdi(password, salt, rounds, out),
            Self::Big => big(password, salt, out),
            Self::Sixteen => {
                let swapped = salt_bits(salt).ok_or(HashFailure::Parameters)?;
                let second = password.get(8..).unwrap_or_default();
                let blocks = [rounds(key_of(password), swapped, 20), rounds(key_of(second), swapped, 5)];
                copy(&blocks.map(u64::to_be_bytes).concat(), out);
                Ok(())
            }
        }
    }
}

fn derive(password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
    let swapped = salt_bits(salt).ok_or(HashFailure::Parameters)?;
    copy(&rounds(key_of(password), swapped, 25).to_be_bytes(), out);
    Ok(())
}

/// So many encryptions of a block of zeros, which the first permutation leaves as it is.
fn rounds(key: u64, swapped: u64, count: u32) -> u64 {
    let (keys, boxes) = (round_keys(key), &*SPREAD);
    block_of((0..count).fold((0, 0), |halves, _| cipher(halves, &keys, swapped, boxes)))
}

/// Seven bits of each of the first eight characters.
fn key_of(password: &[u8]) -> u64 {
    let bytes = password.iter().copied().chain([0; PASSWORD_BYTES_MAX]).take(PASSWORD_BYTES_MAX);
    bytes.fold(0, |key, byte| key << 8 | u64::from(byte << 1))
}

fn bsdi(password: &[u8], salt: &[u8], count: u32, out: &mut [u8]) -> Result<(), HashFailure> {
    let swapped = swaps(number(salt, BSDI_SALT_BYTES).ok_or(HashFailure::Parameters)?, 24);
    let mut chunks = password.chunks(PASSWORD_BYTES_MAX);
    let first = key_of(chunks.next().unwrap_or_default());
    let key = chunks.fold(first, |key, chunk| des(key, key) ^ key_of(chunk));
    copy(&rounds(key, swapped, count).to_be_bytes(), out);
    Ok(())
}

/// As many blocks as the password has; a digest of another number of blocks is another password's.
fn big(password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
    let blocks = password.len().div_ceil(PASSWORD_BYTES_MAX).clamp(1, 16);
    if out.len() != blocks * DES_DIGEST_BYTES {
        return Err(HashFailure::Refused(Refusal::Malformed));
    }
    let mut salt = salt.to_vec();
    for (number, place) in out.chunks_mut(DES_DIGEST_BYTES).enumerate() {
        derive(password.get(number * PASSWORD_BYTES_MAX..).unwrap_or_default(), &salt, place)?;
        salt = Base64::Crypt.encode(place).into_bytes().into_iter().take(DES_SALT_BYTES).collect();
    }
    Ok(())
}

/// The first character has the low six bits. Bit `i` swaps bits `i` and `i + 24` of the expansion, counted from its
/// beginning, so that the mask has it at the highest place of the half.
fn salt_bits(salt: &[u8]) -> Option<u64> {
    number(salt, DES_SALT_BYTES).map(|value| swaps(value, 12))
}

fn swaps(value: u32, bits: u32) -> u64 {
    (0..bits).filter(|bit| value >> bit & 1 == 1).fold(0, |mask, bit| mask | 1 << (23 - bit))
}

/// A number of exactly so many characters of crypt(3)'s alphabet, the lowest six bits first.
pub(crate) fn number(text: &[u8], length: usize) -> Option<u32> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() == length)?;
    text.chars().rev().try_fold(0_u32, |value, character| {
        // One character is not a byte of base64: with three in front of it the last byte is the character's value.
        let four = Base64::Crypt.decode(&format!("...{character}"))?;
        Some(value << 6 | u32::from(*four.expose().last()?))
    })
}

/// Takes the bits of a value of `width` bits in the order of the table, which counts from 1 at the highest.
fn permute(value: u64, width: u32, table: &[u8]) -> u64 {
    table.iter().fold(0, |out, place| out << 1 | value >> (width - u32::from(*place)) & 1)
}

fn round_keys(key: u64) -> [u64; 16] {
    const HALF: u64 = (1 << 28) - 1;
    let mut halves = permute(key, 64, &PC1);
    ROTATIONS.map(|count| {
        let turn = |half: u64| (half << count | half >> (28 - count)) & HALF;
        halves = turn(halves >> 28) << 28 | turn(halves & HALF);
        permute(halves, 56, &PC2)
    })
}

fn encrypt(block: u64, keys: &[u64; 16]) -> u64 {
    let block = permute(block, 64, &IP);
    block_of(cipher((expand(block >> 32), expand(block & 0xffff_ffff)), keys, 0, &SPREAD))
}

/// The block of two expanded halves.
fn block_of((left, right): (u64, u64)) -> u64 {
    permute(compress(left) << 32 | compress(right), 64, &FP)
}

/// Six bits of every four, each with the neighbours of the four: beginning with the last bit of the half.
fn expand(half: u64) -> u64 {
    let doubled = (half << 63) | (half << 31) | (half >> 1);
    (0..8).fold(0, |out, number| out << 6 | doubled >> (58 - 4 * number) & 0x3f)
}

/// The inner four bits of every six.
fn compress(expanded: u64) -> u64 {
    (0..8).fold(0, |out, number| out << 4 | expanded >> (43 - 6 * number) & 0xf)
}

/// The sixteen rounds between the permutations, on expanded halves.
fn cipher(
    (mut left, mut right): (u64, u64),
    keys: &[u64; 16],
    swapped: u64,
    boxes: &[[u64; 64]; 8],
) -> (u64, u64) {
    for [first, second] in keys.as_chunks().0 {
        left ^= mix(right, *first, swapped, boxes);
        right ^= mix(left, *second, swapped, boxes);
    }
    (right, left)
}

/// The cipher's function on an expanded half: salt, key, boxes, permutation, expansion.
#[inline]
fn mix(half: u64, key: u64, swapped: u64, boxes: &[[u64; 64]; 8]) -> u64 {
    let different = (half >> 24 ^ half) & swapped;
    let keyed = half ^ different ^ different << 24 ^ key;
    let of = |number: usize| boxes[number][usize::from((keyed >> (42 - 6 * number)).to_le_bytes()[0] & 0x3f)];
    // Not one after another: no look has to wait for the one before it.
    ((of(0) ^ of(1)) ^ (of(2) ^ of(3))) ^ ((of(4) ^ of(5)) ^ (of(6) ^ of(7)))
}

/// What six bits become: the entry of their box, permuted with nothing beside it, and expanded.
static SPREAD: LazyLock<[[u64; 64]; 8]> = LazyLock::new(|| {
    array::from_fn(|number| {
        array::from_fn(|six| {
            // The outer two bits are the row, the inner four the column.
            let (row, column) = (six >> 4 & 2 | six & 1, six >> 1 & 0xf);
            expand(permute(u64::from(BOXES[number][row << 4 | column]) << (28 - 4 * number), 32, &P))
        })
    })
});

const ROTATIONS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];

#[rustfmt::skip]
const IP: [u8; 64] = [
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4,
    62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
    57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3,
    61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];

#[rustfmt::skip]
const FP: [u8; 64] = [
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31,
    38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13, 53, 21, 61, 29,
    36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27,
    34, 2, 42, 10, 50, 18, 58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
];

#[rustfmt::skip]
const P: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
    2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];

#[rustfmt::skip]
const PC1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
    63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];

#[rustfmt::skip]
const PC2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
    41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];

#[rustfmt::skip]
const BOXES: [[u8; 64]; 8] = [
    [
        14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, 0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5, 3, 8,
        4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0, 15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14, 10, 0, 6, 13,
    ],
    [
        15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, 3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9, 11, 5,
        0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15, 13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12, 0, 5, 14, 9,
    ],
    [
        10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, 13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11, 15, 1,
        13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7, 1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12,
    ],
    [
        7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, 13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10, 14, 9,
        10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4, 3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11, 12, 7, 2, 14,
    ],
    [
        2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, 14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9, 8, 6,
        4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14, 11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9, 10, 4, 5, 3,
    ],
    [
        12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, 10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11, 3, 8,
        9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6, 4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7, 6, 0, 8, 13,
    ],
    [
        4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, 13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15, 8, 6,
        1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2, 6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15, 14, 2, 3, 12,
    ],
    [
        13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, 1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14, 9, 2,
        7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8, 2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0, 3, 5, 6, 11,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn crypt(password: &str, salt: &str) -> String {
        let mut digest = [0; DES_DIGEST_BYTES];
        derive(password.as_bytes(), salt.as_bytes(), &mut digest).unwrap();
        format!("{salt}{}", Base64::Crypt.encode(&digest))
    }

    #[test]
    fn the_digests_are_those_of_the_system_s_crypt() {
        for (password, stored) in [
            ("password", "e7TeJQnIq1l72"),
            ("pässwörd-é", "./vYBXr45rAoM"),
            ("ÿ£ç", "rlmu57KALGsQY"),
            ("FifteenCharsPwd", "yBSFH7QFN5LYs"),
            ("pässwörd-é", "rlLdPs7W/EpW."),
            ("password", "bf1VWZNWQC8lw"),
            ("password", "N0tbCWOjll4GM"),
            ("", "haTRxq.D0hFKQ"),
            ("letmein!", "SIPSxsONXlLwU"),
            ("pässwörd-é", "almEv67GAVNDM"),
            ("password", "0M9CvDYjHe51M"),
            ("hashcat", "24leDr0hHfb3A"),
        ] {
            assert_eq!(crypt(password, stored.get(..2).unwrap()), stored, "{password}");
        }
    }

    #[test]
    fn every_byte_counts_seven_bits_and_the_ninth_byte_nothing() {
        assert_eq!(crypt("password", "ab"), crypt("passwordX", "ab"));
        assert_eq!(crypt("é", "ab"), crypt("C)", "ab"), "C3 A9 without the highest bits is 43 29");
        assert_ne!(crypt("a", "ab"), crypt("b", "ab"));
        assert_ne!(crypt("a", "ab"), crypt("a", "ba"));
    }

    #[test]
    fn a_salt_outside_the_alphabet_is_refused() {
        for salt in ["", "a", "abc", "a:", "é"] {
            assert_eq!(derive(b"x", salt.as_bytes(), &mut [0; 8]), Err(HashFailure::Parameters), "{salt}");
        }
    }
}
