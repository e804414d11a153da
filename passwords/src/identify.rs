//! [`identify`]: which schemes a pasted value may be of.

use crate::scheme::{Columns, NotRead, Scheme};
use crate::schemes::all;
use crate::stored::is_disabled;

/// The names of all schemes that may have written this text: the one that it names, or all that have values of this
/// length. Empty for markers, clear text and what no scheme writes.
pub fn identify(text: &str) -> Vec<&'static str> {
    if is_disabled(text) {
        return Vec::new();
    }
    // A pasted value comes without its salt column; any salt shows whether the text itself fits.
    let columns = Columns { text, salt: Some(b"") };
    let possible =
        |scheme: &&Scheme| matches!(scheme.format.read(&columns), Ok(_) | Err(NotRead::TooCostly(_)));
    all().filter(possible).map(|scheme| scheme.name).collect()
}
