//! Conditions of DynamoDB: key conditions and filters.
//!
//! Map: [`tree`] (what a condition is, and its text) · [`lexer`] and [`parser`] (from text) · [`evaluate`] (whether it holds of an
//! item in clear).
//!
//! Invariants: the length of a text and the depth of a tree are bounded.

pub(crate) mod evaluate;
pub(crate) mod lexer;
pub(crate) mod parser;
pub(crate) mod tree;
