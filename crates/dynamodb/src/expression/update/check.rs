//! Operands that can never fit, as far as the values of the request tell.

use super::super::error::Problem;
use super::UpdateValue;
use crate::value::{AttributeValue, ValueType};

type Checked = Result<(), Problem>;

/// `one + other`, `one - other`
pub(in super::super) fn arithmetic(
    operator: &'static str,
    one: &UpdateValue,
    other: &UpdateValue,
) -> Checked {
    require(operator, ValueType::N, one)?;
    require(operator, ValueType::N, other)
}

/// `list_append(one, other)`
pub(in super::super) fn list_append(one: &UpdateValue, other: &UpdateValue) -> Checked {
    require("list_append", ValueType::L, one)?;
    require("list_append", ValueType::L, other)
}

/// `ADD path value`
pub(in super::super) fn add(value: &AttributeValue) -> Checked {
    match value.value_type() {
        ValueType::N => Ok(()),
        value_type => require_set("ADD", value_type),
    }
}

/// `DELETE path value`
pub(in super::super) fn delete(value: &AttributeValue) -> Checked {
    require_set("DELETE", value.value_type())
}

fn require(operator: &'static str, wanted: ValueType, operand: &UpdateValue) -> Checked {
    match known_type(operand) {
        Some(value_type) if value_type != wanted => {
            Err(Problem::OperandType { operator, operand: value_type.name() })
        }
        _ => Ok(()),
    }
}

fn known_type(operand: &UpdateValue) -> Option<ValueType> {
    match operand {
        UpdateValue::Value(value) => Some(value.value_type()),
        UpdateValue::Plus(..) | UpdateValue::Minus(..) => Some(ValueType::N),
        UpdateValue::ListAppend(..) => Some(ValueType::L),
        UpdateValue::Path(_) | UpdateValue::IfNotExists { .. } => None,
    }
}

fn require_set(operator: &'static str, value_type: ValueType) -> Checked {
    match value_type {
        ValueType::SS | ValueType::NS | ValueType::BS => Ok(()),
        other => Err(Problem::UpdateOperandType { operator, operand: in_words(other) }),
    }
}

const fn in_words(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::S => "STRING",
        ValueType::N => "NUMBER",
        ValueType::B => "BINARY",
        ValueType::Bool => "BOOLEAN",
        ValueType::Null => "NULL",
        ValueType::M => "MAP",
        ValueType::L => "LIST",
        ValueType::SS => "STRING_SET",
        ValueType::NS => "NUMBER_SET",
        ValueType::BS => "BINARY_SET",
    }
}
