//! Dovecot's crypt(3) strings with an encoding of their own around them: `{SHA512-CRYPT.B64}`, `{CRYPT.HEX}`.

use crate::encoding::{Base64, hex_decode};
use crate::hash::Parts;
use crate::scheme::{Columns, Format, NotRead, Usual};
use crate::schemes::own;
use crate::write::Written;

/// The scheme's name in the braces, and the format of the string within.
pub(super) struct Armoured {
    pub(super) name: &'static str,
    pub(super) own: &'static str,
}

impl Format for Armoured {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let (mark, rest) = columns.text.split_once('}').ok_or(NotRead::Other)?;
        let (name, encoding) =
            mark.strip_prefix('{').and_then(|mark| mark.rsplit_once('.')).ok_or(NotRead::Other)?;
        if !name.eq_ignore_ascii_case(self.name) {
            return Err(NotRead::Other);
        }
        let text = match encoding.to_ascii_uppercase().as_str() {
            "B64" | "BASE64" => Base64::Padded.decode(rest),
            "HEX" => hex_decode(rest),
            _ => None,
        };
        let text = text.ok_or(NotRead::Malformed)?;
        let own = own(self.own).ok_or(NotRead::Malformed)?;
        own.read(text.expose_text().ok_or(NotRead::Malformed)?).map_err(|_| NotRead::Malformed)
    }

    fn print(&self, _: &Parts) -> Option<Written> {
        None
    }

    fn usual(&self) -> Usual {
        own(self.own).map_or_else(
            || Usual::of(None, crate::random::Salt::None, 64),
            crate::schemes::own::Own::plain_usual,
        )
    }
}
