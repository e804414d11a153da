//! What keeps a `check` exact: the server compares the password itself, so nothing in the statement may make it a pattern,
//! or take the collation away with which it is compared.

use crate::Dialect;

/// Operators that compare with a pattern, or with less than the whole.
const PATTERNS: [&str; 8] = ["like", "ilike", "rlike", "regexp", "glob", "similar", "sounds", "match"];

/// Functions that do.
const PATTERN_FUNCTIONS: [&str; 16] = [
    "regexp_like",
    "regexp_instr",
    "regexp_substr",
    "regexp_replace",
    "regexp_count",
    "regexp_match",
    "regexp_matches",
    "instr",
    "locate",
    "position",
    "strpos",
    "starts_with",
    "find_in_set",
    "soundex",
    "similarity",
    "levenshtein",
];

/// Functions of MySQL whose result has the connection's collation, and no longer the one that was asked for.
const FOLDING: [&str; 4] = ["json_quote", "json_unquote", "json_extract", "json_value"];

/// Functions after which two texts are the same only where every bit was.
const DIGESTS: [&str; 12] = [
    "md5", "sha", "sha1", "sha2", "sha224", "sha256", "sha384", "sha512", "crypt", "encrypt", "digest",
    "hmac",
];

/// Whether a word of a `check` compares with a pattern.
pub(super) fn is_pattern(word: &str) -> bool {
    PATTERNS.contains(&word)
}

/// What is wrong with a CAST or CONVERT of the password on MySQL, unless it is to BINARY.
pub(super) const CONVERTED: &str = "what :password is converted to no longer compares exactly; convert it AS BINARY, \
                                    convert the column instead, or put both inside the digest";

/// What makes less of the password than it is.
pub(super) enum Folded {
    /// A function, and what it does.
    By(String, &'static str),
    /// A CAST or CONVERT so many parentheses out.
    Converted(usize),
}

/// What the functions around the password make of it, the innermost first; `None` where it stays what it is.
pub(super) fn folded_by(dialect: Dialect, functions: impl Iterator<Item = String>) -> Option<Folded> {
    let mut found = None;
    for (depth, function) in functions.enumerate() {
        let name = function.as_str();
        if PATTERN_FUNCTIONS.contains(&name) {
            return Some(Folded::By(function, "looks for a part of a text; write ="));
        }
        if DIGESTS.contains(&name) {
            return None;
        }
        if dialect == Dialect::MySql && found.is_none() {
            if matches!(name, "cast" | "convert") {
                found = Some(Folded::Converted(depth));
            } else if FOLDING.contains(&name) {
                found = Some(Folded::By(
                    function,
                    "takes the collation away that compares exactly; leave it out",
                ));
            }
        }
    }
    found
}
