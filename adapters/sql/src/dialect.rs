//! [`Dialect`]: what of SQL's spelling differs between the servers, as far as reading a statement's text needs it.

/// A server's spelling of placeholders, quotes and comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `$1`, `E'…'`, `$tag$…$tag$`, nested comments.
    Postgres,
    /// `?1`, `[…]` as an identifier.
    Sqlite,
    /// `?`, backslashes in strings, `#` comments.
    MySql,
}

impl Dialect {
    /// The placeholder of a bind position; the first position is 1.
    pub fn placeholder(self, position: usize) -> String {
        match self {
            Self::Postgres => format!("${position}"),
            Self::Sqlite => format!("?{position}"),
            Self::MySql => "?".to_owned(),
        }
    }

    /// The placeholder of a password that the server is to compare: byte for byte, whatever the collation of the
    /// column. MySQL's collations take letters of other case, with other accents and before blanks for the same.
    pub(crate) fn compared(self, position: usize) -> String {
        match self {
            Self::Postgres | Self::Sqlite => self.placeholder(position),
            Self::MySql => format!("CAST({} AS BINARY)", self.placeholder(position)),
        }
    }
}
