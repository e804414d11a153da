//! BER, as much of it as LDAP uses (RFC 4511, section 5.1): definite lengths, tags of one byte.
//!
//! The reader takes one element after the other from a slice that is there already, and goes into an element only where
//! the caller asks it to: how deep an answer is nested costs nothing, and no length that a header claims is believed
//! before its bytes are there. It must not learn what the elements mean.

use zeroize::Zeroizing;

/// Universal tags, and those that LDAP's own types begin with.
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The tag `[number]` of a type's own context, for an element without parts.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// The same for an element with parts.
pub(crate) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// The bytes are no BER, or not what LDAP has at that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// How much of the front of some bytes is one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// More bytes are needed to tell.
    Short,
    /// The element has this tag, its content begins there, and the whole has so many bytes.
    Element { tag: u8, content: usize, total: usize },
}

/// Looks at the header in front. Bytes of the content need not be there.
pub(crate) fn front(bytes: &[u8]) -> Result<Front, Malformed> {
    let (Some(tag), Some(first)) = (bytes.first(), bytes.get(1)) else { return Ok(Front::Short) };
    if tag & 0x1f == 0x1f {
        return Err(Malformed);
    }
    let (content, length) = match *first {
        short @ 0..0x80 => (2, usize::from(short)),
        // An indefinite length, or one of more than 4 GiB.
        0x80 | 0x85.. => return Err(Malformed),
        long => {
            let content = usize::from(long & 0x7f).saturating_add(2);
            let Some(digits) = bytes.get(2..content) else { return Ok(Front::Short) };
            let length =
                digits.iter().fold(0_usize, |length, digit| length.wrapping_shl(8) | usize::from(*digit));
            (content, length)
        }
    };
    let total = content.checked_add(length).ok_or(Malformed)?;
    Ok(Front::Element { tag: *tag, content, total })
}

/// Takes elements from the front of some bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element: its tag and its content.
    pub(crate) fn next(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let Front::Element { tag, content, total } = front(self.0)? else { return Err(Malformed) };
        let (element, rest) = self.0.split_at_checked(total).ok_or(Malformed)?;
        self.0 = rest;
        Ok((tag, element.get(content..).ok_or(Malformed)?))
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn expect(&mut self, wanted: u8) -> Result<&'a [u8], Malformed> {
        let (tag, content) = self.next()?;
        if tag == wanted { Ok(content) } else { Err(Malformed) }
    }

    /// The content of the next element, if it has this tag; nothing is taken otherwise.
    pub(crate) fn take(&mut self, wanted: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.0.first() == Some(&wanted) { self.expect(wanted).map(Some) } else { Ok(None) }
    }

    /// A number with this tag.
    pub(crate) fn number(&mut self, tag: u8) -> Result<i64, Malformed> {
        number(self.expect(tag)?)
    }
}

/// The number that a content of one to eight bytes is.
pub(crate) fn number(content: &[u8]) -> Result<i64, Malformed> {
    let first = content.first().ok_or(Malformed)?;
    if content.len() > 8 {
        return Err(Malformed);
    }
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    Ok(content.iter().fold(sign, |number: i64, byte| number.wrapping_shl(8) | i64::from(*byte)))
}

/// Writes elements. What it holds is wiped when it is dropped, for it may be a password.
#[derive(Clone, Default)]
pub(crate) struct Writer(Zeroizing<Vec<u8>>);

/// A length in five bytes. Every server takes it (Active Directory answers with it), and it can be filled in when the
/// content is there.
const LONG_LENGTH: [u8; 5] = [0x84, 0, 0, 0, 0];

impl Writer {
    /// With room for a usual request, so that a password is not left behind in a smaller buffer.
    pub(crate) fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(2048)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// An element with parts, which `fill` writes.
    pub(crate) fn within(&mut self, tag: u8, fill: impl FnOnce(&mut Self)) {
        self.0.push(tag);
        let at = self.0.len();
        self.0.extend(LONG_LENGTH);
        let begin = self.0.len();
        fill(self);
        let length = u32::try_from(self.0.len().saturating_sub(begin)).unwrap_or(u32::MAX);
        if let Some(place) = self.0.get_mut(at.saturating_add(1)..begin) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }

    /// An element without parts.
    pub(crate) fn octets(&mut self, tag: u8, content: &[u8]) {
        self.0.push(tag);
        if let Ok(short @ 0..0x80) = u8::try_from(content.len()) {
            self.0.push(short);
        } else {
            self.0.push(0x84);
            let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
            self.0.extend(length.to_be_bytes());
        }
        self.0.extend_from_slice(content);
    }

    /// A number, in as few bytes as it has.
    pub(crate) fn number(&mut self, tag: u8, number: i64) {
        let bytes = number.to_be_bytes();
        let mut shortest = bytes.as_slice();
        while let [first, rest @ ..] = shortest
            && let Some(second) = rest.first()
            && ((*first == 0 && second & 0x80 == 0) || (*first == 0xff && second & 0x80 != 0))
        {
            shortest = rest;
        }
        self.octets(tag, shortest);
    }

    pub(crate) fn boolean(&mut self, tag: u8, is_so: bool) {
        self.octets(tag, &[if is_so { 0xff } else { 0 }]);
    }

    /// Elements that were written before.
    pub(crate) fn append(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_length_that_is_claimed_is_told_and_not_believed() {
        assert_eq!(
            front(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]),
            Ok(Front::Element { tag: 0x30, content: 6, total: 0x8000_0005 })
        );
        assert_eq!(front(&[0x30, 0x84, 0x7f]), Ok(Front::Short));
        assert_eq!(Reader::new(&[0x04, 0x05, 1, 2]).next(), Err(Malformed));
    }

    #[test]
    fn lengths_without_an_end_and_long_tags_are_malformed() {
        for bytes in [[0x30, 0x80, 0, 0], [0x30, 0xff, 0, 0], [0x1f, 0x81, 0, 0], [0x30, 0x85, 0, 0]] {
            assert_eq!(front(&bytes), Err(Malformed));
        }
    }

    #[test]
    fn ten_thousand_nested_sequences_are_one_element() {
        let mut bytes = Vec::new();
        for depth in 0..10_000_u32 {
            let mut outer = vec![0x30, 0x84];
            outer.extend((6 * depth).to_be_bytes());
            outer.append(&mut bytes);
            bytes = outer;
        }
        let mut reader = Reader::new(&bytes);
        assert!(reader.next().is_ok());
        assert!(reader.is_empty());
    }

    proptest! {
        #[test]
        fn a_number_is_read_as_it_was_written(number: i64) {
            let mut writer = Writer::new();
            writer.number(INTEGER, number);
            prop_assert_eq!(Reader::new(writer.bytes()).number(INTEGER), Ok(number));
        }

        #[test]
        fn elements_are_read_as_they_were_written(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..8),
        ) {
            let mut writer = Writer::new();
            writer.within(SEQUENCE, |writer| {
                for part in &parts {
                    writer.octets(OCTETS, part);
                }
            });
            let mut outer = Reader::new(writer.bytes());
            let mut inner = Reader::new(outer.expect(SEQUENCE).unwrap());
            for part in &parts {
                prop_assert_eq!(inner.expect(OCTETS).unwrap(), part.as_slice());
            }
            prop_assert!(inner.is_empty() && outer.is_empty());
        }

        #[test]
        fn whatever_the_bytes_reading_ends(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(&bytes);
            let elements = std::iter::from_fn(|| reader.next().ok()).count();
            prop_assert!(elements <= bytes.len());
        }
    }
}
