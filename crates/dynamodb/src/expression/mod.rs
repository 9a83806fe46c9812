//! Expressions: text and placeholders in, trees that can be evaluated out.
//!
//! ```ignore
//! let mut placeholders = Placeholders::new(names, values)?;
//! let condition = Condition::parse(ExpressionKind::Condition, text, &mut placeholders)?;
//! let update = Update::parse(text, &mut placeholders)?;
//! placeholders.finish()?;                      // all of them were used
//!
//! if condition.holds(old.as_ref()) {
//!     let new = update.apply(&old_or_key)?;
//! }
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
pub use placeholders::Placeholders;
pub use projection::Projection;
pub use update::{Action, Update, UpdateValue};
