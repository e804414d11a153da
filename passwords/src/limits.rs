//! [`Limits`]: how much work a stored value may ask for.

use crate::hash::Parts;
use crate::kdf::{DesCrypt, Kdf};
use serde::Deserialize;

/// The highest cost that a stored value may ask for, checked before any work: a row must not be able to occupy a
/// worker for hours or to ask for 4 GiB of memory. A value above is unusable, never a wrong password.
///
/// A key of the configuration's `[hashing.limits]` each.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// bcrypt's cost, 4 to 31; each step doubles the time. Default 15: about two seconds.
    pub bcrypt_cost_max: u32,
    /// PBKDF2's rounds, counted over all blocks of the digest. Default 10,000,000: one to five seconds, and ten
    /// times what Django 5.2 writes.
    pub pbkdf2_rounds_max: u32,
    /// Argon2's memory, in KiB. Default 1,048,576 (1 GiB): the highest that a common library's presets ask for.
    pub argon2_memory_max_kib: u32,
    /// Argon2's passes over its memory. Default 10.
    pub argon2_passes_max: u32,
    /// Argon2's lanes; they run one after another here, and cost nothing but blocks. Default 16.
    pub argon2_lanes_max: u32,
    /// The rounds of a digest that is taken over and over, and of md5-crypt's and sha1-crypt's kin. Default 10,000,000:
    /// about four seconds of SHA-256, and twenty times what the dearest application writes.
    pub digest_rounds_max: u32,
    /// SHA-crypt's rounds. Default 10,000,000: five seconds; the standard has up to 999,999,999.
    pub sha_crypt_rounds_max: u32,
    /// The rounds of phpass and Drupal 7, as a power of two. Default 24: three seconds; the format has up to 30.
    pub phpass_log2_rounds_max: u8,
    /// The rounds of DES in `_` strings. Default 200,000: a second; the format has up to 16,777,215, and systems wrote 725.
    pub des_rounds_max: u32,
    /// yescrypt's memory, in KiB. Default 262,144 (256 MiB): sixteen times what systems write.
    pub yescrypt_memory_max_kib: u32,
    /// scrypt's N as a power of two. Default 17: with r = 8 this is 128 MiB.
    pub scrypt_log2_n_max: u8,
    /// scrypt's r, which multiplies time and memory. Default 32: libxcrypt's `$7$` has 32, some libraries
    /// write 16, all with a small N.
    pub scrypt_block_size_max: u32,
    /// scrypt's memory, which N and r make together, in KiB. Default 262,144 (256 MiB).
    pub scrypt_memory_max_kib: u32,
    /// scrypt's p, which multiplies time. Default 10.
    pub scrypt_parallelism_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bcrypt_cost_max: 15,
            pbkdf2_rounds_max: 10_000_000,
            argon2_memory_max_kib: 1 << 20,
            argon2_passes_max: 10,
            argon2_lanes_max: 16,
            digest_rounds_max: 10_000_000,
            sha_crypt_rounds_max: 10_000_000,
            phpass_log2_rounds_max: 24,
            des_rounds_max: 200_000,
            yescrypt_memory_max_kib: 1 << 18,
            scrypt_log2_n_max: 17,
            scrypt_block_size_max: 32,
            scrypt_memory_max_kib: 1 << 18,
            scrypt_parallelism_max: 10,
        }
    }
}

/// A value of the configuration that can't be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitProblem {
    /// The key: in `[hashing.limits]` for [`Limits::check`], in `[hashing]` for
    /// [`WorkerOptions::check`](crate::WorkerOptions::check).
    pub key: &'static str,
    /// What is wrong with its value, and what would be right.
    pub message: String,
}

/// A cost above its limit; holds the limit's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooCostly(pub(crate) &'static str);

impl Limits {
    /// What can't be meant: a limit so low that it refuses everything, or beyond what the function has. No I/O.
    pub fn check(&self) -> Vec<LimitProblem> {
        let mut problems = Vec::new();
        let mut range = |key, value: u32, least: u32, most: u32| {
            if !(least..=most).contains(&value) {
                problems.push(LimitProblem { key, message: format!("{value} is not in {least} to {most}") });
            }
        };
        range("bcrypt_cost_max", self.bcrypt_cost_max, 4, 31);
        range("pbkdf2_rounds_max", self.pbkdf2_rounds_max, 1, u32::MAX);
        range("argon2_memory_max_kib", self.argon2_memory_max_kib, 8, 1 << 22);
        range("argon2_passes_max", self.argon2_passes_max, 1, 1000);
        range("argon2_lanes_max", self.argon2_lanes_max, 1, 255);
        range("digest_rounds_max", self.digest_rounds_max, 1, u32::MAX);
        range("sha_crypt_rounds_max", self.sha_crypt_rounds_max, 1000, 999_999_999);
        range("phpass_log2_rounds_max", u32::from(self.phpass_log2_rounds_max), 7, 30);
        range("des_rounds_max", self.des_rounds_max, 1, (1 << 24) - 1);
        range("yescrypt_memory_max_kib", self.yescrypt_memory_max_kib, 1, 1 << 22);
        range("scrypt_log2_n_max", u32::from(self.scrypt_log2_n_max), 1, 24);
        range("scrypt_block_size_max", self.scrypt_block_size_max, 1, 64);
        range("scrypt_memory_max_kib", self.scrypt_memory_max_kib, 1, 1 << 22);
        range("scrypt_parallelism_max", self.scrypt_parallelism_max, 1, 64);
        problems
    }

    /// The most memory that one job may take under these limits, in KiB.
    pub(crate) fn memory_max_kib(&self) -> u64 {
        let scrypt = 128_u64
            .saturating_mul(u64::from(self.scrypt_block_size_max))
            .saturating_mul(1_u64.checked_shl(u32::from(self.scrypt_log2_n_max)).unwrap_or(u64::MAX));
        u64::from(self.argon2_memory_max_kib.max(self.yescrypt_memory_max_kib))
            .max(scrypt.div_ceil(1024).min(u64::from(self.scrypt_memory_max_kib)))
    }

    /// Whether these parts may be worked on.
    pub(crate) fn admit(&self, parts: &Parts) -> Result<(), TooCostly> {
        let within = |holds: bool, key| if holds { Ok(()) } else { Err(TooCostly(key)) };
        within(parts.recipe.rounds <= self.digest_rounds_max, "digest_rounds_max")?;
        match parts.recipe.kdf {
            Kdf::DesCrypt(DesCrypt::Bsdi { rounds }) => {
                within(rounds <= self.des_rounds_max, "des_rounds_max")
            }
            // A few rounds over a few kilobytes: the bound on the stored text's length is bound enough.
            Kdf::None | Kdf::Md5Crypt(_) | Kdf::DesCrypt(_) => Ok(()),
            Kdf::ShaCrypt(sha) => within(sha.rounds() <= self.sha_crypt_rounds_max, "sha_crypt_rounds_max"),
            Kdf::Sha1Crypt(sha1) => within(sha1.rounds() <= self.digest_rounds_max, "digest_rounds_max"),
            Kdf::SunMd5(sun) => within(sun.rounds() <= self.digest_rounds_max, "digest_rounds_max"),
            Kdf::Phpass(phpass) => {
                within(phpass.log2_rounds() <= self.phpass_log2_rounds_max, "phpass_log2_rounds_max")
            }
            Kdf::Qnx(qnx) => within(qnx.rounds() <= self.digest_rounds_max, "digest_rounds_max"),
            Kdf::Yescrypt(yescrypt) | Kdf::GostYescrypt(yescrypt) => {
                let memory_max = u64::from(self.yescrypt_memory_max_kib);
                within(yescrypt.memory_kib() <= memory_max, "yescrypt_memory_max_kib")?;
                within(yescrypt.parallelism() <= self.scrypt_parallelism_max, "scrypt_parallelism_max")
            }
            Kdf::Bcrypt(bcrypt) | Kdf::DoubleBcrypt(bcrypt) => {
                within(bcrypt.cost() <= self.bcrypt_cost_max, "bcrypt_cost_max")
            }
            Kdf::Pbkdf2(pbkdf2) => within(
                pbkdf2.rounds_for(parts.digest.len()) <= u64::from(self.pbkdf2_rounds_max),
                "pbkdf2_rounds_max",
            ),
            Kdf::Scrypt(scrypt) => {
                within(scrypt.log2_n() <= self.scrypt_log2_n_max, "scrypt_log2_n_max")?;
                within(scrypt.block_size() <= self.scrypt_block_size_max, "scrypt_block_size_max")?;
                // What p adds is small beside it, and has its own limit.
                let memory_kib = scrypt.n().saturating_mul(u64::from(scrypt.block_size())).div_ceil(8);
                within(memory_kib <= u64::from(self.scrypt_memory_max_kib), "scrypt_memory_max_kib")?;
                within(scrypt.parallelism() <= self.scrypt_parallelism_max, "scrypt_parallelism_max")
            }
            Kdf::Argon2(argon2) | Kdf::DoubleArgon2(argon2) => {
                within(
                    argon2.memory_kib() <= u64::from(self.argon2_memory_max_kib),
                    "argon2_memory_max_kib",
                )?;
                within(argon2.passes() <= self.argon2_passes_max, "argon2_passes_max")?;
                within(argon2.lanes() <= self.argon2_lanes_max, "argon2_lanes_max")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound() {
        assert_eq!(Limits::default().check(), []);
    }

    #[test]
    fn a_limit_that_refuses_everything_is_a_problem_with_its_key() {
        let limits = Limits { bcrypt_cost_max: 3, scrypt_log2_n_max: 0, ..Limits::default() };
        let keys: Vec<_> = limits.check().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["bcrypt_cost_max", "scrypt_log2_n_max"]);
    }

    #[test]
    fn one_job_takes_what_the_dearest_function_may() {
        assert_eq!(Limits::default().memory_max_kib(), 1 << 20);
        let limits = Limits { argon2_memory_max_kib: 1024, ..Limits::default() };
        assert_eq!(limits.memory_max_kib(), 256 * 1024);
    }

    #[test]
    fn a_key_that_is_no_limit_is_refused_and_the_rest_keep_their_defaults() {
        let limits: Limits = serde_json::from_str(r#"{"bcrypt_cost_max": 12}"#).unwrap();
        assert_eq!(limits, Limits { bcrypt_cost_max: 12, ..Limits::default() });
        assert!(serde_json::from_str::<Limits>(r#"{"bcrypt_max": 12}"#).is_err());
    }
}
