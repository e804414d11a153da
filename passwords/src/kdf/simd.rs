//! Kernels for what a processor may have and may not: each type is the proof that this one has it.
//!
//! The one file of the crate with `unsafe` in it. A function compiled for a feature may only be called where the feature
//! is there, and the compiler can't know that. So every such call is a method of [`Avx512`] or [`Avx2`], a value of
//! which comes from nowhere but its `detect`, which asks the processor. Besides that, vectors are loaded from arrays
//! and stored into them through pointers; each is made from an array that holds as many words as the vector.
//!
//! Every kernel has a portable counterpart, and a test compares the two over random inputs.

#![allow(
    unsafe_code,
    reason = "see above: calls that the detection allows, and loads and stores inside arrays"
)]
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::many_single_char_names,
    clippy::unused_self,
    reason = "kernels: every index is a constant, or runs over an array's own length; a `self` is there as a proof"
)]

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use elsewhere::{Avx2, Avx512};

/// A block of Argon2: 128 words.
pub(crate) type Words = [u64; 128];

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Words;
    use crate::kdf::pbkdf2::Sha512Vectors;
    use crate::kdf::phpass::Md5Vectors;
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi64, _mm512_alignr_epi8, _mm512_loadu_si512, _mm512_mul_epu32,
        _mm512_permutex_epi64, _mm512_ror_epi64, _mm512_shuffle_i64x2, _mm512_storeu_si512, _mm512_xor_si512,
    };
    use std::array;

    /// The processor has AVX-512 with its byte and word instructions.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx512(());

    impl Avx512 {
        pub(crate) fn detect() -> Option<Self> {
            let has_it = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
            has_it.then_some(Self(()))
        }

        /// Rounds of PBKDF2-HMAC-SHA512 in eight lanes.
        pub(crate) fn pbkdf2_sha512(self, lanes: &mut Sha512Vectors, rounds: u64) {
            // SAFETY: `self` is the proof that the processor has the features of `pbkdf2_sha512`.
            unsafe { pbkdf2_sha512(lanes, rounds) }
        }

        /// Argon2's compression of two blocks, in place of `out`, or mixed into it.
        pub(crate) fn compress(self, previous: &Words, reference: &Words, out: &mut Words, mix: bool) {
            // SAFETY: `self` is the proof that the processor has the features of `compress`.
            unsafe { compress(previous, reference, out, mix) }
        }
    }

    /// The processor has AVX2.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx2(());

    impl Avx2 {
        pub(crate) fn detect() -> Option<Self> {
            is_x86_feature_detected!("avx2").then_some(Self(()))
        }

        /// Rounds of phpass in sixteen lanes.
        pub(crate) fn phpass(self, lanes: &mut Md5Vectors, rounds: u64) {
            // SAFETY: `self` is the proof that the processor has the feature of `phpass`.
            unsafe { phpass(lanes, rounds) }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    fn pbkdf2_sha512(lanes: &mut Sha512Vectors, rounds: u64) {
        lanes.rounds(rounds);
    }

    #[target_feature(enable = "avx2")]
    fn phpass(lanes: &mut Md5Vectors, rounds: u64) {
        lanes.rounds(rounds);
    }

    /// The sixteen vectors of a block are its eight rows, two each.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn compress(previous: &Words, reference: &Words, out: &mut Words, mix: bool) {
        let (previous, reference) = (load(previous), load(reference));
        let mut block: [__m512i; 16] = array::from_fn(|n| _mm512_xor_si512(previous[n], reference[n]));
        let mut rest = block;
        if mix {
            let old = load(out);
            rest = array::from_fn(|n| _mm512_xor_si512(rest[n], old[n]));
        }
        for pair in block.as_chunks_mut::<4>().0 {
            two_rows(pair);
        }
        for half in [0, 1] {
            let mut columns: [__m512i; 8] = array::from_fn(|row| block[2 * row + half]);
            four_columns(&mut columns);
            for (row, column) in columns.into_iter().enumerate() {
                block[2 * row + half] = column;
            }
        }
        for ((words, block), rest) in out.as_chunks_mut::<8>().0.iter_mut().zip(block).zip(rest) {
            // SAFETY: `words` are the 64 bytes that are written; the instruction needs no alignment.
            unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), _mm512_xor_si512(block, rest)) }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(block: &Words) -> [__m512i; 16] {
        let (words, _) = block.as_chunks::<8>();
        // SAFETY: each of the sixteen chunks holds the 64 bytes that are read; the instruction needs no alignment.
        array::from_fn(|n| unsafe { _mm512_loadu_si512(words[n].as_ptr().cast()) })
    }

    /// The permutation of two rows beside each other: a quarter of each is half a vector.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn two_rows(rows: &mut [__m512i; 4]) {
        let [low, high, next_low, next_high] = *rows;
        let mut a = _mm512_shuffle_i64x2::<0x44>(low, next_low);
        let mut b = _mm512_shuffle_i64x2::<0xee>(low, next_low);
        let mut c = _mm512_shuffle_i64x2::<0x44>(high, next_high);
        let mut d = _mm512_shuffle_i64x2::<0xee>(high, next_high);
        quarter(&mut a, &mut b, &mut c, &mut d);
        // The diagonals become columns, and after the quarter round diagonals again.
        b = _mm512_permutex_epi64::<0x39>(b);
        c = _mm512_permutex_epi64::<0x4e>(c);
        d = _mm512_permutex_epi64::<0x93>(d);
        quarter(&mut a, &mut b, &mut c, &mut d);
        b = _mm512_permutex_epi64::<0x93>(b);
        c = _mm512_permutex_epi64::<0x4e>(c);
        d = _mm512_permutex_epi64::<0x39>(d);
        *rows = [
            _mm512_shuffle_i64x2::<0x44>(a, b),
            _mm512_shuffle_i64x2::<0x44>(c, d),
            _mm512_shuffle_i64x2::<0xee>(a, b),
            _mm512_shuffle_i64x2::<0xee>(c, d),
        ];
    }

    /// The permutation of four columns of pairs beside each other, from the same half of all eight rows.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn four_columns(columns: &mut [__m512i; 8]) {
        let [a0, a1, b0, b1, c0, c1, d0, d1] = columns;
        quarter(a0, b0, c0, d0);
        quarter(a1, b1, c1, d1);
        let (mut e0, mut e1) = (_mm512_alignr_epi8::<8>(*b1, *b0), _mm512_alignr_epi8::<8>(*b0, *b1));
        let (mut f0, mut f1) = (_mm512_alignr_epi8::<8>(*d0, *d1), _mm512_alignr_epi8::<8>(*d1, *d0));
        quarter(a0, &mut e0, c1, &mut f0);
        quarter(a1, &mut e1, c0, &mut f1);
        (*b0, *b1) = (_mm512_alignr_epi8::<8>(e0, e1), _mm512_alignr_epi8::<8>(e1, e0));
        (*d0, *d1) = (_mm512_alignr_epi8::<8>(f1, f0), _mm512_alignr_epi8::<8>(f0, f1));
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn quarter(a: &mut __m512i, b: &mut __m512i, c: &mut __m512i, d: &mut __m512i) {
        *a = add(*a, *b);
        *d = _mm512_ror_epi64::<32>(_mm512_xor_si512(*d, *a));
        *c = add(*c, *d);
        *b = _mm512_ror_epi64::<24>(_mm512_xor_si512(*b, *c));
        *a = add(*a, *b);
        *d = _mm512_ror_epi64::<16>(_mm512_xor_si512(*d, *a));
        *c = add(*c, *d);
        *b = _mm512_ror_epi64::<63>(_mm512_xor_si512(*b, *c));
    }

    /// The sum, and twice the product of the lower halves.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn add(x: __m512i, y: __m512i) -> __m512i {
        let product = _mm512_mul_epu32(x, y);
        _mm512_add_epi64(_mm512_add_epi64(x, y), _mm512_add_epi64(product, product))
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod elsewhere {
    use super::Words;
    use crate::kdf::pbkdf2::Sha512Vectors;
    use crate::kdf::phpass::Md5Vectors;
    use std::convert::Infallible;

    /// No such processor.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx512(Infallible);

    impl Avx512 {
        pub(crate) fn detect() -> Option<Self> {
            None
        }

        pub(crate) fn pbkdf2_sha512(self, _: &mut Sha512Vectors, _: u64) {
            match self.0 {}
        }

        pub(crate) fn compress(self, _: &Words, _: &Words, _: &mut Words, _: bool) {
            match self.0 {}
        }
    }

    /// No such processor.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx2(Infallible);

    impl Avx2 {
        pub(crate) fn detect() -> Option<Self> {
            None
        }

        pub(crate) fn phpass(self, _: &mut Md5Vectors, _: u64) {
            match self.0 {}
        }
    }
}
