//! The KMS API: keys whose material never leaves, aliases, ciphertext bound to its context; and the root key.
//!
//! Map: [`mod@service`] (the room, its operations) · [`operations`] (one file each) · the nouns: [`key`],
//! [`key_id`] (how keys are named), [`alias`], [`tag`], [`material`], [`blob`] (the ciphertext),
//! [`encryption_context`], [`policy`], [`managed`] (AWS's own keys), [`page`], [`caller`] (who may do what) · [`store`] (records: durable in
//! the engine, whole in memory) · [`transition`] (changes of state, and who hears of them) · `key_service`
//! (the joint to other services) · [`root_key`] (the root key and its seal) · [`worker`] (what becomes due) ·
//! [`error`].
//!
//! Invariants: a change is durable before it is seen and seen before it is answered; a key's change of state
//! is answered after every watcher has acted on it; key material is in clear only in memory, only while its
//! key is enabled; a deleted key's material is shredded; a failed decryption says nothing.

pub mod alias;
pub mod blob;
pub mod caller;
mod data_key;
pub mod encryption_context;
pub mod error;
pub mod key;
pub mod key_id;
mod key_service;
mod lookup;
pub mod managed;
pub mod material;
mod members;
mod message;
mod new_key;
pub mod operations;
pub mod page;
pub mod policy;
pub mod root_key;
pub mod service;
pub mod store;
pub mod tag;
pub mod time;
pub mod transition;
mod wire_blob;
pub mod worker;

pub use self::error::KmsError;
pub use self::key_id::Home;
pub use self::root_key::{RootKey, RootKeyError, RootKeySource, Warning};
pub use self::service::{Kms, service};
pub use self::store::OpenError;
