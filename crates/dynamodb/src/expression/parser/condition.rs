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
        let mut conditions = vec![self.as_condition(first)?];
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
