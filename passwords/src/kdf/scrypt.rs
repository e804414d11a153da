//! scrypt (RFC 7914).

use crate::hash::HashFailure;
use std::fmt;

/// The cost: N as a power of two, r and p.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scrypt {
    log2_n: u8,
    block_size: u32,
    parallelism: u32,
}

impl Scrypt {
    /// From N itself; `None` where N is no power of two above 1, or r or p is 0 or out of all proportion.
    pub(crate) const fn from_n(n: u32, block_size: u32, parallelism: u32) -> Option<Self> {
        let mut log2_n: u8 = 1;
        while log2_n < 32 {
            if n == 1_u32 << log2_n {
                let possible =
                    block_size >= 1 && parallelism >= 1 && block_size.saturating_mul(parallelism) < 1 << 30;
                return if possible { Some(Self { log2_n, block_size, parallelism }) } else { None };
            }
            log2_n = log2_n.saturating_add(1);
        }
        None
    }

    pub(crate) fn log2_n(self) -> u8 {
        self.log2_n
    }

    pub(crate) fn n(self) -> u64 {
        1_u64.checked_shl(u32::from(self.log2_n)).unwrap_or(u64::MAX)
    }

    pub(crate) fn block_size(self) -> u32 {
        self.block_size
    }

    pub(crate) fn parallelism(self) -> u32 {
        self.parallelism
    }

    /// 128·r bytes for each of N blocks, for each of p, and for one to work in.
    pub(crate) fn memory_kib(self) -> u64 {
        let blocks = self.n().saturating_add(u64::from(self.parallelism)).saturating_add(1);
        blocks.saturating_mul(u64::from(self.block_size)).saturating_mul(128).div_ceil(1024)
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
        let params = scrypt::Params::new(self.log2_n, self.block_size, self.parallelism)
            .map_err(|_| HashFailure::Parameters)?;
        scrypt::scrypt(password, salt, &params, out).map_err(|_| HashFailure::Parameters)
    }
}

impl fmt::Display for Scrypt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "N = {}, r = {}, p = {}", self.n(), self.block_size, self.parallelism)
    }
}
