//! UTF-8 to the charsets of older applications. A character that a charset does not have is an answer, not a `?`.

/// The UTF-16 units of UTF-8 text.
pub(super) fn utf16(value: &[u8]) -> Option<impl Iterator<Item = u16>> {
    std::str::from_utf8(value).ok().map(str::encode_utf16)
}

pub(super) fn latin1(value: &[u8]) -> Option<Vec<u8>> {
    std::str::from_utf8(value)
        .ok()?
        .chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}

/// A charset that has ASCII in its lower half and these characters from 128 on.
pub(super) fn single_byte(value: &[u8], upper: &str) -> Option<Vec<u8>> {
    let byte = |character: char| {
        if character.is_ascii() {
            return u8::try_from(character).ok();
        }
        let place = upper.chars().position(|own| own == character)?;
        u8::try_from(place).ok()?.checked_add(128)
    };
    std::str::from_utf8(value).ok()?.chars().map(byte).collect()
}

/// Windows-1252 from 128 on; the five bytes that it leaves out are the control characters that browsers make of them.
pub(super) const CP1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";

/// The IBM PC's code page from 128 on.
pub(super) const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_halves_have_128_characters_each() {
        assert_eq!(CP1252.chars().count(), 128);
        assert_eq!(CP437.chars().count(), 128);
    }

    #[test]
    fn a_character_is_its_byte_or_there_is_none() {
        assert_eq!(latin1("é".as_bytes()), Some(vec![0xe9]));
        assert_eq!(latin1("€".as_bytes()), None);
        assert_eq!(single_byte("€é".as_bytes(), CP1252), Some(vec![0x80, 0xe9]));
        assert_eq!(single_byte("é".as_bytes(), CP437), Some(vec![0x82]));
        assert_eq!(single_byte("密".as_bytes(), CP437), None);
    }
}
