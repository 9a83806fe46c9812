//! The joint: what a keeper of tables may ask of a keeper of KMS keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::SecretKey;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// Pairs bound to a wrapped key; exact, case-sensitive, in no order.
pub type EncryptionContext = BTreeMap<String, String>;

/// On whose behalf a service asks: what the audit trail and the key's policy need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnBehalfOf {
    /// The caller's ARN, or `None` where the service acts for itself.
    pub caller_arn: Option<String>,
    /// The service that asks, such as `dynamodb.amazonaws.com`.
    pub service: &'static str,
}

/// Keeps KMS keys: in process (`kms`), or elsewhere.
pub trait KeyService: Send + Sync {
    /// Finds a key by id, ARN, alias name or alias ARN, whatever its state; makes the AWS managed key of a
    /// service (`alias/aws/dynamodb`) on first need.
    fn describe<'a>(
        &'a self,
        who: &'a OnBehalfOf,
        key: &'a str,
    ) -> BoxFuture<'a, Result<KeyDescription, KeyServiceError>>;

    /// The key that a service owns and its users do not see; made on first need.
    fn service_owned_key<'a>(
        &'a self,
        who: &'a OnBehalfOf,
    ) -> BoxFuture<'a, Result<KeyDescription, KeyServiceError>>;

    /// A fresh table key, and the same wrapped under the key at `key_arn` with `context`.
    fn generate<'a>(
        &'a self,
        who: &'a OnBehalfOf,
        key_arn: &'a str,
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<(SecretKey, WrappedKey), KeyServiceError>>;

    /// Unwraps a table key, under the context recorded with it.
    fn unwrap<'a>(
        &'a self,
        who: &'a OnBehalfOf,
        wrapped: &'a WrappedKey,
    ) -> BoxFuture<'a, Result<SecretKey, KeyServiceError>>;

    /// Tells `watcher` of every later change of a key's state, before the call that changes it returns.
    fn watch(&self, watcher: Arc<dyn KeyWatcher>);
}

/// Hears of changes of keys.
pub trait KeyWatcher: Send + Sync {
    /// A key changed; when this returns, nothing that lies under an unusable key can be read any more.
    fn key_changed<'a>(&'a self, change: &'a KeyChange) -> BoxFuture<'a, ()>;
}

/// A change of a key's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// Which key.
    pub key_arn: String,
    /// Its new state.
    pub state: KeyState,
    /// When, in milliseconds since the epoch.
    pub at_ms: u64,
}

/// What a key may be used for just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyState {
    /// For everything.
    Enabled,
    /// For nothing, until it is enabled.
    Disabled,
    /// For nothing; its deletion is scheduled.
    PendingDeletion,
    /// Gone, with its material.
    Deleted,
}

/// Who manages a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyManager {
    /// The customer: a customer managed key.
    Customer,
    /// A service, in the customer's account: an AWS managed key.
    Service,
    /// A service, in its own: an AWS owned key.
    ServiceOwned,
}

/// What a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDescription {
    /// Its ARN.
    pub arn: String,
    /// Its state.
    pub state: KeyState,
    /// Who manages it.
    pub manager: KeyManager,
}

/// A table key under a KMS key, with all that is needed to unwrap it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKey {
    /// The KMS key.
    pub key_arn: String,
    /// Which of its materials.
    pub key_material_id: String,
    /// What it is bound to.
    pub context: EncryptionContext,
    /// The KMS's ciphertext blob.
    #[serde(with = "crate::base64_bytes")]
    pub blob: Vec<u8>,
    /// When it was wrapped, in milliseconds since the epoch.
    pub wrapped_at_ms: u64,
}

/// A refusal of the key service. The message is the KMS's own text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyServiceError {
    /// `DisabledException`.
    #[error("{0}")]
    Disabled(String),
    /// `KMSInvalidStateException`: pending deletion and the like.
    #[error("{0}")]
    InvalidState(String),
    /// `NotFoundException`: no such key, alias, Region.
    #[error("{0}")]
    NotFound(String),
    /// `InvalidArnException`: an ARN that can be no key's.
    #[error("{0}")]
    InvalidArn(String),
    /// `AccessDeniedException`.
    #[error("{0}")]
    AccessDenied(String),
    /// The blob, its context or the key do not belong together.
    #[error("{0}")]
    InvalidCiphertext(String),
    /// The key service itself failed; worth another try.
    #[error("{0}")]
    Unavailable(String),
}

impl KeyServiceError {
    /// The exception name that KMS gives it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Disabled(_) => "DisabledException",
            Self::InvalidState(_) => "KMSInvalidStateException",
            Self::NotFound(_) => "NotFoundException",
            Self::InvalidArn(_) => "InvalidArnException",
            Self::AccessDenied(_) => "AccessDeniedException",
            Self::InvalidCiphertext(_) => "InvalidCiphertextException",
            Self::Unavailable(_) => "KMSInternalException",
        }
    }
}
