//! An expression as tokens.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// An attribute's name, a function's, or a keyword.
    Word,
    /// `#name`
    NamePlaceholder,
    /// `:value`
    ValuePlaceholder,
    /// Decimal digits.
    Digits,
    /// One of `= <> < <= > >= + - . , ( ) [ ]`: its text says which.
    Symbol,
    /// A character that is none of these.
    Stray,
    /// Nothing is left.
    End,
}

/// A token and where it lies in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'e> {
    pub(super) kind: TokenKind,
    pub(super) text: &'e str,
    /// The offset of its first byte.
    pub(super) start: usize,
}

impl Token<'_> {
    /// The offset behind its last byte.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }

    /// Whether this is the keyword, in upper or lower case.
    pub(super) fn is_keyword(&self, keyword: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(keyword)
    }
}

/// The token that begins at or behind byte `from` of `text`.
pub(super) fn token_at(text: &str, from: usize) -> Token<'_> {
    let rest = &text.as_bytes()[from..];
    let start = from + rest.iter().take_while(|byte| is_space(**byte)).count();
    let (kind, length) = classify(&text[start..]);
    Token { kind, text: &text[start..start + length], start }
}

fn classify(rest: &str) -> (TokenKind, usize) {
    let bytes = rest.as_bytes();
    let Some(first) = bytes.first() else {
        return (TokenKind::End, 0);
    };
    match first {
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => (TokenKind::Word, word_length(bytes)),
        b'0' => (TokenKind::Digits, 1),
        b'1'..=b'9' => (TokenKind::Digits, bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()),
        b'#' => placeholder(TokenKind::NamePlaceholder, bytes),
        b':' => placeholder(TokenKind::ValuePlaceholder, bytes),
        b'<' if matches!(bytes.get(1), Some(b'=' | b'>')) => (TokenKind::Symbol, 2),
        b'>' if bytes.get(1) == Some(&b'=') => (TokenKind::Symbol, 2),
        b'=' | b'<' | b'>' | b'+' | b'-' | b'.' | b',' | b'(' | b')' | b'[' | b']' => (TokenKind::Symbol, 1),
        _ => (TokenKind::Stray, rest.chars().next().map_or(1, char::len_utf8)),
    }
}

fn placeholder(kind: TokenKind, bytes: &[u8]) -> (TokenKind, usize) {
    match word_length(&bytes[1..]) {
        0 => (TokenKind::Stray, 1),
        length => (kind, 1 + length),
    }
}

/// How many bytes of letters, digits and underscores there are.
pub(super) fn word_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, token_at};

    fn tokens(text: &str) -> Vec<&str> {
        let mut found = vec![token_at(text, 0)];
        while found.last().unwrap().kind != TokenKind::End {
            found.push(token_at(text, found.last().unwrap().end()));
        }
        found.into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn a_text_falls_into_tokens() {
        for (text, expected) in [
            ("", vec![""]),
            ("  a = :b ", vec!["a", "=", ":b", ""]),
            ("a.#b[12]<>c", vec!["a", ".", "#b", "[", "12", "]", "<>", "c", ""]),
            ("a<=b>=c<d>e", vec!["a", "<=", "b", ">=", "c", "<", "d", ">", "e", ""]),
            ("size(a)+1x", vec!["size", "(", "a", ")", "+", "1", "x", ""]),
            ("# : é\u{1F980}!", vec!["#", ":", "é", "\u{1F980}", "!", ""]),
            ("\t\n\r_a_1", vec!["_a_1", ""]),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }
}
