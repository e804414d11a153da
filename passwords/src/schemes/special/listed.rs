//! Oracle's `sys.user$.spare4`: hashes of several releases behind one another, `S:…;H:…;T:…`.

use crate::hash::Parts;
use crate::scheme::{Columns, Format, NotRead, Usual, scheme};
use crate::write::Written;

/// The strongest of them is compared, by the scheme of its own.
pub(super) struct Spare4;

const STRONGEST: [(&str, &str); 2] = [("T:", "oracle12"), ("S:", "oracle11")];

impl Format for Spare4 {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let pieces: Vec<&str> = columns.text.split(';').collect();
        let marked = |piece: &&str| ["S:", "T:", "H:"].iter().any(|mark| piece.starts_with(mark));
        if pieces.len() < 2 || !pieces.iter().filter(|piece| !piece.is_empty()).all(marked) {
            return Err(NotRead::Other);
        }
        let strongest = STRONGEST.iter().find_map(|(mark, name)| {
            let piece = pieces.iter().find(|piece| piece.starts_with(mark))?;
            Some((*piece, scheme(name)?))
        });
        let (text, scheme) = strongest.ok_or(NotRead::Malformed)?;
        scheme.format.read(&Columns { text, ..*columns })
    }

    fn print(&self, _: &Parts) -> Option<Written> {
        None
    }

    fn usual(&self) -> Usual {
        scheme("oracle12")
            .map_or_else(|| Usual::of(None, crate::random::Salt::None, 64), |scheme| scheme.format.usual())
    }
}
