//! Items and the values in them: the ten types, their rules, their bytes.
//!
//! Map: [`AttributeValue`] (here) · [`map`] (names to values: an item is one) · [`set`] (distinct members, in
//! order) · [`number`] (38-digit decimals) · [`json`] (DynamoDB JSON) · [`size`] (how large a value counts, and the
//! limits) · [`key`] (key values as the engine sees them) · [`codec`] (an item as bytes) · [`error`] (what is wrong with a value, in AWS's words).
//!
//! Invariants: a [`Number`] is canonical, so equality of its parts is equality of numbers; a [`Set`] and a
//! [`Map`] are sorted and hold nothing twice, so equality of values is equality of their parts and one value
//! has one encoding. Nesting is bounded where values come in, so recursion over a value is.

pub mod codec;
pub mod error;
pub mod json;
pub mod key;
pub mod map;
pub mod number;
pub mod set;
pub mod size;

use std::cmp::Ordering;

use bytes::Bytes;

pub use error::ValueError;
pub use map::{Item, Map};
pub use number::Number;
pub use set::Set;

/// The value of an attribute, or of a member of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue {
    /// `S`: a string, possibly empty.
    S(String),
    /// `N`: a number.
    N(Number),
    /// `B`: bytes, possibly none.
    B(Bytes),
    /// `BOOL`
    Bool(bool),
    /// `NULL`
    Null,
    /// `M`: a document of named values.
    M(Map),
    /// `L`: a list of values of any types.
    L(Vec<AttributeValue>),
    /// `SS`: a set of strings.
    SS(Set<String>),
    /// `NS`: a set of numbers.
    NS(Set<Number>),
    /// `BS`: a set of byte strings.
    BS(Set<Bytes>),
}

impl AttributeValue {
    /// Which of the ten types it is of.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::S(_) => ValueType::S,
            Self::N(_) => ValueType::N,
            Self::B(_) => ValueType::B,
            Self::Bool(_) => ValueType::Bool,
            Self::Null => ValueType::Null,
            Self::M(_) => ValueType::M,
            Self::L(_) => ValueType::L,
            Self::SS(_) => ValueType::SS,
            Self::NS(_) => ValueType::NS,
            Self::BS(_) => ValueType::BS,
        }
    }

    /// How it stands to another value of its type; only strings, numbers and bytes have an order.
    #[must_use]
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::S(one), Self::S(other)) => Some(one.cmp(other)),
            (Self::N(one), Self::N(other)) => Some(one.cmp(other)),
            (Self::B(one), Self::B(other)) => Some(one.cmp(other)),
            _ => None,
        }
    }
}

/// One of the ten types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// String
    S,
    /// Number
    N,
    /// Binary
    B,
    /// Boolean
    Bool,
    /// Null
    Null,
    /// Map
    M,
    /// List
    L,
    /// String set
    SS,
    /// Number set
    NS,
    /// Binary set
    BS,
}

impl ValueType {
    const ALL: [Self; 10] =
        [Self::S, Self::N, Self::B, Self::Bool, Self::Null, Self::M, Self::L, Self::SS, Self::NS, Self::BS];

    /// Its name on the wire, such as `BOOL`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
            Self::Bool => "BOOL",
            Self::Null => "NULL",
            Self::M => "M",
            Self::L => "L",
            Self::SS => "SS",
            Self::NS => "NS",
            Self::BS => "BS",
        }
    }

    /// The type of this name on the wire.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value_type| value_type.name() == name)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::number::any_number;
    use super::{AttributeValue, Item, Set};

    /// Any value, up to four lists and maps deep.
    pub(crate) fn any_value() -> impl Strategy<Value = AttributeValue> {
        any_flat_value().prop_recursive(4, 24, 5, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..5).prop_map(AttributeValue::L),
                vec((".{0,4}", inner), 0..5)
                    .prop_map(|entries| AttributeValue::M(entries.into_iter().collect())),
            ]
        })
    }

    fn any_flat_value() -> impl Strategy<Value = AttributeValue> {
        prop_oneof![
            ".{0,8}".prop_map(AttributeValue::S),
            any_number().prop_map(AttributeValue::N),
            any_bytes(0).prop_map(AttributeValue::B),
            any::<bool>().prop_map(AttributeValue::Bool),
            Just(AttributeValue::Null),
            btree_set(".{1,4}", 1..5).prop_map(|set| AttributeValue::SS(sorted(set))),
            btree_set(any_number(), 1..5).prop_map(|set| AttributeValue::NS(sorted(set))),
            btree_set(any_bytes(1), 1..5).prop_map(|set| AttributeValue::BS(sorted(set))),
        ]
    }

    /// Any item of up to six attributes.
    pub(crate) fn any_item() -> impl Strategy<Value = Item> {
        vec((".{1,4}", any_value()), 0..6).prop_map(|entries| entries.into_iter().collect())
    }

    fn any_bytes(least: usize) -> impl Strategy<Value = bytes::Bytes> {
        vec(any::<u8>(), least..8).prop_map(bytes::Bytes::from)
    }

    fn sorted<T: Ord>(members: std::collections::BTreeSet<T>) -> Set<T> {
        Set::from_sorted(members.into_iter().collect()).unwrap()
    }
}
