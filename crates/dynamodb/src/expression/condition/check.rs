//! Operands that can never fit, as far as the values of the request tell.

use std::cmp::Ordering;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::super::error::Problem;
use super::{Comparator, Operand};
use crate::value::{AttributeValue, ValueType};

type Checked = Result<(), Problem>;

/// `left comparator right`: only strings, numbers and bytes have an order.
pub(in super::super) fn comparison(left: &Operand, comparator: Comparator, right: &Operand) -> Checked {
    if !matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
        require(comparator.symbol(), left, is_ordered)?;
        require(comparator.symbol(), right, is_ordered)?;
    }
    distinct(comparator.symbol(), left, std::slice::from_ref(right))
}

/// `value BETWEEN low AND high`
pub(in super::super) fn between(value: &Operand, low: &Operand, high: &Operand) -> Checked {
    for operand in [value, low, high] {
        require("BETWEEN", operand, is_ordered)?;
    }
    if let (Operand::Value(low), Operand::Value(high)) = (low, high) {
        bounds(low, high)?;
    }
    [low, high].into_iter().try_for_each(|bound| distinct("BETWEEN", value, std::slice::from_ref(bound)))
}

fn bounds(low: &AttributeValue, high: &AttributeValue) -> Checked {
    let told = |value| Told(value).to_string();
    match low.order(high) {
        None => Err(Problem::BoundsOfTwoTypes { lower: told(low), upper: told(high) }),
        Some(Ordering::Greater) => Err(Problem::BoundsReversed { lower: told(low), upper: told(high) }),
        Some(_) => Ok(()),
    }
}

/// `begins_with(value, prefix)`
pub(in super::super) fn begins_with(value: &Operand, prefix: &Operand) -> Checked {
    let has_beginning = |value_type| matches!(value_type, ValueType::S | ValueType::B);
    require("begins_with", value, has_beginning)?;
    require("begins_with", prefix, has_beginning)?;
    distinct("begins_with", value, std::slice::from_ref(prefix))
}

/// `contains(value, part)`
pub(in super::super) fn contains(value: &Operand, part: &Operand) -> Checked {
    let has_parts =
        |value_type| !matches!(value_type, ValueType::N | ValueType::Bool | ValueType::Null | ValueType::M);
    require("contains", value, has_parts)?;
    distinct("contains", value, std::slice::from_ref(part))
}

/// `size(operand)`
pub(in super::super) fn size(operand: &Operand) -> Checked {
    require("size", operand, |value_type| {
        !matches!(value_type, ValueType::N | ValueType::Bool | ValueType::Null)
    })
}

/// The type that the second operand of `attribute_type` names.
pub(in super::super) fn type_named(operand: &Operand) -> Result<ValueType, Problem> {
    let refused = |operand| Problem::OperandType { operator: "attribute_type", operand };
    match operand {
        Operand::Value(value) => match &**value {
            AttributeValue::S(name) => {
                ValueType::of_name(name).ok_or_else(|| Problem::UnknownType(name.clone()))
            }
            other => Err(refused(other.value_type().name())),
        },
        Operand::Path(_) | Operand::Size(_) => Err(refused("{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")),
    }
}

/// The first operand is none of the others.
pub(in super::super) fn distinct(operator: &'static str, first: &Operand, others: &[Operand]) -> Checked {
    match first {
        Operand::Path(path) if others.contains(first) => {
            Err(Problem::NotDistinct { operator, path: path.to_string() })
        }
        _ => Ok(()),
    }
}

fn require(operator: &'static str, operand: &Operand, fits: impl Fn(ValueType) -> bool) -> Checked {
    match known_type(operand) {
        Some(value_type) if !fits(value_type) => {
            Err(Problem::OperandType { operator, operand: value_type.name() })
        }
        _ => Ok(()),
    }
}

/// The type of an operand, where the request alone tells it.
fn known_type(operand: &Operand) -> Option<ValueType> {
    match operand {
        Operand::Path(_) => None,
        Operand::Value(value) => Some(value.value_type()),
        Operand::Size(_) => Some(ValueType::N),
    }
}

fn is_ordered(value_type: ValueType) -> bool {
    matches!(value_type, ValueType::S | ValueType::N | ValueType::B)
}

/// A bound as AWS tells it: `{S:text}`.
struct Told<'v>(&'v AttributeValue);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            AttributeValue::S(text) => write!(f, "{{S:{text}}}"),
            AttributeValue::N(number) => write!(f, "{{N:{number}}}"),
            AttributeValue::B(bytes) => write!(f, "{{B:{}}}", BASE64_STANDARD.encode(bytes)),
            other => write!(f, "{{{}}}", other.value_type().name()),
        }
    }
}
