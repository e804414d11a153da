//! What the server answers: which kind of packet it is, columns, and rows.
//!
//! Format: MySQL client/server protocol, "Text Protocol" and "Prepared Statements", without `CLIENT_DEPRECATE_EOF`. All
//! bytes are the server's word: every count is compared with a limit before memory is reserved, and what does not
//! parse ends the session.

use crate::error::{Failure, Refusal, nonsense};
use idstore_contract::Error;
use mysql_common::constants::{ColumnType, StatusFlags};
use mysql_common::io::ParseBuf;
use mysql_common::packets::Column;
use mysql_common::proto::Binary;
use mysql_common::row::RowDeserializer;
use mysql_common::value::{ServerSide, Value};
use std::sync::Arc;

/// The most columns of a statement: accounts have thirty, and metadata a column each.
pub(crate) const COLUMNS_MAX: usize = 1_000;
/// The most bytes of one of the server's own messages that are looked at.
const MESSAGE_BYTES_MAX: usize = 512;

/// What a packet is, by its first byte.
#[derive(Debug)]
pub(crate) enum Head {
    /// It is done; no rows.
    Done(Done),
    /// It is refused.
    Refusal(Refusal),
    /// A list of columns or rows ends.
    End(StatusFlags),
    /// Something else, with its first byte.
    Other(u8),
}

/// The end of a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    /// How many rows it touched.
    pub(crate) affected: u64,
    pub(crate) status: StatusFlags,
    /// How many warnings there are.
    pub(crate) warnings: u16,
}

/// What a packet is.
pub(crate) fn head(payload: &[u8]) -> Result<Head, Failure> {
    let parsed = match payload {
        [] => None,
        [0x00, rest @ ..] => done(ParseBuf(rest)).map(Head::Done),
        [0xff, rest @ ..] => refusal(ParseBuf(rest)).map(Head::Refusal),
        [0xfe] => Some(Head::End(StatusFlags::empty())),
        [0xfe, _, _, low, high] => Some(Head::End(status(u16::from_le_bytes([*low, *high])))),
        [first, ..] => Some(Head::Other(*first)),
    };
    parsed.ok_or_else(nonsense)
}

/// The words of the server's status that are looked at; others come and go with its versions.
fn status(bits: u16) -> StatusFlags {
    StatusFlags::from_bits_truncate(bits)
}

fn done(mut rest: ParseBuf<'_>) -> Option<Done> {
    let affected = rest.checked_eat_lenenc_int()?;
    let _last_insert_id = rest.checked_eat_lenenc_int()?;
    let status = status(rest.checked_eat_u16_le()?);
    let warnings = rest.checked_eat_u16_le()?;
    Some(Done { affected, status, warnings })
}

/// Before the login the SQLSTATE may be missing.
fn refusal(mut rest: ParseBuf<'_>) -> Option<Refusal> {
    let number = rest.checked_eat_u16_le()?;
    let (sqlstate, message) = match rest.0 {
        [b'#', state @ ..] => state.split_at_checked(5)?,
        message => (&[][..], message),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let message = message.get(..MESSAGE_BYTES_MAX).unwrap_or(message);
    Some(Refusal { number, sqlstate: text(sqlstate), message: text(message) })
}

/// What the server says of a statement that it prepared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prepared {
    /// Its number on the session.
    pub(crate) id: u32,
    pub(crate) columns: usize,
    pub(crate) parameters: usize,
}

/// `COM_STMT_PREPARE_OK`.
pub(crate) fn prepared(payload: &[u8]) -> Result<Prepared, Failure> {
    let parse = |mut rest: ParseBuf<'_>| {
        (rest.checked_eat_u8()? == 0).then_some(())?;
        let id = rest.checked_eat_u32_le()?;
        let columns = usize::from(rest.checked_eat_u16_le()?);
        let parameters = usize::from(rest.checked_eat_u16_le()?);
        (columns <= COLUMNS_MAX).then_some(Prepared { id, columns, parameters })
    };
    parse(ParseBuf(payload)).ok_or_else(nonsense)
}

/// How many columns a result has.
pub(crate) fn column_count(payload: &[u8]) -> Result<usize, Failure> {
    let mut rest = ParseBuf(payload);
    let count = rest.checked_eat_lenenc_int().and_then(|count| usize::try_from(count).ok());
    count.filter(|count| (1..=COLUMNS_MAX).contains(count) && rest.is_empty()).ok_or_else(nonsense)
}

/// A column.
pub(crate) fn column(payload: &[u8]) -> Result<Column, Failure> {
    ParseBuf(payload).parse::<Column>(()).map_err(|_| nonsense())
}

/// The values of a row in the binary protocol, one for each column.
pub(crate) fn row(payload: &[u8], columns: &Arc<[Column]>) -> Result<Vec<Value>, Failure> {
    if let Some(column) = columns.iter().find(|column| !has_values(column.column_type())) {
        let error = Error::misconfigured("a column has a type that is not read here");
        return Err(error.with("column", column.name_str().into_owned()).into());
    }
    let mut rest = ParseBuf(payload);
    let row = rest.parse::<RowDeserializer<ServerSide, Binary>>(columns.clone()).map_err(|_| nonsense())?;
    let values: Vec<Value> = row.into_inner().unwrap_raw().into_iter().flatten().collect();
    if rest.is_empty() && values.len() == columns.len() { Ok(values) } else { Err(nonsense()) }
}

/// Whether a result can hold values of that type: the others live inside the server alone, and the driver has no
/// reading of them.
pub(crate) fn has_values(kind: ColumnType) -> bool {
    !matches!(
        kind,
        ColumnType::MYSQL_TYPE_TIMESTAMP2
            | ColumnType::MYSQL_TYPE_DATETIME2
            | ColumnType::MYSQL_TYPE_TIME2
            | ColumnType::MYSQL_TYPE_TYPED_ARRAY
            | ColumnType::MYSQL_TYPE_UNKNOWN
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use mysql_common::constants::ColumnFlags;
    use proptest::prelude::*;

    #[test]
    fn a_count_beyond_the_limit_is_refused_before_memory_is_reserved() {
        assert!(column_count(&[0xfc, 0xff, 0xff]).is_err());
        assert!(column_count(&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
        assert!(column_count(&[0]).is_err());
        assert_eq!(column_count(&[3]).unwrap(), 3);
        assert!(prepared(&[0, 1, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0]).is_err());
    }

    #[test]
    fn a_refusal_before_the_login_has_no_sqlstate() {
        let Head::Refusal(early) = head(b"\xff\x10\x04Too many connections").unwrap() else {
            panic!("no refusal")
        };
        assert_eq!((early.number, early.sqlstate.as_str()), (1040, ""));
        let Head::Refusal(late) = head(b"\xff\x15\x04#28000Access denied").unwrap() else {
            panic!("no refusal")
        };
        assert_eq!(
            (late.number, late.sqlstate.as_str(), late.message.as_str()),
            (1045, "28000", "Access denied")
        );
    }

    fn types() -> impl Strategy<Value = ColumnType> {
        any::<u8>().prop_filter_map("no type", |byte| ColumnType::try_from(byte).ok())
    }

    proptest! {
        #[test]
        fn no_packet_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..96)) {
            drop((head(&bytes), prepared(&bytes), column_count(&bytes)));
            column(&bytes).ok();
            column(&[b"\x03def".as_slice(), &bytes].concat()).ok();
        }

        #[test]
        fn no_row_makes_it_panic(
            kinds in proptest::collection::vec((types(), any::<bool>()), 1..6),
            bytes in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let flags = |unsigned| if unsigned { ColumnFlags::UNSIGNED_FLAG } else { ColumnFlags::empty() };
            let columns: Arc<[Column]> =
                kinds.into_iter().map(|(kind, unsigned)| Column::new(kind).with_flags(flags(unsigned))).collect();
            row(&bytes, &columns).ok();
            row(&[[0, 0].as_slice(), &bytes].concat(), &columns).ok();
        }
    }
}
