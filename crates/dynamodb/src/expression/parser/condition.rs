//! Conditions.
//!
//! ```text
//! condition   conjunction (OR conjunction)*
//! conjunction negation (AND negation)*
//! negation    NOT* comparison
//! comparison  primary [(= | <> | < | <= | > | >=) primary | BETWEEN primary AND primary | IN ( primary, … )]
//! primary     path | :value | function ( primary, … ) | ( condition )
//! ```
//! Parentheses may hold a condition or an operand; which one is known only behind them, so a [`Term`] is
//! either until something needs one of the two.

use super::super::condition::{Comparator, Condition, Operand, check};
use super::super::error::{ExpressionError, ExpressionKind, Problem};
use super::super::lexer::TokenKind;
use super::super::path::Path;
use super::super::placeholders::Placeholders;
use super::functions::Function;
use super::{Parsed, Parser, Rank, parse_all};

const MAX_IN_OPERANDS: usize = 100;

/// Room for as many joined conditions as most expressions have, so that none is moved to make more.
const FEW_CONDITIONS: usize = 4;

impl Condition {
    /// Parses a condition, filter or key condition.
    ///
    /// # Errors
    /// In AWS's words and order.
    pub fn parse(
        kind: ExpressionKind,
        text: &str,
        placeholders: &mut Placeholders,
    ) -> Result<Self, ExpressionError> {
        parse_all(kind, text, placeholders, |parser| {
            let term = parser.disjunction()?;
            parser.as_condition(term)
        })
    }
}

struct Term {
    body: Body,
    /// Whether parentheses stand directly around it.
    grouped: bool,
}

enum Body {
    Condition(Condition),
    Operand(Operand),
    /// A function that is none: a problem is noted, and it may stand for anything.
    Unknown,
}

impl From<Condition> for Term {
    fn from(condition: Condition) -> Self {
        Self { body: Body::Condition(condition), grouped: false }
    }
}

impl From<Operand> for Term {
    fn from(operand: Operand) -> Self {
        Self { body: Body::Operand(operand), grouped: false }
    }
}

impl Parser<'_, '_> {
    fn disjunction(&mut self) -> Parsed<Term> {
        self.joined("OR", Condition::Or, Self::conjunction)
    }

    fn conjunction(&mut self) -> Parsed<Term> {
        self.joined("AND", Condition::And, Self::negation)
    }

    fn joined(
        &mut self,
        keyword: &str,
        join: fn(Vec<Condition>) -> Condition,
        part: fn(&mut Self) -> Parsed<Term>,
    ) -> Parsed<Term> {
        let first = part(self)?;
        if !self.current.is_keyword(keyword) {
            return Ok(first);
        }
        let mut conditions = Vec::with_capacity(FEW_CONDITIONS);
        conditions.push(self.as_condition(first)?);
        while self.accept_keyword(keyword) {
            self.count_operator()?;
            let next = part(self)?;
            conditions.push(self.as_condition(next)?);
        }
        Ok(join(conditions).into())
    }

    fn negation(&mut self) -> Parsed<Term> {
        let mut negations = 0;
        while self.accept_keyword("NOT") {
            self.count_operator()?;
            negations += 1;
        }
        let term = self.comparison()?;
        if negations == 0 {
            return Ok(term);
        }
        let condition = self.as_condition(term)?;
        Ok((0..negations).fold(condition, |inner, _| Condition::Not(Box::new(inner))).into())
    }

    fn comparison(&mut self) -> Parsed<Term> {
        let first = self.primary()?;
        if let Some(comparator) = self.comparator() {
            let left = self.as_operand(first)?;
            self.advance();
            return self.compared(left, comparator);
        }
        if self.current.is_keyword("BETWEEN") {
            let value = self.as_operand(first)?;
            self.advance();
            return self.between(value);
        }
        if self.current.is_keyword("IN") {
            let value = self.as_operand(first)?;
            self.advance();
            return self.among(value);
        }
        Ok(first)
    }

    fn comparator(&self) -> Option<Comparator> {
        let token = &self.current;
        (token.kind == TokenKind::Symbol).then(|| Comparator::of_symbol(token.text)).flatten()
    }

    fn compared(&mut self, left: Operand, comparator: Comparator) -> Parsed<Term> {
        self.count_operator()?;
        let right = self.operand()?;
        self.check(check::comparison(&left, comparator, &right));
        Ok(Condition::Compare { left, comparator, right }.into())
    }

    fn between(&mut self, value: Operand) -> Parsed<Term> {
        self.count_operator()?;
        let low = self.operand()?;
        self.expect_keyword("AND")?;
        let high = self.operand()?;
        self.check(check::between(&value, &low, &high));
        Ok(Condition::Between { value, low, high }.into())
    }

    fn among(&mut self, value: Operand) -> Parsed<Term> {
        self.count_operator()?;
        self.expect_symbol("(")?;
        let candidates = self.operands()?;
        if candidates.len() > MAX_IN_OPERANDS {
            self.defer(Rank::Operand, Problem::TooManyInOperands(candidates.len()));
        }
        self.check(check::distinct("IN", &value, &candidates));
        Ok(Condition::In { value, candidates }.into())
    }

    /// Operands with commas between, and the closing parenthesis.
    fn operands(&mut self) -> Parsed<Vec<Operand>> {
        let mut operands = vec![self.operand()?];
        while self.accept_symbol(",") {
            operands.push(self.operand()?);
        }
        self.expect_symbol(")")?;
        Ok(operands)
    }

    fn operand(&mut self) -> Parsed<Operand> {
        let term = self.primary()?;
        self.as_operand(term)
    }

    fn primary(&mut self) -> Parsed<Term> {
        match self.current.kind {
            TokenKind::Symbol if self.current.is_symbol("(") => self.nested(Self::group),
            TokenKind::Word if self.next_is_symbol("(") && !self.is_keyword() => self.nested(Self::call),
            TokenKind::ValuePlaceholder => Ok(Operand::Value(self.value()?).into()),
            _ => Ok(Operand::Path(self.path()?).into()),
        }
    }

    fn group(&mut self) -> Parsed<Term> {
        self.expect_symbol("(")?;
        let inner = self.disjunction()?;
        self.expect_symbol(")")?;
        if inner.grouped {
            self.defer(Rank::Form, Problem::RedundantParentheses);
        }
        Ok(Term { grouped: true, ..inner })
    }

    fn call(&mut self) -> Parsed<Term> {
        self.count_operator()?;
        let name = self.advance().text;
        self.expect_symbol("(")?;
        let operands = self.operands()?;
        let called = Function::find(self.kind, name, operands.len())
            .and_then(|function| called(function, operands).map_err(|problem| (Rank::Operand, problem)));
        Ok(called.unwrap_or_else(|(rank, problem)| {
            self.defer(rank, problem);
            Term { body: Body::Unknown, grouped: false }
        }))
    }

    fn as_condition(&mut self, term: Term) -> Parsed<Condition> {
        match term.body {
            Body::Condition(condition) => Ok(condition),
            Body::Unknown => Ok(Condition::And(Vec::new())),
            Body::Operand(Operand::Size(_)) => {
                self.defer(Rank::Form, Problem::FunctionMisused("size"));
                Ok(Condition::And(Vec::new()))
            }
            Body::Operand(_) => Err(self.syntax_error()),
        }
    }

    fn as_operand(&mut self, term: Term) -> Parsed<Operand> {
        match term.body {
            Body::Operand(operand) => Ok(operand),
            Body::Unknown => Ok(Operand::Path(Path::default())),
            Body::Condition(condition) => match condition.function() {
                Some(function) => {
                    self.defer(Rank::Form, Problem::FunctionMisused(function));
                    Ok(Operand::Path(Path::default()))
                }
                None => Err(self.syntax_error()),
            },
        }
    }
}

fn called(function: Function, operands: Vec<Operand>) -> Result<Term, Problem> {
    let mut operands = operands.into_iter();
    let mut next = || operands.next().unwrap_or_else(|| Operand::Path(Path::default()));
    Ok(match function {
        Function::AttributeExists => Condition::Exists(required_path("attribute_exists", next())?).into(),
        Function::AttributeNotExists => {
            Condition::NotExists(required_path("attribute_not_exists", next())?).into()
        }
        Function::AttributeType => attribute_type(next(), &next())?.into(),
        Function::BeginsWith => {
            let (value, prefix) = (next(), next());
            check::begins_with(&value, &prefix)?;
            Condition::BeginsWith { value, prefix }.into()
        }
        Function::Contains => {
            let (value, part) = (next(), next());
            check::contains(&value, &part)?;
            Condition::Contains { value, part }.into()
        }
        Function::Size | Function::IfNotExists | Function::ListAppend => size(next())?.into(),
    })
}

fn attribute_type(first: Operand, named: &Operand) -> Result<Condition, Problem> {
    let path = required_path("attribute_type", first)?;
    let value_type = check::type_named(named)?;
    Ok(Condition::HasType { path, value_type })
}

fn size(operand: Operand) -> Result<Operand, Problem> {
    check::size(&operand)?;
    Ok(Operand::Size(Box::new(operand)))
}

fn required_path(function: &'static str, operand: Operand) -> Result<Path, Problem> {
    match operand {
        Operand::Path(path) => Ok(path),
        Operand::Value(_) | Operand::Size(_) => Err(Problem::PathRequired(function)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{condition_told as told, placeholders};
    use super::{Condition, ExpressionKind};

    #[test]
    fn parentheses_group_and_keywords_have_no_case() {
        let parse =
            |text: &str| Condition::parse(ExpressionKind::Condition, text, &mut placeholders()).unwrap();
        for (one, other) in [
            ("a = :n", "(a = :n)"),
            ("a = :n", "(a) = (:n)"),
            ("#a = :n", "a = :n"),
            ("a=:n and b=:n or not c=:n", "((a = :n) AND b = :n) OR (NOT (c = :n))"),
            ("a BETWEEN :n AND :m AND b = :n", "(a between :n and :m) and (b = :n)"),
            ("a in(:n,:m)", "a IN ((:n), :m)"),
            ("size(a) > :n", "(size((a))) > :n"),
            ("a . b [ 1 ] = :n", "a.b[1]=:n"),
        ] {
            assert_eq!(parse(one), parse(other), "{one}");
        }
    }

    #[test]
    fn syntax_errors_are_told_before_anything_else() {
        for (text, token, near) in [
            ("a", "<EOF>", "a"),
            ("a = ", "<EOF>", "= "),
            ("= :n", "=", "= :n"),
            ("a == :n", "=", "== :n"),
            ("a = 5", "5", "= 5"),
            ("a = 'x'", "'", "= 'x"),
            ("a = :n b", "b", ":n b"),
            ("a = :n AND", "<EOF>", "AND"),
            ("AND a = :n", "AND", "AND a"),
            ("a AND b = :n", "AND", "a AND b"),
            ("NOT a", "<EOF>", "a"),
            ("(a = :n", "<EOF>", ":n"),
            ("a = :n)", ")", ":n)"),
            ("()", ")", "()"),
            ("a = :n = :m", "=", ":n = :m"),
            ("(a = :n) = :m", "=", ") = :m"),
            ("a BETWEEN :n :m", ":m", ":n :m"),
            ("a BETWEEN :n OR :m", "OR", ":n OR :m"),
            ("a IN :n", ":n", "IN :n"),
            ("a IN ()", ")", "()"),
            ("a IN (:n", "<EOF>", ":n"),
            ("size()", ")", "()"),
            ("a != :n", "!", "a !="),
            ("a = NOT b", "NOT", "= NOT b"),
            ("a = :n, b = :n", ",", ":n, b"),
            ("a = # ", "#", "= # "),
            ("a = :", ":", "= :"),
            ("a = :n.b", ".", ":n.b"),
            ("a + :n = :m", "+", "a + :n"),
            ("a = \u{1F980}", "\u{1F980}", "= \u{1F980}"),
            ("name = :q AND foo(a) AND", "<EOF>", "AND"),
        ] {
            assert_eq!(told(text), format!("Syntax error; token: \"{token}\", near: \"{near}\""), "{text}");
        }
    }

    #[test]
    fn words_and_functions_are_refused_in_the_words_of_aws() {
        let misused = "The function is not allowed to be used this way in an expression; function: ";
        for (text, expected) in [
            ("name = :n", "Attribute name is a reserved keyword; reserved keyword: name".to_owned()),
            ("a.SIZE = :n", "Attribute name is a reserved keyword; reserved keyword: SIZE".into()),
            ("#name = :n", "#name = :n is well".into()),
            ("((a = :n))", "The expression has redundant parentheses;".into()),
            ("((a)) = :n", "The expression has redundant parentheses;".into()),
            ("((a = :n) AND b = :n)", "((a = :n) AND b = :n) is well".into()),
            (
                "#q = :n",
                "An expression attribute name used in the document path is not defined; attribute name: #q"
                    .into(),
            ),
            (
                "a = :q",
                "An expression attribute value used in expression is not defined; attribute value: :q".into(),
            ),
            ("foo(a)", "Invalid function name; function: foo".into()),
            ("SIZE(a) = :n", "Invalid function name; function: SIZE".into()),
            ("foo(a) = :q", "Invalid function name; function: foo".into()),
            (
                "if_not_exists(a, :n) = :n",
                "The function is not allowed in a condition expression; function: if_not_exists".into(),
            ),
            ("size(a)", format!("{misused}size")),
            ("size(attribute_exists(a)) = :n", format!("{misused}attribute_exists")),
            ("attribute_exists(a) = :n", format!("{misused}attribute_exists")),
            ("contains(a, begins_with(b, :s))", format!("{misused}begins_with")),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn operands_that_cannot_fit_are_refused_in_the_words_of_aws() {
        let operand = "Incorrect operand type for operator or function; operator or function: ";
        let count = "Incorrect number of operands for operator or function; operator or function: ";
        let path = "Operator or function requires a document path; operator or function: ";
        for (text, expected) in [
            ("attribute_exists(a, b)", format!("{count}attribute_exists, number of operands: 2")),
            ("contains(a)", format!("{count}contains, number of operands: 1")),
            ("size(a, b, c) = :n", format!("{count}size, number of operands: 3")),
            ("attribute_exists(:s)", format!("{path}attribute_exists")),
            ("attribute_not_exists(size(a))", format!("{path}attribute_not_exists")),
            ("attribute_type(:s, :t)", format!("{path}attribute_type")),
            ("attribute_type(a, :n)", format!("{operand}attribute_type, operand type: N")),
            (
                "attribute_type(a, b)",
                format!("{operand}attribute_type, operand type: {{NS,SS,L,BS,N,M,B,BOOL,NULL,S}}"),
            ),
            (
                "attribute_type(a, :s)",
                "Invalid attribute type name found; type: str, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
                    .into(),
            ),
            ("begins_with(a, :n)", format!("{operand}begins_with, operand type: N")),
            ("begins_with(:bool, a)", format!("{operand}begins_with, operand type: BOOL")),
            ("contains(:n, a)", format!("{operand}contains, operand type: N")),
            ("contains(a, :n)", "contains(a, :n) is well".into()),
            ("size(:n) = :n", format!("{operand}size, operand type: N")),
            ("size(size(a)) = :n", format!("{operand}size, operand type: N")),
            ("size(:null) = :n", format!("{operand}size, operand type: NULL")),
            ("size(:s) = :n", "size(:s) = :n is well".into()),
            ("a < :bool", format!("{operand}<, operand type: BOOL")),
            (":map >= a", format!("{operand}>=, operand type: M")),
            ("a = :map AND b <> :list", "a = :map AND b <> :list is well".into()),
            ("a BETWEEN :ss AND :n", format!("{operand}BETWEEN, operand type: SS")),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn operands_are_distinct_and_bounds_in_order() {
        let distinct = "The first operand must be distinct from the remaining operands for this operator or function; operator: ";
        for (text, expected) in [
            ("a = a", format!("{distinct}=, first operand: [a]")),
            ("a.b[0] <> #a.b[0]", format!("{distinct}<>, first operand: [a, b, [0]]")),
            ("a BETWEEN :n AND a", format!("{distinct}BETWEEN, first operand: [a]")),
            ("a IN (:n, a)", format!("{distinct}IN, first operand: [a]")),
            ("begins_with(a, a)", format!("{distinct}begins_with, first operand: [a]")),
            ("contains(a, a)", format!("{distinct}contains, first operand: [a]")),
            (
                "a BETWEEN :m AND :n",
                "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound \
                 operand: AttributeValue: {N:7}, upper bound operand: AttributeValue: {N:5}"
                    .into(),
            ),
            (
                "a BETWEEN :s AND :n",
                "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: \
                 AttributeValue: {S:str}, upper bound operand: AttributeValue: {N:5}"
                    .into(),
            ),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn words_go_before_definitions_and_these_before_operands() {
        for (text, expected) in [
            ("a = a AND #q = :n AND b = :q", told("#q = :n")),
            ("a = a AND #q = :n AND name = :q", told("name = :n")),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn a_hundred_candidates_are_enough() {
        let text = |count| format!("a IN ({})", vec![":n"; count].join(","));
        assert!(told(&text(100)).ends_with("is well"));
        assert_eq!(
            told(&text(101)),
            "The IN operator is provided with too many operands; number of operands: 101"
        );
    }
}
