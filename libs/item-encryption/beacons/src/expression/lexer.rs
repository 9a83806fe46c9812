//! An expression as tokens.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An attribute's name, a function's, or a keyword.
    Word,
    /// `#name`
    Name,
    /// `:value`
    Value,
    /// Decimal digits.
    Digits,
    /// One of `= <> < <= > >= . , ( ) [ ]`: its text says which.
    Symbol,
    /// A character that is none of these.
    Stray,
    /// Nothing is left.
    End,
}

/// A token and where its first byte lies.
#[derive(Debug, Clone, Copy)]
pub struct Token<'t> {
    pub kind: Kind,
    pub text: &'t str,
    pub at: usize,
}

/// The token that begins at or behind byte `from`.
pub fn token(text: &str, from: usize) -> Token<'_> {
    let behind = text.get(from..).unwrap_or_default();
    let rest = behind.trim_start_matches([' ', '\t', '\r', '\n']);
    let at = text.len() - rest.len();
    let (kind, len) = classify(rest);
    Token { kind, text: rest.get(..len).unwrap_or_default(), at }
}

fn classify(rest: &str) -> (Kind, usize) {
    let Some(first) = rest.chars().next() else { return (Kind::End, 0) };
    match first {
        'a'..='z' | 'A'..='Z' | '_' => (Kind::Word, word(rest)),
        '0'..='9' => (Kind::Digits, run(rest, |c| c.is_ascii_digit())),
        '#' => (Kind::Name, 1 + word(rest.get(1..).unwrap_or_default())),
        ':' => (Kind::Value, 1 + word(rest.get(1..).unwrap_or_default())),
        '<' if rest.starts_with("<>") || rest.starts_with("<=") => (Kind::Symbol, 2),
        '>' if rest.starts_with(">=") => (Kind::Symbol, 2),
        '=' | '<' | '>' | '.' | ',' | '(' | ')' | '[' | ']' => (Kind::Symbol, 1),
        _ => (Kind::Stray, first.len_utf8()),
    }
}

fn word(text: &str) -> usize {
    run(text, |c| c.is_ascii_alphanumeric() || c == '_')
}

fn run(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}
