//! Distinguished names (RFC 4514): values are escaped here and nowhere else, and the first name of a DN is taken apart.
//!
//! A DN that the server answered is otherwise opaque; those of the configuration are read whole, to be compared.

/// A value as it stands in a DN: every character that is syntax somewhere, or that nobody sees, as two hex digits.
pub(crate) fn escape(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(value.len());
    for (index, char) in value.chars().enumerate() {
        let is_syntax = "\"+,;<>\\=".contains(char)
            || char.is_ascii_control()
            || (char == ' ' && (index == 0 || index == last))
            || (char == '#' && index == 0);
        if is_syntax {
            let code = u32::from(char);
            let digits = [code >> 4, code & 0xf].into_iter().filter_map(|digit| char::from_digit(digit, 16));
            escaped.push('\\');
            escaped.extend(digits.map(|digit| digit.to_ascii_uppercase()));
        } else {
            escaped.push(char);
        }
    }
    escaped
}

/// All names of a DN, the first one first; `None` where the text is no DN.
pub(crate) fn names(dn: &str) -> Option<Vec<Rdn>> {
    let mut chars = dn.chars();
    let mut names = Vec::new();
    loop {
        let (name, goes_on) = Rdn::read(&mut chars)?;
        names.push(name);
        if !goes_on {
            return Some(names);
        }
    }
}

/// Whether a DN is that one, or below it, however the two are written.
pub(crate) fn is_below(dn: &str, above: &str) -> bool {
    let folded = |dn| Some(names(dn)?.iter().map(Rdn::folded).collect::<Vec<_>>());
    folded(dn).zip(folded(above)).is_some_and(|(dn, above)| dn.ends_with(&above))
}

/// The first name of a DN, as pairs of attribute and value as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rdn(Vec<(String, String)>);

impl Rdn {
    /// The first name of a DN; `None` where the text is no DN.
    pub(crate) fn first(dn: &str) -> Option<Self> {
        Self::read(&mut dn.chars()).map(|(first, _)| first)
    }

    /// One name, and whether another one follows.
    fn read(chars: &mut std::str::Chars<'_>) -> Option<(Self, bool)> {
        let mut pairs = Vec::new();
        let mut pair = String::new();
        loop {
            match chars.next() {
                Some('\\') => {
                    pair.push('\\');
                    pair.push(chars.next()?);
                }
                Some('+') => pairs.push(split(&std::mem::take(&mut pair))?),
                end @ (None | Some(',')) => {
                    pairs.push(split(&pair)?);
                    return Some((Self(pairs), end.is_some()));
                }
                Some(other) => pair.push(other),
            }
        }
    }

    /// The attributes of the name.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The same for every way to write the name that differs in case, escapes or blanks alone.
    fn folded(&self) -> Vec<(String, String)> {
        let fold = |(name, value): &(String, String)| {
            let value = unescape(value).unwrap_or_else(|| value.clone());
            (name.to_ascii_lowercase(), value.to_lowercase())
        };
        let mut pairs: Vec<_> = self.0.iter().map(fold).collect();
        pairs.sort();
        pairs
    }

    /// The first value, with its escapes undone; `None` where they are none.
    pub(crate) fn value(&self) -> Option<String> {
        self.0.first().and_then(|(_, value)| unescape(value))
    }

    /// The value of an attribute, with its escapes undone.
    pub(crate) fn value_of(&self, attribute: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute))?;
        unescape(value)
    }

    /// The same name with another value of the attribute.
    pub(crate) fn with(&self, attribute: &str, value: &str) -> String {
        let pair = |(name, old): &(String, String)| {
            if name.eq_ignore_ascii_case(attribute) {
                format!("{name}={}", escape(value))
            } else {
                format!("{name}={old}")
            }
        };
        self.0.iter().map(pair).collect::<Vec<_>>().join("+")
    }
}

/// The DN of an entry that got another first name.
pub(crate) fn with_first(dn: &str, rdn: &str) -> String {
    let mut is_escaped = false;
    let end = dn.char_indices().find(|(_, char)| {
        let is_end = *char == ',' && !is_escaped;
        is_escaped = *char == '\\' && !is_escaped;
        is_end
    });
    let above = end.and_then(|(at, _)| dn.get(at..)).unwrap_or_default();
    format!("{rdn}{above}")
}

/// A value as it stands in a DN, with its escapes undone.
fn unescape(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = without_blanks(value).bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let escaped = rest.next()?;
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match hex(escaped) {
            Some(high) => bytes.push(high.wrapping_shl(4) | hex(rest.next()?)?),
            None => bytes.push(escaped),
        }
    }
    String::from_utf8(bytes).ok()
}

/// A value without the blanks that RFC 2253 lets stand around it, and no others: one that is escaped is part of it, and a
/// no-break space too.
fn without_blanks(value: &str) -> &str {
    let written = value.trim_start_matches(' ');
    let bare = written.trim_end_matches(' ');
    let escapes = bare.bytes().rev().take_while(|byte| *byte == b'\\').count();
    // After an odd number of them the first blank is escaped.
    let kept = bare.len().saturating_add(escapes & 1);
    written.get(..kept).unwrap_or(written)
}

fn split(pair: &str) -> Option<(String, String)> {
    let (name, value) = pair.split_once('=')?;
    let name = name.trim_matches(' ');
    crate::filter::is_attribute(name).then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_renamed_entry_stays_where_it_is() {
        for (dn, renamed) in [
            ("uid=ada,ou=people,dc=test", "uid=bob,ou=people,dc=test"),
            ("uid=a\\,b,ou=people", "uid=bob,ou=people"),
            ("uid=a\\\\,ou=people", "uid=bob,ou=people"),
            ("uid=ada", "uid=bob"),
        ] {
            assert_eq!(with_first(dn, "uid=bob"), renamed, "{dn}");
        }
    }

    #[test]
    fn what_is_syntax_is_escaped() {
        assert_eq!(escape("a,ou=admins"), "a\\2Cou\\3Dadmins");
        assert_eq!(escape(" #x "), "\\20#x\\20");
        assert_eq!(escape("#x+y"), "\\23x\\2By");
        assert_eq!(escape("caf\u{e9} \u{1f40b}\0\n"), "caf\u{e9} \u{1f40b}\\00\\0A");
        assert_eq!(escape(" "), "\\20");
    }

    #[test]
    fn the_first_name_gets_another_value() {
        let rdn = Rdn::first("cn=a\\, b+UID=old\\2B,ou=people,dc=x").unwrap();
        assert!(
            rdn.value_of("uid").is_some() && rdn.value_of("CN").is_some() && rdn.value_of("ou").is_none()
        );
        assert_eq!(rdn.with("uid", "new,one"), "cn=a\\, b+UID=new\\2Cone");
        assert_eq!(Rdn::first("uid=\u{a0}x").unwrap().value().unwrap(), "\u{a0}x");
        for (written, value) in
            [("x  ", "x"), ("x\\  ", "x "), ("x\\\\ ", "x\\"), ("  x\\20 ", "x "), ("\\ ", " ")]
        {
            assert_eq!(
                Rdn::first(&format!("uid={written},dc=x")).unwrap().value().unwrap(),
                value,
                "{written}"
            );
        }
        assert_eq!(Rdn::first("no name"), None);
        assert_eq!(Rdn::first("cn=x\\"), None);
    }

    #[test]
    fn all_names_are_read_or_none() {
        let names = names("uid=a\\,b+cn=c, ou=people,dc=x").unwrap();
        let attributes: Vec<Vec<&str>> = names.iter().map(|name| name.attributes().collect()).collect();
        assert_eq!(attributes, [vec!["uid", "cn"], vec!["ou"], vec!["dc"]]);
        for text in ["", "people", "ou=people,", ",dc=x", "ou=people,test", "cn=x\\", "ou=a,,dc=x"] {
            assert_eq!(super::names(text), None, "{text}");
        }
    }

    #[test]
    fn a_naming_context_holds_what_ends_with_it() {
        for dn in ["ou=people,dc=Test", "OU = people , DC=test", "dc=test", "ou=a,ou=b, dc=t\\65st"] {
            assert!(is_below(dn, "dc=test"), "{dn}");
        }
        assert!(is_below("uid=a,sn=b+cn=c,dc=x", "CN=C + sn=b,dc=x"));
        for (dn, above) in [
            ("xdc=test", "dc=test"),
            ("ou=people,dc=test", ""),
            ("dc=test", "ou=people,dc=test"),
            ("ou=a\\,dc=test", "dc=test"),
        ] {
            assert!(!is_below(dn, above), "{dn}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_value_it_is_one_name(value in "\\PC+|[,+=#\\\\\"<>; \u{0}]+") {
            let dn = format!("uid={},ou=people", escape(&value));
            let rdn = Rdn::first(&dn).unwrap();
            prop_assert_eq!(rdn.0.len(), 1);
            prop_assert_eq!(rdn.value(), Some(value));
        }
    }
}
