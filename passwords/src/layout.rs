//! [`Layout`]: where the parts stand in the stored text. One text both reads and writes: `$SHA$<salt>$<digest>`.
//!
//! What stands in angle brackets is a field: `<digest>` in hex, `<digest:base64>`, `<salt>` as text, `<salt16:hex>` of
//! sixteen bytes, `<salt8+digest:base64>` of both behind one another, `<rounds>` and the other numbers in decimal, and
//! the name of a format that has parameters of its own: `<bcrypt>`. The rest stands for itself; before the first
//! field in either case if it begins with a brace, as directories take it.

mod spelling;

pub(crate) use spelling::Spelling;

use crate::encoding::{Base64, decimal};
use crate::expression::Stored;
use crate::hash::Parts;
use crate::scheme::NotRead;
use crate::schemes::own;
use idstore_secret::Secret;

/// The longest layout, in bytes.
const LAYOUT_BYTES_MAX: usize = 512;

/// The shortest digest whose length the text itself says, in bytes.
const DIGEST_BYTES_MIN: usize = 16;

/// A parsed layout.
#[derive(Debug)]
pub(crate) struct Layout {
    pieces: Vec<Piece>,
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Field {
        parts: Vec<Part>,
        spelling: Spelling,
    },
    Number(Stored, Radix),
    /// The digest's length in bytes, in decimal.
    Length,
    /// A format with its own parameters, and what is said about how it is written.
    Own(String, Option<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Digest(Option<usize>),
    Salt(Option<usize>),
    /// The account's name, in the stored value itself.
    User,
    /// A second salt, in the stored value itself: `column` in the expression.
    Column,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Radix {
    Decimal,
    /// Decimal with a leading zero below ten, as bcrypt has it.
    TwoDigits,
    Hex,
}

/// What a layout finds in a text.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) digest: Vec<u8>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) user: Option<Vec<u8>>,
    pub(crate) column: Option<Vec<u8>>,
    /// The digest's length in bytes, where the text says it. Always the length that it has.
    pub(crate) length: Option<usize>,
    pub(crate) numbers: Vec<(Stored, u32)>,
    pub(crate) own: Option<Parts>,
}

impl Layout {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LAYOUT_BYTES_MAX {
            return Err(format!("a layout has at most {LAYOUT_BYTES_MAX} bytes"));
        }
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('<') {
            let (field, after) = after.split_once('>').ok_or("a field of the layout has no end")?;
            if !before.is_empty() {
                pieces.push(Piece::Literal(before.to_owned()));
            }
            pieces.push(field_of(field)?);
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        let layout = Self { pieces };
        if layout.has_digest() {
            Ok(layout)
        } else {
            Err("a layout has a <digest> or a format of its own".to_owned())
        }
    }

    /// A layout that is the digest alone, in this spelling.
    pub(crate) fn digest(spelling: Spelling) -> Self {
        Self { pieces: vec![Piece::Field { parts: vec![Part::Digest(None)], spelling }] }
    }

    /// Takes the text apart.
    pub(crate) fn read(&self, text: &str, digest_len: Option<usize>) -> Result<Found, NotRead> {
        let (pieces, rest, marked) = match self.pieces.split_first() {
            Some((Piece::Literal(start), pieces)) => {
                (pieces, strip(text, start).ok_or(NotRead::Other)?, true)
            }
            _ => (self.pieces.as_slice(), text, false),
        };
        let other = if marked { NotRead::Malformed } else { NotRead::Other };
        let mut found = Found::default();
        let mut rest = rest;
        for (place, piece) in pieces.iter().enumerate() {
            let next = match pieces.get(place.saturating_add(1)) {
                Some(Piece::Literal(next)) => Some(next.as_str()),
                _ => None,
            };
            rest = piece.read(rest, next, digest_len, &mut found).map_err(|not_read| match not_read {
                NotRead::Other => other,
                reason => reason,
            })?;
        }
        // A digest that says to be of few bytes would be matched by many passwords.
        let whole = found.length.is_none_or(|len| len == found.digest.len() && len >= DIGEST_BYTES_MIN);
        if rest.is_empty() && whole { Ok(found) } else { Err(other) }
    }

    /// Writes the text; `None` where the parts are another scheme's.
    pub(crate) fn print(&self, parts: &Parts, number: impl Fn(Stored) -> Option<u64>) -> Option<String> {
        let (mut digest, mut salt) = (parts.digest.expose(), parts.salt.expose());
        let (mut user, mut column) = (bytes(parts.bound.user.as_ref()), bytes(parts.bound.column.as_ref()));
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Own(name, ident) => text.push_str(&own(name)?.print(parts, ident.as_deref())?),
                Piece::Length => text.push_str(&parts.digest.len().to_string()),
                Piece::Number(name, radix) => text.push_str(&radix.print(number(*name)?)),
                Piece::Field { parts: fields, spelling } => {
                    let mut bytes = Vec::new();
                    for part in fields {
                        let (from, len) = match part {
                            Part::Digest(len) => (&mut digest, len),
                            Part::Salt(len) => (&mut salt, len),
                            Part::User => (&mut user, &None),
                            Part::Column => (&mut column, &None),
                        };
                        let (head, tail) = from.split_at_checked(len.unwrap_or(from.len()))?;
                        bytes.extend_from_slice(head);
                        *from = tail;
                    }
                    text.push_str(&spelling.print(&bytes)?);
                }
            }
        }
        Some(text)
    }

    /// The name of the format that stands in it with parameters of its own.
    pub(crate) fn own(&self) -> Option<&str> {
        self.pieces.iter().find_map(|piece| match piece {
            Piece::Own(name, _) => Some(name.as_str()),
            _ => None,
        })
    }

    pub(crate) fn has_salt(&self) -> bool {
        self.own().is_some() || self.has(|part| matches!(part, Part::Salt(_)))
    }

    pub(crate) fn has_user(&self) -> bool {
        self.has(|part| matches!(part, Part::User))
    }

    pub(crate) fn has_column(&self) -> bool {
        self.has(|part| matches!(part, Part::Column))
    }

    /// Whether it begins with a text of its own.
    pub(crate) fn is_marked(&self) -> bool {
        matches!(self.pieces.first(), Some(Piece::Literal(_)))
    }

    fn has_digest(&self) -> bool {
        self.own().is_some() || self.has(|part| matches!(part, Part::Digest(_)))
    }

    fn has(&self, is: impl Fn(&Part) -> bool) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Field { parts, .. } if parts.iter().any(&is)))
    }
}

/// The bytes of what may be missing.
fn bytes(secret: Option<&Secret>) -> &[u8] {
    secret.map(Secret::expose).unwrap_or_default()
}

/// `text` behind `start`, which a brace makes a directory's: in either case.
fn strip<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(start.len())?;
    let same = if start.starts_with('{') { head.eq_ignore_ascii_case(start) } else { head == start };
    same.then_some(tail)
}

fn field_of(field: &str) -> Result<Piece, String> {
    let (what, how) = field.split_once(':').map_or((field, None), |(what, how)| (what, Some(how)));
    let number = match what {
        "rounds" => Some(Stored::Rounds),
        "ln" => Some(Stored::LogN),
        "n" => Some(Stored::N),
        "r" => Some(Stored::R),
        "p" => Some(Stored::P),
        _ => None,
    };
    if let Some(name) = number {
        return match how {
            None => Ok(Piece::Number(name, Radix::Decimal)),
            Some("hex") => Ok(Piece::Number(name, Radix::Hex)),
            Some("2") => Ok(Piece::Number(name, Radix::TwoDigits)),
            Some(how) => Err(format!("\"{how}\" is no spelling of a number")),
        };
    }
    if what == "length" && how.is_none() {
        return Ok(Piece::Length);
    }
    if own(what).is_some() {
        return Ok(Piece::Own(what.to_owned(), how.map(str::to_owned)));
    }
    let parts = what.split('+').map(part_of).collect::<Option<Vec<_>>>();
    let parts = parts.ok_or_else(|| format!("\"{what}\" is no field of a layout"))?;
    let spelling = match how {
        Some(how) => Spelling::named(how).ok_or_else(|| format!("\"{how}\" is no encoding"))?,
        None if !parts.iter().any(|part| matches!(part, Part::Digest(_))) => Spelling::Text,
        None => Spelling::Hex,
    };
    Ok(Piece::Field { parts, spelling })
}

fn part_of(text: &str) -> Option<Part> {
    match text {
        "user" => return Some(Part::User),
        "column" => return Some(Part::Column),
        _ => {}
    }
    let len = |rest: &str| {
        if rest.is_empty() { Some(None) } else { Some(Some(usize::try_from(decimal(rest)?).ok()?)) }
    };
    match text.strip_prefix("digest") {
        Some(rest) => len(rest).map(Part::Digest),
        None => len(text.strip_prefix("salt")?).map(Part::Salt),
    }
}

impl Piece {
    /// Reads the piece from the beginning of the text and gives the rest. `next` is the text that ends it.
    fn read<'a>(
        &self,
        text: &'a str,
        next: Option<&str>,
        digest_len: Option<usize>,
        found: &mut Found,
    ) -> Result<&'a str, NotRead> {
        if let Self::Literal(literal) = self {
            return text.strip_prefix(literal.as_str()).ok_or(NotRead::Other);
        }
        let (own, rest) = self.extent(text, next).ok_or(NotRead::Other)?;
        match self {
            Self::Literal(_) => {}
            Self::Length => {
                found.length = decimal(own).and_then(|len| usize::try_from(len).ok());
                found.length.ok_or(NotRead::Other)?;
            }
            Self::Number(name, radix) => found.numbers.push((*name, radix.read(own).ok_or(NotRead::Other)?)),
            Self::Own(name, _) => {
                let format = crate::schemes::own(name).ok_or(NotRead::Other)?;
                found.own = Some(format.read(own)?);
            }
            Self::Field { parts, spelling } => {
                let bytes = spelling.read(own, digest_len).ok_or(NotRead::Other)?;
                share(parts, bytes.expose(), digest_len, found).ok_or(NotRead::Other)?;
            }
        }
        Ok(rest)
    }

    /// A field with a fixed number of bytes has a fixed number of characters; any other goes up to what ends it.
    fn extent<'a>(&self, text: &'a str, next: Option<&str>) -> Option<(&'a str, &'a str)> {
        if let Some(next) = next {
            let end = if let Some(width) = self.width() { width } else { text.find(next)? };
            return text.split_at_checked(end);
        }
        match self.width() {
            Some(width) => text.split_at_checked(width),
            None => Some((text, "")),
        }
    }

    fn width(&self) -> Option<usize> {
        let Self::Field { parts, spelling } = self else { return None };
        let bytes = parts.iter().try_fold(0_usize, |sum, part| {
            sum.checked_add(match part {
                Part::Digest(len) | Part::Salt(len) => (*len)?,
                Part::User | Part::Column => return None,
            })
        })?;
        match spelling {
            Spelling::Text => Some(bytes),
            Spelling::Hex | Spelling::UpperHex | Spelling::Either => bytes.checked_mul(2),
            // Padding may be missing: what ends it decides.
            Spelling::Base64(Base64::Bcrypt | Base64::Crypt | Base64::Little | Base64::Unpadded) => {
                bytes.checked_mul(4).map(|bits| bits.div_ceil(3))
            }
            Spelling::Base64(_) | Spelling::Base64Hex | Spelling::Php => None,
        }
    }
}

/// Gives each part its bytes. Where salt and digest are packed, the one without a length has what the others leave.
fn share(parts: &[Part], bytes: &[u8], digest_len: Option<usize>, found: &mut Found) -> Option<()> {
    let len = |part: &Part| match part {
        Part::Digest(len) => len.or(if parts.len() > 1 { digest_len } else { None }),
        Part::Salt(len) => *len,
        Part::User | Part::Column => None,
    };
    let mut rest = bytes;
    for (place, part) in parts.iter().enumerate() {
        let others = parts
            .get(place.saturating_add(1)..)?
            .iter()
            .try_fold(0_usize, |sum, part| sum.checked_add(len(part)?));
        let own = match (len(part), others) {
            (Some(len), _) => len,
            (None, Some(others)) => rest.len().checked_sub(others)?,
            (None, None) => return None,
        };
        // A digest that was salted with nothing is an unsalted one, which has another name.
        if own == 0 && parts.len() > 1 {
            return None;
        }
        let (head, tail) = rest.split_at_checked(own)?;
        match part {
            Part::Digest(_) => found.digest.extend_from_slice(head),
            Part::Salt(_) => found.salt.get_or_insert_default().extend_from_slice(head),
            Part::User => found.user.get_or_insert_default().extend_from_slice(head),
            Part::Column => found.column.get_or_insert_default().extend_from_slice(head),
        }
        rest = tail;
    }
    rest.is_empty().then_some(())
}

impl Radix {
    fn read(self, text: &str) -> Option<u32> {
        match self {
            Self::Decimal => decimal(text),
            Self::TwoDigits if text.len() == 2 => decimal(text.strip_prefix('0').unwrap_or(text)),
            Self::Hex if text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                u32::from_str_radix(text, 16).ok()
            }
            Self::TwoDigits | Self::Hex => None,
        }
    }

    fn print(self, number: u64) -> String {
        match self {
            Self::Decimal => number.to_string(),
            Self::TwoDigits => format!("{number:02}"),
            Self::Hex => format!("{number:x}"),
        }
    }
}
