//! The syntax of `user_id`: an immutable key of the directory as stable text, and back into what a search compares.

use crate::filter::Filter;

/// How the attribute of `user_id` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdSyntax {
    /// 16 bytes in Microsoft's order (objectGUID, eDirectory's GUID).
    Guid,
    /// A UUID as text (entryUUID, ipaUniqueID where it is one).
    Uuid,
    /// Text as it is (nsUniqueId, ipaUniqueID, uidNumber).
    Text,
}

impl IdSyntax {
    /// By the attribute's name.
    pub(crate) fn of(attribute: &str) -> Self {
        match attribute.to_ascii_lowercase().as_str() {
            "objectguid" | "guid" => Self::Guid,
            "entryuuid" => Self::Uuid,
            _ => Self::Text,
        }
    }

    /// A value as text; `None` where it is none of this syntax.
    pub(crate) fn text(self, value: &[u8]) -> Option<String> {
        match self {
            Self::Guid => guid(value),
            Self::Uuid | Self::Text => {
                std::str::from_utf8(value).ok().filter(|text| !text.is_empty()).map(str::to_owned)
            }
        }
    }

    /// The filter that finds a key; `None` where the text is no key, so that nobody has it.
    pub(crate) fn filter(self, attribute: &str, text: &str) -> Option<Filter> {
        let value = match self {
            Self::Guid => swapped(uuid(text)?).to_vec(),
            Self::Uuid => {
                uuid(text)?;
                text.as_bytes().to_vec()
            }
            Self::Text => text.as_bytes().to_vec(),
        };
        Some(Filter::Is { attribute: attribute.to_owned(), value })
    }
}

/// 16 bytes in Microsoft's order as a UUID: the first three groups stand the other way round.
pub(crate) fn guid(value: &[u8]) -> Option<String> {
    let bytes = swapped(value.try_into().ok()?);
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.extend(
            [byte >> 4, byte & 0xf].into_iter().filter_map(|digit| char::from_digit(digit.into(), 16)),
        );
    }
    Some(text)
}

/// A security identifier as text, `S-1-5-21-…` (MS-DTYP 2.4.2).
pub(crate) fn sid(value: &[u8]) -> Option<String> {
    let (revision, rest) = value.split_first()?;
    let (count, rest) = rest.split_first()?;
    let (authority, parts) = rest.split_at_checked(6)?;
    if parts.len() != usize::from(*count).checked_mul(4)? {
        return None;
    }
    let authority = authority.iter().fold(0_u64, |number, byte| number.wrapping_shl(8) | u64::from(*byte));
    let mut words = vec![format!("S-{revision}-{authority}")];
    for part in parts.chunks_exact(4) {
        words.push(u32::from_le_bytes(part.try_into().ok()?).to_string());
    }
    Some(words.join("-"))
}

fn swapped(bytes: [u8; 16]) -> [u8; 16] {
    let mut swapped = bytes;
    for (from, to) in [(0, 4), (4, 6), (6, 8)] {
        if let Some(group) = swapped.get_mut(from..to) {
            group.reverse();
        }
    }
    swapped
}

/// The bytes of a UUID with its four hyphens.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<&str> = text.split('-').collect();
    if groups.iter().map(|group| group.len()).ne([8, 4, 4, 4, 12]) {
        return None;
    }
    let digits: Option<Vec<u8>> = groups
        .concat()
        .chars()
        .map(|char| char.to_digit(16).and_then(|digit| digit.try_into().ok()))
        .collect();
    let digits = digits?;
    let bytes: Option<Vec<u8>> = digits
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(high.wrapping_shl(4) | low),
            _ => None,
        })
        .collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_guid_is_written_as_microsoft_does() {
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(guid(&bytes).unwrap(), "03020100-0504-0706-0809-0a0b0c0d0e0f");
        assert_eq!(guid(&bytes[..15]), None);
    }

    #[test]
    fn what_is_no_key_finds_nobody() {
        for text in ["*", "", "1", "00000000-0000-0000-0000-00000000000g", "00000000000000000000000000000000"]
        {
            assert_eq!(IdSyntax::Uuid.filter("entryUUID", text), None, "{text}");
            assert_eq!(IdSyntax::Guid.filter("objectGUID", text), None, "{text}");
        }
    }

    #[test]
    fn a_sid_is_read() {
        let bytes = [1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 2, 0, 0];
        assert_eq!(sid(&bytes).unwrap(), "S-1-5-21-513");
        assert_eq!(sid(&bytes[..12]), None);
    }

    proptest! {
        #[test]
        fn a_guid_is_searched_as_the_bytes_that_it_was(bytes: [u8; 16]) {
            let text = guid(&bytes).unwrap();
            let filter = IdSyntax::Guid.filter("objectGUID", &text).unwrap();
            prop_assert_eq!(filter, Filter::Is { attribute: "objectGUID".into(), value: bytes.to_vec() });
        }
    }
}
