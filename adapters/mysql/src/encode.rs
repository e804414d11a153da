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
