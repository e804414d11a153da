//! Who calls: bearer tokens (RFC 6750), and what each caller may ask for.

use crate::actions::Rights;
use crate::config::{self, Action};
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use idstore_contract::Secret;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;
use subtle::{Choice, ConstantTimeEq};

/// The shortest token that is taken, in bytes: with fewer, somebody has written a word into the file.
const TOKEN_BYTES_MIN: usize = 16;

/// All callers.
pub struct Callers(Vec<Caller>);

/// One caller, with the digests of its tokens; the tokens themselves are not kept.
pub struct Caller {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// What it may say and know.
    pub rights: Rights,
    tokens: Vec<[u8; 32]>,
    connections: Option<BTreeSet<String>>,
    actions: Option<BTreeSet<Action>>,
}

impl Callers {
    /// The callers that were opened.
    pub fn new(callers: Vec<Caller>) -> Self {
        Self(callers)
    }

    /// The caller whose token the request carries. Every token of every caller is compared, in the same time.
    pub fn authenticate(&self, headers: &HeaderMap) -> Option<&Caller> {
        let digest: [u8; 32] = Sha256::digest(bearer(headers)?).into();
        let mut found = None;
        for caller in &self.0 {
            let mut matches = Choice::from(0);
            for token in &caller.tokens {
                matches |= token.ct_eq(&digest);
            }
            if bool::from(matches) {
                found = Some(caller);
            }
        }
        found
    }
}

impl Caller {
    /// Reads the tokens of a configured caller: one a line, `sha256:<hex>` for one that is kept as its digest. Two
    /// lines are a rotation: both count.
    pub fn open(name: &str, caller: &config::Caller, secret: &Secret) -> Result<Self, String> {
        let text = secret.expose_text().ok_or("the file of tokens is not text")?;
        let tokens = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index.saturating_add(1), line.trim_end_matches('\r')))
            .filter(|(_, line)| !line.is_empty())
            .map(|(number, line)| digest(line).map_err(|why| format!("line {number}: {why}")))
            .collect::<Result<Vec<_>, _>>()?;
        if tokens.is_empty() {
            return Err("there is no token; write one a line".to_owned());
        }
        Ok(Self {
            name: name.into(),
            rights: Rights {
                // Whose account it was may be none of a limited caller's business.
                may_know_accounts: caller.may_know_accounts && caller.organizations.is_empty(),
                may_verify: caller.may_verify,
                organizations: caller.organizations.iter().map(|key| key.as_str().to_owned()).collect(),
            },
            tokens,
            connections: caller
                .connections
                .as_ref()
                .map(|names| names.iter().map(|n| n.as_str().to_owned()).collect()),
            actions: caller.actions.as_ref().map(|actions| actions.iter().copied().collect()),
        })
    }

    /// Whether it may use a connection of that name, whether or not there is one.
    pub fn may_use(&self, connection: &str) -> bool {
        self.connections.as_ref().is_none_or(|names| names.contains(connection))
    }

    /// Whether it may ask for an action.
    pub fn may_ask(&self, action: Action) -> bool {
        match &self.actions {
            Some(actions) => actions.contains(&action),
            None => Action::OF_PLATFORMS.contains(&action),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
}

fn digest(line: &str) -> Result<[u8; 32], &'static str> {
    if let Some(hex) = line.strip_prefix("sha256:") {
        return from_hex(hex).ok_or("sha256: is followed by 64 hex digits");
    }
    if line.len() < TOKEN_BYTES_MIN {
        return Err("a token has at least 16 characters; make one with `openssl rand -hex 32`");
    }
    if !line.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a token is printable ASCII without blanks");
    }
    Ok(Sha256::digest(line.as_bytes()).into())
}

fn from_hex(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let pairs = hex.as_bytes().chunks_exact(2);
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16)
            .ok()
            .filter(|_| pair.iter().all(u8::is_ascii_hexdigit))?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use idstore_contract::SecretRef;

    const TOKEN: &str = "a-token-of-more-than-16";
    const OTHER: &str = "another-token-of-its-own";

    fn caller(name: &str, tokens: &str) -> Result<Caller, String> {
        let configured = config::Caller {
            bearer: SecretRef::Env(String::new()),
            connections: Some(Vec::new()),
            actions: None,
            organizations: Vec::new(),
            may_know_accounts: false,
            may_verify: false,
        };
        Caller::open(name, &configured, &Secret::from(tokens))
    }

    fn who(callers: &Callers, authorization: &[&str]) -> Option<Arc<str>> {
        let mut headers = HeaderMap::new();
        for value in authorization {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        callers.authenticate(&headers).map(|caller| Arc::clone(&caller.name))
    }

    #[test]
    fn every_line_counts_and_a_digest_stands_for_a_token() {
        let digest: String =
            Sha256::digest(OTHER).iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"));
        let callers = Callers::new(vec![caller("a", &format!("{TOKEN}\n\n{digest}\r\n")).unwrap()]);
        assert_eq!(who(&callers, &[&format!("Bearer {TOKEN}")]).as_deref(), Some("a"));
        assert_eq!(who(&callers, &[&format!("bearer {OTHER}")]).as_deref(), Some("a"));
    }

    #[test]
    fn anything_but_exactly_one_right_token_is_nobody() {
        let callers = Callers::new(vec![caller("a", TOKEN).unwrap()]);
        let right = format!("Bearer {TOKEN}");
        for wrong in
            [&["Bearer "][..], &["Basic YTpi"], &[&format!("{right}x")], &[TOKEN], &[], &[&right, &right]]
        {
            assert_eq!(who(&callers, wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_word_is_no_token_and_no_error_repeats_one() {
        for wrong in ["short", "a token with blanks in it", "sha256:12", ""] {
            let error = caller("a", wrong).err().unwrap();
            assert!(wrong.is_empty() || !error.contains(wrong), "{error}");
        }
    }
}
