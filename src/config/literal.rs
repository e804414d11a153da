//! Where a byte of a text stands in the TOML literal that it was written as: behind quotes, escapes and the ends of
//! lines that do not count.

use std::str::CharIndices;

/// The byte of the literal `raw` (quotes included) at which byte `offset` of its value begins. The end of the value
/// is the closing quote. `None` when `raw` is no text, or its value is shorter.
pub(super) fn position(raw: &str, offset: usize) -> Option<usize> {
    let quote = raw.get(..1).filter(|quote| matches!(*quote, "\"" | "'"))?;
    let long = quote.repeat(3);
    let multiline = raw.len() >= 6 && raw.starts_with(&long);
    let fence = if multiline { long.as_str() } else { quote };
    let body = raw.strip_prefix(fence)?.strip_suffix(fence)?;
    let skipped = match multiline {
        true if body.starts_with("\r\n") => 2,
        true if body.starts_with('\n') => 1,
        _ => 0,
    };
    let walk = Walk { chars: body.get(skipped..)?.char_indices(), escapes: quote == "\"" };
    walk.find(offset)?.checked_add(skipped)?.checked_add(fence.len())
}

struct Walk<'a> {
    chars: CharIndices<'a>,
    escapes: bool,
}

impl Walk<'_> {
    fn find(mut self, offset: usize) -> Option<usize> {
        let mut value: usize = 0;
        loop {
            let at = self.chars.offset();
            let Some((_, met)) = self.chars.next() else { return (value >= offset).then_some(at) };
            let length = match met {
                '\\' if self.escapes => self.escape()?,
                other => other.len_utf8(),
            };
            if length > 0 && offset < value.saturating_add(length) {
                return Some(at);
            }
            value = value.saturating_add(length);
        }
    }

    /// What stands behind a backslash: how many bytes of the value it makes.
    fn escape(&mut self) -> Option<usize> {
        let (_, kind) = self.chars.next()?;
        let digits = match kind {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            blank if blank.is_ascii_whitespace() => {
                self.skip_blanks();
                return Some(0);
            }
            _ => return Some(1),
        };
        let hex: String = self.chars.by_ref().take(digits).map(|(_, digit)| digit).collect();
        u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32).map(char::len_utf8)
    }

    /// A backslash at the end of a line: nothing counts until the next character that is no blank.
    fn skip_blanks(&mut self) {
        while self.chars.as_str().starts_with([' ', '\t', '\r', '\n']) {
            self.chars.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_literal_is_walked() {
        assert_eq!(position("\"abc\"", 1), Some(2));
        assert_eq!(position("'a\\c'", 2), Some(3));
        assert_eq!(position("\"\"\"\nabc\"\"\"", 0), Some(4));
        assert_eq!(position("'''\r\nabc'''", 2), Some(7));
        assert_eq!(position("\"\\u00e9b\"", 2), Some(7));
        assert_eq!(position("\"\\n\\tb\"", 2), Some(5));
        assert_eq!(position("\"\\x41b\"", 1), Some(5));
        assert_eq!(position("\"\"\"a\\\n  b\"\"\"", 1), Some(8));
        assert_eq!(position("\"ab\"", 2), Some(3));
        assert_eq!(position("\"ab\"", 3), None);
        assert_eq!(position("12", 0), None);
    }

    proptest! {
        #[test]
        fn a_plain_character_of_the_value_is_the_same_in_the_literal(text in "([a-z é\n\t\"'\\\\]|\\PC){0,40}") {
            let raw = toml::Value::String(text.clone()).to_string();
            for (offset, met) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
                let at = position(&raw, offset).unwrap();
                prop_assert!(raw.get(at..).unwrap().starts_with(met), "{} {}", raw, offset);
            }
        }
    }
}
