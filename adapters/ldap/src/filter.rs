//! [`Filter`]: a search filter (RFC 4515) with names in its values, compiled once from the configuration.
//!
//! A value is put in as the bytes of an assertion, never as text that is parsed again: whatever it is, the filter keeps
//! the shape that the configuration gave it. This is the one place where values enter filters.

use crate::ber::{OCTETS, SEQUENCE, Writer, constructed, context};
use crate::template::{Part, Template, Values, Wrong, name};
use std::iter::Peekable;
use std::str::CharIndices;

/// How deep filters may be nested; people write three or four levels.
const DEPTH_MAX: u32 = 16;

/// A compiled filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    /// The attribute compared with a value, by one of the tags of RFC 4511: equal, at least, at most, about.
    Compare {
        tag: u8,
        attribute: String,
        value: Template,
    },
    Substrings {
        attribute: String,
        initial: Option<Template>,
        any: Vec<Template>,
        last: Option<Template>,
    },
    Present(String),
    Extensible {
        attribute: String,
        rule: String,
        dn: bool,
        value: Template,
    },
    /// The attribute is these bytes. Made by the adapter; a configuration has [`Filter::Compare`].
    Is {
        attribute: String,
        value: Vec<u8>,
    },
}

const EQUAL: u8 = constructed(3);
const AT_LEAST: u8 = constructed(5);
const AT_MOST: u8 = constructed(6);
const ABOUT: u8 = constructed(8);

impl Filter {
    /// Reads a filter. `allowed` are the names that may stand in braces in its values.
    pub(crate) fn compile(text: &str, allowed: &[&str]) -> Result<Self, Wrong> {
        let mut reader = Text { chars: text.char_indices().peekable(), end: text.len(), allowed };
        let filter = reader.filter(0)?;
        match reader.chars.next() {
            None => Ok(filter),
            Some((at, _)) => Err(Wrong::new(at, "the filter ends here, and something follows")),
        }
    }

    /// Both must hold.
    pub(crate) fn and(self, other: &Self) -> Self {
        Self::And(vec![other.clone(), self])
    }

    /// The names in its values.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::names).collect(),
            Self::Not(part) => part.names(),
            Self::Compare { value, .. } | Self::Extensible { value, .. } => value.names().collect(),
            Self::Substrings { initial, any, last, .. } => {
                initial.iter().chain(any).chain(last).flat_map(Template::names).collect()
            }
            Self::Present(_) | Self::Is { .. } => Vec::new(),
        }
    }

    /// The attributes that are compared with the value of a name.
    pub(crate) fn compared_with(&self, name: &str) -> Vec<String> {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().flat_map(|part| part.compared_with(name)).collect()
            }
            Self::Compare { tag: EQUAL, attribute, value } if value.names().any(|found| found == name) => {
                vec![attribute.clone()]
            }
            _ => Vec::new(),
        }
    }

    /// Writes the filter as it is sent. The name that has no value as the error.
    pub(crate) fn write(&self, out: &mut Writer, values: &dyn Values) -> Result<(), String> {
        let mut outcome = Ok(());
        let mut all = |out: &mut Writer, parts: &[Self]| {
            for part in parts {
                if outcome.is_ok() {
                    outcome = part.write(out, values);
                }
            }
        };
        match self {
            Self::And(parts) => out.within(constructed(0), |out| all(out, parts)),
            Self::Or(parts) => out.within(constructed(1), |out| all(out, parts)),
            Self::Not(part) => out.within(constructed(2), |out| all(out, std::slice::from_ref(part))),
            Self::Present(attribute) => out.octets(context(7), attribute.as_bytes()),
            Self::Is { attribute, value } => out.within(EQUAL, |out| {
                out.octets(OCTETS, attribute.as_bytes());
                out.octets(OCTETS, value);
            }),
            Self::Compare { tag, attribute, value } => {
                let value = filled(value, values)?;
                out.within(*tag, |out| {
                    out.octets(OCTETS, attribute.as_bytes());
                    out.octets(OCTETS, value.as_bytes());
                });
            }
            Self::Substrings { attribute, initial, any, last } => {
                let parts = [(0, initial.as_slice()), (1, any.as_slice()), (2, last.as_slice())];
                let mut written = Vec::new();
                for (number, parts) in parts {
                    for part in parts {
                        written.push((number, filled(part, values)?));
                    }
                }
                out.within(constructed(4), |out| {
                    out.octets(OCTETS, attribute.as_bytes());
                    out.within(SEQUENCE, |out| {
                        for (number, part) in &written {
                            out.octets(context(*number), part.as_bytes());
                        }
                    });
                });
            }
            Self::Extensible { attribute, rule, dn, value } => {
                let value = filled(value, values)?;
                out.within(constructed(9), |out| {
                    if !rule.is_empty() {
                        out.octets(context(1), rule.as_bytes());
                    }
                    if !attribute.is_empty() {
                        out.octets(context(2), attribute.as_bytes());
                    }
                    out.octets(context(3), value.as_bytes());
                    if *dn {
                        out.boolean(context(4), true);
                    }
                });
            }
        }
        outcome
    }
}

fn filled(value: &Template, values: &dyn Values) -> Result<String, String> {
    value.fill(values, crate::template::as_it_is).map_err(str::to_owned)
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

/// The name of an attribute, with options, or an OID.
pub(crate) fn is_attribute(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_alphanumeric())
        && name.chars().all(|char| char.is_ascii_alphanumeric() || ".-;_".contains(char))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ber::Reader;
    use proptest::prelude::*;

    fn compiled(text: &str) -> Filter {
        Filter::compile(text, &["identifier", "param."]).unwrap()
    }

    /// The tags and texts of a written filter, as an outline.
    fn outline(bytes: &[u8]) -> String {
        let mut reader = Reader::new(bytes);
        let told = std::iter::from_fn(|| reader.next().ok()).map(|(tag, content)| {
            let has_parts = tag & 0x20 != 0;
            let inner =
                if has_parts { outline(content) } else { String::from_utf8_lossy(content).into_owned() };
            format!("{tag:x}[{inner}]")
        });
        told.collect::<Vec<_>>().concat()
    }

    fn written(filter: &Filter, value: &str) -> Vec<u8> {
        let mut out = Writer::new();
        filter.write(&mut out, &|_: &str| Some(value.to_owned())).unwrap();
        out.bytes().to_vec()
    }

    #[test]
    fn every_kind_of_filter_is_written_as_the_protocol_has_it() {
        for (text, expected) in [
            ("(uid={identifier})", "a3[4[uid]4[v]]"),
            ("(&(a=b)(!(c>=d)))", "a0[a3[4[a]4[b]]a2[a5[4[c]4[d]]]]"),
            ("(|(a<=b)(c~=d))", "a1[a6[4[a]4[b]]a8[4[c]4[d]]]"),
            ("(mail=*)", "87[mail]"),
            ("(cn=a*{identifier}*b)", "a4[4[cn]30[80[a]81[v]82[b]]]"),
            ("(cn=*b)", "a4[4[cn]30[82[b]]]"),
            (
                "(member:1.2.840.113556.1.4.1941:={identifier})",
                "a9[81[1.2.840.113556.1.4.1941]82[member]83[v]]",
            ),
            ("(cn=\\2a\\28{param.org}\\c3\\a9)", "a3[4[cn]4[*(v\u{e9}]]"),
        ] {
            assert_eq!(outline(&written(&compiled(text), "v")), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused_where_it_stands() {
        for (text, at) in [
            ("uid=x", 0),
            ("(uid=x", 6),
            ("(uid=x)y", 7),
            ("(&)", 2),
            ("(uid={x})", 5),
            ("(a=\\zz)", 3),
            ("(a b=c)", 1),
            ("(a>=b*c)", 1),
            ("(:=x)", 1),
        ] {
            assert_eq!(Filter::compile(text, &["identifier"]).unwrap_err().at, at, "{text}");
        }
        let deep = format!("{}(a=b){}", "(!".repeat(20), ")".repeat(20));
        assert!(Filter::compile(&deep, &[]).is_err());
    }

    #[test]
    fn a_name_without_a_value_is_told() {
        let mut out = Writer::new();
        let filter = compiled("(&(a=b)(o={param.org}))");
        assert_eq!(filter.write(&mut out, &|_: &str| None), Err("param.org".to_owned()));
    }

    proptest! {
        #[test]
        fn whatever_the_value_the_filter_keeps_its_shape(value in "\\PC*|[*()\\\\{}&|!=\u{0}]*") {
            let filter = compiled("(&(o=x)(|(mail={identifier})(uid={identifier})))");
            let bytes = written(&filter, &value);
            let mut and = Reader::new(Reader::new(&bytes).expect(0xa0).unwrap());
            and.expect(0xa3).unwrap();
            let mut or = Reader::new(and.expect(0xa1).unwrap());
            for attribute in ["mail", "uid"] {
                let mut one = Reader::new(or.expect(0xa3).unwrap());
                prop_assert_eq!(one.expect(OCTETS).unwrap(), attribute.as_bytes());
                prop_assert_eq!(one.expect(OCTETS).unwrap(), value.as_bytes());
                prop_assert!(one.is_empty());
            }
            prop_assert!(or.is_empty() && and.is_empty());
        }

        #[test]
        fn reading_a_filter_always_ends(text in "[()&|!=*\\\\{}a:~<>]{0,40}") {
            drop(Filter::compile(&text, &["a"]));
        }
    }
}
