//! What the proofs are built from: the real binary on a free port, a client that can also speak badly.
//!
//! Map: [`server`] (start, stop, kill, start again) · [`http`] (requests as bytes, answers as they come) ·
//! [`caller`] (a client that behaves) ·
//! [`signature`] (SigV4 by AWS's own signer) · [`folder`] (data directories copied, walked) · [`canary`]
//! (words that must not be found) · [`random`] (a seed that a failure tells).
//!
//! The proofs are in `tests/tests/`: `conformance` (every operation, through the AWS SDK for Rust),
//! `item_encryption` (tables whose items a client encrypts), `bad_input`, `at_rest`, `tamper`, `verify`, `crash`,
//! `readme`; and in `tests/python/`: `conformance` (through boto3)
//! and `oracle` (botocore's model). Traffic stays on loopback; every server has a folder of its own, which
//! goes with it.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests look at the real world from outside: files, clocks, processes; a failed unwrap is a failed test"
)]

pub mod caller;
pub mod canary;
pub mod folder;
pub mod http;
pub mod random;
pub mod server;
pub mod signature;
pub mod verify;

pub use http::Answer;
pub use server::{Server, Setup};
