//! From text to a condition.
//!
//! ```text
//! condition   conjunction (OR conjunction)*
//! conjunction negation (AND negation)*
//! negation    NOT negation | ( condition ) | comparison
//! comparison  operand (= | <> | < | <= | > | >=) operand | operand BETWEEN operand AND operand
//!             | operand IN ( operand, … ) | function ( operand, … )
//! operand     path | :value | size ( path )
//! ```

use super::lexer::{Kind, Token, token};
use super::tree::{Comparator, Condition, Function, Operand, Path, Step};
use crate::error::QueryError;

/// The longest expression DynamoDB takes, in bytes.
pub const MAX_LEN: usize = 4096;
/// How deep parentheses and negations may lie in each other.
const MAX_NESTING: usize = 100;

type Parsed<T> = Result<T, QueryError>;

impl Condition {
    /// Parses a key condition or filter.
    ///
    /// # Errors
    /// [`QueryError::Syntax`].
    pub fn parse(text: &str) -> Parsed<Self> {
        let mut parser = Parser { text, current: token(text, 0), nesting: 0 };
        if text.len() > MAX_LEN {
            return parser.fail("it is longer than 4 KB");
        }
        let condition = parser.condition()?;
        if parser.current.kind == Kind::End { Ok(condition) } else { parser.fail("something is left over") }
    }
}

struct Parser<'t> {
    text: &'t str,
    current: Token<'t>,
    nesting: usize,
}

impl<'t> Parser<'t> {
    fn fail<T>(&self, reason: &'static str) -> Parsed<T> {
        Err(QueryError::Syntax { at: self.current.at, reason })
    }

    fn next(&mut self) -> Token<'t> {
        let token = token(self.text, self.current.at + self.current.text.len());
        std::mem::replace(&mut self.current, token)
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let is_it = self.current.kind == Kind::Word && self.current.text.eq_ignore_ascii_case(keyword);
        if is_it {
            self.next();
        }
        is_it
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let is_it = self.current.kind == Kind::Symbol && self.current.text == symbol;
        if is_it {
            self.next();
        }
        is_it
    }

    fn expect(&mut self, symbol: &str, reason: &'static str) -> Parsed<()> {
        if self.take_symbol(symbol) { Ok(()) } else { self.fail(reason) }
    }

    fn condition(&mut self) -> Parsed<Condition> {
        self.joined("OR", Condition::Or, Self::conjunction)
    }

    fn conjunction(&mut self) -> Parsed<Condition> {
        self.joined("AND", Condition::And, Self::negation)
    }

    fn joined(
        &mut self,
        keyword: &str,
        join: fn(Vec<Condition>) -> Condition,
        part: fn(&mut Self) -> Parsed<Condition>,
    ) -> Parsed<Condition> {
        let first = part(self)?;
        if !self.take_keyword(keyword) {
            return Ok(first);
        }
        let mut parts = vec![first, part(self)?];
        while self.take_keyword(keyword) {
            parts.push(part(self)?);
        }
        Ok(join(parts))
    }

    fn negation(&mut self) -> Parsed<Condition> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return self.fail("it nests too deep");
        }
        let condition = if self.take_keyword("NOT") {
            Condition::Not(Box::new(self.negation()?))
        } else if self.take_symbol("(") {
            let condition = self.condition()?;
            self.expect(")", "a parenthesis is not closed")?;
            condition
        } else {
            self.comparison()?
        };
        self.nesting -= 1;
        Ok(condition)
    }

    fn comparison(&mut self) -> Parsed<Condition> {
        if let Some(condition) = self.call()? {
            return Ok(condition);
        }
        let left = self.operand()?;
        if self.take_keyword("BETWEEN") {
            let low = self.operand()?;
            if !self.take_keyword("AND") {
                return self.fail("BETWEEN needs an AND");
            }
            return Ok(Condition::Between(left, low, self.operand()?));
        }
        if self.take_keyword("IN") {
            return Ok(Condition::In(left, self.candidates()?));
        }
        let comparator = self.comparator()?;
        Ok(Condition::Compare(left, comparator, self.operand()?))
    }

    fn comparator(&mut self) -> Parsed<Comparator> {
        let comparator = match (self.current.kind, self.current.text) {
            (Kind::Symbol, "=") => Comparator::Equal,
            (Kind::Symbol, "<>") => Comparator::NotEqual,
            (Kind::Symbol, "<") => Comparator::Less,
            (Kind::Symbol, "<=") => Comparator::LessOrEqual,
            (Kind::Symbol, ">") => Comparator::Greater,
            (Kind::Symbol, ">=") => Comparator::GreaterOrEqual,
            _ => return self.fail("a comparator is missing"),
        };
        self.next();
        Ok(comparator)
    }

    fn candidates(&mut self) -> Parsed<Vec<Operand>> {
        self.expect("(", "IN needs a list in parentheses")?;
        let mut candidates = vec![self.operand()?];
        while self.take_symbol(",") {
            candidates.push(self.operand()?);
        }
        self.expect(")", "a parenthesis is not closed")?;
        Ok(candidates)
    }

    /// A function that is a condition; `None` where there is none, or an operand.
    fn call(&mut self) -> Parsed<Option<Condition>> {
        let name = self.current.text;
        if self.current.kind != Kind::Word || name == "size" || !self.is_before("(") {
            return Ok(None);
        }
        let condition = match name {
            "attribute_exists" => Condition::Exists(self.only_path()?),
            "attribute_not_exists" => Condition::NotExists(self.only_path()?),
            "attribute_type" => self.two_operands(Function::HasType)?,
            "begins_with" => self.two_operands(Function::BeginsWith)?,
            "contains" => self.two_operands(Function::Contains)?,
            _ => return self.fail("there is no such function"),
        };
        Ok(Some(condition))
    }

    fn is_before(&self, symbol: &str) -> bool {
        token(self.text, self.current.at + self.current.text.len()).text == symbol
    }

    fn only_path(&mut self) -> Parsed<Path> {
        self.next();
        self.expect("(", "a function needs parentheses")?;
        let path = self.path()?;
        self.expect(")", "a parenthesis is not closed")?;
        Ok(path)
    }

    fn two_operands(&mut self, function: Function) -> Parsed<Condition> {
        self.next();
        self.expect("(", "a function needs parentheses")?;
        let one = self.operand()?;
        self.expect(",", "the function has two operands")?;
        let other = self.operand()?;
        self.expect(")", "a parenthesis is not closed")?;
        Ok(Condition::Call(function, one, other))
    }

    fn operand(&mut self) -> Parsed<Operand> {
        match self.current.kind {
            Kind::Value => Ok(Operand::Value(self.next().text.to_owned())),
            Kind::Word if self.current.text == "size" && self.is_before("(") => {
                Ok(Operand::Size(self.only_path()?))
            }
            _ => Ok(Operand::Path(self.path()?)),
        }
    }

    fn path(&mut self) -> Parsed<Path> {
        let root = self.name()?;
        let mut steps = Vec::new();
        loop {
            if self.take_symbol(".") {
                steps.push(Step::Key(self.name()?));
            } else if self.take_symbol("[") {
                steps.push(Step::Index(self.index()?));
                self.expect("]", "a bracket is not closed")?;
            } else {
                return Ok(Path { root, steps });
            }
        }
    }

    fn name(&mut self) -> Parsed<String> {
        match self.current.kind {
            Kind::Word | Kind::Name => Ok(self.next().text.to_owned()),
            _ => self.fail("an attribute or a value is missing"),
        }
    }

    fn index(&mut self) -> Parsed<usize> {
        let index = self.current.text.parse().ok().filter(|_| self.current.kind == Kind::Digits);
        match index {
            Some(index) => {
                self.next();
                Ok(index)
            }
            None => self.fail("an index is missing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Condition;

    #[test]
    fn a_conditions_text_parses_to_the_same_condition() {
        for text in [
            "a = :v",
            "#a.b[3].#c <> :v",
            "a BETWEEN :x AND :y AND b IN (:x, :y, c)",
            "NOT (a = :x OR b = :y) AND attribute_exists(c)",
            "NOT NOT a = :x",
            "(a < :x OR b <= :x) AND (c > :x OR d >= :x)",
            "a = :x AND (b = :y AND c = :z)",
            "size(a.b) = :x AND begins_with(a, :x) AND contains(a, :y) AND attribute_type(a, :z)",
            "attribute_not_exists(a) OR size = :x",
        ] {
            let condition = Condition::parse(text).unwrap();
            assert_eq!(condition.to_string(), text);
            assert_eq!(Condition::parse(&condition.to_string()).unwrap(), condition);
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        let deep = "(".repeat(4000);
        for text in [
            "",
            "a",
            "a =",
            "a = = b",
            "a = :v)",
            "(a = :v",
            "a IN ()",
            "f(a)",
            "a[x] = :v",
            "a = :v \u{e9}",
            &deep,
        ] {
            assert!(Condition::parse(text).is_err(), "{text}");
        }
        assert!(Condition::parse(&"NOT ".repeat(1000)).is_err());
    }
}
