//! [`Messages`]: every text that a user can see, in one place.

use std::collections::BTreeMap;

/// The texts as they are kept, in English.
const ENGLISH: &str = include_str!("messages.toml");

/// The longest text, in bytes: it travels in query strings.
const TEXT_BYTES_MAX: usize = 500;

/// The texts, by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages(BTreeMap<String, String>);

impl Messages {
    /// The English texts.
    pub fn english() -> Result<Self, String> {
        toml::from_str(ENGLISH).map(Self).map_err(|error| format!("messages.toml: {error}"))
    }

    /// The English texts, with those of this file instead where it has them. The error names the key.
    pub fn replaced_by(mut self, file: &str) -> Result<Self, String> {
        let texts: BTreeMap<String, String> =
            toml::from_str(file).map_err(|error| format!("the texts can't be read: {error}"))?;
        for (key, text) in texts {
            let Some(english) = self.0.get_mut(&key) else {
                let known: Vec<_> = self.0.keys().map(String::as_str).collect();
                return Err(format!("there is no text `{key}`; there are {}", known.join(", ")));
            };
            if text.len() > TEXT_BYTES_MAX {
                return Err(format!("the text `{key}` has more than {TEXT_BYTES_MAX} bytes"));
            }
            if text.trim().is_empty() && !english.is_empty() {
                return Err(format!("the text `{key}` is empty"));
            }
            // Auth0's deploy tool would put a secret where such a marker stands.
            if text.contains("##") || text.contains("@@") || text.chars().any(char::is_control) {
                return Err(format!("the text `{key}` holds `##`, `@@` or a control character"));
            }
            *english = text;
        }
        Ok(self)
    }

    /// Whether there is a text of that key.
    pub fn knows(key: &str) -> bool {
        Self::english().is_ok_and(|messages| messages.0.contains_key(key))
    }

    /// A text; empty where the daemon's sentence is used.
    pub fn get(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// All of them, for a script.
    pub fn all(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_replaces_the_texts_that_it_has() {
        let german = Messages::english().unwrap().replaced_by("blocked = \"Gesperrt.\"").unwrap();
        assert_eq!(german.get("blocked"), "Gesperrt.");
        assert_eq!(german.get("locked"), Messages::english().unwrap().get("locked"));
    }

    #[test]
    fn what_is_no_text_is_refused_by_its_key() {
        for (file, word) in [
            ("nonsense = \"a\"", "nonsense"),
            ("blocked = \"\"", "empty"),
            ("blocked = 1", "blocked"),
            ("blocked = \"##IDSTORE_TOKEN##\"", "##"),
            ("blocked = \"a\\nb\"", "control"),
            ("[blocked", "can't be read"),
        ] {
            let why = Messages::english().unwrap().replaced_by(file).unwrap_err();
            assert!(why.contains(word), "{file}: {why}");
        }
        let long = format!("blocked = \"{}\"", "a".repeat(501));
        assert!(Messages::english().unwrap().replaced_by(&long).is_err());
        assert!(Messages::english().unwrap().replaced_by("password_history = \"\"").is_ok());
    }
}
