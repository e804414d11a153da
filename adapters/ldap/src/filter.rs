//! [`Filter`]: a search filter (RFC 4515) with names in its values, compiled once from the configuration.
//!
//! A value is put in as the bytes of an assertion, never as text that is parsed again: whatever it is, the filter keeps
//! the shape that the configuration gave it. This is the one place where values enter filters.

mod text;

use crate::ber::{OCTETS, SEQUENCE, Writer, constructed, context};
use crate::template::{Template, Values, Wrong};

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
        text::read(text, allowed)
    }

    /// Both must hold.
    pub(crate) fn and(self, other: &Self) -> Self {
        Self::And(vec![other.clone(), self])
    }

    /// What is left of it where a name has no value: what compares with it finds nothing. `None`: all of it.
    pub(crate) fn without(&self, name: &str) -> Option<Self> {
        let left = |parts: &[Self]| parts.iter().map(|part| part.without(name)).collect::<Vec<_>>();
        match self {
            Self::And(parts) => left(parts).into_iter().collect::<Option<_>>().map(Self::And),
            Self::Or(parts) => {
                let parts: Vec<Self> = left(parts).into_iter().flatten().collect();
                (!parts.is_empty()).then_some(Self::Or(parts))
            }
            Self::Not(part) => Some(Self::Not(Box::new(part.without(name)?))),
            leaf => (!leaf.names().contains(&name)).then(|| leaf.clone()),
        }
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

    /// Every attribute that it looks at, as it is written there.
    pub(crate) fn attributes(&self) -> Vec<&str> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::attributes).collect(),
            Self::Not(part) => part.attributes(),
            // A matching rule alone looks at all.
            Self::Extensible { attribute, .. } if attribute.is_empty() => Vec::new(),
            Self::Present(attribute)
            | Self::Compare { attribute, .. }
            | Self::Substrings { attribute, .. }
            | Self::Extensible { attribute, .. }
            | Self::Is { attribute, .. } => vec![attribute],
        }
    }

    /// The object classes that it names, where no value is put in.
    pub(crate) fn classes(&self) -> Vec<String> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::classes).collect(),
            Self::Not(part) => part.classes(),
            Self::Compare { tag: EQUAL, attribute, value }
                if attribute.eq_ignore_ascii_case("objectClass") =>
            {
                filled(value, &|_: &str| None).into_iter().collect()
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
    fn what_it_names_is_told() {
        let filter = compiled(
            "(&(|(objectClass=person)(ObjectClass={param.org}))(!(objectClass=x*))(mail;lang-fr={identifier})(a:dn:2.5.13.2:=b)\
             (:2.5.13.2:=c)(d=*))",
        );
        let classes = ["objectClass", "ObjectClass", "objectClass"];
        assert_eq!(filter.attributes(), [classes.as_slice(), &["mail;lang-fr", "a", "d"]].concat());
        assert_eq!(filter.classes(), ["person"]);
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
