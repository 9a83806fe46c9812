//! From text to the trees of this room, in one pass.
//!
//! Map: here (tokens, paths, values, limits, errors in AWS's order) · [`condition`] · [`update`] ·
//! [`projection`] · [`functions`] (names and where they may stand).
//!
//! AWS tells a syntax error first, wherever it is; then what a word or function may not be; then what is not
//! defined; then operands. So the parser builds resolved trees at once, keeps the most urgent other problem in
//! [`Parser::defer`], and goes on with a stand-in until the end of the text.
//!
//! Invariants: recursion is bounded by [`MAX_NESTING`], loops by the length of the text.

mod condition;
mod functions;
mod projection;
mod update;

use std::sync::Arc;

use super::error::{ExpressionError, ExpressionKind, Problem};
use super::lexer::{Token, TokenKind, token_at};
use super::path::{Path, Step};
use super::placeholders::Placeholders;
use super::reserved::is_reserved;
use crate::value::AttributeValue;
use crate::value::size::MAX_DEPTH;

/// The longest expression, in bytes.
pub const MAX_EXPRESSION_LEN: usize = 4096;
/// The most operators and functions of an expression.
pub const MAX_OPERATORS: usize = 300;
/// How deep parentheses and functions may lie in each other. AWS tells no number; this one keeps the stack.
pub const MAX_NESTING: usize = 100;

/// The largest index of a list element.
const MAX_INDEX: usize = i32::MAX as usize;

type Parsed<T> = Result<T, Box<Problem>>;

/// How urgent a problem is that is told behind syntax errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Reserved words, functions, parentheses.
    Form,
    /// Names and values that are not defined.
    Reference,
    /// Operands that do not fit.
    Operand,
}

struct Parser<'e, 'p> {
    kind: ExpressionKind,
    text: &'e str,
    current: Token<'e>,
    /// Where the token before the current one begins; before the first, where the text does.
    previous: usize,
    placeholders: &'p mut Placeholders,
    deferred: Option<(Rank, Box<Problem>)>,
    operators: usize,
    nesting: usize,
}

/// Parses the whole of `text` with `parse`.
fn parse_all<'e, 'p, T>(
    kind: ExpressionKind,
    text: &'e str,
    placeholders: &'p mut Placeholders,
    parse: impl FnOnce(&mut Parser<'e, 'p>) -> Parsed<T>,
) -> Result<T, ExpressionError> {
    let mut parser = Parser::new(kind, text, placeholders);
    let parsed = parser.whole(parse);
    parsed.map_err(|problem| ExpressionError::Invalid(kind, problem))
}

impl<'e, 'p> Parser<'e, 'p> {
    fn new(kind: ExpressionKind, text: &'e str, placeholders: &'p mut Placeholders) -> Self {
        let current = token_at(text, 0);
        Self { kind, text, current, previous: 0, placeholders, deferred: None, operators: 0, nesting: 0 }
    }

    fn whole<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.text.len() > MAX_EXPRESSION_LEN {
            return Err(Problem::TooLong(self.text.len()).into());
        }
        if self.text.is_empty() {
            return Err(Problem::Empty.into());
        }
        let parsed = parse(self)?;
        if self.current.kind != TokenKind::End {
            return Err(self.syntax_error());
        }
        match self.deferred.take() {
            Some((_, problem)) => Err(problem),
            None => Ok(parsed),
        }
    }

    fn advance(&mut self) -> Token<'e> {
        let token = self.current;
        self.previous = token.start;
        self.current = token_at(self.text, token.end());
        token
    }

    fn next_is_symbol(&self, symbol: &str) -> bool {
        token_at(self.text, self.current.end()).is_symbol(symbol)
    }

    fn accept_symbol(&mut self, symbol: &str) -> bool {
        let there = self.current.is_symbol(symbol);
        if there {
            self.advance();
        }
        there
    }

    fn accept_keyword(&mut self, keyword: &str) -> bool {
        let there = self.current.is_keyword(keyword);
        if there {
            self.advance();
        }
        there
    }

    fn expect_symbol(&mut self, symbol: &str) -> Parsed<()> {
        if self.accept_symbol(symbol) { Ok(()) } else { Err(self.syntax_error()) }
    }

    fn expect_keyword(&mut self, keyword: &str) -> Parsed<()> {
        if self.accept_keyword(keyword) { Ok(()) } else { Err(self.syntax_error()) }
    }

    /// The current token cannot stand there. AWS shows the tokens before and behind it too.
    fn syntax_error(&self) -> Box<Problem> {
        let token = if self.current.kind == TokenKind::End { "<EOF>" } else { self.current.text };
        let next = token_at(self.text, self.current.end());
        let near = &self.text[self.previous..next.end()];
        Box::new(Problem::Syntax { token: token.to_owned(), near: near.to_owned() })
    }

    /// Notes a problem that is told where the text has no syntax error, and none more urgent is there.
    fn defer(&mut self, rank: Rank, problem: Problem) {
        if self.deferred.as_ref().is_none_or(|(noted, _)| rank < *noted) {
            self.deferred = Some((rank, Box::new(problem)));
        }
    }

    fn check(&mut self, checked: Result<(), Problem>) {
        if let Err(problem) = checked {
            self.defer(Rank::Operand, problem);
        }
    }

    fn count_operator(&mut self) -> Parsed<()> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            Err(Problem::TooManyOperators(self.operators).into())
        } else {
            Ok(())
        }
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(Problem::NestedTooDeeply(self.nesting).into());
        }
        let parsed = parse(self)?;
        self.nesting -= 1;
        Ok(parsed)
    }

    fn value(&mut self) -> Parsed<Arc<AttributeValue>> {
        if self.current.kind != TokenKind::ValuePlaceholder {
            return Err(self.syntax_error());
        }
        let key = self.advance().text;
        Ok(self.placeholders.value(key).unwrap_or_else(|| {
            self.defer(Rank::Reference, Problem::ValueNotDefined(key.to_owned()));
            Arc::new(AttributeValue::Null)
        }))
    }

    fn path(&mut self) -> Parsed<Path> {
        let mut path = Path::of_attribute(self.name()?);
        loop {
            if self.accept_symbol(".") {
                path.steps.push(Step::Name(self.name()?));
            } else if self.accept_symbol("[") {
                path.steps.push(Step::Index(self.index()?));
                self.expect_symbol("]")?;
            } else {
                break;
            }
        }
        if !path.steps.is_empty() {
            self.placeholders.note_parts(&path.attribute);
        }
        let elements = 1 + path.steps.len();
        if elements > MAX_DEPTH {
            self.defer(Rank::Operand, Problem::PathTooDeep(elements));
            // The problem is told once the whole text is read; until then nothing may recurse this deep.
            path.steps.truncate(MAX_DEPTH);
        }
        Ok(path)
    }

    fn name(&mut self) -> Parsed<String> {
        match self.current.kind {
            TokenKind::Word if !self.is_keyword() => Ok(self.word()),
            TokenKind::NamePlaceholder => Ok(self.placeholder_name()),
            _ => Err(self.syntax_error()),
        }
    }

    fn word(&mut self) -> String {
        let word = self.advance().text;
        if is_reserved(word) {
            self.defer(Rank::Form, Problem::Reserved(word.to_owned()));
        }
        word.to_owned()
    }

    fn placeholder_name(&mut self) -> String {
        let key = self.advance().text;
        let name = self.placeholders.name(key).map(str::to_owned);
        name.unwrap_or_else(|| {
            self.defer(Rank::Reference, Problem::NameNotDefined(key.to_owned()));
            key.to_owned()
        })
    }

    fn index(&mut self) -> Parsed<usize> {
        if self.current.kind != TokenKind::Digits {
            return Err(self.syntax_error());
        }
        let digits = self.advance().text;
        let index = digits.parse().ok().filter(|index| *index <= MAX_INDEX);
        Ok(index.unwrap_or_else(|| {
            self.defer(Rank::Operand, Problem::IndexOutOfRange(digits.to_owned()));
            0
        }))
    }

    /// Whether the current word is a part of the grammar, and so cannot be a name.
    fn is_keyword(&self) -> bool {
        let keywords: &[&str] = match self.kind {
            ExpressionKind::Update => &["SET", "REMOVE", "ADD", "DELETE"],
            ExpressionKind::Projection => &[],
            _ => &["AND", "OR", "NOT", "BETWEEN", "IN"],
        };
        keywords.iter().any(|keyword| self.current.is_keyword(keyword))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Condition, ExpressionKind, Placeholders, Projection, Update};
    use super::{MAX_NESTING, MAX_OPERATORS};
    use crate::value::{AttributeValue, Set};

    /// `#a` is `a`, `#dot` is `x.y`; `:s` is a string, `:n` a number, `:t` a type; the others are of the type
    /// they are called after.
    pub(crate) fn placeholders() -> Placeholders {
        let names = [("#a", "a"), ("#dot", "x.y"), ("#name", "name")];
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let values = [
            (":s", text("str")),
            (":n", AttributeValue::N(5_u64.into())),
            (":m", AttributeValue::N(7_u64.into())),
            (":t", text("BOOL")),
            (":b", AttributeValue::B(vec![1].into())),
            (":bool", AttributeValue::Bool(true)),
            (":null", AttributeValue::Null),
            (":list", AttributeValue::L(vec![])),
            (":map", AttributeValue::M(crate::value::Map::new())),
            (":ss", AttributeValue::SS(Set::of_distinct(vec!["a".to_owned()]).unwrap())),
        ];
        let names = names.map(|(key, name)| (key.to_owned(), name.to_owned())).to_vec();
        let values = values.map(|(key, value)| (key.to_owned(), value)).to_vec();
        Placeholders::of_checked(Some(names), Some(values)).unwrap()
    }

    fn told(kind: ExpressionKind, text: &str) -> String {
        let mut placeholders = placeholders();
        let error = match kind {
            ExpressionKind::Update => Update::parse(text, &mut placeholders).err(),
            ExpressionKind::Projection => Projection::parse(text, &mut placeholders).err(),
            kind => Condition::parse(kind, text, &mut placeholders).err(),
        };
        error.map_or_else(|| format!("{text} is well"), |error| error.to_string())
    }

    pub(crate) fn condition_told(text: &str) -> String {
        told(ExpressionKind::Condition, text).replace("Invalid ConditionExpression: ", "")
    }

    pub(crate) fn update_told(text: &str) -> String {
        told(ExpressionKind::Update, text).replace("Invalid UpdateExpression: ", "")
    }

    const CONDITIONS: [ExpressionKind; 3] =
        [ExpressionKind::Condition, ExpressionKind::Filter, ExpressionKind::KeyCondition];

    #[test]
    fn errors_name_the_parameter() {
        for kind in CONDITIONS {
            assert_eq!(
                told(kind, ""),
                format!("Invalid {}: The expression can not be empty;", kind.parameter())
            );
        }
        assert_eq!(
            told(ExpressionKind::Filter, "a ="),
            "Invalid FilterExpression: Syntax error; token: \"<EOF>\", near: \"=\""
        );
        assert_eq!(
            told(ExpressionKind::Projection, "a,,b"),
            "Invalid ProjectionExpression: Syntax error; token: \",\", near: \",,b\""
        );
        assert_eq!(
            told(ExpressionKind::Update, " \n"),
            "Invalid UpdateExpression: Syntax error; token: \"<EOF>\", near: \" \n\""
        );
        assert_eq!(
            told(ExpressionKind::Filter, "  = :n"),
            "Invalid FilterExpression: Syntax error; token: \"=\", near: \"  = :n\""
        );
        assert_eq!(
            told(ExpressionKind::Filter, "a =  "),
            "Invalid FilterExpression: Syntax error; token: \"<EOF>\", near: \"=  \""
        );
    }

    #[test]
    fn projections_are_refused_in_the_words_of_aws() {
        let overlap =
            "Two document paths overlap with each other; must remove or rewrite one of these paths; ";
        let conflict =
            "Two document paths conflict with each other; must remove or rewrite one of these paths; ";
        for (text, expected) in [
            ("a.b, #dot", "a.b, #dot is well".to_owned()),
            ("name", "Attribute name is a reserved keyword; reserved keyword: name".into()),
            ("a, Name.b", "Attribute name is a reserved keyword; reserved keyword: Name".into()),
            ("b.name", "Attribute name is a reserved keyword; reserved keyword: name".into()),
            (
                "#q",
                "An expression attribute name used in the document path is not defined; attribute name: #q"
                    .into(),
            ),
            ("a, #a", format!("{overlap}path one: [a], path two: [a]")),
            ("a.b[1].c, a.b", format!("{overlap}path one: [a, b, [1], c], path two: [a, b]")),
            ("a[0], q, a.b", format!("{conflict}path one: [a, [0]], path two: [a, b]")),
            (":s", "Syntax error; token: \":s\", near: \":s\"".into()),
            ("a b", "Syntax error; token: \"b\", near: \"a b\"".into()),
            ("a-b", "Syntax error; token: \"-\", near: \"a-b\"".into()),
            ("a.", "Syntax error; token: \"<EOF>\", near: \".\"".into()),
            ("a[b]", "Syntax error; token: \"b\", near: \"[b]\"".into()),
            ("a[-1]", "Syntax error; token: \"-\", near: \"[-1\"".into()),
            ("a[1", "Syntax error; token: \"<EOF>\", near: \"1\"".into()),
            ("a[01]", "Syntax error; token: \"1\", near: \"01]\"".into()),
            ("1a", "Syntax error; token: \"1\", near: \"1a\"".into()),
            ("size(a)", "Syntax error; token: \"(\", near: \"size(a\"".into()),
            ("a[99999999999]", "List index is not within the allowable range; index: [99999999999]".into()),
        ] {
            let told = told(ExpressionKind::Projection, text).replace("Invalid ProjectionExpression: ", "");
            assert_eq!(told, expected, "{text}");
        }
    }

    #[test]
    fn nothing_is_too_long_or_too_deep_for_a_clear_error() {
        let size = "Expression size has exceeded the maximum allowed size; expression size: ";
        assert!(condition_told(&format!("{}a = :n", "(".repeat(10_000))).starts_with(size));
        assert!(condition_told(&"NOT ".repeat(10_000)).starts_with(size));
        assert!(update_told(&format!("SET a = {}", "(".repeat(10_000))).starts_with(size));
        assert!(told(ExpressionKind::Projection, &"a.".repeat(10_000)).contains(size));
        let parentheses = |depth| format!("{}a = :n{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(condition_told(&parentheses(MAX_NESTING)), "The expression has redundant parentheses;");
        assert!(condition_told(&parentheses(2000)).starts_with("The expression is nested too deeply"));
        assert!(
            update_told(&format!("SET a = {}", "if_not_exists(b, ".repeat(200)))
                .starts_with("The expression is")
        );
        assert!(update_told(&format!("SET a = {}", "(".repeat(4000))).starts_with("The expression is"));
        assert!(condition_told(&format!("{}a = :n", "size(".repeat(800))).starts_with("The expression is"));
        assert!(
            condition_told(&"NOT ".repeat(1000)).starts_with("The expression contains too many operators")
        );
    }

    #[test]
    fn operators_are_counted() {
        let text = |count: usize| vec!["a=:n"; count].join(" OR ");
        assert_eq!(MAX_OPERATORS, 300);
        assert!(condition_told(&text(150)).ends_with("is well"));
        assert_eq!(
            condition_told(&text(151)),
            "The expression contains too many operators; operator count: 301"
        );
    }

    #[test]
    fn paths_have_their_depth() {
        let path = |steps| format!("a{}", ".b".repeat(steps));
        assert!(told(ExpressionKind::Projection, &path(31)).ends_with("is well"));
        assert!(told(ExpressionKind::Projection, &path(32)).ends_with("nesting levels: 33"));
    }
}
