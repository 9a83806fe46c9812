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

#[cfg(test)]
mod tests {
    use super::super::tests::update_told as told;

    #[test]
    fn updates_are_parsed() {
        for text in [
            "SET a = :n",
            "set a=:n,b=:n remove c,d add e :n delete f :ss",
            "REMOVE a.b[1], #dot SET q = a.b[1]",
            "SET a = (b + :n), c = (b) - (:n)",
            "SET a = if_not_exists(b, list_append(c, :list))",
            "SET a = list_append(if_not_exists(b, :list), :list)",
        ] {
            assert_eq!(told(text), format!("{text} is well"));
        }
    }

    #[test]
    fn syntax_errors_are_told_before_anything_else() {
        for (text, token, near) in [
            ("a = :n", "a", "a ="),
            ("SET", "<EOF>", "SET"),
            ("SET a", "<EOF>", "a"),
            ("SET a =", "<EOF>", "="),
            ("SET a = :n,", "<EOF>", ","),
            ("SET a = :n b = :n", "b", ":n b ="),
            ("SET a = :n + :n + :n", "+", ":n + :n"),
            ("SET a = (:n + :n) + :n", "+", ") + :n"),
            ("SET :n = a", ":n", "SET :n ="),
            ("SET a = 5", "5", "= 5"),
            ("SET a = list_append(b + c, d)", "+", "b + c"),
            ("SET set = :n", "set", "SET set ="),
            ("REMOVE a = :n", "=", "a = :n"),
            ("REMOVE a b", "b", "a b"),
            ("ADD a", "<EOF>", "a"),
            ("ADD a b", "b", "a b"),
            ("ADD a = :n", "=", "a = :n"),
            ("DELETE a :ss :ss", ":ss", ":ss :ss"),
            ("SET a-b = :n", "-", "a-b"),
            ("SET a = :n; REMOVE b", ";", ":n; REMOVE"),
        ] {
            assert_eq!(told(text), format!("Syntax error; token: \"{token}\", near: \"{near}\""), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_behind_the_syntax_is_told_in_the_words_of_aws() {
        let operand = "Incorrect operand type for operator or function; operator";
        let overlap =
            "Two document paths overlap with each other; must remove or rewrite one of these paths; ";
        let conflict =
            "Two document paths conflict with each other; must remove or rewrite one of these paths; ";
        for (text, expected) in [
            (
                "SET a = :n SET b = :n",
                "The \"SET\" section can only be used once in an update expression;".to_owned(),
            ),
            ("SET name = :n", "Attribute name is a reserved keyword; reserved keyword: name".into()),
            (
                "REMOVE #q",
                "An expression attribute name used in the document path is not defined; attribute name: #q".into(),
            ),
            (
                "ADD a :q",
                "An expression attribute value used in expression is not defined; attribute value: :q".into(),
            ),
            ("SET a = ((b))", "The expression has redundant parentheses;".into()),
            ("SET a = ((b + :n))", "The expression has redundant parentheses;".into()),
            ("SET a = foo(b)", "Invalid function name; function: foo".into()),
            (
                "SET a = size(b)",
                "The function is not allowed in an update expression; function: size".into(),
            ),
            (
                "SET a = if_not_exists(b)",
                "Incorrect number of operands for operator or function; operator or function: if_not_exists, number \
                 of operands: 1"
                    .into(),
            ),
            (
                "SET a = if_not_exists(:n, b)",
                "Operator or function requires a document path; operator or function: if_not_exists".into(),
            ),
            ("SET a = b + :s", format!("{operand} or function: +, operand type: S")),
            ("SET a = :list - b", format!("{operand} or function: -, operand type: L")),
            ("SET a = list_append(b, c) + :n", format!("{operand} or function: +, operand type: L")),
            ("SET a = list_append(b, :n)", format!("{operand} or function: list_append, operand type: N")),
            ("ADD a :s", format!("{operand}: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND")),
            ("ADD a :list", format!("{operand}: ADD, operand type: LIST, typeSet: ALLOWED_FOR_ADD_OPERAND")),
            ("DELETE a :n", format!("{operand}: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND")),
            ("SET a = :n, a = :n", format!("{overlap}path one: [a], path two: [a]")),
            ("SET b = :n, a.b = :n REMOVE a", format!("{overlap}path one: [a, b], path two: [a]")),
            ("REMOVE a[1] ADD a.b :n", format!("{conflict}path one: [a, [1]], path two: [a, b]")),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
