//! Transactions: what TransactWriteItems and TransactGetItems say and answer that other operations do not.
//!
//! Map: [`action`] (what is to become of one item) · [`token`] (requests that are done once, however often they are
//! sent) · [`cancellation`] (why nothing was done). What changes items is [`crate::write_path::together`], what reads
//! them is [`crate::read_path`].

pub mod action;
pub mod cancellation;
pub mod token;

/// How many items a transaction may have.
pub const MAX_ITEMS: usize = 100;
/// How many bytes a transaction may write, or read.
pub const MAX_BYTES: usize = 4 << 20;
