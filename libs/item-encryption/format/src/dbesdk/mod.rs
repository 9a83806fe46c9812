//! The format of the AWS Database Encryption SDK for DynamoDB.
//!
//! Map: [`item`] (an item in, encrypted out) · [`sealed`] (and back) · `field` (signed attributes: order, paths, keys) · [`materials`] (data keys and recipients) · [`context`] (what a data
//! key is bound to) · [`header`] · `footer` · `record` (what is signed) · [`serialize`] (values as bytes).

pub mod context;
mod field;
mod footer;
pub mod header;
pub mod item;
pub mod materials;
mod record;
pub mod sealed;
pub mod serialize;

pub use context::EncryptionContext;
pub use header::{EncryptedDataKey, Header};
pub use item::{encrypt, encryption_context, is_encrypted};
pub use materials::{DataKey, EncryptionMaterials};
pub use sealed::SealedItem;

/// The attribute that holds the header.
pub const HEADER: &str = "aws_dbe_head";
/// The attribute that holds the footer.
pub const FOOTER: &str = "aws_dbe_foot";
/// What the names of the format's own attributes begin with.
pub const RESERVED_PREFIX: &str = "aws_dbe_";
