//! [`Hash`]: a stored value that was understood, ready to be compared with a password; [`Shape`]: its cost alone.

use crate::expression::Inputs;
use crate::kdf::{Derivation, LaneKind, Recipe, Scratch};
use crate::write::Refusal;
use idstore_secret::Secret;
use std::fmt;
use subtle::ConstantTimeEq as _;

/// A stored value, parsed and bounded. Has no `==`, and its `Debug` is the scheme's name alone.
///
/// A value that several accepted schemes may have written holds a candidate for each, in the order of `accept`.
#[derive(Clone)]
pub struct Hash {
    first: Candidate,
    others: Vec<Candidate>,
}

/// The stored value as one scheme understands it.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) scheme: &'static str,
    pub(crate) parts: Parts,
}

/// What a stored value says: how the digest is derived, the salt, and the digest.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) recipe: Recipe,
    pub(crate) salt: Secret,
    pub(crate) digest: Secret,
    pub(crate) bound: Bound,
}

/// What goes in beside password and salt, from elsewhere than the stored value.
#[derive(Clone, Default)]
pub(crate) struct Bound {
    /// The account's name, for the schemes that take it.
    pub(crate) user: Option<Secret>,
    /// The configured key or pepper, for the schemes that take it.
    pub(crate) key: Option<Secret>,
    /// What stands in the salt's column, where the stored text has a salt of its own.
    pub(crate) column: Option<Secret>,
}

/// What verifying a hash costs: its scheme and cost without salt and digest. A stand-in copies it.
///
/// Its order has no meaning but to be total: see [`StandIns`](crate::StandIns).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    first: Outline,
    others: Vec<Outline>,
}

/// The shape of one candidate; lengths in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outline {
    scheme: &'static str,
    recipe: Recipe,
    salt_len: usize,
    digest_len: usize,
}

/// Why there is no answer. A failure of ours or of the machine, never a verdict on a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashFailure {
    /// The system gives no random bytes.
    Random,
    /// The memory that the scheme asks for is not to be had, or more than the workers' budget.
    Memory,
    /// The password can't be hashed under this scheme; ask [`Write::refuse`](crate::Write::refuse) first.
    Refused(Refusal),
    /// The function refuses parameters that the parser let through: a bug.
    Parameters,
}

impl fmt::Display for HashFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => out.write_str("the system gives no random bytes"),
            Self::Memory => out.write_str("not enough memory for this password scheme"),
            Self::Refused(refusal) => write!(out, "the password can not be hashed: {refusal}"),
            Self::Parameters => out.write_str("the hash function refuses its parameters"),
        }
    }
}

impl std::error::Error for HashFailure {}

impl Hash {
    /// `None` for no candidates. Two that derive the same bytes and compare them with the same are one.
    pub(crate) fn new(candidates: Vec<Candidate>) -> Option<Self> {
        let mut kept: Vec<Candidate> = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            if !kept.iter().any(|earlier| earlier.parts.same_as(&candidate.parts)) {
                kept.push(candidate);
            }
        }
        let mut kept = kept.into_iter();
        Some(Self { first: kept.next()?, others: kept.collect() })
    }

    /// The scheme's name; of the first, where several may have written this value.
    pub fn scheme(&self) -> &'static str {
        self.first.scheme
    }

    /// Whether this is the password. Blocks for as long as the scheme's cost says: run it on the
    /// [`Workers`](crate::Workers). The digests are compared in constant time.
    pub fn verify(&self, password: &Secret) -> Result<bool, HashFailure> {
        let mut scratch = Scratch::default();
        for Candidate { parts, .. } in self.candidates() {
            if parts.agree(&parts.derivation(password).run(&mut scratch)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What [`verify`](Self::verify) costs for a wrong password.
    pub fn shape(&self) -> Shape {
        Shape { first: self.first.outline(), others: self.others.iter().map(Candidate::outline).collect() }
    }

    /// What is compared, one after another until one agrees.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Parts> {
        self.candidates().map(|candidate| &candidate.parts)
    }

    fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Hash({})", self.scheme())
    }
}

impl Candidate {
    fn outline(&self) -> Outline {
        Outline {
            scheme: self.scheme,
            recipe: self.parts.recipe,
            salt_len: self.parts.salt.len(),
            digest_len: self.parts.digest.len(),
        }
    }
}

impl Parts {
    /// Parts that stand in the stored value alone.
    pub(crate) fn new(recipe: Recipe, salt: Secret, digest: Secret) -> Self {
        Self { recipe, salt, digest, bound: Bound::default() }
    }

    /// What has to be derived to compare the password with these.
    pub(crate) fn derivation(&self, password: &Secret) -> Derivation {
        self.recipe.derivation(&self.bound.inputs(password, &self.salt), self.digest.len())
    }

    /// Whether this was derived. An empty digest matches nothing, whatever a parser let through.
    pub(crate) fn agree(&self, found: &Secret) -> bool {
        let same: bool = found.expose().ct_eq(self.digest.expose()).into();
        same && !self.digest.is_empty()
    }

    /// Whether both derive and expect the same bytes.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.recipe == other.recipe
            && self.salt.same_as(&other.salt)
            && self.digest.same_as(&other.digest)
            && same(self.bound.user.as_ref(), other.bound.user.as_ref())
            && same(self.bound.key.as_ref(), other.bound.key.as_ref())
            && same(self.bound.column.as_ref(), other.bound.column.as_ref())
    }
}

fn same(one: Option<&Secret>, other: Option<&Secret>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.same_as(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

impl Bound {
    /// All that a recipe takes.
    pub(crate) fn inputs<'a>(&'a self, password: &'a Secret, salt: &'a Secret) -> Inputs<'a> {
        Inputs {
            pass: password.expose(),
            salt: salt.expose(),
            user: self.user.as_ref().map(Secret::expose).unwrap_or_default(),
            key: self.key.as_ref().map(Secret::expose).unwrap_or_default(),
            column: self.column.as_ref().map(Secret::expose).unwrap_or_default(),
            ..Inputs::default()
        }
    }
}

impl Shape {
    pub(crate) fn new(scheme: &'static str, recipe: Recipe, salt_len: usize, digest_len: usize) -> Self {
        Self { first: Outline { scheme, recipe, salt_len, digest_len }, others: Vec::new() }
    }

    /// The scheme's name.
    pub fn scheme(&self) -> &'static str {
        self.first.scheme
    }

    /// Whether any candidate is of another scheme, or derived at a lower cost than this recipe's.
    pub(crate) fn is_less_than(&self, scheme: &str, recipe: &Recipe) -> bool {
        self.outlines().any(|outline| outline.scheme != scheme || outline.recipe.is_cheaper_than(recipe))
    }

    /// A hash of this shape, which is nobody's: verifying it is the same work. Whether its bytes happen to match means
    /// nothing.
    pub(crate) fn model(&self) -> Hash {
        Hash { first: self.first.model(), others: self.others.iter().map(Outline::model).collect() }
    }

    /// What the first derivation can share a thread with.
    pub(crate) fn lane_kind(&self) -> Option<LaneKind> {
        self.first.recipe.kdf.lane_kind(self.first.digest_len)
    }

    /// The memory that the work takes at most, in KiB: candidates are tried one after another.
    pub(crate) fn memory_kib(&self) -> u64 {
        self.outlines().map(|outline| outline.recipe.memory_kib()).max().unwrap_or(0)
    }

    fn outlines(&self) -> impl Iterator<Item = &Outline> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl Outline {
    fn model(&self) -> Candidate {
        let zeros = |count| Secret::new(vec![0; count]);
        let parts = Parts::new(self.recipe, zeros(self.salt_len), zeros(self.digest_len));
        Candidate { scheme: self.scheme, parts }
    }
}

/// The scheme and its cost, for people: `bcrypt, cost 12`.
impl fmt::Display for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, {}", self.first.scheme, self.first.recipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kdf::{Algorithm, Argon2, Bcrypt, Kdf, Pbkdf2, Scrypt, Variant, Version};
    use rustix::time::{ClockId, clock_gettime};
    use std::cell::RefCell;
    use std::time::Duration;

    fn cpu_time(work: impl FnOnce()) -> Duration {
        let now = || {
            let time = clock_gettime(ClockId::ThreadCPUTime);
            Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
        };
        let started = now();
        work();
        now().saturating_sub(started)
    }

    /// The least CPU time of each over a few runs in turn: what the work itself takes, whatever else the machine
    /// does and however warm the allocator is.
    fn cpu_times(one: impl Fn(), other: impl Fn()) -> (Duration, Duration) {
        let runs: Vec<_> = (0..6).map(|_| (cpu_time(&one), cpu_time(&other))).collect();
        (runs.iter().map(|run| run.0).min().unwrap(), runs.iter().map(|run| run.1).min().unwrap())
    }

    fn hash(kdf: Kdf, salt_len: usize, digest_len: usize) -> Hash {
        let (salt, digest) = (Secret::new(vec![1; salt_len]), Secret::new(vec![0; digest_len]));
        let mut parts = Parts::new(kdf.into(), salt, digest);
        parts.digest = parts.derivation(&"password".into()).run(&mut Scratch::default()).unwrap();
        Hash::new(vec![Candidate { scheme: "test", parts }]).unwrap()
    }

    #[test]
    fn a_stand_in_takes_the_time_of_its_model() {
        for (kdf, salt_len, digest_len) in [
            (Kdf::Bcrypt(Bcrypt::new(7).unwrap()), 16, 23),
            (Kdf::Pbkdf2(Pbkdf2::new(Algorithm::Sha256, 50_000).unwrap()), 22, 32),
            (Kdf::Argon2(Argon2::new(Variant::Id, Version::V19, 4096, 2, 1).unwrap()), 16, 32),
            (Kdf::Scrypt(Scrypt::from_n(2048, 8, 1).unwrap()), 22, 64),
        ] {
            let (hash, wrong) = (hash(kdf, salt_len, digest_len), Secret::from("passwort"));
            let stand_in = hash.shape().model();
            // The memory is the workers': fresh memory costs what the allocator thinks fit.
            let scratch = RefCell::new(Scratch::default());
            let verify = |hash: &Hash| {
                let parts = hash.parts().next().unwrap();
                let found = parts.derivation(&wrong).run(&mut scratch.borrow_mut()).unwrap();
                assert!(!parts.agree(&found));
            };
            let (known, unknown) = cpu_times(|| verify(&hash), || verify(&stand_in));
            assert!(unknown < known * 3 / 2 && known < unknown * 3 / 2, "{kdf:?}: {known:?}, {unknown:?}");
        }
    }

    #[test]
    fn an_empty_digest_matches_nothing() {
        let pbkdf2 = Kdf::Pbkdf2(Pbkdf2::new(Algorithm::Sha256, 1).unwrap());
        let empty = hash(pbkdf2, 8, 0);
        assert_eq!(empty.verify(&"password".into()), Ok(false));
    }
}
