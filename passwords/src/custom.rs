//! [`Schemes`]: the schemes that a store's configuration describes, and what it adds to those of the catalogue.

use crate::expression::Expression;
use crate::hash::{Candidate, Shape};
use crate::layout::{Layout, Spelling};
use crate::limits::Limits;
use crate::scheme::{
    Columns, Detection, NameError, NotRead, Scheme, Strength, Usual, accepted_names, named, scheme,
};
use crate::schemes::{Row, WriteSpec, all};
use idstore_secret::{Secret, SecretError, SecretRef};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// `[stores.ADAPTER.NAME.passwords.schemes.NAME]`: a scheme of the operator's own, or what a scheme of the catalogue
/// needs beside the stored value.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Definition {
    /// What is computed: `md5(md5(pass) . salt)`. Not together with `scheme`.
    pub digest: Option<String>,
    /// The scheme of the catalogue that this is, with another key or other parameters. Absent, and no `digest`: the one
    /// of the table's name.
    pub scheme: Option<String>,
    /// Where the parts stand in the stored text: `<digest>:<salt>`. Absent: the digest alone, and the salt in its column.
    pub layout: Option<String>,
    /// How the digest is written where there is no `layout`: hex, HEX, base64 … Absent: hex, or `text`
    /// where the digest ends as text (`base64(…)`, a part of its hex).
    pub encoding: Option<String>,
    /// The charset of the password's bytes: utf8, latin1, cp1252, cp437, utf16le, utf16be. Absent: utf8.
    pub charset: Option<String>,
    /// What the application does to the password's text, in this order: trim, html, `html_quotes`, nfc, nfkc, saslprep,
    /// lower, upper.
    pub text: Vec<String>,
    /// The key or pepper of the application's configuration: `key` or `pepper` in a digest.
    pub pepper: Option<SecretRef>,
    /// Rounds and their like, where the stored value does not say them.
    pub parameters: BTreeMap<String, serde_json::Value>,
}

/// The schemes of one store's configuration. Without any, the catalogue alone.
#[derive(Clone, Debug, Default)]
pub struct Schemes(Vec<Choice>);

/// A scheme with what the configuration adds to it.
#[derive(Clone)]
pub(crate) struct Choice {
    pub(crate) scheme: &'static Scheme,
    settings: Option<Arc<Settings>>,
    /// Whether nobody named the scheme, so that a weak value of a scheme that is not weak by itself is not accepted.
    unnamed: bool,
}

struct Settings {
    key: Key,
    parameters: Option<String>,
}

enum Key {
    None,
    /// Where it is kept; not read yet.
    At(SecretRef),
    Known(Secret),
}

impl Schemes {
    /// Reads the tables, and no secret. Each mistake has its table's place in the list.
    pub fn parse<'a>(
        tables: impl IntoIterator<Item = (&'a str, &'a Definition)>,
    ) -> Result<Self, Vec<NameError>> {
        let (mut choices, mut errors) = (Vec::new(), Vec::new());
        for (index, (name, definition)) in tables.into_iter().enumerate() {
            match definition.choice(name) {
                Ok(choice) => choices.push(choice),
                Err(message) => errors.push(NameError { index, message }),
            }
        }
        if errors.is_empty() { Ok(Self(choices)) } else { Err(errors) }
    }

    /// Reads the keys from where they are kept.
    pub fn resolve(self) -> Result<Self, SecretError> {
        let resolve = |choice: Choice| {
            let Some(settings) = &choice.settings else { return Ok(choice) };
            let Key::At(place) = &settings.key else { return Ok(choice) };
            let key = Key::Known(place.resolve()?.secret);
            let settings = Settings { key, parameters: settings.parameters.clone() };
            Ok(Choice { settings: Some(Arc::new(settings)), ..choice })
        };
        self.0.into_iter().map(resolve).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Choice> {
        self.0.iter()
    }

    /// What a name means: the table of that name, else the catalogue's, with what the tables add.
    pub(crate) fn named(&self, name: &str) -> Vec<Choice> {
        if let Some(own) = self.0.iter().find(|choice| choice.scheme.name == name) {
            return vec![own.clone()];
        }
        named(name).into_iter().map(|scheme| self.choice(scheme)).collect()
    }

    /// A scheme of the catalogue, with what a table of its name adds.
    pub(crate) fn choice(&self, scheme: &'static Scheme) -> Choice {
        let own = self.0.iter().find(|choice| choice.scheme == scheme);
        own.cloned().unwrap_or(Choice { scheme, settings: None, unnamed: false })
    }

    pub(crate) fn accepted_names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|choice| choice.scheme.name).chain(accepted_names())
    }

    pub(crate) fn written_names(&self) -> impl Iterator<Item = &'static str> {
        let own = self.0.iter().map(|choice| choice.scheme);
        own.chain(all()).filter(|scheme| scheme.written).map(|scheme| scheme.name)
    }
}

impl Choice {
    /// Reads the columns as this scheme, with its key, and bounds the cost. The store's own parameters come first.
    pub(crate) fn read(&self, columns: &Columns<'_>, limits: &Limits) -> Result<Candidate, NotRead> {
        let columns = Columns {
            text: columns.text,
            salt: columns.salt,
            user: columns.user,
            parameters: columns.parameters.or(self.parameters()),
            key: self.key().map(Secret::expose),
        };
        let candidate = self.scheme.read(&columns, limits)?;
        if self.unnamed && candidate.parts.recipe.is_weak() { Err(NotRead::Weak) } else { Ok(candidate) }
    }

    /// As one of those that a store accepts because nothing is said.
    pub(crate) fn unnamed(self) -> Self {
        Self { unnamed: true, ..self }
    }

    /// The parameters of new hashes: the configured ones, else the usual ones.
    pub(crate) fn usual(&self) -> Usual {
        self.scheme.format.usual_with(self.parameters())
    }

    /// The shape of a hash with those.
    pub(crate) fn usual_shape(&self) -> Shape {
        let usual = self.usual();
        Shape::new(self.scheme.name, usual.recipe, usual.salt.len(), usual.digest_len)
    }

    pub(crate) fn parameters(&self) -> Option<&str> {
        self.settings.as_ref().and_then(|settings| settings.parameters.as_deref())
    }

    pub(crate) fn key(&self) -> Option<&Secret> {
        match self.settings.as_deref().map(|settings| &settings.key) {
            Some(Key::Known(key)) => Some(key),
            Some(Key::None | Key::At(_)) | None => None,
        }
    }

    /// Whether nothing can be computed, because no key is configured.
    pub(crate) fn lacks_key(&self) -> bool {
        let none = self.settings.as_deref().is_none_or(|settings| matches!(settings.key, Key::None));
        none && self.scheme.format.needs_key()
    }
}

impl fmt::Debug for Choice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.scheme.name)
    }
}

impl Definition {
    fn choice(&self, name: &str) -> Result<Choice, String> {
        let found = match (&self.digest, &self.scheme) {
            (Some(_), Some(_)) => return Err("a scheme has a digest or names a scheme, not both".to_owned()),
            (Some(digest), None) if scheme(name).is_none() => self.described(name, digest)?,
            (Some(_), None) => {
                return Err(format!("{name} is a scheme of the catalogue; give this one another name"));
            }
            (None, base) => {
                let base = base.as_deref().unwrap_or(name);
                let found = scheme(base).ok_or_else(|| {
                    format!(
                        "{}; a scheme of one's own has a digest",
                        crate::scheme::unknown(base, crate::scheme::scheme_names())
                    )
                })?;
                if self.layout.is_some()
                    || self.encoding.is_some()
                    || self.charset.is_some()
                    || !self.text.is_empty()
                {
                    return Err("layout, encoding, charset and text belong to a digest".to_owned());
                }
                found
            }
        };
        if self.pepper.is_some() && !found.format.takes_key() {
            return Err("nothing in this scheme takes a pepper; write key or pepper in its digest".to_owned());
        }
        let key = self.pepper.clone().map_or(Key::None, Key::At);
        let parameters = serde_json::to_string(&self.parameters).ok().filter(|_| !self.parameters.is_empty());
        Ok(Choice { scheme: found, settings: Some(Arc::new(Settings { key, parameters })), unnamed: false })
    }

    fn described(&self, name: &str, digest: &str) -> Result<&'static Scheme, String> {
        let pass = self.password()?;
        // What ends as text is stored as that, and not in hex once more.
        let usual = if Expression::parse_with(digest, &pass)?.makes_text() { "text" } else { "hex" };
        let layout = match (&self.layout, &self.encoding) {
            (Some(_), Some(_)) => return Err("an encoding stands in the layout: <digest:base64>".to_owned()),
            (Some(layout), None) => Layout::parse(&layout.replace("<digest>", &format!("<digest:{usual}>")))?,
            (None, encoding) => {
                let encoding = encoding.as_deref().unwrap_or(usual);
                Layout::digest(
                    Spelling::named(encoding).ok_or_else(|| format!("\"{encoding}\" is no encoding"))?,
                )
            }
        };
        let text = format!("{digest} {pass} {:?} {:?}", self.layout, self.encoding);
        kept(name, &text, || {
            let expression = Expression::parse_with(digest, &pass)?;
            let (strength, rounds) = (expression.strength(), "write salt=16");
            let expression: &'static Expression = Box::leak(Box::new(expression));
            let write = WriteSpec::parse(rounds).ok_or("no line of what is written")?;
            let row = Row::new(layout, expression, write)?;
            let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
            Ok(Scheme {
                name,
                detection: Detection::Declared,
                strength,
                written: true,
                format: Box::new(row),
            })
        })
    }

    /// What `pass` stands for: the text's preparation within the charset.
    fn password(&self) -> Result<String, String> {
        const TEXTS: [&str; 8] = ["trim", "html", "html_quotes", "nfc", "nfkc", "saslprep", "lower", "upper"];
        const CHARSETS: [&str; 5] = ["latin1", "cp1252", "cp437", "utf16le", "utf16be"];
        let mut pass = "pass".to_owned();
        for step in &self.text {
            if !TEXTS.contains(&step.as_str()) {
                return Err(format!(
                    "\"{step}\" is nothing that is done to text; there are {}",
                    TEXTS.join(", ")
                ));
            }
            pass = format!("{step}({pass})");
        }
        match self.charset.as_deref() {
            None | Some("utf8") => Ok(pass),
            Some(charset) if CHARSETS.contains(&charset) => Ok(format!("{charset}({pass})")),
            Some(charset) => {
                Err(format!("\"{charset}\" is no charset; there are utf8, {}", CHARSETS.join(", ")))
            }
        }
    }
}

/// The scheme of this name and text, made once. It lives as long as the process, as the catalogue's do, so that a
/// reload with the same text takes nothing more; it holds no secret.
fn kept(
    name: &str,
    text: &str,
    make: impl FnOnce() -> Result<Scheme, String>,
) -> Result<&'static Scheme, String> {
    static KEPT: Mutex<BTreeMap<(String, String), &'static Scheme>> = Mutex::new(BTreeMap::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (name.to_owned(), text.to_owned());
    if let Some(scheme) = kept.get(&key) {
        return Ok(scheme);
    }
    let scheme: &'static Scheme = Box::leak(Box::new(make()?));
    kept.insert(key, scheme);
    Ok(scheme)
}

impl Strength {
    /// Whether it is named in a warning.
    pub(crate) fn of(weak: bool) -> Self {
        if weak { Self::Weak } else { Self::Sound }
    }
}
