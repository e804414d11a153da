//! yescrypt, in the parameters that systems write (`j9T` and its like), and what ALT Linux makes of it with GOST's hash.

use super::Algorithm;
use crate::encoding::Base64;
use crate::hash::HashFailure;
use std::fmt;
use zeroize::Zeroizing;

/// The most characters of parameters that are looked at; `j9T` has three, and flavour, N, r, p and t fit into eight.
const TEXT_BYTES_MAX: usize = 8;

/// The parameters, in their own spelling and as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Yescrypt {
    text: [u8; TEXT_BYTES_MAX],
    len: u8,
    n: u64,
    r: u32,
    p: u32,
}

impl Yescrypt {
    /// From the field of the string.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let params: yescrypt::Params = text.parse().ok()?;
        let mut own = [0; TEXT_BYTES_MAX];
        own.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        let (n, r, p) = (params.n(), params.r(), params.p());
        let possible = n.is_power_of_two() && n > 1 && r >= 1 && p >= 1;
        possible.then_some(Self { text: own, len: u8::try_from(text.len()).ok()?, n, r, p })
    }

    pub(crate) fn text(&self) -> &str {
        self.text
            .get(..usize::from(self.len))
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default()
    }

    pub(crate) fn memory_kib(self) -> u64 {
        self.n.saturating_mul(u64::from(self.r)).saturating_mul(128).div_ceil(1024)
    }

    pub(crate) fn parallelism(self) -> u32 {
        self.p
    }

    pub(super) fn derive(&self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
        let params: yescrypt::Params = self.text().parse().map_err(|_| HashFailure::Parameters)?;
        yescrypt::yescrypt(password, salt, &params, out).map_err(|_| HashFailure::Parameters)
    }

    /// GOST R 34.11-2012 around yescrypt: HMAC of yescrypt's result, under the HMAC of the setting as it is written,
    /// under the password's digest.
    pub(super) fn derive_gost(
        &self,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<(), HashFailure> {
        let mut inner = Zeroizing::new([0; 32]);
        self.derive(password, salt, inner.as_mut_slice())?;
        let setting = format!("$gy${}${}", self.text(), Base64::Little.encode(salt));
        let gost = Algorithm::Streebog256;
        let key = gost.hmac(&gost.hash(&[password]), setting.as_bytes());
        super::copy(&gost.hmac(&key, inner.as_slice()), out);
        Ok(())
    }
}

impl fmt::Display for Yescrypt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "N = {}, r = {}, p = {}", self.n, self.r, self.p)
    }
}
