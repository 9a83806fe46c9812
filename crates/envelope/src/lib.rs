//! The key hierarchy: KMS key -> table key -> data encryption keys.
//!
//! [`KeyService`] is the joint between whoever keeps tables and whoever keeps KMS keys; neither knows the
//! other. [`table_keys`] keeps the leases of table keys, [`shred`] the epochs that make deletion final.
//!
//! Invariants: the encryption context is recorded with each wrapped key and never derived again; an
//! unwrapped table key lives at most a lease, and not a moment longer than its KMS key is usable.

pub mod base64_bytes;
pub mod key_service;
pub mod shred;
pub mod table_keys;

pub use key_service::{
    EncryptionContext, KeyChange, KeyDescription, KeyManager, KeyService, KeyServiceError, KeyState,
    KeyWatcher, OnBehalfOf, WrappedKey,
};
pub use shred::{Sealing, SecretHolder, ShredError, ShreddableSecret, Shredder};
pub use table_keys::{Lease, LeaseError, TableKeys, UnwrappedKey};
