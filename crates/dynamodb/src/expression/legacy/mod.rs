//! The parameters that were there before expressions, translated into the same trees.
//!
//! Map: here (what a request says) · [`condition`] (`Expected`, `QueryFilter`, `ScanFilter`, `KeyConditions`) ·
//! [`update`] (`AttributeUpdates`) · [`projection`] (`AttributesToGet`).

mod condition;
mod projection;
mod update;

pub use condition::{expected, filter, key_conditions};
pub use projection::attributes_to_get;
pub use update::attribute_updates;

use super::error::ExpressionError;
use super::path::Path;
use crate::value::AttributeValue;
use crate::value::size::check_name;

/// An entry of `Expected`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExpectedAttribute {
    /// The attribute.
    pub attribute: String,
    /// `Value`
    pub value: Option<AttributeValue>,
    /// `Exists`
    pub exists: Option<bool>,
    /// `ComparisonOperator`
    pub operator: Option<LegacyOperator>,
    /// `AttributeValueList`
    pub values: Option<Vec<AttributeValue>>,
}

/// An entry of `QueryFilter`, `ScanFilter` or `KeyConditions`.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeCondition {
    /// The attribute.
    pub attribute: String,
    /// `ComparisonOperator`
    pub operator: LegacyOperator,
    /// `AttributeValueList`; empty where it is absent.
    pub values: Vec<AttributeValue>,
}

/// An entry of `AttributeUpdates`.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeUpdate {
    /// The attribute.
    pub attribute: String,
    /// `Action`; `PUT` where it is absent.
    pub action: LegacyAction,
    /// `Value`
    pub value: Option<AttributeValue>,
}

/// `Action`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LegacyAction {
    /// `ADD`
    Add,
    /// `PUT`
    #[default]
    Put,
    /// `DELETE`
    Delete,
}

impl LegacyAction {
    /// Their names, in the order in which AWS lists them.
    pub const NAMES: [&str; 3] = ["ADD", "PUT", "DELETE"];

    /// The action of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "ADD" => Self::Add,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            _ => return None,
        })
    }
}

/// `ConditionalOperator`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConditionalOperator {
    /// `AND`: all conditions must hold.
    #[default]
    And,
    /// `OR`: one must.
    Or,
}

impl ConditionalOperator {
    /// Their names.
    pub const NAMES: [&str; 2] = ["AND", "OR"];

    /// The operator of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "AND" => Self::And,
            "OR" => Self::Or,
            _ => return None,
        })
    }
}

/// `ComparisonOperator`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyOperator {
    /// `EQ`
    Equal,
    /// `NE`
    NotEqual,
    /// `IN`
    In,
    /// `LE`
    LessOrEqual,
    /// `LT`
    Less,
    /// `GE`
    GreaterOrEqual,
    /// `GT`
    Greater,
    /// `BETWEEN`
    Between,
    /// `NOT_NULL`: the attribute is there.
    NotNull,
    /// `NULL`: the attribute is not there.
    Null,
    /// `CONTAINS`
    Contains,
    /// `NOT_CONTAINS`
    NotContains,
    /// `BEGINS_WITH`
    BeginsWith,
}

impl LegacyOperator {
    const ALL: [Self; 13] = [
        Self::Equal,
        Self::NotEqual,
        Self::In,
        Self::LessOrEqual,
        Self::Less,
        Self::GreaterOrEqual,
        Self::Greater,
        Self::Between,
        Self::NotNull,
        Self::Null,
        Self::Contains,
        Self::NotContains,
        Self::BeginsWith,
    ];

    /// Their names, in the order in which AWS lists them.
    pub const NAMES: [&str; 13] = [
        "EQ",
        "NE",
        "IN",
        "LE",
        "LT",
        "GE",
        "GT",
        "BETWEEN",
        "NOT_NULL",
        "NULL",
        "CONTAINS",
        "NOT_CONTAINS",
        "BEGINS_WITH",
    ];

    /// The operator of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|known| *known == name)?;
        Some(Self::ALL[at])
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// The path of a whole attribute.
fn attribute_path(name: String) -> Result<Path, ExpressionError> {
    check_name(&name)?;
    Ok(Path::of_attribute(name))
}

fn invalid(told: impl std::fmt::Display) -> ExpressionError {
    ExpressionError::Refused(format!("One or more parameter values were invalid: {told}"))
}

#[cfg(test)]
mod tests {
    use super::LegacyOperator;

    #[test]
    fn operators_and_names_belong_together() {
        for (operator, name) in LegacyOperator::ALL.into_iter().zip(LegacyOperator::NAMES) {
            assert_eq!(operator.name(), name);
            assert_eq!(LegacyOperator::of_name(name), Some(operator));
        }
        assert_eq!(LegacyOperator::BeginsWith.name(), "BEGINS_WITH");
    }
}
