//! Which known word a mistyped one was meant to be.

/// The known word nearest to `word`, if one is near enough to be offered.
///
/// Near enough is one edit (a letter too much, too few, another one, or two exchanged) for every three letters.
/// Equally near words: the one that is first in the alphabet, so that a report is always the same.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(word);
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&folded, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| {
            let letters = candidate.chars().count().max(word.chars().count());
            *distance <= letters.div_ceil(3) && *distance < letters
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// What is said of it: `; did you mean …?`, or nothing.
pub(super) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
}

/// Case and the choice between `-`, `_` and nothing are the commonest mistakes, and no distance at all.
fn fold(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_its_key() {
        let known = ["host", "port", "database", "user", "pool_max", "search_path"];
        for (typed, meant) in
            [("prot", "port"), ("databse", "database"), ("poolMax", "pool_max"), ("PORT", "port")]
        {
            assert_eq!(nearest(typed, known), Some(meant), "{typed}");
        }
    }

    #[test]
    fn a_word_that_resembles_nothing_is_offered_nothing() {
        assert_eq!(nearest("colour", ["host", "port"]), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
