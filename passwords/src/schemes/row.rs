//! [`Row`]: a scheme that is said in two lines, where its parts stand and what is computed.

use super::own::own;
use crate::encoding::fields;
use crate::expression::{Expression, Number, Stage, Stored};
use crate::hash::{Bound, Parts};
use crate::kdf::{Argon2, Kdf, Pbkdf2, Recipe, Scrypt, Variant, Version};
use crate::layout::Layout;
use crate::random::Salt;
use crate::scheme::{Columns, Format, NotRead, Usual};
use crate::write::Written;
use idstore_secret::Secret;

/// A layout and an expression.
pub(crate) struct Row {
    layout: Layout,
    expression: &'static Expression,
    write: WriteSpec,
    /// The digest's length in bytes, where it has one of its own.
    len: Option<usize>,
}

/// What new passwords get, and what a number is where neither the stored value nor its column says it.
#[derive(Default)]
pub(crate) struct WriteSpec {
    pub(crate) written: bool,
    salt: Option<Salt>,
    column: Option<Salt>,
    numbers: Vec<(Stored, u32)>,
    argon2: Option<Kdf>,
}

impl Row {
    pub(crate) fn new(
        layout: Layout,
        expression: &'static Expression,
        write: WriteSpec,
    ) -> Result<Self, String> {
        match (layout.own(), expression.stage()) {
            (Some(own), Stage::Own { name, .. }) if own == name => {}
            (Some(own), _) => {
                return Err(format!("the layout has <{own}>, and the expression is no {own}(...)"));
            }
            (None, Stage::Own { name, .. }) if at_cost(name, Some(10)).is_none() => {
                return Err(format!("{name}() needs <{name}> in the layout"));
            }
            (None, _) => {}
        }
        let len = expression.len();
        Ok(Self { layout, expression, write, len })
    }

    /// The number of this name: of the stored value, of its column, or the usual one.
    fn number(&self, number: Number, found: &[(Stored, u32)], columns: &Columns<'_>) -> Result<u32, NotRead> {
        let Number::Stored { name, .. } = number else { return Ok(fixed(number)) };
        let of = |numbers: &[(Stored, u32)]| {
            numbers.iter().find(|(own, _)| *own == name).map(|(_, number)| *number)
        };
        of(found)
            .or_else(|| columns.number(name))
            .or_else(|| of(&self.write.numbers))
            .ok_or(NotRead::MissingParameters)
    }

    fn kdf(&self, found: &[(Stored, u32)], columns: &Columns<'_>) -> Result<Option<Kdf>, NotRead> {
        let number = |number| self.number(number, found, columns);
        Ok(match self.expression.stage() {
            Stage::None => Some(Kdf::None),
            Stage::Own { name, .. } => {
                let cost = number(Number::Stored { name: Stored::Rounds, more: 0 }).ok();
                at_cost(name, cost)
            }
            Stage::Pbkdf2 { algorithm, rounds, .. } => {
                Pbkdf2::new(*algorithm, number(*rounds)?).map(Kdf::Pbkdf2)
            }
            Stage::Argon2 { twice, memory_kib, passes, lanes, .. } => {
                Argon2::new(Variant::Id, Version::V19, *memory_kib, *passes, *lanes)
                    .map(|argon2| if *twice { Kdf::DoubleArgon2(argon2) } else { Kdf::Argon2(argon2) })
            }
            Stage::Scrypt { n, r, p, .. } => {
                let cost = number(*n)?;
                let n = match n {
                    Number::Stored { name: Stored::LogN, .. } => 1_u32.checked_shl(cost),
                    _ => Some(cost),
                };
                let (r, p) = (number(*r)?, number(*p)?);
                n.and_then(|n| Scrypt::from_n(n, r, p)).map(Kdf::Scrypt)
            }
        })
    }

    fn rounds(&self, found: &[(Stored, u32)], columns: &Columns<'_>) -> Result<u32, NotRead> {
        self.expression.repeats().map_or(Ok(1), |rounds| self.number(rounds, found, columns))
    }

    /// What a value of this layout has for a salt: in itself, or beside it.
    fn salt(&self, found: Option<Vec<u8>>, columns: &Columns<'_>) -> Result<Secret, NotRead> {
        match found {
            Some(salt) => Ok(Secret::new(salt)),
            None if !self.needs_salt_column() => Ok(Secret::new(Vec::new())),
            None => columns.salt.map(Secret::new).ok_or(NotRead::MissingSalt),
        }
    }

    fn bound(
        &self,
        user: Option<Vec<u8>>,
        column: Option<Vec<u8>>,
        columns: &Columns<'_>,
    ) -> Result<Bound, NotRead> {
        let mut bound = Bound::default();
        if self.expression.uses_user() {
            let user = user.or_else(|| columns.user.map(<[u8]>::to_vec)).ok_or(NotRead::MissingUser)?;
            bound.user = Some(Secret::new(user));
        }
        if self.expression.uses_column() {
            let column = column.or_else(|| columns.salt.map(<[u8]>::to_vec)).ok_or(NotRead::MissingSalt)?;
            bound.column = Some(Secret::new(column));
        }
        if self.expression.takes_key() {
            bound.key = columns.key.map(Secret::new);
        }
        if self.expression.needs_key() && bound.key.is_none() {
            return Err(NotRead::MissingKey);
        }
        Ok(bound)
    }

    /// What the stored value needs is not there whatever its form: said only of values of this form.
    fn parts(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let found = self.layout.read(columns.text, self.len)?;
        if let Some(own) = found.own {
            let bound = self.bound(found.user, found.column, columns)?;
            let rounds = self.rounds(&found.numbers, columns)?;
            let recipe = Recipe { expression: self.expression, kdf: own.recipe.kdf, rounds };
            return Ok(Parts { recipe, bound, ..own });
        }
        let length = found.length.filter(|_| self.is_stretched());
        let expected = length.or(self.len).or_else(|| self.own_len());
        if expected.is_some_and(|len| len != found.digest.len()) || found.digest.is_empty() {
            return Err(if self.layout.is_marked() { NotRead::Malformed } else { NotRead::Other });
        }
        let salt = self.salt(found.salt, columns)?;
        let bound = self.bound(found.user, found.column, columns)?;
        let kdf = self.kdf(&found.numbers, columns)?.ok_or(NotRead::Malformed)?;
        let rounds = self.rounds(&found.numbers, columns)?;
        let recipe = Recipe { expression: self.expression, kdf, rounds };
        Ok(Parts { recipe, salt, digest: Secret::new(found.digest), bound })
    }

    fn own_len(&self) -> Option<usize> {
        let Stage::Own { name, .. } = self.expression.stage() else { return None };
        own(name).map(|own| (own.usual)().2)
    }

    fn stored_number(parts: &Parts, name: Stored) -> Option<u64> {
        Some(match (parts.recipe.kdf, name) {
            (Kdf::None, Stored::Rounds) => u64::from(parts.recipe.rounds),
            (Kdf::Pbkdf2(pbkdf2), Stored::Rounds) => u64::from(pbkdf2.rounds()),
            (Kdf::Bcrypt(bcrypt), Stored::Rounds) => u64::from(bcrypt.cost()),
            (Kdf::Scrypt(scrypt), Stored::LogN) => u64::from(scrypt.log2_n()),
            (Kdf::Scrypt(scrypt), Stored::N) => scrypt.n(),
            (Kdf::Scrypt(scrypt), Stored::R) => u64::from(scrypt.block_size()),
            (Kdf::Scrypt(scrypt), Stored::P) => u64::from(scrypt.parallelism()),
            _ => return None,
        })
    }
}

impl Format for Row {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        self.parts(columns)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        if parts.recipe.expression != self.expression {
            return None;
        }
        let text = self.layout.print(parts, |name| Self::stored_number(parts, name))?;
        let salt = if self.keeps_column() {
            parts.bound.column.clone()
        } else {
            self.needs_salt_column().then(|| parts.salt.clone())
        };
        Some(Written { hash: Secret::from(text), salt, parameters: None })
    }

    fn usual(&self) -> Usual {
        self.usual_with(None)
    }

    fn usual_with(&self, parameters: Option<&str>) -> Usual {
        let columns = Columns { parameters, ..Columns::of("") };
        if let (Stage::Own { name, .. }, Some(own)) =
            (self.expression.stage(), self.layout.own().and_then(own))
        {
            let mut usual = own.usual(self.expression);
            let cost = self.number(Number::Stored { name: Stored::Rounds, more: 0 }, &[], &columns).ok();
            usual.recipe.kdf = at_cost(name, cost).filter(|_| cost.is_some()).unwrap_or(usual.recipe.kdf);
            usual.recipe.kdf = self.write.argon2.unwrap_or(usual.recipe.kdf);
            usual.recipe.rounds = self.rounds(&[], &columns).unwrap_or(1);
            usual.salt = self.write.salt.unwrap_or(usual.salt);
            usual.column = self.write.column.unwrap_or(Salt::None);
            return usual;
        }
        let rounds = self.rounds(&[], &columns).unwrap_or(1000);
        let kdf = self.kdf(&[], &columns).ok().flatten().or_else(|| self.fallback()).unwrap_or(Kdf::None);
        let salt =
            if self.takes_salt() { self.write.salt.unwrap_or(Salt::Alphanumeric(16)) } else { Salt::None };
        let digest_len = self.len.or_else(|| self.own_len()).unwrap_or(32);
        Usual {
            recipe: Recipe { expression: self.expression, kdf, rounds },
            salt,
            column: self.write.column.unwrap_or(Salt::None),
            digest_len,
        }
    }

    fn needs_salt_column(&self) -> bool {
        self.keeps_column() || !self.layout.has_salt() && self.takes_salt()
    }

    fn takes_key(&self) -> bool {
        self.expression.takes_key()
    }

    fn needs_key(&self) -> bool {
        self.expression.needs_key()
    }

    fn is_clear(&self, _text: &str) -> bool {
        self.is_reversible() && !self.layout.is_marked()
    }

    fn is_reversible(&self) -> bool {
        self.expression.is_reversible()
    }

    fn needs_user(&self) -> bool {
        self.expression.uses_user() && !self.layout.has_user()
    }
}

impl Row {
    /// Whether the derivation makes a digest of any length.
    fn is_stretched(&self) -> bool {
        matches!(self.expression.stage(), Stage::Pbkdf2 { .. }) && !self.expression.has_after()
    }

    /// Whether the salt's column has what the stored text does not have.
    fn keeps_column(&self) -> bool {
        self.expression.uses_column() && !self.layout.has_column()
    }

    fn takes_salt(&self) -> bool {
        self.expression.uses_salt()
            || self.layout.has_salt()
            || matches!(self.expression.stage(), Stage::Own { .. })
    }

    /// What a stand-in costs where no number is known.
    fn fallback(&self) -> Option<Kdf> {
        match self.expression.stage() {
            Stage::Pbkdf2 { algorithm, .. } => Pbkdf2::new(*algorithm, 100_000).map(Kdf::Pbkdf2),
            Stage::Scrypt { .. } => Scrypt::from_n(1 << 14, 8, 1).map(Kdf::Scrypt),
            Stage::Own { name, .. } => own(name).map(|own| (own.usual)().0),
            Stage::None | Stage::Argon2 { .. } => None,
        }
    }
}

fn at_cost(name: &str, cost: Option<u32>) -> Option<Kdf> {
    own(name).and_then(|own| (own.at_cost)(cost))
}

fn fixed(number: Number) -> u32 {
    match number {
        Number::Fixed(number) => number,
        Number::Stored { .. } => 0,
    }
}

impl WriteSpec {
    /// From a line like `write salt=16 rounds=5000`: without `write` the scheme is read only. A salt is so many
    /// letters and digits, with `b` before the number so many bytes, with `h` so many digits of hex, with `m` so many bytes
    /// in base64. `column` is the same for the salt's column beside a text with a salt of its own.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut spec = Self::default();
        for word in text.split_whitespace() {
            let Some((name, value)) = word.split_once('=') else {
                spec.written = word == "write";
                continue;
            };
            let name = match name {
                "salt" => {
                    spec.salt = Some(salt(value)?);
                    continue;
                }
                "column" => {
                    spec.column = Some(salt(value)?);
                    continue;
                }
                "argon2" => {
                    let [memory, passes, lanes] = fields(value, '/')?;
                    let number = |text: &str| text.parse().ok();
                    let (memory, passes, lanes) = (number(memory)?, number(passes)?, number(lanes)?);
                    spec.argon2 =
                        Some(Kdf::Argon2(Argon2::new(Variant::Id, Version::V19, memory, passes, lanes)?));
                    continue;
                }
                "rounds" | "cost" => Stored::Rounds,
                "ln" => Stored::LogN,
                "n" => Stored::N,
                "r" => Stored::R,
                "p" => Stored::P,
                _ => return None,
            };
            spec.numbers.push((name, value.parse().ok()?));
        }
        Some(spec)
    }
}

fn salt(text: &str) -> Option<Salt> {
    let count = |digits: &str| digits.parse::<usize>().ok();
    Some(match text.split_at_checked(1)? {
        ("b", bytes) => Salt::Bytes(count(bytes)?),
        ("h", digits) => Salt::Hex(count(digits)?),
        ("m", bytes) => Salt::Base64(count(bytes)?),
        _ => Salt::Alphanumeric(count(text)?),
    })
}
