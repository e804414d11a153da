//! Stub.
use serde::Deserialize;
/// The value of a preset's option.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged)]
pub enum OptionValue {
    /// `true` or `false`.
    Flag(bool),
    /// A text.
    Text(String),
}
