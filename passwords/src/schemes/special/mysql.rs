//! MySQL's `caching_sha2_password` as hashcat writes it: `$mysql$A$005*salt*digest`, both in hex.

use crate::encoding::{hex_decode, hex_encode};
use crate::hash::Parts;
use crate::kdf::Kdf;
use crate::random::Salt;
use crate::scheme::{Columns, Format, NotRead, Usual};
use crate::schemes::own;
use crate::write::Written;
use idstore_secret::Secret;

pub(super) struct Hashcat;

impl Format for Hashcat {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest = columns.text.strip_prefix("$mysql$A$").ok_or(NotRead::Other)?;
        let read = || {
            let [rounds, salt, digest] = crate::encoding::fields(rest, '*')?;
            let (salt, digest) = (hex_decode(salt).filter(|salt| salt.len() == 20)?, hex_decode(digest)?);
            // The salt may be no text, and the format's own reader takes none of its bytes in.
            let text = format!("$A${rounds}$....................{}", digest.expose_text()?);
            let parts = own("mysql_sha2")?.read(&text).ok()?;
            Some(Parts { salt, ..parts })
        };
        read().ok_or(NotRead::Malformed)
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let plain = Parts { salt: Secret::from(".".repeat(20)), ..parts.clone() };
        let text = own("mysql_sha2")?.print(&plain, None)?;
        let [_, _, rounds, rest] = crate::encoding::fields(&text, '$')?;
        let (salt, digest) = (hex_encode(parts.salt.expose()), hex_encode(rest.get(20..)?.as_bytes()));
        let text = format!("{rounds}*{salt}*{digest}").to_ascii_uppercase();
        Some(Written::text(format!("$mysql$A${text}")))
    }

    fn usual(&self) -> Usual {
        own("mysql_sha2")
            .map_or_else(|| Usual::of(Some(Kdf::None), Salt::None, 32), crate::schemes::own::Own::plain_usual)
    }
}
