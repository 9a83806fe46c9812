//! Conditions on an item: the tree that condition, filter and key condition expressions, and the parameters
//! before them, become.
//!
//! Map: here (the tree) · [`check`] (operands that cannot fit) · [`evaluate`] (whether it holds).

pub(super) mod check;
mod evaluate;

use std::sync::Arc;

use super::path::Path;
use crate::value::{AttributeValue, ValueType};

/// A condition. It nests at most as deep as the parser lets it.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All of these hold; none is a condition that always holds.
    And(Vec<Condition>),
    /// One of these holds.
    Or(Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// `left comparator right`
    Compare {
        /// One side.
        left: Operand,
        /// How they must stand to each other.
        comparator: Comparator,
        /// The other side.
        right: Operand,
    },
    /// `value BETWEEN low AND high`
    Between {
        /// What is compared.
        value: Operand,
        /// The least it may be.
        low: Operand,
        /// The most it may be.
        high: Operand,
    },
    /// `value IN (candidates)`
    In {
        /// What is compared.
        value: Operand,
        /// What it may be.
        candidates: Vec<Operand>,
    },
    /// `attribute_exists(path)`
    Exists(Path),
    /// `attribute_not_exists(path)`
    NotExists(Path),
    /// `attribute_type(path, type)`
    HasType {
        /// Where.
        path: Path,
        /// Which type must be there.
        value_type: ValueType,
    },
    /// `begins_with(value, prefix)`, of strings or of bytes.
    BeginsWith {
        /// The whole.
        value: Operand,
        /// Its beginning.
        prefix: Operand,
    },
    /// `contains(value, part)`: a part of a string or of bytes, a member of a set, an element of a list.
    Contains {
        /// The whole.
        value: Operand,
        /// The part.
        part: Operand,
    },
}

/// What a condition compares.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// What lies at a path.
    Path(Path),
    /// A value of the request.
    Value(Arc<AttributeValue>),
    /// How long a string, bytes, a set, list or map is.
    Size(Box<Operand>),
}

/// How two operands are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparator {
    /// The comparator that is written so.
    #[must_use]
    pub fn of_symbol(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "=" => Self::Equal,
            "<>" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// How it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// The comparator that says the same with the operands exchanged.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }
}

impl Condition {
    /// The name of the function that this condition is.
    #[must_use]
    pub const fn function(&self) -> Option<&'static str> {
        match self {
            Self::Exists(_) => Some("attribute_exists"),
            Self::NotExists(_) => Some("attribute_not_exists"),
            Self::HasType { .. } => Some("attribute_type"),
            Self::BeginsWith { .. } => Some("begins_with"),
            Self::Contains { .. } => Some("contains"),
            _ => None,
        }
    }

    /// Calls `visit` with every path in it, in the order of the text.
    pub fn visit_paths<'c>(&'c self, visit: &mut impl FnMut(&'c Path)) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.visit_paths(visit)),
            Self::Not(inner) => inner.visit_paths(visit),
            Self::Exists(path) | Self::NotExists(path) | Self::HasType { path, .. } => visit(path),
            _ => self.operands().for_each(|operand| operand.visit_path(visit)),
        }
    }

    /// The first attribute in it of which `is_key` holds: a filter must not look at the primary key.
    #[must_use]
    pub fn first_key_attribute(&self, is_key: impl Fn(&str) -> bool) -> Option<&str> {
        let mut found = None;
        self.visit_paths(&mut |path| {
            if found.is_none() && is_key(&path.attribute) {
                found = Some(path.attribute.as_str());
            }
        });
        found
    }

    /// The operands of a comparison or function.
    fn operands(&self) -> impl Iterator<Item = &Operand> {
        let (few, many): ([Option<&Operand>; 3], &[Operand]) = match self {
            Self::Compare { left, right, .. } => ([Some(left), Some(right), None], &[]),
            Self::Between { value, low, high } => ([Some(value), Some(low), Some(high)], &[]),
            Self::In { value, candidates } => ([Some(value), None, None], candidates),
            Self::BeginsWith { value, prefix } => ([Some(value), Some(prefix), None], &[]),
            Self::Contains { value, part } => ([Some(value), Some(part), None], &[]),
            _ => ([None; 3], &[]),
        };
        few.into_iter().flatten().chain(many)
    }
}

impl Operand {
    fn visit_path<'c>(&'c self, visit: &mut impl FnMut(&'c Path)) {
        match self {
            Self::Path(path) => visit(path),
            Self::Value(_) => {}
            Self::Size(inner) => inner.visit_path(visit),
        }
    }
}
