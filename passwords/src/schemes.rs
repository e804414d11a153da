//! The catalogue: one table per family of formats, whose lines say where the parts of a stored value stand and what is
//! computed. What a line can't say is a [`Format`] of its own. They read and print text; what computes is in
//! [`kdf`](crate::kdf) and [`expression`](crate::expression).

mod applications;
mod argon2;
mod bcrypt;
mod crypt;
mod databases;
mod directories;
mod frameworks;
mod generic;
mod own;
mod phc;
mod row;
mod special;
mod strings;

pub(crate) use bcrypt::text as bcrypt_text;
pub(crate) use own::{is_own, own, plain};
pub(crate) use row::{Row, WriteSpec};

use crate::expression::Expression;
use crate::hash::Parts;
use crate::layout::Layout;
use crate::scheme::{Columns, Detection, Format, NotRead, Scheme, Strength, Usual};
use crate::write::Written;
use std::sync::LazyLock;

/// Every scheme, in the order in which values are tried where the configuration gives none.
pub(crate) fn all() -> impl Iterator<Item = &'static Scheme> {
    static ALL: LazyLock<Vec<Scheme>> =
        LazyLock::new(|| build().into_iter().filter_map(Result::ok).collect());
    ALL.iter()
}

/// A line of a table. Lines of the same name are one scheme, which reads what any of them reads and writes the first.
pub(crate) struct Line {
    name: &'static str,
    detection: Detection,
    strength: Strength,
    body: Body,
}

enum Body {
    /// The layout, the expression, and what is written.
    Row(&'static str, &'static str, &'static str),
    Special(fn() -> Box<dyn Format>, bool),
}

/// The value says itself that it is of this scheme, and the scheme is sound.
const fn marked(
    name: &'static str,
    layout: &'static str,
    expression: &'static str,
    write: &'static str,
) -> Line {
    Line {
        name,
        detection: Detection::SelfDescribing,
        strength: Strength::Sound,
        body: Body::Row(layout, expression, write),
    }
}

/// The value says itself that it is of this scheme, and the scheme is weak.
const fn marked_weak(
    name: &'static str,
    layout: &'static str,
    expression: &'static str,
    write: &'static str,
) -> Line {
    Line {
        name,
        detection: Detection::SelfDescribing,
        strength: Strength::Weak,
        body: Body::Row(layout, expression, write),
    }
}

/// Another scheme writes values that look the same, so that the operator has to name this one; it is sound.
const fn named(
    name: &'static str,
    layout: &'static str,
    expression: &'static str,
    write: &'static str,
) -> Line {
    Line {
        name,
        detection: Detection::Declared,
        strength: Strength::Sound,
        body: Body::Row(layout, expression, write),
    }
}

/// Nothing says of which scheme the value is, or another scheme's values look the same; and it is weak.
const fn weak(
    name: &'static str,
    layout: &'static str,
    expression: &'static str,
    write: &'static str,
) -> Line {
    Line {
        name,
        detection: Detection::Declared,
        strength: Strength::Weak,
        body: Body::Row(layout, expression, write),
    }
}

/// A scheme that no line can say.
const fn special(
    name: &'static str,
    detection: Detection,
    strength: Strength,
    format: fn() -> Box<dyn Format>,
    written: bool,
) -> Line {
    Line { name, detection, strength, body: Body::Special(format, written) }
}

/// The tables as schemes. A line that is wrong is left out here, and found by a test.
fn build() -> Vec<Result<Scheme, String>> {
    let tables = [
        strings::TABLE,
        directories::TABLE,
        frameworks::TABLE,
        applications::TABLE,
        databases::TABLE,
        special::TABLE,
        generic::TABLE,
    ];
    let mut schemes: Vec<Result<Scheme, String>> = Vec::new();
    let lines: Vec<&Line> = tables.into_iter().flatten().collect();
    for (place, line) in lines.iter().enumerate() {
        if lines.iter().take(place).any(|earlier| earlier.name == line.name) {
            continue;
        }
        let own: Vec<_> = lines.iter().filter(|other| other.name == line.name).collect();
        let formats: Result<Vec<_>, String> = own.iter().map(|line| line.format()).collect();
        schemes.push(
            formats
                .map_err(|error| format!("{}: {error}", line.name))
                .and_then(|formats| line.scheme(formats)),
        );
    }
    schemes
}

impl Line {
    fn scheme(&self, formats: Vec<(Box<dyn Format>, bool)>) -> Result<Scheme, String> {
        let written = formats.iter().any(|(_, written)| *written);
        let place = formats.iter().position(|(_, written)| *written).unwrap_or(0);
        let mut formats = formats.into_iter().map(|(format, _)| format);
        let before = formats.by_ref().take(place).collect();
        let writer = formats.next().ok_or("a scheme without a format")?;
        Ok(Scheme {
            name: self.name,
            detection: self.detection,
            strength: self.strength,
            written,
            format: Box::new(Alternatives { before, writer, after: formats.collect() }),
        })
    }

    fn format(&self) -> Result<(Box<dyn Format>, bool), String> {
        match self.body {
            Body::Special(format, written) => Ok((format(), written)),
            Body::Row(layout, expression, write) => {
                let write = WriteSpec::parse(write)
                    .ok_or_else(|| format!("{write} is no line of what is written"))?;
                let written = write.written;
                // The catalogue lives as long as the process.
                let expression: &'static Expression = Box::leak(Box::new(Expression::parse(expression)?));
                let row = Row::new(Layout::parse(layout)?, expression, write)?;
                Ok((Box::new(row), written))
            }
        }
    }
}

/// Formats of one name: all read, in this order.
struct Alternatives {
    before: Vec<Box<dyn Format>>,
    /// What new passwords are written in.
    writer: Box<dyn Format>,
    after: Vec<Box<dyn Format>>,
}

impl Format for Alternatives {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let mut reason = NotRead::Other;
        for format in self.all() {
            match format.read(columns) {
                Ok(parts) => return Ok(parts),
                Err(not_read) if reason == NotRead::Other => reason = not_read,
                Err(_) => {}
            }
        }
        Err(reason)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        self.writer.print(parts).or_else(|| self.all().find_map(|format| format.print(parts)))
    }

    fn usual(&self) -> Usual {
        self.writer.usual()
    }

    fn usual_with(&self, parameters: Option<&str>) -> Usual {
        self.writer.usual_with(parameters)
    }

    fn needs_salt_column(&self) -> bool {
        self.writer.needs_salt_column()
    }

    fn takes_key(&self) -> bool {
        self.all().any(Format::takes_key)
    }

    fn needs_key(&self) -> bool {
        self.all().all(Format::needs_key)
    }

    /// A marked format among them may have written it all the same.
    fn is_clear(&self, text: &str) -> bool {
        let reads = |format: &dyn Format| format.read(&Columns::of(text)).is_ok();
        self.all().any(|format| format.is_clear(text))
            && !self.all().any(|format| !format.is_clear(text) && reads(format))
    }

    fn is_reversible(&self) -> bool {
        self.writer.is_reversible()
    }

    fn needs_user(&self) -> bool {
        self.writer.needs_user()
    }
}

impl Alternatives {
    fn all(&self) -> impl Iterator<Item = &dyn Format> {
        self.before.iter().chain(std::iter::once(&self.writer)).chain(&self.after).map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests;
