//! Argon2 (RFC 9106 and the version before it), with one thread whatever the number of lanes.

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

/// The function with its cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Argon2 {
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
        if possible { Some(Self { memory_kib, passes, lanes, variant, version }) } else { None }
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

    pub(super) fn derive(
        self,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<(), HashFailure> {
        let params = argon2::Params::new(self.memory_kib, self.passes, self.lanes, Some(out.len()))
            .map_err(|_| HashFailure::Parameters)?;
        let algorithm = match self.variant {
            Variant::D => argon2::Algorithm::Argon2d,
            Variant::I => argon2::Algorithm::Argon2i,
            Variant::Id => argon2::Algorithm::Argon2id,
        };
        let version = match self.version {
            Version::V16 => argon2::Version::V0x10,
            Version::V19 => argon2::Version::V0x13,
        };
        let blocks = params.block_count();
        let function = argon2::Argon2::new(algorithm, version, params);
        scratch
            .with_blocks(blocks, |memory| {
                function.hash_password_into_with_memory(password, salt, out, memory)
            })?
            .map_err(|_| HashFailure::Parameters)
    }
}

impl fmt::Display for Argon2 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} KiB, {} passes, {} lanes", self.memory_kib, self.passes, self.lanes)
    }
}
