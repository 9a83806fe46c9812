//! Encrypted tables: items are encrypted before they leave the application, and decrypted when they come back.
//!
//! Map: [`codec`] (items in and out, under a configuration and a keyring) · [`policy`] (which items may be read:
//! current, legacy, plaintext) · [`legacy`] (items of the old format) · [`many`] (many items over the
//! cores) · [`expression`] (which attributes an expression mentions) · [`soundness`] (which expressions mean on the
//! stored item what they mean on the item) · [`search`] (the seam for finding items by encrypted attributes) ·
//! [`searchable`] (beacons behind it) ·
//! [`change`] (an item replaced only where nobody changed it) · [`migration`] (tables encrypted in place, brought over from
//! the legacy format, to new keys, to a new name) · [`sdk`] (the wrapper of `aws-sdk-dynamodb`, behind the feature of
//! its name) · the AWS SDK's KMS as keyrings ask it is `keyrings::sdk`, behind the feature `aws-sdk-kms`.
//!
//! Invariants: an expression is sent only where it is sound, else refused with the reason; a concurrent change is
//! never overwritten; an item is answered whole and verified, or refused; no call blocks a thread.

pub mod change;
pub mod codec;
pub mod expression;
pub mod legacy;
pub mod many;
pub mod migration;
pub mod policy;
#[cfg(feature = "aws-sdk-dynamodb")]
pub mod sdk;
pub mod search;
pub mod searchable;
pub mod soundness;

pub use codec::{Answer, Item, ItemCodec, ItemError, Opened, TableCodec};
pub use legacy::LegacyReader;
pub use many::{decrypt_stream, encrypt_many};
pub use policy::{Form, ReadPolicy};
#[cfg(feature = "aws-sdk-dynamodb")]
pub use sdk::{ClientError, EncryptedClient};
pub use searchable::Searchable;
