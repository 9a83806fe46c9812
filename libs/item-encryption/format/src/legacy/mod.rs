//! The format of the DynamoDB Encryption Client (Java 1.x-2.x, Python 1.x-3.x).
//!
//! AES-CBC without authentication of its own, under one signature of the item: nothing is decrypted before
//! that is verified. The signed names and their actions are not stored; reader and writer must agree.
//!
//! Map: [`item`] (an item in and out) · [`description`] (the material description) · [`keys`] (content
//! and wrapping keys) · `aes_wrap` · [`signing`] (signing keys) · [`direct_kms`] (a data key of a KMS for each item) · [`signature`] (what is signed, in both languages' orders) · [`serialize`].

pub(crate) mod aes_wrap;
pub mod description;
pub mod direct_kms;
pub mod item;
pub mod keys;
pub(crate) mod rsa;
pub mod serialize;
pub mod signature;
pub mod signing;

pub use description::Description;
pub use item::{LegacyConfig, LegacyWriting, decrypt, decrypt_with, encrypt, is_encrypted};
pub use keys::{ContentKey, Materials, WrappingKey};
pub use signing::{Digest, SigningKey, VerifyingKey};

/// The attribute that holds the material description.
pub const DESCRIPTION: &str = "*amzn-ddb-map-desc*";
/// The attribute that holds the signature.
pub const SIGNATURE: &str = "*amzn-ddb-map-sig*";
