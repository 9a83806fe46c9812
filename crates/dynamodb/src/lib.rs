//! The DynamoDB API: tables, and the items in them.
//!
//! Map: [`room`] (what operations share) · [`service`] (the list of operations) · [`operations`] (one file
//! each) · [`table`] (what a table is, its key, the gate to its items) · [`value`], [`item_key`], [`item_view`]
//! (attribute values and items, in memory and stored) · [`expression`], [`parameters`] (conditions, updates,
//! projections and the older parameters that say the same) · [`read_path`], [`write_path`] (the only ways to
//! items), [`key_locks`] (one writer at a time) · [`transaction`] (several items, all or none) · parts of requests and answers: [`attribute_fields`], [`batch`],
//! [`page_request`], [`starting_key`], [`return_values`], [`capacity`] · [`error`] (the API's exceptions) ·
//! `worker` (what is done without being asked).
//!
//! Invariants: whoever reads or writes items passes [`DynamoDb::open_table`] first, and whoever writes passes
//! [`write_path`]. A table is usable exactly as long as its KMS key is. Its encryption context is recorded
//! with its wrapped key and never derived again. What does not work yet is refused, never ignored.

pub mod attribute_fields;
pub mod batch;
pub mod capacity;
pub mod class;
pub mod error;
pub mod expression;
pub mod item_key;
pub mod item_view;
pub mod key_locks;
pub mod operations;
pub mod page_request;
pub mod parameters;
pub mod read_path;
pub mod return_values;
pub mod room;
pub mod service;
pub mod starting_key;
pub mod table;
pub mod transaction;
pub mod value;
mod worker;
pub mod write_path;

pub use room::{Config, DynamoDb};
