//! Kernels for what a processor may have and may not, and for what a compiler does worse than a person.
//!
//! The one file of the crate with `unsafe` in it. A function compiled for a feature may only be called where the feature
//! is there, and the compiler can't know that. So every such call is a method of [`Avx512`], [`Avx2`] or [`Bmi`], a
//! value of which comes from nowhere but its `detect`, which asks the processor. Besides that, vectors are loaded from
//! arrays and stored into them through pointers; each is made from an array that holds as many words as the vector. The
//! assembly of [`Bmi`] only reads, at places inside the array that it is given.
//!
//! Every kernel has a portable counterpart, and a test compares the two over random inputs.

#![allow(
    unsafe_code,
    reason = "see above: calls that the detection allows, loads and stores inside arrays, assembly that only reads"
)]
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::many_single_char_names,
    clippy::unused_self,
    reason = "kernels: every index is a constant, or runs over an array's own length; a `self` is there as a proof"
)]

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512, Bmi};

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use elsewhere::{Avx2, Avx512, Bmi};

/// A block of Argon2: 128 words.
pub(crate) type Words = [u64; 128];

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Words;
    use crate::kdf::bcrypt::{BcryptStream, Blocks};
    use crate::kdf::pbkdf2::Sha512Vectors;
    use crate::kdf::phpass::Md5Vectors;
    use std::arch::asm;
    use std::mem::offset_of;

    /// Half a round of one cipher of four: `$to ^= subkey ^ scramble($from)`, in ten instructions. A compiler takes
    /// fifteen. More than four ciphers would need more registers.
    macro_rules! half_a_round {
        ($from:literal, $to:literal, cipher $cipher:literal, subkey $subkey:literal) => {
            concat!(
                "shrx ecx, ",
                $from,
                "d, esi\n",
                "xor ",
                $to,
                "d, [rdi + ",
                $cipher,
                " * {size} + {subkeys} + 4 * ",
                $subkey,
                "]\n",
                "bextr eax, ",
                $from,
                "d, ebx\n",
                "mov ecx, [rdi + 4 * rcx + ",
                $cipher,
                " * {size} + {boxes}]\n",
                "add ecx, [rdi + 4 * rax + ",
                $cipher,
                " * {size} + {boxes} + 1024]\n",
                "bextr eax, ",
                $from,
                "d, edx\n",
                "xor ecx, [rdi + 4 * rax + ",
                $cipher,
                " * {size} + {boxes} + 2048]\n",
                "movzx eax, ",
                $from,
                "b\n",
                "add ecx, [rdi + 4 * rax + ",
                $cipher,
                " * {size} + {boxes} + 3072]\n",
                "xor ",
                $to,
                "d, ecx\n",
            )
        };
    }

    macro_rules! rounds_of_four {
        ($($odd:literal $even:literal),*) => {
            concat!($(
                half_a_round!("r8", "r12", cipher 0, subkey $odd),
                half_a_round!("r9", "r13", cipher 1, subkey $odd),
                half_a_round!("r10", "r14", cipher 2, subkey $odd),
                half_a_round!("r11", "r15", cipher 3, subkey $odd),
                half_a_round!("r12", "r8", cipher 0, subkey $even),
                half_a_round!("r13", "r9", cipher 1, subkey $even),
                half_a_round!("r14", "r10", cipher 2, subkey $even),
                half_a_round!("r15", "r11", cipher 3, subkey $even),
            )*)
        };
    }

    /// The processor can cut bits out of a word (BMI1), and shift into another register (BMI2), in one instruction.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Bmi(());

    impl Bmi {
        pub(crate) fn detect() -> Option<Self> {
            (is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2")).then_some(Self(()))
        }

        /// Blowfish's sixteen rounds in each of four ciphers, a block each.
        #[inline]
        pub(crate) fn blowfish(self, ciphers: &[BcryptStream; 4], blocks: &mut Blocks<4>) {
            let Blocks { left: [l0, l1, l2, l3], right: [r0, r1, r2, r3] } = blocks;
            // SAFETY: `self` is the proof that the processor has the instructions. They read and nothing else, from the
            // state of the four ciphers alone: a subkey's number is a constant below 18, a place in a box a byte, and
            // each of the four boxes behind the subkeys has 256 words of four bytes. Every changed register is named but
            // `rbx`, which may not be, and is put back.
            unsafe {
                asm!(
                    "push rbx",
                    "mov ebx, 0x0810",
                    rounds_of_four!(1 2, 3 4, 5 6, 7 8, 9 10, 11 12, 13 14, 15 16),
                    "pop rbx",
                    size = const size_of::<BcryptStream>(),
                    subkeys = const offset_of!(BcryptStream, state),
                    boxes = const offset_of!(BcryptStream, state) + 4 * 18,
                    in("rdi") ciphers.as_ptr(),
                    // What is cut out: so many bits in the second byte, from the one on that the first byte says.
                    in("edx") 0x0808, in("esi") 24,
                    inout("r8d") *l0, inout("r9d") *l1, inout("r10d") *l2, inout("r11d") *l3,
                    inout("r12d") *r0, inout("r13d") *r1, inout("r14d") *r2, inout("r15d") *r3,
                    out("eax") _, out("ecx") _,
                    options(pure, readonly),
                );
            }
        }
    }

    /// The processor has AVX-512 with its byte and word instructions.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx512(());

    impl Avx512 {
        pub(crate) fn detect() -> Option<Self> {
            (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")).then_some(Self(()))
        }

        /// Rounds of PBKDF2-HMAC-SHA512 in eight lanes.
        pub(crate) fn pbkdf2_sha512(self, lanes: &mut Sha512Vectors, rounds: u64) {
            // SAFETY: `self` is the proof that the processor has the features of `pbkdf2_sha512`.
            unsafe { pbkdf2_sha512(lanes, rounds) }
        }

        /// Argon2's compression of two blocks, in place of `out`, or mixed into it.
        pub(crate) fn compress(self, previous: &Words, reference: &Words, out: &mut Words, mix: bool) {
            // SAFETY: `self` is the proof that the processor has the features of `wide::compress`.
            unsafe { wide::compress(previous, reference, out, mix) }
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

        /// Argon2's compression of two blocks, in place of `out`, or mixed into it.
        pub(crate) fn compress(self, previous: &Words, reference: &Words, out: &mut Words, mix: bool) {
            // SAFETY: `self` is the proof that the processor has the feature of `narrow::compress`.
            unsafe { narrow::compress(previous, reference, out, mix) }
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

    /// What the two widths of Argon2's compression have in common: loads and stores, and the permutations on vectors in
    /// which every pair of words is of one column.
    macro_rules! blamka {
        ($vector:ty: $words:literal words, $feature:literal, $load:path, $store:path, $xor:path, $sum:path, $product:path,
         align $align:path, rotate $by_32:path, $by_24:path, $by_16:path, $by_63:path) => {
            /// A block in vectors.
            type Block = [$vector; 128 / $words];

            #[target_feature(enable = $feature)]
            pub(super) fn compress(previous: &Words, reference: &Words, out: &mut Words, mix: bool) {
                let (previous, reference) = (load(previous), load(reference));
                let mut block: Block = array::from_fn(|n| $xor(previous[n], reference[n]));
                let mut rest = block;
                if mix {
                    let old = load(out);
                    rest = array::from_fn(|n| $xor(rest[n], old[n]));
                }
                permute_rows(&mut block);
                // The vectors of a column of vectors: from the same place of all eight rows.
                for place in 0..16 / $words {
                    let mut columns: [$vector; 8] = array::from_fn(|row| block[16 / $words * row + place]);
                    permute_columns(&mut columns);
                    for (row, column) in columns.into_iter().enumerate() {
                        block[16 / $words * row + place] = column;
                    }
                }
                for ((words, block), rest) in out.as_chunks_mut::<$words>().0.iter_mut().zip(block).zip(rest)
                {
                    // SAFETY: `words` are the bytes that are written; the instruction needs no alignment.
                    unsafe { $store(words.as_mut_ptr().cast(), $xor(block, rest)) }
                }
            }

            #[inline]
            #[target_feature(enable = $feature)]
            fn load(block: &Words) -> Block {
                let (words, _) = block.as_chunks::<$words>();
                // SAFETY: each of the chunks holds the bytes that are read; the instruction needs no alignment.
                array::from_fn(|n| unsafe { $load(words[n].as_ptr().cast()) })
            }

            /// The permutation of columns beside each other.
            #[inline]
            #[target_feature(enable = $feature)]
            fn permute_columns(columns: &mut [$vector; 8]) {
                let [a0, a1, b0, b1, c0, c1, d0, d1] = columns;
                quarter(a0, b0, c0, d0);
                quarter(a1, b1, c1, d1);
                let (mut e0, mut e1) = ($align(*b1, *b0), $align(*b0, *b1));
                let (mut f0, mut f1) = ($align(*d0, *d1), $align(*d1, *d0));
                quarter(a0, &mut e0, c1, &mut f0);
                quarter(a1, &mut e1, c0, &mut f1);
                (*b0, *b1) = ($align(e0, e1), $align(e1, e0));
                (*d0, *d1) = ($align(f1, f0), $align(f0, f1));
            }

            #[inline]
            #[target_feature(enable = $feature)]
            fn quarter(a: &mut $vector, b: &mut $vector, c: &mut $vector, d: &mut $vector) {
                *a = add(*a, *b);
                *d = $by_32($xor(*d, *a));
                *c = add(*c, *d);
                *b = $by_24($xor(*b, *c));
                *a = add(*a, *b);
                *d = $by_16($xor(*d, *a));
                *c = add(*c, *d);
                *b = $by_63($xor(*b, *c));
            }

            /// The sum, and twice the product of the lower halves.
            #[inline]
            #[target_feature(enable = $feature)]
            fn add(x: $vector, y: $vector) -> $vector {
                let product = $product(x, y);
                $sum($sum(x, y), $sum(product, product))
            }
        };
    }

    /// Argon2 in vectors of eight words.
    mod wide {
        use super::Words;
        use std::arch::x86_64::{
            __m512i, _mm512_add_epi64, _mm512_alignr_epi8, _mm512_loadu_si512, _mm512_mul_epu32,
            _mm512_permutex_epi64, _mm512_ror_epi64, _mm512_shuffle_i64x2, _mm512_storeu_si512,
            _mm512_xor_si512,
        };
        use std::array;

        blamka! {
            __m512i: 8 words, "avx512f,avx512bw", _mm512_loadu_si512, _mm512_storeu_si512, _mm512_xor_si512,
            _mm512_add_epi64, _mm512_mul_epu32, align _mm512_alignr_epi8::<8>,
            rotate _mm512_ror_epi64::<32>, _mm512_ror_epi64::<24>, _mm512_ror_epi64::<16>, _mm512_ror_epi64::<63>
        }

        /// A quarter of a row is half a vector, so two rows beside each other are permuted at once.
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw")]
        fn permute_rows(block: &mut Block) {
            for rows in block.as_chunks_mut::<4>().0 {
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
        }
    }

    /// Argon2 in vectors of four words.
    mod narrow {
        use super::Words;
        use std::arch::x86_64::{
            __m256i, _mm256_add_epi64, _mm256_alignr_epi8, _mm256_loadu_si256, _mm256_mul_epu32,
            _mm256_or_si256, _mm256_permute4x64_epi64, _mm256_setr_epi64x, _mm256_shuffle_epi8,
            _mm256_shuffle_epi32, _mm256_srli_epi64, _mm256_storeu_si256, _mm256_xor_si256,
        };
        use std::array;

        blamka! {
            __m256i: 4 words, "avx2", _mm256_loadu_si256, _mm256_storeu_si256, _mm256_xor_si256,
            _mm256_add_epi64, _mm256_mul_epu32, align _mm256_alignr_epi8::<8>,
            rotate _mm256_shuffle_epi32::<0xb1>, by_24, by_16, by_63
        }

        /// A quarter of a row is a vector.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn permute_rows(block: &mut Block) {
            for [a, b, c, d] in block.as_chunks_mut::<4>().0 {
                quarter(a, b, c, d);
                // The diagonals become columns, and after the quarter round diagonals again.
                *b = _mm256_permute4x64_epi64::<0x39>(*b);
                *c = _mm256_permute4x64_epi64::<0x4e>(*c);
                *d = _mm256_permute4x64_epi64::<0x93>(*d);
                quarter(a, b, c, d);
                *b = _mm256_permute4x64_epi64::<0x93>(*b);
                *c = _mm256_permute4x64_epi64::<0x4e>(*c);
                *d = _mm256_permute4x64_epi64::<0x39>(*d);
            }
        }

        /// This width has no rotation; by whole bytes it is a shuffle.
        #[inline]
        #[target_feature(enable = "avx2")]
        fn by_24(x: __m256i) -> __m256i {
            let (low, high) = (0x0201_0007_0605_0403, 0x0a09_080f_0e0d_0c0b);
            _mm256_shuffle_epi8(x, _mm256_setr_epi64x(low, high, low, high))
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        fn by_16(x: __m256i) -> __m256i {
            let (low, high) = (0x0100_0706_0504_0302, 0x0908_0f0e_0d0c_0b0a);
            _mm256_shuffle_epi8(x, _mm256_setr_epi64x(low, high, low, high))
        }

        #[inline]
        #[target_feature(enable = "avx2")]
        fn by_63(x: __m256i) -> __m256i {
            _mm256_or_si256(_mm256_add_epi64(x, x), _mm256_srli_epi64::<63>(x))
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod elsewhere {
    use super::Words;
    use crate::kdf::bcrypt::{BcryptStream, Blocks};
    use crate::kdf::pbkdf2::Sha512Vectors;
    use crate::kdf::phpass::Md5Vectors;
    use std::convert::Infallible;

    macro_rules! nowhere {
        ($($name:ident: $($kernel:ident($($argument:ty),*)),*;)*) => {$(
            /// No such processor.
            #[derive(Clone, Copy, Debug)]
            pub(crate) struct $name(Infallible);

            impl $name {
                pub(crate) fn detect() -> Option<Self> {
                    None
                }
                $(pub(crate) fn $kernel(self, $(_: $argument),*) {
                    match self.0 {}
                })*
            }
        )*};
    }
    nowhere! {
        Avx512: pbkdf2_sha512(&mut Sha512Vectors, u64), compress(&Words, &Words, &mut Words, bool);
        Avx2: phpass(&mut Md5Vectors, u64), compress(&Words, &Words, &mut Words, bool);
        Bmi: blowfish(&[BcryptStream; 4], &mut Blocks<4>);
    }
}
