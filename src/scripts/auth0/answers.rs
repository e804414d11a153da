//! The table of what each script does with each refusal, `answers.toml`, read into types: one truth for the scripts,
//! which get its words, and for the trial, which says what Auth0 would have seen.

use super::messages::Messages;
use crate::config::Action;
use std::collections::BTreeMap;
use std::fmt;

/// The table as it is kept.
const TABLE: &str = include_str!("answers.toml");

/// What a script does with a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Wrong credentials, and no text.
    Wrong,
    /// The text is shown to whoever signs in.
    Show(String),
    /// A `ValidationError` of that code, with the text.
    Reject(String, String),
    /// A `ValidationError` that says what is taken.
    Exists,
    /// There is no such user.
    Nobody,
    /// Nothing was changed.
    Unchanged,
    /// An error, after one more attempt.
    Again,
    /// An error, unless a look shows that it was done.
    Look,
    /// Sent once more, then an error.
    Repeat,
    /// An error, with a text of its own or the usual one.
    Error(Option<String>),
}

/// For each code of the daemon, what each action's script does with it.
#[derive(Debug)]
pub struct Answers(BTreeMap<String, BTreeMap<Action, Verdict>>);

impl Answers {
    /// Reads the table. The error is a sentence; only a table that was edited wrongly has one.
    pub fn read() -> Result<Self, String> {
        let rows: BTreeMap<String, BTreeMap<String, String>> =
            toml::from_str(TABLE).map_err(|error| format!("answers.toml: {error}"))?;
        let mut answers = BTreeMap::new();
        for (code, cells) in rows {
            answers.insert(code.clone(), row(cells).map_err(|why| format!("answers.toml: {code}: {why}"))?);
        }
        Ok(Self(answers))
    }

    /// The codes that have a row.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What the script of this action does with a code; `None` for a code that is not the daemon's.
    pub fn verdict(&self, action: Action, code: &str) -> Option<&Verdict> {
        self.0.get(code)?.get(&action)
    }

    /// The words of one script: code and verdict, without those that are plain errors, which is what a script does
    /// with a code that it does not know.
    pub fn words(&self, action: Action) -> BTreeMap<&str, String> {
        let plain = Verdict::Error(None);
        self.0
            .iter()
            .filter_map(|(code, cells)| Some((code.as_str(), cells.get(&action)?)))
            .filter(|(_, verdict)| **verdict != plain)
            .map(|(code, verdict)| (code, verdict.to_string()))
            .collect()
    }
}

fn row(mut cells: BTreeMap<String, String>) -> Result<BTreeMap<Action, Verdict>, String> {
    let others = parse(&cells.remove("others").ok_or("it has no `others`")?)?;
    let mut row: BTreeMap<Action, Verdict> =
        Action::OF_PLATFORMS.into_iter().map(|action| (action, others.clone())).collect();
    for (action, words) in cells {
        let action = Action::parse(&action).ok_or_else(|| format!("there is no action {action}"))?;
        row.insert(action, parse(&words)?);
    }
    Ok(row)
}

fn parse(words: &str) -> Result<Verdict, String> {
    let text = |key: &str| {
        let known = ["password", "username"].contains(&key) || Messages::knows(key);
        if known { Ok(key.to_owned()) } else { Err(format!("there is no text {key}")) }
    };
    Ok(match *words.split(' ').collect::<Vec<_>>() {
        ["wrong"] => Verdict::Wrong,
        ["show", key] => Verdict::Show(text(key)?),
        ["reject", code, key] => Verdict::Reject(code.to_owned(), text(key)?),
        ["exists"] => Verdict::Exists,
        ["nobody"] => Verdict::Nobody,
        ["unchanged"] => Verdict::Unchanged,
        ["again"] => Verdict::Again,
        ["look"] => Verdict::Look,
        ["repeat"] => Verdict::Repeat,
        ["error"] => Verdict::Error(None),
        ["error", key] => Verdict::Error(Some(text(key)?)),
        _ => return Err(format!("`{words}` is no verdict")),
    })
}

/// As it stands in the table and in the scripts.
impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong => out.write_str("wrong"),
            Self::Show(key) => write!(out, "show {key}"),
            Self::Reject(code, key) => write!(out, "reject {code} {key}"),
            Self::Exists => out.write_str("exists"),
            Self::Nobody => out.write_str("nobody"),
            Self::Unchanged => out.write_str("unchanged"),
            Self::Again => out.write_str("again"),
            Self::Look => out.write_str("look"),
            Self::Repeat => out.write_str("repeat"),
            Self::Error(None) => out.write_str("error"),
            Self::Error(Some(key)) => write!(out, "error {key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_password_and_an_unknown_user_are_told_by_one_code_each_and_by_no_other() {
        let answers = Answers::read().unwrap();
        for code in answers.codes() {
            for action in Action::OF_PLATFORMS {
                let verdict = answers.verdict(action, code).unwrap();
                let wrong = (action, code) == (Action::Login, "invalid_credentials");
                assert_eq!(*verdict == Verdict::Wrong, wrong, "{action} {code}");
                let nobody = (action, code) == (Action::GetUser, "user_not_found");
                assert_eq!(*verdict == Verdict::Nobody, nobody, "{action} {code}");
            }
        }
    }

    #[test]
    fn a_verdict_is_written_as_it_is_read() {
        let answers = Answers::read().unwrap();
        for verdict in answers.0.values().flat_map(BTreeMap::values) {
            assert_eq!(parse(&verdict.to_string()).as_ref(), Ok(verdict));
        }
        for wrong in ["", "show", "show nothing", "reject a", "wrong password", "error blocked locked"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
