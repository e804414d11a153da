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

    /// The placeholder of a password that the server is to compare: exactly, whatever the collation of the column.
    /// Most of MySQL's take letters of other case, with other accents and before blanks for the same. An explicit
    /// collation outdoes a column's, and does not go together with another explicit one, which would fold again. It
    /// has another name on MySQL and on MariaDB, each in a comment that only that server reads.
    pub(crate) fn compared(self, position: usize) -> String {
        match self {
            Self::Postgres | Self::Sqlite => self.placeholder(position),
            Self::MySql => {
                "(? COLLATE /*M!100300 utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */)".to_owned()
            }
        }
    }
}
