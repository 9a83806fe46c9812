//! Expressions: text and placeholders in, trees that can be evaluated out.
//!
//! ```
//! use dynamodb::expression::{Condition, ExpressionKind, Placeholders, Update};
//! use dynamodb::value::{AttributeValue, Item};
//!
//! let values = vec![(":one".to_owned(), AttributeValue::N(1_u64.into()))];
//! let mut placeholders = Placeholders::of_checked(None, Some(values))?;
//! let condition = Condition::parse(ExpressionKind::Condition, "visits >= :one", &mut placeholders)?;
//! let update = Update::parse("SET visits = visits + :one", &mut placeholders)?;
//! placeholders.finish()?; // all of them were used
//!
//! let old: Item = [("visits".to_owned(), AttributeValue::N(7_u64.into()))].into_iter().collect();
//! assert!(condition.holds(Some(&old)));
//! assert_eq!(update.apply(&old)?.get("visits"), Some(&AttributeValue::N(8_u64.into())));
//! # Ok::<(), dynamodb::expression::ExpressionError>(())
//! ```
//!
//! Map: [`condition`] · [`key_condition`] · [`update`] · [`projection`] (the trees, and what they do) · [`path`] (where in an
//! item) · [`legacy`] (the parameters that were there before) · [`placeholders`] (what `#name` and `:value` stand for) · [`parser`] and [`lexer`] (from text) ·
//! [`reserved`] (words that are no names) · [`error`] (AWS's words).
//!
//! Invariants: a tree owns what it needs and refers to no text; it nests at most [`parser::MAX_NESTING`] and
//! [`parser::MAX_OPERATORS`] deep, so recursion over it is bounded. Evaluation never fails but in
//! [`update`].

pub mod condition;
pub mod error;
pub mod key_condition;
#[cfg(test)]
mod laws;
pub mod legacy;
mod lexer;
pub mod parser;
pub mod path;
pub mod placeholders;
pub mod projection;
pub mod reserved;
pub mod update;

pub use condition::{Comparator, Condition, Operand};
pub use error::{ExpressionError, ExpressionKind, Problem};
pub use key_condition::{KeyConditions, KeyElement, KeyQuery};
pub use path::{Path, Step};
pub use placeholders::{AttributesWithParts, Placeholders};
pub use projection::Projection;
pub use update::{Action, Update, UpdateValue};
