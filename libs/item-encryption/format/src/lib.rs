//! Client-side encryption of DynamoDB items, byte-compatible with AWS's two formats.
//!
//! Pure and synchronous: no clock, no network, no runtime. A caller brings items of whatever library
//! ([`AttributeValue`]), says what happens to each attribute ([`TableConfig`], [`legacy::LegacyConfig`]),
//! and moves data keys in and out ([`wrapping`] has the key rings that are pure computation).
//!
//! Map: [`dbesdk`] (the AWS Database Encryption SDK's format, read and written) · [`legacy`] (the DynamoDB
//! Encryption Client's) · [`action`] (what happens to attributes) · [`value`] (attribute values of any
//! library) · [`number`] (their one spelling) · [`wrapping`] (raw AES keys and branch keys) · [`beacon`] (finding encrypted
//! values) · [`schema`] (what a type declares) ·
//! [`fingerprint`] (the same as deployed) · [`error`].
//!
//! Invariants: nothing is decrypted before the whole item's signature is verified; keys are wiped on drop;
//! decoders are bounded and never panic; where the published specification and items written by AWS's
//! clients disagree, the items are right, and a comment says so.

pub mod action;
pub mod beacon;
pub mod dbesdk;
mod ecdsa;
pub mod error;
pub mod fingerprint;
pub mod legacy;
pub mod number;
mod primitive;
pub mod schema;
pub mod value;
pub mod wrapping;
#[cfg(test)]
mod wycheproof;

pub use action::{Action, Suite, TableConfig};
pub use error::Error;
pub use primitive::Secret;
pub use schema::{EncryptedItem, Schema};
pub use value::{AttributeValue, Parts, Value, View};
