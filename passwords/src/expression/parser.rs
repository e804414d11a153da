//! Words to a tree.

use super::EXPRESSION_BYTES_MAX;
use super::functions::Function;
use super::lexer::{Token, Word, words};
use super::node::{Input, Node, Number, Stage, Stored};
use crate::kdf::Algorithm;

/// How deep parts may stand in parts; the deepest of the catalogue has seven levels.
const DEPTH_MAX: usize = 16;

/// How many parts there may be; the largest of the catalogue has thirty.
const PARTS_MAX: usize = 128;

/// The most rounds that an expression itself may ask for; what a stored value asks for has its own limit.
const ROUNDS_MAX: u32 = 1_000_000;

/// The longest derived key, in bytes.
const LEN_MAX: u32 = 1024;

/// The three stages of an expression.
pub(super) type Stages = (Node, Stage, Option<Node>);

/// Parses the text; `password` is the text of what `pass` stands for.
pub(super) fn parse(text: &str, password: &str) -> Result<Stages, String> {
    if text.len() > EXPRESSION_BYTES_MAX || password.len() > EXPRESSION_BYTES_MAX {
        return Err(format!("an expression has at most {EXPRESSION_BYTES_MAX} bytes"));
    }
    let pass = Parser::of(password, Node::Input(Input::Pass))?.whole()?;
    let mut parser = Parser::of(text, pass.0)?;
    if pass.1.is_some() {
        return Err("no key derivation can stand there".to_owned());
    }
    let (node, derivation) = parser.whole()?;
    Ok(match derivation {
        None => (node, Stage::None, None),
        Some((before, stage)) if node == Node::Input(Input::Derived) => (before, stage, None),
        Some((before, stage)) => (before, stage, Some(node)),
    })
}

struct Parser {
    tokens: Vec<Token>,
    pass: Node,
    depth: usize,
    parts: usize,
    /// Whether `it` is a digest; `None` outside of a repetition.
    it: Option<bool>,
    derivation: Option<(Node, Stage)>,
}

impl Parser {
    fn of(text: &str, pass: Node) -> Result<Self, String> {
        Ok(Self { tokens: words(text)?, pass, depth: 0, parts: 0, it: None, derivation: None })
    }

    fn whole(&mut self) -> Result<(Node, Option<(Node, Stage)>), String> {
        let node = self.join()?;
        match self.tokens.last() {
            None => Ok((node, self.derivation.take())),
            Some(token) => Err(format!("the expression should end at {}", token.place)),
        }
    }

    /// Parts with dots between them. One alone stays what it is; several are text.
    fn join(&mut self) -> Result<Node, String> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_MAX {
            return Err(format!("an expression has at most {DEPTH_MAX} levels"));
        }
        let first = self.part()?;
        let mut parts = Vec::new();
        while self.take(&Word::Dot) {
            parts.push(self.part()?);
        }
        self.depth = self.depth.saturating_sub(1);
        if parts.is_empty() {
            return Ok(first);
        }
        parts.insert(0, first);
        Ok(Node::Join(parts.into_iter().map(|part| self.as_text(part)).collect()))
    }

    fn part(&mut self) -> Result<Node, String> {
        self.parts = self.parts.saturating_add(1);
        if self.parts > PARTS_MAX {
            return Err(format!("an expression has at most {PARTS_MAX} parts"));
        }
        let token = self.tokens.pop().ok_or("the expression ends too early")?;
        match token.word {
            Word::Text(bytes) => Ok(Node::Literal(bytes)),
            Word::Name(name) if self.take(&Word::Open) => {
                let node = self.call(&name)?;
                self.expect(&Word::Close, "a closing parenthesis")?;
                Ok(node)
            }
            Word::Name(name) => self.input(&name),
            Word::Open => {
                let node = self.join()?;
                self.expect(&Word::Close, "a closing parenthesis")?;
                Ok(node)
            }
            _ => Err(format!("an input, a function or a text should stand at {}", token.place)),
        }
    }

    fn input(&self, name: &str) -> Result<Node, String> {
        Ok(Node::Input(match name {
            "pass" => return Ok(self.pass.clone()),
            "salt" => Input::Salt,
            "user" => Input::User,
            "key" => Input::Key,
            "pepper" => Input::Pepper,
            "column" => Input::Column,
            "it" if self.it.is_some() => Input::It,
            "derived" if self.derivation.is_some() => Input::Derived,
            _ => {
                return Err(format!(
                    "\"{name}\" is no input; there are pass, salt, user, key, pepper and column, and it in a repetition"
                ));
            }
        }))
    }

    fn call(&mut self, name: &str) -> Result<Node, String> {
        if let Some(algorithm) = Algorithm::named(name) {
            return Ok(Node::Digest(algorithm, self.text()?));
        }
        if let Some(algorithm) = name.strip_prefix("hmac_").and_then(Algorithm::named) {
            let key = self.text()?;
            self.expect(&Word::Comma, "a comma and the message")?;
            return Ok(Node::Hmac { algorithm, key, message: self.text()? });
        }
        if let Some(function) = Function::named(name) {
            let of = self.join()?;
            let raw = of.is_raw(self.it.unwrap_or(false));
            let of = if function.takes_digest() { of } else { self.as_text(of) };
            if function == Function::Bin && !raw {
                return Err("bin() takes a digest; anything else is bytes already".to_owned());
            }
            return Ok(Node::Apply(function, Box::new(of)));
        }
        match name {
            "aes256_ctr" => {
                let key = self.text()?;
                self.expect(&Word::Comma, "a comma and the data")?;
                Ok(Node::Aes(key, self.text()?))
            }
            "fill" => {
                let count = self.count(LEN_MAX)?;
                self.expect(&Word::Comma, "a comma and what to repeat")?;
                Ok(Node::Fill(count, self.text()?))
            }
            "left" | "slice" => self.slice(name == "left"),
            "repeat" => self.repeat(),
            _ => self.derive(name),
        }
    }

    fn slice(&mut self, from_start: bool) -> Result<Node, String> {
        let of = self.text()?;
        let mut number = || {
            self.expect(&Word::Comma, "a comma and a number")?;
            self.count(u32::MAX)
        };
        let from = if from_start { 0 } else { number()? };
        Ok(Node::Slice { of, from, count: number()? })
    }

    fn repeat(&mut self) -> Result<Node, String> {
        if self.it.is_some() {
            return Err("a repetition can't stand in another".to_owned());
        }
        let start = self.join()?;
        self.expect(&Word::Comma, "a comma and the number of rounds")?;
        let count = self.number(ROUNDS_MAX)?;
        self.expect(&Word::Comma, "a comma and the step")?;
        let raw = start.is_raw(false);
        self.it = Some(raw);
        let step = self.join()?;
        if step.is_raw(raw) != raw {
            return Err(
                "the step of a repetition makes a digest where its beginning makes none, or the reverse: begin \
                 with the first round, as in repeat(sha1(salt . pass), 999, sha1(it))"
                    .to_owned(),
            );
        }
        self.it = None;
        Ok(Node::Repeat { start: Box::new(start), count, step: Box::new(step) })
    }

    /// A key derivation: what is around it then has its result.
    fn derive(&mut self, name: &str) -> Result<Node, String> {
        if self.derivation.is_some() || self.it.is_some() {
            return Err(format!(
                "{name}() can't stand here: there is one key derivation, outside of repetitions"
            ));
        }
        let before = *self.text()?;
        let stage = if let Some(algorithm) = name.strip_prefix("pbkdf2_").and_then(Algorithm::named) {
            let salt = self.next_text()?;
            let rounds = self.next_number()?;
            Stage::Pbkdf2 { algorithm, salt, rounds, len: self.next_len()? }
        } else if name == "scrypt" && self.tokens.last().is_some_and(|token| token.word == Word::Comma) {
            let salt = self.next_text()?;
            let (n, r, p) = (self.next_number()?, self.next_number()?, self.next_number()?);
            Stage::Scrypt { salt, n, r, p, len: self.next_len()? }
        } else if matches!(name, "argon2id" | "argon2id_twice") {
            let twice = name == "argon2id_twice";
            let salt = self.next_text()?;
            let (memory_kib, passes, lanes) = (self.next_fixed()?, self.next_fixed()?, self.next_fixed()?);
            Stage::Argon2 { twice, salt, memory_kib, passes, lanes, len: self.next_len()?.unwrap_or(32) }
        } else if crate::schemes::is_own(name) {
            let salt = if self.take(&Word::Comma) { Some(*self.text()?) } else { None };
            Stage::Own { name: name.to_owned(), salt }
        } else {
            return Err(format!("\"{name}\" is no function"));
        };
        if self.derivation.is_some() {
            return Err(format!("{name}() can't stand around another key derivation"));
        }
        self.derivation = Some((before, stage));
        Ok(Node::Input(Input::Derived))
    }

    fn next_text(&mut self) -> Result<Node, String> {
        self.expect(&Word::Comma, "a comma and the salt")?;
        self.text().map(|node| *node)
    }

    fn next_number(&mut self) -> Result<Number, String> {
        self.expect(&Word::Comma, "a comma and a number")?;
        self.number(u32::MAX)
    }

    fn next_fixed(&mut self) -> Result<u32, String> {
        match self.next_number()? {
            Number::Fixed(number) => Ok(number),
            Number::Stored { .. } => Err("argon2id() takes numbers alone".to_owned()),
        }
    }

    fn next_len(&mut self) -> Result<Option<usize>, String> {
        if self.take(&Word::Comma) { self.count(LEN_MAX).map(Some) } else { Ok(None) }
    }

    fn text(&mut self) -> Result<Box<Node>, String> {
        let node = self.join()?;
        Ok(Box::new(self.as_text(node)))
    }

    /// A digest stands in hex.
    fn as_text(&self, node: Node) -> Node {
        if node.is_raw(self.it.unwrap_or(false)) { Node::Apply(Function::Hex, Box::new(node)) } else { node }
    }

    /// A number, or a stored one with a number added.
    fn number(&mut self, most: u32) -> Result<Number, String> {
        let token = self.tokens.pop().ok_or("the expression ends too early")?;
        let name = match token.word {
            Word::Number(number) if number <= most => return Ok(Number::Fixed(number)),
            Word::Number(_) => return Err(format!("the number at {} is more than {most}", token.place)),
            Word::Name(name) => match name.as_str() {
                "rounds" => Stored::Rounds,
                "ln" => Stored::LogN,
                "n" => Stored::N,
                "r" => Stored::R,
                "p" => Stored::P,
                _ => return Err(format!("\"{name}\" is no number of a stored value")),
            },
            _ => return Err(format!("a number should stand at {}", token.place)),
        };
        let sign = if self.take(&Word::Plus) {
            1
        } else if self.take(&Word::Minus) {
            -1
        } else {
            return Ok(Number::Stored { name, more: 0 });
        };
        let more = i32::try_from(self.count(1000)?).unwrap_or(0).saturating_mul(sign);
        Ok(Number::Stored { name, more })
    }

    fn count(&mut self, most: u32) -> Result<usize, String> {
        match self.tokens.pop().map(|token| token.word) {
            Some(Word::Number(number)) if number <= most => Ok(usize::try_from(number).unwrap_or(usize::MAX)),
            _ => Err(format!("a number up to {most} is missing")),
        }
    }

    fn take(&mut self, word: &Word) -> bool {
        let found = self.tokens.last().is_some_and(|token| token.word == *word);
        if found {
            self.tokens.pop();
        }
        found
    }

    fn expect(&mut self, word: &Word, name: &str) -> Result<(), String> {
        if self.take(word) {
            return Ok(());
        }
        Err(match self.tokens.last() {
            Some(token) => format!("{name} should stand at {}", token.place),
            None => format!("{name} is missing at the end"),
        })
    }
}
