//! What every API has in common: an operation, the five steps of a call, the wire formats.
//!
//! Map: [`json`] (request bodies as a bounded, borrowed tree) · [`fields`] (the reader that collects
//! violations and words them as AWS does) · [`operation`] (what an operation is, how a room lists its own) ·
//! [`pipeline`] (parse -> authorize -> run -> audit -> answer) · [`context`] (who calls, from where) ·
//! [`error`] (an AWS exception) · [`wire`] (the two envelopes in which answers travel).
//!
//! Invariants: every call passes [`pipeline`]; exceptions are rendered in [`wire`] alone; recursion over a
//! request is bounded by [`json::MAX_DEPTH`].

pub mod context;
pub mod error;
pub mod fields;
pub mod json;
pub mod operation;
pub mod pipeline;
pub mod wire;

pub use context::CallContext;
pub use error::ApiError;
pub use fields::{Fields, Violations};
pub use json::Node;
pub use operation::{Operation, OperationKind, Route};
pub use pipeline::Service;
