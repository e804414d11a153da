//! yescrypt, in the parameters that systems write (`j9T` and its like), and what ALT Linux makes of it with GOST's hash.

mod native;

use super::{Algorithm, Scratch};
use crate::encoding::Base64;
use crate::hash::HashFailure;
use native::Native;
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

    pub(super) fn derive(
        &self,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<(), HashFailure> {
        if let Some(native) = self.native()
            && let Ok(out) = <&mut [u8; 32]>::try_from(&mut *out)
        {
            let memory_kib = native.memory_kib().ok_or(HashFailure::Memory)?;
            *out = scratch.with_blocks(memory_kib, |memory| *native.derive(password, salt, memory))?;
            return Ok(());
        }
        self.derive_by_crate(password, salt, out)
    }

    /// Where the parameters are of the native mode and nothing but N and r: so every crypt(3) writes them.
    fn native(&self) -> Option<Native> {
        (self.len == 3 && self.text().starts_with('j')).then(|| Native::new(self.n, self.r))?
    }

    fn derive_by_crate(&self, password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), HashFailure> {
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
        scratch: &mut Scratch,
    ) -> Result<(), HashFailure> {
        let mut inner = Zeroizing::new([0; 32]);
        self.derive(password, salt, inner.as_mut_slice(), scratch)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn both(yescrypt: Yescrypt, password: &[u8], salt: &[u8], scratch: &mut Scratch) -> [[u8; 32]; 2] {
        let (mut found, mut expected) = ([0; 32], [0; 32]);
        yescrypt.derive(password, salt, &mut found, scratch).unwrap();
        yescrypt.derive_by_crate(password, salt, &mut expected).unwrap();
        [found, expected]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn our_own_computes_what_the_crate_does(
            text in "j[/0-9A][5DLT]",
            (password, salt) in (vec(any::<u8>(), 0..100), vec(any::<u8>(), 0..40)),
        ) {
            let yescrypt = Yescrypt::parse(&text).unwrap();
            prop_assert!(yescrypt.native().is_some());
            let [found, expected] = both(yescrypt, &password, &salt, &mut Scratch::default());
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_systems_write_is_computed_by_our_own_with_a_hash_before_and_without() {
        let mut scratch = Scratch::default();
        // N = 4,096 and r = 32 are the least with a hash of the password before.
        for text in ["j9T", "j8T", "j9T", "jAT", "j75"] {
            let yescrypt = Yescrypt::parse(text).unwrap();
            assert!(yescrypt.native().is_some(), "{text}");
            let [found, expected] = both(yescrypt, b"password", b"some salt", &mut scratch);
            assert_eq!(found, expected, "{text}");
        }
    }
}
