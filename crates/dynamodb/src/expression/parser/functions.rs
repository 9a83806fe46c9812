//! The functions there are.

use super::super::error::{ExpressionKind, Problem};
use super::Rank;

/// A function by name. Names are told apart by case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Contains,
    Size,
    IfNotExists,
    ListAppend,
}

impl Function {
    const ALL: [Self; 8] = [
        Self::AttributeExists,
        Self::AttributeNotExists,
        Self::AttributeType,
        Self::BeginsWith,
        Self::Contains,
        Self::Size,
        Self::IfNotExists,
        Self::ListAppend,
    ];

    /// The function of this name, if an expression of this kind with `count` operands may use it.
    pub(super) fn find(kind: ExpressionKind, name: &str, count: usize) -> Result<Self, (Rank, Problem)> {
        let Some(function) = Self::ALL.into_iter().find(|function| function.name() == name) else {
            return Err((Rank::Form, Problem::UnknownFunction(name.to_owned())));
        };
        let name = function.name();
        if function.is_for_updates() != (kind == ExpressionKind::Update) {
            return Err((Rank::Form, Problem::FunctionNotAllowed { kind, function: name }));
        }
        if function.operands() != count {
            return Err((Rank::Operand, Problem::OperandCount { function: name, count }));
        }
        Ok(function)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::AttributeExists => "attribute_exists",
            Self::AttributeNotExists => "attribute_not_exists",
            Self::AttributeType => "attribute_type",
            Self::BeginsWith => "begins_with",
            Self::Contains => "contains",
            Self::Size => "size",
            Self::IfNotExists => "if_not_exists",
            Self::ListAppend => "list_append",
        }
    }

    const fn is_for_updates(self) -> bool {
        matches!(self, Self::IfNotExists | Self::ListAppend)
    }

    const fn operands(self) -> usize {
        match self {
            Self::AttributeExists | Self::AttributeNotExists | Self::Size => 1,
            _ => 2,
        }
    }
}
