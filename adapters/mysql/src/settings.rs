//! What is set on each session, whatever the server's own defaults are, and the look at what came of it.

use crate::error::Failure;
use idstore_contract::Error;
use idstore_sql::Fate;
use mysql_common::value::Value;
use std::time::Duration;

/// A value that does not fit is an error and is never cut; quotes and backslashes mean what the statements were read
/// with, so neither `ANSI_QUOTES` nor `NO_BACKSLASH_ESCAPES`.
const SQL_MODE: &str = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// The statement that sets everything. No statement runs longer than the ceiling, waiting for locks included: what a
/// caller left behind must not fill the server. The limit of a statement has another name on each server, in comments
/// that the other one skips; MySQL's knows reading statements alone.
pub(crate) fn set(ceiling: Duration) -> String {
    let millis = ceiling.as_millis().max(1);
    let seconds = ceiling.as_secs().saturating_add(u64::from(ceiling.subsec_nanos() > 0)).max(1);
    let (whole, rest) = (ceiling.as_secs(), ceiling.subsec_millis());
    format!(
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin, sql_mode = '{SQL_MODE}', time_zone = '+00:00', autocommit = 1, \
         innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds} \
         /*M!100100 , max_statement_time = {whole}.{rest:03} */ /*!80000 , max_execution_time = {millis} */"
    )
}

/// The statement that sets how transactions see each other: never what another one may still undo, and each statement
/// what is there now. In REPEATABLE READ an UPDATE that finds the row as it should be, because somebody else has just
/// made it so, leaves the transaction with the row as it was before. A server that logs statements and not rows refuses
/// to write in READ COMMITTED. The names differ between the servers.
pub(crate) const ISOLATE: &str = "SET SESSION /*M!100100 tx_read_only = 0, tx_isolation */ \
     /*!80000 transaction_read_only = 0, transaction_isolation */ = \
     IF(@@global.log_bin AND @@session.binlog_format = 'STATEMENT', 'REPEATABLE-READ', 'READ-COMMITTED')";

/// Asks for what [`compare`] looks at. The isolation has another name on each server.
pub(crate) const SHOW: &str = "SELECT @@session.sql_mode, @@session.time_zone, @@session.autocommit, \
                               @@session.character_set_client, @@session.character_set_results, \
                               @@session.collation_connection, \
                               /*M!100100 @@session.tx_isolation */ /*!80000 @@session.transaction_isolation */, \
                               @@global.server_id, @@global.hostname";

/// Asks which server it is, as [`SHOW`] does in the end.
pub(crate) const WHICH: &str = "SELECT @@global.server_id, @@global.hostname";

/// Which server it is: replicas of one source have each a number of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Which(Vec<String>);

/// From the answer to [`WHICH`].
pub(crate) fn which(rows: &[Vec<Value>]) -> Which {
    Which(rows.iter().flatten().map(text).collect())
}

/// Whether the session is as it was set: something on the way may have swallowed it. Then the server that it is on.
pub(crate) fn compare(rows: &[Vec<Value>]) -> Result<Which, Failure> {
    let texts: Vec<String> = rows.iter().flatten().map(text).collect();
    let is_set = match texts.as_slice() {
        [mode, zone, autocommit, client, results, collation, isolation, _, _] => {
            let has = |word: &str| mode.split(',').any(|set| set == word);
            has("STRICT_ALL_TABLES")
                && !["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "PIPES_AS_CONCAT"].into_iter().any(has)
                && [zone, autocommit, client, results, collation]
                    == ["+00:00", "1", "utf8mb4", "utf8mb4", "utf8mb4_bin"]
                && ["READ-COMMITTED", "REPEATABLE-READ"].contains(&isolation.as_str())
        }
        _ => false,
    };
    if is_set {
        return Ok(Which(texts.into_iter().skip(7).collect()));
    }
    let error = Error::misconfigured(
        "the settings of a session do not last: nothing may stand between that forgets them",
    );
    Err(Failure { error, fate: Fate::Lost, is_unfit: false })
}

fn text(value: &Value) -> String {
    match value {
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(mode: &str, zone: &str) -> Vec<Vec<Value>> {
        let text = |text: &str| Value::Bytes(text.as_bytes().to_vec());
        vec![vec![
            text(mode),
            text(zone),
            Value::Int(1),
            text("utf8mb4"),
            text("utf8mb4"),
            text("utf8mb4_bin"),
            text("READ-COMMITTED"),
            Value::UInt(7),
            text("db1"),
        ]]
    }

    #[test]
    fn a_setting_that_did_not_last_is_noticed() {
        let seven = which(&[vec![Value::UInt(7), Value::Bytes(b"db1".to_vec())]]);
        assert_eq!(compare(&row(SQL_MODE, "+00:00")).ok(), Some(seven));
        assert!(compare(&row("", "+00:00")).is_err());
        assert!(compare(&row("ANSI_QUOTES,STRICT_ALL_TABLES", "+00:00")).is_err());
        assert!(compare(&row(SQL_MODE, "SYSTEM")).is_err());
        assert!(compare(&[]).is_err());
    }

    #[test]
    fn a_limit_of_less_than_a_second_is_no_limit_of_zero() {
        let set = set(Duration::from_millis(250));
        assert!(
            set.contains("max_statement_time = 0.250 ") && set.contains("max_execution_time = 250 "),
            "{set}"
        );
        assert!(set.contains("innodb_lock_wait_timeout = 1,"), "{set}");
    }
}
