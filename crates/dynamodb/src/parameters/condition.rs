//! The condition of a write: `ConditionExpression`, or `Expected` and `ConditionalOperator`.

use std::borrow::Cow;

use service::{ApiError, Fields};

use super::comparison::{checked_all, read_conditional_operator, read_one, read_operator, read_values};
use crate::class;
use crate::expression::legacy::{self, ConditionalOperator, ExpectedAttribute, LegacyOperator};
use crate::expression::{Condition, ExpressionKind, Placeholders};
use crate::value::AttributeValue;
use crate::value::json::Unchecked;

/// The members, as read.
pub struct ConditionFields<'a> {
    expression: Option<Cow<'a, str>>,
    expected: Option<Vec<ExpectedEntry>>,
    operator: Option<ConditionalOperator>,
}

struct ExpectedEntry {
    attribute: String,
    value: Option<Unchecked<AttributeValue>>,
    exists: Option<bool>,
    operator: Option<LegacyOperator>,
    values: Option<Vec<Unchecked<AttributeValue>>>,
}

impl<'a> ConditionFields<'a> {
    /// Reads them.
    pub fn read(fields: &mut Fields<'a>) -> Self {
        let entries = fields.structure_map("Expected", class::EXPECTED_ATTRIBUTE_VALUE).optional();
        Self {
            expected: entries.map(|entries| entries.into_iter().map(ExpectedEntry::read).collect()),
            operator: read_conditional_operator(fields),
            expression: fields.string("ConditionExpression").optional(),
        }
    }

    /// The expression alone, of requests that have no older parameter.
    #[must_use]
    pub fn of_expression(expression: Option<Cow<'a, str>>) -> Self {
        Self { expression, expected: None, operator: None }
    }

    /// The condition, where there is one.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn parse(self, placeholders: &mut Placeholders) -> Result<Option<Condition>, ApiError> {
        if let Some(text) = self.expression {
            return Ok(Some(Condition::parse(ExpressionKind::Condition, &text, placeholders)?));
        }
        let entries = self.expected.unwrap_or_default().into_iter().map(ExpectedEntry::checked);
        Ok(legacy::expected(entries.collect::<Result<_, _>>()?, self.operator)?)
    }
}

impl ExpectedEntry {
    fn read((attribute, mut fields): (Cow<'_, str>, Fields<'_>)) -> Self {
        Self {
            attribute: attribute.into_owned(),
            value: read_one(&mut fields, "Value"),
            exists: fields.boolean("Exists").optional(),
            operator: read_operator(&mut fields),
            values: read_values(&mut fields, "AttributeValueList"),
        }
    }

    fn checked(self) -> Result<ExpectedAttribute, ApiError> {
        Ok(ExpectedAttribute {
            attribute: self.attribute,
            value: self.value.map(Unchecked::checked).transpose()?,
            exists: self.exists,
            operator: self.operator,
            values: self.values.map(checked_all).transpose()?,
        })
    }
}
