//! Values become parameters: text as text, always, and flags as 1 and 0.
//!
//! A number for a text would match every row whose text begins with no digit. MySQL reports the types of positions and
//! MariaDB does not, so nothing hangs on them: both convert a text as they convert a literal.

use idstore_contract::Secret;
use idstore_sql::{Parameter, Statement, Value};
use mysql_common::packets::ComStmtExecuteRequestBuilder;
use mysql_common::proto::MySerialize;
use mysql_common::value::Value as Bound;

/// The command that runs a prepared statement with these values; `Err` is the index of one that can't be sent as text.
/// A secret, for passwords are in it.
pub(crate) fn execute(id: u32, statement: &Statement, values: &[Value]) -> Result<Secret, usize> {
    let positions = statement.parameters().iter().map(Some).chain(std::iter::repeat(None));
    let bound: Vec<Bound> = values
        .iter()
        .zip(positions)
        .enumerate()
        .map(|(index, (value, parameter))| bind(value, parameter).ok_or(index))
        .collect::<Result<_, _>>()?;
    Ok(command(id, &bound))
}

/// The command that runs a prepared statement of our own.
pub(crate) fn command(id: u32, bound: &[Bound]) -> Secret {
    let (request, _) = ComStmtExecuteRequestBuilder::new(id).build(bound);
    let mut bytes = Vec::new();
    request.serialize(&mut bytes);
    Secret::new(bytes)
}

fn bind(value: &Value, parameter: Option<&Parameter>) -> Option<Bound> {
    Some(match value {
        Value::Null => Bound::NULL,
        Value::Text(text) => Bound::Bytes(text.as_bytes().to_vec()),
        Value::Flag(flag) => Bound::Int(i64::from(*flag)),
        // LIMIT takes nothing but a number; a key that an earlier statement returned is text like any other.
        Value::Integer(number) if parameter == Some(&Parameter::Limit) => Bound::Int(*number),
        Value::Integer(number) => Bound::Bytes(number.to_string().into_bytes()),
        // Bytes that are no text can't be compared with one.
        Value::Secret(secret) => Bound::Bytes(secret.expose_text()?.as_bytes().to_vec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use idstore_contract::Surroundings;
    use idstore_sql::{Dialect, StatementKey, Statements, StatementsConfig, Texts, Uniqueness};
    use proptest::prelude::*;

    fn statements() -> Statements {
        let mut config = StatementsConfig::default();
        let by_email = "SELECT id AS user_id, email FROM users WHERE email = :identifier";
        let list = "SELECT id AS user_id FROM users WHERE id > :after ORDER BY id LIMIT :limit";
        config.set(StatementKey::GetUser, Texts::One(by_email.into()));
        config.set(StatementKey::List, Texts::One(list.into()));
        config.compile(Dialect::MySql, Uniqueness::Constraint, &Surroundings::default()).unwrap()
    }

    /// The types of the parameters in a command, which stand behind its head, the NULLs and the word that they come.
    fn types(command: &Secret) -> &[u8] {
        command.expose().get(12..).unwrap()
    }

    #[test]
    fn a_number_is_sent_as_text_but_for_a_limit() {
        const TEXT: u8 = 0xfd;
        const NUMBER: u8 = 0x08;
        let statements = statements();
        let list = statements.first(StatementKey::List).unwrap();
        let command = execute(1, list, &[Value::Integer(7), Value::Integer(7)]).unwrap();
        assert_eq!(types(&command).iter().step_by(2).take(2).collect::<Vec<_>>(), [&TEXT, &NUMBER]);
        let lookup = statements.first(StatementKey::GetUser).unwrap();
        let command = execute(1, lookup, &[Value::Text("0".into())]).unwrap();
        assert_eq!(types(&command), [TEXT, 0, 1, b'0']);
    }

    #[test]
    fn bytes_that_are_no_text_are_not_sent() {
        let statements = statements();
        let lookup = statements.first(StatementKey::GetUser).unwrap();
        assert_eq!(execute(1, lookup, &[Value::Secret(Secret::new(vec![0xff]))]).err(), Some(0));
    }

    proptest! {
        #[test]
        fn a_text_travels_byte_for_byte(text in "\\PC{0,300}") {
            let statements = statements();
            let lookup = statements.first(StatementKey::GetUser).unwrap();
            let command = execute(1, lookup, &[Value::Text(text.clone())]).unwrap();
            prop_assert!(command.expose().ends_with(text.as_bytes()));
        }
    }
}
