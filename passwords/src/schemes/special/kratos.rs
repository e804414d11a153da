//! Ory Kratos's digests with a template: `$sha1$pf=…$salt$digest`, all in base64.

use crate::encoding::{Base64, fields};
use crate::expression::Expression;
use crate::hash::{Bound, Parts};
use crate::kdf::{Kdf, Recipe};
use crate::random::Salt;
use crate::scheme::{Columns, Format, NotRead, Usual};
use crate::write::Written;
use idstore_secret::Secret;

/// The template is text with `{SALT}` and `{PASSWORD}` in it, each once.
pub(super) struct Template {
    pub(super) prefix: &'static str,
    /// The password with what stands before it in the salt, and what stands behind it in the user.
    pub(super) expression: fn() -> Option<&'static Expression>,
    pub(super) digest_len: usize,
}

/// A crypt(3) string with another prefix.
pub(super) struct Renamed {
    pub(super) prefix: &'static str,
    pub(super) original: &'static str,
    pub(super) own: &'static str,
}

impl Format for Template {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest = columns
            .text
            .strip_prefix(self.prefix)
            .filter(|rest| rest.starts_with("pf="))
            .ok_or(NotRead::Other)?;
        self.parts(rest).ok_or(NotRead::Malformed)
    }

    fn print(&self, _: &Parts) -> Option<Written> {
        None
    }

    fn usual(&self) -> Usual {
        Usual::of(Some(Kdf::None), Salt::Bytes(10), self.digest_len)
    }
}

impl Template {
    fn parts(&self, rest: &str) -> Option<Parts> {
        let [template, salt, digest] = fields(rest, '$')?;
        let template = Base64::Padded.decode(template.strip_prefix("pf=")?)?;
        let digest = Base64::Padded.decode(digest).filter(|digest| digest.len() == self.digest_len)?;
        let salt = Base64::Padded.decode(salt)?;
        let whole = template.expose_text()?.replace("{SALT}", salt.expose_text()?);
        let (before, after) = whole.split_once("{PASSWORD}")?;
        let recipe = Recipe { expression: (self.expression)()?, kdf: Kdf::None, rounds: 1 };
        let bound = Bound { user: Some(after.into()), ..Bound::default() };
        Some(Parts { recipe, salt: before.into(), digest: Secret::new(digest.expose()), bound })
    }
}

impl Format for Renamed {
    fn read(&self, columns: &Columns<'_>) -> Result<Parts, NotRead> {
        let rest = columns.text.strip_prefix(self.prefix).ok_or(NotRead::Other)?;
        let own = crate::schemes::own(self.own).ok_or(NotRead::Other)?;
        own.read(&format!("{}{rest}", self.original))
    }

    fn print(&self, parts: &Parts) -> Option<Written> {
        let text = crate::schemes::own(self.own)?.print(parts, None)?;
        Some(Written::text(format!("{}{}", self.prefix, text.strip_prefix(self.original)?)))
    }

    fn usual(&self) -> Usual {
        crate::schemes::own(self.own)
            .map_or_else(|| Usual::of(None, Salt::None, 16), crate::schemes::own::Own::plain_usual)
    }
}
