//! Reads a filter as people write it (RFC 4515), with names in braces in its values.

use super::{ABOUT, AT_LEAST, AT_MOST, EQUAL, Filter, is_attribute};
use crate::template::{Part, Template, Wrong, name};
use std::iter::Peekable;
use std::str::CharIndices;

/// How deep filters may be nested; people write three or four levels.
const DEPTH_MAX: u32 = 16;

/// Reads a filter; nothing may follow it.
pub(super) fn read(text: &str, allowed: &[&str]) -> Result<Filter, Wrong> {
    let mut reader = Text { chars: text.char_indices().peekable(), end: text.len(), allowed };
    let filter = reader.filter(0)?;
    match reader.chars.next() {
        None => Ok(filter),
        Some((at, _)) => Err(Wrong::new(at, "the filter ends here, and something follows")),
    }
}

/// A filter as it is written.
struct Text<'a> {
    chars: Peekable<CharIndices<'a>>,
    end: usize,
    allowed: &'a [&'a str],
}

impl Text<'_> {
    fn filter(&mut self, depth: u32) -> Result<Filter, Wrong> {
        if depth > DEPTH_MAX {
            return Err(Wrong::new(self.at(), format!("filters are nested at most {DEPTH_MAX} deep")));
        }
        self.expect('(')?;
        let next = depth.saturating_add(1);
        let filter = match self.peek() {
            Some('&') => Filter::And(self.filters(next)?),
            Some('|') => Filter::Or(self.filters(next)?),
            Some('!') => {
                self.chars.next();
                Filter::Not(Box::new(self.filter(next)?))
            }
            _ => self.comparison()?,
        };
        self.expect(')')?;
        Ok(filter)
    }

    fn filters(&mut self, depth: u32) -> Result<Vec<Filter>, Wrong> {
        self.chars.next();
        let mut parts = Vec::new();
        while self.peek() == Some('(') {
            parts.push(self.filter(depth)?);
        }
        if parts.is_empty() {
            return Err(Wrong::new(self.at(), "a filter in parentheses is missing"));
        }
        Ok(parts)
    }

    fn comparison(&mut self) -> Result<Filter, Wrong> {
        let at = self.at();
        let mut attribute = String::new();
        while let Some(char) = self.peek().filter(|char| !"=<>~()".contains(*char)) {
            attribute.push(char);
            self.chars.next();
        }
        let tag = match self.chars.next() {
            Some((_, '=')) => EQUAL,
            Some((_, '>')) => self.then_equals(AT_LEAST)?,
            Some((_, '<')) => self.then_equals(AT_MOST)?,
            Some((_, '~')) => self.then_equals(ABOUT)?,
            _ => return Err(Wrong::new(at, "a filter is written (attribute=value)")),
        };
        if let Some(before) = attribute.strip_suffix(':') {
            return self.extensible(at, before);
        }
        if !is_attribute(&attribute) {
            return Err(Wrong::new(at, "the name of an attribute is letters, digits, dots and hyphens"));
        }
        let first = self.value()?;
        if self.peek() != Some('*') {
            return Ok(Filter::Compare { tag, attribute, value: first });
        }
        let mut parts = vec![first];
        while self.peek() == Some('*') {
            self.chars.next();
            parts.push(self.value()?);
        }
        substrings(tag, attribute, parts).ok_or_else(|| Wrong::new(at, "`*` goes with `=` alone"))
    }

    fn extensible(&mut self, at: usize, before: &str) -> Result<Filter, Wrong> {
        let mut words = before.split(':');
        let attribute = words.next().unwrap_or_default().to_owned();
        let mut rest: Vec<&str> = words.collect();
        let dn = rest.first() == Some(&"dn");
        if dn {
            rest.remove(0);
        }
        let rule = rest.first().copied().unwrap_or_default().to_owned();
        let named = attribute.is_empty() || is_attribute(&attribute);
        if rest.len() > 1 || !named || (attribute.is_empty() && rule.is_empty()) {
            return Err(Wrong::new(at, "a matching rule is written (attribute:rule:=value)"));
        }
        Ok(Filter::Extensible { attribute, rule, dn, value: self.value()? })
    }

    /// A value, up to what ends it.
    fn value(&mut self) -> Result<Template, Wrong> {
        let mut parts = Vec::new();
        let mut plain = Vec::new();
        while let Some(char) = self.peek().filter(|char| !"()*".contains(*char)) {
            let at = self.at();
            self.chars.next();
            match char {
                '\\' => {
                    let digits = [self.chars.next(), self.chars.next()];
                    let byte = digits.iter().try_fold(0_u8, |byte, digit| {
                        let digit = digit.and_then(|(_, char)| char.to_digit(16))?;
                        Some(byte.wrapping_shl(4) | u8::try_from(digit).ok()?)
                    });
                    plain.push(byte.ok_or_else(|| Wrong::new(at, "`\\` is followed by two hex digits"))?);
                }
                '{' => {
                    flush(&mut plain, &mut parts, at)?;
                    parts.push(Part::Name(name(&mut self.chars, at, self.allowed)?));
                }
                '}' => {
                    return Err(Wrong::new(
                        at,
                        "`}` without `{`; in a value braces are written \\7b and \\7d",
                    ));
                }
                other => plain.extend(other.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        let at = self.at();
        flush(&mut plain, &mut parts, at)?;
        Ok(Template::of(parts))
    }

    fn then_equals(&mut self, tag: u8) -> Result<u8, Wrong> {
        self.expect('=').map(|()| tag)
    }

    fn expect(&mut self, wanted: char) -> Result<(), Wrong> {
        let at = self.at();
        match self.chars.next() {
            Some((_, found)) if found == wanted => Ok(()),
            _ => Err(Wrong::new(at, format!("`{wanted}` is missing here"))),
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().map(|(_, char)| *char)
    }

    fn at(&mut self) -> usize {
        self.chars.peek().map_or(self.end, |(at, _)| *at)
    }
}

/// The bytes so far, as a part. A configuration's values are text: binary ones are compared by `user_id` alone.
fn flush(plain: &mut Vec<u8>, parts: &mut Vec<Part>, at: usize) -> Result<(), Wrong> {
    if !plain.is_empty() {
        let text = String::from_utf8(std::mem::take(plain))
            .map_err(|_| Wrong::new(at, "the value before here is no UTF-8"))?;
        parts.push(Part::Text(text));
    }
    Ok(())
}

/// What a comparison with stars in it is: the values between them, and those at both ends.
fn substrings(tag: u8, attribute: String, mut parts: Vec<Template>) -> Option<Filter> {
    let some = |part: Template| (!part.is_empty()).then_some(part);
    let last = parts.pop().and_then(some);
    let mut parts = parts.into_iter();
    let initial = parts.next().and_then(some);
    let any: Vec<Template> = parts.filter_map(some).collect();
    if tag != EQUAL {
        return None;
    }
    Some(if initial.is_none() && any.is_empty() && last.is_none() {
        Filter::Present(attribute)
    } else {
        Filter::Substrings { attribute, initial, any, last }
    })
}
