//! Argon2 (RFC 9106 and the version before it), with one thread whatever the number of lanes.

mod wide;

use super::Scratch;
use crate::hash::HashFailure;
use std::fmt;

/// The least memory per lane, in KiB.
const KIB_PER_LANE: u32 = 8;

/// The shortest salt that the reference implementation takes, in bytes.
const SALT_BYTES_MIN: usize = 8;

/// The shortest digest that the reference implementation writes, in bytes.
const DIGEST_BYTES_MIN: usize = 4;

/// Which of the three functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Variant {
    D,
    I,
    Id,
}

/// The version of the function; 16 is what strings without `v=` mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    V16,
    V19,
}

/// The most associated data that a string may have, in bytes, as the PHC's definition of them has it.
const DATA_BYTES_MAX: usize = 32;

/// Associated data, which goes into the function beside password and salt. Almost no string has any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Data {
    bytes: [u8; DATA_BYTES_MAX],
    len: usize,
}

impl Data {
    /// `None` for more bytes than there may be.
    pub(crate) fn new(data: &[u8]) -> Option<Self> {
        let mut bytes = [0; DATA_BYTES_MAX];
        bytes.get_mut(..data.len())?.copy_from_slice(data);
        Some(Self { bytes, len: data.len() })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The function with its cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Argon2 {
    data: Data,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    variant: Variant,
    version: Version,
}

impl Argon2 {
    /// `None` for what the function itself refuses.
    pub(crate) const fn new(
        variant: Variant,
        version: Version,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    ) -> Option<Self> {
        let possible = passes >= 1
            && lanes >= 1
            && lanes <= argon2::Params::MAX_P_COST
            && memory_kib >= lanes.saturating_mul(KIB_PER_LANE);
        let data = Data { bytes: [0; DATA_BYTES_MAX], len: 0 };
        if possible { Some(Self { data, memory_kib, passes, lanes, variant, version }) } else { None }
    }

    /// The same with associated data.
    pub(crate) fn with_data(self, data: Data) -> Self {
        Self { data, ..self }
    }

    pub(crate) fn data(&self) -> &[u8] {
        self.data.as_bytes()
    }

    /// Whether the function takes a salt and a digest of these lengths.
    pub(crate) fn fits(salt: &[u8], digest: &[u8]) -> bool {
        salt.len() >= SALT_BYTES_MIN && digest.len() >= DIGEST_BYTES_MIN
    }

    pub(crate) fn variant(self) -> Variant {
        self.variant
    }

    pub(crate) fn version(self) -> Version {
        self.version
    }

    pub(crate) fn passes(self) -> u32 {
        self.passes
    }

    pub(crate) fn lanes(self) -> u32 {
        self.lanes
    }

    pub(crate) fn memory_kib(self) -> u64 {
        u64::from(self.memory_kib)
    }

    /// The same for the crate.
    fn for_crate(self, digest_len: usize) -> Option<(argon2::Params, argon2::Algorithm, argon2::Version)> {
        let params = argon2::ParamsBuilder::new()
            .m_cost(self.memory_kib)
            .t_cost(self.passes)
            .p_cost(self.lanes)
            .output_len(digest_len)
            .data(argon2::AssociatedData::new(self.data()).ok()?)
            .build()
            .ok()?;
        let algorithm = match self.variant {
            Variant::D => argon2::Algorithm::Argon2d,
            Variant::I => argon2::Algorithm::Argon2i,
            Variant::Id => argon2::Algorithm::Argon2id,
        };
        let version = match self.version {
            Version::V16 => argon2::Version::V0x10,
            Version::V19 => argon2::Version::V0x13,
        };
        Some((params, algorithm, version))
    }

    pub(super) fn derive(
        self,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<(), HashFailure> {
        let (params, algorithm, version) = self.for_crate(out.len()).ok_or(HashFailure::Parameters)?;
        scratch.with_blocks(params.block_count(), |memory| {
            if let Some(vectors) = wide::Vectors::detect().next() {
                return wide::derive(vectors, self, password, salt, out, memory)
                    .ok_or(HashFailure::Parameters);
            }
            argon2::Argon2::new(algorithm, version, params)
                .hash_password_into_with_memory(password, salt, out, memory)
                .map_err(|_| HashFailure::Parameters)
        })?
    }
}

impl fmt::Display for Argon2 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} KiB, {} passes, {} lanes", self.memory_kib, self.passes, self.lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::wide::Vectors;
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// By way of the crate alone.
    fn reference(function: Argon2, password: &[u8], salt: &[u8], out: &mut [u8]) {
        let (params, algorithm, version) = function.for_crate(out.len()).unwrap();
        argon2::Argon2::new(algorithm, version, params).hash_password_into(password, salt, out).unwrap();
    }

    /// By way of a kernel.
    fn with(vectors: Vectors, function: Argon2, password: &[u8], salt: &[u8], out: &mut [u8]) {
        let (params, ..) = function.for_crate(out.len()).unwrap();
        let mut memory = vec![argon2::Block::new(); params.block_count()];
        wide::derive(vectors, function, password, salt, out, &mut memory).unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn each_kernel_computes_what_the_crate_does(
            variant in prop_oneof![Just(Variant::D), Just(Variant::I), Just(Variant::Id)],
            version in prop_oneof![Just(Version::V16), Just(Version::V19)],
            (lanes, memory, passes) in (1..5_u32, 8..600_u32, 1..4_u32),
            (password, salt) in (vec(any::<u8>(), 0..200), vec(any::<u8>(), 8..40)),
            (digest_len, data) in (4..200_usize, vec(any::<u8>(), 0..33)),
        ) {
            let function = Argon2::new(variant, version, memory.max(lanes.saturating_mul(8)), passes, lanes).unwrap();
            let function = function.with_data(Data::new(&data).unwrap());
            let (mut found, mut expected) = (vec![0; digest_len], vec![0; digest_len]);
            reference(function, &password, &salt, &mut expected);
            for vectors in Vectors::detect() {
                with(vectors, function, &password, &salt, &mut found);
                prop_assert_eq!(&found, &expected, "{:?}", vectors);
            }
        }
    }

    /// Each block is made of two others, and the digest depends on all of them.
    #[test]
    fn a_million_blocks_of_each_kernel_are_those_of_the_crate() {
        let function = Argon2::new(Variant::Id, Version::V19, 1000, 10, 1).unwrap();
        for number in 0..100_u64 {
            let (mut found, mut expected) = ([0; 32], [0; 32]);
            reference(function, &number.to_le_bytes(), b"some salt", &mut expected);
            for vectors in Vectors::detect() {
                with(vectors, function, &number.to_le_bytes(), b"some salt", &mut found);
                assert_eq!(found, expected, "{vectors:?}");
            }
        }
    }

    #[test]
    fn memory_is_wiped_after_each_use_and_serves_the_next() {
        let mut scratch = Scratch::default();
        for memory in [64, 64, 128, 64] {
            let function = Argon2::new(Variant::Id, Version::V19, memory, 1, 1).unwrap();
            let (mut found, mut expected) = ([0; 32], [0; 32]);
            function.derive(b"password", b"some salt", &mut found, &mut scratch).unwrap();
            reference(function, b"password", b"some salt", &mut expected);
            assert_eq!(found, expected);
            let zero = |blocks: &mut [argon2::Block]| blocks.iter().all(|block| block.as_ref() == [0; 128]);
            assert!(scratch.with_blocks(usize::try_from(memory).unwrap(), zero).unwrap());
        }
    }
}
