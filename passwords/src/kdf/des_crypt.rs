//! The traditional crypt(3): DES, 25 times over a block of zeros, the salt swapping bits of the expansion.

use crate::hash::HashFailure;

pub(crate) const DES_SALT_BYTES: usize = 2;
pub(crate) const DES_DIGEST_BYTES: usize = 8;
pub(super) const PASSWORD_BYTES_MAX: usize = 8;

pub(super) fn derive(_password: &[u8], _salt: &[u8], _out: &mut [u8]) -> Result<(), HashFailure> {
    Err(HashFailure::Parameters)
}
