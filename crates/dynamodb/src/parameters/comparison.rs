//! `ComparisonOperator` and its values, and the operator between several of them.

use std::borrow::Cow;

use service::fields::no_object;
use service::{ApiError, Fields, Node};

use crate::attribute_fields::or_noted;
use crate::class;
use crate::expression::legacy::{AttributeCondition, ConditionalOperator, LegacyOperator};
use crate::value::AttributeValue;
use crate::value::json::{Unchecked, read_value};

/// The operators' names in the order in which AWS's refusals list them.
const OPERATORS: [&str; 13] = [
    "IN",
    "NULL",
    "BETWEEN",
    "LT",
    "NOT_CONTAINS",
    "EQ",
    "GT",
    "NOT_NULL",
    "NE",
    "LE",
    "BEGINS_WITH",
    "GE",
    "CONTAINS",
];

/// An entry of `QueryFilter`, `ScanFilter` or `KeyConditions`, as read.
pub struct ConditionEntry {
    attribute: String,
    operator: Option<LegacyOperator>,
    values: Option<Vec<Unchecked<AttributeValue>>>,
}

impl ConditionEntry {
    /// Reads a whole parameter; `None` where it is absent.
    pub fn read_all(fields: &mut Fields<'_>, name: &str) -> Option<Vec<Self>> {
        let entries = fields.structure_map(name, class::CONDITION).optional()?;
        let read = |(attribute, mut fields): (Cow<'_, str>, Fields<'_>)| Self {
            attribute: attribute.into_owned(),
            values: read_values(&mut fields, "AttributeValueList"),
            operator: LegacyOperator::of_name(
                &fields.string("ComparisonOperator").one_of(&OPERATORS).required(),
            ),
        };
        Some(entries.into_iter().map(read).collect())
    }

    /// What it says.
    ///
    /// # Errors
    /// `ValidationException` for a value that is none.
    pub fn checked(self) -> Result<Option<AttributeCondition>, ApiError> {
        let values = checked_all(self.values.unwrap_or_default())?;
        let attribute = self.attribute;
        Ok(self.operator.map(|operator| AttributeCondition { attribute, operator, values }))
    }
}

/// Reads `ConditionalOperator`.
pub fn read_conditional_operator(fields: &mut Fields<'_>) -> Option<ConditionalOperator> {
    let name = fields.string("ConditionalOperator").one_of(&["OR", "AND"]).optional()?;
    ConditionalOperator::of_name(&name)
}

/// Reads an optional `ComparisonOperator`.
pub fn read_operator(fields: &mut Fields<'_>) -> Option<LegacyOperator> {
    let name = fields.string("ComparisonOperator").one_of(&OPERATORS).optional()?;
    LegacyOperator::of_name(&name)
}

/// Reads a value that may be there.
pub fn read_one(fields: &mut Fields<'_>, name: &str) -> Option<Unchecked<AttributeValue>> {
    let read = match fields.take(name)? {
        node @ (Node::Object(_) | Node::List(_)) => read_value(node),
        scalar => Err(no_object(&scalar, class::ATTRIBUTE_VALUE)),
    };
    or_noted(fields, read)
}

/// Reads a list of values that may be there.
pub fn read_values(fields: &mut Fields<'_>, name: &str) -> Option<Vec<Unchecked<AttributeValue>>> {
    let nodes = fields.list(name).optional()?;
    or_noted(fields, nodes.into_iter().map(read_value).collect())
}

/// The values.
///
/// # Errors
/// `ValidationException` for the first that is none.
pub fn checked_all(values: Vec<Unchecked<AttributeValue>>) -> Result<Vec<AttributeValue>, ApiError> {
    values.into_iter().map(|value| Ok(value.checked()?)).collect()
}
