//! [`Template`]: text of the configuration with names in braces, for which values are put in later.
//!
//! Compiled once, at start. What is put in where, and how it is escaped, is for the place: a filter takes it as the bytes
//! of a value, a DN escapes it. Nothing that was put in is ever read as a template, a filter or a DN.

use idstore_contract::Problem;

/// A compiled template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// As it stands.
    Text(String),
    /// The value of this name.
    Name(String),
}

/// Where values come from: `None` where there is none.
pub(crate) trait Values: Send + Sync {
    fn value(&self, name: &str) -> Option<String>;
}

impl<F: Fn(&str) -> Option<String> + Send + Sync> Values for F {
    fn value(&self, name: &str) -> Option<String> {
        self(name)
    }
}

/// Why a text is no template, and at which byte of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) at: usize,
    pub(crate) why: String,
}

impl Wrong {
    pub(crate) fn new(at: usize, why: impl Into<String>) -> Self {
        Self { at, why: why.into() }
    }

    /// As a problem of a key.
    pub(crate) fn problem(self, key: &str) -> Problem {
        Problem::error(key, self.why).at(self.at)
    }
}

impl Template {
    /// Reads a text in which `{name}` stands for a value, `{{` and `}}` for braces. Names ending in `.` allow what begins
    /// with them.
    pub(crate) fn compile(text: &str, allowed: &[&str]) -> Result<Self, Wrong> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = text.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            let doubled = chars.peek().is_some_and(|(_, next)| *next == char);
            match char {
                '{' | '}' if doubled => {
                    chars.next();
                    plain.push(char);
                }
                '}' => return Err(Wrong::new(at, "`}` without `{`; a brace of its own is written twice")),
                '{' => {
                    let name = name(&mut chars, at, allowed)?;
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Name(name));
                }
                other => plain.push(other),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// A template of parts that were read elsewhere.
    pub(crate) fn of(parts: Vec<Part>) -> Self {
        Self { parts }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The text with a letter for each value: values are escaped, so that a DN keeps its names whatever they are.
    pub(crate) fn shape(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Name(_) => "x".to_owned(),
        };
        self.parts.iter().map(part).collect()
    }

    /// The names in it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Name(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with the values put in as `escape` makes them; the name that has no value as the error.
    pub(crate) fn fill(&self, values: &dyn Values, escape: fn(&str) -> String) -> Result<String, &str> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Name(name) => filled.push_str(&escape(&values.value(name).ok_or(name.as_str())?)),
            }
        }
        Ok(filled)
    }
}

/// The name that begins after an opening brace, up to the closing one.
pub(crate) fn name(
    chars: &mut impl Iterator<Item = (usize, char)>,
    at: usize,
    allowed: &[&str],
) -> Result<String, Wrong> {
    let mut name = String::new();
    for (_, char) in chars {
        if char != '}' {
            name.push(char);
            continue;
        }
        let fits = |allowed: &&str| {
            if allowed.ends_with('.') {
                name.len() > allowed.len() && name.starts_with(allowed)
            } else {
                name == *allowed
            }
        };
        if allowed.iter().any(fits) {
            return Ok(name);
        }
        let known: Vec<String> = allowed
            .iter()
            .map(|name| if name.ends_with('.') { format!("{{{name}NAME}}") } else { format!("{{{name}}}") })
            .collect();
        return Err(Wrong::new(at, format!("{{{name}}} is not known here; there are {}", known.join(", "))));
    }
    Err(Wrong::new(at, "`{` without `}`; a brace of its own is written twice"))
}

/// For values that need no escaping.
pub(crate) fn as_it_is(value: &str) -> String {
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, Wrong> {
        let value = |name: &str| Some(format!("<{name}>"));
        Template::compile(text, &["a", "param."])
            .map(|template| template.fill(&value, as_it_is).unwrap_or_default())
    }

    #[test]
    fn names_are_filled_in_and_doubled_braces_are_braces() {
        assert_eq!(filled("x{a}{{b}}{param.org}").unwrap(), "x<a>{b}<param.org>");
    }

    #[test]
    fn what_is_not_known_is_refused_where_it_stands() {
        assert_eq!(filled("xy{b}").unwrap_err().at, 2);
        assert!(filled("{param.}").is_err() && filled("{a").is_err() && filled("a}").is_err());
    }

    #[test]
    fn a_value_is_not_read_as_a_template() {
        let template = Template::compile("{a}", &["a"]).unwrap();
        assert_eq!(template.fill(&|_: &str| Some("{a}".to_owned()), as_it_is).unwrap(), "{a}");
    }
}
