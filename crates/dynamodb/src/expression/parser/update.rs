//! Updates.
//!
//! ```text
//! update  (SET set, … | REMOVE path, … | ADD path :value, … | DELETE path :value, …)+     each at most once
//! set     path = value
//! value   operand | operand (+ | -) operand | ( value )
//! operand path | :value | if_not_exists ( path, operand ) | list_append ( operand, operand ) | ( operand )
//! ```

use super::super::error::{ExpressionError, ExpressionKind, Problem};
use super::super::lexer::TokenKind;
use super::super::path::{Path, first_clash};
use super::super::placeholders::Placeholders;
use super::super::update::{Action, Update, UpdateValue, check};
use super::functions::Function;
use super::{Parsed, Parser, Rank, parse_all};

impl Update {
    /// Parses an `UpdateExpression`.
    ///
    /// # Errors
    /// In AWS's words and order.
    pub fn parse(text: &str, placeholders: &mut Placeholders) -> Result<Self, ExpressionError> {
        parse_all(ExpressionKind::Update, text, placeholders, Parser::update)
    }
}

/// A value in `SET`, and how it is written.
struct Term {
    value: UpdateValue,
    grouped: bool,
}

impl From<UpdateValue> for Term {
    fn from(value: UpdateValue) -> Self {
        Self { value, grouped: false }
    }
}

impl Parser<'_, '_> {
    fn update(&mut self) -> Parsed<Update> {
        let (mut actions, mut seen) = (Vec::new(), Vec::new());
        loop {
            let section = self.section()?;
            if seen.contains(&section) {
                self.defer(Rank::Form, Problem::SectionTwice(section));
            }
            seen.push(section);
            actions.push(self.action(section)?);
            while self.accept_symbol(",") {
                actions.push(self.action(section)?);
            }
            if self.current.kind == TokenKind::End {
                break;
            }
        }
        let clash = clash(&actions);
        self.check(clash);
        Ok(Update::of_actions(actions))
    }

    fn section(&mut self) -> Parsed<&'static str> {
        let sections = ["SET", "REMOVE", "ADD", "DELETE"];
        let section = sections.into_iter().find(|section| self.accept_keyword(section));
        section.ok_or_else(|| self.syntax_error())
    }

    fn action(&mut self, section: &'static str) -> Parsed<Action> {
        let path = self.path()?;
        match section {
            "SET" => {
                self.expect_symbol("=")?;
                let term = self.set_value()?;
                Ok(Action::Set { path, value: term.value })
            }
            "REMOVE" => Ok(Action::Remove { path }),
            _ => self.change_of_set(section, path),
        }
    }

    fn change_of_set(&mut self, section: &'static str, path: Path) -> Parsed<Action> {
        let value = self.value()?;
        if section == "ADD" {
            self.check(check::add(&value));
            return Ok(Action::Add { path, value });
        }
        self.check(check::delete(&value));
        Ok(Action::Delete { path, value })
    }

    fn set_value(&mut self) -> Parsed<Term> {
        let first = self.update_term()?;
        let is_plus = match self.current.text {
            "+" => true,
            "-" => false,
            _ => return Ok(first),
        };
        let first = self.as_update_operand(first)?;
        self.count_operator()?;
        self.advance();
        let second = self.update_operand()?;
        let operator = if is_plus { "+" } else { "-" };
        self.check(check::arithmetic(operator, &first, &second));
        let (first, second) = (Box::new(first), Box::new(second));
        let value =
            if is_plus { UpdateValue::Plus(first, second) } else { UpdateValue::Minus(first, second) };
        Ok(value.into())
    }

    fn update_operand(&mut self) -> Parsed<UpdateValue> {
        let term = self.update_term()?;
        self.as_update_operand(term)
    }

    fn as_update_operand(&self, term: Term) -> Parsed<UpdateValue> {
        match term.value {
            UpdateValue::Plus(..) | UpdateValue::Minus(..) => Err(self.syntax_error()),
            value => Ok(value),
        }
    }

    fn update_term(&mut self) -> Parsed<Term> {
        match self.current.kind {
            TokenKind::Symbol if self.current.is_symbol("(") => self.nested(Self::update_group),
            TokenKind::Word if self.next_is_symbol("(") && !self.is_keyword() => {
                self.nested(Self::update_call)
            }
            TokenKind::ValuePlaceholder => Ok(UpdateValue::Value(self.value()?).into()),
            _ => Ok(UpdateValue::Path(self.path()?).into()),
        }
    }

    fn update_group(&mut self) -> Parsed<Term> {
        self.expect_symbol("(")?;
        let inner = self.set_value()?;
        self.expect_symbol(")")?;
        if inner.grouped {
            self.defer(Rank::Form, Problem::RedundantParentheses);
        }
        Ok(Term { grouped: true, ..inner })
    }

    fn update_call(&mut self) -> Parsed<Term> {
        self.count_operator()?;
        let name = self.advance().text;
        self.expect_symbol("(")?;
        let mut operands = vec![self.update_operand()?];
        while self.accept_symbol(",") {
            operands.push(self.update_operand()?);
        }
        self.expect_symbol(")")?;
        let called = Function::find(self.kind, name, operands.len())
            .and_then(|function| called(function, operands).map_err(|problem| (Rank::Operand, problem)));
        let value = called.unwrap_or_else(|(rank, problem)| {
            self.defer(rank, problem);
            UpdateValue::Path(Path::default())
        });
        Ok(value.into())
    }
}

fn called(function: Function, operands: Vec<UpdateValue>) -> Result<UpdateValue, Problem> {
    let mut operands = operands.into_iter();
    let mut next = || operands.next().unwrap_or_else(|| UpdateValue::Path(Path::default()));
    let (first, second) = (next(), Box::new(next()));
    if function == Function::ListAppend {
        check::list_append(&first, &second)?;
        return Ok(UpdateValue::ListAppend(Box::new(first), second));
    }
    match first {
        UpdateValue::Path(path) => Ok(UpdateValue::IfNotExists { path, otherwise: second }),
        _ => Err(Problem::PathRequired("if_not_exists")),
    }
}

fn clash(actions: &[Action]) -> Result<(), Problem> {
    let paths: Vec<&Path> = actions.iter().map(Action::path).collect();
    first_clash(&paths).map_or(Ok(()), |clash| Err(clash.problem()))
}
