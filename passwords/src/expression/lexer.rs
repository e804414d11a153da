//! The words of an expression.

/// One word, with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// In bytes from the beginning, for messages.
    pub(super) place: usize,
    pub(super) word: Word,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A name: of an input or a function.
    Name(String),
    /// A number in decimal.
    Number(u32),
    /// A text in single or double quotes; `\xHH` is a byte, `\` before any other character that character.
    Text(Vec<u8>),
    Dot,
    Comma,
    Open,
    Close,
    Plus,
    Minus,
}

/// Splits the text into words, the last ones first, so that they are taken from the end.
pub(super) fn words(text: &str) -> Result<Vec<Token>, String> {
    let mut rest = text;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let place = text.len().saturating_sub(rest.len());
        let (word, after) = match first {
            ' ' | '\t' => (None, skip(rest, first)),
            '.' => (Some(Word::Dot), skip(rest, first)),
            ',' => (Some(Word::Comma), skip(rest, first)),
            '(' => (Some(Word::Open), skip(rest, first)),
            ')' => (Some(Word::Close), skip(rest, first)),
            '+' => (Some(Word::Plus), skip(rest, first)),
            '-' => (Some(Word::Minus), skip(rest, first)),
            '\'' | '"' => quoted(skip(rest, first), first)
                .map(|(bytes, after)| (Some(Word::Text(bytes)), after))
                .ok_or_else(|| format!("the text that begins at {place} has no end"))?,
            '0'..='9' => {
                let (digits, after) = split(rest, |character| character.is_ascii_digit());
                let number = digits.parse().map_err(|_| format!("the number at {place} is too large"))?;
                (Some(Word::Number(number)), after)
            }
            'a'..='z' | 'A'..='Z' => {
                let (name, after) =
                    split(rest, |character| character.is_ascii_alphanumeric() || character == '_');
                (Some(Word::Name(name.to_owned())), after)
            }
            other => return Err(format!("{other:?} at {place} has no meaning here")),
        };
        tokens.extend(word.map(|word| Token { place, word }));
        rest = after;
    }
    tokens.reverse();
    Ok(tokens)
}

fn skip(text: &str, first: char) -> &str {
    text.strip_prefix(first).unwrap_or_default()
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|character| !belongs(character)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// What stands before the closing quote, and what follows it.
fn quoted(text: &str, quote: char) -> Option<(Vec<u8>, &str)> {
    let mut bytes = Vec::new();
    let mut characters = text.chars();
    loop {
        let character = match characters.next()? {
            end if end == quote => return Some((bytes, characters.as_str())),
            '\\' => match characters.next()? {
                'x' => {
                    let (high, low) = (characters.next()?.to_digit(16)?, characters.next()?.to_digit(16)?);
                    bytes.push(u8::try_from(high << 4 | low).ok()?);
                    continue;
                }
                escaped => escaped,
            },
            other => other,
        };
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}
