//! Which attributes an expression mentions, and how.
//!
//! Not a parser of DynamoDB's language: what does not belong there is DynamoDB's to refuse. Whatever could be a
//! mention is taken for one, so that nothing passes unseen.

use std::collections::HashMap;

/// A mention of a top-level attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The attribute.
    pub attribute: String,
    /// What for.
    pub role: Role,
}

/// What an attribute is mentioned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Its value, or a part of it.
    Value,
    /// Whether it is there.
    Existence,
    /// To be changed.
    Target,
}

/// A placeholder without a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the expression uses {0:?}, which the expression attribute names do not define")]
pub struct UnknownPlaceholder(pub String);

/// The mentions of a condition, a filter or a key condition.
///
/// # Errors
/// [`UnknownPlaceholder`].
pub fn mentions(
    expression: &str,
    names: &HashMap<String, String>,
) -> Result<Vec<Mention>, UnknownPlaceholder> {
    let tokens = tokens(expression);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let Some(attribute) = root(&tokens, at, names)? else { continue };
        let role = if is_existence(&tokens, at) { Role::Existence } else { Role::Value };
        found.push(Mention { attribute, role });
    }
    Ok(found)
}

/// The mentions of an update.
///
/// # Errors
/// [`UnknownPlaceholder`].
pub fn update_mentions(
    expression: &str,
    names: &HashMap<String, String>,
) -> Result<Vec<Mention>, UnknownPlaceholder> {
    let tokens = tokens(expression);
    let (mut found, mut depth, mut is_target) = (Vec::new(), 0usize, false);
    let mut section = None;
    for at in 0..tokens.len() {
        match tokens[at] {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth = depth.saturating_sub(1),
            Token::Mark(',') if depth == 0 => is_target = true,
            Token::Mark('=') => is_target = false,
            Token::Word(word) if is_section(&tokens, at, word, section) => {
                (section, is_target) = (Some(at), true);
            }
            _ => {
                if let Some(attribute) = root(&tokens, at, names)? {
                    let role = if is_target { Role::Target } else { Role::Value };
                    found.push(Mention { attribute, role });
                }
            }
        }
    }
    Ok(found)
}

/// The top-level attributes of a projection; `None` where it asks for a part of one, or twice for the same, or is no
/// list of names: nobody else looks at it.
///
/// # Errors
/// [`UnknownPlaceholder`].
pub fn projected(
    expression: &str,
    names: &HashMap<String, String>,
) -> Result<Option<Vec<String>>, UnknownPlaceholder> {
    let tokens = tokens(expression);
    let mut attributes = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match (at % 2, token.resolved(names)?) {
            (0, Some(attribute)) if !attributes.contains(&attribute) => attributes.push(attribute),
            (1, None) if *token == Token::Mark(',') => {}
            _ => return Ok(None),
        }
    }
    Ok((tokens.len() % 2 == 1).then_some(attributes))
}

/// The names that these expressions use; DynamoDB refuses others.
#[must_use]
pub fn used_names(expressions: &[Option<&str>], names: &HashMap<String, String>) -> HashMap<String, String> {
    let tokens = expressions.iter().flatten().flat_map(|expression| tokens(expression));
    let used = tokens.filter_map(|token| match token {
        Token::Name(name) => names.get_key_value(name),
        _ => None,
    });
    used.map(|(name, attribute)| (name.clone(), attribute.clone())).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// A name, a keyword or a function.
    Word(&'a str),
    /// `#name`
    Name(&'a str),
    /// `:value`
    Value,
    /// Anything else that is not a space.
    Mark(char),
}

impl Token<'_> {
    /// The attribute that a name stands for; `None` for what is no name.
    fn resolved(&self, names: &HashMap<String, String>) -> Result<Option<String>, UnknownPlaceholder> {
        match self {
            Token::Word(word) => Ok(Some((*word).to_owned())),
            Token::Name(name) => {
                names.get(*name).cloned().map(Some).ok_or_else(|| UnknownPlaceholder((*name).to_owned()))
            }
            Token::Value | Token::Mark(_) => Ok(None),
        }
    }
}

fn tokens(expression: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let tail = &rest[first.len_utf8()..];
        let len = first.len_utf8() + tail.find(|letter| !is_in_name(letter)).unwrap_or(tail.len());
        let (word, after) = rest.split_at(len);
        let (token, left) = match first {
            '#' => (Token::Name(word), after),
            ':' => (Token::Value, after),
            letter if is_in_name(letter) => (Token::Word(word), after),
            mark => (Token::Mark(mark), tail),
        };
        rest = left;
        if !matches!(token, Token::Mark(mark) if mark.is_whitespace()) {
            tokens.push(token);
        }
    }
    tokens
}

fn is_in_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The attribute whose path begins here.
fn root(
    tokens: &[Token<'_>],
    at: usize,
    names: &HashMap<String, String>,
) -> Result<Option<String>, UnknownPlaceholder> {
    let inside_path = at > 0 && matches!(tokens[at - 1], Token::Mark('.' | '['));
    let is_function = tokens.get(at + 1) == Some(&Token::Mark('('));
    match tokens[at] {
        _ if inside_path => Ok(None),
        Token::Word(word) if is_function || is_keyword(word) => Ok(None),
        token => token.resolved(names),
    }
}

/// DynamoDB reserves these words, so no attribute can be mentioned by them without a placeholder.
fn is_keyword(word: &str) -> bool {
    ["and", "or", "not", "between", "in"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

/// Whether a section of an update begins here. Not all its words are reserved: right behind the beginning of
/// another section, or before anything but a path, they are attributes.
fn is_section(tokens: &[Token<'_>], at: usize, word: &str, last: Option<usize>) -> bool {
    let begins = ["set", "remove", "add", "delete"].iter().any(|section| word.eq_ignore_ascii_case(section));
    let inside_path = at > 0 && matches!(tokens[at - 1], Token::Mark('.' | '['));
    let path_follows = matches!(tokens.get(at + 1), Some(Token::Word(_) | Token::Name(_)));
    begins && path_follows && !inside_path && last.is_none_or(|last| last + 1 < at)
}

/// Whether the path that begins here is a whole attribute whose existence alone is asked for.
fn is_existence(tokens: &[Token<'_>], at: usize) -> bool {
    let Some([Token::Word(function), Token::Mark('(')]) =
        at.checked_sub(2).and_then(|from| tokens.get(from..at))
    else {
        return false;
    };
    let asks = ["attribute_exists", "attribute_not_exists"].contains(function);
    asks && tokens.get(at + 1) == Some(&Token::Mark(')'))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Role, mentions, projected, update_mentions};

    fn names() -> HashMap<String, String> {
        [("#b".to_owned(), "bo-dy".to_owned()), ("#s".to_owned(), "set".to_owned())].into()
    }

    fn told(found: Vec<super::Mention>) -> Vec<(String, Role)> {
        found.into_iter().map(|mention| (mention.attribute, mention.role)).collect()
    }

    #[track_caller]
    fn assert_mentions(expression: &str, expected: &[(&str, Role)]) {
        let found = told(mentions(expression, &names()).unwrap());
        let found: Vec<(&str, Role)> = found.iter().map(|(name, role)| (name.as_str(), *role)).collect();
        assert_eq!(found, expected, "{expression}");
    }

    #[test]
    fn conditions_mention_the_beginnings_of_paths() {
        assert_mentions(
            "a = :a AND NOT #b.c[0].d < e",
            &[("a", Role::Value), ("bo-dy", Role::Value), ("e", Role::Value)],
        );
        assert_mentions("size(a)>:n or contains ( b , :x )", &[("a", Role::Value), ("b", Role::Value)]);
        assert_mentions(
            "a BETWEEN :x and :y OR b IN (:x, c)",
            &[("a", Role::Value), ("b", Role::Value), ("c", Role::Value)],
        );
    }

    #[test]
    fn existence_is_told_from_values() {
        assert_mentions("attribute_exists(a)", &[("a", Role::Existence)]);
        assert_mentions("attribute_not_exists( #b )", &[("bo-dy", Role::Existence)]);
        assert_mentions("attribute_exists(a.b)", &[("a", Role::Value)]);
        assert_mentions("attribute_type(a, :t)", &[("a", Role::Value)]);
    }

    #[test]
    fn updates_tell_targets_from_operands() {
        let found = update_mentions(
            "SET a.x = if_not_exists(b, :z) + c, #s = :v remove d[1], e ADD f :one",
            &names(),
        );
        let found = told(found.unwrap());
        let targets: Vec<&str> =
            found.iter().filter(|(_, role)| *role == Role::Target).map(|(name, _)| name.as_str()).collect();
        let others: Vec<&str> =
            found.iter().filter(|(_, role)| *role != Role::Target).map(|(name, _)| name.as_str()).collect();
        assert_eq!((targets, others), (vec!["a", "set", "d", "e", "f"], vec!["b", "c"]));
    }

    #[test]
    fn a_section_that_is_an_attribute_is_seen() {
        for update in
            ["SET remove = :v", "REMOVE remove SET ttl = :x", "ADD remove :one", "REMOVE ttl, remove"]
        {
            let found = told(update_mentions(update, &names()).unwrap());
            assert!(found.contains(&("remove".to_owned(), Role::Target)), "{update}: {found:?}");
        }
    }

    #[test]
    fn an_unknown_placeholder_is_told() {
        assert_eq!(mentions("#x = :a", &names()).unwrap_err().0, "#x");
        assert!(update_mentions("SET #x = :a", &names()).is_err());
    }

    #[test]
    fn projections_name_whole_attributes_or_none() {
        assert_eq!(projected("a, #b", &names()).unwrap(), Some(vec!["a".to_owned(), "bo-dy".to_owned()]));
        assert_eq!(projected("a, b.c", &names()).unwrap(), None);
        for refused in ["a[0]", "", "a,", ",a", "a b", "a,,b", "a, :v", "a, a", "#b, a, #b", "size(a)"] {
            assert_eq!(projected(refused, &names()).unwrap(), None, "{refused}");
        }
    }
}
