//! Keyrings: who may open an encrypted item.
//!
//! A [`Keyring`] adds recipients to the data key of an item that is written, and opens the data key of one
//! that is read. Calls are asynchronous, since some keyrings ask a KMS; none blocks a thread.
//!
//! Map: [`raw`] (AES, RSA and branch keys at hand) · [`kms`] (keys that a KMS keeps, through any client) ·
//! [`hierarchy`] (branch keys in a table) · [`ecdh`] (key agreement) · [`multi`] (several keyrings, any one of which opens) ·
//! [`materials`] (data keys, fresh or kept for a while) · [`legacy`] (where the old format's keys come from) ·
//! [`tables`] (what is asked of DynamoDB) · `sdk` (both through the AWS SDK, behind the feature `aws-sdk`) · [`cache`] (what is costly to fetch, kept for a while) · [`clock`] ·
//! [`arn`] and [`version_id`] (names of keys).

pub mod arn;
pub mod cache;
pub mod clock;
pub mod ecdh;
pub mod hierarchy;
pub mod kms;
pub mod legacy;
pub mod materials;
pub mod multi;
pub mod raw;
#[cfg(feature = "aws-sdk")]
pub mod sdk;
pub mod tables;
pub mod version_id;

use std::future::Future;
use std::pin::Pin;

use item_encryption_format::Error as FormatError;
use item_encryption_format::dbesdk::{DataKey, EncryptedDataKey, EncryptionContext, EncryptionMaterials};

pub use arn::KeyArn;
pub use cache::CacheLimits;
pub use ecdh::{EphemeralEcdh, KmsEcdh, RawEcdh};
pub use hierarchy::{HierarchicalKeyring, KeyStore};
pub use kms::{KmsClient, KmsDiscovery, KmsKeyring};
pub use materials::{CachedMaterials, FreshMaterials, MaterialsLimits, MaterialsManager};
pub use multi::MultiKeyring;
pub use tables::TableClient;
pub use version_id::VersionId;

/// What a keyring answers, some time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeyringError>> + Send + 'a>>;

/// Wraps and unwraps the data keys of items.
pub trait Keyring: Send + Sync {
    /// Adds this keyring's recipients to an item's data key.
    fn wrap<'a>(&'a self, materials: &'a mut EncryptionMaterials) -> Answer<'a, ()>;

    /// Opens the data key of one of an item's recipients.
    fn unwrap<'a>(&'a self, sealed: &'a SealedKeys<'a>) -> Answer<'a, DataKey>;
}

/// The wrapped data keys of an item, and what they are bound to.
#[derive(Debug, Clone, Copy)]
pub struct SealedKeys<'a> {
    /// One for each recipient.
    pub encrypted_data_keys: &'a [EncryptedDataKey],
    /// The encryption context.
    pub context: &'a EncryptionContext,
    /// Its bytes.
    pub bound: &'a [u8],
}

/// Why a keyring does not open or wrap a data key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// No recipient of the item is a key of this keyring.
    #[error("no key of the keyring is among the item's recipients: {0}")]
    NotARecipient(String),
    /// Recipients of this keyring did not open.
    #[error("{0}")]
    DoesNotOpen(String),
    /// The keyring cannot write: half of a key pair, or no generator.
    #[error("the keyring cannot wrap: {0}")]
    CannotWrap(String),
    /// The KMS refused or failed, in its own words.
    #[error("the KMS refused {call} for {key}: {reason}")]
    Kms {
        /// Which call.
        call: &'static str,
        /// Which key.
        key: String,
        /// The KMS's error.
        reason: String,
    },
    /// The table of branch keys refused, or holds something else.
    #[error("the key store {table:?}: {reason}")]
    KeyStore {
        /// The table.
        table: String,
        /// Why.
        reason: String,
    },
    /// An item names no branch key.
    #[error("no branch key for the item: {0}")]
    NoBranchKey(String),
    /// The format refused.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl SealedKeys<'_> {
    /// The first data key that `open` opens. Recipients for which it answers `None` are somebody else's; what
    /// failed on the way is told only where none opens.
    pub(crate) fn first_opened(
        &self,
        open: impl Fn(&EncryptedDataKey, usize) -> Option<Result<DataKey, FormatError>>,
    ) -> Result<DataKey, KeyringError> {
        let mut failure = None;
        for (at, encrypted) in self.encrypted_data_keys.iter().enumerate() {
            match open(encrypted, at) {
                Some(Ok(key)) => return Ok(key),
                Some(Err(error)) => failure = Some(KeyringError::DoesNotOpen(error.to_string())),
                None => {}
            }
        }
        Err(self.unopened(failure))
    }

    /// Why none opened: the last failure, else that no recipient is the keyring's. Only then are they put into words.
    pub(crate) fn unopened(&self, failure: Option<KeyringError>) -> KeyringError {
        failure.unwrap_or_else(|| KeyringError::NotARecipient(self.recipients()))
    }

    /// The recipients by kind and name, for messages.
    #[must_use]
    pub fn recipients(&self) -> String {
        let told = |key: &EncryptedDataKey| {
            format!("{} {:?}", key.provider_id, String::from_utf8_lossy(&key.provider_info))
        };
        self.encrypted_data_keys.iter().map(told).collect::<Vec<_>>().join(", ")
    }
}
